const damaged = (what: string): RangeError => new RangeError(`the LZ4 frame is damaged: ${what}`)
const word = (bytes: Uint8Array, at: number): number => (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0

/** The content of a frame (LZ4's lz4_Frame_format.md), or of several one after the other. Its checksums are not looked at: the record batch has its own.
    @throws RangeError when it is damaged, or larger than `bytesMax` */
export function unlz4(bytes: Uint8Array, bytesMax: number): Uint8Array {
  let out = new Uint8Array(Math.min(Math.max(bytes.length * 4, 1024), bytesMax)), to = 0, at = 0
  /** Up to where may be written, if `more` is needed at most. */
  const reserve = (more: number): number => {
    const limit = Math.min(to + more, bytesMax)
    if (limit > out.length) {
      const grown = new Uint8Array(Math.min(Math.max(limit, out.length * 2), bytesMax))
      grown.set(out.subarray(0, to))
      out = grown
    }
    return limit
  }
  while (at < bytes.length) {
    if (bytes.length - at < 7) throw damaged('it ends in its header')
    if (word(bytes, at) !== 0x184d2204) throw damaged('it does not begin as one')
    const flags = bytes[at + 4]!, blockCode = bytes[at + 5]! >>> 4
    if (flags >>> 6 !== 1 || blockCode < 4 || blockCode > 7) throw damaged('its header is not known')
    const blockMax = 2 ** (8 + 2 * blockCode), checksum = flags & 16 ? 4 : 0
    at += 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0)
    const first = to
    for (;;) {
      if (at + 4 > bytes.length) throw damaged('its end is missing')
      const head = word(bytes, at), length = head & 0x7fffffff
      at += 4
      if (head === 0) break
      if (length > bytes.length - at) throw damaged('a block ends too soon')
      if (head >= 0x80000000) {
        if (to + length > reserve(length)) throw new RangeError(`it holds more than ${bytesMax} bytes`)
        out.set(bytes.subarray(at, at + length), to)
        to += length
      } else {
        const limit = reserve(Math.min(blockMax, length * 255))
        to = unlz4Block(bytes, at, at + length, out, to, limit, flags & 32 ? to : first)
        if (to < 0) throw limit === bytesMax ? new RangeError(`it holds more than ${bytesMax} bytes, or is damaged`) : damaged('a block is broken')
      }
      at += length + checksum
    }
    if (flags & 4) at += 4
    if (at > bytes.length) throw damaged('its checksum is missing')
  }
  return out.subarray(0, to)
}

/** One block (lz4_Block_format.md): literals and copies in turns, the last without a copy. Copies reach back to `first`. Where it ends in `out`; -1: it is
    broken, or does not fit before `limit`. */
function unlz4Block(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number, limit: number, first: number): number {
  let at = start
  while (at < end) {
    const token = bytes[at++]!
    let length = token >>> 4
    if (length === 15) {
      let more = 255
      while (more === 255 && at < end) length += more = bytes[at++]!
    }
    if (length > end - at || length > limit - to) return -1
    if (length < 32) for (const stop = at + length; at < stop;) out[to++] = bytes[at++]!
    else { out.set(bytes.subarray(at, at + length), to); at += length; to += length }
    if (at === end) return to
    if (end - at < 2) return -1
    const distance = bytes[at]! | bytes[at + 1]! << 8
    at += 2
    length = (token & 15) + 4
    if (length === 19) {
      let more = 255
      while (more === 255 && at < end) length += more = bytes[at++]!
    }
    if (distance === 0 || distance > to - first || length > limit - to) return -1
    if (length > 64 && distance >= length) { out.copyWithin(to, to - distance, to - distance + length); to += length }
    else for (const stop = to + length; to < stop; to++) out[to] = out[to - distance]!
  }
  return -1
}
