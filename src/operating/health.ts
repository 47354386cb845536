import type { Clock } from '../core/index.ts'
import { cellsOf, histogramOf, totalOf, type Snapshot } from './snapshot.ts'

/** What an executor tells of itself: plain data, so it may come from a thread. What is left out stays as it was. */
export interface News {
  /** A model is in memory and answers. */
  readonly modelLoaded?: boolean
  /** It was given partitions at least once (a file, stdin: when the source is open). */
  readonly assigned?: boolean
  /** Records that are known to be there and are not committed: the source's lag, or what is in flight if that is more. */
  readonly waiting?: number
  /** Why nothing is read just now (back pressure, rate limit); undefined as a value: it is read again. */
  readonly paused?: string | undefined
  /** It has finished and will say nothing more: the others go on. */
  readonly ended?: true
  /** How often something was committed since it started: a change is progress. */
  readonly commits?: number
}

export interface Verdict { readonly ok: boolean; readonly reasons: readonly string[] }

/** What /livez and /readyz answer from. */
export interface Health {
  /** Told when something changes, and at least every few seconds as long as it runs: an executor that says nothing for stuckAfterMs hangs. */
  report(executor: number, news: News): void
  /** From now on it is not ready: it finishes what it has and stops. */
  draining(): void
  live(): Verdict
  ready(): Verdict
}

export interface HealthOptions {
  readonly clock: Clock
  /** Of how many executors news is awaited. */
  readonly executors: number
  /** How long records may wait without a commit. Default 60,000. */
  readonly stuckAfterMs?: number
}

interface State { modelLoaded: boolean; assigned: boolean; waiting: number; paused: string | undefined; commits: number; progressMs: number; newsMs: number }

export function createHealth({ clock, executors, stuckAfterMs = 60_000 }: HealthOptions): Health {
  const states = new Map<number, State>()
  let isDraining = false

  const ended = new Set<number>()

  function stuck(executor: number, state: State): string | undefined {
    const nowMs = clock.nowMs()
    if (nowMs - state.newsMs >= stuckAfterMs) return `executor ${executor} has said nothing for ${seconds(nowMs - state.newsMs)}`
    if (state.waiting === 0 || state.paused !== undefined || nowMs - state.progressMs < stuckAfterMs) return undefined
    return `executor ${executor} has records waiting and committed nothing for ${seconds(nowMs - state.progressMs)}`
  }

  return {
    report(executor, news) {
      if (news.ended === true) {
        ended.add(executor)
        states.delete(executor)
      }
      if (ended.has(executor)) return
      const nowMs = clock.nowMs()
      let state = states.get(executor)
      if (state === undefined) {
        states.set(executor, state = { modelLoaded: false, assigned: false, waiting: 0, paused: undefined, commits: 0, progressMs: nowMs, newsMs: nowMs })
      }
      // The time without a commit counts from when there was something to commit: a record after a quiet hour has all of stuckAfterMs.
      const hasCommitted = news.commits !== undefined && news.commits !== state.commits
      if (hasCommitted || state.waiting === 0 || state.paused !== undefined) state.progressMs = nowMs
      state.newsMs = nowMs
      state.modelLoaded = news.modelLoaded ?? state.modelLoaded
      state.assigned = news.assigned ?? state.assigned
      state.waiting = news.waiting ?? state.waiting
      state.commits = news.commits ?? state.commits
      if ('paused' in news) state.paused = news.paused
    },
    draining() { isDraining = true },
    live() {
      const reasons = [...states].map(([executor, state]) => stuck(executor, state)).filter((reason) => reason !== undefined)
      return { ok: reasons.length === 0, reasons }
    },
    ready() {
      const reasons: string[] = []
      const all = [...states.values()]
      if (isDraining) reasons.push('draining')
      if (all.length + ended.size < executors || !all.every((state) => state.modelLoaded)) reasons.push('the model is not loaded')
      // An executor more than there are partitions never gets one: one that has is enough.
      if (ended.size < executors && !all.some((state) => state.assigned)) reasons.push('no partition is assigned')
      return { ok: reasons.length === 0, reasons }
    },
  }
}

/** The part of an executor's news that stands in the metrics of its flow. A pause is one only when it comes from outside (a sink that is away
    or slow, a retry): a predictor that never answers is a fault. */
export function newsOf(snapshot: Snapshot): News {
  const inFlight = totalOf(snapshot, 'sluice_inflight_bytes') > 0 ? 1 : 0
  return {
    waiting: Math.max(inFlight, totalOf(snapshot, 'sluice_source_lag_records')),
    paused: cellsOf(snapshot, 'sluice_paused').find(({ value, labels }) => value > 0 && labels['reason'] !== 'predict')?.labels['reason'],
    commits: histogramOf(snapshot, 'sluice_commit_seconds').count,
    ...totalOf(snapshot, 'sluice_partitions') > 0 ? { assigned: true } : {},
  }
}

const seconds = (ms: number): string => `${Math.floor(ms / 1000)} s`
