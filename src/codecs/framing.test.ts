import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../core/index.ts'
import { copyHeaders, frameBytes, readFrame, readIndexes, SCHEMA_HEADER } from './framing.ts'
import type { Frame } from './framing.ts'
import { readHeaders, writeHeaders } from './headers.ts'
import type { Header } from './headers.ts'
import { Packer, partOf } from './pack.ts'

function recordsOf(value: Uint8Array, headers?: readonly Header[] | Uint8Array) {
  const packer = new Packer(1, 0)
  packer.row(0)
  packer.append(Uint8Array.of(1, 2, 3))
  if (headers !== undefined) {
    const at = packer.length
    if (headers instanceof Uint8Array) packer.append(headers)
    else writeHeaders(packer, headers)
    packer.setHeaders(at)
  }
  const at = packer.length
  packer.append(value)
  packer.setValue(at)
  return packer.finish()
}
function frameOf(value: Uint8Array, headers?: readonly Header[] | Uint8Array) {
  const records = recordsOf(value, headers), frame: Frame = { schema: -1, after: -1, inHeader: false, end: -1 }
  readFrame(records, 0, frame)
  return { ...frame, after: frame.after - (frame.inHeader ? 0 : records.values.start[0]!), left: frame.end - frame.after }
}
const GUID = '89791762-2336-4186-9674-299b90a802e2'
const header = (value: Uint8Array | null): Header => ({ name: SCHEMA_HEADER, value })
const refused = (value: Uint8Array, headers?: readonly Header[]): true => {
  assert.throws(() => frameOf(value, headers), (error: unknown) => error instanceof SluiceError && error.code === 'SLUICE_SCHEMA_MISMATCH')
  return true
}

test('v0: byte 0 and an id of 32 bits, big endian', () => {
  assert.deepEqual(frameOf(Uint8Array.of(0, 0, 0, 1, 2, 7)), { schema: 258, after: 5, inHeader: false, end: 9, left: 1 })
  assert.equal(frameOf(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)).schema, 4_294_967_295)
  assert.deepEqual([new Uint8Array(0), Uint8Array.of(0, 0, 0, 1), Uint8Array.of(1, 0, 0, 0, 1), new TextEncoder().encode('{"a":1}')].map(value => refused(value)), [true, true, true, true])
})

test('v1: the last header of that name counts, and the value is the payload', () => {
  const id = frameBytes(GUID)
  assert.deepEqual([...id.subarray(0, 3)], [1, 0x89, 0x79])
  const { schema, inHeader, left } = frameOf(Uint8Array.of(0, 0, 0, 0, 9), [header(Uint8Array.of(0, 0, 0, 0, 1)), { name: 'other', value: null }, header(id), { name: 'after', value: Uint8Array.of(5) }])
  assert.deepEqual([schema, inHeader, left], [GUID, true, 0])
  assert.deepEqual(frameOf(Uint8Array.of(9), [header(Uint8Array.of(0, 0, 0, 0, 7))]).schema, 7)
  assert.equal(frameOf(Uint8Array.of(0, 0, 0, 0, 9), [{ name: '__key_schema_id', value: id }]).schema, 9)
  assert.equal(frameOf(Uint8Array.of(0, 0, 0, 0, 9), [header(null)]).schema, 9)
  assert.ok(refused(Uint8Array.of(0, 0, 0, 0, 9), [header(Uint8Array.of(1, 2))]))
  assert.ok(refused(Uint8Array.of(0, 0, 0, 0, 9), [header(new Uint8Array(0))]))
})

test('headers-broken: a block that lies about its lengths is read to its end and no further', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), block => {
    try { frameOf(Uint8Array.of(0, 0, 0, 0, 9), block) } catch (error) { assert.ok(error instanceof SluiceError) }
  }), { numRuns: 2000 })
  const name = new TextEncoder().encode(SCHEMA_HEADER)
  assert.equal(frameOf(Uint8Array.of(0, 0, 0, 0, 9), Uint8Array.of(2, name.length * 2, ...name, 34, 1)).schema, 9)
})

test('indexes: the short form, zig-zag, and the plain varints of older clients', () => {
  const read = (...bytes: readonly number[]) => {
    const into = { at: -1 }, indexes = readIndexes(Uint8Array.from(bytes), 0, bytes.length, into)
    return indexes === undefined ? undefined : [[...indexes], into.at]
  }
  assert.deepEqual(read(0, 8, 1), [[0], 1])
  assert.deepEqual(read(2, 0), [[0], 2])
  assert.deepEqual(read(2, 2, 9), [[1], 2])
  assert.deepEqual(read(4, 2, 0x80, 1), [[1, 64], 4])
  assert.deepEqual(read(1, 0, 8), [[0], 2])
  assert.deepEqual(read(1, 1), [[1], 2])
  assert.deepEqual(read(3, 1, 0, 2), [[1, 0, 2], 4])
  for (const bytes of [[], [2], [1], [1, 0x80], [2, 1], [2, 0x80], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff], [128, 8, 0]]) assert.equal(read(...bytes), undefined, bytes.join())
  fc.assert(fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 8 }), indexes => {
    const bytes = frameBytes(7, indexes)
    assert.deepEqual(read(...bytes.subarray(5)), [indexes, bytes.length - 5])
  }))
})

test('stale-id: headers are copied but for the schema that the value before had', () => {
  const others = [{ name: 'a', value: Uint8Array.of(1) }, { name: 'a', value: null }], old = header(frameBytes(GUID))
  const copied = (headers: readonly Header[] | undefined, id?: Uint8Array) => {
    const packer = new Packer(1, 0)
    packer.row(0)
    copyHeaders(recordsOf(Uint8Array.of(1), headers), 0, packer, id)
    const block = partOf(packer.finish(), packer.finish().headers, 0)
    return block === null ? null : readHeaders(block, 0, block.length).map(({ name, value }) => [name, value === null ? null : [...value].join()])
  }
  assert.equal(copied(undefined), null)
  assert.deepEqual(copied(others), [['a', '1'], ['a', null]])
  assert.deepEqual(copied([old, ...others, old]), [['a', '1'], ['a', null]])
  assert.deepEqual(copied([old, ...others], Uint8Array.of(9)), [['a', '1'], ['a', null], [SCHEMA_HEADER, '9']])
  assert.deepEqual(copied(undefined, Uint8Array.of(9)), [[SCHEMA_HEADER, '9']])
})
