import { slowNumber } from './digits'
import { FIELD_CELL, FIELD_RUN_AT, FIELD_RUN_END, FIELD_RUN_LENGTHS } from './layout'
import { number } from './number'
import { CLOSE_ARRAY, COMMA, OPEN_ARRAY, skipBlank } from './text'

// All numbers of a list, or of lists in lists of one shape, into cells that lie side by side. p stands after the opening bracket; each answers the position
// after the closing one, or 0: flag the record.

/** Deeper ones are left to the plain path. */
const DEPTH_MAX: u32 = 4

export function run<T>(p: usize, end: usize, field: usize, row: usize): usize {
  const last = row + load<u32>(field, FIELD_RUN_END)
  v128.store(field, i8x16.splat(0), FIELD_RUN_LENGTHS)
  const after = list<T>(p, end, field, row + load<u32>(field, FIELD_CELL), last, 0)
  return after && <usize>load<u32>(field, FIELD_RUN_AT) == last ? after : 0
}

function list<T>(p: usize, end: usize, field: usize, cell: usize, last: usize, depth: u32): usize {
  if (load<u8>(p) <= 32) p = skipBlank(p, end)
  if (load<u8>(p) != OPEN_ARRAY) {
    const after = numbers<T>(p, end, field, cell, last)
    // odd: of numbers, so that all numbers are equally deep
    return after && isAlike(field, depth, ((load<u32>(field, FIELD_RUN_AT) - u32(cell)) << 1) | 1) ? after : 0
  }
  let count: u32 = 0
  while (load<u8>(p) == OPEN_ARRAY && depth + 1 < DEPTH_MAX) {
    p = list<T>(p + 1, end, field, cell, last, depth + 1)
    if (!p) return 0
    cell = load<u32>(field, FIELD_RUN_AT)
    count++
    if (load<u8>(p) != COMMA) {
      p = skipBlank(p, end)
      if (load<u8>(p) == CLOSE_ARRAY) return isAlike(field, depth, count << 1) ? p + 1 : 0
      if (load<u8>(p) != COMMA) return 0
    }
    if (++p >= end) return 0
    if (load<u8>(p) <= 32) p = skipBlank(p, end)
  }
  return 0
}

/** Whether a list is as long as the others at this depth. */
function isAlike(field: usize, depth: u32, length: u32): bool {
  const at = field + (<usize>depth << 2)
  const known = load<u32>(at, FIELD_RUN_LENGTHS)
  if (!known) store<u32>(at, length, FIELD_RUN_LENGTHS)
  return !known || known == length
}

/** p at the first element. */
function numbers<T>(p: usize, end: usize, field: usize, cell: usize, last: usize): usize {
  while (cell < last) {
    let next = number<T>(p, cell, end, field)
    if (!next) return 0
    cell += sizeof<T>()
    if (load<u8>(next) != COMMA) {
      if ((load<u8>(next) | 32) == 101) {
        next = slowNumber<T>(p, cell - sizeof<T>())
        if (!next) return 0
      }
      if (load<u8>(next) != COMMA) {
        next = skipBlank(next, end)
        if (load<u8>(next) == CLOSE_ARRAY) {
          store<u32>(field, u32(cell), FIELD_RUN_AT)
          return next + 1
        }
        if (load<u8>(next) != COMMA) return 0
      }
    }
    next++
    if (load<u8>(next) == 32) next++
    const length = next - p
    p = next
    // written as the one before, it is the same: of what has many zeros most (784 grey values: half the time)
    if (length <= 8) {
      const shift = 64 - (length << 3)
      while (cell < last && !((load<u64>(p) ^ load<u64>(p - length)) << shift)) {
        store<T>(cell, load<T>(cell - sizeof<T>()))
        cell += sizeof<T>()
        p += length
      }
    }
    if (p >= end) return 0
  }
  return 0
}
