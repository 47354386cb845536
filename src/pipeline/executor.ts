import type { Arena, Clock, Context, Features, Log, Metrics, Rejects, Result, Sink, Source } from '../core/index.ts'
import { columns } from '../features/index.ts'
import { flowDefaults, run } from '../flow/index.ts'
import type { Ended, FlowOptions } from '../flow/index.ts'
import { createArena } from '../kernels/arena.ts'
import { custom, merge, object, rejects } from '../results/index.ts'
import { embedded } from '../strategies/embedded/index.ts'
import type { Embedded, Images } from '../strategies/embedded/index.ts'
import { codedResult, openSink, openSource } from './connectors.ts'
import { kernelModule } from '../strategies/kernels.ts'
import type { Definition } from './schema.ts'

/** What an executor is given: its place among the others, and what it shares with them. */
export interface ExecutorOptions {
  readonly executor: number
  readonly executors: number
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly skips: ReadonlyMap<string, ReadonlySet<number>>
  readonly limit?: number
  readonly signal: AbortSignal
  /** Reads large models for all of the process. */
  readonly images?: Images
  /** Called when the model answers. */
  news?(news: { readonly modelLoaded: true }): void
}

/** Opens the parts of a pipeline, runs it to its end, closes them. */
export async function runExecutor(definition: Definition, options: ExecutorOptions): Promise<Ended> {
  const flow = flowOptionsOf(definition, options)
  // batches, their columns and the results made of them lie there; pages that are not touched cost nothing
  const context: Context = { ...pick(options), arena: createArena(3 * (flow.bytesMax ?? ARENA_BYTES), await kernelModule()) }
  const parts = await openParts(definition, context, options)
  try {
    return await run({ ...parts, clock: options.clock, log: options.log, metrics: options.metrics, skips: options.skips, options: flow,
      ...(definition.delivery?.guarantee === undefined ? {} : { guarantee: definition.delivery.guarantee }) }, options.signal)
  } finally {
    await parts.close()
  }
}

interface Stages {
  readonly features: Features
  readonly control: Embedded
  readonly result: Result
}

/** The model and what is around it: everything that can be checked without a record. */
export async function openStages(definition: Definition, context: Omit<Context, 'arena'> & { readonly arena?: Arena; readonly images?: Images }): Promise<Stages> {
  const { modelBytesMax } = definition.memory ?? {}
  const control = await embedded({ ...definition.strategy.embedded, ...(modelBytesMax === undefined ? {} : { modelBytesMax }) }, context)
  try {
    const features = columns(definition.features, { when: definition.when, arena: context.arena })
    features.for(control.signature)
    const result = resultOf(definition, context.arena)
    result.check(control.signature)
    return { features, control, result }
  } catch (error) {
    await control.close()
    throw error
  }
}

function resultOf({ result, sink }: Definition, arena: Arena | undefined): Result {
  const codec = 'file' in sink && (sink.file.format === 'csv' || (sink.file.format === undefined && sink.file.path.endsWith('.csv')))
    || 'stdout' in sink && sink.stdout.format === 'csv' ? 'csv' : 'json'
  if (typeof result === 'function') return custom(result, { codec, arena })
  const options = { codec, origin: result.origin ?? true, arena } as const
  return 'merge' in result ? merge(result.merge, options) : object(result.object, options)
}

type Parts = Stages & { readonly source: Source; readonly sink: Sink; readonly reject?: Sink; readonly rejects: Rejects; close(): Promise<void> }

/** All of them, or none: what was opened before one failed is closed again. */
async function openParts(definition: Definition, context: Context, { news, images }: ExecutorOptions): Promise<Parts> {
  const opened: { close(): Promise<void> }[] = []
  const keep = async <T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> => { opened.push(await part); return part }
  const close = async (): Promise<void> => { for (const part of opened.reverse()) await part.close() }
  try {
    const stages = await openStages(definition, images === undefined ? context : { ...context, images })
    opened.push(stages.control)
    news?.({ modelLoaded: true })
    const source = await keep(openSource(definition.source, context))
    const sink = await keep(openSink(definition.sink, 'results', definition, context))
    const reject = definition.reject === undefined ? undefined : await keep(openSink(definition.reject, 'rejects', definition, context))
    const result = await codedResult(stages.result, definition, context)
    return { ...stages, result, source, sink, ...(reject === undefined ? {} : { reject }),
      rejects: rejects(definition.name, definition.reject !== undefined && 'headers' in definition.reject ? definition.reject.headers : undefined), close }
  } catch (error) {
    await close()
    throw error
  }
}

function flowOptionsOf({ flow, delivery, reject }: Definition, { limit, executors }: ExecutorOptions): FlowOptions {
  const batch = flow?.batch === undefined ? {} : { batch: { ...JOINED, ...flow.batch } }
  const given = { ...flow, ...batch, commitEveryMs: delivery?.everyMs, commitBytes: delivery?.bytes, recordsMax: limit }
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const stopAbove = reject !== undefined && 'stopAbove' in reject ? reject.stopAbove : undefined
  return {
    ...flowDefaults, ...said,
    ...(flow?.bytesMax === undefined ? {} : { bytesMax: Math.floor(flow.bytesMax / executors) }),
    ...(stopAbove === false ? {} : { stopAbove: { share: 0.05, records: 10_000, ...stopAbove } }),
  }
}

/** What four of the largest batches have that sources make by default. */
const ARENA_BYTES = 64 * 2 ** 20

/** What is not said of `flow.batch`. */
const JOINED = { rows: 500, waitMs: 10 }

const pick = ({ executor, executors, clock, log, metrics, signal }: ExecutorOptions): Omit<Context, 'arena'> => ({ executor, executors, clock, log, metrics, signal })
