// Keiser & Lemire, "Validating UTF-8 in less than one instruction per byte" (2020): three table look-ups by nibble, and-ed.

// What three bytes in a row may say against them, a bit each.
const TOO_SHORT: u8 = 1, TOO_LONG: u8 = 2, OVERLONG_3: u8 = 4, TOO_LARGE: u8 = 8, SURROGATE: u8 = 16, OVERLONG_2: u8 = 32, OVERLONG_4: u8 = 64, TWO_CONTS: u8 = 128
const TOO_LARGE_1000: u8 = OVERLONG_4
const CARRY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTS
const LARGER: u8 = CARRY | TOO_LARGE | TOO_LARGE_1000
const AFTER: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTS

const BYTE1_HIGH: usize = memory.data<u8>([
  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS,
  TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
], 16)
const BYTE1_LOW: usize = memory.data<u8>([
  CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY, CARRY | TOO_LARGE,
  LARGER, LARGER, LARGER, LARGER, LARGER, LARGER, LARGER, LARGER, LARGER | SURROGATE, LARGER, LARGER,
], 16)
const BYTE2_HIGH: usize = memory.data<u8>([
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
  AFTER | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4, AFTER | OVERLONG_3 | TOO_LARGE, AFTER | SURROGATE | TOO_LARGE, AFTER | SURROGATE | TOO_LARGE,
  TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
], 16)

/** True if the bytes are valid UTF-8. The caller pads with 64 bytes. */
export function utf8(p: usize, length: u32): bool {
  if (isAscii(p, length)) return true
  const end = p + length
  let previous = i8x16.splat(0)
  let error = i8x16.splat(0)
  let dirty = false; // the previous block was not ASCII
  for (; p + 64 <= end; p += 64) {
    const a = v128.load(p), b = v128.load(p, 16), c = v128.load(p, 32), d = v128.load(p, 48)
    if (!i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d)))) {
      if (dirty) {
        error = v128.or(error, incomplete(previous))
        dirty = false
        previous = i8x16.splat(0)
      }
      continue
    }
    error = v128.or(v128.or(error, check(a, previous)), v128.or(check(b, a), v128.or(check(c, b), check(d, c))))
    previous = d
    dirty = true
  }
  for (; p < end; p += 16) {
    let v = v128.load(p)
    if (end - p < 16) {
      const left = i8(end - p)
      v = v128.and(v, i8x16.gt_s(i8x16.splat(left), i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)))
    }
    error = v128.or(error, check(v, previous))
    previous = v
  }
  return !v128.any_true(v128.or(error, incomplete(previous)))
}

/** Of 64 bytes and more, the last ones looked at twice: as most records are. What is shorter than 64 at the end costs the most below. */
function isAscii(p: usize, length: u32): bool {
  if (length < 64) return false
  const last = p + length - 64
  let all = i8x16.splat(0)
  for (; p < last; p += 64) all = v128.or(all, any64(p))
  return !i8x16.bitmask(v128.or(all, any64(last)))
}

function any64(p: usize): v128 {
  return v128.or(v128.or(v128.load(p), v128.load(p, 16)), v128.or(v128.load(p, 32), v128.load(p, 48)))
}

function incomplete(v: v128): v128 {
  return i8x16.sub_sat_u(v, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -17, -33, -65))
}

function check(v: v128, before: v128): v128 {
  const prev1 = i8x16.shuffle(before, v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
  const prev2 = i8x16.shuffle(before, v, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
  const prev3 = i8x16.shuffle(before, v, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)
  const special = v128.and(
    v128.and(i8x16.relaxed_swizzle(v128.load(BYTE1_HIGH), i8x16.shr_u(prev1, 4)), i8x16.relaxed_swizzle(v128.load(BYTE1_LOW), v128.and(prev1, i8x16.splat(15)))),
    i8x16.relaxed_swizzle(v128.load(BYTE2_HIGH), i8x16.shr_u(v, 4)),
  )
  const third = i8x16.sub_sat_u(prev2, i8x16.splat(i8(0xe0 - 0x80)))
  const fourth = i8x16.sub_sat_u(prev3, i8x16.splat(i8(0xf0 - 0x80)))
  const must23 = v128.and(v128.or(third, fourth), i8x16.splat(<i8>0x80))
  return v128.xor(must23, special)
}
