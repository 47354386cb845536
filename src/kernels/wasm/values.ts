import { lookUp } from './dictionary'
import {
  ALLOWS_BARE, ALLOWS_FALSE, ALLOWS_LONG, ALLOWS_NULL, ALLOWS_TRUE, ALLOWS_UNKNOWN, ENTRY_VALUE, FIELD_ALLOWS, FIELD_FALSE, FIELD_NULL, FIELD_TRUE, FIELD_UNKNOWN, TOKEN_MAX,
} from './layout'
import { storeAs } from './digits'
import { QUOTE, stopMask } from './text'
import { time } from './time'

// Values of JSON that are wanted and no numbers, written as T to the cell. Each answers the position after the value, or 0: flag the record.

const TRUE: u32 = 0x65757274
const FALS: u32 = 0x736c6166
const NULL: u32 = 0x6c6c756e

export function timeText<T>(p: usize, cell: usize): usize {
  let at = p + 1
  while (at < p + 48) {
    const stops = stopMask(at)
    if (stops) {
      at += ctz(stops)
      return load<u8>(at) == QUOTE && time<T>(p + 1, i32(at - p) - 1, cell) ? at + 1 : 0
    }
    at += 16
  }
  return 0
}

export function literal<T>(p: usize, cell: usize, field: usize): usize {
  const allows = load<u32>(field, FIELD_ALLOWS), word = load<u32>(p)
  if (word == NULL && allows & ALLOWS_NULL) {
    storeAs<T>(cell, load<f64>(field, FIELD_NULL))
    return p + 4
  }
  if (word == TRUE && allows & ALLOWS_TRUE) {
    storeAs<T>(cell, load<f64>(field, FIELD_TRUE))
    return p + 4
  }
  if (word == FALS && load<u8>(p, 4) == 101 && allows & ALLOWS_FALSE) {
    storeAs<T>(cell, load<f64>(field, FIELD_FALSE))
    return p + 5
  }
  return 0
}

/** What the dictionary says of a text or a word, as it is written. */
export function token<T>(p: usize, end: usize, cell: usize, field: usize, dictionary: usize): usize {
  const allows = load<u32>(field, FIELD_ALLOWS)
  if (load<u8>(p) != QUOTE) {
    if (allows & ALLOWS_BARE) {
      const length = bareLength(p)
      const entry = length ? lookUp(dictionary, p, length) : 0
      if (entry) {
        storeAs<T>(cell, load<f64>(entry, ENTRY_VALUE))
        return p + length
      }
    }
    return literal<T>(p, cell, field)
  }
  let stops = stopMask(p + 1)
  let quote: usize = p + 1
  if (!stops) {
    quote += 16
    stops = stopMask(quote)
  }
  const after = stops ? quote + ctz(stops) + 1 : 0
  if (after && after - p <= <usize>TOKEN_MAX) {
    if (load<u8>(after - 1) != QUOTE) return 0
    const entry = lookUp(dictionary, p, after - p)
    if (entry) {
      storeAs<T>(cell, load<f64>(entry, ENTRY_VALUE))
      return after
    }
    if (!(allows & ALLOWS_UNKNOWN)) return 0
    storeAs<T>(cell, load<f64>(field, FIELD_UNKNOWN))
    return after
  }
  return allows & ALLOWS_LONG ? longUnknown<T>(p, end, cell, field) : 0
}

/** A text longer than any in the dictionary; with escapes it might be a shorter one. */
function longUnknown<T>(p: usize, end: usize, cell: usize, field: usize): usize {
  let at = p + 1
  while (true) {
    const stops = stopMask(at)
    if (stops) {
      at += ctz(stops)
      break
    }
    at += 16
    if (at >= end) return 0
  }
  if (load<u8>(at) != QUOTE) return 0
  storeAs<T>(cell, load<f64>(field, FIELD_UNKNOWN))
  return at + 1
}

/** Of a number or a word: up to a blank or what separates values; 0: above 15. */
function bareLength(p: usize): usize {
  const v = v128.load(p)
  const ends = v128.or(i8x16.lt_u(v, i8x16.splat(33)), v128.or(i8x16.eq(v, i8x16.splat(44)), i8x16.eq(v128.or(v, i8x16.splat(32)), i8x16.splat(125))))
  const length = ctz(i8x16.bitmask(ends))
  return length < 16 ? length : 0
}
