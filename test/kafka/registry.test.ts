import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import avsc from 'avsc'
import { frameBytes, SCHEMA_HEADER } from '../../src/codecs/framing.ts'
import { testContext } from '../../src/conformance/context.ts'
import type { MemoryEntry, MemoryRecord } from '../../src/connect/memory/options.ts'
import { memorySink } from '../../src/connect/memory/sink.ts'
import { memorySource } from '../../src/connect/memory/source.ts'
import { decoding, encoding, unframed } from '../../src/connect/registry/index.ts'
import type { ReadCodec, WriteCodec } from '../../src/connect/registry/options.ts'
import type { Result } from '../../src/core/index.ts'
import { columns } from '../../src/features/index.ts'
import { flowDefaults, run } from '../../src/flow/index.ts'
import type { FlowOptions } from '../../src/flow/index.ts'
import { merge, object, rejects } from '../../src/results/index.ts'
import { embedded } from '../../src/strategies/embedded/index.ts'
import { frontOf, register, startRegistry } from '../services/registry.ts'
import type { RegistryFront, RegistryService } from '../services/registry.ts'
import { folder } from '../support/folder.ts'

const found = await startRegistry()
const skip = typeof found === 'string' ? found : false
const real = found as RegistryService
let front: RegistryFront, subjects = 0
if (skip === false) {
  before(async () => { front = await frontOf(real.url) })
  after(async () => { await front.close(); await real.close() })
}
const subject = (): string => `subject-${subjects++}`
/** What a test makes of the registry's answers holds for that test. */
function withRegistry(title: string, body: (t: TestContext) => Promise<void>): void {
  test(title, { skip, timeout: 60_000 }, async t => {
    front.answer = () => false
    front.change = (_, text) => text
    front.asked.length = front.seen.length = 0
    await body(t)
  })
}

const FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
interface Iris { readonly [name: string]: number }
const iris = (id: number): Iris => ({ id, sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 })
const irisAvro = { type: 'record', name: 'Iris', namespace: 'flowers', fields: [{ name: 'id', type: 'long' }, ...FEATURES.map(name => ({ name, type: 'double' }))] }
const irisProto = `syntax = "proto3"; package flowers; message Nothing { } message Iris { int64 id = 1; ${FEATURES.map((name, i) => `double ${name} = ${i + 2};`).join(' ')} }`
const DRAFT = 'http://json-schema.org/draft-07/schema#'
const irisJson = { $schema: DRAFT, type: 'object', properties: { id: { type: 'integer' }, sepal_length: { type: 'number' } }, required: ['id'] }

const framed = (id: number, payload: Uint8Array): Buffer => Buffer.concat([frameBytes(id), payload])
const typeOf = (schema: object): avsc.Type => avsc.Type.forSchema(schema as never, { wrapUnions: false })
const avro = (value: object, schema: object = irisAvro): Buffer => typeOf(schema).toBuffer(value)
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
/** The second message of the file: indexes 02 02, an id, four doubles. */
function proto(value: Iris): Buffer {
  const bytes = Buffer.from([2, 2, 8, value['id']!, ...new Uint8Array(36)])
  FEATURES.forEach((name, i) => { bytes[4 + i * 9] = (i + 2) << 3 | 1; bytes.writeDoubleLE(value[name]!, 5 + i * 9) })
  return bytes
}
const CODECS = [
  { codec: 'avro', type: 'AVRO', schema: irisAvro, encode: avro },
  { codec: 'protobuf', type: 'PROTOBUF', schema: irisProto, encode: proto },
  { codec: 'jsonSchema', type: 'JSON', schema: irisJson, encode: json },
] as const
const readBy = (codec: typeof CODECS[number]['codec'], url: string | readonly string[] = front.url): ReadCodec => ({ [codec]: { registry: { url } } }) as unknown as ReadCodec

const text = (bytes: Uint8Array | null): string | null => bytes === null ? null : Buffer.from(bytes).toString()
const headersOf = ({ headers }: MemoryEntry): [string, string | null][] => headers.map(({ name, value }) => [name, value === null ? null : Buffer.from(value).toString('hex')])

interface Piping {
  readonly read?: ReadCodec
  readonly write?: WriteCodec
  readonly result?: Result
  readonly topic?: string
  readonly signal?: AbortSignal
  readonly options?: Partial<FlowOptions>
  readonly log?: string[]
  readonly counts?: Map<string, number>
}
interface Piped { readonly results: readonly MemoryEntry[]; readonly rejected: readonly { readonly offset: number; readonly stage: string; readonly code: string; readonly message: string; readonly value: Uint8Array | null }[] }

/** Records in memory through everything a pipeline has, exactly once. */
async function pipe(records: readonly MemoryRecord[], { read, write, result = merge({ kind: 'label' }), topic = 'topic', signal, options, log = [], counts = new Map() }: Piping): Promise<Piped> {
  const results: MemoryEntry[] = [], rejected: MemoryEntry[] = []
  const context = testContext({ log: { write: (_level: string, line: string) => { log.push(line) } }, signal: signal ?? new AbortController().signal,
    metrics: { count(name: string, by: number, labels?: object) { const key = `${name}${JSON.stringify(labels ?? {})}`; counts.set(key, (counts.get(key) ?? 0) + by) }, gauge() {}, observe() {} } })
  const control = await embedded({ model: 'test/golden/models/xgboost/multi-iris/model.json' }, context)
  try {
    const inner = memorySource({ records, batchRows: 7 }, context.clock)
    const source = read === undefined ? inner : await decoding(inner, read, context)
    const made = write === undefined ? unframed(result) : await encoding(result, write, topic, context)
    made.check(control.signature)
    await run({ source, sink: memorySink({ records: results }, context.clock), reject: memorySink({ records: rejected }, context.clock), features: columns(undefined, { arena: context.arena }), control, result: made,
      rejects: rejects('test'), clock: context.clock, log: context.log, metrics: context.metrics, guarantee: 'exactly-once', options: { ...flowDefaults, ...options } }, context.signal)
  } finally { await control.close() }
  assert.deepEqual(context.arena.errors, [])
  return { results, rejected: rejected.map(({ headers, value }) => {
    const header = (name: string): string => text(headers.find(each => each.name === `__sluice.errors.${name}`)!.value)!
    return { offset: Number(header('offset')), stage: header('stage'), code: header('code'), message: header('message'), value }
  }) }
}
const valuesOf = ({ results }: Piped): unknown[] => results.map(({ value }) => value === null ? null : { ...JSON.parse(text(value)!) as object, __sluice: undefined })
const codesOf = ({ rejected }: Piped): [number, string][] => rejected.map(({ offset, code }) => [offset, code])

for (const { codec, type, schema, encode } of CODECS) {
  withRegistry(`read: ${codec} is scored, tombstones pass, what cannot be read is rejected as it came`, async () => {
    const id = await register(real.url, subject(), schema, type), broken = framed(id, Uint8Array.of(0xff))
    const good = (i: number): MemoryRecord => ({ key: `k${i}`, value: framed(id, encode(iris(i))), timeMs: i, headers: [['h', 'x']] })
    const piped = await pipe([good(0), { value: null, key: 'gone' }, good(1), { value: framed(424_242, Uint8Array.of(1)) }, { value: broken }, { value: '{"plain":"json"}' }, good(2), { value: new Uint8Array(0) },
      ...Array.from({ length: 20 }, (_, i) => good(i + 3))], { read: readBy(codec) })
    assert.deepEqual(piped.results.slice(0, 4).map(({ key, timeMs }) => [text(key), timeMs]), [['k0', 0], ['gone', 0], ['k1', 1], ['k2', 2]])
    assert.deepEqual(valuesOf(piped), [iris(0), null, ...Array.from({ length: 22 }, (_, i) => iris(i + 1))].map(value => value && { ...value, kind: 0, __sluice: undefined }))
    assert.deepEqual(codesOf(piped), [[3, 'SLUICE_SCHEMA_UNKNOWN'], [4, codec === 'jsonSchema' ? 'SLUICE_UTF8_BROKEN' : 'SLUICE_SCHEMA_MISMATCH'], [5, 'SLUICE_SCHEMA_MISMATCH'], [7, 'SLUICE_SCHEMA_MISMATCH']])
    assert.deepEqual(Buffer.from(piped.rejected[1]!.value!), broken)
    assert.equal(front.asked.filter(line => line === `GET /schemas/ids/${id}`).length, 1, 'a schema is asked for once')
  })

  withRegistry(`write: ${codec}, by the latest version or one that is registered, and what is written is read again`, async t => {
    const at = (await folder(t))('schema'), topic = subject()
    const fields = [...FEATURES, 'id'], origin = { type: 'record', name: 'Origin', fields: ['model', 'version', 'source'].map(name => ({ name, type: 'string' })) }
    const scored = codec === 'avro' ? JSON.stringify({ type: 'record', name: 'Scored', fields: [{ name: 'id', type: 'long' }, { name: 'kind', type: 'int' }, { name: '__sluice', type: origin }] })
      : codec === 'protobuf' ? 'syntax = "proto3"; message Origin { string model = 1; string version = 2; string source = 3; } message Scored { int64 id = 1; float kind = 2; Origin __sluice = 3; }'
      : JSON.stringify({ type: 'object', required: fields.slice(4), properties: { id: { type: 'integer' }, kind: { type: 'number' } } })
    await writeFile(at, scored)
    const options = { registry: { url: front.url }, ...(codec === 'protobuf' ? { message: 'Scored' } : {}) }
    const write = (more: object): WriteCodec => ({ [codec]: { ...options, ...more } }) as unknown as WriteCodec
    const records = [{ value: json(iris(1)), key: 'k', timeMs: 5, headers: [['h', 'x']] }, { value: null, key: 'gone' }, { value: json({ ...iris(2), id: 'no number' }), key: 'bad' }, { value: json(iris(3)) }] as const
    const result = (): Result => object({ id: 'id', kind: 'label' })
    await assert.rejects(pipe(records, { write: write({}), topic, result: result() }), { code: 'SLUICE_CONFIG_INVALID', message: new RegExp(`no schema of the subject '${topic}-value'`) })
    await assert.rejects(pipe(records, { write: write({ schemaFile: at }), topic, result: result() }), { code: 'SLUICE_CONFIG_INVALID', message: /does not have the schema/ })
    const first = await pipe(records, { write: write({ schemaFile: at, register: true }), topic, result: result() })
    const again = await pipe(records, { write: write({ version: 1 }), topic, result: result() }), latest = await pipe(records, { write: write({}), topic, result: result() })
    for (const piped of [first, again, latest]) {
      assert.deepEqual(codesOf(piped), [[2, 'SLUICE_SCHEMA_MISMATCH']])
      assert.equal(piped.rejected[0]!.stage, 'SINK')
      assert.deepEqual(Buffer.from(piped.rejected[0]!.value!), json({ ...iris(2), id: 'no number' }), 'the record as it came')
      assert.deepEqual(piped.results.map(({ key, value, timeMs, headers }) => [text(key), value === null, timeMs, headers.length]), [['k', false, 5, 1], ['gone', true, 0, 0], [null, false, 0, 0]])
    }
    assert.deepEqual(latest.results.map(({ value }) => value), first.results.map(({ value }) => value))
    // out of one pipeline and into the next
    const read = await pipe(latest.results.map(({ value }) => ({ value })), { read: readBy(codec), result: merge({}, { origin: false }) }).catch((error: unknown) => error as Error)
    assert.ok(!(read instanceof Error), String(read))
    assert.deepEqual(read.rejected.map(({ code }) => code), ['SLUICE_FEATURE_MISSING', 'SLUICE_FEATURE_MISSING'], 'it was decoded: it is the features that it does not have')
    if (codec === 'avro') {
      const value = typeOf(JSON.parse(scored) as object).fromBuffer(Buffer.from(first.results[0]!.value!.subarray(5))) as { id: number; kind: number; __sluice: { source: string } }
      assert.deepEqual([value.id, value.kind, value['__sluice'].source], [1, 0, 'memory@0'])
    }
  })

  for (const [what, refuse] of ([['refuses connections', () => { throw new Error('gone') }], ['answers 503', 503], ['answers 429', 429], ['answers as a gateway without it', 404], ['answers a page', 200]] as const).slice(codec === 'avro' ? 0 : 3)) {
    withRegistry(`registry-away: ${codec}, it ${what}: nothing is read or rejected until it is back`, async () => {
      const id = await register(real.url, subject(), schema, type)
      let refused = 0
      front.answer = (_, response) => {
        if (refused++ > 2) return false
        if (typeof refuse === 'number') response.writeHead(refuse, { 'content-type': 'text/html' }).end('<html>')
        else response.destroy()
        return true
      }
      const log: string[] = [], counts = new Map<string, number>()
      const piped = await pipe(Array.from({ length: 30 }, (_, i) => ({ value: framed(id, encode(iris(i))) })), { read: readBy(codec), log, counts })
      assert.equal(piped.results.length, 30)
      assert.deepEqual(piped.rejected, [])
      assert.ok(refused > 2)
      assert.equal(log.filter(line => line.includes('nothing is read until it answers')).length, 1, log.join('\n'))
      assert.equal(log.filter(line => line.includes('answers again')).length, 1)
      assert.ok(counts.get('sluice_paused_seconds_total{"reason":"registry"}')! > 0.1)
    })
  }
}

withRegistry('registry-restarted: one that is killed and started again in the middle of a run costs time and no record', async () => {
  const name = subject(), first = await register(real.url, name, irisAvro), later = { ...irisAvro, fields: [...irisAvro.fields, { name: 'more', type: 'int', default: 0 }] }, second = await register(real.url, name, later)
  assert.notEqual(first, second)
  const records = Array.from({ length: 2000 }, (_, i) => ({ value: i < 1000 ? framed(first, avro(iris(i % 100))) : framed(second, avro({ ...iris(i % 100), more: i }, later)) }))
  let killed: Promise<void> | undefined
  front.answer = (asked, response) => {
    if (asked.url !== `/schemas/ids/${second}` || killed !== undefined) return false
    killed = real.kill().then(() => real.start())
    response.destroy()
    return true
  }
  const piped = await pipe(records, { read: readBy('avro') })
  assert.ok(killed !== undefined)
  await killed
  assert.equal(piped.results.length, 2000)
  assert.deepEqual(piped.rejected, [])
  assert.deepEqual(piped.results.map(({ value }) => (JSON.parse(text(value)!) as { more?: number }).more), records.map((_, i) => i < 1000 ? undefined : i))
})

withRegistry('stop-while-away: a pipeline that waits for the registry stops at once, and has lost nothing', async () => {
  const id = await register(real.url, subject(), irisAvro)
  front.answer = (_, response) => { response.writeHead(503).end(); return true }
  for (const codec of [{ read: readBy('avro') }, { write: { avro: { registry: { url: front.url } } } }]) {
    const stop = new AbortController(), ended = pipe([{ value: framed(id, avro(iris(1))) }], { ...codec, signal: stop.signal })
    await new Promise(resolve => { setTimeout(resolve, 600) })
    stop.abort()
    if ('read' in codec) assert.deepEqual((await ended).results, [])
    else await assert.rejects(ended, { code: 'SLUICE_REGISTRY_AWAY' })
  }
})

withRegistry('credentials: user and password, or a token, are sent; refused ones end the pipeline, at the start and later', async () => {
  const id = await register(real.url, subject(), irisAvro), records = [{ value: framed(id, avro(iris(1))) }]
  await pipe(records, { read: { avro: { registry: { url: front.url, username: 'm\u00fcller', password: 'pass:word' } } } })
  assert.equal(Buffer.from(front.seen[0]!.authorization!.slice(6), 'base64').toString(), 'm\u00fcller:pass:word')
  front.seen.length = 0
  await pipe(records, { read: { avro: { registry: { url: front.url, token: 'abc' } } } })
  assert.ok(front.seen.length > 1 && front.seen.every(({ authorization }) => authorization === 'Bearer abc'))
  for (const [status, code] of [[401, 'SLUICE_AUTHENTICATION_FAILED'], [403, 'SLUICE_NOT_AUTHORIZED']] as const) {
    for (const path of ['/schemas/types', '/schemas/ids/']) {
      front.answer = (asked, response) => { if (!asked.url!.startsWith(path)) return false; response.writeHead(status).end('{"error_code":40301,"message":"go away"}'); return true }
      await assert.rejects(pipe(records, { read: readBy('avro') }), { code, severity: 'fatal', message: /go away/ })
    }
    front.answer = (_, response) => { response.writeHead(status).end(); return true }
    await assert.rejects(pipe([], { write: { avro: { registry: { url: front.url } } } }), { code })
  }
})

withRegistry('urls: the next one is asked where the first does not answer; what is no url is refused', async () => {
  const id = await register(real.url, subject(), irisAvro)
  const piped = await pipe([{ value: framed(id, avro(iris(1))) }], { read: readBy('avro', ['http://127.0.0.1:1', `${front.url}/`]) })
  assert.equal(piped.results.length, 1)
  for (const url of ['nonsense', 'ftp://host', 'http://user:secret@host', []]) await assert.rejects(pipe([], { read: readBy('avro', url) }), (error: Error & { code: string }) => error.code === 'SLUICE_CONFIG_INVALID' && !error.message.includes('secret'))
})

withRegistry('references: schemas in several subjects, of all three kinds', async () => {
  const [place, ride] = [subject(), subject()]
  await register(real.url, place, { type: 'record', name: 'flowers.Leaf', fields: FEATURES.map(name => ({ name, type: 'double' })) })
  const whole = { type: 'record', name: 'flowers.Whole', fields: [{ name: 'id', type: 'long' }, { name: 'leaf', type: 'flowers.Leaf' }] }
  const id = await register(real.url, ride, whole, 'AVRO', [{ name: 'flowers.Leaf', subject: place, version: 1 }])
  const leaf = Buffer.alloc(33)
  leaf[0] = 14
  const piped = await pipe([{ value: framed(id, leaf) }], { read: readBy('avro'), result: object({ id: 'id', leaf: 'leaf' }, { origin: false }) })
  assert.deepEqual(piped.rejected.map(({ code }) => code), ['SLUICE_FEATURE_MISSING'])
  const [proto1, proto2] = [subject(), subject()]
  await register(real.url, proto1, 'syntax = "proto3"; package common; message Length { double cm = 1; }', 'PROTOBUF')
  const second = await register(real.url, proto2, `syntax = "proto3"; import "common/length.proto"; message Iris { int64 id = 1; ${FEATURES.map((name, i) => `double ${name} = ${i + 2};`).join(' ')} common.Length stem = 6; }`, 'PROTOBUF', [{ name: 'common/length.proto', subject: proto1, version: 1 }])
  const other = await pipe([{ value: framed(second, Buffer.concat([Uint8Array.of(0), proto(iris(3)).subarray(2), Uint8Array.of(0x32, 0)])) }], { read: readBy('protobuf') })
  assert.deepEqual(valuesOf(other), [{ ...iris(3), stem: { cm: 0 }, kind: 0, __sluice: undefined }])
  const [json1, json2] = [subject(), subject()]
  await register(real.url, json1, { $schema: DRAFT, type: 'number', minimum: 0 }, 'JSON')
  const third = await register(real.url, json2, { $schema: DRAFT, type: 'object', properties: { sepal_length: { $ref: 'length.json' } } }, 'JSON', [{ name: 'length.json', subject: json1, version: 1 }])
  const last = await pipe([{ value: framed(third, json(iris(1))) }, { value: framed(third, json({ ...iris(1), sepal_length: -1 })) }], { read: readBy('jsonSchema') })
  assert.deepEqual([last.results.length, codesOf(last)], [1, [[1, 'SLUICE_SCHEMA_MISMATCH']]])
})

withRegistry('reader-schema: values are seen as it says, whatever schema they were written with', async t => {
  const at = (await folder(t))('reader.avsc'), name = subject()
  const old = { ...irisAvro, fields: irisAvro.fields.map(field => field.name === 'petal_width' ? { ...field, type: 'float' } : field) }
  await writeFile(at, JSON.stringify({ ...irisAvro, fields: [...irisAvro.fields, { name: 'land', type: 'string', default: 'here' }] }))
  const id = await register(real.url, name, old), wrong = await register(real.url, subject(), { type: 'record', name: 'Iris', namespace: 'flowers', fields: [] })
  const read: ReadCodec = { avro: { registry: { url: front.url }, readerSchema: at } }
  const piped = await pipe([{ value: framed(id, avro({ ...iris(7), petal_width: 0.25 }, old)) }, { value: framed(wrong, new Uint8Array(0)) }], { read })
  assert.deepEqual(valuesOf(piped), [{ ...iris(7), petal_width: 0.25, land: 'here', kind: 0, __sluice: undefined }])
  assert.deepEqual(codesOf(piped), [[1, 'SLUICE_SCHEMA_MISMATCH']])
  await writeFile(at, 'nonsense')
  await assert.rejects(pipe([], { read }), { code: 'SLUICE_CONFIG_INVALID' })
  await assert.rejects(pipe([], { read: { avro: { registry: { url: front.url }, readerSchema: `${at}.not` } } }), { code: 'SLUICE_FILE_MISSING' })
})

const GUID = '89791762-2336-4186-9674-299b90a802e2'
withRegistry('v1: the schema is named in a header, read and written; one of the value before does not stay behind', async () => {
  // Apicurio has no GUIDs, Confluent's registry has: the front gives its schemas one
  const name = subject(), id = await register(real.url, `${name}-value`, { ...irisAvro, fields: [...irisAvro.fields, { name: 'kind', type: 'int', default: -1 }] })
  front.answer = (asked, response) => {
    if (asked.url !== `/schemas/guids/${GUID}`) return false
    void fetch(`${real.url}/schemas/ids/${id}`).then(answer => answer.text()).then(body => response.end(body))
    return true
  }
  front.change = (path, body) => path.startsWith('/subjects/') ? JSON.stringify({ ...JSON.parse(body) as object, guid: GUID }) : body
  const written = avro({ ...iris(1), kind: -1 }, { ...irisAvro, fields: [...irisAvro.fields, { name: 'kind', type: 'int' }] })
  const value: MemoryRecord = { value: written, headers: [['a', 'x'], [SCHEMA_HEADER, frameBytes(GUID)], ['b', null]] }
  const unknown: MemoryRecord = { value: written, headers: [[SCHEMA_HEADER, frameBytes(GUID.replace('8', '9'))]] }
  const read = readBy('avro'), write = (framing: 'v0' | 'v1'): WriteCodec => ({ avro: { registry: { url: front.url }, framing } })
  const plain = await pipe([value, unknown, { value: framed(id, written) }], { read })
  assert.deepEqual([plain.results.map(headersOf), codesOf(plain)], [[[['a', '78'], ['b', null]], []], [[1, 'SLUICE_SCHEMA_UNKNOWN']]])
  const v0 = await pipe([value], { read, write: write('v0'), topic: name })
  assert.deepEqual(v0.results.map(entry => [headersOf(entry), entry.value![0], entry.value!.length]), [[[['a', '78'], ['b', null]], 0, written.length + 5]])
  const v1 = await pipe([value, { value: null, headers: [[SCHEMA_HEADER, frameBytes(GUID)]] }], { read, write: write('v1'), topic: name })
  assert.deepEqual(v1.results.map(entry => headersOf(entry)), [[['a', '78'], ['b', null], [SCHEMA_HEADER, `01${GUID.replaceAll('-', '')}`]], []])
  assert.equal(v1.results[0]!.value!.length, written.length)
  front.change = (_, body) => body
  await assert.rejects(pipe([], { write: write('v1'), topic: name }), { code: 'SLUICE_CONFIG_INVALID', message: /no GUID/ })
})

withRegistry('schema-useless: one of another kind, one that cannot be parsed: its records are rejected, the others go on', async () => {
  const [good, other, broken] = [await register(real.url, subject(), irisAvro), await register(real.url, subject(), irisJson, 'JSON'), await register(real.url, subject(), { ...irisAvro, name: 'Broken' })]
  front.change = (path, body) => path === `/schemas/ids/${broken}` ? JSON.stringify({ schema: '{"type":"record","name":"R"}' }) : body
  const piped = await pipe([{ value: framed(other, json(iris(1))) }, { value: framed(good, avro(iris(1))) }, { value: framed(broken, avro(iris(1))) }], { read: readBy('avro') })
  assert.equal(piped.results.length, 1)
  assert.deepEqual(codesOf(piped), [[0, 'SLUICE_SCHEMA_MISMATCH'], [2, 'SLUICE_SCHEMA_MISMATCH']])
  assert.match(piped.rejected[0]!.message, /the codec of the source is Avro/)
  assert.match(piped.rejected[1]!.message, /has no fields/)
})

withRegistry('many-schemas: more than are remembered, in joined batches too: each value is read by its own', async () => {
  const id = await register(real.url, subject(), irisAvro)
  let asked = 0
  // any other id is the same schema again, or none
  front.answer = (request, response) => {
    const wanted = Number(/\/schemas\/ids\/(\d+)/.exec(request.url!)?.[1] ?? id)
    if (wanted === id) return false
    asked++
    response.writeHead(wanted % 2 === 0 ? 200 : 404).end(wanted % 2 === 0 ? JSON.stringify({ schema: JSON.stringify(irisAvro) }) : '{"error_code":40403,"message":"no"}')
    return true
  }
  const records = Array.from({ length: 3000 }, (_, i) => ({ value: framed(100_000 + i, avro(iris(i))) }))
  const piped = await pipe(records, { read: readBy('avro'), options: { batch: { rows: 100, waitMs: 5 } } })
  assert.deepEqual(piped.results.map(({ value }) => (JSON.parse(text(value)!) as { id: number }).id), records.flatMap((_, i) => i % 2 === 0 ? [i] : []))
  assert.deepEqual(codesOf(piped), records.flatMap((_, i): [number, string][] => i % 2 === 1 ? [[i, 'SLUICE_SCHEMA_UNKNOWN']] : []))
  assert.equal(asked, 3000)
})

withRegistry('digits: JSON behind a schema id keeps its bytes, also beyond what a double holds', async () => {
  const id = await register(real.url, subject(), { $schema: DRAFT, type: 'object' }, 'JSON')
  const value = `{ "id": 12345678901234567890, ${FEATURES.map(name => `"${name}": 1.50`).join(', ')} }`
  const piped = await pipe([{ value: framed(id, Buffer.from(value)) }], { read: readBy('jsonSchema'), result: merge({ kind: 'label' }, { origin: false }) })
  assert.match(text(piped.results[0]!.value)!, /^\{ "id": 12345678901234567890, "sepal_length": 1\.50,.*"kind":\d/)
  const taken = await pipe([{ value: framed(id, Buffer.from(value)) }], { read: readBy('jsonSchema'), result: object({ n: '$.id' }, { origin: false }) })
  assert.equal(text(taken.results[0]!.value), '{"n":12345678901234567890}')
})
