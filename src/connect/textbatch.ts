import { SluiceError } from '../core/index.ts'
import type { RecordBatch, Records, Rejection } from '../core/index.ts'
import { readEnvelopes } from './envelope.ts'
import { nulls } from './framing.ts'

/** Of a record that is too large to hold, so much is kept for the reject. */
const BEGINNING_BYTES = 65536

export interface TextRows {
  readonly partition: string
  /** Lie at offset `at` of the partition. */
  readonly bytes: Buffer
  readonly at: number
  /** [rows] where the records lie in bytes. */
  readonly start: Int32Array
  readonly end: Int32Array
  readonly from: number
  readonly next: number
  readonly nowMs: number
  readonly columns: readonly string[] | undefined
  /** The lines are envelopes. */
  readonly envelopes: boolean
  release(): void
}

/** Rows of text as a batch. */
export function textBatch({ partition, bytes, at, start, end, from, next, nowMs, columns, envelopes, release }: TextRows, rejected: readonly Rejection[] = []): RecordBatch {
  const rows = start.length
  const offsets = new Float64Array(rows)
  for (let row = 0; row < rows; row++) offsets[row] = at + start[row]!
  let records: Records
  if (envelopes && rejected.length === 0) {
    ({ records, rejected } = readEnvelopes(bytes, { start, end }, rows, nowMs, row => `${partition}@${offsets[row]}`))
    release()
  } else {
    records = {
      // no Buffer: its slice() is no copy
      rows, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), keys: nulls(rows), values: { start, end },
      timesMs: new Float64Array(rows).fill(nowMs), release, ...(columns === undefined ? {} : { columns }),
    }
  }
  return { ...records, partition, offsets, from: BigInt(from), next: BigInt(next), ...(rejected.length === 0 ? {} : { rejected }) }
}

/** What is kept of a record that is too large, in memory of its own. */
export const beginningOf = (bytes: Uint8Array, recordBytesMax: number): Buffer => Buffer.from(bytes.subarray(0, Math.min(BEGINNING_BYTES, recordBytesMax)))
export function tooLarge(size: number, recordBytesMax: number, kept: number, place: string): Rejection {
  return { row: 0, stage: 'source', error: new SluiceError('SLUICE_RECORD_TOO_LARGE', `a record of ${size} bytes, and recordBytesMax is ${recordBytesMax}`, {
    at: place, why: `the record is larger than the limit; only its first ${kept} bytes were kept`,
  }) }
}
