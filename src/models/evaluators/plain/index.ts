import { SluiceError } from '../../../core/errors.ts'
import type { Evaluator, Model } from '../../../core/models.ts'
import type { ModelRef, Predictor } from '../../../core/stages.ts'
import type { TensorBatch } from '../../../core/tensors.ts'
import type { LinearModel } from '../../linear.ts'
import type { Objective } from '../../objectives.ts'
import type { Program } from '../../program.ts'
import type { TreeEnsemble } from '../../trees.ts'
import { plainCores } from './cores.ts'
import type { Cores, Margins } from './cores.ts'
import { outputsOf } from './outputs.ts'
import { programAnswers } from './program.ts'

/** The judge: walks the representation as it stands, exact to the last bit of the origin library. Every other evaluator is compared with it. */
export const plain: Evaluator = { name: 'plain', open: async (model, ref) => openWith(model, ref, plainCores) }

/** The evaluator, with what executes trees and linear models given. @throws SLUICE_MODEL_UNSUPPORTED */
export function openWith(model: Model, ref: ModelRef, cores: Cores): Predictor {
  if (isTrees(model)) return predictor(model, ref, model.groups, model.divisor, model.objective, cores.trees(model).margins, cores.links)
  if (isLinear(model)) return predictor(model, ref, model.groups, 1, model.objective, cores.linear(model).margins, cores.links)
  if (isProgram(model)) return programPredictor(model, ref, cores)
  throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `no evaluator executes a model of kind '${model.kind}'`, { at: ref.name })
}

const isTrees = (model: Model): model is TreeEnsemble => model.kind === 'trees'
const isLinear = (model: Model): model is LinearModel => model.kind === 'linear'
const isProgram = (model: Model): model is Program => model.kind === 'program'

function predictor(model: Model, ref: ModelRef, groups: number, divisor: number, objective: Objective, margins: Margins, links: Cores['links']): Predictor {
  const models = [ref]
  const input = model.signature.inputs[0]!
  return {
    signature: model.signature,
    predict: features => {
      const margin = margins(matrixOf(features, input.name, input.dtype, input.shape[1]!), features.rows)
      return { outputs: outputsOf(margin, features.rows, groups, divisor, objective, links), models, rejected: [] }
    },
    close: async () => {},
  }
}

function programPredictor(program: Program, ref: ModelRef, cores: Cores): Predictor {
  const models = [ref], answers = programAnswers(program, cores)
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
