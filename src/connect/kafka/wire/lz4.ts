import { copyBack, copyOver, SLACK } from './copy.ts'

const damaged = (what: string): RangeError => new RangeError(`the LZ4 frame is damaged: ${what}`)
const word = (bytes: Uint8Array, at: number): number => (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0

/** The content of a frame (LZ4's lz4_Frame_format.md), or of several one after the other. Its checksums are not looked at: the record batch has its own.
    @throws RangeError when it is damaged, or larger than `bytesMax` */
export function unlz4(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let out = new Uint8Array(Math.min(bytes.length * 4, bytesMax) + SLACK), outView = new DataView(out.buffer), to = 0, at = 0
  /** At least so much, twice what there was if that may be. */
  const grow = (needed: number) => {
    if (needed > bytesMax) throw new RangeError(`it holds more than ${bytesMax} bytes`)
    const grown = new Uint8Array(Math.min(Math.max(needed, out.length * 2), bytesMax) + SLACK)
    grown.set(out.subarray(0, to))
    out = grown
    outView = new DataView(out.buffer)
  }
  while (at < bytes.length) {
    if (bytes.length - at < 7) throw damaged('it ends in its header')
    if (word(bytes, at) !== 0x184d2204) throw damaged('it does not begin as one')
    const flags = bytes[at + 4]!, blockCode = bytes[at + 5]! >>> 4
    if (flags >>> 6 !== 1 || blockCode < 4 || blockCode > 7) throw damaged('its header is not known')
    const checksum = flags & 16 ? 4 : 0
    at += 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0)
    const first = to
    for (;;) {
      if (at + 4 > bytes.length) throw damaged('its end is missing')
      const head = word(bytes, at), length = head & 0x7fffffff
      at += 4
      if (head === 0) break
      if (length > bytes.length - at) throw damaged('a block ends too soon')
      if (head >= 0x80000000) {
        if (to + length + SLACK > out.length) grow(to + length)
        out.set(bytes.subarray(at, at + length), to)
        to += length
      } else {
        let end = 0
        // how long a block will be is not said; what was written is written again
        while ((end = unlz4Block(bytes, view, at, at + length, out, outView, to, out.length - SLACK, flags & 32 ? to : first)) === FULL) grow(out.length - SLACK + 1)
        if (end === BROKEN) throw damaged('a block is broken')
        to = end
      }
      at += length + checksum
    }
    if (flags & 4) at += 4
    if (at > bytes.length) throw damaged('its checksum is missing')
  }
  return out.subarray(0, to)
}

const BROKEN = -1, FULL = -2

/** One block (lz4_Block_format.md): literals and copies in turns, the last without a copy. Copies reach back to `first`. Where it ends in `out`; BROKEN; or
    FULL: it does not fit before `limit`. */
function unlz4Block(bytes: Uint8Array, view: DataView, start: number, end: number, out: Uint8Array, outView: DataView, to: number, limit: number, first: number): number {
  let at = start
  while (at < end) {
    const token = bytes[at++]!
    let length = token >>> 4
    if (length === 15) {
      let more = 255
      while (more === 255 && at < end) length += more = bytes[at++]!
    }
    if (length > end - at) return BROKEN
    if (length > limit - to) return FULL
    if (length > 64) out.set(bytes.subarray(at, at + length), to)
    else if (at + length + SLACK <= end) copyOver(view, at, outView, to, length)
    else for (let i = 0; i < length; i++) out[to + i] = bytes[at + i]!
    at += length
    to += length
    if (at === end) return to
    if (end - at < 2) return BROKEN
    const distance = bytes[at]! | bytes[at + 1]! << 8
    at += 2
    length = (token & 15) + 4
    if (length === 19) {
      let more = 255
      while (more === 255 && at < end) length += more = bytes[at++]!
    }
    if (distance === 0 || distance > to - first) return BROKEN
    if (length > limit - to) return FULL
    copyBack(out, outView, to, distance, length)
    to += length
  }
  return BROKEN
}
