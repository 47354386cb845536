import type { Slices } from '../../../core/index.ts'
import type { AbortedFilter } from './aborted.ts'

export interface WalkOptions {
  /** topic/3, for errors. */
  readonly partition: string
  /** Records before this offset are passed by: a broker sends whole batches, the first may begin earlier. */
  readonly from: number
  /** Of the fetch answer that is walked; absent: all records count (read_uncommitted). */
  readonly aborted?: AbortedFilter | undefined
  /** Compares the checksum of each batch. */
  readonly checkCrcs?: boolean
  /** Goes on with further batches only while what they hold, decompressed, fits; the first is walked whatever its size. Default: no limit. */
  readonly bytesMax?: number
  /** A batch that is larger when decompressed is damaged. Default 128 MiB. */
  readonly decompressedMax?: number
  /** Where what the records hold is to lie: called at most once, with the bytes needed (more may be given). Absent: in the bytes that are walked, or,
      if one of the batches is compressed, in memory of its own. */
  readonly memory?: (bytes: number) => Uint8Array
}

/** Records in columns; what is in `bytes` besides them means nothing. */
export interface Walked {
  readonly rows: number
  readonly bytes: Uint8Array
  readonly keys: Slices
  readonly values: Slices
  /** Absent: no record has any. Null in rows that have none. The layout is that of `encodeHeaders`. */
  readonly headers?: Slices
  readonly offsets: Float64Array
  /** -1: the producer did not say. */
  readonly timesMs: Float64Array
  /** The offset after the last batch that was walked, also if nothing of it is delivered; `from` if there was none. */
  readonly next: number
  /** Where to walk on in the bytes; `start` if there is no whole batch. */
  readonly end: number
}

/** Record batches as they stand in bytes[start, end). An incomplete batch at the end is left. Control batches and those of aborted transactions deliver
    nothing, but move the position. Pure but for the filter; it reads nothing outside.
    @throws SLUICE_BATCH_CORRUPT, SLUICE_COMPRESSION_UNKNOWN, SLUICE_BROKER_UNSUPPORTED (batches of before Kafka 0.11); the batches before the one that
    is damaged are delivered first, by a walk of their own */
export function walkRecords(_bytes: Uint8Array, _start: number, _end: number, _options: WalkOptions): Walked { throw new Error('not written yet') }
