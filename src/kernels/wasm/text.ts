import { CHARS_BACKSLASH, CHARS_CONTROL, CHARS_QUOTE } from './tables'

// What both scanners need of texts.

export const QUOTE: u8 = 34
export const BACKSLASH: u8 = 92
export const COMMA: u8 = 44
export const OPEN_ARRAY: u8 = 91
export const CLOSE_ARRAY: u8 = 93

/** 16 x 0xff, then 16 x 0: `v128.load(FIRST + 16 - n)` masks the first n bytes. */
const FIRST: usize = memory.data<u8>([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16)

/** The first n bytes of the vector, zeros behind; n <= 16. */
export function firstBytes(v: v128, n: usize): v128 {
  return v128.and(v, v128.load(FIRST + 16 - n))
}

export function same(a: usize, b: usize): bool {
  return !v128.any_true(v128.xor(v128.load(a), v128.load(b)))
}

/** Not 0: a text that was looked at may hold bytes beyond ASCII. What is no text never does. */
export const BEYOND_ASCII: usize = memory.data<u8>([0], 16)

/** Where a string may end or stop being plain: quotes, backslashes, control characters. A bit for each of 16 bytes. */
export function stopMask(p: usize): i32 {
  const v = v128.load(p)
  if (i8x16.bitmask(v)) store<u8>(BEYOND_ASCII, 1)
  return i8x16.bitmask(v128.or(i8x16.le_u(v, v128.load(CHARS_CONTROL)), v128.or(i8x16.eq(v, v128.load(CHARS_QUOTE)), i8x16.eq(v, v128.load(CHARS_BACKSLASH)))))
}

export function isBlank(c: u8): bool {
  return c == 32 || c == 10 || c == 13 || c == 9
}

export function skipBlank(p: usize, end: usize): usize {
  while (p < end && isBlank(load<u8>(p))) p++
  return p
}
