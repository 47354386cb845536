// The whole loop beside what one would write by hand, JSON.parse, onnxruntime-node and the stock client of Kafka: JSON of 30 numbers, a logistic regression, JSON out. First from bytes in
// memory to bytes in memory, then from topic to topic of a real broker. CPU time, in turn, medians.
// node bench/loop.ts [ROUNDS, default 3] [BROKERS: a broker that runs; default: one is started, if Java is there]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Consumer, Producer } from '@platformatic/kafka'
import { batchOf, Packer } from '../src/codecs/pack.ts'
import { testContext } from '../src/conformance/index.ts'
import { openCluster } from '../src/connect/kafka/cluster.ts'
import { openKafkaSink } from '../src/connect/kafka/index.ts'
import type { Definition, Predicted } from '../src/index.ts'
import { columns } from '../src/features/index.ts'
import { createArena } from '../src/kernels/arena.ts'
import { writeOnnx } from '../src/models/formats/onnx-write/index.ts'
import { openModel, readModel } from '../src/models/index.ts'
import { totalOf } from '../src/operating/index.ts'
import { runPipeline } from '../src/pipeline/run.ts'
import { object } from '../src/results/index.ts'
import { kernelModule } from '../src/strategies/kernels.ts'
import { fill, makeTopic } from './topics.ts'
import { oneFile } from '../test/golden/golden.ts'
import { startKafka } from '../test/services/kafka.ts'
import { logisticOf } from './models-of.ts'
import { openOrt } from './ort.ts'

const rounds = Number(process.argv[2] ?? 3), RECORDS = 1_000_000, ROWS = 2048, BATCHES = 8, WIDTH = 30, HAND_ROWS = 512
const names = Array.from({ length: WIDTH }, (_, i) => `f${i}`)
const random = (() => { let state = 1; return () => { state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0; return (state >>> 8) / 2 ** 24 } })()
const texts = Array.from({ length: ROWS * BATCHES }, () => `{"id":${Math.floor(random() * 1e7)},"user":"user-${Math.floor(random() * 1e5)}",${names.map(name => `"${name}":${(random() * 8 - 4).toFixed(6)}`).join()}}`)
const bytes = texts.reduce((sum, { length }) => sum + length, 0) / texts.length
const file = new TextEncoder().encode(logisticOf(names, random)), model = await readModel(oneFile('model.json', file)), module = await kernelModule()
const { session, tensor, version } = await openOrt(writeOnnx(model))
const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
const shown = (title: string, ns: number, beside?: number): void => {
  console.log(`${title.padEnd(64)} ${ns.toFixed(0).padStart(6)} ns CPU a record, ${(1e3 / ns).toFixed(2).padStart(5)} M records and ${(bytes * 1e3 / ns).toFixed(0).padStart(5)} MB per CPU second${beside === undefined ? '' : `: ${(beside / ns).toFixed(1)} times as many`}`)
}
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, onnxruntime-node ${version}, load ${loadavg()[0]!.toFixed(1)}; records of ${bytes.toFixed(0)} bytes; medians of ${rounds} rounds in turn`)

/** The scores of some records, by hand. */
async function byHand(values: readonly Uint8Array[], matrix: Float32Array): Promise<Float32Array> {
  let at = 0
  for (const value of values) {
    const record = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as { readonly [name: string]: number }
    for (const name of names) matrix[at++] = record[name]!
  }
  const answer = await session.run({ [session.inputNames[0]!]: tensor(matrix.subarray(0, at), [values.length, WIDTH]) })
  return answer[session.outputNames.find(name => name === 'prediction')!]!.data
}

{
  const arena = createArena(2 ** 26, module), { predictor } = await openModel(model, { name: 'logistic', version: '1' }, module)
  const batches = Array.from({ length: BATCHES }, (_, batch) => {
    const packer = new Packer(ROWS, ROWS * 600, arena)
    for (const text of texts.slice(batch * ROWS, (batch + 1) * ROWS)) {
      packer.row(0)
      const start = packer.length
      packer.text(text)
      packer.setValue(start)
    }
    return batchOf(packer.finish(), { partition: 'p', offsets: new Float64Array(ROWS), from: 0n, next: 1n })
  })
  const extractor = columns(undefined, { arena }).for(predictor.signature), result = object({ prediction: 'prediction' }, { arena, origin: false })
  result.check(predictor.signature)
  const all = Int32Array.from({ length: ROWS }, (_, i) => i), part = new Int32Array(ROWS), { signal } = new AbortController(), values = texts.map(text => Buffer.from(text)), matrix = new Float32Array(HAND_ROWS * WIDTH)
  const sluice = (batch: number): void => {
    const { features } = extractor.extract(batches[batch]!, all), predicted = predictor.predict(features, undefined, signal) as Predicted
    features.release()
    result.write(batches[batch]!, { parts: [predicted], part, at: all }).records.release()
    predicted.outputs.release()
  }
  const hand = async (batch: number): Promise<void> => {
    for (let from = batch * ROWS; from < (batch + 1) * ROWS; from += HAND_ROWS) {
      const scores = await byHand(values.slice(from, from + HAND_ROWS), matrix)
      for (const prediction of scores) Buffer.from(JSON.stringify({ prediction }))
    }
  }
  const cost = async (run: (batch: number) => unknown): Promise<number> => {
    const before = process.cpuUsage()
    for (let records = 0; ;) {
      for (let batch = 0; batch < BATCHES; batch++) await run(batch)
      records += BATCHES * ROWS
      const { user, system } = process.cpuUsage(before)
      if (user + system > 500_000) return (user + system) * 1000 / records
    }
  }
  const costs: [number[], number[]] = [[], []]
  for (let round = -1; round < rounds; round++) for (const [i, run] of [sluice, hand].entries()) { const ns = await cost(run); if (round >= 0) costs[i]!.push(ns) }
  shown('in memory: Sluice', middle(costs[0]), middle(costs[1]))
  shown('in memory: JSON.parse, onnxruntime-node, JSON.stringify', middle(costs[1]))
}

const started = process.argv[3] === undefined ? await startKafka() : undefined
if (typeof started === 'string') { console.log(`no broker: ${started}`); process.exit(0) }
const brokers = process.argv[3] ?? started!.brokers, folder = mkdtempSync(join(tmpdir(), 'sluice-loop-')), word = `loop-${process.pid}`
writeFileSync(join(folder, 'logistic.json'), file)
const cluster = await openCluster({ brokers }, testContext(), 'sink')
const topic = (name: string): Promise<string> => makeTopic(cluster, `${word}-${name}`)
const input = await topic('in')
await fill(await openKafkaSink({ brokers, topic: input }, testContext()), RECORDS, at => ({ key: String(at % 100_000), value: texts[at % texts.length]! }))

type Mark = (done: number) => boolean
/** ns of CPU a record between a quarter of them and the end. */
async function measured(records: number, run: (mark: Mark) => Promise<void>): Promise<number> {
  let first: { readonly done: number; readonly us: number } | undefined, last = { done: 0, us: 0 }
  await run(done => {
    const { user, system } = process.cpuUsage()
    if (done > last.done) last = { done, us: user + system }
    if (first === undefined && done >= records / 4) first = last
    return done >= records
  })
  return (last.us - first!.us) * 1000 / (last.done - first!.done)
}
const sluice = async (round: number): Promise<number> => measured(RECORDS, async mark => {
  const output = await topic(`sluice-${round}`), stop = new AbortController()
  const definition: Definition = { name: output, source: { kafka: { brokers, topics: [input], group: output } }, strategy: { embedded: { model: join(folder, 'logistic.json') } },
    result: { object: { prediction: 'prediction' }, origin: false }, sink: { kafka: { topic: output } }, delivery: { guarantee: 'at-least-once' } }
  let timer: NodeJS.Timeout | undefined
  await runPipeline(definition, { signal: stop.signal, started({ snapshot }) { timer = setInterval(() => { if (mark(totalOf(snapshot(), 'sluice_records_total'))) stop.abort() }, 10) } })
  clearInterval(timer)
})
/** It would take minutes for all of them. */
const HAND_RECORDS = 200_000
const hand = async (round: number): Promise<number> => measured(HAND_RECORDS, async mark => {
  const output = await topic(`hand-${round}`), matrix = new Float32Array(HAND_ROWS * WIDTH)
  const consumer = new Consumer({ clientId: 'hand', groupId: output, bootstrapBrokers: brokers.split(',') }), producer = new Producer({ clientId: 'hand', bootstrapBrokers: brokers.split(',') })
  const stream = await consumer.consume({ topics: [input], mode: 'earliest', autocommit: 1000, maxBytes: 4 * 2 ** 20, maxWaitTime: 100 })
  let waiting: { readonly key: Buffer; readonly value: Buffer }[] = [], done = 0
  for await (const { key, value } of stream) {
    waiting.push({ key, value })
    if (waiting.length < HAND_ROWS) continue
    const scores = await byHand(waiting.map(message => message.value), matrix)
    await producer.send({ messages: waiting.map((message, i) => ({ topic: output, key: message.key, value: Buffer.from(JSON.stringify({ prediction: scores[i] })) })), acks: 1 })
    waiting = []
    if (mark(done += HAND_ROWS)) break
  }
  await stream.close()
  await consumer.close(true)
  await producer.close()
})
const costs: [number[], number[]] = [[], []]
for (let round = 0; round < rounds; round++) { costs[0].push(await sluice(round)); costs[1].push(await hand(round)) }
shown('topic to topic: Sluice, one executor', middle(costs[0]), middle(costs[1]))
shown('topic to topic: stock client, JSON.parse, onnxruntime-node', middle(costs[1]))
await cluster.close()
rmSync(folder, { recursive: true })
process.exit(0)
