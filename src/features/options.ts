import type { Value } from '../codecs/values.ts'
import type { Arena } from '../core/index.ts'

export type Scalar = string | number | boolean | null

/** The derived features, a closed list. Times are ISO 8601 texts or numbers of ms since the epoch (features/time.ts); without an offset a text
    is local time in the feature's zone.
    - hourOfDay 0 to 23, dayOfWeek 1 (Monday) to 7 (Sunday), month 1 to 12: on the clocks of the zone
    - epochMs: ms since 1970-01-01T00:00Z
    - log1p: ln(1 + x)
    - length: code points of a text (as Python's len), elements of an array */
export const DERIVED = ['hourOfDay', 'dayOfWeek', 'month', 'epochMs', 'log1p', 'length'] as const
export type Derived = typeof DERIVED[number]

/** Holds where every path has the value, or one of the values. In JSON the types must agree too; a CSV cell is read as the type asked for.
    null holds where the path is absent as well. */
export interface When { readonly [path: string]: Scalar | readonly Scalar[] }

export interface PathFeature {
  readonly path: string
  readonly as?: Derived | undefined
  /** IANA name; default the pipeline's, else UTC. */
  readonly zone?: string | undefined
  /** JSON: the type the value must have. CSV: how the cell is read. Default: what the model wants. */
  readonly type?: 'number' | 'string' | 'boolean' | undefined
  /** Stands for the feature (what is derived, not what it is derived from) where the path is absent or null, or `when` does not hold.
      null: an absent path is as good as null. */
  readonly default?: Scalar | undefined
  readonly when?: When | undefined
}
/** Of all columns of an input that have no names of their own. Lists in lists, all of one shape, count as one. */
export type List = readonly (Scalar | List)[]
export type FeatureSpec = string | ((value: Value) => Scalar | List) | PathFeature
/** By the model's name of the input: a path, a function of the decoded value, or a path with more to it. */
export interface FeatureSpecs { readonly [feature: string]: FeatureSpec }
/** All features of a record. */
export type FeaturesFunction = (value: Value) => { readonly [feature: string]: Scalar | List }

export interface FeatureOptions {
  /** Records for which it does not hold are passed by: neither scored nor rejected. */
  readonly when?: When | undefined
  readonly zone?: string | undefined
  /** Where tensors are laid, as long as there is room. */
  readonly arena?: Arena | undefined
}
