import type { SluiceError } from '../../../core/errors.ts'
import { TYPES } from './graph.ts'
import type { Graph, Kind, Real, Value } from './graph.ts'

/** What ONNX cannot say exactly, by name. */
export type Refuse = (what: string) => SluiceError

export const castTo = (graph: Graph, name: string, kind: Kind, output?: string): string => graph.node('Cast', [name], { to: { int: TYPES[kind] } }, output)
export const cast = (graph: Graph, value: Value, type: Real): Value => value.type === type ? value : { ...value, type, name: castTo(graph, value.name, type) }

/** Cut to an integer. */
export const truncated = (graph: Graph, x: string): string => graph.node('Mul', [graph.node('Sign', [x]), graph.node('Floor', [graph.node('Abs', [x])])])

/** log(1 + e^x). Runtimes have Softplus for float alone. */
export function softplus(graph: Graph, x: string, type: Real): string {
  if (type === 'float') return graph.node('Softplus', [x])
  // max(x, 0) + log(1 + e), e = e^-|x|; what 1 + e loses of a small e is given back (Kahan's log1p)
  const one = graph.constant(type, [], [1]), e = graph.node('Exp', [graph.node('Neg', [graph.node('Abs', [x])])]), u = graph.node('Add', [one, e]), kept = graph.node('Sub', [u, one])
  const isLost = graph.node('Equal', [kept, graph.constant(type, [], [0])]), divisor = graph.node('Where', [isLost, one, kept])
  const log = graph.node('Where', [isLost, e, graph.node('Div', [graph.node('Mul', [graph.node('Log', [u]), e]), divisor])])
  return graph.node('Add', [graph.node('Max', [x, graph.constant(type, [], [0])]), log])
}

/** Each is a float32; a NaN is one too. */
export function fits32(numbers: ArrayLike<number>): boolean {
  for (let i = 0; i < numbers.length; i++) if (!Object.is(Math.fround(numbers[i]!), numbers[i]!)) return false
  return true
}
