import type { Binary, Operand, Step, Unary } from '../../../program.ts'
import { isFloat, made, rounding } from '../call.ts'
import type { Call, Operator, Operators } from '../call.ts'
import { sizeOf, typeName, typeOf } from '../values.ts'
import type { Constant, Type, Value } from '../values.ts'
import { broadcast, elementwise, numberOf, widened } from './broadcast.ts'
import { withBias } from './layers.ts'
import { united } from './words.ts'

function numbers(call: Call, value: Value): Value {
  if (value.type === 'string') throw call.refuse(`${call.op} of words`)
  return value
}
const sameType = (call: Call, values: readonly Value[]): Type => {
  const { type } = values[0]!
  if (values.some(value => value.type !== type)) throw call.broken(`${call.op} of ${values.map(value => value.type).join(' and ')}`)
  return type
}

const unary = (fn: Unary, result: (type: Type) => Type = type => type): Operator => call => {
  call.attributes.ignore('consumed_inputs')
  const rows = call.rows(0)
  numbers(call, rows)
  return made(call, rows, result(rows.type), { op: 'unary', fn, of: rows.value, ...rounding(result(rows.type)) })
}

/** For two tensors. `scales`: what a number that grows with the rows becomes. */
const arithmetic = (fn: Binary): Operator => call => {
  // before version 7 a tensor was only repeated where the attribute broadcast said so
  if (call.version < 7 && call.attributes.int('broadcast', 0) !== 0) throw call.refuse(`${call.op} of version ${call.version} with broadcast`, { why: 'it repeats a tensor by other rules than later versions', fix: 'export it with a newer target_opset' })
  call.attributes.ignore('consumed_inputs')
  const values = [numbers(call, call.value(0)), numbers(call, call.value(1))], type = sameType(call, values)
  return scaledResult(call, fn, values) ?? (fn === 'add' ? withBias(call, values) : undefined) ?? elementwise(call, fn, values, type)
}

/** A dimension that grows with the rows, times or by a number: [N, 4, 4, 8] flattened to N * 128. */
function scaledResult(call: Call, fn: Binary, values: readonly Value[]): Constant | undefined {
  const [a, b] = values as [Value, Value]
  if (a.kind === 'rows' || b.kind === 'rows') return undefined
  const isScaled = (constant: Constant): boolean => constant.scaled?.includes(1) === true
  if (!isScaled(a) && !isScaled(b) || fn !== 'multiply' && fn !== 'divide' || a.data.length !== 1 && b.data.length !== 1) return undefined
  if (isScaled(a) && isScaled(b) || fn === 'divide' && isScaled(b)) return undefined
  const many = a.data.length === 1 ? b : a, at = (constant: Constant, i: number): number => constant.data[constant.data.length === 1 ? 0 : i]!
  const data = Float64Array.from(many.data, (_, i) => fn === 'multiply' ? at(a, i) * at(b, i) : Math.trunc(at(a, i) / at(b, i)))
  const scaled = Uint8Array.from(many.data, (_, i) => (a.scaled?.[a.data.length === 1 ? 0 : i] ?? 0) | (b.scaled?.[b.data.length === 1 ? 0 : i] ?? 0))
  return { kind: 'constant', type: many.type, dims: a.dims.length > b.dims.length ? a.dims : b.dims, batch: -1, data, scaled }
}

const comparison = (fn: Binary): Operator => call => {
  const values = [call.value(0), call.value(1)]
  if (sameType(call, values) === 'string') {
    if (fn !== 'equal') throw call.broken(`${call.op} of words`)
    const { codes } = united(call, values, true)
    return widened(call, broadcast(call, codes), 'bool', ([a, b]) => ({ op: 'binary', fn, a: a!, b: b! }))
  }
  // how many rows there are is no number below 0: exporters compare a shape with -1
  const [a, b] = values as [Value, Value]
  if (fn === 'equal' && a.kind === 'constant' && b.kind === 'constant' && (a.scaled ?? b.scaled) !== undefined) {
    const [shape, other] = a.scaled === undefined ? [b, a] : [a, b]
    if (other.data.every(number => number < 0) && other.scaled === undefined) return { kind: 'constant', type: 'bool', dims: shape.dims, batch: -1, data: shape.data.map(() => 0) }
  }
  return widened(call, broadcast(call, values), 'bool', ([left, right]) => ({ op: 'binary', fn, a: left!, b: right! }))
}

/** Of any number of tensors, from the first to the last. */
const many = (fn: Binary): Operator => call => {
  const values = Array.from({ length: call.inputs }, (_, i) => numbers(call, call.value(i)))
  if (values.length === 0) throw call.broken(`${call.op} of nothing`)
  const type = sameType(call, values)
  return values.slice(1).reduce<Value>((sum, value) => elementwise(call, fn, [sum, value], type), values[0]!)
}

function clip(call: Call): Value {
  const value = numbers(call, call.value(0))
  const bound = (name: string, input: number): Value | undefined => {
    if (call.version >= 11) return call.has(input) ? call.value(input) : undefined
    return call.attributes.has(name) ? numberOf(value.type, call.attributes.float(name)) : undefined
  }
  const low = bound('min', 1), high = bound('max', 2)
  const raised = low === undefined ? value : elementwise(call, 'maximum', [value, low], value.type)
  return high === undefined ? raised : elementwise(call, 'minimum', [raised, high], value.type)
}

function cast(call: Call): Value {
  const to = call.attributes.int('to'), type = typeOf(to), value = call.value(0)
  call.attributes.ignore('saturate', 'round_mode')
  if (type === undefined) throw call.refuse(`Cast to ${typeName(to)}`, { fix: 'export it in float' })
  return converted(call, value, type)
}

export function converted(call: Call, value: Value, type: Type): Value {
  if (value.type === type) return value
  if (value.type === 'string' || type === 'string') throw call.refuse(`Cast from ${value.type} to ${type}`)
  if (value.kind === 'constant') {
    const into = type === 'float32' ? Math.fround : isFloat(type) ? Number : type === 'bool' ? (x: number) => x === 0 ? 0 : 1 : Math.trunc
    return { ...value, type, data: value.data.map(into) }
  }
  const step = (): Step | undefined => {
    if (type === 'bool') return { op: 'binary', fn: 'notEqual', a: value.value, b: Float64Array.of(0) }
    if (isFloat(type)) return type === 'float32' && value.type !== 'bool' ? { op: 'unary', fn: 'same', of: value.value, float32: true } : undefined
    return isFloat(value.type) ? { op: 'unary', fn: 'truncate', of: value.value } : undefined
  }
  const found = step()
  return { ...value, type, ...(found === undefined ? {} : { value: call.add(found) }) }
}

function where(call: Call): Value {
  const values = [call.value(0), call.value(1), call.value(2)], [when, yes, no] = values as [Value, Value, Value]
  if (when.type !== 'bool') throw call.broken('Where of what is not bool')
  const type = sameType(call, [yes, no])
  // of a shape: one of the two is known to be taken
  if (when.kind === 'constant' && yes.kind === 'constant' && no.kind === 'constant' && (yes.scaled ?? no.scaled) !== undefined && when.data.every(truth => truth === when.data[0])) return when.data[0] === 0 ? no : yes
  const step = ([a, b, c]: readonly Operand[]): Step => {
    const of = typeof a === 'number' ? a : call.add({ op: 'concat', of: [a!] })
    return { op: 'where', of, yes: b!, no: c! }
  }
  if (type !== 'string') return widened(call, broadcast(call, values), type, step)
  const { codes, words } = united(call, [yes, no], false), together = broadcast(call, [when, ...codes])
  return { ...widened(call, together, 'string', step), words: Array.from({ length: sizeOf(together.dims) }, () => words) }
}

export const elements: Operators = {
  Abs: unary('absolute'), Neg: unary('negate'), Sign: unary('sign'), Not: unary('not'), IsNaN: unary('isMissing', () => 'bool'), Floor: unary('floor'), Ceil: unary('ceiling'),
  Round: unary('round'), Reciprocal: unary('reciprocal'), Sqrt: unary('sqrt'), Exp: unary('exp'), Log: unary('log'), Sin: unary('sin'), Cos: unary('cos'), Tan: unary('tan'),
  Asin: unary('asin'), Acos: unary('acos'), Atan: unary('atan'), Sinh: unary('sinh'), Cosh: unary('cosh'), Tanh: unary('tanh'), Erf: unary('erf'), Sigmoid: unary('sigmoid'),
  Relu: unary('relu'), Softplus: unary('softplus'),
  Add: arithmetic('add'), Sub: arithmetic('subtract'), Mul: arithmetic('multiply'), Div: arithmetic('divide'),
  And: comparison('and'), Or: comparison('or'), Xor: comparison('xor'), Equal: comparison('equal'), Less: comparison('less'), LessOrEqual: comparison('lessEqual'),
  Greater: comparison('greater'), GreaterOrEqual: comparison('greaterEqual'),
  Sum: many('add'), Max: many('maximum'), Min: many('minimum'),
  Mean: call => {
    const sum = many('add')(call) as Value
    return elementwise(call, 'divide', [sum, numberOf(sum.type, call.inputs)], sum.type)
  },
  Pow: call => {
    const value = numbers(call, call.value(0)), power = numbers(call, call.value(1))
    const square = power.kind === 'constant' && power.data.length === 1 && power.data[0] === 2
    return square ? elementwise(call, 'multiply', [value, value], value.type) : elementwise(call, 'power', [value, power], value.type)
  },
  Mod: call => {
    const values = [numbers(call, call.value(0)), numbers(call, call.value(1))]
    return elementwise(call, call.attributes.int('fmod', 0) === 1 ? 'remainder' : 'modulo', values, sameType(call, values))
  },
  Clip: clip, Cast: cast, Where: where,
  CastLike: call => converted(call, call.value(0), call.value(1).type),
}
