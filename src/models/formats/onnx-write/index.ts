import { SluiceError } from '../../../core/errors.ts'
import type { Model } from '../../../core/models.ts'
import type { TensorSpec } from '../../../core/tensors.ts'
import type { Program, ProgramOutput } from '../../program.ts'
import type { AnyModel } from '../image/shapes.ts'
import { Graph } from './graph.ts'
import type { Kind, Value } from './graph.ts'
import { linearOf } from './linear.ts'
import { scoresOf } from './scores.ts'
import { stepOf } from './steps.ts'
import { treesOf } from './trees.ts'
import { cast, castTo, fits32 } from './values.ts'
import type { Refuse } from './values.ts'

/* ONNX of a model: ai.onnx 17; trees of float32 as TreeEnsembleRegressor of ai.onnx.ml 3, of float64 or with sets as TreeEnsemble of ai.onnx.ml 5.

   Written: trees, linear models, and programs of the steps that have an operator; inputs and outputs under their own names. Names and categories of the
   columns stand in the metadata `columns`, as JSON.
   Exactness: questions, missing values and types are those of the model, or it is refused by name. The last digits are not: a runtime adds leaves and
   products in an order of its own, and has an `exp` of its own. */

/** The output that says of each row whether it has no answer: the others of that row mean nothing. */
export const REJECTED = 'rejected'

/** @throws SLUICE_MODEL_UNSUPPORTED for what ONNX cannot say */
export function writeOnnx(model: Model): Uint8Array {
  const refuse: Refuse = what => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `ONNX has no exact words for ${what}`, {
    at: model.format, why: 'what is written as ONNX must mean the same there', fix: 'write an image, or serve the model with Sluice',
  })
  const known = model as AnyModel, [input] = model.signature.inputs, columns = input?.columns ?? []
  if (input === undefined || input.dtype !== 'float32' && input.dtype !== 'float64') throw refuse('its inputs')
  const outputs = [...model.signature.outputs.map(({ name }) => name), REJECTED], name = freeName(input.name, outputs)
  const type = input.dtype === 'float32' ? 'float' : 'double', width = input.shape[1] ?? 1
  const graph = new Graph([name, ...outputs]), features: Value = { name, type, width }
  switch (known.kind) {
    case 'trees': scoresOf(graph, treesOf(graph, features, known, columns, refuse), known.divisor, known.objective); break
    case 'linear': scoresOf(graph, linearOf(graph, features, known), 1, known.objective); break
    case 'program': programOf(graph, features, known, refuse); break
    default: throw refuse(`a model of kind '${model.kind}'`)
  }
  return graph.model({ name, kind: type, width }, { columns: JSON.stringify(columns.map(({ name, categories }) => ({ name, ...categories === undefined ? {} : { categories } }))) })
}

function programOf(graph: Graph, features: Value, { steps, inputs, outputs, refusals, signature }: Program, refuse: Refuse): void {
  const columns = signature.inputs[0]!.columns ?? [], values = [inputs === 'float32' ? cast(graph, features, 'float') : features]
  for (const step of steps) values.push(stepOf(graph, step, values, columns, refuse))
  for (const [i, output] of outputs.entries()) outputOf(graph, output, signature.outputs[i]!, values[output.value]!, refuse)
  if (refusals.length === 0) return
  if (signature.outputs.some(({ name }) => name === REJECTED)) throw refuse(`rows that have no answer, beside an output called '${REJECTED}'`)
  const isRefused = refusals.map(({ value }) => {
    const { name, type } = values[value]!, first = graph.node('Gather', [name, graph.constant('int64', [], [0])], { axis: { int: 1 } })
    return graph.node('Not', [graph.node('Equal', [first, graph.constant(type, [], [0])])])
  })
  graph.node('Identity', [isRefused.reduce((all, one) => graph.node('Or', [all, one]))], {}, REJECTED)
  graph.output(REJECTED, 'bool', [])
}

/** In the place of the input's, if an output has it. */
function freeName(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? freeName(`${name}_`, taken) : name
}

const KINDS: { readonly [D in TensorSpec['dtype']]: Kind } = { bool: 'bool', int32: 'int32', int64: 'int64', float32: 'float', float64: 'double', string: 'string' }

function outputOf(graph: Graph, { labels }: ProgramOutput, { name, dtype, shape }: TensorSpec, value: Value, refuse: Refuse): void {
  const dims = shape.slice(1), shaped = graph.node('Reshape', [value.name, graph.constant('int64', [dims.length + 1], [-1, ...dims])])
  graph.output(name, KINDS[dtype], dims)
  if (labels === undefined) return void castTo(graph, shaped, KINDS[dtype], name)
  const keys = { keys_int64s: { ints: labels.map((_, i) => i) } }, codes = castTo(graph, shaped, 'int64')
  if (dtype === 'string') return void graph.node('Identity', [graph.ml(2, 'LabelEncoder', [codes], { ...keys, values_strings: { texts: labels.map(String) }, default_string: { text: '' } })], {}, name)
  const numbers = labels.map(Number)
  if (!fits32(numbers)) throw refuse(`labels of '${name}' that are no float32`)
  castTo(graph, graph.ml(2, 'LabelEncoder', [codes], { ...keys, values_floats: { floats: numbers }, default_float: { float: dtype === 'float32' || dtype === 'float64' ? NaN : 0 } }), KINDS[dtype], name)
}
