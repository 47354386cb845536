import { SluiceError } from '../../../core/errors.ts'
import type { Format, ReadOptions } from '../../../core/models.ts'
import { programBuilder } from '../../builder.ts'
import { origins } from '../../origins.ts'
import type { Program, Refusal, Step } from '../../program.ts'
import { FLAG } from '../../trees.ts'
import { findFile } from '../files.ts'
import { foreignGraph } from './foreign.ts'
import { columnsOf, inputsOf, isDouble, rowsOf } from './inputs.ts'
import { parseModel } from './model.ts'
import { outputsOf } from './outputs.ts'
import { pruned } from './prune.ts'
import { budgetOf, valuesOf } from './translate.ts'

/* ONNX models: what skl2onnx, onnxmltools, tf2onnx and PyTorch write of classical models and of small networks (tested with the first and the
   third; IR versions 3 to 13, operators of ai.onnx up to version 24 and of ai.onnx.ml up to 5).

   A graph is read as a program for one row: the dimension that rows lie along has size 1, is followed through every operator, and what would mix
   rows is refused. What does not depend on the row is computed when the model is read.
   Refused by name: operators and attributes that are not in the tables of operators/; functions, training, weights in other files, sparse and
   quantized weights; shapes that are not known; If, Loop, and any Scan but that of distances to stored points.
   Exactness: float tensors are rounded to float32 after each operation, in the order of ONNX Runtime where one row has an order; sums of dense
   layers go from the first to the last, where ONNX Runtime's order depends on the processor. Integers are exact up to 2^53. */
export const onnx: Format = {
  name: 'onnx',
  title: 'ONNX: classical models of scikit-learn and others, small neural networks',
  detect: async files => await findFile(files, EXTENSIONS, looksRight) !== undefined,
  read: async (files, options) => {
    const file = await findFile(files, EXTENSIONS, looksRight)
    if (file === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no ONNX model', { at: files.names[0] ?? '' })
    try { return readModel(file.name, file.bytes, options) } catch (error) {
      const graph = error instanceof SluiceError && error.code === 'SLUICE_MODEL_UNSUPPORTED' && options.graphs === true ? foreignGraph(file.name, file.bytes, error) : undefined
      if (graph === undefined) throw error
      return graph
    }
  },
}

const EXTENSIONS = ['onnx']

/** The beginning of a ModelProto: an IR version of 3 to 20, texts and a number about the producer, then the graph. */
function looksRight(bytes: Uint8Array): boolean {
  const varint = (at: number): readonly [value: number, next: number] => {
    let value = 0
    for (let i = 0; i < 5; i++) {
      const byte = bytes[at + i] ?? 0
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return [value, at + i + 1]
    }
    return [value, bytes.length]
  }
  if (bytes[0] !== 0x08 || !(bytes[1]! >= 3 && bytes[1]! <= 20)) return false
  for (let at = 2; at < bytes.length;) {
    const [tag, from] = varint(at), [value, next] = varint(from)
    if (tag === 0x3a) return true
    if (tag === 0x28) at = next
    else if ([0x12, 0x1a, 0x22, 0x32, 0x42, 0x72].includes(tag) && value < 2 ** 20) at = next + value
    else return false
  }
  return false
}

function readModel(file: string, bytes: Uint8Array, options: ReadOptions): Program {
  const { producer, opsets, graph } = parseModel(file, bytes), budget = budgetOf(file, bytes.length)
  const { inputs, width } = inputsOf(file, graph), isWide = isDouble(inputs), draft = programBuilder(file, width), refused: Refusal[] = []
  const reject = (value: number, message: string): void => { refused.push({ value, message }) }
  const given = new Map(inputs.map(input => [input.name, rowsOf(input, width, isWide, draft, reject, budget)]))
  const values = valuesOf({ file, opsets, maker: draft, budget, reject }, graph, given)
  const isSoftmax = (value: number): boolean => draft.steps[value - 1]?.op === 'softmax'
  const found = outputsOf(file, graph.outputs, values, isSoftmax, draft)
  const { builder, value } = pruned(file, width, draft.steps, [...found.outputs.map(output => output.value), ...refused.map(refusal => refusal.value)])
  const { columns, unnamed } = columnsOf(file, inputs, missingColumns(width, builder.steps), options), dtype = isWide ? 'float64' : 'float32'
  const count = (op: Step['op']): number => builder.steps.filter(step => step.op === op).length
  const trees = builder.steps.reduce((sum, step) => step.op === 'trees' ? sum + step.trees.roots.length : sum, 0), layers = count('linear')
  return {
    kind: 'program', format: 'onnx', width, inputs: dtype, steps: builder.steps, bytes: builder.bytes(),
    outputs: found.outputs.map(output => ({ ...output, value: value(output.value) })), refusals: refused.map(refusal => ({ ...refusal, value: value(refusal.value) })), raw: found.raw,
    signature: { inputs: [{ name: 'features', dtype, shape: [-1, width], columns, ...(unnamed ? { unnamed } : {}) }], outputs: found.specs },
    facts: {
      library: producer === '' ? 'unknown' : producer, operators: [...opsets].map(([domain, version]) => `${domain === '' ? 'ai.onnx' : domain} ${version}`).join(', '), features: width, nodes: graph.nodes.length,
      steps: builder.steps.length, ...(trees > 0 ? { trees } : {}), ...(layers > 0 ? { 'linear layers': layers } : {}), ...(found.classes > 0 ? { classes: found.classes } : {}),
    },
  }
}

/** Columns that a step has a rule for NaN in: an imputer, a test for NaN, a tree that sends it one way by intention. */
function missingColumns(width: number, steps: readonly Step[]): (column: number) => boolean {
  const from = origins(width, steps), found = new Set<number>()
  for (const step of steps) {
    if (step.op === 'unary' && step.fn === 'isMissing') for (const column of from[step.of]!) found.add(column)
    if (step.op === 'trees') {
      const { feature, flags } = step.trees, columns = from[step.of]!
      for (const [node, flag] of flags.entries()) if ((flag & FLAG.missingLeft) !== 0) found.add(columns[feature[node]!] ?? -1)
    }
  }
  return column => found.has(column)
}
