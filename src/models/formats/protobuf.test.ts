import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { SluiceError } from '../../core/errors.ts'
import { eachField } from './protobuf.ts'
import type { Field } from './protobuf.ts'

const types = protobuf.parse(`syntax = "proto3"; message Inner { string name = 1; Inner inner = 2; }
  message All { int64 i = 1; float f = 2; double d = 3; bytes b = 4; string s = 5; Inner inner = 6; repeated int64 is = 7; repeated float fs = 8;
    repeated double ds = 9; bool yes = 10; repeated int64 loose = 11 [packed=false]; int32 far = 536870911; }`).root
const written = (value: object): Uint8Array => types.lookupType('All').encode(types.lookupType('All').fromObject(value)).finish()

test('every kind of field is read as another writer wrote it', () => {
  const int = fc.maxSafeInteger(), float = fc.float({ noNaN: true }), double = fc.double({ noNaN: true })
  fc.assert(fc.property(fc.record({ i: int, f: float, d: double, s: fc.string({ unit: 'grapheme' }), b: fc.uint8Array(), is: fc.array(int), fs: fc.array(float), ds: fc.array(double), loose: fc.array(int), yes: fc.boolean(), far: fc.integer() }), value => {
    const longs = (list: number[]): string[] => list.map(String)
    const found = { i: 0, f: 0, d: 0, s: '', b: new Uint8Array(), is: [] as number[], fs: [] as number[], ds: [] as number[], loose: [] as number[], yes: false, far: 0 }
    eachField('f', written({ ...value, i: String(value.i), is: longs(value.is), loose: longs(value.loose), inner: { name: 'x', inner: { name: 'y' } } }), 'all', field => {
      switch (field.number) {
        case 1: found.i = field.int(); break
        case 2: found.f = field.float(); break
        case 3: found.d = field.double(); break
        case 4: found.b = new Uint8Array(field.bytes()); break
        case 5: found.s = field.text(); break
        case 7: field.ints(found.is); break
        case 8: field.floats(found.fs); break
        case 9: field.doubles(found.ds); break
        case 10: found.yes = field.int() !== 0; break
        case 11: field.ints(found.loose); break
        case 536870911: found.far = field.int(); break
      }
    })
    const positive = (v: unknown): unknown => JSON.parse(JSON.stringify(v))
    assert.deepEqual(positive(found), positive(value))
  }), { numRuns: 200, seed: 5 })
})

test('the largest and the smallest integer are the nearest doubles', () => {
  const found: number[] = []
  eachField('f', written({ is: ['9223372036854775807', '-9223372036854775808', '-1'] }), 'all', field => field.ints(found))
  assert.deepEqual(found, [2 ** 63, -(2 ** 63), -1])
})

function throughAll(field: Field): void {
  if (field.wire === 'varint') field.int()
  else if (field.wire === 'fixed32') field.float()
  else if (field.wire === 'fixed64') field.double()
  else if (field.number === 6 || field.number === 2) field.message('inner', throughAll)
  else if (field.number === 7) field.ints([])
  else if (field.number === 8) field.floats([])
  else if (field.number === 9) field.doubles([])
  else field.text()
}
const refused = (bytes: Uint8Array, what: RegExp): void => assert.throws(() => eachField('f', bytes, 'all', throughAll), (error: SluiceError) => error.code === 'SLUICE_MODEL_BROKEN' && what.test(error.message))

test('what is damaged is refused: lengths, wire types, texts, depth', () => {
  refused(Uint8Array.of(0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0), /longer than/)
  refused(Uint8Array.of(0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0), /no file has/)
  refused(Uint8Array.of(0x08, ...new Uint8Array(11).fill(0x80)), /ten bytes/)
  refused(Uint8Array.of(0x08, 0x80), /cut off/)
  refused(Uint8Array.of(0x3a, 1, 0x80, 1), /cut off/)
  refused(Uint8Array.of(0x0b), /no field begins/)
  refused(Uint8Array.of(0x00, 0), /no field begins/)
  refused(Uint8Array.of(0x11, 1, 2), /longer than/)
  refused(Uint8Array.of(0x42, 3, 1, 2, 3), /numbers of 4/)
  refused(Uint8Array.of(0x2a, 1, 0xff), /UTF-8/)
  let nested = new Uint8Array()
  for (let i = 0; i < 70; i++) nested = Uint8Array.of(0x12, ...(nested.length < 128 ? [nested.length] : [nested.length & 127 | 128, nested.length >> 7]), ...nested)
  refused(nested, /deep/)
  assert.throws(() => eachField('f', Uint8Array.of(0x08, 1), 'all', field => field.text()), /wire type varint where length/)
})

test('random bytes are read or refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
    try {
      eachField('f', bytes, 'all', throughAll)
    } catch (error) {
      assert.ok(error instanceof SluiceError && error.code === 'SLUICE_MODEL_BROKEN')
    }
  }), { numRuns: 200, seed: 6 })
})
