import type { Position, Predicted, RecordBatch, Rejection, Scored, Written } from '../core/index.ts'
import type { Counts } from './parts.ts'
import { rowsOf } from './rows.ts'

/** One partition, one ownership of it. */
export interface Lane {
  readonly partition: string
  /** Where the next batch begins. */
  expected: bigint
  /** Everything before it is handed to the delivery. */
  done: bigint
  committed: bigint
  /** Takes more batches. */
  open: boolean
  /** Not yet handed over, in order. */
  readonly flights: Flight[]
  /** Settles, and never throws, when everything handed over has been written. */
  tail: Promise<void>
  readonly cancel: AbortController
  /** Written and not yet committed. */
  counts: LaneCounts
}
export interface LaneCounts extends Counts { readonly causes: Map<string, { stage: string; code: string; count: number }> }

/** One batch on its way. Released by whoever ends it: its last call when it was dropped, else its last write. */
export interface Flight extends Scored {
  readonly lane: Lane
  batch: RecordBatch
  readonly sinceMs: number
  rejected: Rejection[]
  skipped: readonly number[]
  readonly parts: Predicted[]
  part: Int32Array
  at: Int32Array
  /** Rows with an answer. */
  answered: number
  /** Halvings; retries do not count: the same input ends the same way. */
  splits: number
  /** Ready to be handed over when set. */
  written: Written | undefined
  dropped: boolean
}

export function laneOf({ partition, offset }: Position): Lane {
  return { partition, expected: offset, done: offset, committed: offset, open: true, flights: [], tail: Promise.resolve(),
    cancel: new AbortController(), counts: noCounts() }
}

export function flightOf(lane: Lane, batch: RecordBatch, sinceMs: number): Flight {
  return { lane, batch, sinceMs, rejected: [], skipped: NONE, parts: [], part: NOBODY, at: NOBODY, answered: 0, splits: 0, written: undefined, dropped: false }
}

/** Adds what answered `rows`, of which `wanted` was asked for. */
export function answer(flight: Flight, predicted: Predicted, rows: Int32Array, wanted: Int32Array): void {
  const index = flight.parts.push(predicted) - 1
  const all = flight.batch.rows
  if (rows.length === all && wanted.length === all && index === 0) {       // one call for all, the usual case: at[i] is i, as in wanted
    flight.part = new Int32Array(all)
    flight.at = wanted
  } else {
    allocate(flight)
    for (let i = 0; i < rows.length; i++) { flight.part[rows[i]!] = index; flight.at[rows[i]!] = i }
  }
  flight.answered += rows.length - predicted.rejected.length
  for (const { row, stage, error } of predicted.rejected) {
    flight.part[rows[row]!] = -1
    flight.rejected.push({ row: rows[row]!, stage, error })
  }
}
/** Rows that nobody has answered. */
export function allocate(flight: Flight): void {
  const { rows } = flight.batch
  if (flight.part.length === rows) return
  flight.part = new Int32Array(rows).fill(-1)
  flight.at = new Int32Array(rows)
}

export const noCounts = (): LaneCounts => ({ scored: 0, rejected: 0, filtered: 0, skipped: 0, tombstones: 0, causes: new Map() })

/** Forgets the rows from `end` on. */
export function cut(flight: Flight, end: number): void {
  flight.batch = rowsOf(flight.batch, 0, end)
  flight.part = flight.part.subarray(0, end)
  flight.at = flight.at.subarray(0, end)
  flight.rejected = flight.rejected.filter(({ row }) => row < end)
  flight.skipped = flight.skipped.filter(row => row < end)
  flight.answered = flight.part.reduce((sum, part) => part < 0 ? sum : sum + 1, 0)
}

/** Adds what became of a flight's records to its lane. */
export function count({ lane: { counts }, batch, rejected, skipped, part, answered }: Flight): void {
  let scored = answered, tombstones = 0
  for (const { row, stage, error: { code } } of rejected) {
    if (part[row]! >= 0) scored--                                          // by the result or by the sink
    const cause = counts.causes.get(`${stage} ${code}`)
    if (cause === undefined) counts.causes.set(`${stage} ${code}`, { stage, code, count: 1 })
    else cause.count++
  }
  const passed = batch.rows - scored - rejected.length - skipped.length
  if (passed > 0) {
    const { start } = batch.values
    for (let row = 0; row < batch.rows; row++) if (start[row]! < 0 && part[row]! < 0) tombstones++
    for (const { row } of rejected) if (start[row]! < 0 && part[row]! < 0) tombstones--
    for (const row of skipped) if (start[row]! < 0) tombstones--
  }
  counts.scored += scored
  counts.rejected += rejected.length
  counts.skipped += skipped.length
  counts.tombstones += tombstones
  counts.filtered += passed - tombstones
}

const NONE: readonly number[] = []
const NOBODY = new Int32Array(0)
