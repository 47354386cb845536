import { SluiceError } from '../../../core/errors.ts'
import type { Evaluator, Model } from '../../../core/models.ts'
import type { ModelRef, Predictor } from '../../../core/stages.ts'
import type { TensorBatch } from '../../../core/tensors.ts'
import type { LinearModel } from '../../linear.ts'
import type { Objective } from '../../objectives.ts'
import type { Program } from '../../program.ts'
import type { TreeEnsemble } from '../../trees.ts'
import { linearMargins } from './linear.ts'
import { outputsOf } from './outputs.ts'
import { programAnswers } from './program.ts'
import { treeMargins } from './trees.ts'

/** The judge: walks the representation as it stands, exact to the last bit of the origin library. Every other evaluator is compared with it. */
export const plain: Evaluator = {
  name: 'plain',
  open: async (model, ref) => {
    if (isTrees(model)) return predictor(model, ref, model.groups, model.divisor, model.objective, treeMargins(model))
    if (isLinear(model)) return predictor(model, ref, model.groups, 1, model.objective, linearMargins(model))
    if (isProgram(model)) return programPredictor(model, ref)
    throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `the plain evaluator cannot execute a model of kind '${model.kind}'`, { at: ref.name })
  },
}

const isTrees = (model: Model): model is TreeEnsemble => model.kind === 'trees'
const isLinear = (model: Model): model is LinearModel => model.kind === 'linear'
const isProgram = (model: Model): model is Program => model.kind === 'program'

type Margins = (features: Float32Array | Float64Array, rows: number) => Float32Array | Float64Array

function predictor(model: Model, ref: ModelRef, groups: number, divisor: number, objective: Objective, margins: Margins): Predictor {
  const models = [ref]
  const input = model.signature.inputs[0]!
  return {
    signature: model.signature,
    predict: features => {
      const margin = margins(matrixOf(features, input.name, input.dtype, input.shape[1]!), features.rows)
      return { outputs: outputsOf(margin, features.rows, groups, divisor, objective), models, rejected: [] }
    },
    close: async () => {},
  }
}

function programPredictor(program: Program, ref: ModelRef): Predictor {
  const models = [ref], answers = programAnswers(program)
  const input = program.signature.inputs[0]!
  return {
    signature: program.signature,
    predict: features => {
      const { tensors, rejected } = answers(matrixOf(features, input.name, input.dtype, input.shape[1]!), features.rows)
      return { outputs: { rows: features.rows, tensors, release: () => {} }, models, rejected }
    },
    close: async () => {},
  }
}

function matrixOf(features: TensorBatch, name: string, dtype: string, width: number): Float32Array | Float64Array {
  const tensor = features.tensors.get(name)
  const data = tensor?.data
  const fits = dtype === 'float32' ? data instanceof Float32Array : data instanceof Float64Array
  if (tensor === undefined || !fits || tensor.shape[1] !== width || tensor.shape[0] !== features.rows) {
    throw new TypeError(`the model wants one tensor '${name}', ${dtype} [${features.rows}, ${width}]; given: ${tensor === undefined ? 'none' : `${tensor.dtype} [${tensor.shape.join(', ')}]`}`)
  }
  return data as Float32Array | Float64Array
}
