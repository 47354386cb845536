import type { StepOf } from '../../program.ts'
import type { Graph, Real, Value } from './graph.ts'
import { cast, castTo, fits32 } from './values.ts'

/** Each number as a list of its own, [rows, columns, 1], to be held against a list of others. */
const apart = (graph: Graph, name: string): string => graph.node('Unsqueeze', [name, graph.constant('int64', [1], [2])])

/** Every number is held against every key: the place of the one that it equals is the row of the table. */
export function lookup(graph: Graph, { keys, width, values, otherwise, missing = otherwise }: StepOf<'lookup'>, of: Value): Value {
  const count = values.length / width, all = keys ?? Float64Array.from({ length: count }, (_, i) => i)
  const type: Real = [values, otherwise, missing].every(fits32) ? 'float' : 'double', given = of.type === 'float' && fits32(all) ? of : cast(graph, of, 'double')
  const shaped = (name: string): string => graph.node('Reshape', [name, graph.constant('int64', [2], [-1, of.width * width])])
  const isMissing = graph.node('IsNaN', [apart(graph, given.name)]), other = graph.node('Where', [isMissing, graph.constant(type, [width], missing), graph.constant(type, [width], otherwise)])
  // without keys nothing is known
  if (count === 0) return { type, width: of.width * width, name: shaped(other) }
  const equal = castTo(graph, graph.node('Equal', [apart(graph, given.name), graph.constant(given.type, [all.length], all)]), 'float')
  const at = graph.node('ArgMax', [equal], { axis: { int: 2 }, keepdims: { int: 0 } }), isKnown = castTo(graph, graph.node('ReduceMax', [equal], { axes: { ints: [2] }, keepdims: { int: 1 } }), 'bool')
  const found = graph.node('Gather', [graph.constant(type, [count, width], values), at], { axis: { int: 0 } })
  return { type, width: of.width * width, name: shaped(graph.node('Where', [isKnown, found, other])) }
}

export function bucket(graph: Graph, { edges, closed }: StepOf<'bucket'>, of: Value): Value {
  const given = of.type === 'float' && fits32(edges) ? of : cast(graph, of, 'double'), { name, type, width } = given
  if (edges.length === 0) return { type, width, name: graph.node('Where', [graph.node('IsNaN', [name]), name, graph.constant(type, [], [0])]) }
  const below = graph.node(closed === 'left' ? 'LessOrEqual' : 'Less', [graph.constant(type, [edges.length], edges), apart(graph, name)])
  const count = graph.node('ReduceSum', [castTo(graph, below, type), graph.constant('int64', [1], [2])], { keepdims: { int: 0 } })
  return { type, width, name: graph.node('Where', [graph.node('IsNaN', [name]), name, count]) }
}
