import type { Chunk, Leaf } from './footer.ts'
import { numberIn, structAt, structIn } from './thrift.ts'
import type { Struct } from './thrift.ts'

/** What one file may take: values of all columns, and bytes out of compression. */
export interface Budget { values: number; bytes: number }
export type Decompress = (codec: number, bytes: Uint8Array, length: number) => Uint8Array
export type Cell = number | string | boolean
/** The values of a chunk in order, with those that are not there; `repetition` and `definition` say where they belong. */
export interface Entries { readonly repetition: Int32Array; readonly definition: Int32Array; readonly values: readonly Cell[] }

const ENCODING = { plain: 0, plainDictionary: 2, rle: 3, rleDictionary: 8 } as const
const PAGE = { data: 0, index: 1, dictionary: 2, data2: 3 } as const

/** All pages of a chunk. @throws Error */
export function entriesOf(bytes: Uint8Array, chunk: Chunk, leaf: Leaf, decompress: Decompress, budget: Budget): Entries {
  if ((budget.values -= chunk.values) < 0) throw new Error(`the column ${leaf.name} has ${chunk.values} values, more than a file of this size holds`)
  const repetition = new Int32Array(chunk.values), definition = new Int32Array(chunk.values), values: Cell[] = []
  let dictionary: readonly Cell[] = [], done = 0
  for (let at = chunk.start; done < chunk.values;) {
    if (at >= chunk.end) throw new Error(`the column ${leaf.name} has ${done} values where ${chunk.values} are announced`)
    const { struct: header, end } = structAt(bytes.subarray(0, chunk.end), at)
    const whole = size(header, 2), packed = size(header, 3)
    if (packed > chunk.end - end) throw new Error(`a page of ${packed} bytes begins ${chunk.end - end} bytes before the end of its column`)
    if ((budget.bytes -= whole) < 0) throw new Error('its pages hold more bytes than a file of this size does')
    const body = bytes.subarray(end, end + packed)
    at = end + packed
    const unpacked = (part: Uint8Array, length: number): Uint8Array => {
      const out = chunk.codec === 0 ? part : decompress(chunk.codec, part, length)
      if (out.length !== length) throw new Error(`a page has ${out.length} bytes where ${length} are announced`)
      return out
    }
    switch (numberIn(header, 1)) {
      case PAGE.dictionary: {
        const head = part(header, 7)
        encoded(numberIn(head, 2), [ENCODING.plain, ENCODING.plainDictionary])
        const count = size(head, 1)
        if ((budget.values -= count) < 0) throw new Error('its dictionaries have more values than a file of this size holds')
        dictionary = plainValues(unpacked(body, whole), leaf.type, count)
        continue
      }
      case PAGE.index: continue
      case PAGE.data: {
        const head = part(header, 5), page = unpacked(body, whole), count = countOf(head)
        let first = 0
        if (leaf.lists.length > 0) first = levels(page, first, head, 4, leaf.lists.length, repetition.subarray(done, done + count))
        if (leaf.defined > 0) first = levels(page, first, head, 3, leaf.defined, definition.subarray(done, done + count))
        take(page.subarray(first), count, numberIn(head, 2))
        continue
      }
      case PAGE.data2: {
        const head = part(header, 8), count = countOf(head), forRepetition = size(head, 6), forDefinition = size(head, 5), before = forRepetition + forDefinition
        if (before > body.length || before > whole) throw new Error(`the levels of a page are ${before} bytes long, and the page ${body.length}`)
        if (leaf.lists.length > 0) runs(body.subarray(0, forRepetition), bitsOf(leaf.lists.length), repetition.subarray(done, done + count))
        if (leaf.defined > 0) runs(body.subarray(forRepetition, before), bitsOf(leaf.defined), definition.subarray(done, done + count))
        const rest = body.subarray(before)
        take(head.get(7) === false ? rest : unpacked(rest, whole - before), count, numberIn(head, 4))
        continue
      }
      default: throw new Error(`there is no page of type ${numberIn(header, 1)}`)
    }
  }
  return { repetition, definition, values }

  function countOf(head: Struct): number {
    const count = size(head, 1)
    if (count > chunk.values - done) throw new Error(`a page has ${count} values, and its column ${chunk.values - done} more`)
    return count
  }
  function take(page: Uint8Array, count: number, encoding: number | undefined): void {
    let there = 0
    for (let i = done; i < done + count; i++) if (definition[i] === leaf.defined || leaf.defined === 0) there++
    done += count
    switch (encoded(encoding, [ENCODING.plain, ENCODING.plainDictionary, ENCODING.rleDictionary, ENCODING.rle])) {
      case ENCODING.plain: return append(plainValues(page, leaf.type, there))
      case ENCODING.rle: {
        if (leaf.type !== TYPE.boolean) throw new Error('values other than true and false are written as levels')
        const flags = new Int32Array(there)
        runs(prefixed(page, 0), 1, flags)
        return append(Array.from(flags, flag => flag === 1))
      }
      default: {
        const indices = new Int32Array(there)
        if (there > 0) runs(page.subarray(1), page[0] ?? 0, indices)
        for (const index of indices) {
          const value = dictionary[index]
          if (value === undefined) throw new Error(`there is no value ${index} in a dictionary of ${dictionary.length}`)
          values.push(value)
        }
      }
    }
  }
  function append(more: readonly Cell[]): void { for (const value of more) values.push(value) }
}

const part = (header: Struct, field: number): Struct => {
  const found = structIn(header, field)
  if (found === undefined) throw new Error('a page has no header of its kind')
  return found
}
const size = (struct: Struct, field: number): number => {
  const value = numberIn(struct, field)
  if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw new Error(`a size in a page is ${value ?? 'not there'}`)
  return value
}
const encoded = (encoding: number | undefined, known: readonly number[]): number => {
  if (encoding === undefined || !known.includes(encoding)) throw new Unknown(`the encoding ${encoding}`)
  return encoding
}
const bitsOf = (largest: number): number => 32 - Math.clz32(largest)

/** Is in the file rightly, and not understood. */
export class Unknown extends Error {}

/** Levels of a page of version 1: four bytes of length, then runs. @returns the place behind them */
function levels(page: Uint8Array, at: number, head: Struct, encodingField: number, largest: number, into: Int32Array): number {
  encoded(numberIn(head, encodingField), [ENCODING.rle])
  const of = prefixed(page, at)
  runs(of, bitsOf(largest), into)
  if (into.some(level => level > largest)) throw new Error(`a level is above ${largest}`)
  return at + 4 + of.length
}

function prefixed(page: Uint8Array, at: number): Uint8Array {
  const length = at + 4 <= page.length ? new DataView(page.buffer, page.byteOffset + at, 4).getUint32(0, true) : Infinity
  if (length > page.length - at - 4) throw new Error('the levels of a page are longer than it')
  return page.subarray(at + 4, at + 4 + length)
}

/** Runs of equal numbers (count << 1, the number) and of groups of eight numbers packed in bits (groups << 1 | 1, they). */
function runs(bytes: Uint8Array, bits: number, into: Int32Array): void {
  if (bits > 31) throw new Error(`numbers of ${bits} bits`)
  const wide = Math.ceil(bits / 8)
  let at = 0, done = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error(`its runs end after ${done} of ${into.length} numbers`)
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new Error('a run is longer than any')
  }
  while (done < into.length) {
    const head = varint()
    if (head % 2 === 0) {
      let value = 0
      for (let i = 0; i < wide; i++) value |= (bytes[at++] ?? 0) << (8 * i)
      if (head === 0 || at > bytes.length) throw new Error(`its runs end after ${done} of ${into.length} numbers`)
      const end = Math.min(into.length, done + head / 2)
      into.fill(value, done, end)
      done = end
      continue
    }
    const count = Math.min((head - 1) / 2 * 8, into.length - done), last = at + (head - 1) / 2 * bits
    if (at + Math.ceil(count * bits / 8) > bytes.length || count === 0) throw new Error(`its runs end after ${done} of ${into.length} numbers`)
    for (let i = 0, bit = 0; i < count; i++) {
      let value = 0
      for (let k = 0; k < bits; k++, bit++) value |= (bytes[at + (bit >> 3)]! >> (bit & 7) & 1) << k
      into[done++] = value
    }
    at = last
  }
}

const TYPE = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const
const WIDTH = new Map<number, number>([[TYPE.int32, 4], [TYPE.int64, 8], [TYPE.float, 4], [TYPE.double, 8], [TYPE.bytes, 4]])
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Numbers are little-endian, texts have four bytes of length before them. */
function plainValues(page: Uint8Array, type: number, count: number): readonly Cell[] {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength), width = WIDTH.get(type)
  if (type === TYPE.boolean) {
    if (count > page.length * 8) throw new Error(`${count} values are announced in ${page.length} bytes`)
    return Array.from({ length: count }, (_, i) => (page[i >> 3]! >> (i & 7) & 1) === 1)
  }
  if (width === undefined) throw new Unknown(`the type ${type} of a column`)
  if (count * width > page.length) throw new Error(`${count} values are announced in ${page.length} bytes`)
  let at = 0
  const next = (): Cell => {
    switch (type) {
      case TYPE.int32: return view.getInt32((at += 4) - 4, true)
      case TYPE.int64: return Number(view.getBigInt64((at += 8) - 8, true))
      case TYPE.float: return view.getFloat32((at += 4) - 4, true)
      case TYPE.double: return view.getFloat64((at += 8) - 8, true)
      default: {
        const length = at + 4 <= page.length ? view.getUint32(at, true) : Infinity
        if (length > page.length - at - 4) throw new Error(`a text is longer than what it lies in (byte ${at})`)
        at += 4 + length
        return utf8.decode(page.subarray(at - length, at))
      }
    }
  }
  return Array.from({ length: count }, next)
}
