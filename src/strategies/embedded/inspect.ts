import { SluiceError, type Clock, type ReadOptions, type TensorSpec } from '../../core/index.ts'
import { candidates, placeAt, type Place } from './places.ts'
import { read } from './read.ts'
import { stampOf } from './files.ts'
import { openVersion } from './version.ts'

/** What there is to know of a model without giving it a record. */
export interface Inspection {
  readonly path: string
  readonly kind: Place['kind']
  readonly name: string
  readonly version: string
  readonly digest: string
  readonly format: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly bytesOnDisk: number
  readonly bytesInMemory: number
  /** Objective, trees, which of them are used, ... */
  readonly facts: Readonly<{ [fact: string]: string | number }>
  /** What executes it, and in what way. */
  readonly evaluator: string
  readonly how?: string
  /** Of a repository, the highest first. */
  readonly versions: readonly { readonly version: string; readonly bytesOnDisk: number; readonly changedMs: number }[]
}

const clock: Clock = { nowMs: Date.now, sleep: () => Promise.resolve() }

/** Reads the model at a path; of a repository the highest version, or the one that is named.
    @throws SLUICE_MODEL_MISSING, SLUICE_MODEL_UNKNOWN, SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, SLUICE_FILE_DENIED */
export async function inspectModel(path: string, options: ReadOptions & { readonly version?: string } = {}): Promise<Inspection> {
  const place = await placeAt(path)
  const all = await candidates(place)
  const chosen = place.kind === 'repository' && options.version !== undefined ? all.find(({ version }) => version === options.version) : all[0]
  if (chosen === undefined) throw new SluiceError('SLUICE_MODEL_MISSING', `no version${options.version === undefined ? '' : ` '${options.version}'`} of a model in '${path}'`, { at: path })
  const { ref, digest, evaluator, how, bytes, model, bytesOnDisk, predictor } = await openVersion(chosen, await read(chosen.path, options), { name: place.name, executors: 1 }, clock)
  await predictor.close()
  const versions: Inspection['versions'][number][] = []
  for (const { path: at, version } of all) {
    if (version === undefined) continue
    const { bytes, changedMs } = await stampOf(at)
    versions.push({ version, bytesOnDisk: bytes, changedMs })
  }
  return {
    path, kind: place.kind, name: ref.name, version: ref.version, digest, format: model.format, inputs: model.signature.inputs, outputs: model.signature.outputs,
    bytesOnDisk, bytesInMemory: bytes, facts: model.facts, evaluator, ...how === undefined ? {} : { how }, versions,
  }
}
