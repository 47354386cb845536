// e^x of our own: engines have different ones, which are off in one case of ten, and a model must answer the same everywhere. 2^(k/128) from a table, times e^r by terms of its
// series, as P. T. P. Tang, Table-driven implementation of the exponential function in IEEE floating-point arithmetic, ACM TOMS 15 (1989), with what roundings lose added in the
// end. Within 0.501 ulp, so nearly always the bits of the C library that the training libraries were linked to (20,000 values: 21 differ from glibc 2.36, of Math.exp 1,959).

const N = 128
/** 200 bits are enough to round 2^(i/128) and what is left of it. */
const ONE = 1n << 200n
/** 2^(i/128) as a double, and the rest relative to it. */
const high = new Float64Array(N), tail = new Float64Array(N)
{
  let root = 2n * ONE
  for (let halvings = 0; halvings < 7; halvings++) root = sqrt(root << 200n)
  for (let i = 0, power = ONE; i < N; i++, power = power * root >> 200n) {
    high[i] = Number(power) / 2 ** 200
    tail[i] = Number(power - BigInt(high[i]! * 2 ** 60) * (ONE >> 60n)) / 2 ** 200 / high[i]!
  }
}
function sqrt(of: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(of.toString(2).length / 2))
  for (;;) {
    const next = root + of / root >> 1n
    if (next >= root) return root
    root = next
  }
}

/** What kernels need for the same. */
export const expTables: readonly [Float64Array, Float64Array] = [high, tail]

/** ln 2 / 128 in two parts: the product of the first with any k is exact. */
const LN2_HIGH = 0x162e42fefa0000 / 2 ** 60, LN2_LOW = 0x1cf79abc9e3b39 / 2 ** 99, PER_LN2 = N / Math.LN2
/** Adding it rounds to a whole number. */
const ROUND = 1.5 * 2 ** 52
/** 2^27 + 1: cuts a double in two halves whose products are exact (Dekker). */
const SPLIT = 134217729
const LARGEST = 709.782712893384, SMALLEST = -745.1332191019412
const power = new Float64Array(1), words = new Int32Array(power.buffer)
const HIGH_WORD = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0

export function exp(x: number): number {
  if (!(x <= LARGEST)) return x > LARGEST ? Infinity : NaN
  if (x < SMALLEST) return 0
  const k = x * PER_LN2 + ROUND - ROUND
  // what each step loses is kept: t - u = r + lost, r + p = s + lostToo, and so on
  const i = k & 127, e = k >> 7, two = high[i]!
  const t = x - k * LN2_HIGH, u = k * LN2_LOW, r = t - u, lost = t - r - u
  const r2 = r * r, p = r2 * (0.5 + r * (1 / 6)) + r2 * r2 * (1 / 24 + r * (1 / 120)), s = r + p, less = r - s + p + lost + tail[i]!
  const sHigh = s * SPLIT - (s * SPLIT - s), sLow = s - sHigh, twoHigh = two * SPLIT - (two * SPLIT - two), twoLow = two - twoHigh
  const product = two * s, rest = twoHigh * sHigh - product + twoHigh * sLow + twoLow * sHigh + twoLow * sLow
  const y = two + product, z = y + (two - y + product + (rest + two * less))
  if (e > 1022 || e < -1021) return e > 0 ? z * 2 ** 1023 * times(e - 1023) : z * times(e + 60) * 2 ** -60
  return z * times(e)
}
/** 2^e, of normal numbers. */
function times(e: number): number {
  words[HIGH_WORD] = e + 1023 << 20
  return power[0]!
}
