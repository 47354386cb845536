import type { Rejection } from '../../../core/records.ts'
import { SluiceError } from '../../../core/errors.ts'
import type { Predicted } from '../../../core/stages.ts'
import type { Tensor, TensorData, TensorSpec } from '../../../core/tensors.ts'
import type { Program, ProgramOutput, Step } from '../../program.ts'
import { programBuilder } from '../../builder.ts'
import type { Cores, Margins } from './cores.ts'
import type { Bench, Run } from './steps/bench.ts'
import { concat, select, take } from './steps/columns.ts'
import { binary, unary, where } from './steps/elements.ts'
import { distance, kernel, nearest } from './steps/points.ts'
import { reduce, softmax } from './steps/runs.ts'
import { bucket, lookup } from './steps/tables.ts'

type Numbers = Float32Array | Float64Array

// Rows that go through all steps before the next: what the steps made of them stays in the cache.
const ROWS_MAX = 256, NUMBERS_MAX = 2 ** 17

/** What a program answers for features [rows, width]. Not to be called while it runs: it keeps its working memory. */
export function programAnswers(program: Program, cores: Cores): (features: Numbers, rows: number) => Pick<Predicted, 'rejected'> & { readonly tensors: ReadonlyMap<string, Tensor> } {
  const { steps, width, inputs, refusals } = program
  const built = programBuilder('program', width)
  for (const [i, step] of steps.entries()) built.add(step, `step ${i + 1}`)
  const widths = Array.from({ length: steps.length + 1 }, (_, value) => built.width(value))
  const block = Math.max(1, Math.min(ROWS_MAX, Math.floor(NUMBERS_MAX / widths.reduce((sum, of) => sum + of, 0))))
  const values = widths.map(of => new Float64Array(block * of))
  /** The rows of the input that are in work, as they came. */
  let given: Numbers = new Float64Array(0)
  const runs = steps.map((step, i) => runOf(step, cores, () => given, { value: at => values[at]!, width: at => widths[at]!, into: values[i + 1]!, columns: widths[i + 1]! }))
  const round = inputs === 'float32' ? Math.fround : (x: number) => x
  // trees and linear sums take the input as it came; a network of many inputs would spend as much on copying them as on the first layer
  const copied = [...steps.filter(({ op }) => op !== 'linear' && op !== 'trees').flatMap(readBy), ...program.outputs.map(({ value }) => value), ...refusals.map(({ value }) => value)].includes(0)

  return (features, rows) => {
    const outputs = program.outputs.map((output, i) => outputOf(output, program.signature.outputs[i]!, rows, widths[output.value]!))
    const rejected: Rejection[] = []
    for (let from = 0; from < rows; from += block) {
      const count = Math.min(block, rows - from), input = values[0]!
      given = rows === count ? features : features.subarray(from * width, (from + count) * width)
      if (copied) for (let i = 0, end = count * width; i < end; i++) input[i] = round(given[i]!)
      for (const run of runs) run(count)
      for (const output of outputs) output.take(values[output.value]!, from, count)
      for (let row = 0; refusals.length > 0 && row < count; row++) {
        const refusal = refusals.find(({ value }) => values[value]![row * widths[value]!] !== 0)
        if (refusal !== undefined) rejected.push({ row: from + row, stage: 'predict', error: new SluiceError('SLUICE_PREDICT_FAILED', refusal.message, { why: 'the model says so' }) })
      }
    }
    return { tensors: new Map(outputs.map(({ name, tensor }) => [name, tensor])), rejected }
  }
}

/** The values that a step reads. */
function readBy(step: Step): readonly number[] {
  const operands = 'a' in step ? [step.a, step.b] : 'yes' in step ? [step.of, step.yes, step.no] : step.op === 'take' ? [step.of, step.at] : step.op === 'concat' ? step.of : [step.of]
  return operands.filter(operand => typeof operand === 'number')
}

function runOf(step: Step, cores: Cores, given: () => Numbers, bench: Bench): Run {
  switch (step.op) {
    case 'select': return select(step, bench)
    case 'concat': return concat(step, bench)
    case 'unary': return unary(step, bench)
    case 'binary': return binary(step, bench)
    case 'where': return where(step, bench)
    case 'lookup': return lookup(step, bench)
    case 'bucket': return bucket(step, bench)
    case 'reduce': return reduce(step, bench)
    case 'softmax': return softmax(step, bench)
    case 'linear': return margins(step.of, cores.linear(step.linear).margins, step.linear.width, step.linear.sums, given, bench)
    case 'trees': return margins(step.of, cores.trees(step.trees).margins, step.trees.width, step.trees.inputs, given, bench)
    case 'distance': return distance(step, bench)
    case 'kernel': return kernel(step, bench)
    case 'nearest': return nearest(step, bench)
    case 'take': return take(step, bench)
  }
}

function margins(of: number, answer: Margins, width: number, inputs: 'float32' | 'float64', given: () => Numbers, bench: Bench): Run {
  const value = bench.value(of), times = bench.width(of) / width
  const rounded = inputs === 'float32' ? new Float32Array(value.length) : undefined
  return rows => {
    const from = of === 0 ? given() : value
    if (rounded !== undefined && from instanceof Float64Array) rounded.set(from.subarray(0, rows * bench.width(of)))
    bench.into.set(answer(rounded !== undefined && from instanceof Float64Array ? rounded : from, rows * times))
  }
}

interface Output { readonly name: string; readonly value: number; readonly tensor: Tensor; take(values: Float64Array, row: number, rows: number): void }

function outputOf({ value, labels }: ProgramOutput, { name, dtype, shape }: TensorSpec, rows: number, width: number): Output {
  const length = rows * width, data = arrayOf(dtype, length, labels)
  const numberOf = labels === undefined || dtype === 'string' ? (x: number) => x : (x: number) => Number(labels[x] ?? NaN)
  const put = (): ((i: number, x: number) => void) => {
    if ('codes' in data) return (i, x) => { data.codes[i] = data.words[x] === undefined ? -1 : x }
    if (data instanceof BigInt64Array) return (i, x) => { data[i] = Number.isFinite(numberOf(x)) ? BigInt(Math.trunc(numberOf(x))) : 0n }
    return (i, x) => { data[i] = numberOf(x) }
  }
  const set = put()
  return {
    name, value, tensor: { dtype, shape: [rows, ...shape.slice(1)], data },
    take(values, row, count) { for (let i = 0, to = row * width, end = count * width; i < end; i++, to++) set(to, values[i]!) },
  }
}

export function arrayOf(dtype: TensorSpec['dtype'], length: number, labels?: ProgramOutput['labels']): TensorData {
  switch (dtype) {
    case 'string': return { codes: new Int32Array(length), words: (labels ?? []).map(String) }
    case 'float32': return new Float32Array(length)
    case 'float64': return new Float64Array(length)
    case 'int32': return new Int32Array(length)
    case 'int64': return new BigInt64Array(length)
    case 'bool': return new Uint8Array(length)
  }
}
