// Record batches of Kafka (magic 2; RecordBatch and Record stand in connect/kafka/wire/records.ts and payload.ts) into columns, from where they lie. What is
// damaged, compressed or otherwise unusual is left where it begins: the plain path says what it is.

import { crc32c } from './crc32c'
import { WALK_CHECKSUMS, WALK_END, WALK_HEADERS, WALK_MARKER, WALK_MARKERS, WALK_NEXT, WALK_ROWS, WALK_START, WALK_STOP } from './layout'

const HEAD: u32 = 61
const RECORD_MIN: u32 = 7
/** Whole numbers up to it are exact in float64. */
const SAFE: i64 = 9007199254740991

const COMPRESSED: i32 = 7
const APPEND_TIME: i32 = 8
const CONTROL: i32 = 32

/** How far walkRecords may go from `at` on, before `end`: the first batch that delivers, and further ones while all of it has no more than so many bytes and rows.
    Batches that end before offset `from`, and markers of transactions, deliver nothing. To `answer`: WALK_START, WALK_STOP, WALK_ROWS. */
export function planRecords(answer: usize, at: usize, end: usize, from: f64, bytesMax: u32, rowsMax: u32, flags: i32): void {
  const first = i64(from)
  let start: usize = 0
  let rows: u32 = 0
  let before: i64 = -1
  while (true) {
    const behind = wholeBatch(at, end, flags & WALK_CHECKSUMS)
    if (!behind) break
    const baseOffset = int64(at), last = baseOffset + int32(at + 23)
    if (baseOffset <= before || last < baseOffset || last > SAFE) break
    if (last >= first) {
      const attributes = attributesOf(at), count = u32(int32(at + 57))
      if (attributes & CONTROL) {
        if (flags & WALK_MARKERS && !isMarker(answer + WALK_MARKER, at, behind)) break
      } else {
        if (attributes & COMPRESSED || count > (u32(behind - at) - HEAD) / RECORD_MIN) break
        if (start && (u32(behind - start) > bytesMax || rows + count > rowsMax)) break
        if (!start) start = at + HEAD
        rows += count
      }
    }
    before = last
    at = behind
  }
  store<u32>(answer, start, WALK_START)
  store<u32>(answer, at, WALK_STOP)
  store<u32>(answer, rows, WALK_ROWS)
}

/** What planRecords has answered for, into columns (layout.ts) that have room for WALK_ROWS each; positions are counted from WALK_START. Records before offset
    `from` are passed by. Answers where it stopped, which is before a batch that is damaged, where what was delivered ends, the rows, the offset behind the last
    batch, and whether any row has headers. */
export function walkRecords(answer: usize, at: usize, from: f64, columns: usize): void {
  const first = i64(from), end: usize = load<u32>(answer, WALK_STOP), base: usize = load<u32>(answer, WALK_START), most = load<u32>(answer, WALK_ROWS)
  let next = first
  let delivered = base
  let row = 0
  anyHeaders = 0
  touchAt = at
  touchEnd = end
  while (at < end) {
    const behind = at + 12 + u32(int32(at + 8)), last = int64(at) + int32(at + 23), headersBefore = anyHeaders
    if (last >= first && !(attributesOf(at) & CONTROL)) {
      const after = payload(at, behind, first, base, columns, most, row)
      if (after < 0) {
        anyHeaders = headersBefore
        break
      }
      row = after
      delivered = behind
    }
    if (last >= next) next = last + 1
    at = behind
  }
  touchEnd = 0
  store<u32>(answer, at, WALK_STOP)
  store<u32>(answer, delivered, WALK_END)
  store<u32>(answer, row, WALK_ROWS)
  store<f64>(answer, f64(next), WALK_NEXT)
  store<u32>(answer, anyHeaders, WALK_HEADERS)
}

/** Where the batch ends; 0: it is not there as a whole, or is none. */
function wholeBatch(at: usize, end: usize, checksums: i32): usize {
  if (u32(end - at) < HEAD) return 0
  const length = int32(at + 8)
  if (length < 49 || load<u8>(at, 16) != 2 || u32(length) > u32(end - at) - 12) return 0
  if (checksums && crc32c(at + 21, u32(length) - 9) != u32(int32(at + 17))) return 0
  return at + 12 + length
}

/** One record, whose key has a version and a type. */
function isMarker(columns: usize, at: usize, end: usize): bool {
  if (attributesOf(at) & COMPRESSED || int32(at + 57) != 1 || payload(at, end, 0, at, columns, 1, 0) != 1) return false
  return load<i32>(columns, 20) - load<i32>(columns, 16) >= 4
}

let anyHeaders: i32 = 0

// Where a record begins is known only from the one before it, so whoever jumps from one to the next waits for memory each time. Touched line by line, well before,
// they come as a stream; and the bytes are wanted soon in any case.
const AHEAD: usize = 2048
/** The middle of what is longer is not touched. */
const LONG: usize = 4096
let touchAt: usize = 0
let touchEnd: usize = 0
let touched: i32 = 0

/** The records of one batch. Answers the row behind the last; -1: it is damaged, or a time is not exact. */
function payload(at: usize, end: usize, from: i64, base: usize, columns: usize, most: u32, row: i32): i32 {
  const baseOffset = int64(at), lastDelta = int32(at + 23)
  const timeAt = int64(at + 27), maxTime = int64(at + 35), appended = attributesOf(at) & APPEND_TIME
  if (timeAt > SAFE || timeAt < -SAFE || maxTime > SAFE || maxTime < -SAFE) return -1
  const times = columns + (most << 3), slices = times + (most << 3), step: usize = most << 2
  const limit = touchEnd
  let ahead = touchAt
  let before = -1
  let p = at + HEAD
  for (let count = int32(at + 57); count > 0; count--) {
    let read = number(p, end)
    p = usize(read >> 32)
    const length = signed(u32(read))
    if (!read || length < i32(RECORD_MIN) - 1 || u32(length) > u32(end - p)) return -1
    const last = p + length
    if (ahead < last - LONG) ahead = last
    const until = last + AHEAD < limit ? last + AHEAD : limit
    for (; ahead < until; ahead += 64) touched ^= load<u8>(ahead)
    let since: i64
    // behind the attributes, of which none is defined
    if (load<u8>(p, 1) < 128) {
      since = signed(load<u8>(p, 1))
      p += 2
    } else {
      p = longTime(p + 1, last)
      if (!p) return -1
      since = longer
    }
    read = number(p, last)
    p = usize(read >> 32)
    const delta = signed(u32(read))
    if (!read || delta <= before || delta > lastDelta) return -1
    before = delta

    read = number(p, last)
    p = usize(read >> 32)
    const key = signed(u32(read))
    if (!read || key < -1 || (key > 0 && u32(key) > u32(last - p))) return -1
    const to = slices + (row << 2)
    const keyAt = key < 0 ? -1 : i32(p - base)
    p += key > 0 ? key : 0
    store<i32>(to, keyAt)
    store<i32>(to + step, key < 0 ? -1 : i32(p - base))

    read = number(p, last)
    p = usize(read >> 32)
    const value = signed(u32(read))
    if (!read || value < -1 || (value > 0 && u32(value) > u32(last - p))) return -1
    const valueAt = value < 0 ? -1 : i32(p - base)
    p += value > 0 ? value : 0
    store<i32>(to + 2 * step, valueAt)
    store<i32>(to + 3 * step, value < 0 ? -1 : i32(p - base))

    const headersAt = p
    read = number(p, last)
    p = usize(read >> 32)
    if (!read) return -1
    if (u32(read) == 0) {
      store<i32>(to + 4 * step, -1)
      store<i32>(to + 5 * step, -1)
    } else {
      p = headersEnd(p, last, signed(u32(read)))
      store<i32>(to + 4 * step, i32(headersAt - base))
      store<i32>(to + 5 * step, i32(last - base))
    }
    if (p != last) return -1
    // what follows need not wait for all of that
    p = last
    const offset = baseOffset + delta
    store<f64>(columns + (row << 3), f64(offset))
    store<f64>(times + (row << 3), appended ? f64(maxTime) : f64(timeAt) + f64(since))
    if (offset >= from) {
      row++
      anyHeaders |= i32(u32(read) != 0)
    }
  }
  touchAt = ahead
  return p == end ? row : -1
}

/** Behind so many headers; 0: they are damaged. */
function headersEnd(p: usize, last: usize, count: i32): usize {
  if (count < 0 || u32(count) > u32(last - p) >> 1) return 0
  for (; count > 0; count--) {
    let read = number(p, last)
    p = usize(read >> 32)
    const name = signed(u32(read))
    if (!read || name < 0 || u32(name) > u32(last - p)) return 0
    p += name
    read = number(p, last)
    p = usize(read >> 32)
    const value = signed(u32(read))
    if (!read || value < -1 || (value > 0 && u32(value) > u32(last - p))) return 0
    p += value > 0 ? value : 0
  }
  return p
}

/**
 * A varint of 32 bits, before `end`, and above it, by 32 bits, where it ends; 0: there is none.
 * @inline
 */
function number(p: usize, end: usize): u64 {
  return p < end && load<u8>(p) < 128 ? (<u64>(p + 1) << 32) | <u64>load<u8>(p) : longNumber(p, end)
}
function longNumber(p: usize, end: usize): u64 {
  if (u32(end - p) > 1 && load<u8>(p, 1) < 128) return (<u64>(p + 2) << 32) | <u64>((load<u8>(p) & 127) | (<u32>load<u8>(p, 1) << 7))
  let value: u32 = 0
  for (let shift: u32 = 0; p < end && shift < 35; shift += 7) {
    const byte: u32 = load<u8>(p++)
    value |= (byte & 127) << shift
    if (byte < 128) return (<u64>p << 32) | <u64>value
  }
  return 0
}

let longer: i64 = 0

/** A varint of 64 bits, as `longer`, which is exact in float64; answers where it ends, 0: there is none. */
function longTime(p: usize, end: usize): usize {
  let value: u64 = 0
  for (let shift: u64 = 0; p < end && shift < 56; shift += 7) {
    const byte: u64 = load<u8>(p++)
    value |= (byte & 127) << shift
    if (byte < 128) {
      longer = i64(value >> 1) ^ -i64(value & 1)
      return longer > SAFE || longer < -SAFE ? 0 : p
    }
  }
  return 0
}

/**
 * Of what is zig-zagged.
 * @inline
 */
function signed(value: u32): i32 {
  return i32(value >> 1) ^ -i32(value & 1)
}

function attributesOf(at: usize): i32 {
  return load<u8>(at, 22)
}
function int32(at: usize): i32 {
  return bswap(load<i32>(at))
}
function int64(at: usize): i64 {
  return bswap(load<i64>(at))
}
