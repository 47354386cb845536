import { basename, dirname, join, resolve } from 'node:path'
import { loadDefinition } from '../pipeline/load.ts'
import { runAll } from './run.ts'

/** Runs the pipeline with the rejected records as its source. Nothing that was promised changes: the sink keeps the position in the file of
    rejects beside its others, so that each record is played once. */
export async function replay(file: string, pipeline: string, sets: readonly string[]): Promise<void> {
  const again = beside(file)
  const loaded = await loadDefinition(pipeline, sets)
  const definition = {
    ...loaded.definition,
    source: { file: { path: file, format: 'records' as const } },
    // all of them were rejected once: that many are again is no surprise
    reject: { file: { path: again, format: 'records' as const }, stopAbove: false as const },
  }
  await runAll([{ ...loaded, definition, file: pipeline, sets }], { skip: [], executors: 1 })
}

/** `rejects.records.ndjson`, `rejects.2.records.ndjson`, `rejects.3.records.ndjson`. */
export function beside(path: string): string {
  const name = basename(path)
  const [, stem = name, number, ending = ''] = /^(.+?)(?:\.(\d+))?((?:\.records)?(?:\.\w+)?)$/.exec(name) ?? []
  const next = join(dirname(path), `${stem}.${number === undefined ? 2 : Number(number) + 1}${ending}`)
  return resolve(next) === resolve(path) ? `${path}.2` : next
}
