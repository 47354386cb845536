import { exp } from './exp.ts'

const PER_ROOT_PI = 2 / Math.sqrt(Math.PI)

/** 2/√π times the integral of e^(-t²) from 0 to x. */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size < 2.5) return bySeries(x)
  return Math.sign(x) * (1 - tail(size))
}

/** 1 - erf(x), without losing what is small. */
export function erfc(x: number): number {
  return x < 2.5 ? 1 - erf(x) : tail(x)
}

/** The probability that a normal variable is below x. */
export const normal = (x: number): number => x < -1 ? erfc(-x / Math.SQRT2) / 2 : 1 - erfc(x / Math.SQRT2) / 2

/** The x that a normal variable is below with this probability. */
export function probit(probability: number): number {
  if (!(probability > 0 && probability < 1)) return probability === 0 ? -Infinity : probability === 1 ? Infinity : NaN
  if (probability > 0.5) return -probit(1 - probability)
  // a first guess (of Hastings' form), then Newton's steps on the logarithm, which is nearly a parabola far out
  const t = Math.sqrt(-2 * Math.log(probability))
  let x = (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t)) - t
  for (let i = 0; i < 50; i++) {
    const p = erfc(-x / Math.SQRT2) / 2, density = exp(-x * x / 2) / Math.sqrt(2 * Math.PI)
    const step = Math.log(p / probability) * p / density
    x -= step
    if (!(Math.abs(step) > 1e-15 * Math.abs(x))) break
  }
  return x
}

/** x - x³/3 + x⁵/(5·2!) - ..., written as e^(-x²) (x + 2x³/3 + 4x⁵/15 + ...), which has no differences. */
function bySeries(x: number): number {
  const square = x * x
  let term = x, sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * square / (2 * n + 1)
    sum += term
  }
  return PER_ROOT_PI * exp(-square) * sum
}

/** erfc(x) for large x, by the continued fraction e^(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))). */
function tail(x: number): number {
  if (x !== x) return NaN
  if (x > 27) return 0
  let fraction = x
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction
  return exp(-x * x) / (Math.sqrt(Math.PI) * fraction)
}
