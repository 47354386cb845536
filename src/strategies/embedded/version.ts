import { SluiceError, type Clock, type Model, type ModelRef, type Predictor, type ReadOptions } from '../../core/index.ts'
import { openModel } from '../../models/index.ts'
import type { OpenedModel } from '../../models/index.ts'
import { kernelModule } from '../kernels.ts'
import { onnxRuntime } from '../onnxruntime.ts'
import type { Candidate } from './places.ts'
import type { Read } from './read.ts'
import { warm } from './warm.ts'

/** One version in memory. */
export interface Version {
  readonly ref: ModelRef
  readonly digest: string
  /** What executes it, and in what way. */
  readonly evaluator: string
  readonly how: string | undefined
  /** In memory. */
  readonly bytes: number
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
  const { predictor, evaluator, how, bytes } = await openWithin(model, ref, copies, options)
  try { await warm(predictor, clock) } catch (error) {
    await predictor.close()
    throw error
  }
  return { ref, digest, evaluator, how, bytes, model, bytesOnDisk, predictor }
}

/** Laid out for kernels, if there is room for that, too; each executor has its own. */
async function openWithin(model: Model, ref: ModelRef, copies: number, { bytesMax = Infinity, executors }: LoadOptions): Promise<OpenedModel> {
  const opened = await openModel(model, ref, await kernelModule(), onnxRuntime)
  if (model.bytes * copies + (opened.bytes - model.bytes) * executors <= bytesMax) return opened
  await opened.predictor.close()
  return openModel(model, ref, undefined, onnxRuntime)
}
