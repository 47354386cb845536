// A run through Avro, exactly once, from topic to topic, with the registry killed in the middle: every record must come out once.
// Ten versions of the schema follow one another, so that the pipeline meets new ones while the registry is away.
// Usage: SLUICE_TEST_KAFKA=HOST:PORT node bench/registry-restart.ts [records, default 1000000]
import { cpus } from 'node:os'
import { avroReader } from '../src/codecs/avro-read.ts'
import { parseAvro } from '../src/codecs/avro-schema.ts'
import { avroWriter } from '../src/codecs/avro-write.ts'
import { frameBytes } from '../src/codecs/framing.ts'
import { Packer } from '../src/codecs/pack.ts'
import { testContext } from '../src/conformance/context.ts'
import { openKafkaSink, openKafkaSource } from '../src/connect/kafka/index.ts'
import { createArena } from '../src/kernels/arena.ts'
import { totalOf } from '../src/operating/index.ts'
import { runPipeline } from '../src/pipeline/run.ts'
import { openBed } from '../test/kafka/bed.ts'
import { register, startRegistry } from '../test/services/registry.ts'

const COUNT = Number(process.argv[2] ?? 1_000_000), VERSIONS = 10, PARTITIONS = 4, BATCH = 2000
const registry = await startRegistry()
if (typeof registry === 'string') throw new Error(registry)
const bed = await openBed(), kept = { 'retention.ms': '-1' }
const input = await bed.topic(PARTITIONS, kept), output = await bed.topic(PARTITIONS, kept), refused = await bed.topic(1, kept), group = bed.name('group')

const FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
const versions = await Promise.all(Array.from({ length: VERSIONS }, (_, i) => ({ type: 'record', name: 'Iris', fields: [{ name: 'id', type: 'long' }, ...FEATURES.map(name => ({ name, type: 'double' })),
  ...Array.from({ length: i }, (__, k) => ({ name: `more${k}`, type: 'int', default: k }))] })).map(async (schema, i) => ({ id: await register(registry.url, `${input}-${i}`, schema), write: avroWriter(parseAvro(JSON.stringify(schema))) })))
const scored = { type: 'record', name: 'Scored', fields: [{ name: 'id', type: 'long' }, { name: 'kind', type: 'int' }] }
await register(registry.url, `${output}-value`, scored)

const log: string[] = [], began = performance.now()
const said = (line: string): void => { log.push(line); console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`) }
const context = { ...testContext({ log: { write: (level: string, text: string) => { if (level !== 'debug') said(text) } } }), arena: createArena(64 * 2 ** 20) }

const producer = await openKafkaSink({ brokers: bed.brokers, topic: input }, context)
for (let at = 0; at < COUNT; at += BATCH) {
  const packer = new Packer(BATCH, BATCH * 64)
  for (let id = at; id < Math.min(at + BATCH, COUNT); id++) {
    const version = versions[Math.floor(id * VERSIONS / COUNT)]!
    packer.row(id)
    const key = packer.length
    packer.text(`k${id % 1000}`)
    packer.setKey(key)
    const value = packer.length
    packer.append(frameBytes(version.id))
    version.write({ id, sepal_length: 4 + id % 40 / 10, sepal_width: 2 + id % 24 / 10, petal_length: 1 + id % 59 / 10, petal_width: id % 25 / 10 }, packer)
    packer.setValue(value)
  }
  await producer.write(packer.finish())
}
await producer.close()
said(`${COUNT} records in ${VERSIONS} versions of a schema are in the topic`)

const stop = new AbortController(), cpu = process.cpuUsage(), start = performance.now()
const url = registry.url, codec = { avro: { registry: { url } } }
let seen = 0
const ended = runPipeline({
  name: group,
  source: { kafka: { brokers: bed.brokers, topics: [input], group, codec } },
  strategy: { embedded: { model: 'test/golden/models/xgboost/multi-iris/model.json' } },
  result: { object: { id: 'id', kind: 'label' }, origin: false },
  sink: { kafka: { topic: output, codec } },
  reject: { kafka: { topic: refused } },
  delivery: { guarantee: 'exactly-once' },
}, { signal: stop.signal, limit: COUNT, log: context.log, started: ({ snapshot }) => { counting = setInterval(() => { seen = totalOf(snapshot(), 'sluice_records_total') }, 5) } })
let counting: NodeJS.Timeout | undefined
ended.catch(() => {})

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await Promise.race([new Promise(resolve => { setTimeout(resolve, 20) }), ended.then(end => { if (!holds()) throw new Error(`it ended after ${end.records} records`) })])
}
await until(() => seen > COUNT * 0.35)
await registry.kill()
const seenAt = seen
said(`the registry is killed after ${seenAt} records`)
await until(() => log.some(line => line.includes('nothing is read until it answers')))
said(`the pipeline waits after ${seen} records`)
await new Promise(resolve => { setTimeout(resolve, 3000) })
const standing = seen
await registry.start()
said(`the registry is back; ${standing === seen ? 'nothing' : `${seen - standing} records`} went on meanwhile`)
await ended
clearInterval(counting)
const wall = performance.now() - start, { user, system } = process.cpuUsage(cpu)

const read = avroReader(parseAvro(JSON.stringify(scored))), times = new Uint8Array(COUNT), last = new Map<string, number>(), back = new AbortController()
let out = 0, doubled = 0, disordered = 0
const check = await openKafkaSource({ brokers: bed.brokers, topics: [output], group: bed.name('check'), isolation: 'read_committed' }, context)
const quiet = (): void => { clearTimeout(timer); timer = setTimeout(() => { back.abort() }, 5000) }
let timer = setTimeout(() => { back.abort() }, 15_000)
for await (const batch of check.read({ assigned() {}, lost() {}, revoked: async () => {} }, back.signal)) {
  for (let row = 0; row < batch.rows; row++) {
    const { id } = read(batch.bytes, batch.values.start[row]! + 5, batch.values.end[row]!) as { id: number }
    if (++times[id]! > 1) doubled++
    const key = `k${id % 1000}`
    if ((last.get(key) ?? -1) >= id) disordered++
    last.set(key, id)
    out++
  }
  batch.release()
  quiet()
}
await check.close()
const missing = times.reduce((sum, time) => sum + (time === 0 ? 1 : 0), 0)
let rejected = 0
const also = new AbortController(), rejectedSource = await openKafkaSource({ brokers: bed.brokers, topics: [refused], group: bed.name('check') }, context)
setTimeout(() => { also.abort() }, 5000)
for await (const batch of rejectedSource.read({ assigned() {}, lost() {}, revoked: async () => {} }, also.signal)) { rejected += batch.rows; batch.release() }
await rejectedSource.close()
await bed.close()
await registry.close()
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}
read by a read_committed reader: ${out} of ${COUNT}; missing ${missing}, more than once ${doubled}, out of order in their key ${disordered}, rejected ${rejected}
${(wall / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(2)} s of CPU, ${((user + system) / COUNT).toFixed(2)} s a million records (the wait included)`)
process.exitCode = missing + doubled + disordered + rejected === 0 ? 0 : 1
