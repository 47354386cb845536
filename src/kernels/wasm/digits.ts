import { ALIGN, ALIGN_LONG, BYTES_9, CHARS_ZERO, POW10, POW10_HALVES, POW10_INT, POW10_SIGNED, POW5, WEIGHTS_10, WEIGHTS_100, WEIGHTS_10000, WEIGHTS_100000000 } from './tables'

const ZERO: u8 = 48
const MINUS: u8 = 45
const PLUS: u8 = 43
const DOT: u8 = 46

// Numbers as JSON writes them. Every parser here writes the value at `dst` as T (f32 or f64), bit for bit as JSON.parse and Math.fround make it, and
// returns the position after it, or 0: JSON.parse must decide.

/** Of up to 32 bytes, the dot among the first 15. */
export function longNumber<T>(p: usize, dst: usize, digits: v128, whole: i32, minus: i32): usize {
  const values = i8x16.sub(v128.load(p, 16), v128.load(CHARS_ZERO))
  const more = ctz(~i8x16.bitmask(i8x16.le_u(values, v128.load(BYTES_9))))
  const k = 15 - whole + more
  if (whole > 14 || more > 15 || k > 22) return slowNumber<T>(p, dst)
  const first = eights(i8x16.relaxed_swizzle(digits, v128.load(ALIGN_LONG + (whole << 5))))
  const last = eights(i8x16.relaxed_swizzle(values, v128.load(ALIGN + ((more << 9) | (more << 5)))))
  if (sizeof<T>() == 4) {
    // each of the three operations is at most half a unit in the last place off: as a float it is that of the double that is nearest, unless the middle of two
    // floats is about there
    const near = (floatOf(first) * load<f64>(POW10 + (<usize>more << 3)) + floatOf(last)) / load<f64>(POW10_SIGNED + (k << 4) + (minus << 3))
    if (u32(reinterpret<u64>(near) & 0x1fffffff) - 0x0ffffff8 > 16) {
      storeAs<T>(dst, near)
      return p + 16 + more
    }
  }
  const high = integerOf(first)
  // 18 digits that count
  if (high >= load<i64>(POW10_INT + (usize(18 - more) << 3))) return slowNumber<T>(p, dst)
  const w = high * load<i64>(POW10_INT + (<usize>more << 3)) + integerOf(last)
  const x = quotient(w, k)
  if (x == x) storeAs<T>(dst, x * load<f64>(POW10_SIGNED + (<usize>minus << 3)))
  else if (!eiselLemire<T>(w, -k, minus != 0, dst)) return 0
  return p + 16 + more
}

/** w / 10^k, correctly rounded, for w below 2^60 and k up to 22; NaN: it is too near to the middle of two doubles. Whether w is below 2^53, so that the division alone
    would do, is not asked: of half of the doubles that JavaScript and Python write it is, and a branch could only guess (30 numbers of 17 digits: 460 ns in place of 650 with the way of
    Eisel and Lemire). */
function quotient(w: i64, k: i32): f64 {
  const power = load<f64>(POW10 + (<usize>k << 3))
  const above = <f64>(w & ~1023), below = <f64>(w & 1023)
  const x = (above + below) / power
  // what x lacks of it, by the product of x and the power to the last bit (Dekker 1971)
  const shifted = x * 134217729
  const xHigh = shifted - (shifted - x)
  const xLow = x - xHigh
  const powerHigh = load<f64>(POW10_HALVES + (<usize>k << 4)), powerLow = load<f64>(POW10_HALVES + (<usize>k << 4), 8)
  const product = x * power
  const error = ((xHigh * powerHigh - product) + xHigh * powerLow + xLow * powerHigh) + xLow * powerLow
  const more = (((above - product) + below) - error) * (1 / power)
  const nearest = x + more * (1 + 1e-9)
  return nearest == x + more * (1 - 1e-9) ? nearest : NaN
}

export function storeAs<T>(dst: usize, value: f64): void {
  if (sizeof<T>() == 4) store<f32>(dst, <f32>value)
  else store<f64>(dst, value)
}

/** 16 digit values (0..9), most significant first, to two integers of eight digits: pairs, fours, eights. */
export function eights(d: v128): v128 {
  const pairs = i16x8.relaxed_dot_i8x16_i7x16_s(d, v128.load(WEIGHTS_10))
  const fours = i32x4.dot_i16x8_s(pairs, v128.load(WEIGHTS_100))
  const packed = i16x8.narrow_i32x4_s(fours, fours)
  return i32x4.dot_i16x8_s(packed, v128.load(WEIGHTS_10000))
}

/** Exact below 2^53. */
export function floatOf(eights: v128): f64 {
  const both = f64x2.mul(f64x2.convert_low_i32x4_s(eights), v128.load(WEIGHTS_100000000))
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
}

function integerOf(eights: v128): i64 {
  const both = i64x2.extract_lane(eights, 0)
  return (both & 0xffffffff) * 100000000 + (both >> 32)
}

/** The full grammar: exponents, up to 19 digits. */
export function slowNumber<T>(at: usize, dst: usize): usize {
  let p = at
  const negative = load<u8>(p) == MINUS
  if (negative) p++
  const s = p
  const whole = digitCount(p)
  if (whole == 0 || (whole > 1 && load<u8>(p) == ZERO) || whole > 19) return 0
  p += whole
  let w: u64
  let exponent = 0
  if (load<u8>(p) == DOT) {
    const f = p + 1
    const k = digitCount(f)
    if (k == 0) return 0
    p = f + k
    if (whole == 1 && load<u8>(s) == ZERO) {
      let zeros: i32 = 0
      if (k > 19) {
        while (zeros < k && load<u8>(f + zeros) == ZERO) zeros++
        if (k - zeros > 19) return 0
      }
      w = integer(f + zeros, k - zeros)
    } else {
      if (whole + k > 19) return 0
      w = integer(s, whole)
      const low = integer(f, k)
      if (k <= 8) w = w * pow10(k) + low
      else if (k <= 16) w = w * 100000000 * pow10(k - 8) + low
      else w = w * 10000000000000000 * pow10(k - 16) + low
    }
    exponent = -k
  } else {
    w = integer(s, whole)
  }
  if ((load<u8>(p) | 32) == 101) {
    p++
    const sign = load<u8>(p)
    if (sign == PLUS || sign == MINUS) p++
    const k = digitCount(p)
    if (k == 0 || k > 4) return 0
    const x = <i32>upTo8(p, k)
    p += k
    exponent += sign == MINUS ? -x : x
  }
  if (w <= (1 << 53) && exponent >= -22 && exponent <= 22) {
    let value = <f64><i64>w
    if (exponent < 0) value /= load<f64>(POW10 + (<usize>-exponent << 3))
    else value *= load<f64>(POW10 + (<usize>exponent << 3))
    storeAs<T>(dst, negative ? -value : value)
    return p
  }
  return eiselLemire<T>(w, exponent, negative, dst) ? p : 0
}

/** w * 10^q, correctly rounded (Lemire 2021). False where the proof does not hold: subnormal, infinite, half-way unknown. */
function eiselLemire<T>(digits: u64, q: i32, negative: bool, dst: usize): bool {
  const sign = <u64>negative << 63
  if (digits == 0) {
    storeAs<T>(dst, reinterpret<f64>(sign))
    return true
  }
  if (q < -300 || q > 300) return false
  const lz = <i32>clz(digits)
  const w = digits << lz
  const t = POW5 + (usize(q + 342) << 4)
  const high5 = load<u64>(t)
  let low = w * high5
  let high = mulHigh(w, high5)
  if ((high & 0x1ff) == 0x1ff) {
    const more = mulHigh(w, load<u64>(t, 8))
    low += more
    if (low < more) high++
  }
  if (low == u64.MAX_VALUE && !(q >= -27 && q <= 55)) return false
  const upper = i32(high >> 63)
  const shift = upper + 64 - 52 - 3
  let m = high >> shift
  let power = (((152170 + 65536) * q) >> 16) + 63 + upper - lz + 1023
  if (power <= 0 || power >= 2047) return false
  if (low <= 1 && q >= -4 && q <= 23 && (m & 3) == 1 && m << shift == high) m &= ~1
  m = (m + (m & 1)) >> 1
  if (m >= (<u64>2 << 52)) {
    m = <u64>1 << 52
    power++
  }
  if (power >= 2047) return false
  m &= ~(<u64>1 << 52)
  storeAs<T>(dst, reinterpret<f64>(m | (<u64>power << 52) | sign))
  return true
}

function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32
  const p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0
  const middle = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff)
  return a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32)
}

function digitCount(p: usize): i32 {
  const k = ctz(~i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.load(p), i8x16.splat(48)), i8x16.splat(10))))
  return k < 16 ? k : longDigitCount(p)
}

function longDigitCount(p: usize): i32 {
  let k = 16
  while (u8(load<u8>(p + k) - ZERO) < 10) k++
  return k
}

function pow10(k: i32): u64 {
  return load<u64>(POW10_INT + (<usize>k << 3))
}

/** Eight ASCII digits. */
function eight(ascii: u64): u64 {
  let v = ascii - 0x3030303030303030
  v = v * 10 + (v >> 8)
  return ((v & 0x000000ff000000ff) * 0x000f424000000064 + ((v >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32
}

/** 1..8 digits: shift them to the top, fill the front with '0'. */
function upTo8(p: usize, n: i32): u64 {
  const s = (8 - n) << 3
  const fill: u64 = s ? <u64>0x3030303030303030 >> (64 - s) : 0
  return eight((load<u64>(p) << s) | fill)
}

/** 0..19 digits. */
function integer(p: usize, n: i32): u64 {
  if (n == 0) return 0
  if (n <= 8) return upTo8(p, n)
  if (n <= 16) return eight(load<u64>(p)) * pow10(n - 8) + upTo8(p + 8, n - 8)
  return (eight(load<u64>(p)) * 100000000 + eight(load<u64>(p, 8))) * pow10(n - 16) + upTo8(p + 16, n - 16)
}
