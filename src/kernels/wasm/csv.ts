import { lookUp } from './dictionary'
import {
  ALLOWS_BARE, ALLOWS_LONG, ALLOWS_NULL, ALLOWS_UNKNOWN, CSV_COLUMNS, CSV_CONSTANTS, CSV_END, FIELD_ABSENT, FIELD_ALLOWS, FIELD_CELL, FIELD_KIND,
  FIELD_NEXT, FIELD_NULL, FIELD_REF, FIELD_UNKNOWN, KIND_MANY, KIND_NUMBER, KIND_TIME, KIND_TOKEN, ENTRY_VALUE, TOKEN_MAX,
} from './layout'
import { storeAs } from './digits'
import { number, wholeNumber } from './number'
import { COMMA, QUOTE } from './text'
import { time } from './time'
import { utf8 } from './utf8'

// Lines of RFC 4180 without their line break, cell by cell: as json.ts, with the plain path of CSV as its judge.

/** As scanJson32. */
export function scanCsv32(spans: usize, count: i32, table: usize, rows: usize, stride: usize, flags: usize): i32 {
  return scan<f32>(spans, count, table, rows, stride, flags)
}

/** As scanJson64. */
export function scanCsv64(spans: usize, count: i32, table: usize, rows: usize, stride: usize, flags: usize): i32 {
  return scan<f64>(spans, count, table, rows, stride, flags)
}

function scan<T>(spans: usize, count: i32, table: usize, rows: usize, stride: usize, flags: usize): i32 {
  let flagged = 0
  for (let r = 0; r < count; r++) {
    const begin: usize = load<u32>(spans), end: usize = load<u32>(spans, 4)
    const bad = i32(!line<T>(begin, end, table, rows) || !utf8(begin, end - begin))
    store<u8>(flags + r, <u8>bad)
    flagged += bad
    spans += 8
    rows += stride
  }
  return flagged
}

function line<T>(p: usize, end: usize, table: usize, row: usize): bool {
  // a byte order mark is no part of the text
  if (load<u8>(p) == 0xef) return false
  const last: usize = load<u32>(table, CSV_END)
  for (let column = table + CSV_COLUMNS; ; ) {
    const field: usize = load<u32>(column)
    column += 4
    if (!field) p = skipCell(p, end)
    else if (load<u32>(field, FIELD_KIND) == KIND_NUMBER) {
      const cell = row + load<u32>(field, FIELD_CELL)
      const after = number<T>(p, cell, 0, 0)
      p = after && (after == end || (after < end && load<u8>(after) == COMMA)) ? after : other<T>(p, end, field, row)
    } else p = other<T>(p, end, field, row)
    if (!p) return false
    if (column == last) break
    if (p >= end) return false
    p++
  }
  if (p != end) return false
  for (let field: usize = load<u32>(table, CSV_CONSTANTS); field; field = load<u32>(field, FIELD_NEXT)) {
    storeAs<T>(row + load<u32>(field, FIELD_CELL), load<f64>(field, FIELD_ABSENT))
  }
  return true
}

/** A word that stands for a number, an empty cell, a number in quotes. */
function noNumber<T>(p: usize, end: usize, cell: usize, field: usize): usize {
  if (p < end && load<u8>(p) == QUOTE) {
    const after = wholeNumber<T>(p + 1, cell)
    if (after && after < end && load<u8>(after) == QUOTE) return cellEnd(after + 1, end)
  }
  return token<T>(p, end, cell, field)
}

function other<T>(p: usize, end: usize, field: usize, row: usize): usize {
  const kind = load<u32>(field, FIELD_KIND)
  if (kind != KIND_MANY) {
    const cell = row + load<u32>(field, FIELD_CELL)
    if (kind == KIND_TOKEN) return token<T>(p, end, cell, field)
    if (kind == KIND_TIME) storeAs<T>(cell + sizeof<T>(), 0)
    const after = wholeNumber<T>(p, cell)
    if (after && (after == end || (after < end && load<u8>(after) == COMMA))) return after
    return kind == KIND_TIME ? timeText<T>(p, end, cell, field) : noNumber<T>(p, end, cell, field)
  }
  let after: usize = 0
  for (let each: usize = load<u32>(field, FIELD_REF); each; each = load<u32>(each, FIELD_NEXT)) {
    after = other<T>(p, end, each, row)
    if (!after) return 0
  }
  return after
}

function timeText<T>(p: usize, end: usize, cell: usize, field: usize): usize {
  const after = skipCell(p, end)
  if (!after || after == p) return token<T>(p, end, cell, field)
  const quoted = usize(load<u8>(p) == QUOTE)
  return time<T>(p + quoted, i32(after - p - 2 * quoted), cell) ? after : 0
}

function token<T>(p: usize, end: usize, cell: usize, field: usize): usize {
  const allows = load<u32>(field, FIELD_ALLOWS)
  const after = skipCell(p, end)
  if (!after) return 0
  if (after == p) {
    if (!(allows & ALLOWS_NULL)) return 0
    storeAs<T>(cell, load<f64>(field, FIELD_NULL))
    return after
  }
  const quoted = usize(load<u8>(p) == QUOTE)
  const from = p + quoted, length = after - p - 2 * quoted
  // what is empty in quotes is no empty cell; two quotes are one
  if (quoted && (!length || holdsQuote(from, from + length))) return 0
  if (length <= <usize>TOKEN_MAX) {
    const entry = lookUp(load<u32>(field, FIELD_REF), from, length)
    if (entry) {
      storeAs<T>(cell, load<f64>(entry, ENTRY_VALUE))
      return after
    }
  } else if (!(allows & ALLOWS_LONG)) return 0
  // a number may be written in many ways
  if (!(allows & ALLOWS_UNKNOWN) || (allows & ALLOWS_BARE && beginsNumber(load<u8>(from)))) return 0
  storeAs<T>(cell, load<f64>(field, FIELD_UNKNOWN))
  return after
}

function beginsNumber(c: u8): bool {
  return c < 58 || c == 73 || c == 78 // or Infinity, NaN
}

function holdsQuote(p: usize, end: usize): bool {
  while (p < end) if (load<u8>(p++) == QUOTE) return true
  return false
}

/** Where the cell ends: at a comma, or at the end of the line; 0: it is broken. */
function skipCell(p: usize, end: usize): usize {
  if (p < end && load<u8>(p) == QUOTE) return skipQuoted(p + 1, end)
  while (p < end) {
    const v = v128.load(p)
    const stops = i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(44)), i8x16.eq(v, i8x16.splat(34))))
    if (stops) {
      p += ctz(stops)
      if (p >= end) return end
      return load<u8>(p) == COMMA ? p : 0
    }
    p += 16
  }
  return end
}

/** p after the opening quote. */
function skipQuoted(p: usize, end: usize): usize {
  while (p < end) {
    const quotes = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(34)))
    if (!quotes) {
      p += 16
      continue
    }
    p += ctz(quotes) + 1
    if (p > end) return 0
    if (p == end || load<u8>(p) != QUOTE) return cellEnd(p, end)
    p++
  }
  return 0
}

function cellEnd(p: usize, end: usize): usize {
  return p == end || (p < end && load<u8>(p) == COMMA) ? p : 0
}
