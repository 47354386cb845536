import type { Value } from '../codecs/values.ts'
import type { Arena } from '../core/index.ts'

export interface ResultOptions {
  /** Whether every record tells where it comes from: the object `__sluice: { model, version, source: "partition@offset" }` in JSON, the columns
      `__sluice.model`, `__sluice.version`, `__sluice.source` in CSV. Default true. */
  readonly origin?: boolean | undefined
  /** What is written. Default: what is read. */
  readonly codec?: 'json' | 'csv' | undefined
  /** Where results are put, while it has room. */
  readonly arena?: Arena | undefined
}
/** The name of the record's field: the name of the model's output. */
export interface MergeFields { readonly [field: string]: string }
/** The name of the field: an output of the model if it has one of that name, else a path in the record. `$.x` is always the record's. */
export interface ObjectFields { readonly [field: string]: string }

export interface Origin { readonly model: string; readonly version: string; readonly source: string }
/** What a function is told of the record besides. */
export interface RecordOrigin extends Origin { readonly partition: string; readonly offset: number }
export type OutputValue = number | bigint | boolean | string | null
/** By the names of the outputs; an output with several numbers a row is an array. */
export interface Prediction { readonly [output: string]: OutputValue | readonly OutputValue[] }
/** The record that is to be written, as JSON; null: none. */
export type ResultFunction = (value: Value, prediction: Prediction, origin: RecordOrigin) => object | null
/** Whose names the causes of rejects have besides our own. */
export type RejectHeaders = 'connect' | 'streams' | 'spring'
