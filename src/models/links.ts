import { exp } from './exp.ts'
import type { Link } from './objectives.ts'

const f = Math.fround
const exp32 = (x: number): number => f(exp(x))

/** Turns margins into predictions, [rows, groups] in place. Each step is rounded as the origin library's own code does. */
export type Transform = (values: Float32Array | Float64Array, rows: number, groups: number, slope: number) => void

const each = (of: (x: number, slope: number) => number): Transform => (values, rows, groups, slope) => {
  for (let i = 0, n = rows * groups; i < n; i++) values[i] = of(values[i]!, slope)
}

export type Links = Readonly<{ [link in Exclude<Link, 'argmax'>]: Transform }>

/** float32, as XGBoost. */
export const links32: Links = {
  identity: () => {},
  // XGBoost bounds the exponent at 88.7, so that a margin of -1000 gives 3e-39 and not 0
  sigmoid: each((x, slope) => f(1 / f(exp32(Math.min(f(-slope * x), f(88.7))) + 1))),
  exp: each(exp32),
  step: each(x => x > 0 ? 1 : 0),
  signedSquare: each(x => f(f(Math.sign(x) * x) * x)),
  softplus: each(x => f(Math.log1p(exp32(x)))),
  // the exponentials are float32, their sum is not
  softmax: (values, rows, groups) => {
    for (let at = 0, end = rows * groups; at < end; at += groups) {
      let max = values[at]!, sum = 0
      for (let g = 1; g < groups; g++) if (values[at + g]! > max) max = values[at + g]!
      for (let g = 0; g < groups; g++) {
        const e = exp32(f(values[at + g]! - max))
        values[at + g] = e
        sum += e
      }
      for (let g = 0; g < groups; g++) values[at + g] = values[at + g]! / f(sum)
    }
  },
}

/** float64, as LightGBM. */
export const links64: Links = {
  identity: () => {},
  sigmoid: each((x, slope) => 1 / (1 + exp(-slope * x))),
  exp: each(exp),
  step: each(x => x > 0 ? 1 : 0),
  signedSquare: each(x => Math.sign(x) * x * x),
  softplus: each(x => Math.log1p(exp(x))),
  softmax: (values, rows, groups) => {
    for (let at = 0, end = rows * groups; at < end; at += groups) {
      let max = values[at]!, sum = 0
      for (let g = 1; g < groups; g++) if (values[at + g]! > max) max = values[at + g]!
      for (let g = 0; g < groups; g++) {
        const e = exp(values[at + g]! - max)
        values[at + g] = e
        sum += e
      }
      for (let g = 0; g < groups; g++) values[at + g] = values[at + g]! / sum
    }
  },
}

/** The first of the largest, per row. */
export function argmax(values: Float32Array | Float64Array, rows: number, groups: number, into: Int32Array | Float32Array | Float64Array): void {
  for (let row = 0; row < rows; row++) {
    const at = row * groups
    let best = 0
    for (let g = 1; g < groups; g++) if (values[at + g]! > values[at + best]!) best = g
    into[row] = best
  }
}
