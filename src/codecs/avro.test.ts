import assert from 'node:assert/strict'
import { test } from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import { SluiceError } from '../core/index.ts'
import { avroReader } from './avro-read.ts'
import { parseAvro } from './avro-schema.ts'
import { avroWriter } from './avro-write.ts'
import { Packer } from './pack.ts'
import { fitted } from './unfit.ts'

const read = (schema: unknown, bytes: Uint8Array, reader?: unknown): unknown =>
  avroReader(parseAvro(JSON.stringify(schema)), reader === undefined ? undefined : parseAvro(JSON.stringify(reader)))(bytes, 0, bytes.length)
function write(schema: unknown, value: unknown, ignored: readonly string[] = []): Buffer {
  const packer = new Packer(1, 0)
  fitted('the schema', () => { avroWriter(parseAvro(JSON.stringify(schema)), ignored)(value, packer) })
  return Buffer.from(packer.bytes.subarray(0, packer.length))
}
const record = (...fields: readonly (readonly [name: string, type: unknown, more?: object])[]) => ({ type: 'record', name: 'R', fields: fields.map(([name, type, more]) => ({ name, type, ...more })) })
const mismatch = (about: RegExp) => (error: unknown): true => {
  assert.ok(error instanceof SluiceError, String(error))
  assert.deepEqual([error.code, error.severity], ['SLUICE_SCHEMA_MISMATCH', 'record'])
  assert.match(error.message, about)
  return true
}

/** A schema, and values of it: as we have them, as avsc has them. */
interface Typed { readonly schema: unknown; readonly value: fc.Arbitrary<{ readonly ours: unknown; readonly theirs: unknown }> }
const same = <T>(schema: unknown, value: fc.Arbitrary<T>): Typed => ({ schema, value: value.map(each => ({ ours: each, theirs: each })) })
let named = 0
// avsc writes longs beyond 52 bits wrongly: it doubles them in a double
const leaf = (): Typed[] => [
  same('null', fc.constant(null)), same('boolean', fc.boolean()), same('int', fc.integer()), same('long', fc.maxSafeInteger().map(long => Math.trunc(long / 2))),
  same('double', fc.double({ noNaN: true })), same('float', fc.float({ noNaN: true })), same('string', fc.string({ unit: 'grapheme', maxLength: 70 })),
  { schema: 'bytes', value: fc.uint8Array({ maxLength: 9 }).map(each => ({ ours: Buffer.from(each).toString('base64'), theirs: Buffer.from(each) })) },
  { schema: { type: 'fixed', name: `N${named++}`, size: 3 }, value: fc.uint8Array({ minLength: 3, maxLength: 3 }).map(each => ({ ours: Buffer.from(each).toString('base64'), theirs: Buffer.from(each) })) },
  same({ type: 'enum', name: `N${named++}`, symbols: ['A', 'B', 'C'] }, fc.constantFrom('A', 'B', 'C')),
]
const typed: fc.Arbitrary<Typed> = fc.letrec<{ type: Typed }>(tie => ({ type: fc.oneof({ maxDepth: 4, depthSize: 'small' },
  fc.nat(9).map(i => leaf()[i]!),
  tie('type').map(({ schema, value }): Typed => ({ schema: { type: 'array', items: schema }, value: fc.array(value, { maxLength: 4 }).map(all => ({ ours: all.map(({ ours }) => ours), theirs: all.map(({ theirs }) => theirs) })) })),
  tie('type').map(({ schema, value }): Typed => ({ schema: { type: 'map', values: schema }, value: fc.dictionary(fc.string().filter(name => name !== '__proto__'), value, { maxKeys: 4, noNullPrototype: true }).map(all => ({
    ours: Object.fromEntries(Object.entries(all).map(([name, { ours }]) => [name, ours])), theirs: Object.fromEntries(Object.entries(all).map(([name, { theirs }]) => [name, theirs])) })) })),
  tie('type').filter(({ schema }) => schema !== 'null' && !Array.isArray(schema)).map(({ schema, value }): Typed => ({ schema: ['null', schema], value: fc.option(value).map(each => each ?? { ours: null, theirs: null }) })),
  fc.array(tie('type'), { maxLength: 5 }).map((types): Typed => ({ schema: { type: 'record', name: `N${named++}`, fields: types.map(({ schema }, i) => ({ name: `f${i}`, type: schema })) },
    value: fc.tuple(...types.map(({ value }) => value)).map(all => ({ ours: Object.fromEntries(all.map(({ ours }, i) => [`f${i}`, ours])), theirs: Object.fromEntries(all.map(({ theirs }, i) => [`f${i}`, theirs])) })) })),
) })).type

const codecOf = (schema: unknown): avsc.Type => avsc.Type.forSchema(schema as never, { wrapUnions: false })
/** avsc makes objects of classes, and of maps objects without a prototype. */
const plain = (value: unknown): unknown => value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)])) : Array.isArray(value) ? value.map(plain) : value

test('another-implementation: what avsc writes is read, what is written is what avsc writes, whatever the schema', () => {
  fc.assert(fc.property(typed.chain(({ schema, value }) => value.map(each => ({ schema, ...each }))), ({ schema, ours, theirs }) => {
    const bytes = codecOf(schema).toBuffer(theirs)
    assert.deepEqual(plain(read(schema, bytes)), plain(ours))
    assert.equal(write(schema, ours).toString('hex'), bytes.toString('hex'))
  }), { numRuns: 400 })
})

test('long: all 64 bits, exact; beyond what a double holds as digits', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
    const exact = value <= 2n ** 53n - 1n && value >= -(2n ** 53n - 1n) ? Number(value) : String(value)
    assert.equal(read('long', write('long', exact)), exact)
  }), { numRuns: 500 })
  for (const value of [2 ** 53 - 1, -(2 ** 53 - 1), '9007199254740992', '-9007199254740992', '9223372036854775807', '-9223372036854775808', 2 ** 27, 2 ** 28 - 1, 2 ** 28, -(2 ** 27), -(2 ** 27) - 1, 2 ** 34, -(2 ** 52)]) {
    assert.equal(read('long', write('long', value)), value)
  }
  for (const value of ['9223372036854775808', 1e16, 1.5, '1.5', 'x', '', true, null]) assert.throws(() => write('long', value), mismatch(/64 bits/))
})

test('logical types: what is read of each, and that it is written back', () => {
  const of = (type: string, logicalType: string, more?: object) => ({ type, logicalType, ...more })
  const cases: readonly (readonly [schema: unknown, stored: unknown, storage: string, value: unknown])[] = [
    [of('int', 'date'), 0, 'int', '1970-01-01'], [of('int', 'date'), -719_528, 'int', '0000-01-01'], [of('int', 'date'), 2_932_896, 'int', '9999-12-31'],
    [of('long', 'timestamp-millis'), -1, 'long', -1], [of('long', 'timestamp-micros'), 1_700_000_000_123_456, 'long', 1_700_000_000_123.456],
    [of('long', 'local-timestamp-millis'), 988_911_910_250, 'long', '2001-05-03T17:45:10.250'], [of('long', 'local-timestamp-micros'), -1, 'long', '1969-12-31T23:59:59.999999'],
    [of('long', 'timestamp-nanos'), '1700000000123456789', 'long', '1700000000123456789'], [of('int', 'time-millis'), 5, 'int', 5],
    [of('bytes', 'decimal', { precision: 9, scale: 2 }), Buffer.from([0xff]).toString('base64'), 'bytes', -0.01], [of('bytes', 'decimal', { precision: 4 }), Buffer.from([0, 0x80]).toString('base64'), 'bytes', 128],
    [of('bytes', 'decimal', { precision: 30, scale: 20 }), Buffer.from('0102030405060708090a', 'hex').toString('base64'), 'bytes', '47.59477275222530853130'],
    [of('bytes', 'decimal', { precision: 0 }), 'AQ==', 'bytes', 'AQ=='], [of('string', 'uuid'), 'x', 'string', 'x'],
  ]
  for (const [schema, stored, storage, value] of cases) {
    const bytes = write(storage, stored)
    assert.deepEqual(read(schema, bytes), value, JSON.stringify(schema))
    assert.deepEqual(write(schema, value), bytes, JSON.stringify(schema))
  }
  const uuid = { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' }
  assert.equal(read(uuid, Buffer.from('00112233445566778899aabbccddeeff', 'hex')), '00112233-4455-6677-8899-aabbccddeeff')
  assert.equal(write(uuid, '00112233-4455-6677-8899-AABBCCDDEEFF').toString('hex'), '00112233445566778899aabbccddeeff')
  assert.deepEqual(write(of('long', 'timestamp-millis'), '2001-05-03T19:45:10.25+02:00'), write('long', 988_911_910_250))
  assert.deepEqual(write(of('long', 'timestamp-micros'), '2001-05-03 17:45:10.250001'), write('long', 988_911_910_250_001))
  for (const [schema, value] of [[of('long', 'timestamp-millis'), '2001-05-03T17:45:10.250001Z'], [of('int', 'date'), '2001-02-29'], [of('int', 'date'), '2001-05-03T00:00Z'], [of('bytes', 'decimal', { precision: 4, scale: 1 }), 1.25],
    [of('bytes', 'decimal', { precision: 3, scale: 1 }), 100], [uuid, '0'], [{ type: 'fixed', name: 'F', size: 1, logicalType: 'decimal', precision: 2 }, '1e3']] as const) {
    assert.throws(() => write(schema, value), mismatch(/belongs|no time|digits|finer/))
  }
  assert.throws(() => read(of('int', 'date'), write('int', 2_932_897)), mismatch(/years/))
})

test('resolution: what a reader sees of what another wrote, as avsc resolves it', () => {
  const cases: readonly (readonly [writer: unknown, reader: unknown, value: unknown])[] = [
    ['int', 'long', 5], ['int', 'double', -5], ['long', 'double', 2 ** 40], ['float', 'double', 0.5], ['int', ['null', 'double'], 7], [['null', 'int'], ['long', 'null'], 7], [['null', 'int'], ['long', 'null'], null],
    [record(['a', 'int'], ['b', 'string']), record(['b', 'string']), { a: 1, b: 'x' }],
    [record(['a', 'int'], ['b', 'string']), record(['b', 'string'], ['c', 'double', { default: 1.5 }], ['a', 'double']), { a: 1, b: 'x' }],
    [record(['a', 'int']), record(['new', 'int', { aliases: ['a'] }]), { a: 1 }],
    [record(['a', 'int']), { ...record(['a', 'int']), name: 'Other', aliases: ['R'] }, { a: 1 }],
    [record(['a', 'int']), record(['a', 'int'], ['list', { type: 'array', items: 'int' }, { default: [1, 2] }], ['map', { type: 'map', values: 'string' }, { default: { x: 'y' } }]), { a: 1 }],
    [record(['a', { type: 'enum', name: 'E', symbols: ['X', 'Y'] }]), record(['a', { type: 'enum', name: 'E', symbols: ['Y', 'X', 'Z'] }]), { a: 'Y' }],
    [record(['a', 'int'], ['next', ['null', 'R']]), record(['next', ['null', 'R'], { default: null }]), { a: 1, next: { a: 2, next: { a: 3, next: null } } }],
    [{ type: 'array', items: 'int' }, { type: 'array', items: 'double' }, [1, 2, 3]], [{ type: 'map', values: 'int' }, { type: 'map', values: ['null', 'int'] }, { a: 1 }],
  ]
  for (const [writer, reader, value] of cases) {
    const [from, to] = [codecOf(writer), codecOf(reader)], bytes = from.toBuffer(value)
    assert.deepEqual(plain(read(writer, bytes, reader)), plain(to.fromBuffer(bytes, to.createResolver(from))), JSON.stringify([writer, reader]))
  }
  assert.equal(read('string', write('string', 'gr\u00fc\u00df'), 'bytes'), Buffer.from('gr\u00fc\u00df').toString('base64'))
  assert.equal(read({ type: 'enum', name: 'E', symbols: ['X', 'Y'] }, Uint8Array.of(2), { type: 'enum', name: 'E', symbols: ['X'], default: 'X' }), 'X')
})

test('resolution: a default is a new object for every record', () => {
  const reader = avroReader(parseAvro(JSON.stringify(record(['a', 'int']))), parseAvro(JSON.stringify(record(['list', { type: 'array', items: 'int' }, { default: [1] }]))))
  const first = reader(Uint8Array.of(2), 0, 1) as { list: number[] }
  first.list.push(2)
  assert.deepEqual(reader(Uint8Array.of(2), 0, 1), { list: [1] })
})

test('resolution: schemas that cannot go together are refused, a branch that cannot be read only when it comes', () => {
  for (const [writer, reader, about] of [['string', 'int', /string cannot be read as int/], [record(['a', 'int']), record(['a', 'int'], ['b', 'int']), /'b' of 'R' is not written/], ['long', 'int', /long/],
    [record(['a', 'int']), { ...record(['a', 'int']), name: 'S' }, /'R' cannot be read as record 'S'/], ['double', ['null', 'int'], /none of null, int/]] as const) {
    assert.throws(() => read(writer, new Uint8Array(0), reader), about)
  }
  const part = [['int', 'string'], ['null', 'long']] as const
  assert.equal(read(part[0], Uint8Array.of(0, 10), part[1]), 5)
  assert.throws(() => read(part[0], Uint8Array.of(2, 0), part[1]), mismatch(/string/))
  assert.throws(() => read({ type: 'enum', name: 'E', symbols: ['X', 'Y'] }, Uint8Array.of(2), { type: 'enum', name: 'E', symbols: ['X'] }), mismatch(/'Y'/))
})

test('names: namespaces, references, aliases and recursion', () => {
  const inner = '{"type":"record","name":"Inner","namespace":"a.b","fields":[{"name":"x","type":"int"}]}', outer = '{"type":"record","name":"a.b.Outer","fields":[{"name":"one","type":"Inner"},{"name":"two","type":"a.b.Inner"}]}'
  assert.deepEqual(avroReader(parseAvro(outer, [inner]))(Uint8Array.of(2, 4), 0, 2), { one: { x: 1 }, two: { x: 2 } })
  for (const [schema, about] of [['{"type":"record","name":"R","fields":[{"name":"a","type":"Nowhere"}]}', /no type 'Nowhere'/], ['nonsense', /not JSON/], ['[["int"]]', /union/], ['["int","int"]', /two of a kind/], ['{"type":"record","name":"R"}', /no fields/],
    ['{"type":"record","name":"1R","fields":[]}', /no name/], ['{"type":"record","name":"R","fields":[{"name":"a b","type":"int"}]}', /no name/], ['{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}', /two fields/],
    ['{"type":"enum","name":"E","symbols":["A","A"]}', /symbols/], ['{"type":"fixed","name":"F","size":-1}', /size/], ['7', /a type is/], [`${'{"type":"array","items":'.repeat(200)}"int"${'}'.repeat(200)}`, /deeper/], ['{"type":"array"}', /a type is/]] as const) {
    assert.throws(() => parseAvro(schema), about, schema)
  }
  assert.equal(parseAvro('string').kind, 'string')
})

test('__proto__: as a field and as a key it is a name like any other', () => {
  const schema = record(['__proto__', 'int'], ['map', { type: 'map', values: 'int' }])
  const value = read(schema, write(schema, JSON.parse('{"__proto__":5,"map":{"__proto__":6}}'))) as object
  assert.equal(JSON.stringify(value), '{"__proto__":5,"map":{"__proto__":6}}')
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
})

test('hostile: lengths and counts of which the bytes are not there, depth, and what is left over are refused, at no cost', () => {
  const array = (items: unknown) => ({ type: 'array', items }), billion = [0xfe, 0xff, 0xff, 0xff, 0x0f]
  const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] }, endless = { type: 'record', name: 'E', fields: [{ name: 'e', type: 'E' }] }
  const cases: readonly (readonly [schema: unknown, bytes: readonly number[], about: RegExp])[] = [
    [array('int'), billion, /more items/], [array('null'), billion, /more items/], [array(record()), billion, /more items/], [{ type: 'map', values: 'null' }, billion, /more items/],
    [array('null'), Array.from({ length: 3000 }, () => [0xfe, 0xff, 0x0f]).flat(), /more items/], [array('int'), [...Array<number>(9).fill(0xff), 1], /absurd|more items/], [array('int'), Array<number>(12).fill(0xff), /64 bits/],
    ['string', billion, /ends in the middle/], ['bytes', [1], /negative/], ['string', [...Array<number>(9).fill(0xff), 1], /negative or absurd/], ['string', [4, 0xc3, 0x28], /UTF-8/],
    ['double', [1, 2, 3], /ends in the middle/], ['int', [0x80], /ends in the middle/], ['int', billion.map(byte => byte | 0x80), /ends in the middle/], ['int', [0xfe, 0xff, 0xff, 0xff, 0x7f], /32 bits/], ['boolean', [2], /boolean/],
    [['null', 'int'], [4], /no branch 2/], [['null', 'int'], [1], /no branch -1/], [{ type: 'enum', name: 'E', symbols: ['A'] }, [2], /no symbol 1/], ['int', [2, 2], /1 bytes are left over/],
    [list, Array<number>(100_000).fill(2), /deeper/], [endless, [], /deeper/], [{ type: 'fixed', name: 'F', size: 1e9 }, [1], /ends in the middle/],
  ]
  for (const [schema, bytes, about] of cases) assert.throws(() => read(schema, Uint8Array.from(bytes)), mismatch(about), JSON.stringify(schema))
  assert.deepEqual(read(array('null'), Uint8Array.of(4, 0)), [null, null])
})

test('fuzz: bytes that are anything, and values with a byte changed, are read or refused', () => {
  const schema = record(['id', 'long'], ['word', 'string'], ['raw', 'bytes'], ['list', { type: 'array', items: ['null', 'R', 'double', { type: 'map', values: 'float' }] }], ['kind', { type: 'enum', name: 'K', symbols: ['A', 'B'] }],
    ['fix', { type: 'fixed', name: 'F', size: 5 }], ['price', { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 10 }], ['day', { type: 'int', logicalType: 'date' }], ['at', { type: 'long', logicalType: 'local-timestamp-micros' }])
  const reader = avroReader(parseAvro(JSON.stringify(schema))), leaf = { id: 2 ** 40, word: 'word', raw: 'AQI=', list: [], kind: 'B', fix: 'AQIDBAU=', price: -1.5, day: '2001-05-03', at: '2001-05-03T17:45:10.000' }
  const good = write(schema, { ...leaf, list: [null, leaf, 1.5, { a: 2 }, { ...leaf, list: [leaf] }] })
  const survives = (bytes: Uint8Array): void => {
    try { JSON.stringify(reader(bytes, 0, bytes.length)) } catch (error) { assert.ok(error instanceof SluiceError && error.severity === 'record', String(error)) }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 2000 })
  fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
    const bytes = Uint8Array.from(good)
    bytes[at] = byte
    survives(bytes)
    survives(bytes.subarray(0, at))
  }), { numRuns: 3000 })
})

test('write: what does not fit is refused with its place, and never with its content', () => {
  const schema = record(['id', 'long'], ['trip', { type: 'record', name: 'T', fields: [{ name: 'km', type: 'double' }, { name: 'stops', type: { type: 'array', items: 'string' }, default: ['a'] }] }], ['note', ['null', 'string'], { default: null }])
  const good = { id: 1, trip: { km: 1, stops: ['x'] }, note: null }
  assert.deepEqual(read(schema, write(schema, good)), good)
  assert.deepEqual(read(schema, write(schema, { id: 1, trip: { km: 1 } })), { id: 1, trip: { km: 1, stops: ['a'] }, note: null })
  for (const [value, place, about] of [[{ ...good, id: 'secret' }, 'id', /'id': a string where a whole number/], [{ ...good, trip: { km: 'secret' } }, 'trip.km', /'trip.km'/], [{ ...good, trip: { km: 1, stops: ['x', 5] } }, 'trip.stops[1]', /a whole number where a text/],
    [{ ...good, trip: { km: null } }, 'trip.km', /null where a number/], [{ id: 1, note: null }, undefined, /'trip' of 'R' is absent/], [{ ...good, more: 'secret' }, undefined, /has no field 'more'/], [{ ...good, note: 5 }, 'note', /a whole number where a text/], ['secret', undefined, /a string where the record/]] as const) {
    assert.throws(() => write(schema, value), (error: unknown) => {
      assert.ok(error instanceof SluiceError)
      assert.match(error.message, about)
      assert.doesNotMatch(error.message, /secret/)
      assert.deepEqual([error.code, error.at], ['SLUICE_SCHEMA_MISMATCH', place])
      return true
    })
  }
  assert.deepEqual(write(schema, { ...good, __sluice: {} }, ['__sluice']), write(schema, good))
})

test('unions: the branch that says most about a value is written', () => {
  const other = { type: 'record', name: 'O', fields: [{ name: 'b', type: 'int' }] }, side = { type: 'enum', name: 'S', symbols: ['LEFT'] }
  const union = ['double', 'string', 'bytes', 'long', 'int', 'null', side, record(['a', 'int']), other, 'boolean', { type: 'array', items: 'int' }]
  for (const [value, branch] of [[1.5, 0], ['text', 1], ['QUI=', 1], [2 ** 40, 3], [5, 4], [null, 5], ['LEFT', 6], [{ a: 1 }, 7], [{ b: 1 }, 8], [true, 9], [[1], 10], ['9223372036854775807', 3]] as const) assert.equal(write(union, value)[0], branch * 2, JSON.stringify(value))
  assert.throws(() => write(union, { c: 1 }), mismatch(/none of/))
  assert.throws(() => write(['int', 'string'], null), mismatch(/null/))
})

test('defaults: written as the schema has them, of every kind', () => {
  const schema = record(['raw', 'bytes', { default: '\u00ff\u0001' }], ['fix', { type: 'fixed', name: 'F', size: 2 }, { default: '\u0000\u00fe' }], ['side', { type: 'enum', name: 'S', symbols: ['A', 'B'] }, { default: 'B' }], ['map', { type: 'map', values: 'int' }, { default: { x: 1 } }],
    ['inner', { type: 'record', name: 'I', fields: [{ name: 'a', type: 'int' }, { name: 'b', type: 'float', default: 0.5 }] }, { default: { a: 3 } }], ['day', { type: 'int', logicalType: 'date' }, { default: 1 }], ['either', ['string', 'null'], { default: 'x' }])
  assert.deepEqual(read(schema, write(schema, {})), { raw: '/wE=', fix: 'AP4=', side: 'B', map: { x: 1 }, inner: { a: 3, b: 0.5 }, day: '1970-01-02', either: 'x' })
  assert.deepEqual(read(record(), new Uint8Array(0), schema), { raw: '/wE=', fix: 'AP4=', side: 'B', map: { x: 1 }, inner: { a: 3, b: 0.5 }, day: '1970-01-02', either: 'x' })
})
