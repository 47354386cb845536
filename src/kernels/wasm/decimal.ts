import { POW5 } from './tables'

// Numbers as String(x) of JavaScript writes them: the fewest digits that read back, of these the nearest. The digits are found as Raffaello Giulietti's
// Schubfach finds them ("The Schubfach way to render doubles", 2020): one product of 128 bits for the number, and one for either end of what rounds to it.

/** 128, then 0 to 15, then 128: at 1 + n, indices that move a vector n bytes to its front; at 0, one to its back. Zeros follow. */
const MOVE: usize = memory.data<u8>([
  128, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
], 16)

/** Answers the end; writes up to 24 bytes further. What JSON does not know is null, -0 is 0. */
export function decimal(to: usize, value: f64): usize {
  const bits = reinterpret<u64>(value)
  const exponent = i32(bits >> 52) & 2047
  const fraction = bits & 0x000fffffffffffff
  if (exponent == 2047) {
    store<u32>(to, 0x6c6c756e)
    return to + 4
  }
  if (bits << 1 == 0) {
    store<u8>(to, 48)
    return to + 1
  }
  store<u8>(to, 45)
  to += usize(bits >> 63)
  if (exponent == 0) return shortest(to, fraction, -1074, 0)
  const c = fraction | 0x0010000000000000
  // whole, below 2^53
  const shift = 1075 - exponent
  if (u32(shift) < 53 && c << (64 - shift) == 0) return layOut(to, c >> shift, 0)
  return shortest(to, c, exponent - 1075, i32(fraction == 0) & i32(exponent > 1))
}

/** c * 2^q; `closer`: the number below is half as far away as the one above. */
function shortest(to: usize, c: u64, q: i32, closer: i32): usize {
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22
  const h = q + ((-k * 1741647) >> 19) + 1
  // 10^-k, not below it, in 128 bits
  const table = POW5 + (usize(342 - k) << 4)
  const g0 = load<u64>(table, 8) + u64(i32(k < -55) | i32(k > 27))
  const g1 = load<u64>(table)
  // the product, 192 bits
  const by = c << (h + 2)
  const b0 = by & 0xffffffff, b1 = by >> 32
  const l0 = g0 & 0xffffffff, l1 = g0 >> 32
  const h0 = g1 & 0xffffffff, h1 = g1 >> 32
  const l01 = l0 * b1, l10 = l1 * b0
  const lm = (l0 * b0 >> 32) + (l01 & 0xffffffff) + (l10 & 0xffffffff)
  const h01 = h0 * b1, h10 = h1 * b0
  const hm = (h0 * b0 >> 32) + (h01 & 0xffffffff) + (h10 & 0xffffffff)
  const p0 = g0 * by
  const x = l1 * b1 + (l01 >> 32) + (l10 >> 32) + (lm >> 32)
  const p1 = g1 * by + x
  const p2 = h1 * b1 + (h01 >> 32) + (h10 >> 32) + (hm >> 32) + u64(p1 < x)
  // half a step to either side; 1 <= h <= 4
  const d0 = g0 << (h + 1), d1 = (g1 << (h + 1)) | (g0 >> (63 - h)), d2 = g1 >> (63 - h)
  const u0 = p0 + d0
  const u1 = p1 + d1
  const u2 = p2 + d2 + u64(u1 < d1)
  const u1c = u1 + u64(u0 < d0)
  const u2c = u2 + u64(u1c < u1)
  const e0 = d0 >> closer | (closer ? d1 << 63 : 0), e1 = closer ? (d1 >> 1) | (d2 << 63) : d1, e2 = d2 >> closer
  const w1 = p1 - e1
  const borrow = u64(p0 < e0)
  const w1c = w1 - borrow
  const w2 = p2 - e2 - u64(p1 < e1) - u64(w1 < borrow)
  // whatever follows sets the last bit
  const odd = c & 1
  const middle = p2 | u64(p1 > 1)
  const lower = (w2 | u64(w1c > 1)) + odd
  const upper = (u2c | u64(u1c > 1)) - odd
  const s = middle >> 2
  if (s >= 10) {
    const tens = s / 10
    const down = lower <= 40 * tens, up = 40 * tens + 40 <= upper
    if (down != up) return layOut(to, tens + u64(up), k + 1)
  }
  const down = lower <= s << 2, up = (s << 2) + 4 <= upper
  if (down != up) return layOut(to, s + u64(up), k)
  const half = (s << 2) + 2
  return layOut(to, s + u64(i32(middle > half) | (i32(middle == half) & i32(s & 1))), k)
}

/** s * 10^k, s of at most 17 digits. */
function layOut(to: usize, s: u64, k: i32): usize {
  const upper = s / 100000000
  const lower = s - upper * 100000000
  const first = upper / 100000000
  const digits = sixteenDigits(upper - first * 100000000, lower)
  const marks = i8x16.bitmask(i8x16.ne(digits, i8x16.splat(0)))
  // first digits first; of seventeen the last is by itself
  const lead = first ? -1 : ctz(marks)
  const moved = v128.or(i8x16.swizzle(digits, v128.load(MOVE + 1 + lead)), i64x2(first, 0))
  const zero = i8x16.splat(48)
  const text = v128.or(moved, zero)
  const last = first ? u8(i8x16.extract_lane_u(digits, 15)) : 0
  const count = 32 - clz(marks) - lead
  // digits before the point
  const whole = 16 - lead + k
  if (u32(whole - 1) < 21) {
    v128.store(to, text)
    if (whole >= count) {
      store<u64>(to, 0x3030303030303030 | last, 16)
      return to + whole
    }
    v128.store(to + whole + 1, v128.or(i8x16.swizzle(moved, v128.load(MOVE + 1 + whole)), zero))
    store<u8>(to + whole, 46)
    store<u8>(to, last | 48, 17)
    return to + count + 1
  }
  if (u32(whole + 5) < 6) {
    store<u64>(to, 0x3030303030302e30)
    to += 2 - whole
    v128.store(to, text)
    store<u8>(to, last | 48, 16)
    return to + count
  }
  store<u8>(to, i8x16.extract_lane_u(text, 0))
  if (count > 1) {
    store<u8>(to, 46, 1)
    v128.store(to, v128.or(i8x16.swizzle(moved, v128.load(MOVE + 2)), zero), 2)
    store<u8>(to, last | 48, 17)
    to += count
  }
  return power(to + 1, whole - 1)
}

function power(to: usize, by: i32): usize {
  store<u8>(to, 101)
  store<u8>(to, by < 0 ? 45 : 43, 1)
  to += 2
  let rest = by < 0 ? -by : by
  if (rest > 99) {
    store<u8>(to++, u8(48 + rest / 100))
    rest %= 100
    store<u8>(to++, u8(48 + rest / 10))
  } else if (rest > 9) store<u8>(to++, u8(48 + rest / 10))
  store<u8>(to, u8(48 + rest % 10))
  return to + 1
}

/** Of two numbers below 10^8, the digit of the highest place first. */
function sixteenDigits(upper: u64, lower: u64): v128 {
  const eights = i64x2(upper, lower)
  const thousands = i64x2.shr_u(i64x2.extmul_low_i32x4_u(i8x16.shuffle(eights, eights, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11), i32x4.splat(<i32>3518437209)), 45)
  const fours = i64x2.add(thousands, i64x2.shl(i64x2.sub(eights, i64x2.extmul_low_i32x4_u(i8x16.shuffle(thousands, thousands, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11), i32x4.splat(10000))), 32))
  const hundreds = i32x4.shr_u(i32x4.mul(fours, i32x4.splat(5243)), 19)
  const twos = v128.or(hundreds, i32x4.shl(i32x4.sub(fours, i32x4.mul(hundreds, i32x4.splat(100))), 16))
  const tens = i16x8.shr_u(i16x8.mul(twos, i16x8.splat(103)), 10)
  return v128.or(tens, i16x8.shl(i16x8.sub(twos, i16x8.mul(tens, i16x8.splat(10))), 8))
}
