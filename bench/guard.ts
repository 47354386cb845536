// Are the kernels still quicker than JavaScript, by about as much as they were? Ratios of CPU time, in turn, the best of some rounds: a busy machine slows both. Runs in CI.
// node bench/guard.ts
import { Packer, batchOf } from '../src/codecs/pack.ts'
import type { Records, Signature } from '../src/core/index.ts'
import { BatchWriter, stageOf } from '../src/connect/kafka/wire/index.ts'
import { columns } from '../src/features/index.ts'
import { createArena } from '../src/kernels/arena.ts'
import { kernelsOf } from '../src/kernels/host.ts'
import { openModel, readModel } from '../src/models/index.ts'
import { kernelModule } from '../src/strategies/kernels.ts'
import { oneFile } from '../test/golden/golden.ts'
import { forestOf } from './models-of.ts'

const ROWS = 512, ROUNDS = 5, WINDOW_US = 150_000
const module = await kernelModule(), arena = createArena(2 ** 26, module), kernels = kernelsOf(arena)
if (kernels === undefined) throw new Error('this engine runs no kernels')
const names = Array.from({ length: 30 }, (_, i) => `f${i}`)
const texts = Array.from({ length: ROWS }, (_, row) => JSON.stringify(Object.fromEntries(names.map((name, i) => [name, ((row * 7919 + i * 104729) % 1_000_003) / 1000]))))
function recordsOf(values: readonly string[]): Records {
  const packer = new Packer(ROWS, 1 << 18, arena)
  for (const [row, text] of values.entries()) {
    packer.row(1.75e12 + row)
    let start = packer.length
    packer.text(`key-${row}`)
    packer.setKey(start)
    start = packer.length
    packer.text(text)
    packer.setValue(start)
  }
  return packer.finish()
}
const batch = batchOf(recordsOf(texts), { partition: 'p', offsets: new Float64Array(ROWS), from: 0n, next: 1n }), results = recordsOf(texts.map((_, row) => `{"prediction":${row / 1000}}`))
const all = Int32Array.from({ length: ROWS }, (_, i) => i)
const signature: Signature = { inputs: [{ name: 'features', dtype: 'float32', shape: [-1, names.length], columns: names.map(name => ({ name })) }], outputs: [] }
const extractor = columns(undefined, { arena }).for(signature), matrix = new Float32Array(ROWS * names.length)
const stage = stageOf(kernels)!, stamp = { producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: false }
const quick = new BatchWriter('none', 1 << 18, kernels), plain = new BatchWriter('none', 1 << 18)

interface Pair { readonly title: string; readonly atLeast: number; kernel(): unknown; javascript(): unknown }
/** From 0 to 1. */
const random = (state: number) => (): number => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32
const trees = await readModel(oneFile('model.json', new TextEncoder().encode(forestOf(names, 100, 8, random(1)))))
const [byKernels, byNodes] = [await openModel(trees, { name: 'forest', version: '1' }, module), await openModel(trees, { name: 'forest', version: '1' })]
const next = random(2)
for (let i = 0; i < matrix.length; i++) matrix[i] = next()
const features = { rows: ROWS, tensors: new Map([['features', { dtype: 'float32', shape: [ROWS, names.length], data: matrix } as const]]), release() {} }
const { signal } = new AbortController()

const PAIRS: readonly Pair[] = [
  { title: 'JSON of 30 numbers into the matrix, beside JSON.parse', atLeast: 4,
    kernel: () => extractor.extract(batch, all).features.release(),
    javascript() {
      for (let row = 0, at = 0; row < ROWS; row++) {
        const value = JSON.parse(texts[row]!) as { readonly [name: string]: number }
        for (const name of names) matrix[at++] = value[name]!
      }
    } },
  { title: 'a forest of 100 trees of depth 8, beside the plain evaluator', atLeast: 3,
    kernel: () => byKernels.predictor.predict(features, undefined, signal), javascript: () => byNodes.predictor.predict(features, undefined, signal) },
  { title: 'a record batch of results with its checksum, beside the writer in JavaScript', atLeast: 1,
    kernel() {
      const count = stage.load(results, 0, 4, Infinity)
      quick.appendStaged(stage, results, 0, 0, count, stage.bytes)
      quick.finish(stamp)
      quick.reset()
    },
    javascript() {
      plain.appendRange(results, 0, ROWS)
      plain.finish(stamp)
      plain.reset()
    } },
]

/** ns a record. */
function cost(run: () => unknown): number {
  let times = 0
  const before = process.threadCpuUsage()
  for (;;) {
    run()
    times++
    const { user, system } = process.threadCpuUsage(before)
    if (user + system >= WINDOW_US) return (user + system) * 1000 / times / ROWS
  }
}

let failed = false
for (const { title, atLeast, kernel, javascript } of PAIRS) {
  cost(kernel)
  cost(javascript)
  const ratios: number[] = []
  let shown = ''
  for (let round = 0; round < ROUNDS; round++) {
    const quickly = cost(kernel), slowly = cost(javascript)
    ratios.push(slowly / quickly)
    shown = `${quickly.toFixed(0)} ns, ${slowly.toFixed(0)} ns`
  }
  const best = Math.max(...ratios)
  failed ||= best < atLeast
  console.log(`${best < atLeast ? 'SLOWER' : 'ok'}  ${title}: ${best.toFixed(1)} times as quick (${shown}); at least ${atLeast}`)
}
process.exitCode = failed ? 1 : 0