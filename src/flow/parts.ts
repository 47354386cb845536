import type { Clock, Control, Features, Guarantee, Log, Metrics, Rejects, Result, Sink, Source } from '../core/index.ts'

/** What the loop moves batches between. It opens and closes none of them. */
export interface FlowParts {
  readonly source: Source
  readonly features: Features
  readonly control: Control
  readonly result: Result
  readonly rejects: Rejects
  readonly sink: Sink
  /** Absent: the first rejection ends the pipeline at that record (SLUICE_RECORD_REJECTED); what is before it is delivered and committed. */
  readonly reject?: Sink
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** What is wished for. exactly-once that cannot be had is SLUICE_GUARANTEE_UNAVAILABLE before the first record; absent: the best there is. */
  readonly guarantee?: Guarantee
  /** Offsets to pass by, of each partition: these records are neither scored nor rejected nor written. */
  readonly skips?: ReadonlyMap<string, ReadonlySet<number>>
  readonly options: FlowOptions
}

export interface FlowOptions {
  /** Of batches read and not yet released, in all. Default: two of the source's largest; four where batches are joined. */
  readonly bytesMax?: number
  readonly commitEveryMs: number
  /** Of results handed over since the last commit: then it commits earlier. */
  readonly commitBytes: number
  /** What a revocation may take: half to finish what is in flight, half to commit it. */
  readonly revokeMs: number
  /** What a stop, or the end after a fatal error, may take. The end of the source has all the time it needs. */
  readonly drainMs: number
  /** The first wait before trying again; doubled each time, up to 32 times. */
  readonly retryMs: number
  /** Of one call of a predictor that answers `retry`; then SLUICE_RETRIES_SPENT. */
  readonly retries: number
  /** Halvings that finding the records of a failed call may cost a batch, two calls each; then what still fails is rejected whole. */
  readonly splitsMax: number
  /** Attempts in a row that ended without a commit; then SLUICE_NO_PROGRESS. A source or sink that is away (SLUICE_SOURCE_AWAY,
      SLUICE_SINK_AWAY) is not counted: it is tried again until it answers. */
  readonly abortsMax: number
  /** The loop holds the event loop no longer than this and one batch. */
  readonly giveWayMs: number
  /** More than share * records rejected among `records` records in a row, scored or rejected: SLUICE_REJECTS_ABOVE. */
  readonly stopAbove?: StopAbove
  /** Ends as the source's end does once this many records have been read. Exact, unless a partition is lost or a commit fails meanwhile. */
  readonly recordsMax?: number
  /** Joins small batches of a partition before they are scored. */
  readonly batch?: JoinOptions
}
export interface StopAbove { readonly share: number; readonly records: number }
export interface JoinOptions {
  /** A batch with at least this many rows goes on at once. */
  readonly rows: number
  /** The longest that a record waits for others. */
  readonly waitMs: number
}

const MiB = 2 ** 20

export const flowDefaults: FlowOptions = {
  commitEveryMs: 100, commitBytes: 16 * MiB, revokeMs: 10_000, drainMs: 20_000,
  retryMs: 100, retries: 100, splitsMax: 64, abortsMax: 100, giveWayMs: 10,           // 100 times up to 3.2 s: five minutes
}

/** What was committed in this run, in records. */
export interface Counts { scored: number; rejected: number; filtered: number; skipped: number; tombstones: number }

export interface Ended extends Readonly<Counts> {
  readonly guarantee: Guarantee
  /** The sum of the others. */
  readonly records: number
  /** Times that everything not yet committed was read again. */
  readonly aborts: number
  /** False: stopping took longer than drainMs, or failed; what was not committed is read again at the next start. */
  readonly drained: boolean
}
