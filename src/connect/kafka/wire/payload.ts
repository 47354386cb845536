/** Columns of one length, filled from the front. */
export interface Columns {
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  readonly headersStart: Int32Array
  readonly headersEnd: Int32Array
  readonly offsets: Float64Array
  readonly timesMs: Float64Array
}

/** The shortest record: seven fields of one byte. */
export const RECORD_BYTES_MIN = 7

/**
 * The records of one batch, decompressed, into the columns from `row` on; those before offset `from` are passed by. Returns the row after the last;
 * -1 - i: the i-th record is damaged; -1 - count: so is what follows the last. Numbers and memory only, so that compiled code may stand in its place.
 *
 * Record => length: varint, attributes: int8, timestampDelta: varlong, offsetDelta: varint, keyLength: varint, key, valueLength: varint, value,
 *   headersCount: varint, headers => (keyLength: varint, key, valueLength: varint, value); a length of -1 is null
 */
export function walkPayload(
  bytes: Uint8Array, start: number, end: number, count: number, baseOffset: number, lastDelta: number, baseTimeMs: number, from: number, columns: Columns, row: number,
): number {
  const { keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd, offsets, timesMs } = columns
  let at = start, before = -1
  for (let i = 0; i < count; i++) {
    const length = varint(bytes, at, end)
    at = next + 1                                    // attributes: none is defined
    const last = next + length
    if (length < RECORD_BYTES_MIN - 1 || last > end) return -1 - i
    timesMs[row] = baseTimeMs + varlong(bytes, at, last)
    const delta = varint(bytes, next, last)
    if (delta <= before || delta > lastDelta) return -1 - i
    before = delta
    offsets[row] = baseOffset + delta

    const keyLength = varint(bytes, next, last)
    if (keyLength < 0) {
      if (keyLength !== -1) return -1 - i
      keyStart[row] = keyEnd[row] = -1
    } else {
      keyStart[row] = next
      keyEnd[row] = next += keyLength
    }
    const valueLength = varint(bytes, next, last)
    if (valueLength < 0) {
      if (valueLength !== -1) return -1 - i
      valueStart[row] = valueEnd[row] = -1
    } else {
      valueStart[row] = next
      valueEnd[row] = next += valueLength
    }

    at = next
    let headers = varint(bytes, at, last)
    if (headers === 0) headersStart[row] = headersEnd[row] = -1
    else {
      if (headers < 0 || headers * 2 > last - next) return -1 - i
      headersStart[row] = at
      headersEnd[row] = last
      while (headers-- > 0) {
        const nameLength = varint(bytes, next, last)
        if (nameLength < 0) return -1 - i
        next += nameLength
        const length = varint(bytes, next, last)
        if (length < -1) return -1 - i
        if (length > 0) next += length
      }
    }
    if (next !== last) return -1 - i
    at = next
    if (baseOffset + delta >= from) row++
  }
  return at === end ? row : -1 - count
}

/** Where the number that was read ends; behind `end`: there was none, and nothing that is read from there on is one. */
let next = 0

/** A zig-zag varint of 32 bits. */
function varint(bytes: Uint8Array, at: number, end: number): number {
  if (at < end) {
    const byte = bytes[at]!
    if (byte < 128) {
      next = at + 1
      return (byte >>> 1) ^ -(byte & 1)
    }
    return longer(bytes, at, end)
  }
  next = end + 1
  return 0
}
function longer(bytes: Uint8Array, at: number, end: number): number {
  let value = 0, shift = 0
  for (; at < end && shift < 35; shift += 7) {
    const byte = bytes[at++]!
    value |= (byte & 127) << shift
    if (byte < 128) {
      next = at
      return (value >>> 1) ^ -(value & 1)
    }
  }
  next = end + 1
  return 0
}

/** A zig-zag varint of 64 bits; exact up to 2^53. */
function varlong(bytes: Uint8Array, at: number, end: number): number {
  let low = 0, middle = 0, high = 0
  for (let shift = 0; at < end && shift < 70; shift += 7) {
    const byte = bytes[at++]!
    if (shift < 28) low |= (byte & 127) << shift
    else if (shift < 56) middle |= (byte & 127) << (shift - 28)
    else high |= (byte & 127) << (shift - 56)
    if (byte < 128) {
      next = at
      if (shift < 28) return (low >>> 1) ^ -(low & 1)
      const half = (low >>> 1) + middle * 2 ** 27 + high * 2 ** 55
      return low & 1 ? -half - 1 : half
    }
  }
  next = end + 1
  return 0
}
