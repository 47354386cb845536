import { SluiceError, type Clock, type Model, type ModelRef, type Predictor, type ReadOptions } from '../../core/index.ts'
import { openModel, readModel } from '../../models/index.ts'
import { fileError, snapshotOf } from './files.ts'
import type { Candidate } from './places.ts'
import { warm } from './warm.ts'

/** One version in memory. */
export interface Version {
  readonly ref: ModelRef
  readonly digest: string
  /** What executes it. */
  readonly evaluator: string
  readonly model: Model
  readonly bytesOnDisk: number
}
export interface Loaded extends Version { readonly predictor: Predictor }
export interface LoadOptions extends ReadOptions {
  readonly name: string
  /** More bytes in memory than this are refused. */
  readonly bytesMax?: number
}

/** Reads, opens and warms a version, giving way to others in between.
    @throws SLUICE_MODEL_UNKNOWN, SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, SLUICE_MODEL_TOO_LARGE */
export async function load(candidate: Candidate, options: LoadOptions, clock: Clock): Promise<Loaded> {
  const { files, digest, bytes: bytesOnDisk } = await snapshotOf(candidate.path).catch(error => { throw fileError(candidate.path, error) })
  const ref = { name: options.name, version: candidate.version ?? digest }
  const model = await readModel(files, options)
  if (model.bytes > (options.bytesMax ?? Infinity)) {
    throw new SluiceError('SLUICE_MODEL_TOO_LARGE',
      `model '${ref.name}' version '${ref.version}' holds ${model.bytes} bytes in memory; ${options.bytesMax} are allowed`, { at: candidate.path })
  }
  await clock.sleep(0)
  const { predictor, evaluator } = await openModel(model, ref)
  try { await warm(predictor, clock) } catch (error) {
    await predictor.close()
    throw error
  }
  return { ref, digest, evaluator, model, bytesOnDisk, predictor }
}
