import type { Binary, Operand, Step } from '../../../program.ts'
import { isFloat, made, rounding } from '../call.ts'
import type { Call } from '../call.ts'
import type { Constant, Rows, Type, Value } from '../values.ts'
import { moved, placesOf, stridesOf } from './moves.ts'

interface Broadcast { readonly operands: readonly Operand[]; readonly dims: readonly number[]; readonly batch: number }

/** Values side by side in the shape that they have together: what is repeated is repeated by a select, or as a constant. */
export function broadcast(call: Call, values: readonly Value[]): Broadcast {
  const rank = Math.max(...values.map(value => value.dims.length))
  const shapes = values.map(({ dims, batch }) => ({ dims: [...Array.from({ length: rank - dims.length }, () => 1), ...dims], batch: batch < 0 ? -1 : batch + rank - dims.length }))
  const dims = Array.from({ length: rank }, (_, i) => shapes.reduce((size, shape) => size === 1 ? shape.dims[i]! : size, 1))
  const shown = (): string => values.map(value => `[${value.dims.join(', ')}]`).join(' and ')
  if (shapes.some(shape => shape.dims.some((dim, i) => dim !== 1 && dim !== dims[i]))) throw call.broken(`${call.op} of ${shown()}`)
  const batch = shapes.reduce((found, shape) => found < 0 ? shape.batch : found, -1)
  for (const shape of shapes) {
    const apart = shape.batch >= 0 && shape.batch !== batch || batch >= 0 && shape.batch < 0 && shape.dims[batch] !== 1 || shape.batch >= 0 && shape.dims[batch] !== dims[batch]
    if (apart) throw call.refuse(`${call.op} of ${shown()}`, { why: 'rows would be mixed with others, or there would have to be a certain number of them' })
  }
  const operands = values.map((value, i): Operand => {
    const from = shapes[i]!.dims
    const size = from.reduce((product, dim) => product * dim, 1)
    if (size === 1 || from.every((dim, d) => dim === dims[d])) return call.operand(value)
    const strides = stridesOf(from).map((stride, d) => from[d] === 1 ? 0 : stride)
    return call.operand(moved(call, value, placesOf(call, dims, strides), dims, batch))
  })
  return { operands, dims, batch }
}

/** The value that an operand of one number is must be as wide as the others say. */
export function widened(call: Call, { operands, dims, batch }: Broadcast, type: Type, step: (operands: readonly Operand[]) => Step): Rows {
  return made(call, { dims, batch }, type, step(operands))
}

export function elementwise(call: Call, fn: Binary, values: readonly Value[], type: Type): Rows {
  const result = widened(call, broadcast(call, values), type, ([a, b]) => ({ op: 'binary', fn, a: a!, b: b!, ...rounding(type) }))
  // integers are divided towards zero
  return fn === 'divide' && !isFloat(type) ? made(call, result, type, { op: 'unary', fn: 'truncate', of: result.value }) : result
}

export const numberOf = (type: Type, number: number): Constant => ({ kind: 'constant', type, dims: [], batch: -1, data: Float64Array.of(type === 'float32' ? Math.fround(number) : number) })
