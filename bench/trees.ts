// Trees beside ONNX Runtime, one row and 256 rows a call, one thread each: the three ensembles of bench/trees/make-models.py, 4,096 different rows in turn, CPU time, medians of rounds
// that take turns, and whether the answers are the bits of the library that trained them.
// node bench/trees.ts MODELS_DIR
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Model, Predictor } from '../src/core/index.ts'
import { openModel, readModel } from '../src/models/index.ts'
import { forest } from '../src/models/trees.ts'
import type { TreeEnsemble, TreeSource } from '../src/models/trees.ts'
import { kernelModule } from '../src/strategies/kernels.ts'
import { oneFile } from '../test/golden/golden.ts'
import { openOrt } from './ort.ts'

const { signal } = new AbortController()
const ROUNDS = 5, WINDOW_US = 400_000, ROWS = 4096
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node bench/trees.ts MODELS_DIR')
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))

interface Arrays { readonly feature: readonly number[]; readonly threshold: readonly number[]; readonly left: readonly number[]; readonly right: readonly number[]; readonly value: readonly number[] }
/** A forest of scikit-learn: float32 inputs, thresholds and leaves of float64, the mean of its trees. */
function forestOf(trees: readonly Arrays[], width: number): TreeEnsemble {
  const grown = forest('rf.json', width, 1)
  for (const [i, { feature, threshold, left, right, value }] of trees.entries()) {
    const ref = (node: number): number => left[node]! < 0 ? ~node : node
    const tree: TreeSource = {
      name: `tree ${i}`, nodes: feature.length, leaves: feature.length, root: ref(0), leaf: node => ({ values: [value[node]!] }),
      node: node => ({ feature: feature[node]!, threshold: threshold[node]!, flags: 0, left: ref(left[node]!), right: ref(right[node]!) }),
    }
    grown.grow(tree)
  }
  const { arrays, bytes } = grown.done()
  return {
    ...arrays, bytes, kind: 'trees', format: 'scikit-learn', facts: {}, raw: {}, width, groups: 1, inputs: 'float32', sums: 'float64', start: Float64Array.of(0), zero: 0, divisor: trees.length,
    group: new Int32Array(trees.length), scale: undefined, objective: { name: 'mean', link: 'identity', slope: 1, classes: 0, probabilities: undefined },
    signature: { inputs: [{ name: 'features', dtype: 'float32', shape: [-1, width] }], outputs: [{ name: 'prediction', dtype: 'float64', shape: [-1] }] },
  }
}

/** Rows per CPU second. */
async function rate(rows: number, run: (from: number) => unknown): Promise<number> {
  let scored = 0, at = 0
  const before = process.cpuUsage()
  for (;;) {
    for (let call = 0; call < 32; call++) {
      const answer = run(at)
      if (answer instanceof Promise) await answer
      at = (at + rows) % ROWS
    }
    scored += 32 * rows
    const { user, system } = process.cpuUsage(before)
    if (user + system >= WINDOW_US) return scored / (user + system) * 1e6
  }
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const shown = (value: number): string => Math.round(value).toLocaleString('en').padStart(10)

console.log(`${cpus()[0]?.model}, Node ${process.version}`)
const models: readonly [string, number, (name: string) => Promise<Model>, string][] = [
  ['rf', 30, async () => forestOf(JSON.parse(new TextDecoder().decode(file('rf.json'))) as Arrays[], 30), 'prediction'],
  ['xgb', 50, async () => readModel(oneFile('model.json', file('xgb.model.json'))), 'margin'],
  ['lgb', 50, async () => readModel(oneFile('model.txt', file('lgb.model.txt'))), 'margin'],
]
for (const [name, width, read, output] of models) {
  const model = await read(name), { predictor, how } = await openModel(model, { name, version: '1' }, await kernelModule())
  const bytes = file(`${name}.rows`), rows32 = new Float32Array(bytes.buffer, bytes.byteOffset, ROWS * width), expected = file(`${name}.answers`)
  const answers = new Float64Array(expected.buffer, expected.byteOffset, ROWS), { dtype } = model.signature.inputs[0]!
  const inputs = dtype === 'float32' ? rows32 : Float64Array.from(rows32)
  const score = (from: number, rows: number): ReturnType<Predictor['predict']> =>
    predictor.predict({ rows, tensors: new Map([['features', { dtype, shape: [rows, width], data: inputs.subarray(from * width, (from + rows) * width) as Float32Array }]]), release() {} }, undefined, signal)
  let differ = 0
  const scored = await score(0, ROWS), { data } = scored.outputs.tensors.get(output)!
  for (let row = 0; row < ROWS; row++) if ((data as Float64Array)[row] !== answers[row]) differ++
  console.log(`${name}: ${how}; ${differ} of ${ROWS} answers differ from the library's in any bit`)

  const { session, tensor } = await openOrt(file(`${name}.onnx`))
  for (const batch of [1, 256]) {
    const ours: number[] = [], theirs: number[] = []
    const feed = (from: number): unknown => session.run({ [session.inputNames[0]!]: tensor(rows32.subarray(from * width, (from + batch) * width), [batch, width]) })
    await rate(batch, from => score(from, batch))
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await rate(batch, from => score(from, batch)))
      theirs.push(await rate(batch, feed))
    }
    console.log(`  ${String(batch).padStart(4)} rows a call: ${shown(median(ours))} rows per CPU second; ONNX Runtime ${shown(median(theirs))}: ${(median(ours) / median(theirs)).toFixed(1)} times as many`)
  }
}
