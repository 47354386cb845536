import type { Linear } from '../../linear.ts'
import { links32, links64 } from '../../links.ts'
import type { Links } from '../../links.ts'
import type { Trees } from '../../trees.ts'
import { linearMargins } from './linear.ts'
import { treeMargins } from './trees.ts'

/** Sums [rows, groups] of inputs [rows, width], in memory of their own. Not to be called while it runs. */
export type Margins = (inputs: Float32Array | Float64Array, rows: number) => Float32Array | Float64Array
/** What executes trees or a linear model: the part of a model that costs. */
export interface Core {
  readonly margins: Margins
  /** That it holds besides the model. */
  readonly bytes: number
  /** For people. */
  readonly how: string
}
export interface Cores {
  trees(trees: Trees): Core
  linear(linear: Linear): Core
  readonly links: { readonly float32: Links; readonly float64: Links }
}

export const plainCores: Cores = {
  trees: trees => ({ margins: treeMargins(trees), bytes: 0, how: 'one node after the other' }),
  linear: linear => ({ margins: linearMargins(linear), bytes: 0, how: 'one product after the other' }),
  links: { float32: links32, float64: links64 },
}
