import type { Clock, Metrics, Source } from '../core/index.ts'
import type { Credits } from './credits.ts'
import type { LaneCounts } from './lane.ts'
import type { Counts } from './parts.ts'

export type Pause = 'sink' | 'predict' | 'retry'

const PULSE_MS = 1000
const OUTCOMES = [['scored', { outcome: 'scored' }], ['rejected', { outcome: 'rejected' }], ['filtered', { outcome: 'filtered' }],
  ['skipped', { outcome: 'skipped' }], ['tombstones', { outcome: 'tombstone' }]] as const
const REASONS = { sink: { reason: 'sink' }, predict: { reason: 'predict' }, retry: { reason: 'retry' } }

/** What a run tells its metrics: once a batch, a commit, or a second; never a record.
    `sluice_records_total` and `sluice_rejected_total` count what is committed, so under exactly once each record is counted once; a commit
    whose outcome stayed unknown is not counted. `sluice_paused{reason}` is 1 while nothing is read. */
export class Meter {
  readonly total: Counts = { scored: 0, rejected: 0, filtered: 0, skipped: 0, tombstones: 0 }
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #source: Source
  readonly #credits: Credits
  #committedMs: number
  /** Partitions whose lag is told. */
  #lagging = new Set<string>()
  #paused: Pause | undefined
  #pausedMs = 0

  constructor(metrics: Metrics, clock: Clock, source: Source, credits: Credits) {
    this.#metrics = metrics
    this.#clock = clock
    this.#source = source
    this.#credits = credits
    this.#committedMs = clock.nowMs()
  }

  get records(): number {
    const { scored, rejected, filtered, skipped, tombstones } = this.total
    return scored + rejected + filtered + skipped + tombstones
  }

  /** From the arrival of a batch until its results and rejects were written. */
  written(sinceMs: number, rows: number): void {
    if (rows > 0) this.#metrics.observe('sluice_latency_seconds', (this.#clock.nowMs() - sinceMs) / 1000, rows)
  }
  /** One call. */
  predicted(sinceMs: number): void { this.#metrics.observe('sluice_predict_seconds', (this.#clock.nowMs() - sinceMs) / 1000, 1) }

  /** One commit. */
  committed(sinceMs: number, lanes: readonly LaneCounts[]): void {
    const now = this.#committedMs = this.#clock.nowMs()
    this.#metrics.observe('sluice_commit_seconds', (now - sinceMs) / 1000, 1)
    for (const counts of lanes) {
      for (const [outcome, labels] of OUTCOMES) {
        if (counts[outcome] === 0) continue
        this.total[outcome] += counts[outcome]
        this.#metrics.count('sluice_records_total', counts[outcome], labels)
      }
      for (const { stage, code, count } of counts.causes.values()) this.#metrics.count('sluice_rejected_total', count, { stage, code })
    }
    this.#gauges(now)
  }

  /** How many partitions this executor has. */
  owned(partitions: number): void { this.#metrics.gauge('sluice_partitions', partitions) }

  pause(reason: Pause): void {
    this.#paused = reason
    this.#pausedMs = this.#clock.nowMs()
    this.#metrics.gauge('sluice_paused', 1, REASONS[reason])
  }
  resume(): void {
    if (this.#paused === undefined) return
    this.#addPause(this.#clock.nowMs())
    this.#metrics.gauge('sluice_paused', 0, REASONS[this.#paused])
    this.#paused = undefined
  }

  /** Keeps what grows while nothing happens up to date. */
  async pulse(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const now = this.#clock.nowMs()
      if (this.#paused !== undefined) this.#addPause(now)
      this.#gauges(now)
      await this.#clock.sleep(PULSE_MS, over)
    }
    this.#gauges(this.#clock.nowMs())
  }

  #addPause(now: number): void {
    this.#metrics.count('sluice_paused_seconds_total', (now - this.#pausedMs) / 1000, REASONS[this.#paused!])
    this.#pausedMs = now
  }
  #gauges(now: number): void {
    this.#metrics.gauge('sluice_commit_age_seconds', (now - this.#committedMs) / 1000)
    this.#metrics.gauge('sluice_inflight_bytes', this.#credits.used)
    const before = this.#lagging
    this.#lagging = new Set()
    for (const { partition, records, seconds } of this.#source.lag?.() ?? []) {
      before.delete(partition)
      this.#lagging.add(partition)
      this.#lag(partition, records, seconds)
    }
    for (const partition of before) this.#lag(partition, undefined, undefined)
  }
  #lag(partition: string, records: number | undefined, seconds: number | undefined): void {
    this.#metrics.gauge('sluice_source_lag_records', records, { partition })
    this.#metrics.gauge('sluice_source_lag_seconds', seconds, { partition })
  }
}
