import { slowNumber, storeAs } from './digits'
import {
  ALLOWS_ABSENT, FIELD_ABSENT, FIELD_ALLOWS, FIELD_BYTES, FIELD_CELL, FIELD_INDEX, FIELD_KIND, FIELD_LENGTH, FIELD_NEXT, FIELD_REF, FIELD_SERIAL, KIND_ARRAY, KIND_LONG, KIND_MANY,
  KIND_NUMBER, KIND_OBJECT, KIND_RUN, KIND_SKIP, KIND_TIME, KIND_TOKEN, SHAPE_FIELDS, SHAPE_LAST, SHAPE_WANTED,
} from './layout'
import { find, keyEnd, longMatches, matches } from './names'
import { number, wholeNumber } from './number'
import { run } from './run'
import { skipValue } from './skip'
import { BEYOND_ASCII, CLOSE_ARRAY, COMMA, OPEN_ARRAY, QUOTE, skipBlank } from './text'
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
    // names that are expected are valid, and numbers and signs are ASCII
    store<u8>(BEYOND_ASCII, 0)
    const bad = i32(!whole<T>(begin, end, root, rows, ++serial) || (load<u8>(BEYOND_ASCII) && !utf8(begin, end - begin)))
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

/** p at the opening brace. As long as all names are where they are expected nothing has to be noted. */
function object<T>(p: usize, end: usize, shape: usize, row: usize, serial: u64): usize {
  const open = p
  let field: usize = load<u32>(shape, SHAPE_FIELDS) // behind the last one stand two that match nothing
  while (matches(v128.load(p), field)) {
    const kind = load<u32>(field, FIELD_KIND)
    if (kind == KIND_NUMBER || (kind == KIND_NUMBER + KIND_LONG && longMatches(p, field))) {
      p += load<u32>(field, FIELD_LENGTH)
      p = number<T>(p, row + load<u32>(field, FIELD_CELL), end, field)
    } else {
      if (kind >= <u32>KIND_LONG && !longMatches(p, field)) break
      p += load<u32>(field, FIELD_LENGTH)
      if (load<u8>(p) <= 32) p = skipBlank(p, end)
      p = (kind & (KIND_LONG - 1)) == KIND_SKIP ? skipValue(p, end, 0) : other<T>(p, end, field, kind & (KIND_LONG - 1), row, serial)
    }
    if (!p) return 0
    field += FIELD_BYTES
  }
  return load<u8>(p) == CLOSE && field == <usize>load<u32>(shape, SHAPE_LAST) ? p + 1 : rest<T>(p, end, shape, open, field, row, serial)
}

/** What remains of an object of which something is not where it is expected. */
function rest<T>(p: usize, end: usize, shape: usize, open: usize, field: usize, row: usize, serial: u64): usize {
  let wanted = load<u32>(shape, SHAPE_WANTED)
  for (let seen: usize = load<u32>(shape, SHAPE_FIELDS); seen < field; seen += FIELD_BYTES) {
    if ((load<u32>(seen, FIELD_KIND) & (KIND_LONG - 1)) == KIND_SKIP) continue
    store<u64>(seen, serial, FIELD_SERIAL)
    wanted--
  }
  let backwards = 0
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
        if ((load<u8>(p) | 32) == 101) {
          p = exponent<T>(p, row + load<u32>(field - FIELD_BYTES, FIELD_CELL))
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
      p = number<T>(p, cell, end, field)
    } else if (kind == KIND_SKIP) {
      p = skipValue(load<u8>(p) <= 32 ? skipBlank(p, end) : p, end, 0)
    } else {
      store<u64>(field, serial, FIELD_SERIAL)
      wanted--
      p = other<T>(load<u8>(p) <= 32 ? skipBlank(p, end) : p, end, field, kind, row, serial)
    }
    if (!p) return 0
    field += FIELD_BYTES
  }
}

/** p at the e behind what was taken for a whole number: from its beginning on. */
function exponent<T>(p: usize, cell: usize): usize {
  let begin = p
  while (u32(load<u8>(begin - 1)) - 45 < 13) begin--
  const before = load<u8>(begin - 1)
  return begin < p && (before == COLON || before <= 32) ? slowNumber<T>(begin, cell) : 0
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
