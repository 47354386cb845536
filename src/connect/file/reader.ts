import type { RecordBatch } from '../../core/index.ts'

/** Reads one file from a position on. */
export interface FileReader {
  /** At most `rowsMax` rows; undefined: the end, for now. */
  next(rowsMax: number): Promise<RecordBatch | undefined>
  /** The offset of the batch that would come next. */
  readonly offset: number
  /** Where the offsets end, as far as is known now. */
  readonly end: number
  close(): Promise<void>
}

export interface ReaderSettings {
  readonly batchBytes: number
  readonly batchRows: number
  readonly recordBytesMax: number
}

/** Where reading begins. A committed offset must be the beginning of a record; one that the user names need not. */
export interface Start { readonly offset: number; readonly committed: boolean }
