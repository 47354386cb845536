/** The whole of it, from topic to topic: JSON of 30 numbers, a logistic regression or 100 trees of depth 8, JSON out. User and system CPU of this process per record,
    start and warm-up left out: at least once, exactly once, and by two executors, in turn.
    node bench/kafka-pipeline.ts BROKERS [RECORDS] [RUNS] [MODEL...]      a broker for a trial: node -e "..." or services/kafka start */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { testContext } from '../src/conformance/index.ts'
import { openCluster } from '../src/connect/kafka/cluster.ts'
import { openKafkaSink } from '../src/connect/kafka/index.ts'
import type { Definition } from '../src/index.ts'
import { totalOf } from '../src/operating/index.ts'
import { runPipeline } from '../src/pipeline/run.ts'
import { forestOf, logisticOf } from './models-of.ts'
import { fill, makeTopic, PARTITIONS } from './topics.ts'

const brokers = process.argv[2] ?? '127.0.0.1:9092', records = Number(process.argv[3] ?? 2_000_000), runs = Number(process.argv[4] ?? 3)
const WIDTH = 30, FIELDS = Array.from({ length: WIDTH }, (_, i) => `f${i}`)
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-')), name = `bench-${process.pid}`
const random = (() => { let state = 1; return () => { state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0; return (state >>> 8) / 2 ** 24 } })()
const models = new Map([['logistic', logisticOf(FIELDS, random)], ['forest', forestOf(FIELDS, 100, 8, random)]])
for (const [model, file] of models) writeFileSync(join(folder, `${model}.json`), file)

const cluster = await openCluster({ brokers }, testContext(), 'sink')
const topic = (word: string): Promise<string> => makeTopic(cluster, `${name}-${word}`)
const input = await topic('in')
const texts = Array.from({ length: 4096 }, () => `{${FIELDS.map(field => `"${field}":${(random() * 10 ** Math.floor(random() * 5 - 2)).toPrecision(6)}`).join(',')}}`)
const bytes = await fill(await openKafkaSink({ brokers, topic: input }, testContext()), records, at => ({ key: String(at % 100_000), value: texts[at % texts.length]! }))

/** ns of CPU a record, between a quarter of the records and the end; records a second of wall time. */
async function once(model: string, guarantee: 'exactly-once' | 'at-least-once', executors: number, round: number): Promise<{ readonly cpu: number; readonly wall: number }> {
  const output = await topic(`${model}-${guarantee}-${executors}-${round}`), stop = new AbortController()
  const definition: Definition = {
    name: output, source: { kafka: { brokers, topics: [input], group: output } }, strategy: { embedded: { model: join(folder, `${model}.json`) } },
    result: { object: { prediction: 'prediction' }, origin: false }, sink: { kafka: { topic: output } }, delivery: { guarantee },
  }
  const seen: { readonly records: number; readonly cpuUs: number; readonly ms: number }[] = []
  let timer: NodeJS.Timeout | undefined
  await runPipeline(definition, { executors, signal: stop.signal, started({ snapshot }) {
    timer = setInterval(() => {
      const done = totalOf(snapshot(), 'sluice_records_total'), { user, system } = process.cpuUsage()
      if (done > (seen.at(-1)?.records ?? 0)) seen.push({ records: done, cpuUs: user + system, ms: performance.now() })
      if (done >= records) stop.abort()
    }, 10)
  } })
  clearInterval(timer)
  const first = seen.find(moment => moment.records >= records / 4)!, last = seen.at(-1)!, between = last.records - first.records
  return { cpu: (last.cpuUs - first.cpuUs) * 1000 / between, wall: between / (last.ms - first.ms) * 1000 }
}

console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores; ${records} records of ${Math.round(bytes / records)} bytes with their keys, ${PARTITIONS} partitions; medians of ${runs} runs in turn`)
const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
const cases = [['at-least-once', 1], ['exactly-once', 1], ['at-least-once', 2]] as const
for (const model of process.argv.length > 5 ? process.argv.slice(5) : models.keys()) {
  const costs = cases.map((): { readonly cpu: number; readonly wall: number }[] => [])
  for (let round = 0; round < runs; round++) for (const [i, [guarantee, executors]] of cases.entries()) costs[i]!.push(await once(model, guarantee, executors, round))
  const base = middle(costs[0]!.map(({ cpu }) => cpu))
  for (const [i, [guarantee, executors]] of cases.entries()) {
    const all = costs[i]!.map(({ cpu }) => cpu), cpu = middle(all)
    console.log(`${model.padEnd(9)} ${guarantee.padEnd(13)} ${executors} executor${executors === 1 ? ' ' : 's'} ${cpu.toFixed(0).padStart(6)} ns CPU a record (${Math.min(...all).toFixed(0)}-${Math.max(...all).toFixed(0)}), ${(1e3 / cpu).toFixed(2)} M records per CPU second, ${(middle(costs[i]!.map(({ wall }) => wall)) / 1e6).toFixed(2)} M/s of wall time, ${(cpu / base).toFixed(2)} of the first`)
  }
}
await cluster.close()
rmSync(folder, { recursive: true })
