import type { Model } from '../core/models.ts'
import type { DType } from '../core/tensors.ts'

/** A model that stays the file it came in, for a runtime that is not ours. */
export interface Graph extends Model {
  readonly kind: 'graph'
  /** ONNX. */
  readonly file: Uint8Array
  /** Of the input matrix [rows, width] the columns that each tensor takes. `shape`: without the rows. */
  readonly feeds: readonly Feed[]
  /** In the order of `signature.outputs`. */
  readonly fetches: readonly { readonly name: string; readonly type: DType }[]
  /** The graph takes one row at a time. */
  readonly single: boolean
  /** Why it did not become a model of our own. */
  readonly reason: string
}
export interface Feed { readonly name: string; readonly type: Exclude<DType, 'string'>; readonly shape: readonly number[]; readonly first: number; readonly size: number }
