import { writeEnvelopes } from '../connect/envelope.ts'
import type { Part, Records, Sink } from '../core/index.ts'
import { isPart } from '../pipeline/connectors.ts'
import type { Definition } from '../pipeline/schema.ts'

/** The same pipeline with its results on the standard output and its rejects beside the log. No position is kept, so it begins where the
    source begins. */
export function dry(definition: Definition): Definition {
  const { source, sink } = definition
  const format = isPart(sink) ? undefined : 'file' in sink ? sink.file.format ?? (sink.file.path.endsWith('.csv') ? 'csv' : undefined) : 'stdout' in sink ? sink.stdout.format : undefined
  const { position: _, ...file } = !isPart(source) && 'file' in source ? source.file : {}
  return {
    ...definition, executors: 1,
    source: 'path' in file ? { file: file as typeof file & { path: string } } : source,
    sink: { stdout: format === undefined ? {} : { format } },
    ...definition.reject === undefined ? {} : { reject: Object.assign({}, shownRejects, 'stopAbove' in definition.reject ? { stopAbove: definition.reject.stopAbove } : {}) },
    delivery: { ...definition.delivery, guarantee: 'at-least-once' },
  }
}

const shownRejects: Part<Sink> = {
  kind: 'dry-run', options: {},
  open: async () => ({
    name: 'dry-run',
    write: async (records: Records) => { process.stderr.write(writeEnvelopes(records)); return [] },
    close: async () => {},
  }),
}
