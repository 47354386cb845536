import { hash, rotated } from './dictionary'
import {
  ALLOWS_ABSENT, FIELD_ABSENT, FIELD_ALLOWS, FIELD_BYTES, FIELD_CELL, FIELD_INDEX, FIELD_KEY, FIELD_KEY_LENGTH, FIELD_KEY_LITERAL, FIELD_KIND, FIELD_LENGTH, FIELD_LITERAL, FIELD_MASK,
  FIELD_NEXT, FIELD_REF, FIELD_SERIAL, KIND_ARRAY, KIND_LONG, KIND_MANY, KIND_NUMBER, KIND_OBJECT, KIND_RUN, KIND_SKIP, KIND_TIME, KIND_TOKEN, SHAPE_FIELDS, SHAPE_LAST, SHAPE_MISSES,
  SHAPE_SLOT_MASK, SHAPE_SLOTS, SHAPE_WANTED,
} from './layout'
import { number, slowNumber, storeAs, wholeNumber } from './number'
import { noNumber, run } from './run'
import { skipValue } from './skip'
import { CLOSE_ARRAY, COMMA, firstBytes, OPEN_ARRAY, QUOTE, same, skipBlank, stopMask } from './text'
import { utf8 } from './utf8'
import { literal, timeText, token } from './values'

// One pass over each record, without an index of its structure. A record that is accepted is one that JSON.parse accepts, and its row holds the same
// numbers; all others are flagged, and the plain path says what they are. Every function answers the position after what it read, or 0: flag it.
// Bytes behind the end of the record are looked at, but only what ends exactly there is accepted.

const COLON: u8 = 58
const OPEN: u8 = 123
const CLOSE: u8 = 125

/** Fills a row of float32 for each of the records; spans: where each begins and ends, two u32. flags[i]: 1 where JSON.parse must decide. Answers
    how many are flagged. */
export function scanJson32(spans: usize, count: i32, root: usize, rows: usize, stride: usize, flags: usize): i32 {
  return scan<f32>(spans, count, root, rows, stride, flags)
}

/** Float64 rows. */
export function scanJson64(spans: usize, count: i32, root: usize, rows: usize, stride: usize, flags: usize): i32 {
  return scan<f64>(spans, count, root, rows, stride, flags)
}

function scan<T>(spans: usize, count: i32, root: usize, rows: usize, stride: usize, flags: usize): i32 {
  let flagged = 0
  let serial = load<u64>(root, FIELD_SERIAL)
  for (let r = 0; r < count; r++) {
    const begin = load<u32>(spans)
    const end = load<u32>(spans, 4)
    const bad = i32(!whole<T>(begin, end, root, rows, ++serial) || !utf8(begin, end - begin))
    store<u8>(flags + r, <u8>bad)
    flagged += bad
    spans += 8
    rows += stride
  }
  store<u64>(root, serial, FIELD_SERIAL)
  return flagged
}

function whole<T>(begin: usize, end: usize, root: usize, row: usize, serial: u64): bool {
  const p = skipBlank(begin, end)
  const kind = load<u32>(root, FIELD_KIND)
  // a record of another kind is never what is wanted
  if (load<u8>(p) != (kind == KIND_OBJECT ? OPEN : OPEN_ARRAY)) return false
  const after = other<T>(p, end, root, kind, row, serial)
  return after != 0 && (after == end || skipBlank(after, end) == end)
}

/** p at the opening brace. */
function object<T>(p: usize, end: usize, shape: usize, row: usize, serial: u64): usize {
  const open = p
  let field: usize = load<u32>(shape, SHAPE_FIELDS) // behind the last one stand two that match nothing
  let wanted = load<u32>(shape, SHAPE_WANTED)
  let backwards = 0
  let value: usize = 0 // where the number before began
  while (true) {
    const head = v128.load(p)
    let kind = load<u32>(field, FIELD_KIND)
    if (matches(head, field) && (kind < <u32>KIND_LONG || longMatches(p, field))) {
      // in order no name comes twice
      if (backwards && load<u64>(field, FIELD_SERIAL) == serial) return 0
      p += load<u32>(field, FIELD_LENGTH)
    } else if (matches(head, field + FIELD_BYTES)) {
      field += FIELD_BYTES
      continue
    } else {
      if (p != open) {
        if (value && (load<u8>(p) | 32) == 101) {
          p = slowNumber<T>(value, row + load<u32>(field - FIELD_BYTES, FIELD_CELL))
          value = 0
          if (!p) return 0
          continue
        }
        if (load<u8>(p) <= 32) p = skipBlank(p, end)
        if (load<u8>(p) == CLOSE) return wanted == 0 || fillAbsent<T>(shape, row, serial) ? p + 1 : 0
        if (load<u8>(p) != COMMA) return 0
      }
      p++
      if (load<u8>(p) <= 32) p = skipBlank(p, end)
      if (p >= end) return 0
      if (load<u8>(p) != QUOTE) return load<u8>(p) == CLOSE && load<u8>(skipBlank(open + 1, end)) == CLOSE && (wanted == 0 || fillAbsent<T>(shape, row, serial)) ? p + 1 : 0
      // the end of the key moves p, not the field found: the value can be read while the field is still being looked up
      const after = keyEnd(p, end)
      if (!after) return 0
      const found = find(p, after, shape)
      p = after
      if (load<u8>(p) != COLON) {
        p = skipBlank(p, end)
        if (load<u8>(p) != COLON) return 0
      }
      p++
      if (load<u8>(p) <= 32) p = skipBlank(p, end)
      if (!found) {
        p = skipValue(p, end, 0)
        if (!p) return 0
        p = skipBlank(p, end)
        // what is expected may be the first name still, with a brace before it
        if (load<u8>(p) != COMMA && load<u8>(p) != CLOSE) return 0
        value = 0
        continue
      }
      backwards |= i32(found < field)
      field = found
      kind = load<u32>(field, FIELD_KIND)
      if (load<u64>(field, FIELD_SERIAL) == serial) return 0
    }
    kind &= KIND_LONG - 1
    if (kind == KIND_NUMBER) {
      store<u64>(field, serial, FIELD_SERIAL)
      wanted--
      const cell = row + load<u32>(field, FIELD_CELL)
      const after = number<T>(p, cell)
      value = p
      p = after ? after : noNumber<T>(p, end, cell, field)
    } else if (kind == KIND_SKIP) {
      p = skipValue(load<u8>(p) <= 32 ? skipBlank(p, end) : p, end, 0)
      value = 0
    } else {
      value = 0
      store<u64>(field, serial, FIELD_SERIAL)
      wanted--
      p = other<T>(load<u8>(p) <= 32 ? skipBlank(p, end) : p, end, field, kind, row, serial)
    }
    if (!p) return 0
    field += FIELD_BYTES
  }
}

/** p after the opening bracket. */
function array<T>(p: usize, end: usize, shape: usize, row: usize, serial: u64): usize {
  let field: usize = load<u32>(shape, SHAPE_FIELDS)
  const last: usize = load<u32>(shape, SHAPE_LAST)
  if (load<u8>(p) <= 32) p = skipBlank(p, end)
  if (load<u8>(p) == CLOSE_ARRAY) return fillAbsent<T>(shape, row, serial) ? p + 1 : 0
  let index: u32 = 0
  while (true) {
    if (field < last && load<u32>(field, FIELD_INDEX) == index++) {
      const kind = load<u32>(field, FIELD_KIND)
      store<u64>(field, serial, FIELD_SERIAL)
      if (kind == KIND_NUMBER) {
        const cell = row + load<u32>(field, FIELD_CELL)
        const digit = u32(load<u8>(p)) - 48
        if (digit < 10 && load<u8>(p, 1) == COMMA) {
          storeAs<T>(cell, digit)
          p++
        } else {
          const after = wholeNumber<T>(p, cell)
          p = after ? after : literal<T>(p, cell, field)
        }
      } else p = other<T>(p, end, field, kind, row, serial)
      field += FIELD_BYTES
    } else p = skipValue(p, end, 0)
    if (!p) return 0
    if (load<u8>(p) != COMMA) {
      p = skipBlank(p, end)
      if (load<u8>(p) == CLOSE_ARRAY) return field == last || fillAbsent<T>(shape, row, serial) ? p + 1 : 0
      if (load<u8>(p) != COMMA) return 0
    }
    if (++p >= end) return 0
    if (load<u8>(p) <= 32) p = skipBlank(p, end)
  }
}

/** The values that are no plain numbers. */
function other<T>(p: usize, end: usize, field: usize, kind: u32, row: usize, serial: u64): usize {
  const ref: usize = load<u32>(field, FIELD_REF)
  if (kind == KIND_TOKEN) return token<T>(p, end, row + load<u32>(field, FIELD_CELL), field, ref)
  if (kind == KIND_OBJECT || kind == KIND_ARRAY) {
    const c = load<u8>(p)
    if (kind == KIND_OBJECT && c == OPEN) return object<T>(p, end, ref, row, serial)
    if (kind == KIND_ARRAY && c == OPEN_ARRAY) return array<T>(p + 1, end, ref, row, serial)
    // a value of another kind has none of what is wanted inside of it
    const after = skipValue(p, end, 0)
    return after && fillAbsent<T>(ref, row, serial) ? after : 0
  }
  if (kind == KIND_RUN) return load<u8>(p) == OPEN_ARRAY ? run<T>(p + 1, end, field, row) : 0
  if (kind == KIND_MANY) {
    let after: usize = 0
    for (let each = ref; each; each = load<u32>(each, FIELD_NEXT)) {
      after = other<T>(p, end, each, load<u32>(each, FIELD_KIND), row, serial)
      if (!after) return 0
    }
    return after
  }
  const cell = row + load<u32>(field, FIELD_CELL)
  if (kind == KIND_TIME) {
    if (load<u8>(p) == QUOTE) return timeText<T>(p, cell)
    storeAs<T>(cell + sizeof<T>(), 0)
  }
  const after = wholeNumber<T>(p, cell)
  return after ? after : literal<T>(p, cell, field)
}

/** What stands for the fields that this record does not have; false: something has to be there. */
function fillAbsent<T>(shape: usize, row: usize, serial: u64): bool {
  const last: usize = load<u32>(shape, SHAPE_LAST)
  for (let field: usize = load<u32>(shape, SHAPE_FIELDS); field < last; field += FIELD_BYTES) {
    if (load<u32>(field, FIELD_KIND) != KIND_SKIP && load<u64>(field, FIELD_SERIAL) != serial && !fillField<T>(field, row, serial)) return false
  }
  return true
}

function fillField<T>(field: usize, row: usize, serial: u64): bool {
  const kind = load<u32>(field, FIELD_KIND)
  if (kind == KIND_OBJECT || kind == KIND_ARRAY) return fillAbsent<T>(load<u32>(field, FIELD_REF), row, serial)
  if (kind == KIND_MANY) {
    for (let each: usize = load<u32>(field, FIELD_REF); each; each = load<u32>(each, FIELD_NEXT)) if (!fillField<T>(each, row, serial)) return false
    return true
  }
  if (!(load<u32>(field, FIELD_ALLOWS) & ALLOWS_ABSENT)) return false
  storeAs<T>(row + load<u32>(field, FIELD_CELL), load<f64>(field, FIELD_ABSENT))
  return true
}

function matches(head: v128, field: usize): bool {
  return !v128.any_true(v128.xor(v128.and(head, v128.load(field, FIELD_MASK)), v128.load(field)))
}

/** All of what is expected: whole vectors from 16 on, the last one overlapping. */
function longMatches(p: usize, field: usize): bool {
  return restMatches(p, load<u32>(field, FIELD_LITERAL), load<u32>(field, FIELD_LENGTH))
}

function restMatches(p: usize, literal: usize, length: usize): bool {
  for (let i: usize = 16; i + 16 < length; i += 16) if (!same(p + i, literal + i)) return false
  return same(p + length - 16, literal + length - 16)
}

/** After the key at p. 0: it holds an escape (it might be one that is wanted), or is none. */
function keyEnd(p: usize, end: usize): usize {
  let at = p + 1
  let stops = stopMask(at)
  while (!stops) {
    at += 16
    if (at >= end) return 0
    stops = stopMask(at)
  }
  at += ctz(stops)
  return load<u8>(at) == QUOTE ? at + 1 : 0
}

/** Keys in any order, by a hash over the first and the last 16 bytes of `"key"`. */
function find(p: usize, after: usize, shape: usize): usize {
  store<u32>(shape, load<u32>(shape, SHAPE_MISSES) + 1, SHAPE_MISSES)
  const length = after - p
  const head = length < 16 ? firstBytes(v128.load(p), length) : v128.load(p)
  const mask = load<u32>(shape, SHAPE_SLOT_MASK)
  const slots: usize = load<u32>(shape, SHAPE_SLOTS)
  let i = keyHash(head, after, length) & mask
  while (true) {
    const field: usize = load<u32>(slots + (i << 2))
    if (!field) return 0
    if (
      <usize>load<u32>(field, FIELD_KEY_LENGTH) == length && !v128.any_true(v128.xor(head, v128.load(field, FIELD_KEY))) &&
      (length <= 16 || restMatches(p, load<u32>(field, FIELD_KEY_LITERAL), length))
    ) return field
    i = (i + 1) & mask
  }
}

function keyHash(head: v128, after: usize, length: usize): u32 {
  return hash(length <= 16 ? head : v128.xor(head, rotated(v128.load(after - 16))))
}

/** Lets a field be found. A slot must stay free. */
export function addField(shape: usize, field: usize): void {
  const length: usize = load<u32>(field, FIELD_KEY_LENGTH)
  const mask = load<u32>(shape, SHAPE_SLOT_MASK)
  const slots: usize = load<u32>(shape, SHAPE_SLOTS)
  let i = keyHash(v128.load(field, FIELD_KEY), <usize>load<u32>(field, FIELD_KEY_LITERAL) + length, length) & mask
  while (load<u32>(slots + (i << 2))) i = (i + 1) & mask
  store<u32>(slots + (i << 2), field)
}
