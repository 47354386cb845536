// Cost of values by a schema, in ns a record, beside JSON and the other Avro of npm. Usage: node bench/registry.ts [seconds per line, default 1]
import { cpus } from 'node:os'
import avsc from 'avsc'
import { avroReader } from '../src/codecs/avro-read.ts'
import { parseAvro } from '../src/codecs/avro-schema.ts'
import { avroWriter } from '../src/codecs/avro-write.ts'
import { frameBytes, readFrame } from '../src/codecs/framing.ts'
import type { Frame } from '../src/codecs/framing.ts'
import { Packer, batchOf } from '../src/codecs/pack.ts'
import { openProtobuf } from '../src/codecs/protobuf.ts'
import { valuesOf } from '../src/codecs/values.ts'
import { payloadOf } from '../src/connect/registry/schemas.ts'
import type { Payload } from '../src/connect/registry/schemas.ts'
import type { Decoder, Predicted, RecordBatch, Scored, Signature } from '../src/core/index.ts'
import { columns } from '../src/features/index.ts'
import { merge, object } from '../src/results/index.ts'

const ROWS = 1000, seconds = Number(process.argv[2] ?? 1)
const NAMES = ['id', 'date', 'distance', 'delay', 'origin', 'destination', 'carrier', 'seats', 'price', 'load', 'tail', 'note']
const TYPES = ['long', 'string', 'double', ['null', 'int'], 'string', 'string', 'string', 'int', 'double', 'double', 'string', ['null', 'string']]
const avroSchema = JSON.stringify({ type: 'record', name: 'Flight', fields: NAMES.map((name, i) => ({ name, type: TYPES[i] })) })
const protoTypes = ['int64', 'string', 'double', 'optional int32', 'string', 'string', 'string', 'int32', 'double', 'double', 'string', 'optional string']
const protoSchema = `syntax = "proto3"; message Flight { ${NAMES.map((name, i) => `${protoTypes[i]} ${name} = ${i + 1};`).join(' ')} }`
const jsonSchema = JSON.stringify({ type: 'object', properties: { id: { type: 'integer' }, distance: { type: 'number', minimum: 0 }, carrier: { type: 'string' } }, required: ['id', 'distance'] })

const carriers = ['AA', 'UA', 'DL', 'WN'], ports = ['ORD', 'LAX', 'JFK', 'SFO', 'DEN']
const flights = Array.from({ length: ROWS }, (_, i) => Object.fromEntries([10_000_000 + i * 7, new Date(Date.UTC(2001, 4, 1) + i * 61_000).toISOString(), 200 + i * 37 % 2400, i % 9 === 0 ? null : i % 90,
  ports[i % 5], ports[(i + 2) % 5], carriers[i % 4], 100 + i % 80, Math.round(i * 7919 % 100_000) / 100, i % 100 / 100, `N${i * 31 % 9000}`, 'on time'].map((value, k) => [NAMES[k]!, value])))

function batch(write: (flight: object, packer: Packer) => void, decoder?: Decoder): RecordBatch {
  const packer = new Packer(ROWS, 65536)
  for (const flight of flights) {
    packer.row(0)
    const at = packer.length
    if (decoder !== undefined) packer.append(frameBytes(1))
    write(flight, packer)
    packer.setValue(at)
  }
  return { ...batchOf(packer.finish(), { partition: 'flights/0', offsets: Float64Array.from(flights, (_, i) => i), from: 0n, next: BigInt(ROWS) }), ...decoder === undefined ? {} : { decoder } }
}
const frame: Frame = { schema: 0, after: 0, inHeader: false, end: 0 }
const decoderOf = (payload: Payload, isJson: boolean): Decoder => ({
  decode(records, row) { readFrame(records, row, frame); return payload.decode(records.bytes, frame, frame.after, records.values.end[row]!) },
  ...isJson ? { jsonAt(records, row) { readFrame(records, row, frame); return frame.after } } : {},
})
const payload = (type: 'AVRO' | 'PROTOBUF' | 'JSON', text: string): Promise<Payload> => payloadOf({ type, text, references: [] }, [], undefined)

const write = avroWriter(parseAvro(avroSchema)), message = (await openProtobuf(protoSchema)).named()!
const json = batch((flight, packer) => { packer.text(JSON.stringify(flight)) })
const avro = batch((flight, packer) => { write(flight, packer) }, decoderOf(await payload('AVRO', avroSchema), false))
const proto = batch((flight, packer) => { packer.byte(0); message.encode(flight, packer) }, decoderOf(await payload('PROTOBUF', protoSchema), false))
const checked = batch((flight, packer) => { packer.text(JSON.stringify(flight)) }, decoderOf(await payload('JSON', jsonSchema), true))

const specs = { distance: 'distance', seats: 'seats', price: 'price', load: 'load', carrier: 'carrier' }
const signature: Signature = { inputs: [{ name: 'features', dtype: 'float32', shape: [-1, 5], columns: Object.keys(specs).map(name => name === 'carrier' ? { name, categories: carriers } : { name }) }], outputs: [{ name: 'probability', dtype: 'float64', shape: [-1] }] }
const all = Int32Array.from({ length: ROWS }, (_, i) => i), extractor = columns(specs).for(signature)
const answer: Predicted = { models: [{ name: 'delay', version: '3' }], rejected: [], outputs: { rows: ROWS, release() {}, tensors: new Map([['probability', { dtype: 'float64', shape: [ROWS], data: Float64Array.from(all, i => 1 / (1 + Math.exp(i / 500 - 1))) }]]) } }
const scored: Scored = { parts: [answer], part: new Int32Array(ROWS), at: all }
const merged = merge({ late: 'probability' }), chosen = object({ id: 'id', late: 'probability' })
merged.check(signature)
chosen.check(signature)

const library = avsc.Type.forSchema(JSON.parse(avroSchema) as never, { wrapUnions: false }), read = avroReader(parseAvro(avroSchema)), bytes = Buffer.from(avro.bytes)
const into = new Packer(ROWS, 1 << 20)
const decodeAll = (of: RecordBatch) => (): void => { const values = valuesOf(of, []); for (let row = 0; row < ROWS; row++) values.open(row) }
const lines: readonly (readonly [string, () => unknown])[] = [
  ['decode: JSON', decodeAll(json)], ['decode: Avro', decodeAll(avro)], ['decode: Protobuf', decodeAll(proto)], ['decode: JSON Schema', decodeAll(checked)],
  ['decode: Avro, the payload alone', () => { for (let row = 0; row < ROWS; row++) read(bytes, avro.values.start[row]! + 5, avro.values.end[row]!) }],
  ['decode: Avro, the payload alone, avsc', () => { for (let row = 0; row < ROWS; row++) library.fromBuffer(bytes.subarray(avro.values.start[row]! + 5, avro.values.end[row])) }],
  ['extract 5 of 12 fields: JSON', () => extractor.extract(json, all)], ['extract 5 of 12 fields: Avro', () => extractor.extract(avro, all)],
  ['extract 5 of 12 fields: Protobuf', () => extractor.extract(proto, all)], ['extract 5 of 12 fields: JSON Schema', () => extractor.extract(checked, all)],
  ['merge: JSON', () => merged.write(json, scored)], ['merge: Avro (decoded again, then JSON)', () => merged.write(avro, scored)],
  ['object: JSON', () => chosen.write(json, scored)], ['object: Avro (decoded again, then JSON)', () => chosen.write(avro, scored)],
  ['encode: Avro, out of objects', () => { into.length = 0; for (const flight of flights) write(flight, into) }],
  ['encode: Avro, out of objects, avsc', () => { for (const flight of flights) library.toBuffer(flight) }],
  ['encode: Protobuf, out of objects', () => { into.length = 0; for (const flight of flights) message.encode(flight, into) }],
]
console.log(`${cpus()[0]?.model}, Node ${process.version}; bytes a value: JSON ${sizeOf(json)}, Avro ${sizeOf(avro)}, Protobuf ${sizeOf(proto)}`)
for (const [title, work] of lines) {
  const took: number[] = []
  for (const end = performance.now() + seconds * 1000; performance.now() < end || took.length < 20;) {
    const began = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(began)
    took.push(user + system)
  }
  took.sort((a, b) => a - b)
  console.log(`${String(Math.round(took[took.length >> 1]! * 1000 / ROWS)).padStart(6)} ns  ${title}`)
}

function sizeOf({ values: { start, end } }: RecordBatch): number {
  let sum = 0
  for (let row = 0; row < ROWS; row++) sum += end[row]! - start[row]!
  return Math.round(sum / ROWS)
}
