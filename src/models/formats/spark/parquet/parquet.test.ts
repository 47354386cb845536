import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableOf } from './table.ts'
import type { Nested } from './table.ts'

/* Files made by hand, byte by byte: thrift's compact protocol, and pages. */

const varint = (value: number): number[] => value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))]
const zigzag = (value: number): number[] => varint(value < 0 ? -2 * value - 1 : 2 * value)
type Field = number | string | boolean | readonly Field[] | { readonly [number: string]: Field }
const typeOf = (field: Field): number => typeof field === 'number' ? 5 : typeof field === 'boolean' ? (field ? 1 : 2) : typeof field === 'string' ? 8 : Array.isArray(field) ? 9 : 12
function thrift(field: Field): number[] {
  if (typeof field === 'number') return zigzag(field)
  if (typeof field === 'boolean') return []
  if (typeof field === 'string') return [...varint(new TextEncoder().encode(field).length), ...new TextEncoder().encode(field)]
  if (Array.isArray(field)) return [15 << 4 | typeOf((field as readonly Field[])[0] ?? 0), ...varint(field.length), ...(field as readonly Field[]).flatMap(thrift)]
  const entries = Object.entries(field as { readonly [number: string]: Field })
  return [...entries.flatMap(([number, value]) => [typeOf(value), ...zigzag(Number(number)), ...thrift(value)]), 0]
}
const word = (value: number): number[] => [value & 255, value >> 8 & 255, value >> 16 & 255, value >>> 24]
const doubles = (...values: readonly number[]): number[] => [...new Uint8Array(Float64Array.from(values).buffer)]
const prefixed = (bytes: readonly number[]): number[] => [...word(bytes.length), ...bytes]
const text = (value: string): number[] => prefixed([...new TextEncoder().encode(value)])

const DOUBLE = 5, INT = 1, LONG = 2, TEXT = 6, FLAG = 0, PLAIN = 0, RLE = 3, DICTIONARY = 8
interface Page { readonly count: number; readonly body: readonly number[]; readonly encoding?: number; readonly kind?: 'data' | 'dictionary' | 'data2'; readonly levels?: readonly [repetition: number, definition: number]; readonly size?: number; readonly packed?: number }

function page({ count, body, encoding = PLAIN, kind = 'data', levels = [0, 0], size = body.length, packed = body.length }: Page): number[] {
  const head = kind === 'data' ? { 5: { 1: count, 2: encoding, 3: RLE, 4: RLE } } : kind === 'dictionary' ? { 7: { 1: count, 2: encoding } } : { 8: { 1: count, 2: 0, 3: count, 4: encoding, 5: levels[1], 6: levels[0] } }
  return [...thrift({ 1: kind === 'data' ? 0 : kind === 'dictionary' ? 2 : 3, 2: size, 3: packed, ...head }), ...body]
}

/** [name, repetition (0 required, 1 optional, 2 repeated), type or how many children] */
type Element = readonly [name: string, repetition: number, of: { readonly type: number } | { readonly children: number }]
interface Column { readonly elements: readonly Element[]; readonly type: number; readonly values: number; readonly pages: readonly Page[]; readonly codec?: number; readonly end?: number }

function parquet(rows: number, { elements, type, values, pages, codec = 0, end = 0 }: Column): Uint8Array {
  const data = pages.flatMap(page)
  const schema = [{ 4: 'root', 5: 1 }, ...elements.map(([name, repetition, of]) => ({ ...('type' in of ? { 1: of.type } : {}), 3: repetition, 4: name, ...('children' in of ? { 5: of.children } : {}) }))]
  const footer = thrift({ 1: 1, 2: schema, 3: rows, 4: [{ 1: [{ 2: 4, 3: { 1: type, 2: [0], 3: ['x'], 4: codec, 5: values, 6: data.length, 7: data.length + end, 9: 4 } }], 2: data.length, 3: rows }] })
  return Uint8Array.from([80, 65, 82, 49, ...data, ...footer, ...word(footer.length), 80, 65, 82, 49])
}
const column = async (name: string, ...files: readonly Uint8Array[]): Promise<readonly Nested[] | undefined> => (await tableOf(files.map((bytes, i) => ({ name: `part-${i}`, bytes })), 'data')).column(name)
const flat = (type: number, count: number, pages: readonly Page[], more: Partial<Column> = {}): Uint8Array => parquet(count, { elements: [['x', 0, { type }]], type, values: count, pages, ...more })

test('types: numbers, texts, true and false, of one page and of several, of several files', async () => {
  assert.deepEqual(await column('x', flat(DOUBLE, 3, [{ count: 2, body: doubles(1.5, -0) }, { count: 1, body: doubles(NaN) }]), flat(DOUBLE, 1, [{ count: 1, body: doubles(7) }])), [1.5, -0, NaN, 7])
  assert.deepEqual(await column('x', flat(INT, 2, [{ count: 2, body: [...word(5), ...word(-1)] }])), [5, -1])
  assert.deepEqual(await column('x', flat(LONG, 1, [{ count: 1, body: [...word(5), ...word(1)] }])), [2 ** 32 + 5])
  assert.deepEqual(await column('x', flat(TEXT, 2, [{ count: 2, body: [...text('é'), ...text('')] }])), ['é', ''])
  assert.deepEqual(await column('x', flat(FLAG, 9, [{ count: 9, body: [0b10000001, 1] }])), [true, false, false, false, false, false, false, true, true])
  assert.equal(await column('y', flat(INT, 1, [{ count: 1, body: word(5) }])), undefined)
})

test('a dictionary: indices in runs and in bits', async () => {
  const dictionary: Page = { count: 3, body: [...text('a'), ...text('b'), ...text('c')], kind: 'dictionary' }
  // four times 2, then eight of two bits, of which three are there
  assert.deepEqual(await column('x', flat(TEXT, 7, [dictionary, { count: 7, encoding: DICTIONARY, body: [2, 4 << 1, 2, 1 << 1 | 1, 0b00010010, 0] }])), ['c', 'c', 'c', 'c', 'c', 'a', 'b'])
  assert.deepEqual(await column('x', flat(TEXT, 2, [dictionary, { count: 2, encoding: DICTIONARY, body: [0, 2 << 1] }])), ['a', 'a'])
})

const optional: readonly Element[] = [['x', 1, { type: DOUBLE }]]
const list: readonly Element[] = [['x', 1, { children: 1 }], ['list', 2, { children: 1 }], ['element', 1, { type: INT }]]
test('what is not there, and lists: null, empty, with null in them', async () => {
  assert.deepEqual(await column('x', parquet(3, { elements: optional, type: DOUBLE, values: 3, pages: [{ count: 3, body: [...prefixed([1 << 1 | 1, 0b101]), ...doubles(1, 2)] }] })), [1, null, 2])
  // repetition 0 0 0 0 1; definition 3 0 1 2 3: 0 no list, 1 an empty one, 2 an element that is null, 3 an element
  const repetition = [1 << 1 | 1, 0b10000], definition = [1 << 1 | 1, 0b10010011, 0b11], numbers = [...word(7), ...word(9)]
  const of = (page: Page): Promise<readonly Nested[] | undefined> => column('x', parquet(4, { elements: list, type: INT, values: 5, pages: [page] }))
  const wanted = [[7], null, [], [null, 9]]
  assert.deepEqual(await of({ count: 5, body: [...prefixed(repetition), ...prefixed(definition), ...numbers] }), wanted)
  assert.deepEqual(await of({ count: 5, kind: 'data2', levels: [2, 3], body: [...repetition, ...definition, ...numbers] }), wanted)
})

test('lists of lists, the older form of a list, and structs in a list', async () => {
  const inner: readonly Element[] = [['x', 1, { children: 1 }], ['list', 2, { children: 1 }], ['element', 1, { children: 1 }], ['list', 2, { children: 1 }], ['element', 0, { type: INT }]]
  // repetition 0 2 1 0, definition 4 4 4 2
  const body = [...prefixed([1 << 1 | 1, 0b00011000, 0]), ...prefixed([3 << 1, 4, 1 << 1, 3]), ...word(1), ...word(2), ...word(3)]
  assert.deepEqual(await column('x', parquet(2, { elements: inner, type: INT, values: 4, pages: [{ count: 4, body }] })), [[[1, 2], [3]], [[]]])
  const older: readonly Element[] = [['x', 1, { children: 1 }], ['array', 2, { type: INT }]]
  assert.deepEqual(await column('x', parquet(1, { elements: older, type: INT, values: 2, pages: [{ count: 2, body: [...prefixed([1 << 1 | 1, 0b10]), ...prefixed([2 << 1, 2]), ...word(1), ...word(2)] }] })), [[1, 2]])
  const struct: readonly Element[] = [['x', 0, { children: 1 }], ['list', 2, { children: 1 }], ['element', 0, { children: 1 }], ['y', 0, { type: INT }]]
  assert.deepEqual(await column('x.y', parquet(1, { elements: struct, type: INT, values: 2, pages: [{ count: 2, body: [...prefixed([1 << 1 | 1, 0b10]), ...prefixed([2 << 1, 1]), ...word(1), ...word(2)] }] })), [[1, 2]])
})

const whole = flat(DOUBLE, 1, [{ count: 1, body: doubles(1) }])
const runOf = (length: number): Uint8Array => parquet(3, { elements: optional, type: DOUBLE, values: 3, pages: [{ count: 3, body: [...prefixed([...varint(length * 2), 1]), ...doubles(1, 2, 3)] }] })
const words: Page = { count: 1, body: text('a'), kind: 'dictionary' }
const lies: { readonly [what: string]: readonly [Uint8Array, 'BROKEN' | 'UNSUPPORTED'] } = {
  'more values than there are': [parquet(9, { elements: [['x', 0, { type: DOUBLE }]], type: DOUBLE, values: 9, pages: [{ count: 1, body: doubles(1) }] }), 'BROKEN'],
  'more values than any file has': [parquet(2 ** 40, { elements: [['x', 0, { type: DOUBLE }]], type: DOUBLE, values: 2 ** 40, pages: [{ count: 2 ** 40, body: doubles(1) }] }), 'BROKEN'],
  'more values in a page than in its column': [parquet(1, { elements: [['x', 0, { type: DOUBLE }]], type: DOUBLE, values: 1, pages: [{ count: 2 ** 31, body: doubles(1) }] }), 'BROKEN'],
  'more numbers in a page than bytes': [flat(DOUBLE, 2, [{ count: 2, body: doubles(1) }]), 'BROKEN'],
  'no pages': [flat(DOUBLE, 1, []), 'BROKEN'],
  'a page longer than its column': [flat(DOUBLE, 1, [{ count: 1, body: doubles(1), packed: 2 ** 30 }]), 'BROKEN'],
  'a page that unpacks to more than memory': [flat(DOUBLE, 1, [{ count: 1, body: doubles(1), size: 2 ** 31 - 1 }], { codec: 1 }), 'BROKEN'],
  'a page that is no Snappy': [flat(DOUBLE, 1, [{ count: 1, body: doubles(1) }], { codec: 1 }), 'BROKEN'],
  'a page that is no gzip': [flat(DOUBLE, 1, [{ count: 1, body: doubles(1) }], { codec: 2 }), 'BROKEN'],
  'a column behind the end': [flat(DOUBLE, 1, [{ count: 1, body: doubles(1) }], { end: 1000 }), 'BROKEN'],
  'a dictionary longer than its page': [flat(TEXT, 1, [{ ...words, count: 2 ** 31 }]), 'BROKEN'],
  'no such word in a dictionary': [flat(TEXT, 1, [words, { count: 1, encoding: DICTIONARY, body: [8, 2, 9] }]), 'BROKEN'],
  'indices of a hundred bits': [flat(TEXT, 1, [words, { count: 1, encoding: DICTIONARY, body: [100, 3, 9] }]), 'BROKEN'],
  'runs that end': [flat(TEXT, 9, [words, { count: 9, encoding: DICTIONARY, body: [1, 2, 0] }]), 'BROKEN'],
  'runs of nothing': [flat(TEXT, 9, [words, { count: 9, encoding: DICTIONARY, body: [1, 0, 0, 0, 0] }]), 'BROKEN'],
  'a text longer than its page': [flat(TEXT, 1, [{ count: 1, body: word(2 ** 31 - 1) }]), 'BROKEN'],
  'a list that goes on before it begins': [parquet(1, { elements: list, type: INT, values: 1, pages: [{ count: 1, body: [...prefixed([2, 1]), ...prefixed([2, 3]), ...word(1)] }] }), 'BROKEN'],
  'a level that there is not': [parquet(1, { elements: optional, type: DOUBLE, values: 1, pages: [{ count: 1, body: [...prefixed([2, 7]), ...doubles(1)] }] }), 'BROKEN'],
  'levels longer than their page': [parquet(1, { elements: optional, type: DOUBLE, values: 1, pages: [{ count: 1, body: [...word(1000), 2, 1] }] }), 'BROKEN'],
  'lists in lists in lists': [parquet(1, { elements: [...Array.from({ length: 9 }, (): Element => ['x', 2, { children: 1 }]), ['x', 0, { type: INT }]], type: INT, values: 1, pages: [] }), 'BROKEN'],
  'structs in structs in structs': [parquet(1, { elements: [...Array.from({ length: 999 }, (): Element => ['x', 0, { children: 1 }]), ['x', 0, { type: INT }]], type: INT, values: 1, pages: [] }), 'BROKEN'],
  'a schema with more children than elements': [parquet(1, { elements: [['x', 0, { children: 2 ** 30 }]], type: INT, values: 1, pages: [] }), 'BROKEN'],
  'metadata longer than the file': [Uint8Array.from([...whole.subarray(0, -8), ...word(2 ** 31 - 1), ...whole.subarray(-4)]), 'BROKEN'],
  'metadata that goes deeper and deeper': [Uint8Array.from([80, 65, 82, 49, ...Array.from({ length: 1e6 }, () => 0x1c), ...word(1e6), 80, 65, 82, 49]), 'BROKEN'],
  'a list of more elements than bytes': [Uint8Array.from([80, 65, 82, 49, 0x29, 0xf5, ...varint(2 ** 40), 0, ...word(9), 80, 65, 82, 49]), 'BROKEN'],
  'another kind of file': [new TextEncoder().encode('nothing of that kind'), 'BROKEN'],
  'an encoding that is not understood': [flat(INT, 1, [{ count: 1, body: word(1), encoding: 5 }]), 'UNSUPPORTED'],
  'a compression that is not understood': [flat(INT, 1, [{ count: 1, body: word(1) }], { codec: 6 }), 'UNSUPPORTED'],
  'a type that is not understood': [flat(3, 1, [{ count: 1, body: [...word(1), ...word(2), ...word(3)] }]), 'UNSUPPORTED'],
}
for (const [what, [bytes, code]] of Object.entries(lies)) test(`refused: ${what}`, () => assert.rejects(column('x', bytes), { code: `SLUICE_MODEL_${code}` }))

test('a run longer than any page is as long as its page', async () => {
  assert.deepEqual(await column('x', runOf(2 ** 31)), [1, 2, 3])
})

test('files of one folder with other columns, and a folder without files', async () => {
  await assert.rejects(column('x', whole, parquet(1, { elements: [['y', 0, { type: DOUBLE }]], type: DOUBLE, values: 1, pages: [{ count: 1, body: doubles(1) }] })), { code: 'SLUICE_MODEL_BROKEN' })
  await assert.rejects(column('x'), { code: 'SLUICE_MODEL_BROKEN' })
})
