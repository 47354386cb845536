import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUbjson } from './ubjson.ts'

const bytes = (...parts: (string | number | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap(part => typeof part === 'string' ? Array.from(new TextEncoder().encode(part)) : part))
const long = (n: number): number[] => [0, 0, 0, 0, n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]

test('numbers of every type, big-endian', () => {
  const source = bytes('[', 'i', 255, 'U', 255, 'I', [255, 254], 'u', [255, 254], 'l', [255, 255, 255, 253], 'm', [255, 255, 255, 253], 'L', [255, 255, 255, 255, 255, 255, 255, 252], 'd', [0x3f, 0xc0, 0, 0], 'D', [0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], 'T', 'F', 'Z', 'C', 'x', ']')
  assert.deepEqual(readUbjson(source), [-1, 255, -2, 65534, -3, 4294967293, -4, 1.5, 0.1, true, false, null, 'x'])
})

test('typed arrays: each type, also at an odd place', () => {
  const arrays: [string, number[], ArrayLike<number>][] = [
    ['i', [255, 1], Int8Array.of(-1, 1)], ['U', [255, 1], Uint8Array.of(255, 1)], ['I', [255, 255, 0, 1], Int16Array.of(-1, 1)],
    ['u', [255, 255, 0, 1], Uint16Array.of(65535, 1)], ['l', [255, 255, 255, 255, 0, 0, 0, 1], Int32Array.of(-1, 1)],
    ['m', [255, 255, 255, 255, 0, 0, 0, 1], Uint32Array.of(4294967295, 1)], ['L', [...long(7), ...long(9)], Float64Array.of(7, 9)],
    ['d', [0x3f, 0xc0, 0, 0, 0xbf, 0xc0, 0, 0], Float32Array.of(1.5, -1.5)], ['D', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xbf, 0xf8, 0, 0, 0, 0, 0, 0], Float64Array.of(1.5, -1.5)],
  ]
  for (const [type, payload, expected] of arrays) assert.deepEqual(readUbjson(bytes('[$', type, '#L', long(2), payload)), expected, type)
})

test('objects and arrays, counted and closed', () => {
  const text = (word: string): (string | number)[] => ['U', word.length, word]
  const expected = { a: ['é'], b: {} }
  const closed = bytes('{', ...text('a'), '[', 'S', 'U', 2, 'é', ']', ...text('b'), '{', '}', '}')
  const counted = bytes('{#U', 2, ...text('a'), '[#U', 1, 'S', 'U', 2, 'é', ...text('b'), '{#U', 0)
  assert.deepEqual(JSON.parse(JSON.stringify(readUbjson(closed))), expected)
  assert.deepEqual(JSON.parse(JSON.stringify(readUbjson(counted))), expected)
})

test('hostile: lengths, types and nesting that would take memory or time without end', () => {
  const hostile: [RegExp, Uint8Array][] = [
    [/more bytes/, bytes('{L', long(0x7fffffff), 'a')],
    [/negative/, bytes('Si', 255, 'a')],
    [/negative/, bytes('[$d#l', [255, 255, 255, 255])],
    [/longer than the file/, bytes('[$d#L', long(0x7fffffff))],
    [/longer than the file/, bytes('[#L', long(0x7fffffff), 'Z')],
    [/not known/, bytes('[$Z#L', long(0x7fffffff))],
    [/not known/, bytes('[$[#L', long(3))],
    [/too large/, bytes('[$d#L', [127, 255, 255, 255, 255, 255, 255, 255])],
    [/levels of nesting/, bytes('['.repeat(100_000))],
    [/levels of nesting/, bytes('{U\0'.repeat(100_000))],
    [/not an integer/, bytes('Sd', [0x3f, 0xc0, 0, 0])],
    [/not UTF-8/, bytes('SU', 1, 255)],
    [/no length/, bytes('[$d', 'L')],
    [/where a number belongs/, bytes('q')],
    [/more bytes/, bytes()],
    [/more bytes/, bytes('[#U', 2, 'U', 1, 'U')],
  ]
  for (const [what, source] of hostile) assert.throws(() => readUbjson(source), (error: unknown) => error instanceof RangeError && what.test(error.message), what.source)
})

test('__proto__ is a key like any other', () => {
  const value = readUbjson(bytes('{', 'U', 9, '__proto__', 'U', 1, '}')) as { [key: string]: unknown }
  assert.deepEqual(Object.keys(value), ['__proto__'])
})
