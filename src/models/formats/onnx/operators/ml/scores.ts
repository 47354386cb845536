import type { Binary, Operand, Unary } from '../../../../program.ts'
import type { Call } from '../../call.ts'
import { sizeOf, wordsOf } from '../../values.ts'
import type { Rows } from '../../values.ts'

/** Steps in float32 by their names. */
interface Floats { unary(fn: Unary, of: number): number; binary(fn: Binary, a: Operand, b: Operand): number; where(of: number, yes: Operand, no: Operand): number }
export const floats = (call: Call): Floats => ({
  unary: (fn, of) => call.add({ op: 'unary', fn, of, float32: true }),
  binary: (fn, a, b) => call.add({ op: 'binary', fn, a, b, float32: true }),
  where: (of, yes, no) => call.add({ op: 'where', of, yes, no }),
})
export const one = (x: number): Float64Array => Float64Array.of(Math.fround(x))

const TRANSFORMS = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'] as const
export type Transform = typeof TRANSFORMS[number]
export function transformOf(call: Call): Transform {
  const given = call.attributes.text('post_transform', 'NONE'), found = TRANSFORMS.find(name => name === given)
  if (found === undefined) throw call.refuse(`the post_transform ${given.slice(0, 40)}`)
  return found
}

/** Of each run of `size` scores. */
export function transformed(call: Call, transform: Transform, of: number, size: number): number {
  switch (transform) {
    case 'NONE': return of
    case 'LOGISTIC': return logistic(call, of)
    case 'SOFTMAX': return call.add({ op: 'softmax', of, size, float32: true })
    case 'SOFTMAX_ZERO': return softmaxZero(call, of, size)
    case 'PROBIT': return probit(call, of)
  }
}

/** As ONNX Runtime: of -x it is 1 - that of x. */
export function logistic(call: Call, of: number): number {
  const { unary, binary, where } = floats(call), upper = unary('sigmoid', unary('absolute', of))
  return where(binary('less', of, one(0)), binary('subtract', one(1), upper), upper)
}

/** A score of 0 has no part in the sum, it stays small. */
function softmaxZero(call: Call, of: number, size: number): number {
  const { unary, binary, where } = floats(call), each = Int32Array.from({ length: call.width(of) }, (_, i) => Math.floor(i / size))
  const repeated = (value: number): number => call.add({ op: 'select', of: value, columns: each })
  const largest = repeated(call.add({ op: 'reduce', fn: 'maximum', of, size })), isSome = binary('greater', unary('absolute', of), one(0.0000001))
  const power = unary('exp', binary('subtract', of, largest)), sum = repeated(call.add({ op: 'reduce', fn: 'sum', of: where(isSome, power, one(0)), size, float32: true }))
  return binary('divide', where(isSome, power, binary('multiply', of, unary('exp', unary('negate', largest)))), sum)
}

/** Winitzki's formula for the inverse of erf, as ONNX Runtime has it, with 0.147 and 2 / (0.147 π). */
function probit(call: Call, of: number): number {
  const { unary, binary } = floats(call), x = binary('subtract', binary('multiply', of, one(2)), one(1))
  const log = unary('log', binary('multiply', binary('subtract', one(1), x), binary('add', one(1), x)))
  const v = binary('add', one(4.330750465393066), binary('multiply', log, one(0.5))), v2 = binary('multiply', log, one(1 / Math.fround(0.147)))
  const root = unary('sqrt', binary('subtract', unary('sqrt', binary('subtract', binary('multiply', v, v), v2)), v))
  const sign = call.add({ op: 'where', of: binary('less', x, one(0)), yes: one(-1), no: one(1) })
  return binary('multiply', binary('multiply', sign, root), one(Math.SQRT2))
}

/** classlabels_strings or classlabels_int64s. */
type Labels = { readonly words: readonly string[] } | { readonly numbers: readonly number[] }
export function labelsOf(call: Call, strings: string, ints: string): Labels {
  const words = call.attributes.texts(strings, []), numbers = call.attributes.ints(ints, [])
  if (words.length > 0 === numbers.length > 0) throw call.broken(`${words.length} words and ${numbers.length} numbers as labels`)
  return words.length > 0 ? { words } : { numbers }
}
export const labelCount = (labels: Labels): number => 'words' in labels ? labels.words.length : labels.numbers.length

/** The labels that indices stand for. `value`: one index a row. */
export function labelled(call: Call, labels: Labels, value: number, batch: number): Rows {
  const common = { kind: 'rows', dims: [1], batch: batch < 0 ? -1 : 0 } as const
  if ('numbers' in labels) {
    const { numbers } = labels, isPlain = numbers.every((number, i) => number === i)
    return { ...common, type: 'int64', classes: numbers, value: isPlain ? value : call.add({ op: 'lookup', of: value, width: 1, values: Float64Array.from(numbers), otherwise: Float64Array.of(NaN) }) }
  }
  const words = wordsOf(labels.words), isPlain = words.list.length === labels.words.length
  const codes = isPlain ? value : call.add({ op: 'lookup', of: value, width: 1, values: Float64Array.from(labels.words, word => words.codes.get(word)!), otherwise: Float64Array.of(-1) })
  return { ...common, type: 'string', words: [words], classes: labels.words, value: codes }
}

/** Numbers, a row a record. */
export function table(call: Call, input: number): Rows {
  const rows = call.rows(input), { dims, batch, type } = rows
  if (type === 'string') throw call.refuse(`${call.op} of words`)
  if (dims.length > 2 || batch > 0 || dims.length === 2 && dims[0] !== 1) throw call.refuse(`${call.op} of [${dims.join(', ')}]`, { why: 'a matrix with a row a record belongs here' })
  return rows
}

/** A matrix [rows, width] of floats: what classical models take. */
export interface Matrix { readonly value: number; readonly width: number; readonly batch: number }
export function matrix(call: Call, input: number): Matrix {
  const rows = table(call, input), { dims, batch, type } = rows
  const value = type === 'float32' || type === 'bool' ? rows.value : call.add({ op: 'unary', fn: 'same', of: rows.value, float32: true })
  return { value, width: dims.length === 2 ? dims[1]! : sizeOf(dims), batch }
}
