import type { RecordBatch, Records, Rejection, Slices } from './records.ts'
import type { Signature, TensorBatch } from './tensors.ts'

/** What is to be computed from a record, whatever the model. */
export interface Features {
  /** Two versions may want other types or columns. Throws (fatal) what can be known before the first record. */
  for(signature: Signature): Extractor
}
/** The same rows give the same features: a failed call is halved by extracting again, tensors are never cut. */
export interface Extractor { extract(batch: RecordBatch, rows: Int32Array): Extracted }
/** rows: the batch row of each tensor row. A row that is neither here nor rejected was passed by: a tombstone, or filtered out. The caller
    releases the features. */
export interface Extracted { readonly features: TensorBatch; readonly rows: Int32Array; readonly rejected: readonly Rejection[] }

export interface ModelRef { readonly name: string; readonly version: string }
/** at[i]: the key of row i of the features. */
export interface Keys { readonly bytes: Uint8Array; readonly at: Slices }

/** In this process, over the network, or from a store; one for a family of per-key models. Features and keys may be read until the promise
    settles, also after abort: settle only when nothing reads them any more. The caller releases features then, outputs later: outputs never
    share memory with features. Keeps nothing between calls; several calls at once. Throws `record` naming no rows: the caller halves. */
export interface Predictor {
  readonly signature: Signature
  predict(features: TensorBatch, keys: Keys | undefined, signal: AbortSignal): Promise<Predicted> | Predicted
  close(): Promise<void>
}
/** outputs has a row for every row of the features; those of rejected rows are undefined. by[i]: index into models; absent: models[0]. */
export interface Predicted {
  readonly outputs: TensorBatch
  readonly models: readonly ModelRef[]
  readonly by?: Int32Array
  readonly rejected: readonly Rejection[]
}
/** What answered the rows of one batch: by route, or in halves. The answer of batch row r is row at[r] of parts[part[r]]; part < 0: none. */
export interface Scored { readonly parts: readonly Predicted[]; readonly part: Int32Array; readonly at: Int32Array }

/** Results and rejects are new records in the order of the batch and copy what they pass on: the batch may be released before them. */
export interface Result {
  /** Throws (fatal) what can be known before the first record: an output that the model does not have. */
  check(signature: Signature): void
  write(batch: RecordBatch, scored: Scored): Written
}
/** rows: the batch row of each record. A tombstone (null value) is passed on as it is. */
export interface Written { readonly records: Records; readonly rows: Int32Array; readonly rejected: readonly Rejection[] }
/** Original bytes, plus where, which stage, why. `rejected` is sorted by row. */
export interface Rejects { write(batch: RecordBatch, rejected: readonly Rejection[]): Records }
