import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'
import { readHeaders, writeHeaders } from './headers.ts'
import type { Packer } from './pack.ts'
import { hexOf } from './scalars.ts'

/** How a record says which schema its value has.
    ```
    v0   value  = 00 id:int32 [indexes] payload          big endian
    v1   header __value_schema_id = 01 guid:16 [indexes], or 00 id:int32 [indexes]; value = payload
    indexes (Protobuf) = 00, which is [0]; or count { index }: zig-zag varints, by older clients plain ones
    ``` */
export interface Frame {
  /** A number is the registry's id, a text its GUID. */
  schema: number | string
  /** Where what follows it begins: the indexes, else the payload. */
  after: number
  /** It stands in the header; the value is the payload. */
  inHeader: boolean
  /** The end of the header or the value. */
  end: number
}
export type Framing = 'v0' | 'v1'

export const SCHEMA_HEADER = '__value_schema_id'
const HEADER = new TextEncoder().encode(SCHEMA_HEADER)

/** Fills `frame` for a row whose value is not null. @throws SLUICE_SCHEMA_MISMATCH it says nothing */
export function readFrame({ bytes, values, headers }: Records, row: number, frame: Frame): void {
  const headersAt = headers?.start[row] ?? -1
  if (headersAt >= 0 && findHeader(bytes, headersAt, headers!.end[row]!)) {
    frame.inHeader = true
    schemaAt(bytes, headerStart, headerEnd, 'the header __value_schema_id', frame)
  } else {
    frame.inHeader = false
    schemaAt(bytes, values.start[row]!, values.end[row]!, 'the value', frame)
  }
}

function schemaAt(bytes: Uint8Array, start: number, end: number, what: string, frame: Frame): void {
  const magic = bytes[start], length = end - start
  frame.end = end
  if (magic === 0 && length >= 5) {
    frame.schema = ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!) >>> 0
    frame.after = start + 5
  } else if (magic === 1 && frame.inHeader && length >= 17) {
    if (!isSame(bytes, start + 1, lastGuid)) {
      lastGuid = bytes.slice(start + 1, start + 17)
      lastText = hexOf(lastGuid, 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    }
    frame.schema = lastText
    frame.after = start + 17
  } else {
    throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `${what} does not begin with a schema id`, {
      why: length === 0 ? 'it is empty' : `its first byte is ${magic} and it has ${length} bytes; a schema id is byte 0 and 4 bytes`,
      fix: 'write the topic with a serializer of a schema registry, or leave the codec out if its values are plain JSON' })
  }
}
let lastGuid = new Uint8Array(16), lastText = '00000000-0000-0000-0000-000000000000'
function isSame(bytes: Uint8Array, at: number, guid: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if (bytes[at + i] !== guid[i]) return false
  return true
}

let headerStart = 0, headerEnd = 0, next = 0
/** The last header of that name counts, as in Java; a block that is broken has none. */
function findHeader(bytes: Uint8Array, start: number, end: number): boolean {
  let found = false
  next = start
  for (let count = varint(bytes, end); count > 0; count--) {
    const nameLength = varint(bytes, end), name = next
    if (!(nameLength >= 0)) break
    next += nameLength
    const length = varint(bytes, end), value = next
    if (length > 0) next += length
    if (Number.isNaN(length) || next > end) break
    if (nameLength === HEADER.length && length >= 0 && isHeader(bytes, name)) {
      found = true
      headerStart = value
      headerEnd = next
    }
  }
  return found
}
function isHeader(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < HEADER.length; i++) if (bytes[at + i] !== HEADER[i]) return false
  return true
}
/** A zig-zag varint at `next`; NaN: it has no end. */
function varint(bytes: Uint8Array, end: number): number {
  let value = 0, shift = 0
  while (next < end) {
    const byte = bytes[next++]!
    value |= (byte & 127) << shift
    if (byte < 128) return (value >>> 1) ^ -(value & 1)
    if ((shift += 7) > 28) break
  }
  next = end
  return NaN
}

/** Nested deeper, nobody declares messages. */
const INDEXES_MAX = 32
/** The path to a message in its file: the index at the top, then within each message. `into.at` is then behind it. undefined: it is broken. */
export function readIndexes(bytes: Uint8Array, start: number, end: number, into: { at: number }): readonly number[] | undefined {
  if (bytes[start] === 0 && start < end) { into.at = start + 1; return FIRST }
  const plain = ((bytes[start] ?? 0) & 1) === 1                 // zig-zag, that would be less than nothing
  next = start
  const one = (): number => { const value = varint(bytes, end); return plain ? value < 0 ? -2 * value - 1 : 2 * value : value }
  if (start >= end) return undefined
  const count = one()
  if (!(count >= 1 && count <= INDEXES_MAX)) return undefined
  const indexes: number[] = []
  for (let i = 0; i < count; i++) {
    const index = one()
    if (!(index >= 0)) return undefined
    indexes.push(index)
  }
  into.at = next
  return indexes
}
const FIRST: readonly number[] = [0]

/** What stands before a payload, or in its header: the same bytes for every record. */
export function frameBytes(schema: number | string, indexes?: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = typeof schema === 'number' ? [0, schema >>> 24, schema >>> 16 & 255, schema >>> 8 & 255, schema & 255]
    : [1, ...schema.replaceAll('-', '').match(/../g)!.map(pair => parseInt(pair, 16))]
  const put = (value: number): void => {
    let rest = value * 2
    while (rest > 127) { bytes.push((rest & 127) | 128); rest >>>= 7 }
    bytes.push(rest)
  }
  if (indexes !== undefined) {
    if (indexes.length === 1 && indexes[0] === 0) bytes.push(0)
    else { put(indexes.length); for (const index of indexes) put(index) }
  }
  return Uint8Array.from(bytes)
}

/** Headers of a row as they are, but for what says which schema the value it had before had; `id`: what says which it has now. */
export function copyHeaders(from: Records, row: number, packer: Packer, id?: Uint8Array): void {
  const start = from.headers?.start[row] ?? -1, end = start < 0 ? start : from.headers!.end[row]!
  const stale = start >= 0 && findHeader(from.bytes, start, end)
  if (start < 0 && id === undefined) return
  const at = packer.length, added = id === undefined ? [] : [{ name: SCHEMA_HEADER, value: id }]
  if (stale) writeHeaders(packer, [...readHeaders(from.bytes, start, end).filter(({ name }) => name !== SCHEMA_HEADER), ...added])
  else writeHeaders(packer, added, start < 0 ? undefined : { bytes: from.bytes, start, end })
  packer.setHeaders(at)
}
