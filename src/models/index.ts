import { SluiceError } from '../core/errors.ts'
import type { Evaluator, Files, Format, Model, ReadOptions } from '../core/models.ts'
import type { ModelRef, Predictor } from '../core/stages.ts'
import type { KernelModule } from '../kernels/webassembly.ts'
import { compiled } from './evaluators/compiled/index.ts'
import { onnxruntime } from './evaluators/onnxruntime/index.ts'
import type { OnnxRuntime } from './evaluators/onnxruntime/index.ts'
import { plain } from './evaluators/plain/index.ts'
import { catboost } from './formats/catboost/index.ts'
import { image } from './formats/image/index.ts'
import { lightgbm } from './formats/lightgbm/index.ts'
import { mleap } from './formats/mleap/index.ts'
import { onnx } from './formats/onnx/index.ts'
import { pmml } from './formats/pmml/index.ts'
import { spark } from './formats/spark/index.ts'
import { xgboost } from './formats/xgboost/index.ts'

export type { OnnxRuntime } from './evaluators/onnxruntime/index.ts'
export type { Linear, LinearModel } from './linear.ts'
export type { Link, Objective } from './objectives.ts'
export type { Program, ProgramOutput, Step } from './program.ts'
export type { LinearLeaves, TreeEnsemble, Trees } from './trees.ts'

/** In the order they are asked. The image last: of a folder that holds an image too, the file that it was made of is taken. */
export const formats: readonly Format[] = [xgboost, lightgbm, catboost, pmml, onnx, mleap, spark, image]
/** The first that can execute a model does. */
export const evaluatorsWith = (kernels: KernelModule | undefined, runtime: () => Promise<OnnxRuntime | undefined> = async () => undefined): readonly Evaluator[] =>
  kernels === undefined ? [plain, onnxruntime(runtime)] : [compiled(kernels), plain, onnxruntime(runtime)]

/** @throws SLUICE_MODEL_UNKNOWN, SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export async function readModel(files: Files, options: ReadOptions = {}): Promise<Model> {
  for (const format of formats) if (await format.detect(files)) return format.read(files, options)
  const { stranger } = await import('./formats/strangers/index.ts')
  throw await stranger(files)
}

export interface OpenedModel {
  readonly predictor: Predictor
  /** The evaluator's name, and in what way it executes the model. */
  readonly evaluator: string
  readonly how: string | undefined
  /** In memory, the model with what its evaluator made of it. */
  readonly bytes: number
}

/** kernels: compiled, for who has them; runtime: ONNX Runtime, where it is installed. @throws SLUICE_MODEL_UNSUPPORTED when no evaluator takes it. */
export async function openModel(model: Model, ref: ModelRef, kernels?: KernelModule, runtime?: () => Promise<OnnxRuntime | undefined>): Promise<OpenedModel> {
  let refused: SluiceError | undefined
  for (const evaluator of evaluatorsWith(kernels, runtime)) {
    try {
      const predictor = await evaluator.open(model, ref)
      return { predictor, evaluator: evaluator.name, how: predictor.how, bytes: model.bytes + (predictor.bytes ?? 0) }
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'SLUICE_MODEL_UNSUPPORTED') throw error
      refused = error
    }
  }
  throw refused ?? new SluiceError('SLUICE_MODEL_UNSUPPORTED', `nothing executes a model of kind '${model.kind}'`, { at: ref.name })
}
