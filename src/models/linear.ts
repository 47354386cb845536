import type { Model } from '../core/models.ts'
import type { Objective } from './objectives.ts'

/** margin[g] = start[g] + the sum of input[f] * weights[f, g] over the features in order, each input, product and sum rounded to `sums`. */
export interface Linear {
  readonly width: number
  readonly groups: number
  readonly sums: 'float32' | 'float64'
  /** [groups] */
  readonly start: Float64Array
  /** [width, groups] */
  readonly weights: Float64Array
  /** NaN adds nothing; else it makes the margin NaN. */
  readonly skipsNaN: boolean
}

/** Weights [groups, width] as sums take them, [width, groups]. */
export function turned(weights: ArrayLike<number>, groups: number, width: number): Float64Array {
  const into = new Float64Array(groups * width)
  for (let g = 0; g < groups; g++) for (let i = 0; i < width; i++) into[i * groups + g] = weights[g * width + i]!
  return into
}

export interface LinearModel extends Model, Linear {
  readonly kind: 'linear'
  readonly inputs: 'float32' | 'float64'
  readonly objective: Objective
}
