import type { Column, Tensor, TensorSpec } from '../../../core/tensors.ts'
import { origins } from '../../origins.ts'
import type { Operand, Step } from '../../program.ts'
import { FLAG } from '../../trees.ts'
import type { Trees } from '../../trees.ts'
import { ROWS_MAX, workOf } from './check.ts'
import type { Written } from './shapes.ts'

const NUMBERS_MAX = 2 ** 20, WORK_MAX = 2 ** 27
/** Of a column not more than this many of the numbers that the model compares it with. */
const ASKED_MAX = 64
const ANY = [0, 1, -1, 0.5, 2, -2.5, 10, -30, 0.001, 150]

/** Rows that ask as much of the model as few rows can, the same ones for the same model: zeros; all that may be missing, missing; then numbers on the
    thresholds, between and beyond them, every second row with some missing. */
export function referenceRows(model: Written): { readonly rows: number; readonly inputs: Float32Array | Float64Array } {
  const { shape: [, width = 1], dtype, columns = [] } = model.signature.inputs[0]!
  const rows = Math.max(1, Math.min(ROWS_MAX, Math.floor(NUMBERS_MAX / width), Math.floor(WORK_MAX / workOf(model))))
  const asked = askedOf(model), data = dtype === 'float32' ? new Float32Array(rows * width) : new Float64Array(rows * width)
  for (let i = 0; i < width; i++) {
    const column = columns[i], values = valuesOf(column, asked[i]!)
    let state = i + 1
    for (let row = 0; row < rows; row++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      const chance = state / 2 ** 32
      const isMissing = column?.missing === true && (row === 1 || row % 2 === 1 && (state >>> 16) % 8 === 0)
      data[row * width + i] = row === 0 ? 0 : isMissing ? NaN : values[Math.floor(chance * values.length)]!
    }
  }
  return { rows, inputs: data }
}

function valuesOf(column: Column | undefined, asked: ReadonlySet<number>): readonly number[] {
  const { categories, unknown } = column ?? {}
  if (categories !== undefined) return [...evenly(categories.map((_, code) => code)), ...unknown === undefined ? [] : [unknown]]
  const sorted = evenly([...asked].filter(Number.isFinite).sort((a, b) => a - b))
  if (sorted.length === 0) return ANY
  return [...sorted.flatMap((value, i) => [value, i + 1 < sorted.length ? value / 2 + sorted[i + 1]! / 2 : value + Math.max(1, Math.abs(value))]), sorted[0]! - Math.max(1, Math.abs(sorted[0]!)), 0]
}
const evenly = (values: readonly number[]): readonly number[] => values.length <= ASKED_MAX ? values : Array.from({ length: ASKED_MAX }, (_, i) => values[Math.floor(i * (values.length - 1) / (ASKED_MAX - 1))]!)

/** For each column the numbers that it is compared with. */
function askedOf(model: Written): readonly ReadonlySet<number>[] {
  const asked = Array.from({ length: model.width }, () => new Set<number>())
  if (model.kind === 'trees') askedByTrees(model, column => asked[column]!)
  if (model.kind === 'program') askedBySteps(model.steps, asked)
  return asked
}

function askedByTrees({ feature, threshold, flags, sets, words }: Trees, of: (column: number) => Set<number> | undefined): void {
  for (let node = 0; node < flags.length; node++) {
    const into = of(feature[node]!)
    if (into === undefined) continue
    if ((flags[node]! & FLAG.set) === 0) { into.add(threshold[node]!); continue }
    // the first word of a set has its members and others
    const first = sets[threshold[node]!]!, end = sets[threshold[node]! + 1]!
    for (let code = 0; code < Math.min(32, (end - first) * 32); code++) if (((words[first]! >>> code) & 1) === 1 || code < 8) into.add(code)
  }
}

/** Follows the columns of the input as far as they are only moved. */
function askedBySteps(steps: readonly Step[], asked: readonly Set<number>[]): void {
  const from = origins(asked.length, steps)
  const ask = (value: number, numbers: Iterable<number>): void => { for (const column of from[value]!) if (column >= 0) for (const number of numbers) asked[column]!.add(number) }
  const compare = (value: Operand, constants: Operand): void => {
    if (typeof value !== 'number' || typeof constants === 'number') return
    from[value]!.forEach((column, i) => { if (column >= 0) asked[column]!.add(constants[constants.length === 1 ? 0 : i]!) })
  }
  const few = (numbers: Float64Array): readonly number[] => evenly([...numbers])
  for (const step of steps) {
    switch (step.op) {
      case 'binary': compare(step.a, step.b); compare(step.b, step.a); break
      case 'lookup': ask(step.of, step.keys === undefined ? Array.from({ length: Math.min(ASKED_MAX, step.values.length / step.width) }, (_, i) => i) : few(step.keys)); break
      case 'bucket': ask(step.of, few(step.edges)); break
      case 'trees': {
        const columns = from[step.of]!
        askedByTrees(step.trees, column => asked[columns[column] ?? -1])
        break
      }
      case 'select': case 'concat': case 'unary': case 'where': case 'reduce': case 'softmax': case 'linear': case 'distance': case 'kernel': case 'nearest': case 'take': break
    }
  }
}

/** Row, output and the two numbers where the tensors are not the same to the last bit; a NaN is like any other. */
export function firstDifference(spec: TensorSpec, answered: Tensor, expected: ArrayLike<number | bigint>): string | undefined {
  const data = 'codes' in answered.data ? answered.data.codes : answered.data
  if (data.length !== expected.length) return `output '${spec.name}' has ${data.length} numbers, and not ${expected.length}`
  for (let i = 0; i < data.length; i++) {
    if (Object.is(data[i], expected[i])) continue
    const width = data.length / answered.shape[0]!
    return `row ${Math.floor(i / width)}: output '${spec.name}'${width === 1 ? '' : `, number ${i % width},`} is ${data[i]}, and not ${expected[i]}`
  }
  return undefined
}
