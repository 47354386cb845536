import { turned } from '../../../linear.ts'
import type { Unary } from '../../../program.ts'
import { rounding } from '../call.ts'
import type { Call, Operator, Operators } from '../call.ts'
import type { Rows, Type } from '../values.ts'
import { sizeOf } from '../values.ts'

const ACTIVATIONS: { readonly [name: string]: Unary | undefined } = { Sigmoid: 'sigmoid', Tanh: 'tanh', Relu: 'relu' }

/** One direction of a layer. */
interface Layer {
  readonly functions: readonly Unary[]
  readonly isResetAfter: boolean
  /** The state times the weights of the gates from `first` to before `last`, plus their numbers. */
  recurrent(of: number, first: number, last: number): number
  /** Of numbers [gates * hidden] the gates from `first` to before `last`. */
  gates(of: number, first: number, last: number): number
  add(a: number, b: number): number
  multiply(a: number, b: number): number
  apply(fn: Unary, of: number): number
  /** 1 - x */
  rest(of: number): number
}

interface Cell {
  readonly gates: number
  readonly activations: readonly string[]
  /** How many values go from step to step; the first is what the layer gives. */
  readonly states: number
  /** The state after a step. input: [gates * hidden], what the weights make of the numbers of the step. */
  step(layer: Layer, input: number, state: readonly number[]): readonly number[]
}

const RNN: Cell = {
  gates: 1, activations: ['Tanh'], states: 1,
  step: ({ functions, add, apply, recurrent }, input, [h]) => [apply(functions[0]!, add(input, recurrent(h!, 0, 1)))],
}
/** Gates: input, output, forget, cell. */
const LSTM: Cell = {
  gates: 4, activations: ['Sigmoid', 'Tanh', 'Tanh'], states: 2,
  step: ({ functions: [f, g, h], add, multiply, apply, recurrent, gates }, input, [state, cell]) => {
    const sums = add(input, recurrent(state!, 0, 4)), open = apply(f!, gates(sums, 0, 3)), fresh = apply(g!, gates(sums, 3, 4))
    const kept = add(multiply(gates(open, 2, 3), cell!), multiply(gates(open, 0, 1), fresh))
    return [multiply(gates(open, 1, 2), apply(h!, kept)), kept]
  },
}
/** Gates: update, reset, hidden. */
const GRU: Cell = {
  gates: 3, activations: ['Sigmoid', 'Tanh'], states: 1,
  step: ({ functions: [f, g], isResetAfter, add, multiply, apply, recurrent, gates, rest }, input, [state]) => {
    const open = apply(f!, add(gates(input, 0, 2), recurrent(state!, 0, 2))), update = gates(open, 0, 1), reset = gates(open, 1, 2)
    const before = isResetAfter ? multiply(reset, recurrent(state!, 2, 3)) : recurrent(multiply(reset, state!), 2, 3)
    const fresh = apply(g!, add(gates(input, 2, 3), before))
    return [add(multiply(rest(update), fresh), multiply(update, state!))]
  },
}

/** A step of the sequence after the other. X [steps, rows, width], W [directions, gates * hidden, width], R [directions, gates * hidden, hidden],
    B [directions, 2 * gates * hidden]. */
const recurrent = (cell: Cell): Operator => call => {
  const { attributes } = call, x = call.rows(0), w = call.constant(1), r = call.constant(2), hidden = attributes.int('hidden_size'), direction = attributes.text('direction', 'forward')
  const directions = direction === 'bidirectional' ? 2 : 1, [steps, rows, width] = x.dims as [number, number, number], size = cell.gates * hidden, { type } = x
  const refused = ['clip', 'activation_alpha', 'activation_beta'].find(name => attributes.has(name))
  if (refused !== undefined || attributes.int('layout', 0) !== 0 || attributes.int('input_forget', 0) !== 0 || call.has(7)) throw call.refuse(`${call.op} with ${refused ?? 'layout, input_forget or peepholes'}`)
  if (!['forward', 'reverse', 'bidirectional'].includes(direction)) throw call.broken(`${call.op} in the direction ${direction.slice(0, 40)}`)
  if (x.dims.length !== 3 || rows !== 1 || x.batch === 0 || x.batch === 2) throw call.refuse(`${call.op} of [${x.dims.join(', ')}]`, { why: 'steps, rows and numbers belong here' })
  if (!(hidden >= 1) || w.data.length !== directions * size * width || r.data.length !== directions * size * hidden) throw call.broken(`${call.op} of ${hidden} units with weights [${w.dims.join(', ')}] and [${r.dims.join(', ')}]`)
  const bias = call.has(3) ? call.constant(3).data : new Float64Array(2 * directions * size)
  if (bias.length !== 2 * directions * size) throw call.broken(`${bias.length} numbers to add for ${directions * size} sums`)
  if (call.has(4) && call.integers(4).some(length => length !== steps)) throw call.refuse(`${call.op} of sequences of several lengths`)
  const names = attributes.texts('activations', Array.from({ length: directions }, () => cell.activations).flat()), isResetAfter = attributes.int('linear_before_reset', 0) !== 0
  const functions = names.map((name): Unary => {
    const known = ACTIVATIONS[name]
    if (known === undefined) throw call.refuse(`${call.op} with the activation ${name.slice(0, 40)}`)
    return known
  })
  if (functions.length !== directions * cell.activations.length) throw call.broken(`${functions.length} activations`)
  call.budget.spend(w.data.length + r.data.length, call.at)

  const all = Array.from({ length: directions }, (_, d) => {
    const own = bias.subarray(2 * d * size, 2 * (d + 1) * size), isBackwards = direction === 'reverse' || d === 1
    const layer = layerOf(call, type, hidden, r.data.subarray(d * size * hidden, (d + 1) * size * hidden), own.subarray(size), functions.slice(d * cell.activations.length), isResetAfter)
    const weights = turned(w.data.subarray(d * size * width, (d + 1) * size * width), size, width)
    const inputs = call.add({ op: 'linear', of: x.value, linear: { width, groups: size, sums: sumsOf(type), start: own.slice(0, size), weights, skipsNaN: false } })
    let state: readonly number[] = Array.from({ length: cell.states }, (_, i) => initial(call, 5 + i, d, directions, hidden))
    const given: number[] = []
    for (let t = 0; t < steps; t++) {
      const at = isBackwards ? steps - 1 - t : t
      state = cell.step(layer, layer.gates(inputs, at * cell.gates, (at + 1) * cell.gates), state)
      given[at] = state[0]!
    }
    return { given, state }
  })
  const stacked = (dims: readonly number[], batch: number, values: readonly number[]): Rows => ({ kind: 'rows', type, dims, batch: x.batch < 0 ? -1 : batch, value: call.add({ op: 'concat', of: values }) })
  return [
    call.wants(0) ? stacked([steps, directions, 1, hidden], 2, Array.from({ length: steps }, (_, t) => all.map(one => one.given[t]!)).flat()) : undefined,
    ...Array.from({ length: cell.states }, (_, i) => call.wants(1 + i) ? stacked([directions, 1, hidden], 1, all.map(one => one.state[i]!)) : undefined),
  ]
}

const sumsOf = (type: Type): 'float32' | 'float64' => type === 'float64' ? 'float64' : 'float32'

function initial(call: Call, input: number, direction: number, directions: number, hidden: number): number {
  if (!call.has(input)) return call.add({ op: 'concat', of: [new Float64Array(hidden)] })
  const value = call.rows(input)
  if (sizeOf(value.dims) !== directions * hidden) throw call.broken(`${call.op} begins with [${value.dims.join(', ')}]`)
  return call.add({ op: 'select', of: value.value, columns: Int32Array.from({ length: hidden }, (_, i) => direction * hidden + i) })
}

function layerOf(call: Call, type: Type, hidden: number, weights: Float64Array, bias: Float64Array, functions: readonly Unary[], isResetAfter: boolean): Layer {
  const round = rounding(type), parts = new Map<number, { readonly start: Float64Array; readonly weights: Float64Array }>()
  // the same arrays for every step
  const part = (first: number, last: number): { readonly start: Float64Array; readonly weights: Float64Array } => {
    const known = parts.get(first) ?? { start: bias.slice(first * hidden, last * hidden), weights: turned(weights.subarray(first * hidden * hidden, last * hidden * hidden), (last - first) * hidden, hidden) }
    parts.set(first, known)
    return known
  }
  const ones = new Float64Array(hidden).fill(1)
  return {
    functions, isResetAfter,
    recurrent: (of, first, last) => call.add({ op: 'linear', of, linear: { width: hidden, groups: (last - first) * hidden, sums: sumsOf(type), ...part(first, last), skipsNaN: false } }),
    gates: (of, first, last) => call.add({ op: 'select', of, columns: Int32Array.from({ length: (last - first) * hidden }, (_, i) => first * hidden + i) }),
    add: (a, b) => call.add({ op: 'binary', fn: 'add', a, b, ...round }),
    multiply: (a, b) => call.add({ op: 'binary', fn: 'multiply', a, b, ...round }),
    apply: (fn, of) => call.add({ op: 'unary', fn, of, ...round }),
    rest: of => call.add({ op: 'binary', fn: 'subtract', a: ones, b: of, ...round }),
  }
}

export const recurrents: Operators = { RNN: recurrent(RNN), LSTM: recurrent(LSTM), GRU: recurrent(GRU) }
