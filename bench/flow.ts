// CPU of the loop itself: batches of 500 records, features by a copy, a predictor that does nothing, results by a copy, a sink that only counts.
//   node --expose-gc bench/flow.ts [ROWS_PER_BATCH] [sync|async] [at-least-once|exactly-once] [RECORDS]
import { cpus } from 'node:os'
import type { Delivery, Extracted, Predicted, Predictor, RecordBatch, Records, Rejection, Signature, Sink, Source, TensorBatch } from '../src/core/index.ts'
import { flowDefaults, run, systemClock } from '../src/flow/index.ts'

const rows = Number(process.argv[2] ?? 500), kind = process.argv[3] ?? 'sync', guarantee = process.argv[4] ?? 'at-least-once'
const total = Number(process.argv[5] ?? 20_000_000), valueBytes = 100, keyBytes = 8, runs = 7
const NONE: readonly Rejection[] = []
const slices = (width: number, from: number) =>
  ({ start: Int32Array.from({ length: rows }, (_, i) => from + i * width), end: Int32Array.from({ length: rows }, (_, i) => from + (i + 1) * width) })
const bytes = new Uint8Array(rows * (keyBytes + valueBytes)), keys = slices(keyBytes, 0), values = slices(valueBytes, rows * keyBytes)
const timesMs = new Float64Array(rows), offsets = Float64Array.from({ length: rows }, (_, i) => i)
const release = () => {}

function source(records: number): Source {
  return {
    name: 'constant', batchBytesMax: bytes.byteLength,
    async *read(owner) {
      owner.assigned([{ partition: 'p0', offset: 0n }, { partition: 'p1', offset: 0n }])
      const at = [0n, 0n]
      for (let i = 0, left = records; left > 0; left -= rows, i ^= 1) {
        const from = at[i]!, next = at[i] = from + BigInt(rows)
        yield { rows, bytes, keys, values, timesMs, offsets, partition: i === 0 ? 'p0' : 'p1', from, next, release } satisfies RecordBatch
      }
    },
    commit: async () => {}, close: async () => {},
  }
}
let written = 0
function sink(): Sink {
  const write = async (records: Records) => { written += records.rows; return NONE }
  const unit: Delivery = { guarantee: 'exactly-once', write: (_, records) => write(records), commit: async () => {}, abort: async () => {}, close: async () => {} }
  return { name: 'null', write, close: async () => {}, ...(guarantee === 'exactly-once' ? { delivery: async () => unit } : {}) }
}
const signature: Signature = { inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 4], columns: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }] }],
  outputs: [{ name: 'score', dtype: 'float64', shape: [-1] }] }
const matrix = new Float32Array(rows * 4), copy = new Float32Array(rows * 4), scores = new Float64Array(rows)
const features: TensorBatch = { rows, tensors: new Map([['x', { dtype: 'float32', shape: [rows, 4], data: copy }]]), release }
const predicted: Predicted = { outputs: { rows, tensors: new Map([['score', { dtype: 'float64', shape: [rows], data: scores }]]), release },
  models: [{ name: 'm', version: '1' }], rejected: NONE }
const predictor: Predictor = { signature, predict: () => kind === 'sync' ? predicted : Promise.resolve(predicted), close: async () => {} }
const serving = { router: { version: 1, routes: [{ answer: { name: 'm', version: '1' }, shadows: [] }], assign() {} }, predictors: [predictor], release }
const out = new Uint8Array(bytes.length)

async function once(records: number): Promise<number> {
  written = 0
  const before = process.cpuUsage()
  await run({
    source: source(records), clock: systemClock, sink: sink(), reject: sink(), log: { write() {} }, metrics: { count() {}, gauge() {}, observe() {} },
    features: { for: () => ({ extract: (_: RecordBatch, wanted: Int32Array): Extracted => { copy.set(matrix); return { features, rows: wanted, rejected: NONE } } }) },
    control: { take: () => serving, close: async () => {} },
    result: { check() {}, write: (batch, { part }) => { out.set(batch.bytes); return { records: { rows: part.length, bytes: out, keys, values, timesMs, release }, rows: part, rejected: NONE } } },
    rejects: { write() { throw new Error('none expected') } },
    options: { ...flowDefaults, bytesMax: 16e6, commitBytes: 64e6 },
  }, new AbortController().signal)
  const used = process.cpuUsage(before)
  if (written !== Math.ceil(records / rows) * rows) throw new Error(`${written} written of ${records}`)
  return (used.user + used.system) * 1000 / written
}
await once(total / 10)
const times: number[] = []
for (let i = 0; i < runs; i++) { globalThis.gc?.(); times.push(await once(total)) }
times.sort((a, b) => a - b)
const median = times[runs >> 1]!
console.log(`${rows} rows, ${kind}, ${guarantee}: median ${median.toFixed(1)} ns of CPU a record (${times[0]!.toFixed(1)} to ${times.at(-1)!.toFixed(1)}), ${(median * rows / 1000).toFixed(1)} us a batch`)
console.log(`  user and system CPU of the process, garbage collection included; ${runs} runs of ${total} records; Node ${process.version}, ${cpus().length} x ${cpus()[0]!.model}`)
