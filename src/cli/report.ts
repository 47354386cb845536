import { report } from '../operating/index.ts'
import type { RunReport } from '../pipeline/run.ts'
import type { Loaded } from '../pipeline/load.ts'

/** The last thing that a run says. */
export function reportText(run: RunReport, { definition }: Loaded, dry: boolean): string {
  const rejected = 'file' in (definition.reject ?? {}) && run.rejects !== undefined && run.snapshot !== undefined
  return report({
    pipeline: run.pipeline, snapshot: run.snapshot, seconds: run.seconds, cpuSeconds: run.cpuSeconds,
    guarantee: dry ? 'dry run: nothing was written, nothing committed' : run.guarantee.replace('-', ' ').replace('-', ' '),
    ended: !run.drained ? 'stopped before everything in flight was committed; that is read again at the next start' : run.stopped ? 'stopped' : 'the source has ended',
    outputs: dry ? [] : [...run.output === undefined ? [] : [{ name: 'output', place: run.output }], ...run.rejects === undefined ? [] : [{ name: 'rejects', place: run.rejects }]],
    next: dry ? [] : rejected ? [`sluice rejects list ${run.rejects}`] : [],
  })
}
