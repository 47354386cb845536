import type { Linear } from '../../linear.ts'
import type { Graph, Value } from './graph.ts'
import { cast, fits32 } from './values.ts'

/** Of each run of `width` columns `groups` numbers. */
export function linearOf(graph: Graph, given: Value, { width, groups, start, weights, sums, skipsNaN }: Linear): Value {
  // products of float32 numbers and their sums, rounded at each step, are what float32 does
  const type = sums === 'float32' && given.type === 'float' && fits32(weights) && fits32(start) ? 'float' : 'double'
  const { name } = cast(graph, given, type), runs = given.width / width
  const known = skipsNaN ? graph.node('Where', [graph.node('IsNaN', [name]), graph.constant(type, [], [0]), name]) : name
  const columns = runs === 1 ? known : graph.node('Reshape', [known, graph.constant('int64', [3], [-1, runs, width])])
  const product = graph.node('MatMul', [columns, graph.constant(type, [width, groups], weights)])
  const sum = start.every(value => value === 0) ? product : graph.node('Add', [product, graph.constant(type, [groups], start)])
  const made: Value = { type, width: runs * groups, name: runs === 1 ? sum : graph.node('Reshape', [sum, graph.constant('int64', [2], [-1, runs * groups])]) }
  return cast(graph, made, sums === 'float32' ? 'float' : 'double')
}
