import { programBuilder } from '../../builder.ts'
import { plainCores } from '../../evaluators/plain/cores.ts'
import { programAnswers } from '../../evaluators/plain/program.ts'
import type { Program, Step } from '../../program.ts'
import { attributesOf, numbersIn, troubleOf } from './call.ts'
import type { Call, Maker } from './call.ts'
import type { Graph, Node } from './model.ts'
import { operatorOf } from './operators/index.ts'
import { constantOf, RANK_MAX } from './values.ts'
import type { Budget, Constant, Rows, Trouble, Value } from './values.ts'

/** Versions of the two domains that are known. */
const NEWEST = { '': 24, 'ai.onnx.ml': 5 } as const

interface Translation { readonly file: string; readonly opsets: ReadonlyMap<string, number>; readonly maker: Maker; readonly budget: Budget; reject(value: number, message: string): void }

/** Numbers that constants of the model and what is folded of them may have: some for every file, and as many as it has bytes. */
export function budgetOf(file: string, bytes: number): Budget {
  let left = 2 ** 21 + bytes
  return {
    left: () => left,
    spend: (numbers, at) => {
      left -= numbers
      if (!(left >= 0)) throw troubleOf(file, at).refuse('it makes more numbers of its constants than a file of its size should', { why: 'such a file is taken for a damaged one', fix: 'use a smaller model' })
    },
  }
}

/** The values of a graph's outputs. `given`: of its inputs, and of graphs around it. @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export function valuesOf(translation: Translation, graph: Graph, given: ReadonlyMap<string, Value>, outer: (name: string) => Value | undefined = () => undefined): readonly Value[] {
  const { file, budget } = translation
  const values = new Map(given), needed = neededOf(graph)
  const find = (name: string): Value | undefined => {
    const known = values.get(name), tensor = known ?? graph.initializers.get(name)
    if (tensor === undefined || 'kind' in tensor) return tensor ?? outer(name)
    const constant = constantOf(tensor, budget, troubleOf(file, tensor.at))
    values.set(name, constant)
    return constant
  }
  const read = (name: string, at: string): Value => {
    const value = find(name)
    if (value === undefined) throw troubleOf(file, at).broken(`it reads '${name.slice(0, 100)}', which nothing before it gives`)
    return value
  }
  for (const node of graph.nodes) {
    if (!node.outputs.some(name => needed.has(name))) {
      operatorOf(node, troubleOf(file, node.at))
      continue
    }
    const inputs = node.inputs.map(name => name === '' ? undefined : read(name, node.at))
    const results = resultsOf(translation, node, inputs, index => needed.has(node.outputs[index] ?? ''), (inner, its) => valuesOf(translation, inner, its, find))
    for (const [i, name] of node.outputs.entries()) {
      if (name === '' || !needed.has(name)) continue
      const result = results[i]
      if (result === undefined) throw troubleOf(file, node.at).refuse(`the output ${i} of ${node.op}`, { why: 'it is not understood' })
      if (values.has(name)) throw troubleOf(file, node.at).broken(`'${name.slice(0, 100)}' is given twice`)
      values.set(name, result)
    }
  }
  return graph.outputs.map(name => read(name, `output '${name.slice(0, 100)}'`))
}

/** Names that the outputs are made of. */
function neededOf(graph: Graph): ReadonlySet<string> {
  const needed = new Set(graph.outputs)
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!
    if (!node.outputs.some(name => name !== '' && needed.has(name))) continue
    for (const name of node.inputs) needed.add(name)
    for (const attribute of node.attributes.values()) if (attribute.type === 'graph') for (const name of outerNames(attribute.value)) needed.add(name)
  }
  needed.delete('')
  return needed
}

/** All that a graph within a node reads: names of its own among them do no harm. */
function outerNames(graph: Graph): string[] {
  return [...graph.outputs, ...graph.nodes.flatMap(node => [...node.inputs, ...[...node.attributes.values()].flatMap(attribute => attribute.type === 'graph' ? outerNames(attribute.value) : [])])]
}

type Inner = (graph: Graph, inputs: ReadonlyMap<string, Value>) => readonly Value[]

function resultsOf(translation: Translation, node: Node, inputs: readonly (Value | undefined)[], wants: (output: number) => boolean, inner: Inner): readonly (Value | undefined)[] {
  const { file, opsets, budget } = translation, trouble = troubleOf(file, node.at)
  const operator = operatorOf(node, trouble), version = opsets.get(node.domain), newest = NEWEST[node.domain as keyof typeof NEWEST]
  if (version === undefined) throw trouble.broken(`it does not say which version of ${node.domain === '' ? 'ai.onnx' : node.domain} it uses`)
  if (!(version <= newest)) throw trouble.refuse(`version ${version} of the operators of ${node.domain === '' ? 'ai.onnx' : node.domain}`, { why: `versions up to ${newest} are known`, fix: `export it with target_opset ${newest} or lower` })
  const folds = inputs.every(input => input === undefined || input.kind === 'constant')
  const maker = folds ? scratch(file) : translation.maker
  const asRows = (value: Value): Rows => {
    if (value.kind === 'rows') return value
    if (value.scaled?.includes(1) === true) throw trouble.refuse('it computes with the number of rows of a batch', { why: 'records are answered one by one, whatever batch they come in' })
    if (value.words !== undefined) throw trouble.refuse('words that are the same for every row')
    exact(value, trouble)
    return { kind: 'rows', type: value.type, dims: value.dims, batch: value.batch, value: maker.add({ op: 'concat', of: [value.data] }, node.at) }
  }
  const value = (input: number): Value => {
    const found = inputs[input]
    if (found === undefined) throw trouble.broken(`${node.op} has no input ${input}`)
    return found
  }
  const constant = (input: number): Constant => {
    const found = value(input)
    if (found.kind === 'rows') throw trouble.refuse(`the input ${input} of ${node.op} differs from row to row`, { why: 'it must be known when the model is read' })
    return found
  }
  const call: Call = {
    file, op: node.op, at: node.at, version, budget, wants, ...trouble, outputs: node.outputs.length, inputs: inputs.length,
    attributes: attributesOf(node, trouble, tensor => constantOf(tensor, budget, trouble)),
    has: input => inputs[input] !== undefined,
    value, constant, asRows,
    rows: input => asRows(value(input)),
    integers: input => {
      const { data, dims } = constant(input)
      if (dims.length > 1) throw trouble.broken(`the input ${input} of ${node.op} has ${dims.length} dimensions`)
      return [...data]
    },
    add: step => maker.add(step, node.at),
    width: at => maker.width(at),
    operand: of => of.kind === 'rows' ? of.value : of.scaled?.includes(1) === true ? asRows(of).value : exact(of, trouble).data,
    inner, reject: (at, message) => { if (!folds) translation.reject(at, message) },
  }
  const made = operator(call), given = Array.isArray(made) ? made as readonly (Value | undefined)[] : [made as Value]
  const results = withBlocks(node.op, inputs, given, trouble)
  const unread = call.attributes.unread()
  if (unread.length > 0) throw trouble.refuse(`the attribute ${unread[0]} of ${node.op}`, { why: 'it is not understood' })
  const deep = results.find(result => result !== undefined && result.dims.length > RANK_MAX)
  if (deep !== undefined) throw trouble.refuse(`a tensor of ${deep.dims.length} dimensions`, { why: `more than ${RANK_MAX} are taken for a damaged file` })
  return folds ? results.map(result => result?.kind === 'rows' ? folded(file, maker as Scratch, result, budget, node) : result) : results
}

interface Scratch extends Maker { readonly steps: readonly Step[] }
/** Integers that a double holds. */
function exact(constant: Constant, trouble: Trouble): Constant {
  if (constant.type === 'int64' && !constant.data.every(Number.isSafeInteger)) throw trouble.refuse('an integer beyond 2^53', { why: 'integers are computed with as doubles' })
  return constant
}

/** Operators to which the dimension that rows lie along is one of many that they repeat themselves over. */
const REPEATED = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'MatMul', 'Gemm', 'Neg', 'Abs', 'Exp', 'Sqrt', 'Reciprocal', 'Erf', 'Relu', 'LeakyRelu', 'Elu', 'Gelu', 'Sigmoid', 'Tanh', 'Softmax', 'Identity', 'Cast', 'Dropout', 'LayerNormalization'])

/** Blocks of rows stay blocks until a Reshape takes them apart. */
function withBlocks(op: string, inputs: readonly (Value | undefined)[], results: readonly (Value | undefined)[], trouble: Trouble): readonly (Value | undefined)[] {
  const rows = inputs.filter(input => input?.kind === 'rows' && input.batch >= 0), blocks = new Set(rows.map(input => input?.kind === 'rows' ? input.blocks : undefined)), [count] = blocks
  if (op === 'Reshape' || op === 'Shape' || blocks.size === 0 || blocks.size === 1 && count === undefined) return results
  if (blocks.size > 1 || !REPEATED.has(op)) throw trouble.refuse(`${op} of rows one after the other`, { why: 'rows would be mixed' })
  return results.map(result => result?.kind === 'rows' && result.batch >= 0 ? { ...result, blocks: count! } : result)
}

/** A program of nothing but constants. */
const scratch = (file: string): Scratch => programBuilder(file, 1)

/** What its steps give: the plain evaluator says. */
function folded(file: string, { steps, width }: Scratch, rows: Rows, budget: Budget, node: Node): Constant {
  const size = numbersIn({ ...troubleOf(file, node.at), budget }, rows.dims)
  budget.spend(size + steps.reduce((sum, step) => sum + workOf(step, width), 0), node.at)
  const program: Program = {
    kind: 'program', format: '', facts: {}, bytes: 0, raw: {}, width: 1, inputs: 'float64', steps, refusals: [], outputs: [{ value: rows.value }],
    signature: { inputs: [], outputs: [{ name: 'folded', dtype: 'float64', shape: [-1, size] }] },
  }
  const data = programAnswers(program, plainCores)(new Float64Array(1), 1).tensors.get('folded')!.data as Float64Array
  const common = { kind: 'constant', type: rows.type, dims: rows.dims, batch: rows.batch } as const
  const words = rows.words
  return words === undefined ? { ...common, data } : { ...common, data: new Float64Array(), words: Array.from(data, (code, i) => words[i]!.list[code] ?? '') }
}

/** Multiplications of one row; 64 of them count as a number. */
function workOf(step: Step, width: (value: number) => number): number {
  switch (step.op) {
    case 'linear': return step.linear.groups * width(step.of) / 64
    case 'distance': return step.points.length / 64
    case 'kernel': return step.vectors.length / 64
    default: return 0
  }
}
