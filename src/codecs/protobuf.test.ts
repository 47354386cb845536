import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../core/index.ts'
import { Packer } from './pack.ts'
import { openProtobuf } from './protobuf.ts'
import type { ProtobufCodec } from './protobuf.ts'
import { fitted } from './unfit.ts'

const decode = (codec: ProtobufCodec, ...bytes: readonly number[]): unknown => codec.decode(Uint8Array.from(bytes), 0, bytes.length)
function encode(codec: ProtobufCodec, value: unknown): Uint8Array {
  const packer = new Packer(1, 0)
  fitted('the schema', () => { codec.encode(value, packer) })
  return packer.bytes.slice(0, packer.length)
}
const open = async (text: string, name?: string): Promise<ProtobufCodec> => (await openProtobuf(text)).named(name)!
const mismatch = (about: RegExp) => (error: unknown): true => {
  assert.ok(error instanceof SluiceError, String(error))
  assert.deepEqual([error.code, error.severity], ['SLUICE_SCHEMA_MISMATCH', 'record'])
  assert.match(error.message, about)
  return true
}

test('absent: without presence its default, with presence null, in proto2 the default that is declared', async () => {
  const three = await open('syntax = "proto3"; enum E { ZERO = 0; ONE = 1; } message M { int32 a = 1; optional int32 b = 2; string c = 3; bytes d = 4; E e = 5; repeated int32 f = 6; map<string, int32> g = 7; M h = 8; oneof o { int32 i = 9; } bool j = 10; int64 k = 11; double l = 12; }')
  assert.deepEqual(decode(three), { a: 0, b: null, c: '', d: '', e: 'ZERO', f: [], g: {}, h: null, i: null, j: false, k: 0, l: 0 })
  assert.deepEqual(encode(three, decode(three)), new Uint8Array(0))
  assert.deepEqual((decode(three, 0x10, 0, 0x48, 0) as { b: number; i: number }), { a: 0, b: 0, c: '', d: '', e: 'ZERO', f: [], g: {}, h: null, i: 0, j: false, k: 0, l: 0 })
  const two = await open('syntax = "proto2"; enum E { ONE = 1; TWO = 2; } message M { optional int32 a = 1 [default = 7]; optional string b = 2 [default = "x"]; optional E c = 3 [default = TWO]; optional int64 d = 4; optional bytes e = 5 [default = "hi"]; optional int64 f = 6 [default = 1099511627776]; }')
  assert.deepEqual(decode(two), { a: 7, b: 'x', c: 'TWO', d: null, e: 'aGk=', f: 1_099_511_627_776 })
  const editions = await open('edition = "2023"; message M { int32 a = 1; int32 b = 2 [features.field_presence = IMPLICIT]; }')
  assert.deepEqual(decode(editions), { a: null, b: 0 })
})

test('required: one that is absent is refused, read or written', async () => {
  const codec = await open('syntax = "proto2"; message M { required int32 a = 1; optional int32 b = 2; }')
  assert.throws(() => decode(codec, 0x10, 1), mismatch(/required 'a'/))
  assert.throws(() => encode(codec, { b: 1 }), mismatch(/'a' of 'M' is required/))
})

test('last-one-wins: repeated fields of one, members of a oneof, and messages that come in parts', async () => {
  const codec = await open('syntax = "proto3"; message M { int32 a = 1; oneof o { int32 b = 2; int32 c = 3; } M d = 4; }')
  assert.deepEqual(decode(codec, 8, 1, 8, 2, 0x10, 5, 0x18, 6), { a: 2, b: null, c: 6, d: null })
  assert.deepEqual((decode(codec, 0x22, 2, 8, 7, 0x22, 2, 0x10, 9) as { d: unknown }).d, { a: 7, b: 9, c: null, d: null })
})

test('unknown: fields and enum numbers that the schema does not have', async () => {
  const codec = await open('syntax = "proto3"; enum E { ZERO = 0; } message M { E e = 1; repeated E f = 2; }')
  assert.deepEqual(decode(codec, 8, 9, 0x12, 2, 0, 8, 0x98, 6, 1, 0x7a, 1, 0), { e: 9, f: ['ZERO', 8] })
  assert.deepEqual(encode(codec, { e: 9, f: ['ZERO', 8] }), Uint8Array.of(8, 9, 0x12, 2, 0, 8))
})

test('numbers: all of 64 bits are exact, both ways', async () => {
  const codec = await open('syntax = "proto3"; message M { int64 a = 1; uint64 b = 2; sint64 c = 3; fixed64 d = 4; sfixed64 e = 5; map<int64, uint64> f = 6; }')
  const exact = (value: bigint): number | string => value <= 2n ** 53n - 1n && value >= -(2n ** 53n - 1n) ? Number(value) : String(value)
  const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(exact), unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(exact)
  fc.assert(fc.property(signed, unsigned, signed, unsigned, signed, signed, unsigned, (a, b, c, d, e, key, value) => {
    const whole = { a, b, c, d, e, f: { [String(key)]: value } }, bytes = encode(codec, whole)
    assert.deepEqual(codec.decode(bytes, 0, bytes.length), whole)
  }), { numRuns: 300 })
  for (const value of [{ a: 1.5 }, { a: '9223372036854775808' }, { b: -1 }, { b: '-1' }, { a: 2 ** 53 }, { f: { x: 1 } }, { f: { 1: -1 } }]) assert.throws(() => encode(codec, value), mismatch(/int64/))
})

test('write: what does not fit is refused with its place, and never with its content', async () => {
  const codec = await open('syntax = "proto3"; enum E { ZERO = 0; } message M { int32 a = 1; Trip trip = 2; message Trip { double km = 1; repeated string stops = 2; } E e = 3; bytes b = 4; oneof o { int32 c = 5; bool d = 6; } uint32 u = 7; map<string, int32> m = 8; }')
  const cases: readonly (readonly [object, string | undefined, RegExp])[] = [[{ a: 'secret' }, 'a', /a string where a number of type int32/], [{ a: 2 ** 31 }, 'a', /int32/], [{ trip: { km: 'secret' } }, 'trip.km', /number/], [{ trip: { stops: ['x', 5] } }, 'trip.stops[1]', /text/],
    [{ e: 'secret' }, 'e', /no name of 'E'/], [{ b: 'se?ret' }, 'b', /base64/], [{ c: 1, d: true }, undefined, /'c' and 'd' exclude/], [{ u: -1 }, 'u', /uint32/], [{ more: 'secret' }, undefined, /no field 'more'/], [{ trip: 'secret' }, 'trip', /message 'Trip'/], [{ m: { x: 'secret' } }, 'm.x', /int32/], [[], undefined, /an array where the message/]]
  for (const [value, place, about] of cases) {
    assert.throws(() => encode(codec, value), (error: unknown) => {
      mismatch(about)(error)
      assert.equal((error as SluiceError).at, place)
      assert.doesNotMatch((error as SluiceError).message, /secret/)
      return true
    })
  }
  const ignoring = (await openProtobuf('syntax = "proto3"; message M { int32 a = 1; }', [], ['__sluice'])).named()!
  assert.deepEqual(encode(ignoring, { a: 1, __sluice: { model: 'x' } }), Uint8Array.of(8, 1))
})

test('well-known types: as their JSON mapping has them, both ways', async () => {
  const codec = await open(`syntax = "proto3"; ${['timestamp', 'duration', 'struct', 'wrappers', 'empty', 'any', 'field_mask'].map(name => `import "google/protobuf/${name}.proto";`).join(' ')}
    message M { google.protobuf.Timestamp at = 1; google.protobuf.Duration d = 2; google.protobuf.Value v = 3; google.protobuf.ListValue l = 4; google.protobuf.StringValue s = 5; google.protobuf.BoolValue b = 6; google.protobuf.BytesValue y = 7; google.protobuf.UInt64Value u = 8; google.protobuf.Empty e = 9; google.protobuf.Any any = 10; repeated google.protobuf.Timestamp all = 11; }`)
  const values = { at: '2001-05-03T17:45:10.000001Z', d: '-1.500s', v: { a: [1, null, 'x', true, {}] }, l: [1, [2]], s: '', b: false, y: 'AQ==', u: '18446744073709551615', e: {}, any: { type_url: 'x/y', value: 'AQ==' }, all: ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z', '1969-12-31T23:59:59.500Z'] }
  const bytes = encode(codec, values)
  assert.deepEqual(codec.decode(bytes, 0, bytes.length), values)
  const other = encode(codec, { at: '2001-05-03T19:45:10.5+02:00', v: null, s: null, all: [0, -500, 988_911_910_250] })
  assert.deepEqual(codec.decode(other, 0, other.length), { at: '2001-05-03T17:45:10.500Z', d: null, v: null, l: null, s: null, b: null, y: null, u: null, e: null, any: null, all: ['1970-01-01T00:00:00Z', '1969-12-31T23:59:59.500Z', '2001-05-03T17:45:10.250Z'] })
  for (const value of [{ at: 'x' }, { d: '1' }, { d: 1 }, { l: {} }, { u: -1 }, { at: '2001-05-03T17:45:10' }]) assert.throws(() => encode(codec, value), mismatch(/belong/))
  const long = encode(await open('syntax = "proto3"; message T { int64 seconds = 1; } message M { T at = 1; }', 'M'), { at: { seconds: '999999999999999' } })
  assert.throws(() => codec.decode(long, 0, long.length), mismatch(/Timestamp/))
})

test('messages: found by their place in the file and by their name, also when a package is in several files', async () => {
  const other = { name: 'other.proto', text: 'syntax = "proto3"; package p; message Before { int32 z = 1; }' }
  const file = await openProtobuf('syntax = "proto3"; package p; import "other.proto"; import public "nowhere.proto"; message A { enum E { X = 0; } message B { int32 x = 1; } message C { message D { int32 y = 1; } } Before b = 1; } enum F { Y = 0; } message G { }', [other])
  assert.deepEqual(['p.A', 'p.A.B', 'p.A.C', 'p.A.C.D', 'p.G'].map(name => file.named(name)?.indexes), [[0], [0, 0], [0, 1], [0, 1, 0], [1]])
  assert.deepEqual([[0], [0, 1, 0], [1]].map(indexes => file.at(indexes)?.name), ['p.A', 'p.A.C.D', 'p.G'])
  assert.deepEqual([[2], [0, 2], [1, 0], []].map(indexes => file.at(indexes)), [undefined, undefined, undefined, undefined])
  assert.deepEqual([file.named()?.name, file.named('D')?.name, file.named('Before')], ['p.A', 'p.A.C.D', undefined])
})

test('schema-broken: a file that cannot be read, or uses what is not there, is refused whole', async () => {
  for (const text of ['message {', 'syntax = "proto3"; message M { Nowhere a = 1; }', 'syntax = "proto3"; import "nowhere.proto"; message M { other.Place a = 1; }', '{"type":"record"}']) await assert.rejects(openProtobuf(text), text)
})

test('hostile: depth, groups without an end, lengths that are not there, and names that are traps', async () => {
  const codec = await open('syntax = "proto3"; message M { M next = 1; repeated int32 packed = 2; string s = 3; map<string, int32> constructor = 4; int32 __proto__ = 5; }')
  let deep: number[] = []
  for (let i = 0; i < 3000; i++) {
    const size: number[] = []
    let rest = deep.length
    for (; rest > 127; rest >>>= 7) size.push((rest & 127) | 128)
    deep = [10, ...size, rest].concat(deep)
  }
  const cases = [deep, Array<number>(100_000).fill(0x7b), [0x7b], [0x7c], [0x12, 0xff, 0xff, 0xff, 0xff, 7], [0x1a, 0xff, 0xff, 0xff, 0xff, 15, 65], [0x1a, 2, 0xff, 0xfe], [8, 1], [0], [7], [0xff], [0x12, 1, 0x80], Array<number>(20).fill(0xff)]
  let refused = 0
  for (const bytes of cases) try { decode(codec, ...bytes.slice(0, 60_000)) } catch (error) { mismatch(/./)(error); refused++ }
  assert.ok(refused >= cases.length - 2, `${refused} of ${cases.length}`)            // a field of another wire type is an unknown one
  const trap = decode(codec, 0x22, 13, 10, 9, ...Buffer.from('__proto__'), 0x10, 1, 0x28, 6) as object
  assert.equal(JSON.stringify(trap), '{"next":null,"packed":[],"s":"","constructor":{"__proto__":1}}')
  assert.equal(Object.getPrototypeOf(trap), Object.prototype)
})

test('fuzz: bytes that are anything, and values with a byte changed, are read or refused', async () => {
  const codec = await open('syntax = "proto3"; import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto"; message M { int64 a = 1; string s = 2; repeated double d = 3; map<int64, M> m = 4; google.protobuf.Struct any = 5; google.protobuf.Timestamp t = 6; bytes b = 7; oneof o { M x = 8; bool y = 9; } }')
  const good = encode(codec, { a: '-9223372036854775808', s: 'gr\u00fc\u00df', d: [1, 2], m: { 7: { a: 1 }, '-1': {} }, any: { a: [1, { b: null }] }, t: '2001-05-03T17:45:10Z', b: 'AQI=', x: { y: true } })
  const survives = (bytes: Uint8Array): void => {
    try { JSON.stringify(codec.decode(bytes, 0, bytes.length)) } catch (error) { assert.ok(error instanceof SluiceError && error.severity === 'record', String(error)) }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 2000 })
  fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
    const bytes = Uint8Array.from(good)
    bytes[at] = byte
    survives(bytes)
    survives(bytes.subarray(0, at))
  }), { numRuns: 3000 })
})
