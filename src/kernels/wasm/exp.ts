// e^x as src/models/exp.ts has it, to the last bit, two numbers at a time, and the links that are made of it (src/models/links.ts).

/** Filled by the host: 2^(i/128) for i from 0 to 127, then of each what is left of it, relative to it. */
export function expTable(): usize { return memory.data(2048, 16) }

const LN2_HIGH: f64 = 0.005415212348111709, LN2_LOW: f64 = 1.2864023111638344e-14, PER_LN2: f64 = 184.6649652337873
/** Adding it rounds to a whole number, which then lies in the lower half. */
const ROUND: f64 = 6755399441055744
const SPLIT: f64 = 134217729
const LARGEST: f64 = 709.782712893384, SMALLEST: f64 = -745.1332191019412
/** In between, the power of two is a normal number. */
const NORMAL_LEAST: f64 = -707, NORMAL_MOST: f64 = 709

/** e^x / 2^e: two lanes. */
function unscaled(x: v128): v128 {
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(PER_LN2)), f64x2.splat(ROUND)), k = f64x2.sub(shifted, f64x2.splat(ROUND))
  const table = expTable(), entry0 = table + (usize(i64x2.extract_lane(shifted, 0) & 127) << 3), entry1 = table + (usize(i64x2.extract_lane(shifted, 1) & 127) << 3)
  const two = v128.load64_lane(entry1, v128.load64_zero(entry0), 1), tail = v128.load64_lane(entry1, v128.load64_zero(entry0, 1024), 1, 1024)
  const t = f64x2.sub(x, f64x2.mul(k, f64x2.splat(LN2_HIGH))), u = f64x2.mul(k, f64x2.splat(LN2_LOW)), r = f64x2.sub(t, u), lost = f64x2.sub(f64x2.sub(t, r), u)
  const r2 = f64x2.mul(r, r)
  const p = f64x2.add(f64x2.mul(r2, f64x2.add(f64x2.splat(0.5), f64x2.mul(r, f64x2.splat(1.0 / 6)))), f64x2.mul(f64x2.mul(r2, r2), f64x2.add(f64x2.splat(1.0 / 24), f64x2.mul(r, f64x2.splat(1.0 / 120)))))
  const s = f64x2.add(r, p), less = f64x2.add(f64x2.add(f64x2.add(f64x2.sub(r, s), p), lost), tail)
  const sSplit = f64x2.mul(s, f64x2.splat(SPLIT)), sHigh = f64x2.sub(sSplit, f64x2.sub(sSplit, s)), sLow = f64x2.sub(s, sHigh)
  const twoSplit = f64x2.mul(two, f64x2.splat(SPLIT)), twoHigh = f64x2.sub(twoSplit, f64x2.sub(twoSplit, two)), twoLow = f64x2.sub(two, twoHigh)
  const product = f64x2.mul(two, s)
  const rest = f64x2.add(f64x2.add(f64x2.add(f64x2.sub(f64x2.mul(twoHigh, sHigh), product), f64x2.mul(twoHigh, sLow)), f64x2.mul(twoLow, sHigh)), f64x2.mul(twoLow, sLow))
  const y = f64x2.add(two, product)
  return f64x2.add(y, f64x2.add(f64x2.add(f64x2.sub(two, y), product), f64x2.add(rest, f64x2.mul(two, less))))
}

/** 2^e of x, two lanes. */
function scale(x: v128): v128 {
  const shifted = f64x2.add(f64x2.mul(x, f64x2.splat(PER_LN2)), f64x2.splat(ROUND))
  return i64x2.shl(i64x2.add(i64x2.shr_s(i64x2.shl(shifted, 32), 39), i64x2.splat(1023)), 52)
}

function exp(x: v128): v128 {
  const normal = v128.and(f64x2.gt(x, f64x2.splat(NORMAL_LEAST)), f64x2.lt(x, f64x2.splat(NORMAL_MOST)))
  if (i64x2.all_true(normal)) return f64x2.mul(unscaled(x), scale(x))
  return f64x2.replace_lane(f64x2.splat(oneExp(f64x2.extract_lane(x, 0))), 1, oneExp(f64x2.extract_lane(x, 1)))
}

function oneExp(x: f64): f64 {
  if (!(x <= LARGEST)) return x > LARGEST ? Infinity : NaN
  if (x < SMALLEST) return 0
  const e = i32(x * PER_LN2 + ROUND - ROUND) >> 7, z = f64x2.extract_lane(unscaled(f64x2.splat(x)), 0)
  if (e > 1022) return z * 8.98846567431158e307 * power(e - 1023)
  if (e < -1021) return z * power(e + 60) * 8.673617379884035e-19
  return z * power(e)
}
function power(e: i32): f64 {
  return reinterpret<f64>(<i64>(e + 1023) << 52)
}

/** Each of `count` numbers, in place; one more may be read and written. */
export function exp64(at: usize, count: i32): void {
  for (const end = at + (usize(count) << 3); at < end; at += 16) v128.store(at, exp(v128.load(at)))
}
export function exp32(at: usize, count: i32): void {
  for (const end = at + (usize(count) << 2); at < end; at += 8) v128.store64_lane(at, rounded(exp(two32(at))), 0)
}
function two32(at: usize): v128 { return f64x2.promote_low_f32x4(v128.load64_zero(at)) }
function rounded(x: v128): v128 { return f32x4.demote_f64x2_zero(x) }

/** 1 / (1 + e^(-slope x)) */
export function sigmoid64(at: usize, count: i32, slope: f64): void {
  const one = f64x2.splat(1), minus = f64x2.splat(-slope)
  for (const end = at + (usize(count) << 3); at < end; at += 16) v128.store(at, f64x2.div(one, f64x2.add(one, exp(f64x2.mul(minus, v128.load(at))))))
}
/** The same in float32, with the exponent bounded as XGBoost does it. */
export function sigmoid32(at: usize, count: i32, slope: f64): void {
  const one = f32x4.splat(1), minus = f64x2.splat(-slope), most = f32x4.splat(88.7)
  for (const end = at + (usize(count) << 2); at < end; at += 8) {
    const exponent = f32x4.min(rounded(f64x2.mul(minus, two32(at))), most)
    v128.store64_lane(at, f32x4.div(one, f32x4.add(rounded(exp(f64x2.promote_low_f32x4(exponent))), one)), 0)
  }
}

/** Of each row e^(x - max) / their sum, in place; one number more may be read and written. The sum is float64 until the end. */
export function softmax64(at: usize, rows: i32, groups: i32): void { softmax<f64>(at, rows, groups) }
export function softmax32(at: usize, rows: i32, groups: i32): void { softmax<f32>(at, rows, groups) }

function softmax<S extends number>(at: usize, rows: i32, groups: i32): void {
  const row = usize(groups) * sizeof<S>()
  const end = at + usize(rows) * row
  for (let x = at; x < end; x += row) {
    let max = load<S>(x)
    for (let g: usize = sizeof<S>(); g < row; g += sizeof<S>()) if (load<S>(x + g) > max) max = load<S>(x + g)
    for (let g: usize = 0; g < row; g += sizeof<S>()) store<S>(x + g, <S>(load<S>(x + g) - max))
  }
  if (sizeof<S>() == 8) exp64(at, rows * groups)
  else exp32(at, rows * groups)
  for (let x = at; x < end; x += row) {
    let sum: f64 = 0
    for (let g: usize = 0; g < row; g += sizeof<S>()) sum += <f64>load<S>(x + g)
    for (let g: usize = 0; g < row; g += sizeof<S>()) store<S>(x + g, <S>(load<S>(x + g) / <S>sum))
  }
}
