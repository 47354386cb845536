import type { Packer } from './pack.ts'

/** One header of a record. Names may repeat; their order is kept. */
export interface Header { readonly name: string; readonly value: Uint8Array | null }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Appends a block of headers, in the layout of a Kafka record (Kafka protocol guide, "Record": count, then per header the length and bytes
    of key and value; lengths are zig-zag varints, -1 is null), so that a Kafka sink copies it through. `before` is such a block or absent:
    its headers come first, unchanged. */
export function writeHeaders(packer: Packer, headers: readonly Header[], before?: { bytes: Uint8Array; start: number; end: number }): void {
  let count = 0, from = 0
  if (before !== undefined) [count, from] = readVarint(before.bytes, before.start)
  writeVarint(packer, count + headers.length)
  if (before !== undefined) packer.append(before.bytes, from, before.end)
  for (const { name, value } of headers) {
    const key = encoder.encode(name)
    writeVarint(packer, key.length)
    packer.append(key)
    writeVarint(packer, value === null ? -1 : value.length)
    if (value !== null) packer.append(value)
  }
}

/** The headers of a block; the values are views of its bytes. */
export function readHeaders(bytes: Uint8Array, start: number, end: number): Header[] {
  const headers: Header[] = []
  let [count, at] = readVarint(bytes, start)
  while (count-- > 0 && at < end) {
    let length: number
    ;[length, at] = readVarint(bytes, at)
    const name = decoder.decode(bytes.subarray(at, at += length))
    ;[length, at] = readVarint(bytes, at)
    headers.push({ name, value: length < 0 ? null : bytes.subarray(at, at += length) })
  }
  return headers
}

function writeVarint(packer: Packer, value: number): void {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) { packer.byte((rest & 127) | 128); rest >>>= 7 }
  packer.byte(rest)
}
function readVarint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let rest = 0, shift = 0, byte: number
  do { byte = bytes[at++] ?? 0; rest |= (byte & 127) << shift; shift += 7 } while (byte > 127 && shift < 35)
  return [(rest >>> 1) ^ -(rest & 1), at]
}
