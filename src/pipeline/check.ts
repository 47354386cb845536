import type { Context, RecordBatch, SluiceError } from '../core/index.ts'
import { systemClock } from '../flow/index.ts'
import { createArena } from '../kernels/arena.ts'
import { createMetrics } from '../operating/index.ts'
import type { Version } from '../strategies/embedded/index.ts'
import { asideOf, openSink, openSource } from './connectors.ts'
import { openStages } from './executor.ts'
import { kernelModule } from '../strategies/kernels.ts'
import type { Definition } from './schema.ts'

export interface CheckReport {
  readonly pipeline: string
  /** What would serve. */
  readonly model: Version
  /** With `connect`: what the first records of the source became. */
  readonly sample?: Sample
}
export interface Sample {
  readonly partition: string
  readonly records: number
  readonly rejected: readonly { readonly offset: number; readonly error: SluiceError }[]
  /** The first result, as text. */
  readonly first?: string
}

const SAMPLE_ROWS = 100
/** A stream may be silent: it is open, and that is what was asked. */
const SAMPLE_MS = 10_000

/** Everything that can be checked before the first record: the model, its signature against features and result. With `connect` also that
    source and sinks open, and what the first records become; nothing is written and no position moves.
    @throws what the pipeline would throw */
export async function checkPipeline(definition: Definition, { connect = false }: { readonly connect?: boolean } = {}): Promise<CheckReport> {
  const over = new AbortController()
  const context: Context = {
    executor: 0, executors: 1, clock: systemClock, log: { write: () => {} }, metrics: createMetrics(), arena: createArena(16 * 2 ** 20, await kernelModule()), signal: over.signal,
  }
  const stages = await openStages(definition, context)
  const opened: { close(): Promise<void> }[] = [stages.control]
  try {
    const report = { pipeline: definition.name, model: stages.control.version }
    if (!connect) return report
    const source = await openSource(asideOf(definition.source), context)
    opened.push(source)
    opened.push(await openSink(definition.sink, 'results', definition, context))
    if (definition.reject !== undefined) opened.push(await openSink(definition.reject, 'rejects', definition, context))
    const enough = AbortSignal.any([over.signal, AbortSignal.timeout(SAMPLE_MS)])
    for await (const batch of source.read({ assigned: () => {}, revoked: async () => {}, lost: () => {} }, enough)) {
      try {
        if (batch.rows > 0) return { ...report, sample: await sampleOf(batch, stages) }
      } finally {
        batch.release()
      }
    }
    return report
  } finally {
    over.abort()
    for (const part of opened.reverse()) await part.close()
  }
}

async function sampleOf(batch: RecordBatch, { features, control, result }: Awaited<ReturnType<typeof openStages>>): Promise<Sample> {
  const rows = Int32Array.from({ length: Math.min(batch.rows, SAMPLE_ROWS) }, (_, row) => row)
  const extracted = features.for(control.signature).extract(batch, rows)
  const serving = control.take()
  const part = new Int32Array(batch.rows).fill(-1), at = new Int32Array(batch.rows)
  try {
    const predicted = await serving.predictors[0]!.predict(extracted.features, undefined, new AbortController().signal)
    extracted.rows.forEach((row, i) => { part[row] = 0; at[row] = i })
    const { records, rejected } = result.write(batch, { parts: [predicted], part, at })
    const first = records.rows === 0 ? undefined : new TextDecoder().decode(records.bytes.subarray(records.values.start[0]!, records.values.end[0]!))
    predicted.outputs.release()
    records.release()
    return {
      partition: batch.partition, records: rows.length, ...(first === undefined ? {} : { first }),
      rejected: [...extracted.rejected, ...rejected].map(({ row, error }) => ({ offset: batch.offsets[row]!, error })),
    }
  } finally {
    extracted.features.release()
    serving.release()
  }
}
