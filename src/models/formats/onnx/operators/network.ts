import { turned } from '../../../linear.ts'
import type { Step } from '../../../program.ts'
import { axisOf, made, numbersIn, rounding } from '../call.ts'
import type { Call, Operator, Operators } from '../call.ts'
import { sizeOf } from '../values.ts'
import type { Constant, Rows, Value } from '../values.ts'
import { elementwise, numberOf } from './broadcast.ts'
import { linear } from './layers.ts'
import { lying, moved, placesOf, reshaped, stridesOf } from './moves.ts'
import { normalized, runsOf, unrun } from './reduce.ts'

/** Numbers [channels] as they stand beside [rows, channels, ...]. */
const byChannel = (constant: Constant, rank: number): Constant => ({ ...constant, dims: [1, constant.data.length, ...Array.from({ length: rank - 2 }, () => 1)] })

/** Where windows of a kernel lie: for each output place the input places of its window, -1 outside. */
interface Windows { readonly places: Int32Array; readonly outer: readonly number[]; readonly kernel: readonly number[] }

/** Windows over the last dimensions of [1, channels, ...]: places [channel..., output..., kernel...] in the order that `layout` asks for. */
function windowsOf(call: Call, dims: readonly number[], kernel: readonly number[], layout: 'window first' | 'channel first'): Windows {
  const { attributes } = call, rank = kernel.length, sizes = dims.slice(2), channels = dims[1]!
  const list = (name: string, otherwise: number, count: number): readonly number[] => {
    const given = attributes.ints(name, Array.from({ length: count }, () => otherwise))
    if (given.length !== count || given.some(number => number < (name === 'pads' ? 0 : 1))) throw call.broken(`${call.op} with ${name} ${given.slice(0, 8).join(', ')}`)
    return given
  }
  if (kernel.length !== sizes.length || kernel.some(size => !(Number.isInteger(size) && size >= 1))) throw call.broken(`${call.op} of a kernel [${kernel.slice(0, 8).join(', ')}] over [${dims.join(', ')}]`)
  const strides = list('strides', 1, rank), dilations = list('dilations', 1, rank), auto = attributes.text('auto_pad', 'NOTSET'), isCeil = attributes.int('ceil_mode', 0) === 1
  const spans = kernel.map((size, i) => (size - 1) * dilations[i]! + 1), pads = auto === 'NOTSET' ? [...list('pads', 0, 2 * rank)] : autoPads(call, auto, sizes, spans, strides)
  const outer = sizes.map((size, i) => {
    const steps = (size + pads[i]! + pads[i + rank]! - spans[i]!) / strides[i]!, count = (isCeil ? Math.ceil(steps) : Math.floor(steps)) + 1
    // a window that would begin in the padding at the end is none
    return isCeil && (count - 1) * strides[i]! >= size + pads[i]! ? count - 1 : count
  })
  if (outer.some(size => !(size >= 1))) throw call.broken(`${call.op} of a kernel [${kernel.join(', ')}] over [${dims.join(', ')}]`)
  const window = sizeOf(kernel), outputs = sizeOf(outer), size = numbersIn(call, [channels, outputs, window]), places = new Int32Array(size), inner = stridesOf(sizes), area = sizeOf(sizes)
  const outerStrides = stridesOf(outer), kernelStrides = stridesOf(kernel)
  for (let o = 0; o < outputs; o++) for (let k = 0; k < window; k++) {
    let place = 0
    for (let i = 0; i < rank && place >= 0; i++) {
      const at = Math.floor(o / outerStrides[i]!) % outer[i]! * strides[i]! + Math.floor(k / kernelStrides[i]!) % kernel[i]! * dilations[i]! - pads[i]!
      place = at >= 0 && at < sizes[i]! ? place + at * inner[i]! : -1
    }
    for (let c = 0; c < channels; c++) places[layout === 'window first' ? (o * channels + c) * window + k : (c * outputs + o) * window + k] = place < 0 ? -1 : c * area + place
  }
  return { places, outer, kernel }
}

function autoPads(call: Call, auto: string, sizes: readonly number[], spans: readonly number[], strides: readonly number[]): readonly number[] {
  if (auto === 'VALID') return [...sizes, ...sizes].map(() => 0)
  if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') throw call.refuse(`${call.op} with auto_pad ${auto.slice(0, 40)}`)
  const all = sizes.map((size, i) => Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + spans[i]! - size)), less = all.map(pad => Math.floor(pad / 2))
  return auto === 'SAME_UPPER' ? [...less, ...all.map((pad, i) => pad - less[i]!)] : [...all.map((pad, i) => pad - less[i]!), ...less]
}

/** [rows, channels, ...]: what convolutions and pools take. */
function image(call: Call): Rows {
  const rows = call.rows(0), { dims, batch } = rows
  if (dims.length < 3 || dims[0] !== 1 || batch > 0) throw call.refuse(`${call.op} of [${dims.join(', ')}]`, { why: 'rows, channels and at least one more dimension belong here' })
  if (rows.type !== 'float32' && rows.type !== 'float64') throw call.refuse(`${call.op} of ${rows.type}`)
  return rows
}

/** Every window is a run of numbers, and the filters are a matrix: products are summed channel by channel, then along the kernel. */
function convolution(call: Call): Value {
  const rows = image(call), weights = call.constant(1), { attributes } = call, group = attributes.int('group', 1), filters = weights.dims[0]!, channels = rows.dims[1]!
  const kernel = weights.dims.slice(2), given = attributes.ints('kernel_shape', kernel)
  if (weights.dims.length !== rows.dims.length || given.length !== kernel.length || given.some((size, i) => size !== kernel[i])) throw call.broken(`Conv of [${rows.dims.join(', ')}] with [${weights.dims.join(', ')}]`)
  if (!(group >= 1) || channels % group !== 0 || filters % group !== 0 || weights.dims[1] !== channels / group) throw call.broken(`Conv of ${channels} channels and ${filters} filters of ${weights.dims[1]} channels in ${group} groups`)
  const bias = call.has(2) ? call.constant(2).data : new Float64Array(filters), window = sizeOf(weights.dims.slice(1)), perGroup = filters / group
  if (bias.length !== filters) throw call.broken(`${bias.length} numbers to add for ${filters} filters`)
  const { places, outer } = windowsOf(call, rows.dims, kernel, 'window first'), outputs = sizeOf(outer), area = sizeOf(kernel)
  call.budget.spend(weights.data.length, call.at)
  const parts = Array.from({ length: group }, (_, g) => {
    // of each output the windows of this group's channels
    const from = group === 1 ? places : Int32Array.from({ length: outputs * window }, (_, i) => places[Math.floor(i / window) * channels * area + g * window + i % window]!)
    const patches: Rows = { ...rows, dims: [outputs, window], value: call.add({ op: 'select', of: rows.value, columns: from }) }
    const matrix = turned(weights.data.subarray(g * perGroup * window, (g + 1) * perGroup * window), perGroup, window)
    return linear(call, patches, [outputs, perGroup], window, perGroup, matrix, bias.slice(g * perGroup, (g + 1) * perGroup))
  })
  const all: Rows = parts.length === 1 ? parts[0]! : { ...parts[0]!, value: call.add({ op: 'concat', of: parts.map(part => part.value) }) }
  // [group, output, filter of the group] becomes [filter, output]
  const back = placesOf(call, [group, perGroup, outputs], [outputs * perGroup, 1, perGroup])
  return moved(call, { kind: 'rows', type: rows.type, dims: [group * outputs * perGroup], batch: rows.batch, value: all.value }, back, [1, filters, ...outer], rows.batch)
}

const pool = (what: 'largest' | 'mean'): Operator => call => {
  const rows = image(call), { attributes } = call, { places, outer, kernel } = windowsOf(call, rows.dims, attributes.ints('kernel_shape'), 'channel first'), window = sizeOf(kernel)
  if (call.wants(1)) throw call.refuse('the indices of MaxPool')
  if (attributes.int('storage_order', 0) !== 0) throw call.refuse('MaxPool in column-major order')
  const dims = { dims: [1, rows.dims[1]!, ...outer], batch: rows.batch }, countsPads = what === 'mean' && attributes.int('count_include_pad', 0) === 1
  const patches = call.add({ op: 'select', of: rows.value, columns: places, fill: what === 'largest' ? -Infinity : 0 })
  if (what === 'largest') return made(call, dims, rows.type, { op: 'reduce', fn: 'maximum', of: patches, size: window })
  if (countsPads && attributes.int('ceil_mode', 0) === 1) throw call.refuse('AveragePool that counts padding and rounds up')
  const counts = Float64Array.from({ length: places.length / window }, (_, i) => {
    let count = 0
    for (let k = 0; k < window; k++) if (countsPads || places[i * window + k]! >= 0) count++
    return count
  })
  const sums = call.add({ op: 'reduce', fn: 'sum', of: patches, size: window, ...rounding(rows.type) })
  return made(call, dims, rows.type, { op: 'binary', fn: 'divide', a: sums, b: counts, ...rounding(rows.type) })
}

const globalPool = (fn: 'maximum' | 'mean'): Operator => call => {
  const rows = image(call), size = sizeOf(rows.dims.slice(2))
  return made(call, { dims: rows.dims.map((dim, i) => i < 2 ? dim : 1), batch: rows.batch }, rows.type, { op: 'reduce', fn, of: rows.value, size, ...rounding(rows.type) })
}

/** What is computed of a number where it is below 0 (or not above it). */
function below(call: Call, other: (value: Rows) => Rows, condition: 'less' | 'lessEqual' = 'less'): Rows {
  const value = call.rows(0), isBelow = call.add({ op: 'binary', fn: condition, a: value.value, b: Float64Array.of(0) })
  return made(call, value, value.type, { op: 'where', of: isBelow, yes: other(value).value, no: value.value })
}
const scaled = (call: Call, value: Rows, factor: number): Rows => elementwise(call, 'multiply', [value, numberOf(value.type, factor)], value.type)
const plus = (call: Call, value: Rows, number: number): Rows => elementwise(call, 'add', [value, numberOf(value.type, number)], value.type)
const unary = (call: Call, value: Rows, fn: (Step & { op: 'unary' })['fn']): Rows => made(call, value, value.type, { op: 'unary', fn, of: value.value, ...rounding(value.type) })

/** e^x - 1, times alpha. */
const elu = (call: Call, value: Rows, alpha: number): Rows => scaled(call, plus(call, unary(call, value, 'exp'), -1), alpha)

function hardSigmoid(call: Call, alpha: number, beta: number): Rows {
  const value = call.rows(0), { type } = value, line = plus(call, scaled(call, value, alpha), beta)
  return elementwise(call, 'maximum', [elementwise(call, 'minimum', [line, numberOf(type, 1)], type), numberOf(type, 0)], type)
}

function gelu(call: Call): Rows {
  const value = call.rows(0), { type } = value, approximate = call.attributes.text('approximate', 'none'), half = scaled(call, value, 0.5)
  if (approximate === 'none') return elementwise(call, 'multiply', [half, plus(call, unary(call, scaled(call, value, Math.SQRT1_2), 'erf'), 1)], type)
  if (approximate !== 'tanh') throw call.refuse(`Gelu with approximate ${approximate.slice(0, 40)}`)
  const cube = elementwise(call, 'multiply', [elementwise(call, 'multiply', [value, value], type), value], type)
  const inner = scaled(call, elementwise(call, 'add', [value, scaled(call, cube, 0.044715)], type), Math.sqrt(2 / Math.PI))
  return elementwise(call, 'multiply', [half, plus(call, unary(call, inner, 'tanh'), 1)], type)
}

/** scale * (x - mean) / sqrt(variance + epsilon) + bias, of channels. */
function batchNormalization(call: Call): Value {
  const value = call.rows(0), rank = value.dims.length, [scale, bias, mean, variance] = [1, 2, 3, 4].map(i => call.constant(i)) as [Constant, Constant, Constant, Constant]
  const { attributes } = call, epsilon = Math.fround(attributes.float('epsilon', 1e-5)), channels = rank > 1 ? value.dims[1]! : 1
  attributes.ignore('momentum', 'consumed_inputs')
  if (attributes.int('training_mode', 0) !== 0 || attributes.int('is_test', 1) === 0 && call.version < 7 || attributes.int('spatial', 1) === 0) throw call.refuse('BatchNormalization in training mode, or one that is not spatial')
  if ([scale, bias, mean, variance].some(constant => constant.data.length !== channels)) throw call.broken(`BatchNormalization of ${channels} channels`)
  if (value.batch === 1) throw call.refuse('BatchNormalization of channels that the rows lie along')
  const round = value.type === 'float32' ? Math.fround : Number
  // one factor and one number to add for each channel, as ONNX Runtime makes them
  const factor: Constant = { ...scale, data: scale.data.map((number, i) => round(number * round(1 / round(Math.sqrt(round(variance.data[i]! + epsilon)))))) }
  const rest: Constant = { ...bias, data: bias.data.map((number, i) => round(number - round(mean.data[i]! * factor.data[i]!))) }
  const product = elementwise(call, 'multiply', [value, byChannel(factor, rank)], value.type)
  return elementwise(call, 'add', [product, byChannel(rest, rank)], value.type)
}

/** The last dimensions, from the axis on. */
function layerNormalization(call: Call): readonly (Value | undefined)[] {
  const value = call.rows(0), rank = value.dims.length, axis = axisOf(call, call.attributes.int('axis', -1), rank), epsilon = call.attributes.float('epsilon', 1e-5)
  call.attributes.ignore('stash_type')
  if (call.wants(1) || call.wants(2)) throw call.refuse('mean and deviation of LayerNormalization')
  const runs = runsOf(call, value, value.dims.map((_, i) => i).filter(i => i >= axis)), centered = unrun(call, runs, normalized(call, runs, epsilon), value.dims, value.batch)
  const times = elementwise(call, 'multiply', [centered, call.value(1)], value.type)
  return [call.has(2) ? elementwise(call, 'add', [times, call.value(2)], value.type) : times]
}

/** Of each row and channel by itself, or of `num_groups` groups of channels. */
function groupNormalization(call: Call, groups: (channels: number) => number): Value {
  const rows = image(call), channels = rows.dims[1]!, count = groups(channels), epsilon = call.attributes.float('epsilon', 1e-5)
  if (!(count >= 1) || channels % count !== 0) throw call.broken(`${channels} channels in ${count} groups`)
  const grouped: Rows = { ...rows, dims: [1, count, sizeOf(rows.dims) / count] }, runs = runsOf(call, grouped, [2])
  const centered = reshaped(normalized(call, runs, epsilon), rows.dims, lying(rows.batch)), rank = rows.dims.length
  const each = (constant: Constant): Constant => {
    if (constant.data.length !== channels) throw call.refuse(`${call.op} with ${constant.data.length} factors for ${channels} channels`)
    return byChannel(constant, rank)
  }
  return elementwise(call, 'add', [elementwise(call, 'multiply', [centered, each(call.constant(1))], rows.type), each(call.constant(2))], rows.type)
}

export const networks: Operators = {
  Conv: convolution, MaxPool: pool('largest'), AveragePool: pool('mean'), GlobalAveragePool: globalPool('mean'), GlobalMaxPool: globalPool('maximum'),
  BatchNormalization: call => batchNormalization(call), LayerNormalization: layerNormalization, InstanceNormalization: call => groupNormalization(call, channels => channels),
  GroupNormalization: call => {
    call.attributes.ignore('stash_type')
    return groupNormalization(call, () => call.attributes.int('num_groups'))
  },
  Swish: call => {
    const value = call.rows(0)
    return elementwise(call, 'multiply', [value, unary(call, scaled(call, value, call.attributes.float('alpha', 1)), 'sigmoid')], value.type)
  },
  LeakyRelu: call => below(call, value => scaled(call, value, call.attributes.float('alpha', 0.01))),
  PRelu: call => {
    const value = call.rows(0), product = elementwise(call, 'multiply', [value, call.value(1)], value.type), isBelow = call.add({ op: 'binary', fn: 'less', a: value.value, b: Float64Array.of(0) })
    if (sizeOf(product.dims) !== sizeOf(value.dims)) throw call.broken('PRelu whose slope has more numbers than its input')
    return made(call, value, value.type, { op: 'where', of: isBelow, yes: product.value, no: value.value })
  },
  Elu: call => below(call, value => elu(call, value, call.attributes.float('alpha', 1))),
  Celu: call => {
    const alpha = call.attributes.float('alpha', 1)
    return below(call, value => elu(call, scaled(call, value, Math.fround(1 / alpha)), alpha))
  },
  Selu: call => {
    const alpha = call.attributes.float('alpha', 1.67326319217681884765625), gamma = call.attributes.float('gamma', 1.05070102214813232421875)
    return scaled(call, below(call, value => elu(call, value, alpha), 'lessEqual'), gamma)
  },
  ThresholdedRelu: call => {
    const value = call.rows(0), isAbove = call.add({ op: 'binary', fn: 'greater', a: value.value, b: Float64Array.of(Math.fround(call.attributes.float('alpha', 1))) })
    return made(call, value, value.type, { op: 'where', of: isAbove, yes: value.value, no: Float64Array.of(0) })
  },
  HardSigmoid: call => hardSigmoid(call, call.attributes.float('alpha', 0.2), call.attributes.float('beta', 0.5)),
  HardSwish: call => {
    const value = call.rows(0)
    return elementwise(call, 'multiply', [value, hardSigmoid(call, 1 / 6, 0.5)], value.type)
  },
  Mish: call => {
    const value = call.rows(0)
    return elementwise(call, 'multiply', [value, unary(call, unary(call, value, 'softplus'), 'tanh')], value.type)
  },
  Softsign: call => {
    const value = call.rows(0)
    return elementwise(call, 'divide', [value, plus(call, unary(call, value, 'absolute'), 1)], value.type)
  },
  Gelu: gelu,
}
