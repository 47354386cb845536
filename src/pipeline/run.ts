import { availableParallelism } from 'node:os'
import { SluiceError } from '../core/index.ts'
import type { Clock, Guarantee, Log } from '../core/index.ts'
import { systemClock } from '../flow/index.ts'
import { createHealth, createMetrics, newsOf, serveOperating } from '../operating/index.ts'
import type { Health, News, Registry, Snapshot } from '../operating/index.ts'
import { partitionsOf, placesOf } from './connectors.ts'
import { openImages } from '../strategies/embedded/index.ts'
import type { Images } from '../strategies/embedded/index.ts'
export { openImages } from '../strategies/embedded/index.ts'
import { runExecutor } from './executor.ts'
import type { Definition } from './schema.ts'
import { runThreads } from './threads.ts'

export interface RunOptions {
  /** Stops it: what is in flight is finished and committed. */
  readonly signal?: AbortSignal
  readonly log?: Log
  readonly clock?: Clock
  readonly executors?: number | 'auto'
  /** Ends after so many records. */
  readonly limit?: number
  /** Records to pass by: partition@offset. */
  readonly skips?: readonly string[]
  /** Where /metrics, /livez and /readyz are served; stands before operating.http. */
  readonly http?: string
  /** What was loaded from where: executors in threads load it again when it holds functions. */
  readonly module?: { readonly path: string; readonly sets: readonly string[] }
  /** Who runs several pipelines in a process gives all of them the same. */
  readonly images?: Images
  /** Called once, before the first record, with what is needed to show progress. */
  started?(run: Started): void
}
export interface Started { readonly executors: number; readonly url?: string; snapshot(): Snapshot }

export interface RunReport {
  readonly pipeline: string
  readonly guarantee: Guarantee
  readonly executors: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly snapshot: Snapshot
  readonly records: number
  /** true: by the signal; false: the source has ended, or the limit was reached. */
  readonly stopped: boolean
  /** false: stopping took longer than flow.drainMs; what was not committed is read again at the next start. */
  readonly drained: boolean
  /** Where results and rejects lie. */
  readonly outputs: readonly string[]
  readonly rejects: readonly string[]
}

/** Runs a pipeline until its source ends, the limit is reached or the signal stops it. Throws what is fatal; what was done before is
    committed. */
export async function runPipeline(definition: Definition, options: RunOptions = {}): Promise<RunReport> {
  const clock = options.clock ?? systemClock
  const log = options.log ?? silent
  const signal = options.signal ?? new AbortController().signal
  const metrics = createMetrics({ pipeline: definition.name })
  const executors = await executorsOf(definition, options, { clock, log, signal })
  const skips = skipsOf(options.skips ?? [])
  const { http = options.http, stuckAfterMs } = { ...definition.operating, ...(options.http === undefined ? {} : { http: options.http }) }
  const health = createHealth({ clock, executors, ...(stuckAfterMs === undefined ? {} : { stuckAfterMs }) })
  const drain = (): void => health.draining()
  signal.addEventListener('abort', drain, { once: true })
  const over = new AbortController()
  const server = http === undefined ? undefined : await serveOperating({ address: http, metrics, health })
  try {
    options.started?.({ executors, ...(server === undefined ? {} : { url: server.url }), snapshot: () => metrics.snapshot() })
    const startMs = clock.nowMs(), cpu = process.cpuUsage()
    const common = { clock, log, metrics, skips, signal, images: options.images ?? openImages(), ...(options.limit === undefined ? {} : { limit: options.limit }) }
    const ended = executors > 1
      ? await runThreads(definition, { ...common, health, executors, ...(options.module === undefined ? {} : { module: options.module }) })
      : await runHere(definition, { ...common, health, over: over.signal })
    const used = process.cpuUsage(cpu)
    return {
      pipeline: definition.name, guarantee: ended.guarantee, executors, seconds: (clock.nowMs() - startMs) / 1000,
      cpuSeconds: (used.user + used.system) / 1e6, snapshot: metrics.snapshot(), records: ended.records, stopped: signal.aborted, drained: ended.drained,
      outputs: placesOf(definition.sink, executors), rejects: placesOf(definition.reject, executors),
    }
  } finally {
    over.abort()
    signal.removeEventListener('abort', drain)
    await server?.close()
  }
}

type Here = Omit<Parameters<typeof runExecutor>[1], 'executor' | 'executors' | 'news' | 'metrics'> & { readonly metrics: Registry; readonly health: Health; readonly over: AbortSignal }
async function runHere(definition: Definition, { health, over, ...options }: Here) {
  void reportHealth(options.metrics, options.clock, over, news => health.report(0, news))
  return runExecutor(definition, { ...options, executor: 0, executors: 1, news: news => health.report(0, news) })
}

/** Every second, what liveness asks for, read off an executor's metrics. */
export async function reportHealth(metrics: Registry, clock: Clock, over: AbortSignal, report: (news: News) => void): Promise<void> {
  for (; !over.aborted; await clock.sleep(1000, over)) report(newsOf(metrics.snapshot()))
}

/** auto: as many as there are partitions and cores. A limit is counted by one executor. */
async function executorsOf(definition: Definition, { executors = definition.executors ?? 1, limit }: RunOptions, context: Parameters<typeof partitionsOf>[1]): Promise<number> {
  if (limit !== undefined) return 1
  if (executors !== 'auto') return executors
  const cores = availableParallelism(), partitions = await partitionsOf(definition.source, context), some = Math.min(cores, partitions)
  const word = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
  context.log.write('info', `${word(some, 'executor')}: ${word(cores, 'core')}, ${Number.isFinite(partitions) ? word(partitions, 'partition') : 'and partitions that are not known yet'}`)
  return some
}

/** @throws SLUICE_CONFIG_INVALID */
function skipsOf(skips: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const of = new Map<string, Set<number>>()
  for (const skip of skips) {
    const at = skip.lastIndexOf('@')
    const partition = skip.slice(0, at), offset = skip.slice(at + 1)
    if (at < 1 || !/^\d+$/.test(offset)) {
      throw new SluiceError('SLUICE_CONFIG_INVALID', `--skip ${skip} is not partition@offset`, { why: 'a record is named by its partition and offset, as the error that stopped the pipeline names it', fix: 'for example --skip flights.ndjson@1234' })
    }
    of.set(partition, (of.get(partition) ?? new Set()).add(Number(offset)))
  }
  return of
}

const silent: Log = { write: () => {} }
