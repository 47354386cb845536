import type { Clock, Log } from '../core/index.ts'
import { difference, quantile, type Histogram } from './histogram.ts'
import { duration, sparkline, whole } from './numbers.ts'
import type { Screen } from './screen.ts'
import { cellsOf, histogramOf, totalOf, type Snapshot } from './snapshot.ts'

/** How a pipeline is getting on. Rate and latencies are those of the last seconds. */
export interface Progress {
  readonly seconds: number
  readonly records: number
  readonly recordsPerSecond: number
  readonly rejected: number
  /** What the source says is still to be read; undefined: it does not know. */
  readonly lag: number | undefined
  /** Seconds from read to written; NaN: nothing was written. */
  readonly p50: number
  readonly p99: number
}

/** A moment that later ones are compared with. */
export interface Moment { readonly ms: number; readonly records: number; readonly latency: Histogram }

export const momentOf = (ms: number, snapshot: Snapshot): Moment =>
  ({ ms, records: totalOf(snapshot, 'sluice_records_total'), latency: histogramOf(snapshot, 'sluice_latency_seconds') })

export function progressOf(snapshot: Snapshot, now: Moment, before: Moment, startMs: number): Progress {
  const latency = difference(now.latency, before.latency)
  const passed = (now.ms - before.ms) / 1000
  return {
    seconds: (now.ms - startMs) / 1000,
    records: now.records,
    recordsPerSecond: passed > 0 ? (now.records - before.records) / passed : 0,
    rejected: totalOf(snapshot, 'sluice_records_total', { outcome: 'rejected' }),
    lag: cellsOf(snapshot, 'sluice_source_lag_records').length > 0 ? totalOf(snapshot, 'sluice_source_lag_records') : undefined,
    p50: quantile(latency, 0.5),
    p99: quantile(latency, 0.99),
  }
}

/** `rates`: records a second of the last moments, drawn when given. */
export function progressText(progress: Progress, rates: readonly number[] = []): string {
  const { seconds, records, recordsPerSecond, rejected, lag, p50, p99 } = progress
  const spark = rates.length > 0 ? ` ${sparkline(rates)}` : ''
  const parts = [`${whole(records)} records`, `${whole(recordsPerSecond)}/s${spark}`, `${whole(rejected)} rejected`,
    `p50 ${duration(p50)}`, `p99 ${duration(p99)}`]
  if (lag !== undefined && lag > 0) parts.push(`${whole(lag)} waiting`)
  return [...parts, duration(Math.floor(seconds))].join('  ')
}

export interface LiveOptions {
  readonly screen: Screen
  readonly clock: Clock
  readonly name: string
  snapshot(): Snapshot
  /** Without a terminal: write the progress as a log line with fields, for logs in JSON, instead of as a plain line. */
  readonly log?: Log | undefined
  readonly signal: AbortSignal
}

const TERMINAL_MS = 250
const LINES_MS = 5000
const WINDOW_MS = 2000
const BARS = 20

/** Until the signal comes: in a terminal one line, redrawn four times a second; else a line every five seconds. */
export async function showLive({ screen, clock, name, snapshot, log, signal }: LiveOptions): Promise<void> {
  const isTerminal = screen.isTTY === true
  const everyMs = isTerminal ? TERMINAL_MS : LINES_MS
  const startMs = clock.nowMs()
  const moments: Moment[] = [momentOf(startMs, snapshot())]
  const rates: number[] = []
  for (;;) {
    await clock.sleep(everyMs, signal)
    if (signal.aborted) break
    const current = snapshot()
    const now = momentOf(clock.nowMs(), current)
    const last = moments.at(-1)!
    while (moments.length > 1 && now.ms - moments[1]!.ms >= WINDOW_MS) moments.shift()
    const progress = progressOf(current, now, moments[0]!, startMs)
    moments.push(now)
    rates.push((now.records - last.records) / Math.max(0.001, (now.ms - last.ms) / 1000))
    if (rates.length > BARS) rates.shift()
    if (isTerminal) screen.live(`${name}  ${progressText(progress, rates)}`)
    else if (log === undefined) screen.write(`${name}  ${progressText(progress)}\n`)
    else log.write('info', 'progress', rounded(progress))
  }
  screen.live(undefined)
}

const rounded = (progress: Progress): object => Object.fromEntries(Object.entries(progress)
  .filter(([, value]) => value !== undefined && !Number.isNaN(value))
  .map(([name, value]) => [name, Number((value as number).toPrecision(name === 'records' || name === 'rejected' || name === 'lag' ? 15 : 4))]))
