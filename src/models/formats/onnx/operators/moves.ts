import { axisOf, numbersIn } from '../call.ts'
import type { Call, Operators } from '../call.ts'
import { sizeOf } from '../values.ts'
import type { Constant, Value } from '../values.ts'

/** Numbers in other places, none of them computed: number i of the result is number places[i], or `fill` where that is -1. */
export function moved(call: Call, value: Value, places: Int32Array, dims: readonly number[], batch: number, fill = 0): Value {
  const same = places.length === sizeOf(value.dims) && places.every((place, i) => place === i)
  const from = same ? undefined : places
  if (value.kind === 'constant') {
    if (from === undefined) return { ...value, dims, batch }
    call.budget.spend(from.length, call.at)
    const { words, scaled } = value
    return {
      ...value, dims, batch,
      ...(words === undefined ? { data: Float64Array.from(from, place => place < 0 ? fill : value.data[place]!) } : { words: Array.from(from, place => words[place] ?? '') }),
      ...(scaled === undefined ? {} : { scaled: Uint8Array.from(from, place => scaled[place] ?? 0) }),
    }
  }
  if (from === undefined) return { ...value, dims, batch }
  const { words } = value
  return {
    ...value, dims, batch, value: call.add({ op: 'select', of: value.value, columns: from, ...(fill === 0 ? {} : { fill }) }),
    ...(words === undefined ? {} : { words: Array.from(from, place => words[place]!) }),
  }
}

/** The same numbers in the same order. */
export function reshaped(value: Value, dims: readonly number[], { batch, blocks }: Lying): Value {
  if (value.kind === 'constant') return { ...value, dims, batch }
  const { blocks: _, ...rest } = value
  return { ...rest, dims, batch, ...(blocks > 1 ? { blocks } : {}) }
}

/** Where rows lie: `Rows.batch` and `Rows.blocks`. */
export interface Lying { readonly batch: number; readonly blocks: number }
export const lying = (batch: number): Lying => ({ batch, blocks: 1 })

/** How far apart neighbours along each dimension lie. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = dims.map(() => 1)
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * dims[i + 1]!
  return strides
}

/** Places of a tensor of `dims` that is read with these strides, from `start`. */
export function placesOf(call: Call, dims: readonly number[], strides: readonly number[], start = 0): Int32Array {
  const places = new Int32Array(numbersIn(call, dims)), at = dims.map(() => 0)
  let place = start
  for (let i = 0; i < places.length; i++) {
    places[i] = place
    for (let d = dims.length - 1; d >= 0; d--) {
      place += strides[d]!
      if (++at[d]! < dims[d]!) break
      place -= strides[d]! * dims[d]!
      at[d] = 0
    }
  }
  return places
}

/** Where rows lie after a reshape. What stands before them has the same size as before, or becomes blocks of the dimension that they lie along. */
function lyingAfter(call: Call, value: Value, dims: readonly number[], marked: readonly boolean[]): Lying {
  if (value.batch < 0) return lying(-1)
  const before = sizeOf(value.dims.slice(0, value.batch)) * (value.kind === 'rows' ? value.blocks ?? 1 : 1)
  // no dimension grows with the rows: the graph takes one row at a time
  const batch = marked.indexOf(true), blocks = batch < 0 ? before : before / sizeOf(dims.slice(0, batch))
  if (Number.isInteger(blocks) && (batch < 0 ? blocks === 1 : dims[batch]! % blocks === 0)) return { batch, blocks }
  throw call.refuse(`${call.op} of [${value.dims.join(', ')}] to [${dims.join(', ')}], where rows lie along dimension ${value.batch}`, { why: 'rows would be mixed' })
}

export const moves: Operators = {
  Identity: call => call.value(0),
  Dropout: call => {
    call.attributes.ignore('ratio', 'seed', 'is_test')
    if (call.wants(1)) throw call.refuse('the mask of Dropout')
    if (call.has(2) && call.integers(2).some(training => training !== 0)) throw call.refuse('Dropout in training mode')
    return call.value(0)
  },

  Shape: call => {
    const { dims, batch } = call.value(0), start = boundOf(call.attributes.int('start', 0), dims.length), end = boundOf(call.attributes.int('end', dims.length), dims.length)
    return { kind: 'constant', type: 'int64', dims: [Math.max(0, end - start)], batch: -1, data: Float64Array.from(dims.slice(start, end)), scaled: Uint8Array.from(dims.map((_, i) => i === batch ? 1 : 0).slice(start, end)) }
  },
  Size: call => {
    const { dims, batch } = call.value(0)
    return { kind: 'constant', type: 'int64', dims: [], batch: -1, data: Float64Array.of(sizeOf(dims)), scaled: Uint8Array.of(batch >= 0 ? 1 : 0) }
  },

  Reshape: call => {
    const value = call.value(0), asked = call.version < 5 ? call.attributes.ints('shape') : call.integers(1), keepsZero = call.attributes.int('allowzero', 0) === 1
    call.attributes.ignore('consumed_inputs')
    const { scaled } = call.version < 5 ? { scaled: undefined } : call.constant(1)
    const dims = asked.map((dim, i) => dim === 0 && !keepsZero ? value.dims[i] ?? 0 : dim)
    const free = dims.indexOf(-1), size = sizeOf(value.dims), rest = sizeOf(dims.filter((_, i) => i !== free))
    if (free >= 0) dims[free] = rest === 0 ? 0 : size / rest
    if (dims.some(dim => !Number.isInteger(dim) || dim < 0) || sizeOf(dims) !== size) throw call.broken(`Reshape of [${value.dims.join(', ')}] to [${asked.slice(0, 8).join(', ')}]`)
    const copies = (i: number): boolean => asked[i] === 0 && !keepsZero && i === value.batch
    return reshaped(value, dims, lyingAfter(call, value, dims, dims.map((_, i) => scaled?.[i] === 1 || copies(i) || i === free && scaled?.includes(1) !== true && !asked.some((_, j) => copies(j)))))
  },
  Flatten: call => {
    const value = call.value(0), axis = call.attributes.int('axis', 1), at = axis < 0 ? axis + value.dims.length : axis
    if (!(at >= 0 && at <= value.dims.length)) throw call.broken(`Flatten along axis ${axis} of ${value.dims.length} dimensions`)
    return reshaped(value, [sizeOf(value.dims.slice(0, at)), sizeOf(value.dims.slice(at))], lyingAfter(call, value, [sizeOf(value.dims.slice(0, at)), sizeOf(value.dims.slice(at))], [value.batch < at, value.batch >= at]))
  },
  Squeeze: call => {
    const value = call.value(0), { dims, batch } = value
    const given = call.version < 13 ? call.attributes.ints('axes', []) : call.has(1) ? call.integers(1) : []
    const axes = given.length > 0 ? given.map(axis => axisOf(call, axis, dims.length)) : dims.flatMap((dim, i) => dim === 1 && i !== batch ? [i] : [])
    if (axes.some(axis => dims[axis] !== 1)) throw call.broken(`Squeeze of the axes ${axes.join(', ')} of [${dims.join(', ')}]`)
    if (axes.includes(batch)) throw call.refuse('Squeeze of the dimension that the rows lie along')
    return reshaped(value, dims.filter((_, i) => !axes.includes(i)), lying(batch < 0 ? -1 : batch - axes.filter(axis => axis < batch).length))
  },
  Unsqueeze: call => {
    const value = call.value(0), given = call.version < 13 ? call.attributes.ints('axes') : call.integers(1)
    const rank = value.dims.length + given.length, axes = new Set(given.map(axis => axisOf(call, axis, rank)))
    if (axes.size !== given.length) throw call.broken('Unsqueeze of an axis twice')
    const dims: number[] = []
    let from = 0, batch = -1
    for (let i = 0; i < rank; i++) {
      if (axes.has(i)) dims.push(1)
      else {
        if (from === value.batch) batch = i
        dims.push(value.dims[from++]!)
      }
    }
    return reshaped(value, dims, lying(batch))
  },

  Transpose: call => {
    const value = call.value(0), { dims } = value, rank = dims.length, strides = stridesOf(dims)
    const order = call.attributes.ints('perm', dims.map((_, i) => rank - 1 - i))
    if (order.length !== rank || new Set(order).size !== rank || order.some(axis => !(axis >= 0 && axis < rank))) throw call.broken(`Transpose of ${rank} dimensions in the order ${order.join(', ')}`)
    const into = order.map(axis => dims[axis]!)
    return moved(call, value, placesOf(call, into, order.map(axis => strides[axis]!)), into, order.indexOf(value.batch))
  },
  Expand: call => {
    const value = call.value(0), { data, scaled } = call.constant(1), rank = Math.max(value.dims.length, data.length)
    const from = [...Array.from({ length: rank - value.dims.length }, () => 1), ...value.dims], to = [...Array.from({ length: rank - data.length }, () => 1), ...data]
    const isScaled = (i: number): boolean => scaled?.[i - (rank - data.length)] === 1
    const own = value.batch < 0 ? -1 : value.batch + rank - value.dims.length, wanted = to.findIndex((_, i) => isScaled(i))
    if (own >= 0 && to[own] !== 1 && !isScaled(own)) throw call.refuse('Expand of the dimension that the rows lie along')
    return spread(call, value, from, to, own >= 0 ? own : wanted)
  },
  Tile: call => {
    const value = call.value(0), repeats = call.integers(1)
    if (call.constant(1).scaled?.includes(1) === true) throw call.refuse('Tile by the number of rows')
    if (repeats.length !== value.dims.length || repeats.some(repeat => !Number.isInteger(repeat) || repeat < 0)) throw call.broken(`Tile of ${value.dims.length} dimensions by ${repeats.slice(0, 8).join(', ')}`)
    if (value.batch >= 0 && repeats[value.batch] !== 1) throw call.refuse('Tile of the dimension that the rows lie along')
    const strides = stridesOf(value.dims), dims = value.dims.flatMap((dim, i) => [repeats[i]!, dim])
    const places = placesOf(call, dims, value.dims.flatMap((_, i) => [0, strides[i]!]))
    return moved(call, value, places, value.dims.map((dim, i) => dim * repeats[i]!), value.batch)
  },
  ConstantOfShape: call => {
    const { data, scaled } = call.constant(0), given = call.attributes.tensor('value'), dims = [...data]
    if (dims.some(dim => !Number.isInteger(dim) || dim < 0)) throw call.broken(`ConstantOfShape of [${dims.slice(0, 8).join(', ')}]`)
    const size = numbersIn(call, dims)
    call.budget.spend(size, call.at)
    const common = { kind: 'constant', dims, batch: scaled?.indexOf(1) ?? -1 } as const
    return given === undefined ? { ...common, type: 'float32', data: new Float64Array(size) } : { ...common, type: given.type, data: new Float64Array(size).fill(given.data[0] ?? 0) }
  },
  Constant: call => constantGiven(call),
}

/** A dimension of size 1 is repeated as often as the other says. */
function spread(call: Call, value: Value, from: readonly number[], to: readonly number[], batch: number): Value {
  const dims = from.map((dim, i) => dim === 1 ? to[i]! : dim)
  if (from.some((dim, i) => dim !== 1 && to[i] !== 1 && to[i] !== dim) || dims.some(dim => !Number.isInteger(dim) || dim < 0)) throw call.broken(`${call.op} of [${from.join(', ')}] to [${to.slice(0, 8).join(', ')}]`)
  const strides = stridesOf(from).map((stride, i) => from[i] === 1 ? 0 : stride)
  return moved(call, value, placesOf(call, dims, strides), dims, batch)
}

const boundOf = (bound: number, size: number): number => Math.max(0, Math.min(size, bound < 0 ? bound + size : bound))

function constantGiven(call: Call): Constant {
  const { attributes } = call, tensor = attributes.tensor('value')
  if (tensor !== undefined) return tensor
  const common = { kind: 'constant', batch: -1, data: new Float64Array() } as const
  if (attributes.has('value_float')) return { ...common, type: 'float32', dims: [], data: Float64Array.of(attributes.float('value_float')) }
  if (attributes.has('value_int')) return { ...common, type: 'int64', dims: [], data: Float64Array.of(attributes.int('value_int')) }
  if (attributes.has('value_string')) return { ...common, type: 'string', dims: [], words: [attributes.text('value_string')] }
  if (attributes.has('value_floats')) return { ...common, type: 'float32', dims: [attributes.floats('value_floats').length], data: Float64Array.from(attributes.floats('value_floats')) }
  if (attributes.has('value_ints')) return { ...common, type: 'int64', dims: [attributes.ints('value_ints').length], data: Float64Array.from(attributes.ints('value_ints')) }
  return { ...common, type: 'string', dims: [attributes.texts('value_strings').length], words: attributes.texts('value_strings') }
}
