// Records into Kafka's record batches (magic 2), from an index of rows; its layout stands in layout.ts.

import {
  GROUP_BYTES, GROUP_CURSOR, GROUP_FIRST, GROUP_PARTITION, GROUP_ROWS, GROUP_SIZE, INDEX_GROUP, INDEX_HEADERS_END, INDEX_HEADERS_START, INDEX_KEY_END, INDEX_KEY_START, INDEX_SIZES,
  INDEX_TAKEN, INDEX_TIMES_MS, INDEX_VALUE_END, INDEX_VALUE_START, STAGE_BYTES_HELD, STAGE_GROUPS, STAGE_MAX_MS, STAGE_REFUSED, STAGE_SLOTS, STAGE_SLOTS_BYTES,
} from './layout'
import { copy } from './memory'

const SAFE: f64 = 9007199254740991

/** Of each row the bytes that it holds; then which rows go to which partition, in order: a group for each, whose rows stand together among those that are taken.
    Keys go where Java's producer puts them, rows without one are a group of partition -1. Those with more than `most` bytes are in none: STAGE_REFUSED says how
    many. Answers how many groups; -1: some rows have a key and some have none. */
export function groupRows(index: usize, count: i32, base: usize, partitions: i32, most: u32): i32 {
  const slots = index + STAGE_SLOTS, groups = index + STAGE_GROUPS
  memory.fill(slots, 0, STAGE_SLOTS_BYTES)
  let made: u32 = 0
  let refused = 0
  let held: u64 = 0
  let keyed = 0
  let keyless = 0
  for (let i = 0; i < count; i++) {
    const at = index + (i << 2)
    const keyAt = load<i32>(at, INDEX_KEY_START)
    const valueAt = load<i32>(at, INDEX_VALUE_START)
    const headersAt = load<i32>(at, INDEX_HEADERS_START)
    let size = 0
    if (keyAt >= 0) size = load<i32>(at, INDEX_KEY_END) - keyAt
    const key = size
    if (valueAt >= 0) size += load<i32>(at, INDEX_VALUE_END) - valueAt
    if (headersAt >= 0) size += load<i32>(at, INDEX_HEADERS_END) - headersAt
    store<i32>(at, size, INDEX_SIZES)
    if (u32(size) > most) {
      refused++
      store<u32>(at, 0, INDEX_GROUP)
      continue
    }
    held += u32(size)
    let partition = -1
    if (keyAt < 0) keyless = 1
    else {
      keyed = 1
      partition = i32(u32(murmur2(base + keyAt, key) & 0x7fffffff) % u32(partitions))
    }
    // open addressing: there are twice as many slots as rows
    let slot = u32(partition) & SLOTS_MASK
    let group: u32
    while (true) {
      group = load<u32>(slots + (slot << 2))
      if (!group || load<i32>(groups + (group - 1) * GROUP_SIZE, GROUP_PARTITION) == partition) break
      slot = (slot + 1) & SLOTS_MASK
    }
    if (!group) {
      const fresh = groups + made * GROUP_SIZE
      store<i32>(fresh, partition, GROUP_PARTITION)
      store<u32>(fresh, 0, GROUP_ROWS)
      store<f64>(fresh, 0, GROUP_BYTES)
      group = ++made
      store<u32>(slots + (slot << 2), group)
    }
    const its = groups + (group - 1) * GROUP_SIZE
    store<u32>(its, load<u32>(its, GROUP_ROWS) + 1, GROUP_ROWS)
    store<f64>(its, load<f64>(its, GROUP_BYTES) + f64(u32(size)), GROUP_BYTES)
    store<u32>(at, group, INDEX_GROUP)
  }
  store<u32>(index, refused, STAGE_REFUSED)
  store<f64>(index, f64(held), STAGE_BYTES_HELD)
  if (keyed & keyless) return -1
  let first: u32 = 0
  const behind = groups + made * GROUP_SIZE
  for (let group = groups; group < behind; group += GROUP_SIZE) {
    store<u32>(group, first, GROUP_FIRST)
    store<u32>(group, first, GROUP_CURSOR)
    first += load<u32>(group, GROUP_ROWS)
  }
  for (let i = 0; i < count; i++) {
    const group = load<u32>(index + (i << 2), INDEX_GROUP)
    if (!group) continue
    const its = groups + (group - 1) * GROUP_SIZE, to = load<u32>(its, GROUP_CURSOR)
    store<u32>(index + (to << 2), i, INDEX_TAKEN)
    store<u32>(its, to + 1, GROUP_CURSOR)
  }
  return made
}
const SLOTS_MASK: u32 = STAGE_SLOTS_BYTES / 4 - 1

/** murmur2 (Austin Appleby, public domain) with the seed of Kafka's producers. */
function murmur2(p: usize, length: i32): i32 {
  let hash: u32 = 0x9747b28c ^ u32(length)
  const end = p + (length & ~3)
  for (; p < end; p += 4) {
    let word: u32 = load<u32>(p) * 0x5bd1e995
    word ^= word >> 24
    hash = hash * 0x5bd1e995 ^ word * 0x5bd1e995
  }
  const left = length & 3
  if (left > 2) hash ^= <u32>load<u8>(p, 2) << 16
  if (left > 1) hash ^= <u32>load<u8>(p, 1) << 8
  if (left > 0) hash = (hash ^ load<u8>(p)) * 0x5bd1e995
  hash ^= hash >> 13
  hash *= 0x5bd1e995
  return i32(hash ^ hash >> 15)
}

/** A time as it is written: ms, whole; -1 where it is none. */
function timeOf(time: f64): f64 {
  return time >= 0 && time <= SAFE ? Math.floor(time) : -1
}

/** Rows of the index that were taken, from the one numbered `taken` on, as records: length varint, attributes int8, time varlong (less baseMs), number varint, key,
    value, headers. `first`: the number of the first of them in its batch. Answers where the next one goes, and the latest time; writes up to 15 bytes further. */
export function appendRows(index: usize, base: usize, taken: u32, count: i32, to: usize, first: i32, baseMs: f64): usize {
  const end = first + count
  let rows = index + INDEX_TAKEN + (taken << 2)
  let maxMs: f64 = -1
  for (let number = first; number < end; number++) {
    const row = load<u32>(rows)
    rows += 4
    const at = index + (row << 2)
    const keyAt = load<i32>(at, INDEX_KEY_START)
    const valueAt = load<i32>(at, INDEX_VALUE_START)
    const headersAt = load<i32>(at, INDEX_HEADERS_START)
    const key = keyAt < 0 ? 0 : load<i32>(at, INDEX_KEY_END) - keyAt
    const value = valueAt < 0 ? 0 : load<i32>(at, INDEX_VALUE_END) - valueAt
    const headers = headersAt < 0 ? 1 : load<i32>(at, INDEX_HEADERS_END) - headersAt
    const timeMs = timeOf(load<f64>(index + (row << 3), INDEX_TIMES_MS))
    if (timeMs > maxMs) maxMs = timeMs
    const since = i64(timeMs - baseMs)
    const time = u64(since << 1 ^ since >> 63)
    const length = 1 + bytesOf64(time) + bytesOf(number << 1) + (keyAt < 0 ? 1 : bytesOf(key << 1)) + key + (valueAt < 0 ? 1 : bytesOf(value << 1)) + value + headers
    to = varint(to, length << 1)
    store<u8>(to, 0)
    to = time < 128 ? one(to + 1, time) : varint64(to + 1, time)
    to = varint(to, number << 1)
    if (keyAt < 0) to = one(to, 1)
    else to = copy(varint(to, key << 1), base + keyAt, key)
    if (valueAt < 0) to = one(to, 1)
    else to = copy(varint(to, value << 1), base + valueAt, value)
    if (headersAt < 0) to = one(to, 0)
    else to = copy(to, base + headersAt, headers)
  }
  store<f64>(index, maxMs, STAGE_MAX_MS)
  return to
}

function one(to: usize, value: u64): usize {
  store<u8>(to, u8(value))
  return to + 1
}

/** Of what is zig-zagged already, and below 2^31. */
function bytesOf(value: u32): i32 {
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : value < 268435456 ? 4 : 5
}
function bytesOf64(value: u64): i32 {
  let bytes = 1
  for (; value > 127; value >>= 7) bytes++
  return bytes
}
function varint(to: usize, value: u32): usize {
  for (; value > 127; value >>= 7) store<u8>(to++, u8(value | 128))
  store<u8>(to, u8(value))
  return to + 1
}
function varint64(to: usize, value: u64): usize {
  for (; value > 127; value >>= 7) store<u8>(to++, u8(value | 128))
  store<u8>(to, u8(value))
  return to + 1
}
