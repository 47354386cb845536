import type { SluiceError } from './errors.ts'

/** Byte ranges, one a row. `start[row] < 0`: null. */
export interface Slices { readonly start: Int32Array; readonly end: Int32Array }

/** The next record to read of a partition. A partition's name is the source's own word: `topic/3`, a path. */
export interface Position { readonly partition: string; readonly offset: bigint }

/** Records as bytes with an index. Whoever made them is told once, by `release`, that nobody reads them any more; who calls it is said
    where they change hands. Bytes and index may be overwritten at once. */
export interface Records {
  readonly rows: number
  readonly bytes: Uint8Array
  readonly keys: Slices
  readonly values: Slices
  /** One raw block a row, copied through: order and duplicates survive. Its layout is that of `encodeHeaders`. */
  readonly headers?: Slices
  /** [rows] event time, ms since the Unix epoch. */
  readonly timesMs: Float64Array
  /** Names of the cells of each value, for codecs whose values do not name them (CSV). */
  readonly columns?: readonly string[]
  /** Values that are neither JSON nor CSV, or not from their first byte on: what reads them. */
  readonly decoder?: Decoder
  release(): void
}

/** Reads values of any records that name it: it knows nothing of those it was made for, which may have been copied and joined since. */
export interface Decoder {
  /** The value of a row, which is not null, as plain data: what JSON can hold, and NaN and infinities. @throws SluiceError of severity `record` */
  decode(records: Records, row: number): unknown
  /** Present: what was decoded without an error is JSON in the bytes, from here to the end of the value. */
  jsonAt?(records: Records, row: number): number
}

/** Records of ONE partition, in order. Offsets have gaps (compaction, transactions, byte positions), so each row has its own. `from` is the
    `next` of the batch before it (or the position assigned): only so can the reader see that nothing is missing and that a late batch of an
    earlier ownership is not his. rows may be 0: aborted or control records still move the position. */
export interface RecordBatch extends Records {
  readonly partition: string
  readonly offsets: Float64Array
  readonly from: bigint
  readonly next: bigint
  /** Rows that the source could not deliver whole (too large to hold): their values are beginnings. Never scored, always rejected. */
  readonly rejected?: readonly Rejection[]
}

/** Where a record failed. */
export type Stage = 'source' | 'route' | 'features' | 'predict' | 'result' | 'sink'

/** One row that failed, and why. `row` counts what was handed over: the batch's rows in Extracted and Written, the features' rows in
    Predicted, the records' rows in Sink.write. The error's severity is `record`. */
export interface Rejection { readonly row: number; readonly stage: Stage; readonly error: SluiceError }
