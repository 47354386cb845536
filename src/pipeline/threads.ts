import { Worker } from 'node:worker_threads'
import { SluiceError } from '../core/index.ts'
import type { Guarantee, Log, LogLevel, ReadOptions } from '../core/index.ts'
import type { Ended } from '../flow/index.ts'
import type { Health, News, Registry, Snapshot } from '../operating/index.ts'
import type { Images, Read } from '../strategies/embedded/index.ts'
import type { ExecutorOptions } from './executor.ts'
import type { Definition } from './schema.ts'

/** How a definition reaches a thread: as data, or as the file that it is loaded from again when it holds functions. */
export type Origin = { readonly definition: Definition } | { readonly path: string; readonly sets: readonly string[] }
export interface Start {
  readonly origin: Origin
  readonly executor: number
  readonly executors: number
  readonly skips: ReadonlyMap<string, ReadonlySet<number>>
}
/** What a thread says. */
export type Said =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string; readonly fields?: object }
  | { readonly kind: 'news'; readonly news: News }
  | { readonly kind: 'metrics'; readonly snapshot: Snapshot }
  | { readonly kind: 'ended'; readonly ended: Ended }
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'read'; readonly id: number; readonly path: string; readonly options: ReadOptions }
/** What a thread is told. */
export type Told = 'stop' | { readonly id: number; readonly read: Read } | { readonly id: number; readonly error: Failure }
/** An error as data: threads send no classes. */
export interface Failure { readonly code: string; readonly message: string; readonly severity: SluiceError['severity']; readonly at?: string; readonly why: string; readonly fix: string; readonly from?: string }

export interface ThreadsOptions extends Omit<ExecutorOptions, 'executor' | 'news' | 'metrics' | 'limit'> {
  readonly metrics: Registry
  readonly health: Health
  readonly module?: { readonly path: string; readonly sets: readonly string[] }
}

/** Runs every executor in a thread of its own. When one fails the others drain, commit and stop; the first failure is thrown. */
export async function runThreads(definition: Definition, { module, metrics, health, log, signal, skips, executors, images }: ThreadsOptions): Promise<Ended> {
  const origin = originOf(definition, module)
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const ends = await Promise.allSettled(Array.from({ length: executors }, (_, executor) =>
    runThread({ origin, executor, executors, skips }, { metrics, health, log, stop, images }).catch((error: unknown) => { failed.abort(error); throw error })))
  if (failed.signal.aborted) throw failed.signal.reason
  return sum(ends.map(end => (end as PromiseFulfilledResult<Ended>).value))
}

function originOf(definition: Definition, module: { readonly path: string; readonly sets: readonly string[] } | undefined): Origin {
  try {
    structuredClone(definition)
    return { definition }
  } catch (cause) {
    if (module !== undefined) return module
    throw new SluiceError('SLUICE_CONFIG_INVALID', 'a pipeline with functions runs in several executors only from its file', { why: 'functions cannot be sent to a thread', fix: 'run it with `sluice run FILE.ts`, or with one executor', cause })
  }
}

interface Shared { readonly metrics: Registry; readonly health: Health; readonly log: Log; readonly stop: AbortSignal; readonly images: Images | undefined }
function runThread(start: Start, { metrics, health, log, stop, images }: Shared): Promise<Ended> {
  // the same file, as it runs here: .ts in the repository, .js when built
  const thread = new Worker(new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url), { workerData: start })
  const say = (told: Told): void => thread.postMessage(told), tell = (): void => say('stop')
  if (stop.aborted) tell()
  stop.addEventListener('abort', tell, { once: true })
  return new Promise<Ended>((resolve, reject) => {
    thread.on('message', (said: Said) => {
      if (said.kind === 'log') log.write(said.level, said.text, { ...said.fields, executor: start.executor })
      else if (said.kind === 'news') health.report(start.executor, said.news)
      else if (said.kind === 'metrics') metrics.merge(String(start.executor), said.snapshot)
      else if (said.kind === 'read') void images!(said.path, said.options).then(read => say({ id: said.id, read }), (error: unknown) => say({ id: said.id, error: failureOf(error) }))
      else if (said.kind === 'ended') { health.report(start.executor, { ended: true }); resolve(said.ended) }
      else reject(errorOf(said.error))
    })
    thread.on('error', cause => reject(new SluiceError('SLUICE_PIPELINE_FAILED', `executor ${start.executor} failed`, { cause })))
    thread.on('exit', code => reject(new SluiceError('SLUICE_PIPELINE_FAILED', `executor ${start.executor} exited with ${code}`)))
  }).finally(async () => {
    stop.removeEventListener('abort', tell)
    await thread.terminate()
  })
}

export function failureOf(error: unknown): Failure {
  const known = error instanceof SluiceError ? error : new SluiceError('SLUICE_PIPELINE_FAILED', String(error), { cause: error })
  const { code, message, severity, at, why, fix, cause } = known
  return { code, message, severity, why, fix, ...(at === undefined ? {} : { at }), ...(cause === undefined ? {} : { from: cause instanceof Error ? cause.message : String(cause) }) }
}
export const errorOf = ({ code, message, from, ...details }: Failure): SluiceError => new SluiceError(code, message, { ...details, ...(from === undefined ? {} : { cause: new Error(from) }) })

function sum(ends: readonly Ended[]): Ended {
  const total = (of: (ended: Ended) => number): number => ends.reduce((all, ended) => all + of(ended), 0)
  const guarantee: Guarantee = ends.every(ended => ended.guarantee === 'exactly-once') ? 'exactly-once' : 'at-least-once'
  return {
    guarantee, records: total(ended => ended.records), scored: total(ended => ended.scored), rejected: total(ended => ended.rejected),
    filtered: total(ended => ended.filtered), skipped: total(ended => ended.skipped), tombstones: total(ended => ended.tombstones),
    aborts: total(ended => ended.aborts), drained: ends.every(ended => ended.drained),
  }
}
