// Results as JSON, from the numbers that a model gave and a plan; the layouts stand in layout.ts.

import { decimal } from './decimal'
import {
  FROM_AT, FROM_MODEL, FROM_OFFSETS, FROM_PART, INDEX_HEADERS_END, INDEX_HEADERS_START, INDEX_KEY_END, INDEX_KEY_START, INDEX_TAKEN, INDEX_TIMES_MS, INDEX_VALUE_END, INDEX_VALUE_START,
  NAME_BYTES, NAMES_FIRST, NAMES_LAST, OUT_BEFORE, OUT_BEFORE_LENGTH, OUT_BYTES, OUT_DATA, OUT_F32, OUT_F64, OUT_FOUND, OUT_FOUND_END, OUT_I32, OUT_KIND, OUT_LIST,
  OUT_NAME, OUT_NAME_LENGTH, OUT_NEXT, OUT_OPTIONAL, OUT_TAKEN, OUT_WIDTH, PLAN_COPIES,
  PLAN_END, PLAN_END_LENGTH, PLAN_FIELDS, PLAN_HEADERS, PLAN_LAST, PLAN_MOST, PLAN_NAMES, PLAN_ROWS, PLAN_TAILS, PLAN_TAKEN, PLAN_TO,
} from './layout'
import { copy } from './memory'
import { skipString, skipValue } from './skip'
import { BACKSLASH, COMMA, firstBytes, isBlank, QUOTE, same, skipBlank } from './text'

const OPEN: u8 = 123
const CLOSE: u8 = 125

/** Rows from..count of an index, whose bytes are counted from `base`; keys and headers are copied, rows without an answer left out. What is written from `to`
    on, not beyond `limit`, is counted from `outBase`. Answers where it stopped: at `count`, or at a row that the plain path must write, or for which there is no room. */
export function writeResults(plan: usize, index: usize, from: i32, count: i32, base: usize, out: usize, to: usize, limit: usize, outBase: usize): i32 {
  const most = load<u32>(plan, PLAN_MOST)
  const merges = load<u32>(plan, PLAN_NAMES) != 0
  const copies = load<u32>(plan, PLAN_COPIES)
  const taken: usize = load<u32>(plan, PLAN_TAKEN)
  let anyHeaders = 0
  let rows = 0
  for (; from < count; from++) {
    const at = index + (from << 2)
    const valueAt = load<i32>(at, INDEX_VALUE_START)
    if (valueAt >= 0 && load<i32>(at, FROM_PART) < 0) continue
    const keyAt = load<i32>(at, INDEX_KEY_START)
    const headersAt = load<i32>(at, INDEX_HEADERS_START)
    const valueEnd = load<i32>(at, INDEX_VALUE_END)
    const key = keyAt < 0 ? 0 : load<i32>(at, INDEX_KEY_END) - keyAt
    const headers = headersAt < 0 ? 0 : load<i32>(at, INDEX_HEADERS_END) - headersAt
    const value = valueAt >= 0 ? u32(valueEnd - valueAt) * copies : 0
    if (to + key + headers + value + most > limit) break
    const outAt = out + (rows << 2)
    let next = to
    store<i32>(outAt, -1, INDEX_KEY_START)
    store<i32>(outAt, -1, INDEX_KEY_END)
    store<i32>(outAt, -1, INDEX_HEADERS_START)
    store<i32>(outAt, -1, INDEX_HEADERS_END)
    store<i32>(outAt, -1, INDEX_VALUE_START)
    store<i32>(outAt, -1, INDEX_VALUE_END)
    if (keyAt >= 0) {
      store<i32>(outAt, i32(next - outBase), INDEX_KEY_START)
      next = copy(next, base + keyAt, key)
      store<i32>(outAt, i32(next - outBase), INDEX_KEY_END)
    }
    if (headersAt >= 0) {
      store<i32>(outAt, i32(next - outBase), INDEX_HEADERS_START)
      next = copy(next, base + headersAt, headers)
      store<i32>(outAt, i32(next - outBase), INDEX_HEADERS_END)
      anyHeaders = 1
    }
    if (valueAt >= 0) {
      store<i32>(outAt, i32(next - outBase), INDEX_VALUE_START)
      if (merges) next = merged(next, base + valueAt, base + valueEnd, plan, index, from)
      else if (taken && !find(taken, base + valueAt, base + valueEnd)) break
      else next = copy(members(next, plan, index, from), load<u32>(plan, PLAN_END), load<u32>(plan, PLAN_END_LENGTH))
      if (!next) break
      store<i32>(outAt, i32(next - outBase), INDEX_VALUE_END)
    }
    store<u32>(outAt, from, INDEX_TAKEN)
    store<f64>(out + (rows << 3), load<f64>(index + (from << 3), INDEX_TIMES_MS), INDEX_TIMES_MS)
    rows++
    to = next
  }
  store<u32>(plan, rows, PLAN_ROWS)
  store<u32>(plan, to, PLAN_TO)
  store<u32>(plan, anyHeaders, PLAN_HEADERS)
  return from
}

/** `{"a":0.5,"b":[1,2],"__sluice":{...@17`; the plan's end follows. */
function members(to: usize, plan: usize, index: usize, row: i32): usize {
  const at = load<i32>(index + (row << 2), FROM_AT)
  const last: usize = load<u32>(plan, PLAN_LAST)
  for (let field: usize = load<u32>(plan, PLAN_FIELDS); field < last; field += OUT_BYTES) {
    to = copy(to, load<u32>(field, OUT_BEFORE), load<u32>(field, OUT_BEFORE_LENGTH))
    if (load<u32>(field, OUT_KIND) == OUT_TAKEN) to = copy(to, load<u32>(field, OUT_FOUND), i32(load<u32>(field, OUT_FOUND_END) - load<u32>(field, OUT_FOUND)))
    else to = load<u32>(field, OUT_LIST) ? list(to, field, at) : element(to, load<u32>(field, OUT_KIND), load<u32>(field, OUT_DATA), at)
  }
  const tails: usize = load<u32>(plan, PLAN_TAILS)
  if (!tails) return to
  const tail = tails + (load<i32>(index + (row << 2), FROM_MODEL) << 3)
  return decimal(copy(to, load<u32>(tail), load<u32>(tail, 4)), load<f64>(index + (row << 3), FROM_OFFSETS))
}

function list(to: usize, field: usize, at: i32): usize {
  const width = load<u32>(field, OUT_WIDTH), kind = load<u32>(field, OUT_KIND)
  const data: usize = load<u32>(field, OUT_DATA)
  store<u8>(to++, 91)
  let i = u32(at) * width
  const end = i + width
  for (; i < end; i++) {
    to = element(to, kind, data, i)
    store<u8>(to++, COMMA)
  }
  if (width) to--
  store<u8>(to, 93)
  return to + 1
}

function element(to: usize, kind: u32, data: usize, i: u32): usize {
  if (kind == OUT_F64) return decimal(to, load<f64>(data + (i << 3)))
  if (kind == OUT_F32) return decimal(to, <f64>load<f32>(data + (i << 2)))
  if (kind == OUT_I32) return decimal(to, <f64>load<i32>(data + (i << 2)))
  if (load<u8>(data + i)) {
    store<u32>(to, 0x65757274)
    return to + 4
  }
  store<u64>(to, 0x65736c6166)
  return to + 5
}

const NULL: usize = memory.data<u8>([110, 117, 108, 108], 16)

/** Where in the record the fields lie that are taken from it; of the same name the last one. False: it is no object, or a name has escapes, or one that must be there is not. */
function find(taken: usize, p: usize, end: usize): bool {
  for (let field = taken; field; field = load<u32>(field, OUT_NEXT)) store<u32>(field, 0, OUT_FOUND)
  p = skipBlank(p, end)
  if (p >= end || load<u8>(p) != OPEN) return false
  p = skipBlank(p + 1, end)
  while (load<u8>(p) != CLOSE) {
    if (p >= end || load<u8>(p) != QUOTE) return false
    const name = p
    p = skipString(p + 1, end)
    if (!p || p >= end) return false
    const length = u32(p - name)
    if (load<u8>(p) != 58) p = skipBlank(p, end)
    if (p >= end || load<u8>(p) != 58) return false
    p = skipBlank(p + 1, end)
    const value = p
    p = skipValue(p, end, 0)
    if (!p || p >= end) return false
    if (hasBackslash(name, length)) return false
    for (let field = taken; field; field = load<u32>(field, OUT_NEXT)) {
      if (load<u32>(field, OUT_NAME_LENGTH) != length || !equal(name, load<u32>(field, OUT_NAME), length)) continue
      store<u32>(field, value, OUT_FOUND)
      store<u32>(field, p, OUT_FOUND_END)
    }
    if (load<u8>(p) <= 32) p = skipBlank(p, end)
    if (load<u8>(p) == COMMA) {
      p = skipBlank(p + 1, end)
      if (load<u8>(p) != QUOTE) return false
    } else if (load<u8>(p) != CLOSE) return false
  }
  if (p >= end || skipBlank(p + 1, end) != end) return false
  for (let field = taken; field; field = load<u32>(field, OUT_NEXT)) {
    if (load<u32>(field, OUT_FOUND)) continue
    if (!load<u32>(field, OUT_OPTIONAL)) return false
    store<u32>(field, NULL, OUT_FOUND)
    store<u32>(field, NULL + 4, OUT_FOUND_END)
  }
  return true
}

/** Both may be read 16 bytes further. */
function equal(a: usize, b: usize, length: u32): bool {
  for (; length > 16; length -= 16) {
    if (!same(a, b)) return false
    a += 16
    b += 16
  }
  return !v128.any_true(firstBytes(v128.xor(v128.load(a), v128.load(b)), length))
}

function hasBackslash(p: usize, length: u32): bool {
  let found = i8x16.splat(0)
  for (; length > 16; length -= 16) {
    found = v128.or(found, i8x16.eq(v128.load(p), i8x16.splat(BACKSLASH)))
    p += 16
  }
  return v128.any_true(v128.or(found, firstBytes(i8x16.eq(v128.load(p), i8x16.splat(BACKSLASH)), length)))
}

/** The record with members behind its own; 0: it may have some of these names, or is more than one line, or no object. */
function merged(to: usize, start: usize, end: usize, plan: usize, index: usize, row: i32): usize {
  const open = skipBlank(start, end)
  let close = end
  while (close > open && isBlank(load<u8>(close - 1))) close--
  close--
  if (close <= open || close > end || load<u8>(open) != OPEN || load<u8>(close) != CLOSE) return 0
  let last = close
  while (isBlank(load<u8>(last - 1))) last--
  if (!copyFresh(to, open, close, load<u32>(plan, PLAN_NAMES))) return 0
  to += last - open
  if (load<u8>(last - 1) != OPEN) store<u8>(to++, COMMA)
  to = copy(members(to, plan, index, row), load<u32>(plan, PLAN_END), load<u32>(plan, PLAN_END_LENGTH))
  return copy(to, last, i32(close + 1 - last))
}

/** Copies [p, end), unless it may have one of the names or a name with escapes, or has line breaks. May write 15 bytes further. */
function copyFresh(to: usize, p: usize, end: usize, names: usize): bool {
  const lasts = v128.load(names), befores = v128.load(names, 16), half = i8x16.splat(15)
  let escapes: usize = 0
  for (; p < end; p += 16) {
    const v = v128.load(p)
    v128.store(to, v)
    to += 16
    // may be before the last byte of a name, which is before a quote
    const ends = v128.and(i8x16.relaxed_swizzle(befores, v128.and(v, half)), i8x16.relaxed_swizzle(lasts, v128.and(v128.load(p, 1), half)))
    const hits = v128.and(ends, i8x16.eq(v128.load(p, 2), i8x16.splat(QUOTE)))
    const slashes = i8x16.eq(v, i8x16.splat(BACKSLASH))
    // line breaks, or others that are as rare
    if (v128.any_true(v128.or(v128.or(hits, slashes), i8x16.lt_u(v, i8x16.splat(14))))) {
      const within = end - p < 16 ? (1 << i32(end - p)) - 1 : 0xffff
      if (i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(10)), i8x16.eq(v, i8x16.splat(13)))) & within) return false
      const slash = i8x16.bitmask(slashes) & within
      if (slash && !escapes) escapes = p + ctz(slash)
      let found = i8x16.bitmask(i8x16.ne(hits, i8x16.splat(0))) & within
      for (; found; found &= found - 1) if (isAny(p + ctz(found) + 3, names)) return false
    }
  }
  return !escapes || !escapesNames(escapes, end)
}

/** Whether any of the names ends here; of long ones only the end is looked at. */
function isAny(end: usize, names: usize): bool {
  const v = v128.load(end - 16)
  const last: usize = load<u32>(names, NAMES_LAST)
  for (let name = names + NAMES_FIRST; name < last; name += NAME_BYTES) {
    if (!v128.any_true(v128.and(v128.xor(v, v128.load(name)), v128.load(name, 16)))) return true
  }
  return false
}

/** Whether a string with an escape stands before a colon. p: at the first backslash. */
function escapesNames(p: usize, end: usize): bool {
  while (p < end) {
    // out of the string
    while (p < end && load<u8>(p) != QUOTE) p += load<u8>(p) == BACKSLASH ? 2 : 1
    p = skipBlank(p + 1, end)
    if (p >= end) return false
    if (load<u8>(p) == 58) return true
    while (p < end && load<u8>(p) != BACKSLASH) p++
  }
  return false
}
