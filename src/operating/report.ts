import { quantile } from './histogram.ts'
import { duration, percent, whole } from './numbers.ts'
import { cellsOf, histogramOf, totalOf, type Snapshot } from './snapshot.ts'

export interface ReportInput {
  readonly pipeline: string
  readonly snapshot: Snapshot
  /** Of the wall clock. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** As the pipeline printed it at the start: `exactly once`, or `at least once: sink 'http' takes part in no transaction`. */
  readonly guarantee: string
  /** Why it ended: `the source has ended`, `stopped by SIGTERM`. */
  readonly ended: string
  /** Where things lie: `{ name: 'output', place: 'out/late.ndjson' }`. */
  readonly outputs: readonly { readonly name: string; readonly place: string }[]
  /** Lines of the job's own, after the others: its quality against the truth. */
  readonly more?: readonly { readonly name: string; readonly text: string }[]
  /** Commands to try next. */
  readonly next?: readonly string[]
}

const CAUSES_SHOWN = 8

/** The last thing a user sees of a run. */
export function report(input: ReportInput): string {
  const { snapshot, seconds, cpuSeconds } = input
  const records = totalOf(snapshot, 'sluice_records_total')
  const rejected = totalOf(snapshot, 'sluice_records_total', { outcome: 'rejected' })
  const latency = histogramOf(snapshot, 'sluice_latency_seconds')
  const others = ['filtered', 'skipped', 'tombstone']
    .map((outcome) => ({ outcome, count: totalOf(snapshot, 'sluice_records_total', { outcome }) }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `, ${whole(count)} ${OUTCOMES[outcome]}`)

  const lines = [
    ['records', `${whole(records)}: ${whole(totalOf(snapshot, 'sluice_records_total', { outcome: 'scored' }))} scored, ${whole(rejected)} rejected${others.join('')}`],
    ['time', `${duration(seconds)}, ${whole(seconds > 0 ? records / seconds : 0)} records/s`],
    ['CPU', `${duration(cpuSeconds)}${records > 0 ? `, ${duration(cpuSeconds / records)} a record` : ''}`],
    ['latency', latency.count > 0
      ? `p50 ${duration(quantile(latency, 0.5))}, p99 ${duration(quantile(latency, 0.99))}, max ${duration(latency.max)} (read to written)`
      : 'nothing was written'],
    ['delivery', input.guarantee],
    ...rejectedLines(snapshot, records),
    ...input.outputs.map(({ name, place }) => [name, place]),
    ...(input.more ?? []).map(({ name, text }) => [name, text]),
    ...(input.next ?? []).map((command, i) => [i === 0 ? 'next' : '', command]),
  ] as const
  const width = Math.max(...lines.map(([name]) => name!.length))
  return [`${input.pipeline}: ${input.ended}`, ...lines.map(([name, text]) => `  ${name!.padEnd(width)}  ${text!}`)].join('\n') + '\n'
}

const OUTCOMES: { readonly [outcome: string]: string } = { filtered: 'filtered out', skipped: 'skipped', tombstone: 'tombstones passed on' }

/** The most frequent cause first. */
function rejectedLines(snapshot: Snapshot, records: number): readonly (readonly [string, string])[] {
  const causes = cellsOf(snapshot, 'sluice_rejected_total').filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value || (a.labels['code']! < b.labels['code']! ? -1 : 1))
  const shown = causes.slice(0, CAUSES_SHOWN)
    .map(({ labels, value }) => `${whole(value)} (${percent(value / Math.max(records, value))}) in ${labels['stage']}: ${labels['code']}`)
  if (causes.length > CAUSES_SHOWN) shown.push(`and ${causes.length - CAUSES_SHOWN} other causes`)
  return shown.map((text, i) => [i === 0 ? 'rejected' : '', text])
}
