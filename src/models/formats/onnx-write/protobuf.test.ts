import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachField } from '../protobuf.ts'
import type { Field } from '../protobuf.ts'
import { bytesOf, Message } from './protobuf.ts'

function fieldsOf(message: Message): [number, unknown][] {
  const found: [number, unknown][] = []
  const value = (field: Field): unknown => field.wire === 'varint' ? field.int() : field.wire === 'fixed32' ? field.float() : [...field.bytes()]
  eachField('test', message.done(), 'message', field => { found.push([field.number, value(field)]) })
  return found
}

test('what is written is what the reader reads: numbers of any size, below 0, texts, messages, lists', () => {
  const numbers = [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER, -1, -2, -(2 ** 31)]
  const message = new Message()
  for (const [i, number] of numbers.entries()) message.int(i + 1, number)
  assert.deepEqual(fieldsOf(message), numbers.map((number, i) => [i + 1, number]))
  assert.deepEqual(fieldsOf(new Message().float(3, 0.1).text(200, 'ä')), [[3, Math.fround(0.1)], [200, [0xc3, 0xa4]]])

  const ints: number[] = [], floats: number[] = []
  const lists = new Message().ints(7, [5, -5, 1000]).floats(8, [1.5, NaN, -Infinity]).message(9, new Message().int(1, 2))
  eachField('test', lists.done(), 'message', field => {
    if (field.number === 7) field.ints(ints)
    else if (field.number === 8) field.floats(floats)
    else field.message('inner', inner => { assert.deepEqual([inner.number, inner.int()], [1, 2]) })
  })
  assert.deepEqual([ints, floats], [[5, -5, 1000], [1.5, NaN, -Infinity]])
})

test('a message grows, and what was added before stays', () => {
  const message = new Message(), long = new Uint8Array(1000).map((_, i) => i)
  for (let i = 1; i <= 100; i++) message.bytes(i, long)
  const fields = fieldsOf(message)
  assert.equal(fields.length, 100)
  for (const [, bytes] of fields) assert.deepEqual(bytes, [...long])
})

test('numbers are little-endian', () => {
  assert.deepEqual([...bytesOf(Float32Array.of(1))], [0, 0, 0x80, 0x3f])
  assert.deepEqual([...bytesOf(Float64Array.of(-2))], [0, 0, 0, 0, 0, 0, 0, 0xc0])
  assert.deepEqual([...bytesOf(BigInt64Array.of(-2n))], [0xfe, 255, 255, 255, 255, 255, 255, 255])
})
