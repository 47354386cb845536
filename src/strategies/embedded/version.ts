import { SluiceError, type Clock, type Model, type ModelRef, type Predictor, type ReadOptions } from '../../core/index.ts'
import { openModel } from '../../models/index.ts'
import type { Candidate } from './places.ts'
import type { Read } from './read.ts'
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
  /** More bytes in memory than this, over all executors, are refused. */
  readonly bytesMax?: number
  readonly executors: number
}

/** Opens and warms a version that was read, giving way to others in between. @throws SLUICE_MODEL_UNSUPPORTED, SLUICE_MODEL_TOO_LARGE */
export async function openVersion(candidate: Candidate, { model, digest, bytesOnDisk, shared }: Read, options: LoadOptions, clock: Clock): Promise<Loaded> {
  const ref = { name: options.name, version: candidate.version ?? digest }
  const copies = shared === true ? 1 : options.executors
  if (model.bytes * copies > (options.bytesMax ?? Infinity)) {
    throw new SluiceError('SLUICE_MODEL_TOO_LARGE',
      `model '${ref.name}' version '${ref.version}' holds ${model.bytes} bytes in memory${copies === 1 ? '' : `, in each of ${copies} executors`}; ${options.bytesMax} are allowed`, { at: candidate.path })
  }
  const { predictor, evaluator } = await openModel(model, ref)
  try { await warm(predictor, clock) } catch (error) {
    await predictor.close()
    throw error
  }
  return { ref, digest, evaluator, model, bytesOnDisk, predictor }
}
