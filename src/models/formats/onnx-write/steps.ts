import type { Column } from '../../../core/tensors.ts'
import type { Binary, Operand, Reduction, Step, StepOf, Unary } from '../../program.ts'
import type { Graph, Real, Value } from './graph.ts'
import { linearOf } from './linear.ts'
import { distance, kernel } from './points.ts'
import { bucket, lookup } from './tables.ts'
import { treesOf } from './trees.ts'
import { cast, castTo, fits32, softplus, truncated } from './values.ts'
import type { Refuse } from './values.ts'

/* Steps of programs as ONNX operators. A value is float where all its numbers are float32, else double. An operator of float rounds once, as a step that says
   float32 does; everything else is computed in double. */

/** Makes the value of a step. `values`: those before it; `columns`: of the input, for value 0. */
export function stepOf(graph: Graph, step: Step, values: readonly Value[], columns: readonly Column[], refuse: Refuse): Value {
  const rows = values[0]!
  switch (step.op) {
    case 'select': return select(graph, step, values[step.of]!)
    case 'concat': return concat(graph, step, values, rows)
    case 'unary': return unary(graph, step, values[step.of]!, refuse)
    case 'binary': return binary(graph, step, values, refuse)
    case 'where': return where(graph, step, values, rows)
    case 'reduce': return reduce(graph, step, values[step.of]!, refuse)
    case 'softmax': return softmax(graph, step, values[step.of]!)
    case 'linear': return linearOf(graph, values[step.of]!, step.linear)
    case 'trees': return treesOf(graph, values[step.of]!, step.trees, step.of === 0 ? columns : [], refuse)
    case 'lookup': return lookup(graph, step, values[step.of]!)
    case 'bucket': return bucket(graph, step, values[step.of]!)
    case 'distance': return distance(graph, step, values[step.of]!, refuse)
    case 'kernel': return kernel(graph, step, values[step.of]!)
    case 'nearest': case 'take': throw refuse(`the step '${step.op}'`)
  }
}

const reshape = (graph: Graph, name: string, ...dims: readonly number[]): string => graph.node('Reshape', [name, graph.constant('int64', [dims.length], dims)])
const widest = (types: readonly Real[]): Real => types.includes('double') ? 'double' : 'float'
const typeOf = (operand: Operand, values: readonly Value[]): Real => typeof operand === 'number' ? values[operand]!.type : fits32(operand) ? 'float' : 'double'
const widthOf = (operand: Operand, values: readonly Value[]): number => typeof operand === 'number' ? values[operand]!.width : operand.length
const nameOf = (graph: Graph, operand: Operand, values: readonly Value[], type: Real): string =>
  typeof operand === 'number' ? cast(graph, values[operand]!, type).name : graph.constant(type, [operand.length], operand)
const rounded = (graph: Graph, value: Value, float32: boolean | undefined): Value => float32 === true ? cast(graph, value, 'float') : value

function select(graph: Graph, { columns, fill = 0 }: StepOf<'select'>, of: Value): Value {
  const isFilled = columns.includes(-1), given = isFilled && !fits32([fill]) ? cast(graph, of, 'double') : of
  const from = isFilled ? graph.node('Pad', [given.name, graph.constant('int64', [4], [0, 0, 0, 1]), graph.constant(given.type, [], [fill])]) : given.name
  const at = Array.from(columns, column => column < 0 ? of.width : column)
  return { type: given.type, width: columns.length, name: graph.node('Gather', [from, graph.constant('int64', [at.length], at)], { axis: { int: 1 } }) }
}

/** The same numbers in every row. */
function repeated(graph: Graph, numbers: Float64Array, type: Real, rows: Value): string {
  const count = graph.node('Shape', [rows.name], { start: { int: 0 }, end: { int: 1 } })
  const shape = graph.node('Concat', [count, graph.constant('int64', [1], [numbers.length])], { axis: { int: 0 } })
  return graph.node('Expand', [graph.constant(type, [1, numbers.length], numbers), shape])
}

function concat(graph: Graph, { of }: StepOf<'concat'>, values: readonly Value[], rows: Value): Value {
  const type = widest(of.map(operand => typeOf(operand, values)))
  const parts = of.map(operand => typeof operand === 'number' ? cast(graph, values[operand]!, type).name : repeated(graph, operand, type, rows))
  return { type, width: of.reduce<number>((sum, operand) => sum + widthOf(operand, values), 0), name: graph.node('Concat', parts, { axis: { int: 1 } }) }
}

const UNARY: { readonly [fn in Unary]?: string } = {
  same: 'Identity', negate: 'Neg', absolute: 'Abs', sign: 'Sign', floor: 'Floor', ceiling: 'Ceil', round: 'Round', reciprocal: 'Reciprocal', sqrt: 'Sqrt', exp: 'Exp', log: 'Log',
  sigmoid: 'Sigmoid', tanh: 'Tanh', sin: 'Sin', cos: 'Cos', relu: 'Relu', erf: 'Erf',
}
/** They have no numbers that are not float32 where they get none. */
const KEEPS_FLOAT: ReadonlySet<Unary> = new Set<Unary>(['same', 'negate', 'absolute', 'sign', 'not', 'isMissing', 'floor', 'ceiling', 'truncate', 'round', 'relu'])
/** Runtimes have these for float alone. */
const FLOAT_ONLY: ReadonlySet<Unary> = new Set<Unary>(['erf'])

function unary(graph: Graph, { fn, float32 }: StepOf<'unary'>, of: Value, refuse: Refuse): Value {
  const isFloat = of.type === 'float' && (float32 === true || KEEPS_FLOAT.has(fn)), given = isFloat ? of : cast(graph, of, 'double'), { type, width } = given
  const made = (): string => {
    if (fn === 'not') return castTo(graph, graph.node('Equal', [given.name, graph.constant(type, [], [0])]), type)
    if (fn === 'isMissing') return castTo(graph, graph.node('IsNaN', [given.name]), type)
    if (fn === 'square') return graph.node('Mul', [given.name, given.name])
    if (fn === 'truncate') return truncated(graph, given.name)
    if (fn === 'softplus') return softplus(graph, given.name, type)
    const op = UNARY[fn]
    if (op === undefined || FLOAT_ONLY.has(fn) && !isFloat) throw refuse(`the function '${fn}'${op === undefined ? '' : ' of float64'}`)
    return graph.node(op, [given.name])
  }
  return rounded(graph, { type, width, name: made() }, float32)
}

const ARITHMETIC: { readonly [fn in Binary]?: string } = { add: 'Add', subtract: 'Sub', multiply: 'Mul', divide: 'Div', power: 'Pow', minimum: 'Min', maximum: 'Max' }
const COMPARISONS: { readonly [fn in Binary]?: string } = { less: 'Less', lessEqual: 'LessOrEqual', greater: 'Greater', greaterEqual: 'GreaterOrEqual', equal: 'Equal' }
const LOGIC: { readonly [fn in Binary]?: string } = { and: 'And', or: 'Or', xor: 'Xor' }

function binary(graph: Graph, { fn, a, b, float32 }: StepOf<'binary'>, values: readonly Value[], refuse: Refuse): Value {
  const width = Math.max(widthOf(a, values), widthOf(b, values)), both = widest([typeOf(a, values), typeOf(b, values)])
  const isArithmetic = ARITHMETIC[fn] !== undefined, keepsFloat = !isArithmetic || fn === 'minimum' || fn === 'maximum'
  const type: Real = both === 'float' && (float32 === true || keepsFloat) ? 'float' : 'double'
  const names = [nameOf(graph, a, values, type), nameOf(graph, b, values, type)]
  const isTrue = (name: string): string => graph.node('Not', [graph.node('Equal', [name, graph.constant(type, [], [0])])])
  const made = (): string => {
    if (isArithmetic) return graph.node(ARITHMETIC[fn]!, names)
    if (COMPARISONS[fn] !== undefined) return castTo(graph, graph.node(COMPARISONS[fn], names), type)
    if (fn === 'notEqual') return castTo(graph, graph.node('Not', [graph.node('Equal', names)]), type)
    if (LOGIC[fn] !== undefined) return castTo(graph, graph.node(LOGIC[fn], names.map(isTrue)), type)
    throw refuse(`the function '${fn}'`)
  }
  return rounded(graph, { type, width, name: made() }, float32)
}

function where(graph: Graph, { of, yes, no }: StepOf<'where'>, values: readonly Value[], rows: Value): Value {
  const asked = values[of]!, type = widest([typeOf(yes, values), typeOf(no, values)]), width = Math.max(asked.width, widthOf(yes, values), widthOf(no, values))
  const isFalse = graph.node('Or', [graph.node('Equal', [asked.name, graph.constant(asked.type, [], [0])]), graph.node('IsNaN', [asked.name])])
  const part = (operand: Operand): string => typeof operand === 'number' ? nameOf(graph, operand, values, type) : repeated(graph, operand, type, rows)
  return { type, width, name: graph.node('Where', [isFalse, part(no), part(yes)]) }
}

const REDUCTIONS: { readonly [fn in Reduction]?: string } = { sum: 'ReduceSum', mean: 'ReduceMean', product: 'ReduceProd', minimum: 'ReduceMin', maximum: 'ReduceMax', argmin: 'ArgMin', argmax: 'ArgMax', sumAbsolute: 'ReduceL1', sumSquares: 'ReduceSumSquare', logSumExp: 'ReduceLogSumExp' }

function reduce(graph: Graph, { fn, size, float32 }: StepOf<'reduce'>, of: Value, refuse: Refuse): Value {
  const op = REDUCTIONS[fn], runs = of.width / size, isPlace = fn === 'argmin' || fn === 'argmax', keepsFloat = isPlace || fn === 'minimum' || fn === 'maximum'
  if (op === undefined) throw refuse(`the reduction '${fn}'`)
  const given = of.type === 'float' && (float32 === true || keepsFloat) ? of : cast(graph, of, 'double')
  const split = runs === 1 ? given.name : reshape(graph, given.name, -1, runs, size), axis = runs === 1 ? 1 : 2, keepdims = { int: runs === 1 ? 1 : 0 }
  const made = (): string => {
    // of all reductions this one alone has its axes as an input
    if (fn === 'sum') return graph.node(op, [split, graph.constant('int64', [1], [axis])], { keepdims })
    if (!keepsFloat) return graph.node(op, [split], { axes: { ints: [axis] }, keepdims })
    // what runtimes do with NaN among others differs: here none is left. A place is that of a number, an extreme is NaN
    const isNaN = graph.node('IsNaN', [split]), worst = fn === 'argmax' || fn === 'maximum' ? -Infinity : Infinity
    const known = graph.node('Where', [isNaN, graph.constant(given.type, [], [worst]), split])
    if (isPlace) return castTo(graph, graph.node(op, [known], { axis: { int: axis }, keepdims }), given.type)
    const hasNaN = castTo(graph, graph.node('ReduceMax', [castTo(graph, isNaN, 'float')], { axes: { ints: [axis] }, keepdims }), 'bool')
    return graph.node('Where', [hasNaN, graph.constant(given.type, [], [NaN]), graph.node(op, [known], { axes: { ints: [axis] }, keepdims })])
  }
  return rounded(graph, { type: given.type, width: runs, name: made() }, float32)
}

function softmax(graph: Graph, { size, float32 }: StepOf<'softmax'>, of: Value): Value {
  const runs = of.width / size, given = of.type === 'float' && float32 === true ? of : cast(graph, of, 'double')
  const made = graph.node('Softmax', [runs === 1 ? given.name : reshape(graph, given.name, -1, runs, size)], { axis: { int: runs === 1 ? 1 : 2 } })
  return rounded(graph, { type: given.type, width: of.width, name: runs === 1 ? made : reshape(graph, made, -1, of.width) }, float32)
}
