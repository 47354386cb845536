import { BYTES_9, CHARS_ZERO } from './tables'
import { BACKSLASH, COMMA, isBlank, QUOTE, skipBlank, stopMask } from './text'

// Values of JSON that nobody wants are passed over with the strictness of JSON.parse. Each answers the position after what it passed over, or 0: it is
// not valid, or is too odd to say.

const DEPTH_MAX: i32 = 64

export function skipValue(p: usize, end: usize, depth: i32): usize {
  const c = load<u8>(p)
  if (c == QUOTE) return skipString(p + 1, end)
  if (c == 123) return depth < DEPTH_MAX ? skipObject(p + 1, end, depth + 1) : 0
  if (c == 91) return depth < DEPTH_MAX ? skipArray(p + 1, end, depth + 1) : 0
  if (c < 58) return skipNumber(p)
  const word = load<u32>(p)
  if (word == 0x65757274 || word == 0x6c6c756e) return p + 4 // true, null
  return word == 0x736c6166 && load<u8>(p, 4) == 101 ? p + 5 : 0 // false
}

/** p after the opening quote. */
export function skipString(p: usize, end: usize): usize {
  while (true) {
    const stops = stopMask(p)
    if (!stops) {
      p += 16
      if (p >= end) return 0
      continue
    }
    p += ctz(stops)
    const c = load<u8>(p)
    if (c == QUOTE) return p + 1
    if (c != BACKSLASH) return 0
    p = skipEscape(p + 1)
    if (!p || p >= end) return 0
  }
}

/** p after the backslash. */
function skipEscape(p: usize): usize {
  const c = load<u8>(p)
  if (c == 117) return isHex(load<u8>(p, 1)) & isHex(load<u8>(p, 2)) & isHex(load<u8>(p, 3)) & isHex(load<u8>(p, 4)) ? p + 5 : 0
  return c == QUOTE || c == BACKSLASH || c == 47 || c == 98 || c == 102 || c == 110 || c == 114 || c == 116 ? p + 1 : 0 // / b f n r t
}

function isHex(c: u8): i32 {
  return i32(u32(c) - 48 < 10) | i32((u32(c) | 32) - 97 < 6)
}

function skipNumber(p: usize): usize {
  const minus = i32(load<u8>(p) == 45)
  const stops = ~digitMask(p) & ~minus
  const whole = ctz(stops)
  if (whole < 15 && whole > minus && !(i32(load<u8>(p + minus) == 48) & i32(whole > minus + 1))) {
    const after = load<u8>(p + whole)
    if (after != 46 && (after | 32) != 101) return p + whole
    const length = ctz(stops & (stops - 1))
    if (after == 46 && length < 16 && length > whole + 1 && (load<u8>(p + length) | 32) != 101) return p + length
  }
  return skipLongNumber(p + minus)
}

/** p after the sign. */
function skipLongNumber(p: usize): usize {
  let after = skipDigits(p)
  if (after == p || (load<u8>(p) == 48 && after > p + 1)) return 0
  p = after
  if (load<u8>(p) == 46) {
    after = skipDigits(p + 1)
    if (after == p + 1) return 0
    p = after
  }
  if ((load<u8>(p) | 32) == 101) {
    p++
    if (load<u8>(p) == 43 || load<u8>(p) == 45) p++
    after = skipDigits(p)
    if (after == p) return 0
    p = after
  }
  return p
}

function skipDigits(p: usize): usize {
  while (true) {
    const mask = digitMask(p)
    if (mask != 0xffff) return p + ctz(~mask)
    p += 16
  }
}

function digitMask(p: usize): i32 {
  return i8x16.bitmask(i8x16.le_u(i8x16.sub(v128.load(p), v128.load(CHARS_ZERO)), v128.load(BYTES_9)))
}

/** p after the bracket. */
function skipArray(p: usize, end: usize, depth: i32): usize {
  if (load<u8>(p) <= 32) p = skipBlank(p, end)
  if (load<u8>(p) == 93) return p + 1
  while (true) {
    p = skipValue(p, end, depth)
    if (!p) return 0
    if (load<u8>(p) != COMMA) {
      p = skipBlank(p, end)
      if (load<u8>(p) == 93) return p + 1
      if (load<u8>(p) != COMMA) return 0
    }
    if (++p >= end) return 0
    if (load<u8>(p) <= 32) p = skipBlank(p, end)
  }
}

/** p after the brace. */
function skipObject(p: usize, end: usize, depth: i32): usize {
  if (load<u8>(p) <= 32) p = skipBlank(p, end)
  if (load<u8>(p) == 125) return p + 1
  while (true) {
    if (load<u8>(p) != QUOTE) return 0
    p = skipString(p + 1, end)
    if (!p) return 0
    if (load<u8>(p) != 58) {
      p = skipBlank(p, end)
      if (load<u8>(p) != 58) return 0
    }
    p++
    if (isBlank(load<u8>(p))) p = skipBlank(p, end)
    p = skipValue(p, end, depth)
    if (!p) return 0
    if (load<u8>(p) != COMMA) {
      p = skipBlank(p, end)
      if (load<u8>(p) == 125) return p + 1
      if (load<u8>(p) != COMMA) return 0
    }
    if (++p >= end) return 0
    if (load<u8>(p) <= 32) p = skipBlank(p, end)
  }
}
