import { made, numbersIn, rounding } from '../call.ts'
import type { Call, Operators } from '../call.ts'
import { sizeOf } from '../values.ts'
import type { Constant, Rows, Type, Value } from '../values.ts'
import { broadcast, elementwise, numberOf } from './broadcast.ts'
import { linear, withBias } from './layers.ts'
import { moved, placesOf, stridesOf } from './moves.ts'

/** The last two dimensions swapped. */
function transposed(call: Call, value: Value): Value {
  const { dims, batch } = value, rank = dims.length, strides = stridesOf(dims)
  const swap = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), list[rank - 1]!, list[rank - 2]!]
  return moved(call, value, placesOf(call, swap(dims), swap(strides)), swap(dims), batch === rank - 1 ? rank - 2 : batch === rank - 2 ? rank - 1 : batch)
}

function product(call: Call, a: Value, b: Value): Value {
  if (a.dims.length === 0 || b.dims.length === 0) throw call.broken(`${call.op} of a number`)
  if (a.type !== b.type || a.type === 'string') throw call.broken(`${call.op} of ${a.type} and ${b.type}`)
  const left: Value = a.dims.length === 1 ? { ...a, dims: [1, ...a.dims], batch: a.batch < 0 ? -1 : a.batch + 1 } : a, right: Value = b.dims.length === 1 ? { ...b, dims: [...b.dims, 1] } : b
  const inner = left.dims.at(-1)!, groups = right.dims.at(-1)!, count = left.dims.at(-2)!
  if (inner !== right.dims.at(-2)) throw call.broken(`${call.op} of [${a.dims.join(', ')}] and [${b.dims.join(', ')}]`)
  if (left.batch === left.dims.length - 1 || right.batch >= 0 && right.batch === right.dims.length - 2) throw call.refuse(`${call.op} over the rows`, { why: 'a record is answered without knowing others' })
  const shaped = (result: Value): Value => {
    const keeps = result.dims.map((_, i) => !(a.dims.length === 1 && i === result.dims.length - 2) && !(b.dims.length === 1 && i === result.dims.length - 1))
    return { ...result, dims: result.dims.filter((_, i) => keeps[i]), batch: result.batch < 0 ? -1 : result.batch - keeps.slice(0, result.batch).filter(keep => !keep).length }
  }
  if (right.kind === 'constant' && sizeOf(right.dims) === inner * groups && right.dims.length <= left.dims.length) return shaped(linear(call, call.asRows(left), [...left.dims.slice(0, -1), groups], inner, groups, right.data))
  if (left.kind === 'constant' && right.kind === 'rows' && sizeOf(left.dims) === inner * count && left.dims.length <= right.dims.length) {
    const swapped = call.asRows(transposed(call, right)), weights = transposed(call, { ...left, dims: [count, inner] })
    return shaped(transposed(call, linear(call, swapped, [...swapped.dims.slice(0, -1), count], inner, count, (weights as Constant).data)))
  }
  return shaped(pairwise(call, left, right, inner))
}

/** Both differ from row to row: every pair is multiplied, then summed. */
function pairwise(call: Call, left: Value, right: Value, inner: number): Rows {
  const insert = (value: Value, at: number): Value => ({ ...value, dims: [...value.dims.slice(0, at), 1, ...value.dims.slice(at)], batch: value.batch >= at ? value.batch + 1 : value.batch })
  // [.., m, 1, k] and [.., 1, n, k]
  const turned = transposed(call, right), a = insert(left, left.dims.length - 1), b = insert(turned, turned.dims.length - 2)
  const { operands, dims, batch } = broadcast(call, [a, b])
  numbersIn(call, dims)
  const products = call.add({ op: 'binary', fn: 'multiply', a: operands[0]!, b: operands[1]!, ...rounding(left.type) })
  return made(call, { dims: dims.slice(0, -1), batch }, left.type, { op: 'reduce', fn: 'sum', of: products, size: inner, ...rounding(left.type) })
}

// of columns that take three steps each
const FUSED_MAX = 64

/** A product of matrices whose sums are rounded once a column, as ONNX Runtime's are: (x * w exactly, plus the sum), rounded. scikit-learn's
    distances to the centers of clusters are made of it, |x|² - 2 x·c + |c|², and what is left of large numbers shows each rounding. */
function fused(call: Call, a: Rows, { data, dims: [width, groups] }: Constant): Rows {
  const counts = call.width(a.value) / width!
  if (counts !== 1) return call.asRows(product(call, a, { kind: 'constant', type: a.type, dims: [width!, groups!], batch: -1, data }))
  let sum: number | undefined
  for (let i = 0; i < width!; i++) {
    const x = call.add({ op: 'select', of: a.value, columns: Int32Array.of(i) }), weights = data.slice(i * groups!, (i + 1) * groups!)
    const product = call.add({ op: 'binary', fn: 'multiply', a: x, b: weights })
    sum = sum === undefined ? call.add({ op: 'unary', fn: 'same', of: product, float32: true }) : call.add({ op: 'binary', fn: 'add', a: sum, b: product, float32: true })
  }
  return { kind: 'rows', type: a.type, dims: [a.dims[0]!, groups!], batch: a.batch, value: sum! }
}

const scaledBy = (call: Call, value: Value, factor: number, type: Type): Value => factor === 1 ? value : elementwise(call, 'multiply', [value, numberOf(type, factor)], type)

export const dense: Operators = {
  MatMul: call => product(call, call.value(0), call.value(1)),
  Gemm: call => {
    const { attributes } = call, first = call.value(0), second = call.value(1), { type } = first
    attributes.ignore('broadcast')
    const alpha = attributes.float('alpha', 1), beta = attributes.float('beta', 1)
    if (first.dims.length !== 2 || second.dims.length !== 2) throw call.broken(`Gemm of [${first.dims.join(', ')}] and [${second.dims.join(', ')}]`)
    const a = attributes.int('transA', 0) !== 0 ? transposed(call, first) : first, b = attributes.int('transB', 0) !== 0 ? transposed(call, second) : second
    const isFused = alpha !== 1 && a.kind === 'rows' && b.kind === 'constant' && type === 'float32' && b.dims[0]! <= FUSED_MAX
    const sums = scaledBy(call, isFused ? fused(call, a, b) : product(call, a, b), alpha, type)
    if (!call.has(2) || beta === 0) return sums
    const c = scaledBy(call, call.value(2), beta, type)
    return withBias(call, [sums, c]) ?? elementwise(call, 'add', [sums, c], type)
  },
}
