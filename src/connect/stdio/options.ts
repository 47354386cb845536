import type { SinkFormat } from '../encode.ts'

/** Records from the standard input. */
export interface StdinOptions {
  /** Default ndjson. */
  readonly format?: SinkFormat
  /** Bytes of a batch, at most, unless one record is larger. Default 262144. */
  readonly batchBytes?: number
  /** Rows of a batch, at most. Default 4096. */
  readonly batchRows?: number
  /** A larger record is rejected. Default 16777216. */
  readonly recordBytesMax?: number
}
/** Records to the standard output. */
export interface StdoutOptions {
  /** Default ndjson. */
  readonly format?: SinkFormat
}
