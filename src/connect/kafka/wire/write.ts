import type { Records } from '../../../core/index.ts'
import type { Compression } from './compression.ts'

/** Whose batch it is. Without a producer id (-1n) it is not idempotent. */
export interface Stamp {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
}

/** Writes one record batch after the other in memory of its own, which grows and is used again. What is appended is copied at once. */
export class BatchWriter {
  constructor(_compression: Compression, _bytes = 65_536) {}
  /** Of the batch being written. */
  get rows(): number { return 0 }
  /** Bytes of the batch being written, before compression. */
  get length(): number { return 0 }
  append(_records: Records, _row: number): void { throw new Error('not written yet') }
  /** Bytes by which `append` of this row would make the batch longer, at most. */
  bytesOf(_records: Records, _row: number): number { throw new Error('not written yet') }
  appendRange(_records: Records, _from: number, _to: number): void { throw new Error('not written yet') }
  appendRows(_records: Records, _rows: Int32Array): void { throw new Error('not written yet') }
  /** The whole batch; the view is good until `reset`. */
  finish(_stamp: Stamp): Buffer { throw new Error('not written yet') }
  /** Begins the next batch. */
  reset(): void { throw new Error('not written yet') }
}

/** Gives a finished batch another stamp, in place: for sending it again under a newer epoch. */
export function stampBatch(_batch: Uint8Array, _stamp: Stamp): void { throw new Error('not written yet') }
