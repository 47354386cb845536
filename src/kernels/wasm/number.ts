import { eights, floatOf, longNumber, slowNumber, storeAs } from './digits'
import { ALIGN, BYTES_12, BYTES_9, CHARS_MINUS, CHARS_ZERO, POW10_SIGNED } from './tables'
import { skipBlank } from './text'
import { literal } from './values'

const DOT: u8 = 46

// Numbers where values belong: as they mostly are, and what else may stand there. The rules are those of digits.ts.

/**
 * One load, no branch per digit: `-?` and digits, at most one dot, 15 bytes in all. Everything else goes to slowNumber, but an exponent, which
 * the caller sees behind the end: then it is for slowNumber. What is no number is what the field makes of it; field 0: it is 0.
 *
 * The next position is `span`, how many bytes are digits, signs or dots: the shortest way from one number to the next, and that chain is a limit of
 * speed; that they are a number of this length is found out beside it. The other limit is how much there is to do: each check that is saved here
 * shows.
 * @inline
 */
export function number<T>(p: usize, dst: usize, end: usize, field: usize): usize {
  const v = v128.load(p)
  const span = ctz(~i8x16.bitmask(i8x16.le_u(i8x16.sub(v, v128.load(CHARS_MINUS)), v128.load(BYTES_12))))
  const minus = (i32(load<u8>(p)) - 46) >>> 31 // 1 also for what is less than a minus: then span is 0, which is no number
  const digits = i8x16.sub_sat_u(v, v128.load(CHARS_ZERO)) // sign and dot become 0
  const stops = ~i8x16.bitmask(i8x16.le_u(i8x16.sub(v, v128.load(CHARS_ZERO)), v128.load(BYTES_9))) ^ minus // bits 16.. are set
  const whole = ctz(stops)
  // what stands first behind the sign is no digit, or a zero before another digit: above all bits the first, below them the second
  const odd = rotr<u32>(u32(load<u16>(p + minus)) ^ 0x3030, 8) - 10 >= 0x0a000000 - 10
  if (load<u8>(p + whole) == DOT) {
    const length = ctz(stops & (stops - 1))
    const entry = ALIGN + ((length << 9) | (whole << 5))
    if (odd || length != span || load<i8>(entry, 15) < 0) {
      // 16 bytes and more, none of which is wrong
      const isLong = !odd && (length & span) >= 16 && length > whole + 1
      return isLong ? long<T>(p, dst, end, field, digits, whole, minus) : slow<T>(p, dst, end, field)
    }
    const w = floatOf(eights(i8x16.relaxed_swizzle(digits, v128.load(entry))))
    storeAs<T>(dst, w / load<f64>(entry + (<usize>minus << 3), 16)) // w < 10^15: exact
    return p + span
  }
  const entry = ALIGN + ((whole << 9) | (whole << 5))
  if (odd || whole != span || load<i8>(entry, 15) < 0) return slow<T>(p, dst, end, field)
  const w = floatOf(eights(i8x16.relaxed_swizzle(digits, v128.load(entry))))
  storeAs<T>(dst, w * load<f64>(POW10_SIGNED + (<usize>minus << 3)))
  return p + span
}

function slow<T>(p: usize, dst: usize, end: usize, field: usize): usize {
  const after = u32(load<u8>(p)) - 45 < 13 ? slowNumber<T>(p, dst) : 0
  return after || !field ? after : noNumber<T>(p, end, dst, field)
}

function long<T>(p: usize, dst: usize, end: usize, field: usize, digits: v128, whole: i32, minus: i32): usize {
  const after = longNumber<T>(p, dst, digits, whole, minus)
  return after || !field ? after : noNumber<T>(p, end, dst, field)
}

/** With its exponent. */
export function wholeNumber<T>(p: usize, dst: usize): usize {
  const after = number<T>(p, dst, 0, 0)
  return after && (load<u8>(after) | 32) == 101 ? slowNumber<T>(p, dst) : after
}

/** A blank before a number, or a word. */
function noNumber<T>(p: usize, end: usize, cell: usize, field: usize): usize {
  if (load<u8>(p) <= 32) {
    p = skipBlank(p, end)
    const after = wholeNumber<T>(p, cell)
    if (after) return after
  }
  return literal<T>(p, cell, field)
}
