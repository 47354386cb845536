// Records into Kafka's record batches (magic 2), from an index of rows; its layout stands in layout.ts.

import { INDEX_HEADERS_END, INDEX_HEADERS_START, INDEX_KEY_END, INDEX_KEY_START, INDEX_PARTITIONS, INDEX_SIZES, INDEX_TIMES_MS, INDEX_VALUE_END, INDEX_VALUE_START } from './layout'
import { copy } from './memory'

const SAFE: f64 = 9007199254740991

/** Of each row the bytes that it holds, and the partition of its key as Java's producer finds it; -1: no key. */
export function placeRows(index: usize, count: i32, base: usize, partitions: i32): void {
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
    store<i32>(at, keyAt < 0 ? -1 : i32(u32(murmur2(base + keyAt, key) & 0x7fffffff) % u32(partitions)), INDEX_PARTITIONS)
  }
}

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

/** Record => length varint, attributes int8, time varlong (less baseMs), number varint, key, value, headers. rows: u32, which of the index; `first`: the number
    of the first of them in its batch. Answers where the next one goes; writes up to 15 bytes further. */
export function appendRows(index: usize, base: usize, rows: usize, count: i32, to: usize, first: i32, baseMs: f64): usize {
  const end = first + count
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
    const since = i64(timeOf(load<f64>(index + (row << 3), INDEX_TIMES_MS)) - baseMs)
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
