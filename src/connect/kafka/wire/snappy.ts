import { copyBack, copyOver, SLACK } from './copy.ts'

const damaged = (): RangeError => new RangeError('the Snappy block is damaged')

/** A raw block (Snappy's format_description.txt): its length as a varint, then literals and copies. Writes into `out` at `to`, which must hold
    `snappyLength` bytes and SLACK more. */
export function unsnappy(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), outView = new DataView(out.buffer, out.byteOffset, out.byteLength)
  let at = start
  while (at < end && bytes[at]! > 127) at++
  at++
  const outEnd = to + snappyLength(bytes, start, end)
  const first = to
  while (at < end) {
    const tag = bytes[at++]!
    let length: number, distance: number
    switch (tag & 3) {
      case 0: {
        length = (tag >>> 2) + 1
        if (length > 60) {
          const extra = length - 60
          if (at + extra > end) throw damaged()
          length = 0
          for (let i = 0; i < extra; i++) length += bytes[at++]! * 2 ** (8 * i)
          length++
        }
        if (length > end - at || length > outEnd - to) throw damaged()
        if (length > 64) out.set(bytes.subarray(at, at + length), to)
        else if (at + length + SLACK <= end) copyOver(view, at, outView, to, length)
        else for (let i = 0; i < length; i++) out[to + i] = bytes[at + i]!
        at += length
        to += length
        continue
      }
      case 1:
        if (at + 1 > end) throw damaged()
        length = (tag >>> 2 & 7) + 4
        distance = (tag >>> 5) << 8 | bytes[at++]!
        break
      case 2:
        if (at + 2 > end) throw damaged()
        length = (tag >>> 2) + 1
        distance = bytes[at]! | bytes[at + 1]! << 8
        at += 2
        break
      default:
        if (at + 4 > end) throw damaged()
        length = (tag >>> 2) + 1
        distance = (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0
        at += 4
    }
    if (distance === 0 || distance > to - first || length > outEnd - to) throw damaged()
    copyBack(out, outView, to, distance, length)
    to += length
  }
  if (to !== outEnd) throw damaged()
}

/** How long a raw block is when decompressed, by its own word. */
export function snappyLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0
  for (let at = start, shift = 0; at < end && shift < 35; at++, shift += 7) {
    length += (bytes[at]! & 127) * 2 ** shift
    if (bytes[at]! < 128) return length
  }
  throw damaged()
}
