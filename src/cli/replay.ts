import { basename, dirname, join, resolve } from 'node:path'
import { formatOf } from '../connect/file/options.ts'
import { openFileSource } from '../connect/file/source.ts'
import { SluiceError } from '../core/index.ts'
import type { Part, RecordBatch, Source } from '../core/index.ts'
import { isPart } from '../pipeline/connectors.ts'
import { loadDefinition } from '../pipeline/load.ts'
import type { Definition } from '../pipeline/schema.ts'
import { rowsOf } from './csv.ts'
import { runAll } from './run.ts'

/** Runs the pipeline with the rejected records as its source. Nothing that was promised changes: the sink keeps the position in the file of
    rejects beside its others, so that each record is played once. */
export async function replay(file: string, pipeline: string, sets: readonly string[]): Promise<void> {
  const loaded = await loadDefinition(pipeline, sets)
  const header = await headerOf(loaded.definition.source)
  const definition: Definition = {
    ...loaded.definition,
    source: header === undefined ? { file: { path: file, format: 'records' } } : rejectedLines(file, header),
    // all of them were rejected once: that many are again is no surprise
    reject: { file: { path: beside(file), format: 'records' }, stopAbove: false },
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

/** Lines of CSV mean nothing without the header of the file that they came from. */
async function headerOf(source: Definition['source']): Promise<readonly string[] | undefined> {
  if (isPart(source)) return undefined
  if ('stdin' in source && source.stdin.format === 'csv') {
    throw new SluiceError('SLUICE_FILE_FORMAT', 'records that came as CSV through the standard input cannot be played again', { at: 'source.stdin', why: 'their header is gone', fix: 'read them from a file' })
  }
  if (!('file' in source)) return undefined
  const { path, format } = source.file
  const first = typeof path === 'string' ? path : path[0]!
  if ((format ?? formatOf(first)) !== 'csv') return undefined
  const { filesOf } = await import('../connect/file/files.ts')
  for (const { path: at } of await filesOf(source.file)) {
    const rows = rowsOf(at)
    const header = (await rows.next()).value
    await rows.return(undefined)
    if (header !== undefined) return header as readonly string[]
  }
  return undefined
}

function rejectedLines(path: string, columns: readonly string[]): Part<Source> {
  return {
    kind: 'rejects', options: { path, columns },
    async open(context) {
      const source = await openFileSource({ path, format: 'records' }, context)
      return Object.create(source, {
        read: { value: async function* (...parameters: Parameters<Source['read']>): AsyncGenerator<RecordBatch> {
          for await (const batch of source.read(...parameters)) yield { ...batch, columns }
        } },
      }) as Source
    },
  }
}
