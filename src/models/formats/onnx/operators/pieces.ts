import { axisOf, numbersIn } from '../call.ts'
import type { Call, Operators } from '../call.ts'
import { sizeOf, wordsOf } from '../values.ts'
import type { Constant, Rows, Value } from '../values.ts'
import { moved, placesOf, stridesOf } from './moves.ts'
import { united } from './words.ts'

const notRows = (call: Call, value: Value, axis: number): void => {
  if (axis === value.batch) throw call.refuse(`${call.op} along the dimension that the rows lie along`, { why: 'a record is answered without knowing others' })
}

/** Tensors one after the other along an axis. */
export function joined(call: Call, values: readonly Value[], axis: number): Value {
  const [first] = values
  if (first === undefined) throw call.broken(`${call.op} of nothing`)
  if (values.some(value => value.type !== first.type || value.dims.length !== first.dims.length || value.dims.some((dim, i) => i !== axis && dim !== first.dims[i]))) {
    throw call.broken(`${call.op} of ${values.map(value => `${value.type} [${value.dims.join(', ')}]`).slice(0, 8).join(', ')}`)
  }
  const batch = Math.max(...values.map(value => value.batch))
  for (const value of values) {
    if (value.kind === 'rows' && value.batch !== batch) throw call.refuse(`${call.op} of tensors whose rows lie along different dimensions`)
    if (value.batch >= 0 && first.batch !== axis) notRows(call, value, axis)
  }
  if (axis === first.batch) return blocks(call, values, axis)
  const dims = first.dims.map((dim, i) => i === axis ? values.reduce((sum, value) => sum + value.dims[axis]!, 0) : dim)
  numbersIn(call, dims)
  const outer = sizeOf(dims.slice(0, axis)), inner = sizeOf(dims.slice(axis + 1))
  // side by side, and then row by row of what stands before the axis
  const places = (): Int32Array => {
    const into = new Int32Array(sizeOf(dims))
    let to = 0
    const starts: number[] = []
    values.reduce((start, value) => { starts.push(start); return start + sizeOf(value.dims) }, 0)
    for (let o = 0; o < outer; o++) for (const [i, value] of values.entries()) {
      const run = value.dims[axis]! * inner
      for (let k = 0; k < run; k++) into[to++] = starts[i]! + o * run + k
    }
    return into
  }
  if (values.every(value => value.kind === 'constant')) {
    const scaled = values.some(value => value.scaled !== undefined) ? { scaled: Uint8Array.from(values.flatMap(value => [...value.scaled ?? value.data.map(() => 0)])) } : {}
    call.budget.spend(sizeOf(dims), call.at)
    const all: Constant = first.kind === 'constant' && first.words !== undefined
      ? { ...first, words: values.flatMap(value => value.words ?? []) } : { kind: 'constant', type: first.type, dims, batch, data: concatenated(values), ...scaled }
    return moved(call, { ...all, dims: [sizeOf(dims)] }, places(), dims, batch)
  }
  if (values.some(value => value.type === 'string' && value.kind === 'constant')) {
    const { codes, words } = united(call, values, false), together = joined(call, codes, axis)
    return { ...call.asRows(together), type: 'string', words: Array.from({ length: sizeOf(dims) }, () => words) }
  }
  const filled = values.filter(value => sizeOf(value.dims) > 0)
  const words = filled.flatMap(value => value.kind === 'rows' ? value.words ?? [] : [])
  const together: Value = filled.length === 1 ? filled[0]! : { kind: 'rows', type: first.type, dims: [sizeOf(dims)], batch: -1, value: call.add({ op: 'concat', of: filled.map(value => call.operand(value)) }), ...(words.length > 0 ? { words } : {}) }
  return moved(call, { ...together, dims: [sizeOf(dims)] }, places(), dims, batch)
}

/** All rows of the first, then all of the second, ...: of one row they stand side by side. */
function blocks(call: Call, values: readonly Value[], axis: number): Value {
  const [first] = values as [Value]
  if (values.some(value => value.kind === 'constant' || value.words !== undefined || value.batch !== axis) || sizeOf(first.dims.slice(0, axis + 1)) !== 1) notRows(call, first, axis)
  const value = call.add({ op: 'concat', of: values.map(of => call.operand(of)) })
  return { kind: 'rows', type: first.type, dims: first.dims.map((dim, i) => i === axis ? values.length : dim), batch: axis, value, blocks: values.length }
}

function concatenated(values: readonly Constant[]): Float64Array {
  const all = new Float64Array(values.reduce((sum, value) => sum + value.data.length, 0))
  let at = 0
  for (const { data } of values) {
    all.set(data, at)
    at += data.length
  }
  return all
}

/** The indices of an axis that are taken. */
export function gathered(call: Call, value: Value, axis: number, indices: readonly number[], shape: readonly number[]): Value {
  const { dims, batch } = value, size = dims[axis]!
  notRows(call, value, axis)
  const at = indices.map(index => index < 0 ? index + size : index), wrong = at.findIndex(index => !Number.isInteger(index) || index < 0 || index >= size)
  if (wrong >= 0) throw call.broken(`${call.op} of index ${indices[wrong]} of ${size}`)
  const into = [...dims.slice(0, axis), ...shape, ...dims.slice(axis + 1)]
  numbersIn(call, into)
  const outer = sizeOf(dims.slice(0, axis)), inner = sizeOf(dims.slice(axis + 1)), places = new Int32Array(sizeOf(into))
  let to = 0
  for (let o = 0; o < outer; o++) for (const index of at) for (let i = 0; i < inner; i++) places[to++] = (o * size + index) * inner + i
  return moved(call, value, places, into, batch < axis ? batch : batch + shape.length - 1)
}

/** What of a table of constants a value names, along an axis. A row that names what is not there is rejected, as ONNX Runtime does. */
export function taken(call: Call, table: Constant, axis: number, at: Value, dims: readonly number[], batch: number, isFromEnd: boolean): Value {
  if (at.kind === 'constant') throw call.broken('a table and places that are both constants')
  if (table.batch >= 0) throw call.refuse(`${call.op} from what rows lie along`)
  const size = table.dims[axis]!, outer = sizeOf(table.dims.slice(0, axis)), inner = sizeOf(table.dims.slice(axis + 1)), width = outer * inner, count = sizeOf(at.dims)
  if (size === 0 || width === 0) throw call.refuse(`${call.op} from a tensor of [${table.dims.join(', ')}]`)
  // [size, outer, inner]: all of a place side by side
  const turned = outer === 1 ? table : moved(call, table, placesOf(call, [size, outer, inner], [inner, size * inner, 1]), [size, outer, inner], -1) as Constant
  const places = at.place === true ? at.value : checked(call, at, size, isFromEnd)
  const lookUp = (values: Float64Array, otherwise: number): Rows => {
    const of = call.add({ op: 'lookup', of: places, width, values, otherwise: new Float64Array(width).fill(otherwise) })
    return call.asRows(moved(call, { kind: 'rows', type: table.type, dims: [count, outer, inner], batch: -1, value: of }, placesOf(call, [outer, count, inner], [inner, width, 1]), dims, batch))
  }
  call.budget.spend(width, call.at)
  if (turned.words === undefined) return { ...lookUp(turned.data, NaN), ...(width === 1 && table.type.startsWith('int') ? { classes: [...table.data] } : {}) }
  const list = wordsOf(turned.words), codes = Float64Array.from(turned.words, word => list.codes.get(word)!)
  return { ...lookUp(codes, -1), words: Array.from({ length: sizeOf(dims) }, () => list), ...(width === 1 ? { classes: list.list } : {}) }
}

/** Places of a list; they may count from its end where they are negative. */
function checked(call: Call, at: Rows, size: number, isFromEnd: boolean): number {
  const is = (fn: 'less' | 'greaterEqual', bound: number): number => call.add({ op: 'binary', fn, a: at.value, b: Float64Array.of(bound) })
  const outside = call.add({ op: 'binary', fn: 'or', a: is('less', isFromEnd ? -size : 0), b: is('greaterEqual', size) })
  call.reject(call.add({ op: 'reduce', fn: 'maximum', of: outside, size: sizeOf(at.dims) }), `${call.at}: a place that is not among ${size}`)
  if (!isFromEnd) return at.value
  return call.add({ op: 'where', of: is('less', 0), yes: call.add({ op: 'binary', fn: 'add', a: at.value, b: Float64Array.of(size) }), no: at.value })
}

export const pieces: Operators = {
  Concat: call => {
    const values = Array.from({ length: call.inputs }, (_, i) => call.value(i))
    return joined(call, values, axisOf(call, call.version < 4 ? call.attributes.int('axis', 1) : call.attributes.int('axis'), values[0]?.dims.length ?? 0))
  },
  Gather: call => {
    const value = call.value(0), at = call.value(1), axis = axisOf(call, call.attributes.int('axis', 0), value.dims.length)
    if (at.kind === 'constant') return gathered(call, value, axis, [...at.data], at.dims)
    if (value.kind === 'constant') return taken(call, value, axis, at, [...value.dims.slice(0, axis), ...at.dims, ...value.dims.slice(axis + 1)], at.batch < 0 ? -1 : axis + at.batch, true)
    throw call.refuse('Gather of a value at places that differ from row to row')
  },
  GatherElements: call => {
    const value = call.rows(0), at = call.value(1), axis = axisOf(call, call.attributes.int('axis', 0), value.dims.length)
    notRows(call, value, axis)
    if (at.kind === 'constant' || sizeOf(value.dims) !== value.dims[axis]) throw call.refuse('GatherElements of more than one list of numbers')
    return { kind: 'rows', type: value.type, dims: at.dims, batch: at.batch, value: call.add({ op: 'take', of: value.value, at: at.value }) }
  },
  Slice: call => {
    const value = call.value(0), { dims } = value, isOld = call.version < 10
    const starts = isOld ? call.attributes.bounds('starts') : call.integers(1), ends = isOld ? call.attributes.bounds('ends') : call.integers(2)
    const axes = isOld ? call.attributes.ints('axes', starts.map((_, i) => i)) : call.has(3) ? call.integers(3) : starts.map((_, i) => i)
    const steps = isOld || !call.has(4) ? starts.map(() => 1) : call.integers(4)
    if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) throw call.broken('Slice with lists of different lengths')
    const strides = stridesOf(dims), into = [...dims], by = [...strides]
    let first = 0
    for (const [i, given] of axes.entries()) {
      const axis = axisOf(call, given, dims.length), size = dims[axis]!, step = steps[i]!
      if (!Number.isInteger(step) || step === 0) throw call.broken(`Slice in steps of ${step}`)
      const clamp = (at: number, low: number, high: number): number => Math.max(low, Math.min(high, at < 0 ? at + size : at))
      const from = step > 0 ? clamp(starts[i]!, 0, size) : clamp(starts[i]!, 0, size - 1), to = step > 0 ? clamp(ends[i]!, 0, size) : clamp(ends[i]!, -1, size - 1)
      const count = Math.max(0, Math.ceil((to - from) / step))
      // all of the rows, from the first to the last
      if (axis === value.batch && !(step === 1 && starts[i] === 0 && ends[i]! >= 2 ** 31 - 1)) throw call.refuse('Slice of the dimension that the rows lie along')
      if (axis === value.batch) continue
      into[axis] = count
      by[axis] = strides[axis]! * step
      first += from * strides[axis]!
    }
    return moved(call, value, placesOf(call, into, by, first), into, value.batch)
  },
  Split: call => {
    const value = call.value(0), axis = axisOf(call, call.attributes.int('axis', 0), value.dims.length), size = value.dims[axis]!
    notRows(call, value, axis)
    const count = call.outputs, part = Math.ceil(size / count)
    if (call.version >= 18 && call.attributes.int('num_outputs', count) !== count) throw call.broken(`Split with ${count} outputs and another num_outputs`)
    const given = call.version < 13 ? call.attributes.ints('split', []) : call.has(1) ? call.integers(1) : []
    const lengths = given.length > 0 ? given : Array.from({ length: count }, (_, i) => Math.min(part, size - i * part))
    if (lengths.length !== call.outputs || lengths.some(length => !(length >= 0)) || lengths.reduce((sum, length) => sum + length, 0) !== size) throw call.broken(`Split of ${size} into ${lengths.slice(0, 8).join(', ')}`)
    let from = 0
    return lengths.map((length, i) => {
      const start = from
      from += length
      return call.wants(i) ? gathered(call, value, axis, Array.from({ length }, (_, k) => start + k), [length]) : undefined
    })
  },
  Range: call => {
    const [start, limit, delta] = [0, 1, 2].map(i => call.constant(i).data[0] ?? NaN) as [number, number, number], count = Math.max(0, Math.ceil((limit - start) / delta))
    if ([0, 1, 2].some(i => call.constant(i).scaled?.includes(1) === true)) throw call.refuse('Range up to the number of rows')
    call.budget.spend(numbersIn(call, [count]), call.at)
    return { kind: 'constant', type: call.constant(0).type, dims: [count], batch: -1, data: Float64Array.from({ length: count }, (_, i) => start + i * delta) }
  },
  OneHot: call => {
    const value = call.rows(0), [depth = 0] = call.integers(1), [off = 0, on = 1] = call.constant(2).data, axis = axisOf(call, call.attributes.int('axis', -1), value.dims.length + 1)
    if (axis !== value.dims.length || call.constant(1).scaled !== undefined) throw call.refuse('OneHot along another axis than a last one')
    if (!Number.isInteger(depth) || depth < 1) throw call.broken(`OneHot of ${depth} values`)
    call.budget.spend(2 * numbersIn(call, [depth, depth]), call.at)
    // a place counts from the end where it is negative
    const table = new Float64Array(2 * depth * depth).fill(off)
    for (let i = 0; i < 2 * depth; i++) table[i * depth + i % depth] = on
    const keys = Float64Array.from({ length: 2 * depth }, (_, i) => i - depth)
    return { kind: 'rows', type: call.constant(2).type, dims: [...value.dims, depth], batch: value.batch, value: call.add({ op: 'lookup', of: value.value, keys, width: depth, values: table, otherwise: new Float64Array(depth).fill(off) }) }
  },
  Pad: call => {
    const value = call.value(0), { dims } = value, rank = dims.length, mode = call.attributes.text('mode', 'constant')
    const given = call.version < 11 ? call.attributes.ints('pads') : call.integers(1), axes = call.version >= 18 && call.has(3) ? call.integers(3).map(axis => axisOf(call, axis, rank)) : dims.map((_, i) => i)
    const fill = call.version < 11 ? call.attributes.float('value', 0) : call.has(2) ? call.constant(2).data[0] ?? 0 : 0
    if (given.length !== 2 * axes.length || given.some(pad => !Number.isInteger(pad))) throw call.broken(`Pad of ${rank} dimensions by ${given.slice(0, 8).join(', ')}`)
    if (!Object.hasOwn(OUTSIDE, mode) || value.type === 'string') throw call.refuse(`Pad in the mode ${mode.slice(0, 40)}`)
    const before = dims.map(() => 0), into = [...dims]
    for (const [i, axis] of axes.entries()) {
      before[axis] = given[i]!
      into[axis] = dims[axis]! + given[i]! + given[i + axes.length]!
      if (axis === value.batch && (given[i] !== 0 || given[i + axes.length] !== 0)) throw call.refuse('Pad of the dimension that the rows lie along')
    }
    if (into.some(dim => dim < 0)) throw call.broken(`Pad of [${dims.join(', ')}] to [${into.join(', ')}]`)
    return moved(call, value, padded(call, dims, into, before, OUTSIDE[mode]!), into, value.batch, fill)
  },
}

/** What of a dimension stands at a place outside of it, -1: nothing. Mirrors stand on the first and the last. */
const OUTSIDE: { readonly [mode: string]: (at: number, size: number) => number } = {
  constant: () => -1,
  edge: (at, size) => Math.max(0, Math.min(size - 1, at)),
  reflect: (at, size) => {
    const period = Math.max(1, 2 * (size - 1)), from = (at % period + period) % period
    return from < size ? from : period - from
  },
  wrap: (at, size) => (at % size + size) % size,
}

/** Places of a tensor in a larger (or smaller) one. */
function padded(call: Call, dims: readonly number[], into: readonly number[], before: readonly number[], outside: (at: number, size: number) => number): Int32Array {
  if (sizeOf(dims) === 0) throw call.refuse('Pad of nothing')
  const strides = stridesOf(dims), places = new Int32Array(numbersIn(call, into)), at = into.map(() => 0)
  for (let i = 0; i < places.length; i++) {
    let place = 0
    for (let d = 0; d < dims.length && place >= 0; d++) {
      const asked = at[d]! - before[d]!, from = asked >= 0 && asked < dims[d]! ? asked : outside(asked, dims[d]!)
      place = from < 0 ? -1 : place + from * strides[d]!
    }
    places[i] = place
    for (let d = into.length - 1; d >= 0; d--) {
      if (++at[d]! < into[d]!) break
      at[d] = 0
    }
  }
  return places
}
