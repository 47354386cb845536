import { difference, one, Swap } from '../../control/index.ts'
import { SluiceError, type Context, type Control, type ReadOptions, type Signature } from '../../core/index.ts'
import { fileError } from './files.ts'
import { SHARED_BYTES } from './images.ts'
import type { Images } from './images.ts'
import { placeAt, type Place } from './places.ts'
import { read, readInThread } from './read.ts'
import { openVersion, type Loaded, type LoadOptions, type Version } from './version.ts'
import { Watch, type Complete } from './watch.ts'

export interface EmbeddedOptions extends ReadOptions {
  /** A model's file, a bundle (a folder of its files), or a repository (a folder with one folder for each version). */
  readonly model: string
  /** Exactly this one, and nothing is watched: a folder of the repository, or the digest of a file or bundle. */
  readonly version?: string
  /** Default: the name of the file without its extension, or of the folder. */
  readonly name?: string
  /** How often to look for a new version. Default 1000. */
  readonly pollMs?: number
  /** false: what is there at the start serves to the end. Default true. */
  readonly watch?: boolean
  /** What the model may hold in memory, over all executors. While a version is exchanged there are two. */
  readonly modelBytesMax?: number
}
/** Below, starting a thread (some 100 ms of another core) costs more than the 15 ms that the event loop would stand still. */
const THREAD_BYTES = 1_000_000

/** `images`: reads large models for all of a process. */
export type EmbeddedContext = Pick<Context, 'clock' | 'log' | 'metrics' | 'signal' | 'executors'> & { readonly images?: Images }

/** A model in this process. */
export interface Embedded extends Control {
  /** Of every version that ever serves. */
  readonly signature: Signature
  /** What serves the batches taken from now on. */
  readonly version: Version
}

/** Opens the model at a path and, while the pipeline runs, exchanges it for every new version that is complete, fits and answers. What does
    not is refused, once, in the log and in `sluice_model_refused_total`, and the version before goes on.
    @throws SLUICE_MODEL_MISSING, SLUICE_MODEL_UNKNOWN, SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, SLUICE_MODEL_TOO_LARGE, SLUICE_FILE_DENIED */
export async function embedded(options: EmbeddedOptions, context: EmbeddedContext): Promise<Embedded> {
  const place = await placeAt(options.model)
  const loading: LoadOptions = {
    name: options.name ?? place.name, executors: context.executors, ...(options.trees === undefined ? {} : { trees: options.trees }),
    ...(options.categories === undefined ? {} : { categories: options.categories }),
    ...(options.modelBytesMax === undefined ? {} : { bytesMax: options.modelBytesMax }),
  }
  const watch = new Watch(place, options.version)
  const report = reporter(loading.name, context)
  let serving = await first(place, watch, options, loading, context, report)
  const { signature } = serving.predictor
  const swap = new Swap({ router: one(serving.ref, 1), predictors: [serving.predictor] })
  report.serves(serving)

  const ended = new AbortController()
  const signal = AbortSignal.any([context.signal, ended.signal])
  const watching = options.watch === false || options.version !== undefined ? Promise.resolve() : look()

  async function look(): Promise<void> {
    for (;;) {
      await context.clock.sleep(options.pollMs ?? 1000, signal)
      if (signal.aborted) return
      try {
        const { next } = await watch.look()
        if (next !== undefined) await exchange(next)
        report.seen()
      } catch (error) { report.unseen(fileError(options.model, error)) }
    }
  }
  async function exchange(candidate: Complete): Promise<void> {
    const startMs = context.clock.nowMs()
    try {
      const found = await readerOf(candidate, context, candidate.bytes < THREAD_BYTES ? read : readInThread)(candidate.path, loading)
      if (!(await watch.unchanged(candidate))) return              // somebody wrote while it was read: it is asked for again
      if (candidate.version === undefined && found.digest === serving.digest) return watch.taken(candidate)
      const differs = difference(signature, found.model.signature)
      if (differs !== undefined) {
        throw new SluiceError('SLUICE_MODEL_MISMATCH', `model '${loading.name}' version '${candidate.version ?? found.digest}' does not fit the pipeline: ${differs}`, { at: candidate.path })
      }
      const loaded = await openVersion(candidate, found, loading, context.clock)
      if (signal.aborted) return await loaded.predictor.close()
      watch.taken(candidate)
      const before = serving
      serving = loaded
      swap.swap({ router: one(loaded.ref, swap.router.version + 1), predictors: [loaded.predictor] }).catch(report.notClosed)
      report.swapped(before, loaded, context.clock.nowMs() - startMs)
    } catch (error) {
      if (!(await watch.unchanged(candidate))) return              // half of it was read, or it is gone
      watch.pass(candidate)
      report.refused(candidate, error)
    }
  }

  return {
    signature,
    get version() { return serving },
    take: () => swap.take(),
    async close() {
      ended.abort()
      await watching
      await swap.close()
    },
  }
}

const readerOf = ({ bytes }: Complete, { images }: EmbeddedContext, own: Images): Images => bytes >= SHARED_BYTES && images !== undefined ? images : own

/** What serves at the start: of a repository the highest complete version that can be loaded, if need be after its writer is done. */
async function first(place: Place, watch: Watch, options: EmbeddedOptions, loading: LoadOptions, context: EmbeddedContext, report: Reporter): Promise<Loaded> {
  const { clock, signal } = context
  const lookMs = Math.min(options.pollMs ?? 1000, 100)
  let cause: unknown
  for (;;) {
    const { next, writing } = await watch.look(clock.nowMs() - lookMs).catch(error => { throw fileError(options.model, error) })
    if (next !== undefined) {
      try {
        const found = await readerOf(next, context, read)(next.path, loading)
        if (place.kind !== 'repository' && options.version !== undefined && options.version !== found.digest) {
          throw new SluiceError('SLUICE_MODEL_MISSING', `'${options.model}' is version '${found.digest}', not '${options.version}'`, { at: options.model })
        }
        const loaded = await openVersion(next, found, loading, clock)
        watch.taken(next)
        return loaded
      } catch (error) {
        if (place.kind !== 'repository' || options.version !== undefined) throw error
        cause ??= error
        watch.pass(next)
        report.refused(next, error)
      }
    } else if (!writing) {
      const what = options.version === undefined ? 'no complete version' : `no version '${options.version}'`
      throw cause ?? new SluiceError('SLUICE_MODEL_MISSING', `${what} of a model in '${options.model}'`, { at: options.model })
    } else await clock.sleep(lookMs, signal)
    signal.throwIfAborted()
  }
}

type Reporter = ReturnType<typeof reporter>
function reporter(model: string, { log, metrics }: EmbeddedContext) {
  let unseen = ''
  const info = ({ ref, digest, evaluator }: Version, value: 1 | undefined): void => {
    metrics.gauge('sluice_model_info', value, { model: ref.name, version: ref.version, digest, evaluator })
  }
  const fields = ({ ref, digest, evaluator, bytesOnDisk, bytes, model: { format } }: Version) => ({
    model: ref.name, version: ref.version, digest, format, evaluator, bytesOnDisk, bytesInMemory: bytes,
  })
  return {
    serves(version: Version): void {
      info(version, 1)
      log.write('info', `model '${model}': version '${version.ref.version}' serves`, fields(version))
    },
    swapped(before: Version, version: Version, ms: number): void {
      info(before, undefined)
      info(version, 1)
      metrics.count('sluice_model_swaps_total', 1, { model })
      log.write('info', `model '${model}': version '${version.ref.version}' serves after '${before.ref.version}'`, { ...fields(version), loadMs: Math.round(ms) })
    },
    refused({ path, version }: Complete, error: unknown): void {
      const code = error instanceof SluiceError ? error.code : 'unknown'
      metrics.count('sluice_model_refused_total', 1, { model, code })
      log.write('error', `model '${model}': ${version === undefined ? 'what is new' : `version '${version}'`} is refused`, { model, path, code, error })
    },
    /** Said once until it has changed: the place is looked at every second. */
    unseen(error: unknown): void {
      const text = String(error)
      if (text !== unseen) log.write('warn', `model '${model}': cannot look for new versions`, { model, error })
      unseen = text
    },
    seen(): void { unseen = '' },
    notClosed(error: unknown): void { log.write('warn', `model '${model}': the version before could not be closed`, { model, error }) },
  }
}
