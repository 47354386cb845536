import type { Reduction } from '../../../program.ts'
import { axisOf, isFloat, made, rounding } from '../call.ts'
import type { Call, Operator, Operators } from '../call.ts'
import { sizeOf } from '../values.ts'
import type { Rows, Value } from '../values.ts'
import { elementwise, numberOf } from './broadcast.ts'
import { moved, placesOf, stridesOf } from './moves.ts'

/** Some dimensions made the last ones: runs of `size` numbers, one for each place of the others. */
export interface Runs { readonly value: Rows; readonly size: number; readonly order: readonly number[] }

export function runsOf(call: Call, rows: Rows, axes: readonly number[]): Runs {
  const { dims, batch } = rows
  if (axes.includes(batch)) throw call.refuse(`${call.op} along the dimension that the rows lie along`, { why: 'a record is answered without knowing others' })
  const order = [...dims.map((_, i) => i).filter(i => !axes.includes(i)), ...axes], strides = stridesOf(dims), into = order.map(axis => dims[axis]!)
  const value = call.asRows(moved(call, rows, placesOf(call, into, order.map(axis => strides[axis]!)), into, order.indexOf(batch)))
  return { value, size: sizeOf(axes.map(axis => dims[axis]!)), order }
}

/** Numbers in the order of runs back where they were. */
export function unrun(call: Call, runs: Runs, value: Rows, dims: readonly number[], batch: number): Value {
  const strides = stridesOf(runs.order.map(axis => dims[axis]!)), back = dims.map((_, axis) => strides[runs.order.indexOf(axis)]!)
  return moved(call, value, placesOf(call, dims, back), dims, batch)
}

/** The dimensions of a result that has one number for each run. */
function reduced(rows: Rows, axes: readonly number[], keeps: boolean): { readonly dims: readonly number[]; readonly batch: number } {
  if (keeps) return { dims: rows.dims.map((dim, i) => axes.includes(i) ? 1 : dim), batch: rows.batch }
  return { dims: rows.dims.filter((_, i) => !axes.includes(i)), batch: rows.batch < 0 ? -1 : rows.batch - axes.filter(axis => axis < rows.batch).length }
}

function axesOf(call: Call, rank: number, sinceInput: number): readonly number[] | undefined {
  const given = call.version >= sinceInput ? call.has(1) ? call.integers(1) : [] : call.attributes.ints('axes', [])
  if (given.length === 0) return call.attributes.int('noop_with_empty_axes', 0) === 1 && call.version >= sinceInput ? undefined : Array.from({ length: rank }, (_, i) => i)
  call.attributes.ignore('noop_with_empty_axes')
  return [...new Set(given.map(axis => axisOf(call, axis, rank)))].sort((a, b) => a - b)
}

const reduction = (fn: Reduction, sinceInput: number, after?: (call: Call, value: Rows) => Rows): Operator => call => {
  const rows = call.rows(0), keeps = call.attributes.int('keepdims', 1) === 1, axes = axesOf(call, rows.dims.length, sinceInput)
  if (axes === undefined) return rows
  if (rows.type === 'string') throw call.refuse(`${call.op} of words`)
  const runs = runsOf(call, rows, axes)
  if (runs.size === 0) throw call.refuse(`${call.op} of nothing`)
  const result = made(call, reduced(rows, axes, keeps), rows.type, { op: 'reduce', fn, of: runs.value.value, size: runs.size, ...rounding(rows.type) })
  if (fn === 'mean' && !isFloat(rows.type)) throw call.refuse(`${call.op} of integers`)
  return after === undefined ? result : after(call, result)
}

const unary = (fn: 'sqrt' | 'log'): ((call: Call, value: Rows) => Rows) => (call, value) => made(call, value, value.type, { op: 'unary', fn, of: value.value, ...rounding(value.type) })

/** NaN comes first, as in ONNX Runtime; of equal ones the first, or the last. */
const place = (fn: 'argmin' | 'argmax'): Operator => call => {
  const rows = call.rows(0), axis = axisOf(call, call.attributes.int('axis', 0), rows.dims.length), keeps = call.attributes.int('keepdims', 1) === 1
  const isLast = call.attributes.int('select_last_index', 0) === 1, runs = runsOf(call, rows, [axis])
  const turned = isLast ? call.asRows(moved(call, runs.value, Int32Array.from({ length: sizeOf(rows.dims) }, (_, i) => i - i % runs.size + runs.size - 1 - i % runs.size), runs.value.dims, runs.value.batch)) : runs.value
  const found = made(call, reduced(rows, [axis], keeps), 'int64', { op: 'reduce', fn, of: turned.value, size: runs.size })
  return { ...(isLast ? elementwise(call, 'subtract', [numberOf('int64', runs.size - 1), found], 'int64') : found), place: true }
}

/** Before version 13 all dimensions from the axis on together. */
function softmaxRuns(call: Call): Runs {
  const rows = call.rows(0), rank = rows.dims.length, axis = axisOf(call, call.attributes.int('axis', call.version < 13 ? 1 : -1), rank)
  return runsOf(call, rows, call.version < 13 ? rows.dims.map((_, i) => i).filter(i => i >= axis) : [axis])
}

export const reductions: Operators = {
  ReduceSum: reduction('sum', 13), ReduceMean: reduction('mean', 18), ReduceMax: reduction('maximum', 18), ReduceMin: reduction('minimum', 18), ReduceProd: reduction('product', 18),
  ReduceL1: reduction('sumAbsolute', 18), ReduceSumSquare: reduction('sumSquares', 18), ReduceLogSumExp: reduction('logSumExp', 18),
  ReduceL2: reduction('sumSquares', 18, unary('sqrt')), ReduceLogSum: reduction('sum', 18, unary('log')),
  ArgMax: place('argmax'), ArgMin: place('argmin'),

  Softmax: call => {
    const rows = call.rows(0), runs = softmaxRuns(call)
    const result = made(call, runs.value, rows.type, { op: 'softmax', of: runs.value.value, size: runs.size, ...rounding(rows.type) })
    return unrun(call, runs, result, rows.dims, rows.batch)
  },
  LogSoftmax: call => {
    const rows = call.rows(0), runs = softmaxRuns(call), { type } = rows, count = sizeOf(rows.dims) / runs.size
    const repeated = (value: number): number => call.add({ op: 'select', of: value, columns: Int32Array.from({ length: count * runs.size }, (_, i) => Math.floor(i / runs.size)) })
    const of = runs.value.value, largest = repeated(call.add({ op: 'reduce', fn: 'maximum', of, size: runs.size }))
    const shifted = call.add({ op: 'binary', fn: 'subtract', a: of, b: largest, ...rounding(type) })
    const sum = repeated(call.add({ op: 'reduce', fn: 'logSumExp', of: shifted, size: runs.size, ...rounding(type) }))
    return unrun(call, runs, made(call, runs.value, type, { op: 'binary', fn: 'subtract', a: shifted, b: sum, ...rounding(type) }), rows.dims, rows.batch)
  },

  LpNormalization: call => {
    const rows = call.rows(0), p = call.attributes.int('p', 2), runs = runsOf(call, rows, [axisOf(call, call.attributes.int('axis', -1), rows.dims.length)]), { type } = rows
    if (p !== 1 && p !== 2) throw call.refuse(`LpNormalization with p ${p}`)
    const of = runs.value.value, sum = call.add({ op: 'reduce', fn: p === 1 ? 'sumAbsolute' : 'sumSquares', of, size: runs.size, ...rounding(type) })
    const norm = p === 1 ? sum : call.add({ op: 'unary', fn: 'sqrt', of: sum, ...rounding(type) })
    // what has no length stays as it is
    const by = call.add({ op: 'where', of: norm, yes: norm, no: Float64Array.of(1) }), each = Int32Array.from({ length: sizeOf(rows.dims) }, (_, i) => Math.floor(i / runs.size))
    const result = made(call, runs.value, type, { op: 'binary', fn: 'divide', a: of, b: call.add({ op: 'select', of: by, columns: each }), ...rounding(type) })
    return unrun(call, runs, result, rows.dims, rows.batch)
  },
  TopK: call => {
    const rows = call.rows(0), axis = axisOf(call, call.attributes.int('axis', -1), rows.dims.length), largest = call.attributes.int('largest', 1) === 1
    call.attributes.ignore('sorted')
    const count = call.version < 10 ? call.attributes.int('k') : call.integers(1)[0] ?? 0, runs = runsOf(call, rows, [axis])
    if (sizeOf(rows.dims) !== runs.size) throw call.refuse('TopK of several lists at once')
    const dims = rows.dims.map((dim, i) => i === axis ? count : dim), at = call.add({ op: 'nearest', of: runs.value.value, count, ...(largest ? { largest } : {}) })
    return [
      call.wants(0) ? { kind: 'rows', type: rows.type, dims, batch: rows.batch, value: call.add({ op: 'take', of: runs.value.value, at }) } : undefined,
      { kind: 'rows', type: 'int64', dims, batch: rows.batch, value: at, place: true },
    ]
  },
  CumSum: call => {
    const rows = call.rows(0), axis = axisOf(call, call.integers(1)[0] ?? 0, rows.dims.length), runs = runsOf(call, rows, [axis])
    if (call.attributes.int('exclusive', 0) !== 0 || call.attributes.int('reverse', 0) !== 0) throw call.refuse('CumSum that is exclusive or goes backwards')
    const count = sizeOf(rows.dims) / runs.size
    const column = (i: number): number => call.add({ op: 'select', of: runs.value.value, columns: Int32Array.from({ length: count }, (_, run) => run * runs.size + i) })
    const sums: number[] = []
    for (let i = 0; i < runs.size; i++) sums.push(i === 0 ? column(0) : call.add({ op: 'binary', fn: 'add', a: sums[i - 1]!, b: column(i), ...rounding(rows.type) }))
    const together = made(call, { dims: [runs.size, count], batch: -1 }, rows.type, { op: 'concat', of: sums })
    const turned = moved(call, together, placesOf(call, [count, runs.size], [1, count]), runs.value.dims, runs.value.batch)
    return unrun(call, runs, call.asRows(turned), rows.dims, rows.batch)
  },
}

/** Mean 0 and variance 1 of runs, the way ONNX Runtime computes it. */
export function normalized(call: Call, runs: Runs, epsilon: number): Rows {
  const { value, size } = runs, type = value.type, count = call.width(value.value) / size
  const each = Int32Array.from({ length: count * size }, (_, i) => Math.floor(i / size)), repeated = (of: number): number => call.add({ op: 'select', of, columns: each })
  const mean = call.add({ op: 'reduce', fn: 'mean', of: value.value, size, ...rounding(type) })
  const centered = call.add({ op: 'binary', fn: 'subtract', a: value.value, b: repeated(mean), ...rounding(type) })
  const squares = call.add({ op: 'reduce', fn: 'sumSquares', of: centered, size, ...rounding(type) })
  const variance = call.add({ op: 'binary', fn: 'divide', a: squares, b: Float64Array.of(size), ...rounding(type) })
  const shifted = call.add({ op: 'binary', fn: 'add', a: variance, b: Float64Array.of(type === 'float32' ? Math.fround(epsilon) : epsilon), ...rounding(type) })
  const deviation = call.add({ op: 'unary', fn: 'sqrt', of: shifted, ...rounding(type) })
  return made(call, value, type, { op: 'binary', fn: 'divide', a: centered, b: repeated(deviation), ...rounding(type) })
}
