import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { SluiceError, type Clock, type Log, type Metrics, type Model, type Signature, type TensorBatch } from '../core/index.ts'
import { embedded, type Embedded } from '../strategies/embedded/index.ts'
import { candidates, placeAt } from '../strategies/embedded/places.ts'
import { matrixOf, outputsOf } from '../wire/rows.ts'
import { WireError } from '../wire/tensors.ts'
import type { WireTensor } from '../wire/tensors.ts'
import { Lane } from './lane.ts'
import { Pool } from './pool.ts'
import type { PoolOptions, Runnable } from './pool.ts'

export interface EngineOptions {
  /** Models (files, bundles), repositories of versions, or folders of these: each under the name of its file or folder. */
  readonly paths: readonly string[]
  /** Of callers that say none. */
  readonly deadlineMs: number
  /** Rows and bytes that may wait for one model. */
  readonly rowsMax: number
  readonly bytesMax: number
  readonly pool: PoolOptions
  /** How often to look for new versions. */
  readonly pollMs?: number
  /** Bytes that models may hold; the version that was asked least recently goes, but for the highest of each model. */
  readonly modelBytesMax?: number
}
export interface Call {
  readonly model: string
  /** Absent, empty or `latest`: the highest. */
  readonly version?: string | undefined
  readonly inputs: readonly WireTensor[]
  readonly outputs?: readonly string[] | undefined
  /** From now on; absent: the server's own. */
  readonly timeoutMs?: number | undefined
  readonly signal: AbortSignal
}
export interface Answered { readonly model: string; readonly version: string; readonly outputs: readonly WireTensor[]; readonly queueMs: number; readonly computeMs: number }
export interface Described { readonly name: string; readonly version: string; readonly versions: readonly string[]; readonly signature: Signature; readonly model: Model; readonly evaluator: string }
export interface ModelState { readonly name: string; readonly version: string; readonly state: 'LOADING' | 'AVAILABLE' | 'UNLOADED'; readonly reason: string }
export interface Statistics { readonly name: string; readonly version: string; readonly calls: number; readonly rows: number; readonly batches: number; readonly failed: number; readonly queueMs: number; readonly computeMs: number; readonly lastMs: number }

export interface Engine {
  /** @throws WireError */
  infer(call: Call): Promise<Answered>
  /** @throws WireError not-found */
  describe(model: string, version?: string): Promise<Described>
  index(): readonly ModelState[]
  statistics(model?: string): readonly Statistics[]
  /** Again, after it was unloaded. @throws WireError not-found */
  load(model: string): Promise<void>
  unload(model: string): Promise<void>
  /** All models are there. */
  ready(): boolean
  /** Refuses what is new from now on; what was admitted is answered. */
  drain(): Promise<void>
  close(): Promise<void>
}
export interface EngineContext { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics; readonly signal: AbortSignal }

/** A call that takes longer has no business in the thread that answers probes. */
const INLINE_MS = 1
const ROWS_A_BATCH = 4096

/** One state of a model, with its own queue: features that were made for it are never given to another. */
interface Serving { readonly runnable: Runnable; readonly lane: Lane }
interface Version { readonly control: Embedded; serving: Serving; usedMs: number; readonly stats: { calls: number; rows: number; batches: number; failed: number; queueMs: number; computeMs: number; lastMs: number } }
interface Served { readonly name: string; readonly path: string; latest: Version | undefined; reason: string; readonly others: Map<string, Promise<Version>> }

/** @throws SLUICE_MODEL_MISSING and what opening a model throws: a server begins with all of its models or not at all */
export async function openEngine(options: EngineOptions, { clock, log, metrics, signal }: EngineContext): Promise<Engine> {
  const pool = new Pool(options.pool, clock, log), models = new Map<string, Served>()
  let keys = 0, draining = false, underway = 0
  let drained = (): void => {}

  async function openVersion(name: string, path: string, version: string | undefined): Promise<Version> {
    const control = await embedded({
      model: path, name, ...version === undefined ? {} : { version }, ...options.pollMs === undefined ? {} : { pollMs: options.pollMs }, ...options.modelBytesMax === undefined ? {} : { modelBytesMax: options.modelBytesMax },
    }, { clock, log, metrics, signal, executors: 1 })
    const stats = { calls: 0, rows: 0, batches: 0, failed: 0, queueMs: 0, computeMs: 0, lastMs: 0 }
    const serving = servingOf(control, stats), made: Version = { control, serving, usedMs: clock.nowMs(), stats }
    await learn(serving)
    return made
  }

  function servingOf(control: Embedded, stats: Version['stats']): Serving {
    const { model, ref } = control.version, runnable: Runnable = { key: keys++, model, ref }
    const lane = new Lane({
      rowsMax: options.rowsMax, bytesMax: options.bytesMax, batchRowsMax: ROWS_A_BATCH, batchMs: options.deadlineMs / 3, workers: () => pool.size,
      async run(features) {
        const { tensors, rejected } = await pool.run(runnable, features)
        if (rejected.length > 0) throw new WireError('invalid', `row ${rejected[0]!.row}: ${rejected[0]!.message}`)
        stats.batches++
        return { rows: features.rows, tensors, release() {} }
      },
      observe({ queueMs, computeMs }) {
        stats.computeMs += computeMs
        stats.queueMs += queueMs
      },
    }, clock)
    return { runnable, lane }
  }

  /** What serves now; of a version that was swapped in, a new queue that knows the costs of the old one's last batches only by its own. */
  function current(version: Version): Serving {
    if (version.serving.runnable.model !== version.control.version.model) {
      const before = version.serving
      version.serving = servingOf(version.control, version.stats)
      void learn(version.serving).catch((error: unknown) => log.write('warn', `model '${version.control.version.ref.name}': the new version could not be measured`, { error }))
      void (async () => {
        while (before.lane.rows + before.lane.running > 0) await clock.sleep(100)
        pool.forget(before.runnable)
      })()
    }
    return version.serving
  }

  /** What the first call would not know: the cost of one row, and of some. In a thread, for it may be long. */
  async function learn({ runnable, lane }: Serving): Promise<void> {
    const input = runnable.model.signature.inputs[0]!, width = input.shape[1] ?? 1
    for (const rows of [1, 16, 1, 16, 1, 16]) {
      const data = input.dtype === 'float32' ? new Float32Array(rows * width) : new Float64Array(rows * width), startMs = clock.nowMs()
      await pool.run(runnable, { rows, tensors: new Map([[input.name, { dtype: input.dtype, shape: [rows, width], data }]]), release() {} })
      lane.cost.add(rows, clock.nowMs() - startMs)
    }
  }

  async function served(name: string, version: string | undefined): Promise<Version> {
    const model = models.get(name) ?? [...models.values()].find(other => other.name.toLowerCase() === name.toLowerCase())
    if (model === undefined) throw new WireError('not-found', `there is no model '${name}'; there are: ${[...models.keys()].join(', ')}`)
    if (model.latest === undefined) throw new WireError('unavailable', `model '${model.name}' is not loaded${model.reason === '' ? '' : `: ${model.reason}`}`)
    const wanted = version === undefined || version === '' || version === 'latest' ? undefined : version
    if (wanted === undefined || wanted === model.latest.control.version.ref.version) return used(model.latest)
    const known = (await candidates(await placeAt(model.path))).flatMap(candidate => candidate.version ?? [])
    if (!known.includes(wanted)) throw new WireError('not-found', `model '${model.name}' has no version '${wanted}'${known.length === 0 ? `; it is '${model.latest.control.version.ref.version}'` : `; it has ${known.join(', ')}`}`)
    let opening = model.others.get(wanted)
    if (opening === undefined) {
      model.others.set(wanted, opening = openVersion(model.name, model.path, wanted))
      opening.then(evict, () => model.others.delete(wanted))
    }
    return used(await opening.catch((error: unknown) => { throw new WireError('unavailable', (error as Error).message) }))
  }
  const used = (version: Version): Version => {
    version.usedMs = clock.nowMs()
    return version
  }

  /** Other versions than the highest go, the least recently used first, when all together hold too much. */
  async function evict(): Promise<void> {
    const open: { readonly model: Served; readonly version: Version }[] = []
    for (const model of models.values()) for (const opening of model.others.values()) open.push({ model, version: await opening.catch(() => undefined as never) })
    open.sort((a, b) => a.version.usedMs - b.version.usedMs)
    let bytes = [...models.values()].reduce((sum, { latest }) => sum + (latest?.control.version.bytes ?? 0), 0) + open.reduce((sum, { version }) => sum + version.control.version.bytes, 0)
    while (bytes > (options.modelBytesMax ?? Infinity) && open.length > 1) {
      const { model, version } = open.shift()!
      bytes -= version.control.version.bytes
      model.others.delete(version.control.version.ref.version)
      await closeVersion(version)
    }
  }
  async function closeVersion(version: Version): Promise<void> {
    version.serving.lane.close()
    pool.forget(version.serving.runnable)
    await version.control.close()
  }

  async function inline({ control, stats }: Version, { lane }: Serving, features: TensorBatch): Promise<TensorBatch> {
    const lease = control.take(), startMs = clock.nowMs()
    try {
      const { outputs, rejected } = await lease.predictors[0]!.predict(features, undefined, signal)
      if (rejected.length > 0) throw new WireError('invalid', `row ${rejected[0]!.row}: ${rejected[0]!.error.message}`)
      stats.batches++
      return outputs
    } finally {
      lease.release()
      const ms = clock.nowMs() - startMs
      stats.computeMs += ms
      lane.cost.add(features.rows, ms)
    }
  }

  const engine: Engine = {
    async infer({ model, version, inputs, outputs, timeoutMs, signal: gone }) {
      if (draining) throw new WireError('unavailable', 'the server is stopping', 1000)
      const startMs = clock.nowMs(), found = await served(model, version), serving = current(found), { stats } = found, { lane, runnable: { model: { signature }, ref } } = serving
      const features = matrixOf(signature, inputs)
      stats.calls++
      stats.rows += features.rows
      stats.lastMs = startMs
      underway++
      try {
        if (lane.cost.of(features.rows) <= INLINE_MS && lane.rows === 0) {
          const answer = await inline(found, serving, features)
          return { model: ref.name, version: ref.version, outputs: outputsOf(answer, signature, outputs), queueMs: 0, computeMs: clock.nowMs() - startMs }
        }
        const done = await lane.submit({ features, deadlineMs: startMs + (timeoutMs ?? options.deadlineMs), signal: gone })
        return { model: ref.name, version: ref.version, outputs: outputsOf(done.outputs, signature, outputs), queueMs: done.queueMs, computeMs: done.computeMs }
      } catch (error) {
        stats.failed++
        throw error instanceof SluiceError ? new WireError('internal', error.message) : error
      } finally {
        if (--underway === 0) drained()
      }
    },
    async describe(name, version) {
      const { control } = await served(name, version), { path } = models.get(control.version.ref.name)!
      const versions = (await candidates(await placeAt(path))).flatMap(candidate => candidate.version ?? [])
      const { ref, model, evaluator } = control.version
      return { name: ref.name, version: ref.version, versions: versions.length === 0 ? [ref.version] : versions, signature: model.signature, model, evaluator }
    },
    index: () => [...models.values()].map(({ name, latest, reason }) => ({ name, version: latest?.control.version.ref.version ?? '', state: latest === undefined ? 'UNLOADED' : 'AVAILABLE', reason })),
    statistics: name => [...models.values()].flatMap(model => name !== undefined && model.name !== name || model.latest === undefined ? [] : [{ name: model.name, version: model.latest.control.version.ref.version, ...model.latest.stats }]),
    async load(name) {
      const model = models.get(name)
      if (model === undefined) throw new WireError('not-found', `there is no model '${name}' in the repository`)
      if (model.latest !== undefined) return
      model.latest = await openVersion(model.name, model.path, undefined)
      model.reason = ''
    },
    async unload(name) {
      const model = models.get(name)
      if (model === undefined) throw new WireError('not-found', `there is no model '${name}'`)
      const { latest } = model
      model.latest = undefined
      model.reason = 'unloaded on request'
      for (const [version, opening] of model.others) {
        model.others.delete(version)
        await opening.then(closeVersion, () => {})
      }
      if (latest !== undefined) await closeVersion(latest)
    },
    ready: () => !draining && [...models.values()].every(({ latest, reason }) => latest !== undefined || reason === 'unloaded on request'),
    drain() {
      draining = true
      return underway === 0 ? Promise.resolve() : new Promise(done => { drained = done })
    },
    async close() {
      for (const name of models.keys()) await engine.unload(name)
      await pool.close()
    },
  }

  try {
    for (const { name, path } of await modelsAt(options.paths)) {
      if (models.has(name)) throw new SluiceError('SLUICE_CONFIG_INVALID', `two models are called '${name}'`, { at: path, why: 'callers tell models by their names', fix: 'rename one of them' })
      models.set(name, { name, path, latest: await openVersion(name, path, undefined), reason: '', others: new Map() })
    }
    return engine
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** A path is a model; or it is a folder of models, if it is neither a bundle nor a folder of versions. */
async function modelsAt(paths: readonly string[]): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const found: { name: string; path: string }[] = []
  for (const path of paths) {
    const place = await placeAt(path), inside = place.kind === 'repository' ? await candidates(place) : []
    const nested = await Promise.all(inside.map(async candidate => {
      const kind = await placeAt(candidate.path).then(({ kind }) => kind, () => 'none')
      return kind === 'repository' && (await readdir(candidate.path)).length > 0
    }))
    if (nested.length > 0 && nested.every(Boolean)) for (const { path: at } of inside) found.push({ name: basename(at), path: at })
    else if ((await stat(path)).isDirectory()) found.push({ name: basename(resolve(path)), path: join(path) })
    else found.push({ name: place.name, path })
  }
  return found
}
