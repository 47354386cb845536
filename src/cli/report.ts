import { report, totalOf } from '../operating/index.ts'
import type { RunReport } from '../pipeline/run.ts'

/** The last thing that a run says. */
export function reportText({ pipeline, snapshot, seconds, cpuSeconds, guarantee, drained, stopped, outputs, rejects }: RunReport, dry: boolean): string {
  const rejected = totalOf(snapshot, 'sluice_records_total', { outcome: 'rejected' }) > 0
  const places = [...outputs.map((place) => ({ name: 'output', place })), ...rejects.map((place) => ({ name: 'rejects', place }))]
  return report({
    pipeline, snapshot, seconds, cpuSeconds,
    guarantee: dry ? 'dry run: nothing was written, nothing committed' : guarantee.replaceAll('-', ' '),
    ended: !drained ? 'stopped before everything in flight was committed; the next start reads that again' : stopped ? 'stopped' : 'the source has ended',
    outputs: dry ? [] : places,
    next: dry || !rejected ? [] : rejects.filter((place) => place !== 'the standard output').map((place) => `sluice rejects list ${place}`),
  })
}
