import { SluiceError } from '../../../core/errors.ts'
import type { Signature, TensorSpec } from '../../../core/tensors.ts'
import { programBuilder } from '../../builder.ts'
import type { ProgramBuilder } from '../../builder.ts'
import { groupsFit, signatureOf } from '../../objectives.ts'
import type { Objective } from '../../objectives.ts'
import type { Step } from '../../program.ts'
import { FLAG } from '../../trees.ts'
import type { Trees } from '../../trees.ts'
import type { Reference } from './header.ts'
import type { Place } from './place.ts'
import type { Written } from './shapes.ts'

/* What the types do not say and evaluators rely on. A checksum is no proof: whoever changes a file can mend it. */

function hasNaN(numbers: Float64Array): boolean {
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== numbers[i]) return true
  return false
}
// of all reference rows: some ten seconds
const WORK_MAX = 2 ** 32
export const ROWS_MAX = 16

/** @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export function checkModel(place: Place, model: Written): void {
  checkSignature(place, model)
  switch (model.kind) {
    case 'trees': {
      checkTrees(place, model)
      if (!(model.divisor > 0 && model.divisor < Infinity)) throw place.broken(`margins are divided by ${model.divisor}`)
      return checkScores(place, model)
    }
    case 'linear': {
      const { width, groups, start, weights } = model
      if (start.length !== groups || weights.length !== width * groups) throw place.broken(`${weights.length} weights for ${width} inputs and ${groups} outputs`)
      if (hasNaN(start) || hasNaN(weights)) throw place.broken('a weight is not a number')
      return checkScores(place, model)
    }
    case 'program': return checkProgram(place, model)
  }
}

/** That there is a number for every row; as many rows as take little time. */
export function checkReference(place: Place, model: Written, { inputs, outputs, rejected }: Reference): void {
  const rows = rejected.length, { dtype, shape: [, width = 1] } = model.signature.inputs[0]!
  if (rows < 1 || rows > ROWS_MAX) throw place.broken(`${rows} rows where 1 to ${ROWS_MAX} belong`)
  if (!(inputs instanceof ARRAYS[dtype]) || inputs.length !== rows * width) throw place.broken(`the rows are not ${dtype} [${rows}, ${width}]`)
  if (outputs.length !== model.signature.outputs.length) throw place.broken(`${outputs.length} outputs where the signature has ${model.signature.outputs.length}`)
  for (const [i, spec] of model.signature.outputs.entries()) {
    if (!(outputs[i] instanceof ARRAYS[spec.dtype]) || outputs[i].length !== rows * widthOf(spec)) throw place.broken(`the answers of '${spec.name}' are not ${spec.dtype} [${rows}, ${widthOf(spec)}]`)
  }
  if (rejected.some(is => is > 1)) throw place.broken('a row is answered or not')
  const work = workOf(model) * rows
  if (work > WORK_MAX) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${place.file}: a program of ${work} operations for ${rows} rows`, { at: place.path, why: `more than ${WORK_MAX} are taken for a damaged file`, fix: 'use a smaller model' })
}
/** Words by their indices. */
const ARRAYS = { bool: Uint8Array, int32: Int32Array, int64: BigInt64Array, float32: Float32Array, float64: Float64Array, string: Int32Array } as const

function checkSignature(place: Place, { signature, raw, width }: Written): void {
  const [input, ...more] = signature.inputs
  if (input === undefined || more.length > 0) throw place.broken(`${signature.inputs.length} inputs where one belongs`)
  if (input.dtype !== 'float32' && input.dtype !== 'float64') throw place.broken(`the input is of type ${input.dtype}`)
  if (input.shape.length !== 2 || input.shape[1] !== width) throw place.broken(`the input is [${input.shape.join(', ')}] for ${width} columns`)
  for (const specs of [signature.inputs, signature.outputs]) {
    if (new Set(specs.map(({ name }) => name)).size !== specs.length) throw place.broken('two tensors have the same name')
    for (const spec of specs) checkSpec(place, spec)
  }
  const outputs = new Map(signature.outputs.map(spec => [spec.name, spec]))
  for (const [name, of] of Object.entries(raw)) {
    const output = outputs.get(typeof of === 'string' ? of : of.output)
    if (output === undefined) throw place.broken(`'${name}' of raw names no output`)
    if (typeof of !== 'string' && of.columns.length !== widthOf(output)) throw place.broken(`${of.columns.length} columns of '${name}' for ${widthOf(output)} numbers`)
  }
}

/** Numbers a row. */
const widthOf = ({ shape }: TensorSpec): number => shape.slice(1).reduce((product, size) => product * size, 1)

function checkSpec(place: Place, { name, shape, columns }: TensorSpec): void {
  if (shape[0] !== -1 || shape.slice(1).some(size => size < 1)) throw place.broken(`'${name}' has the shape [${shape.join(', ')}]`)
  if (columns === undefined) return
  if (shape.length !== 2 || shape[1] !== columns.length) throw place.broken(`'${name}' has ${columns.length} columns and the shape [${shape.join(', ')}]`)
  if (new Set(columns.map(column => column.name)).size !== columns.length) throw place.broken(`two columns of '${name}' have the same name`)
  for (const { name: column, categories, unknown } of columns) {
    if (categories === undefined ? unknown !== undefined : categories.length === 0 || new Set(categories).size !== categories.length) throw place.broken(`the categories of '${column}' are not unique`)
  }
}

/** That the outputs are those that are made of the margins. */
function checkScores(place: Place, { signature, groups, objective, inputs, sums }: Extract<Written, { readonly kind: 'trees' | 'linear' }>): void {
  if (groups < 1) throw place.broken('a model without outputs')
  if (signature.inputs[0]!.dtype !== inputs) throw place.broken(`the input is ${signature.inputs[0]!.dtype} for a model of ${inputs}`)
  if (!(objective.slope > 0 && objective.slope < Infinity)) throw place.broken(`a sigmoid of slope ${objective.slope}`)
  const { classes, probabilities, link }: Objective = objective
  if (probabilities === undefined ? classes > 0 && groups > 1 && link !== 'argmax' : classes !== (groups === 1 ? 2 : groups)) throw place.broken(`${classes} classes for ${groups} margins`)
  const words = (outputs: Signature['outputs']): string => JSON.stringify(outputs.map(({ name, dtype, shape }) => [name, dtype, shape]))
  const expected = signatureOf([], sums, groups, objective).outputs
  if (words(signature.outputs) !== words(expected)) throw place.broken(`its outputs are ${words(signature.outputs)} where ${words(expected)} belong`)
}

/** Nodes and leaves are in walking order, each reached exactly once: so every walk ends. */
function checkTrees(place: Place, trees: Trees): void {
  const { width, groups, start, zero, roots, group, scale, feature, threshold, left, right, flags, sets, words, leafWidth, leaves, linear } = trees
  const nodes = flags.length, leafCount = leafWidth >= 1 ? leaves.length / leafWidth : NaN
  if (!Number.isInteger(leafCount) || leafWidth !== 1 && leafWidth !== groups) throw place.broken(`${leaves.length} numbers in leaves of ${leafWidth} for ${groups} groups`)
  if (!groupsFit(groups, roots.length)) throw place.broken(`${groups} groups for ${roots.length} trees`)
  if (start.length !== groups || hasNaN(start)) throw place.broken(`${start.length} base margins for ${groups} groups`)
  if (!(zero >= 0 && zero < Infinity)) throw place.broken(`numbers up to ${zero} count as 0`)
  if (group.length !== roots.length || group.some(of => of < 0 || of >= groups)) throw place.broken('a tree belongs to no group')
  if (scale !== undefined && (scale.length !== roots.length || hasNaN(scale) || leafWidth > 1)) throw place.broken('trees are weighted wrongly')
  if ([feature, threshold, left, right].some(array => array.length !== nodes)) throw place.broken('the arrays of the nodes are not equally long')
  if (hasNaN(leaves)) throw place.broken('a leaf is not a number')

  if (sets[0] !== 0 || sets.at(-1) !== words.length) throw place.broken('the sets do not cover their words')
  for (let i = 1; i < sets.length; i++) if (sets[i]! < sets[i - 1]!) throw place.broken(`set ${i - 1} ends before it begins`)
  for (let node = 0; node < nodes; node++) {
    const asked = threshold[node]!, flag = flags[node]!
    if (feature[node]! < 0 || feature[node]! >= width) throw place.broken(`node ${node} asks column ${feature[node]} of ${width}`)
    if ((flag & FLAG.set) === 0 ? asked !== asked : !(Number.isInteger(asked) && asked >= 0 && asked < sets.length - 1)) throw place.broken(`node ${node} asks for ${(flag & FLAG.set) === 0 ? 'what is not a number' : `set ${asked} of ${sets.length - 1}`}`)
  }

  // the right children of the nodes on the way, the one that is due next on top
  const open = new Int32Array(nodes)
  let nextNode = 0, nextLeaf = 0
  for (const [tree, root] of roots.entries()) {
    for (let at = root, depth = 0; ; at = open[--depth]!) {
      for (; at >= 0; at = left[at]!) {
        if (at !== nextNode || at >= nodes) throw place.broken(`tree ${tree} leads to node ${at} where node ${nextNode} of ${nodes} belongs`)
        nextNode++
        open[depth++] = right[at]!
      }
      if (~at !== nextLeaf || ~at >= leafCount) throw place.broken(`tree ${tree} leads to leaf ${~at} where leaf ${nextLeaf} of ${leafCount} belongs`)
      nextLeaf++
      if (depth === 0) break
    }
  }
  if (nextNode !== nodes || nextLeaf !== leafCount) throw place.broken(`${nodes - nextNode} nodes and ${leafCount - nextLeaf} leaves belong to no tree`)

  if (linear === undefined) return
  const { constant, at, feature: column, coefficient } = linear
  if (leafWidth !== 1 || constant.length !== leafCount || at.length !== leafCount + 1 || at[0] !== 0 || at[leafCount] !== column.length || coefficient.length !== column.length) throw place.broken('the linear leaves do not fit the leaves')
  for (let leaf = 0; leaf < leafCount; leaf++) if (at[leaf + 1]! < at[leaf]!) throw place.broken(`linear leaf ${leaf} ends before it begins`)
  if (column.some(of => of < 0 || of >= width)) throw place.broken('a linear leaf takes a column that is not there')
}

function checkProgram(place: Place, { width, steps, outputs, refusals, signature }: Extract<Written, { readonly kind: 'program' }>): void {
  const builder = programBuilder(place.file, width)
  for (const [i, step] of steps.entries()) {
    const at = `steps[${i}]`
    if (step.op === 'trees') checkTrees(place.within(at), step.trees)
    builder.add(step, at)
  }
  if (outputs.length !== signature.outputs.length) throw place.broken(`${outputs.length} outputs where the signature has ${signature.outputs.length}`)
  for (const [i, { value, labels }] of outputs.entries()) {
    const spec = signature.outputs[i]!, made = value > steps.length ? 0 : builder.width(value)
    if (made !== widthOf(spec)) throw place.broken(`output '${spec.name}' has ${widthOf(spec)} numbers a row, and value ${value} has ${made}`)
    if (spec.dtype === 'string' && labels?.every(label => typeof label === 'string') !== true) throw place.broken(`output '${spec.name}' has no words`)
    if (spec.dtype !== 'string' && labels?.every(label => typeof label === 'number') === false) throw place.broken(`output '${spec.name}' is ${spec.dtype}, and its labels are words`)
  }
  if (refusals.some(({ value }) => value > steps.length)) throw place.broken('a refusal reads a value that is not there')
}

/** About how many operations a row takes. */
export function workOf(model: Written): number {
  if (model.kind !== 'program') return 1
  const builder = programBuilder('model', model.width)
  return model.steps.reduce((sum, step, i) => {
    builder.add(step, `step ${i + 1}`)
    return sum + builder.width(i + 1) * perNumber(step, builder)
  }, 0)
}
function perNumber(step: Step, widths: ProgramBuilder): number {
  switch (step.op) {
    case 'linear': return step.linear.width
    case 'distance': case 'kernel': case 'nearest': return widths.width(step.of)
    case 'reduce': return step.size
    case 'trees': return step.trees.roots.length + step.trees.flags.length
    case 'select': case 'concat': case 'unary': case 'binary': case 'where': case 'lookup': case 'bucket': case 'softmax': case 'take': return 1
  }
}
