/** What the loop from topic to topic costs, at least once and exactly once: user and system CPU of this process per record, commits every 100 ms. Source, features
    and a result by a copy, sink; nothing is predicted.
    node bench/kafka-loop.ts BROKERS [RECORDS] [RUNS] [VALUE_BYTES] [COMPRESSION] */
import { cpus } from 'node:os'
import { testContext } from '../src/conformance/index.ts'
import { openCluster } from '../src/connect/kafka/cluster.ts'
import { openKafkaSink, openKafkaSource } from '../src/connect/kafka/index.ts'
import type { KafkaSinkOptions } from '../src/connect/kafka/index.ts'
import type { Extracted, Guarantee, Predicted, RecordBatch, Rejection, Signature, TensorBatch } from '../src/core/index.ts'
import { flowDefaults, run } from '../src/flow/index.ts'
import { createArena } from '../src/kernels/arena.ts'
import { kernelModule } from '../src/strategies/kernels.ts'
import { fill, makeTopic, PARTITIONS } from './topics.ts'

const brokers = process.argv[2] ?? '127.0.0.1:9092', records = Number(process.argv[3] ?? 1_000_000), runs = Number(process.argv[4] ?? 5)
const valueBytes = Number(process.argv[5] ?? 200), compression = (process.argv[6] ?? 'none') as NonNullable<KafkaSinkOptions['compression']>
const NONE: readonly Rejection[] = [], name = `bench-${process.pid}`
const warnings: string[] = []
const kernels = await kernelModule()
const context = () => testContext({ arena: createArena(192 * 1024 * 1024, kernels), log: { write(level: string, text: string) { if (level === 'warn') warnings.push(text) } } })

const cluster = await openCluster({ brokers }, context(), 'sink')
const topic = (word: string): Promise<string> => makeTopic(cluster, `${name}-${word}`)

const input = await topic('in')
await fill(await openKafkaSink({ brokers, topic: input }, context()), records, at => ({ key: `k${at % 10_000}`, value: `{"ride":${at},"text":"`.padEnd(valueBytes - 2, 'x') + '"}' }))

const signature: Signature = { inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 1] }], outputs: [{ name: 'y', dtype: 'float32', shape: [-1] }] }
const release = () => {}
const tensors = (rows: number): TensorBatch => ({ rows, tensors: new Map([['x', { dtype: 'float32', shape: [rows, 1], data: new Float32Array(rows) }]]), release })
const serving = {
  router: { version: 1, routes: [{ answer: { name: 'm', version: '1' }, shadows: [] }], assign() {} }, release,
  predictors: [{ signature, predict: ({ rows }: TensorBatch): Predicted => ({ outputs: tensors(rows), models: [{ name: 'm', version: '1' }], rejected: NONE }), close: async () => {} }],
}

async function once(guarantee: Guarantee, round: number): Promise<number> {
  const parts = context(), output = await topic(`${guarantee}-${round}`)
  const source = await openKafkaSource({ brokers, topics: [input], group: output }, parts)
  const sink = await openKafkaSink({ brokers, topic: output, compression }, parts)
  const before = process.cpuUsage()
  const { guarantee: given, records: done, aborts } = await run({
    source, sink, guarantee, clock: parts.clock, log: parts.log, metrics: parts.metrics,
    features: { for: () => ({ extract: (_: RecordBatch, rows: Int32Array): Extracted => ({ features: tensors(rows.length), rows, rejected: NONE }) }) },
    control: { take: () => serving, close: async () => {} },
    result: {
      check() {},
      write(batch, { part }) {
        const region = parts.arena.reserve(batch.bytes.length), bytes = region?.bytes ?? new Uint8Array(batch.bytes.length)
        bytes.set(batch.bytes)
        return { rows: part, rejected: NONE, records: { ...batch, bytes, release: () => region?.release() } }
      },
    },
    rejects: { write() { throw new Error('none expected') } },
    options: { ...flowDefaults, recordsMax: records },
  }, new AbortController().signal)
  const { user, system } = process.cpuUsage(before)
  await sink.close()
  await source.close()
  if (given !== guarantee || done !== records || aborts > 0) throw new Error(`${done} of ${records} records, ${given}, ${aborts} aborts\n${warnings.join('\n')}`)
  return (user + system) * 1000 / records
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
const costs: { readonly [guarantee in Guarantee]: number[] } = { 'at-least-once': [], 'exactly-once': [] }
for (let round = 0; round <= runs; round++) {
  for (const guarantee of round % 2 === 0 ? ['at-least-once', 'exactly-once'] as const : ['exactly-once', 'at-least-once'] as const) {
    const cost = await once(guarantee, round)
    if (round > 0) costs[guarantee].push(cost)                 // the first is a warm-up
  }
}
await cluster.close()
console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores; ${records} records of ${valueBytes} bytes, ${compression}, ${PARTITIONS} partitions; median of ${runs} runs in turn after a warm-up`)
for (const [guarantee, values] of Object.entries(costs)) console.log(`${guarantee.padEnd(14)} ${middle(values).toFixed(0).padStart(6)} ns CPU a record (${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)})`)
console.log(`exactly once / at least once: ${(middle(costs['exactly-once']) / middle(costs['at-least-once'])).toFixed(3)}`)
