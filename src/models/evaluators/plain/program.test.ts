import assert from 'node:assert/strict'
import { test } from 'node:test'
import { programBuilder } from '../../builder.ts'
import type { Operand, Program, Step } from '../../program.ts'
import type { TensorSpec } from '../../../core/tensors.ts'
import { forest } from '../../trees.ts'
import { plain } from './index.ts'
import { plainCores } from './cores.ts'
import { programAnswers } from './program.ts'

/** A program whose last value is its output. */
function program(width: number, steps: readonly Step[], more: Partial<Program> = {}): Program {
  const output: TensorSpec = { name: 'out', dtype: 'float64', shape: [-1, 1] }
  return {
    kind: 'program', format: 'test', facts: {}, raw: {}, bytes: 1, width, inputs: 'float64', steps, outputs: [{ value: steps.length }], refusals: [],
    signature: { inputs: [{ name: 'features', dtype: 'float64', shape: [-1, width] }], outputs: [output] }, ...more,
  }
}
function answer(rows: readonly (readonly number[])[], ...steps: readonly Step[]): number[] {
  const { tensors } = programAnswers(program(rows[0]!.length, steps), plainCores)(Float64Array.from(rows.flat()), rows.length)
  return [...tensors.get('out')!.data as Float64Array]
}
const of = (...numbers: readonly number[]): Float64Array => Float64Array.from(numbers)
const unary = (fn: Extract<Step, { op: 'unary' }>['fn'], x: number): number => answer([[x]], { op: 'unary', fn, of: 0 })[0]!
const binary = (fn: Extract<Step, { op: 'binary' }>['fn'], a: number, b: number): number => answer([[a, b]], { op: 'select', of: 0, columns: Int32Array.of(0) }, { op: 'select', of: 0, columns: Int32Array.of(1) }, { op: 'binary', fn, a: 1, b: 2 })[0]!

test('columns: moved, repeated, filled, joined with constants', () => {
  assert.deepEqual(answer([[1, 2, 3], [4, 5, 6]], { op: 'select', of: 0, columns: Int32Array.of(2, 0, -1, 0), fill: 9 }), [3, 1, 9, 1, 6, 4, 9, 4])
  assert.deepEqual(answer([[1, 2], [3, 4]], { op: 'select', of: 0, columns: Int32Array.of(1) }, { op: 'concat', of: [1, of(7, 8), 0] }), [2, 7, 8, 1, 2, 4, 7, 8, 3, 4])
})

test('one number stands for every column, of a value and of a constant', () => {
  const add = (a: Operand, b: Operand): Step => ({ op: 'binary', fn: 'add', a, b })
  assert.deepEqual(answer([[1, 2], [3, 4]], add(0, of(10))), [11, 12, 13, 14])
  assert.deepEqual(answer([[1, 2], [3, 4]], add(of(10, 20), 0)), [11, 22, 13, 24])
  assert.deepEqual(answer([[1, 2], [3, 4]], { op: 'reduce', fn: 'sum', of: 0, size: 2 }, add(0, 1)), [4, 5, 10, 11])
})

test('rounding is where a step says so, and nowhere else', () => {
  assert.equal(answer([[0.1]], { op: 'binary', fn: 'multiply', a: 0, b: of(3) })[0], 0.1 * 3)
  assert.equal(answer([[0.1]], { op: 'binary', fn: 'multiply', a: 0, b: of(3), float32: true })[0], Math.fround(0.1 * 3))
  assert.equal(answer([[1e8, 1, -1e8]], { op: 'reduce', fn: 'sum', of: 0, size: 3, float32: true })[0], 0)
  assert.equal(answer([[1e8, 1, -1e8]], { op: 'reduce', fn: 'sum', of: 0, size: 3 })[0], 1)
  const { tensors } = programAnswers(program(1, [{ op: 'unary', fn: 'same', of: 0 }], { inputs: 'float32' }), plainCores)(of(0.1), 1)
  assert.deepEqual([...tensors.get('out')!.data as Float64Array], [Math.fround(0.1)])
})

test('numbers one by one: halves to even, signs of remainders, powers of one', () => {
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, 1.4, 1.6, NaN, Infinity].map(x => unary('round', x) + 0), [0, 2, 2, 0, -2, 1, 2, NaN, Infinity])
  assert.deepEqual([[7, 3], [-7, 3], [7, -3], [-7, -3], [6, 3]].map(([a, b]) => binary('modulo', a!, b!) + 0), [1, 2, -2, -1, 0])
  assert.deepEqual([[7, 3], [-7, 3], [7, -3]].map(([a, b]) => binary('remainder', a!, b!)), [1, -1, 1])
  assert.deepEqual([binary('power', 1, NaN), binary('power', -1, Infinity), binary('power', 2, 0.5)], [1, 1, Math.SQRT2])
  assert.deepEqual([unary('sigmoid', 0), unary('sigmoid', 1000), unary('sigmoid', -1000), unary('relu', -3), unary('isMissing', NaN), unary('not', 0)], [0.5, 1, 0, 0, 1, 1])
  assert.ok(Math.abs(unary('sigmoid', -40) / 4.248354255291589e-18 - 1) < 1e-15, 'small probabilities keep their digits')
})

test('nan: no comparison holds, but that it is not equal; extremes are NaN; conditions do not hold', () => {
  for (const fn of ['less', 'lessEqual', 'greater', 'greaterEqual', 'equal'] as const) assert.equal(binary(fn, NaN, NaN), 0, fn)
  assert.equal(binary('notEqual', NaN, NaN), 1)
  assert.deepEqual([binary('minimum', NaN, 1), binary('maximum', 1, NaN)], [NaN, NaN])
  assert.deepEqual(answer([[NaN], [0], [2]], { op: 'where', of: 0, yes: of(1), no: of(-1) }), [-1, -1, 1])
  for (const fn of ['sum', 'minimum', 'maximum', 'median', 'logSumExp'] as const) assert.deepEqual(answer([[1, NaN, 3]], { op: 'reduce', fn, of: 0, size: 3 }), [NaN], fn)
  assert.deepEqual(['argmin', 'argmax', 'count'].map(fn => answer([[NaN, 3, 3]], { op: 'reduce', fn: fn as 'argmin', of: 0, size: 3 })[0]), [1, 1, 2])
  assert.deepEqual(answer([[NaN, NaN]], { op: 'reduce', fn: 'argmax', of: 0, size: 2 }), [0])
})

test('tables: keys, positions, unknown, missing', () => {
  const keyed: Step = { op: 'lookup', of: 0, keys: of(-1, 2.5, 7), width: 2, values: of(1, 2, 3, 4, 5, 6), otherwise: of(0, 0), missing: of(8, 9) }
  assert.deepEqual(answer([[2.5, 7], [2, NaN], [-1, 8]], keyed), [3, 4, 5, 6, 0, 0, 8, 9, 1, 2, 0, 0])
  assert.deepEqual(answer([[1], [-1], [2], [0.5], [NaN]], { op: 'lookup', of: 0, width: 1, values: of(5, 6), otherwise: of(-1) }), [6, -1, -1, -1, -1])
  const edges = of(0, 1, 1, 2)
  assert.deepEqual(answer([[-1], [0], [1], [1.5], [2], [NaN]], { op: 'bucket', of: 0, edges, closed: 'left' }), [0, 1, 3, 3, 4, NaN])
  assert.deepEqual(answer([[-1], [0], [1], [1.5], [2], [NaN]], { op: 'bucket', of: 0, edges, closed: 'right' }), [0, 0, 1, 3, 3, NaN])
})

test('runs: each for itself', () => {
  const reduce = (fn: Extract<Step, { op: 'reduce' }>['fn'], size: number): number[] => answer([[1, 5, 3, 2, 2, 9]], { op: 'reduce', fn, of: 0, size })
  assert.deepEqual([reduce('sum', 3), reduce('product', 2), reduce('median', 3), reduce('median', 2), reduce('argmax', 3), reduce('mean', 6), reduce('sumSquares', 6)], [[9, 13], [5, 6, 18], [3, 2], [3, 2.5, 5.5], [1, 2], [22 / 6], [124]])
  const [a, b, c, d] = answer([[1000, 1000, -1000, 0]], { op: 'softmax', of: 0, size: 2 })
  assert.deepEqual([a, b, c, d], [0.5, 0.5, 0, 1])
  assert.deepEqual(answer([[1000, 1000], [-Infinity, -Infinity]], { op: 'reduce', fn: 'logSumExp', of: 0, size: 2 }), [1000 + Math.log(2), -Infinity])
})

test('points: distances, kernels, the nearest with ties in order and NaN last', () => {
  const distance = (metric: Extract<Step, { op: 'distance' }>['metric'], p?: number): number[] => answer([[0, 0]], { op: 'distance', of: 0, metric, points: of(3, 4, 0, -1), ...p === undefined ? {} : { p } })
  assert.deepEqual([distance('squared'), distance('euclidean'), distance('manhattan'), distance('chebyshev'), distance('minkowski', 1)], [[25, 1], [5, 1], [7, 1], [4, 1], [7, 1]])
  assert.deepEqual(answer([[2, 0]], { op: 'distance', of: 0, metric: 'cosine', points: of(0, 5, 3, 0) }), [1, 0])
  const kernel = (kind: Extract<Step, { op: 'kernel' }>['kernel']): number => answer([[1, 2]], { op: 'kernel', of: 0, kernel: kind, vectors: of(3, 4), gamma: 0.5, coef0: 1, degree: 2 })[0]!
  assert.deepEqual([kernel('linear'), kernel('polynomial'), kernel('rbf'), kernel('sigmoid')], [11, 42.25, Math.exp(-4), Math.tanh(6.5)])
  const nearest = (row: readonly number[], count: number, largest = false): number[] => answer([row], { op: 'nearest', of: 0, count, largest })
  assert.deepEqual(nearest([5, 1, 1, 0, 7], 3), [3, 1, 2])
  assert.deepEqual(nearest([5, 1, 1, 0, 7], 4, true), [4, 0, 1, 2])
  assert.deepEqual(nearest([NaN, Infinity, 2, NaN], 4), [2, 1, 0, 3])
  assert.deepEqual(answer([[5, 1, 7]], { op: 'nearest', of: 0, count: 2 }, { op: 'take', of: 0, at: 1 }), [1, 5])
  assert.deepEqual(answer([[5, -1, 1]], { op: 'take', of: 0, at: 0 }), [NaN, NaN, -1])
})

test('trees and matrices inside of a program, a matrix on each run; trees of float32 see float32', () => {
  const grown = forest('test', 1, 1)
  grown.grow({ name: 'tree 0', nodes: 1, leaves: 2, root: 0, node: () => ({ feature: 0, threshold: Math.fround(0.1), flags: 0, left: ~0, right: ~1 }), leaf: at => ({ values: [at + 1] }) })
  const trees = { ...grown.done().arrays, width: 1, groups: 1, inputs: 'float32', sums: 'float64', start: of(0), zero: 0, group: new Int32Array(1), scale: undefined } as const
  assert.deepEqual(answer([[Math.fround(0.1) + 1e-12], [0.2]], { op: 'trees', of: 0, trees }), [1, 2])
  const linear = { width: 2, groups: 2, sums: 'float64', start: of(100, 200), weights: of(1, 2, 3, 4), skipsNaN: false } as const
  assert.deepEqual(answer([[1, 1, 10, 0]], { op: 'linear', of: 0, linear }), [104, 206, 110, 220])
})

test('outputs: words, numbers of classes, rows that are refused; more rows than a block', async () => {
  const outputs: TensorSpec[] = [
    { name: 'label', dtype: 'string', shape: [-1] }, { name: 'class', dtype: 'int64', shape: [-1] }, { name: 'flag', dtype: 'bool', shape: [-1] }, { name: 'both', dtype: 'float32', shape: [-1, 2] },
  ]
  const model = program(1, [{ op: 'concat', of: [0, 0] }, { op: 'binary', fn: 'greater', a: 0, b: of(2) }], {
    outputs: [{ value: 0, labels: ['no', 'yes'] }, { value: 0, labels: [10, 20] }, { value: 0 }, { value: 1 }], refusals: [{ value: 2, message: 'too large' }],
    signature: { inputs: [{ name: 'features', dtype: 'float64', shape: [-1, 1] }], outputs },
  })
  const predictor = await plain.open(model, { name: 'm', version: '1' })
  const rows = 1000, data = Float64Array.from({ length: rows }, (_, i) => i % 4)
  const { outputs: { tensors }, rejected } = await predictor.predict({ rows, tensors: new Map([['features', { dtype: 'float64', shape: [rows, 1], data }]]), release() {} }, undefined, new AbortController().signal)
  const { codes, words } = tensors.get('label')!.data as { codes: Int32Array; words: string[] }
  assert.deepEqual(Array.from(codes.slice(0, 4), code => words[code]), ['no', 'yes', undefined, undefined])
  assert.deepEqual((tensors.get('class')!.data as BigInt64Array).slice(0, 3), BigInt64Array.of(10n, 20n, 0n))
  assert.deepEqual((tensors.get('both')!.data as Float32Array).slice(0, 4), Float32Array.of(0, 0, 1, 1))
  assert.deepEqual(rejected.map(({ row, error }) => [row, error.code]).slice(0, 2), [[3, 'SLUICE_PREDICT_FAILED'], [7, 'SLUICE_PREDICT_FAILED']])
  assert.equal(rejected.length, rows / 4)
})

test('a step that cannot be is refused when it is added, naming what of the file it was', () => {
  const refused: readonly (readonly [RegExp, Step])[] = [
    [/reads the value 1/, { op: 'unary', fn: 'same', of: 1 }], [/reads the value -1/, { op: 'unary', fn: 'same', of: -1 }], [/reads the value 0.5/, { op: 'unary', fn: 'same', of: 0.5 }],
    [/column 3 of 3/, { op: 'select', of: 0, columns: Int32Array.of(3) }], [/3, 2 columns/, { op: 'binary', fn: 'add', a: 0, b: of(1, 2) }], [/of nothing/, { op: 'binary', fn: 'add', a: 0, b: of() }],
    [/3 columns, 2 at a time/, { op: 'reduce', fn: 'sum', of: 0, size: 2 }], [/0 at a time/, { op: 'softmax', of: 0, size: 0 }],
    [/keys do not ascend/, { op: 'lookup', of: 0, keys: of(1, 1), width: 1, values: of(1, 2), otherwise: of(0) }], [/keys do not ascend/, { op: 'lookup', of: 0, keys: of(NaN), width: 1, values: of(1), otherwise: of(0) }],
    [/a table of 3/, { op: 'lookup', of: 0, width: 2, values: of(1, 2, 3), otherwise: of(0, 0) }], [/edges do not ascend/, { op: 'bucket', of: 0, edges: of(2, 1), closed: 'left' }],
    [/weights for/, { op: 'linear', of: 0, linear: { width: 3, groups: 2, sums: 'float64', start: of(0, 0), weights: of(1, 2, 3), skipsNaN: false } }],
    [/no rows of 3/, { op: 'distance', of: 0, metric: 'squared', points: of(1, 2) }], [/nearest 4 of 3/, { op: 'nearest', of: 0, count: 4 }],
  ]
  for (const [what, step] of refused) assert.throws(() => programBuilder('m.onnx', 3).add(step, 'node 7'), { code: 'SLUICE_MODEL_BROKEN', at: 'node 7', message: what })
})

test('numbers-without-end: a file of a few bytes does not make a row of gigabytes', () => {
  const builder = programBuilder('m', 1024)
  assert.throws(() => {
    for (let i = 0; ; i++) builder.add({ op: 'concat', of: [i, i] }, 'doubling')
  }, { code: 'SLUICE_MODEL_UNSUPPORTED', message: /2097152 numbers in one step/ })
})

test('trees and sums of the input are those of its rounded numbers, whatever else reads it, in more rows than a block', () => {
  const linear = { width: 2, groups: 1, sums: 'float32', start: Float64Array.of(0.5), weights: Float64Array.of(3, 7), skipsNaN: false } as const
  const features = Float64Array.from({ length: 1200 }, (_, i) => i / 10), f = Math.fround
  for (const steps of [[{ op: 'linear', of: 0, linear }], [{ op: 'linear', of: 0, linear }, { op: 'select', of: 0, columns: Int32Array.of(1) }, { op: 'select', of: 1, columns: Int32Array.of(0) }]] as const) {
    const { tensors } = programAnswers(program(2, steps), plainCores)(features, 600)
    assert.deepEqual([...tensors.get('out')!.data as Float64Array], Array.from({ length: 600 }, (_, row) => f(f(f(0.5) + f(f(row / 5) * 3)) + f(f((2 * row + 1) / 10) * 7))))
  }
})
