import { turned } from '../../linear.ts'
import type { StepOf } from '../../program.ts'
import type { Graph, Real, Value } from './graph.ts'
import { cast, fits32 } from './values.ts'
import type { Refuse } from './values.ts'

/** A matrix of points beside the row, and what they have in common. */
function beside(graph: Graph, of: Value, points: Float64Array, float32: boolean | undefined): { readonly name: string; readonly type: Real; readonly points: Float64Array; readonly width: number } {
  const { name, type } = of.type === 'float' && float32 === true && fits32(points) ? of : cast(graph, of, 'double')
  return { name, type, points, width: points.length / of.width }
}
type Beside = ReturnType<typeof beside>

/** Row minus point, [rows, points, columns]. */
function differences(graph: Graph, { name, type, points, width }: Beside): string {
  const row = graph.node('Unsqueeze', [name, graph.constant('int64', [1], [1])])
  return graph.node('Sub', [row, graph.constant(type, [width, points.length / width], points)])
}
const along = (graph: Graph, op: string, name: string): string => graph.node(op, [name], { axes: { ints: [2] }, keepdims: { int: 0 } })
const squared = (graph: Graph, given: Beside): string => along(graph, 'ReduceSumSquare', differences(graph, given))

export function distance(graph: Graph, { metric, points, float32 }: StepOf<'distance'>, of: Value, refuse: Refuse): Value {
  const given = beside(graph, of, points, float32), made = (): string => {
    switch (metric) {
      case 'squared': return squared(graph, given)
      case 'euclidean': return graph.node('Sqrt', [squared(graph, given)])
      case 'manhattan': return along(graph, 'ReduceL1', differences(graph, given))
      case 'chebyshev': case 'minkowski': case 'cosine': throw refuse(`the distance '${metric}'`)
    }
  }
  return float32 === true ? cast(graph, { type: given.type, width: given.width, name: made() }, 'float') : { type: given.type, width: given.width, name: made() }
}

export function kernel(graph: Graph, { kernel: kind, vectors, gamma, coef0, degree, float32 }: StepOf<'kernel'>, of: Value): Value {
  const given = beside(graph, of, vectors, float32), { name, type, width } = given, number = (value: number): string => graph.constant(type, [], [value])
  const product = (): string => {
    const columns = vectors.length / width, across = turned(vectors, width, columns)
    return graph.node('MatMul', [name, graph.constant(type, [columns, width], across)])
  }
  const scaled = (): string => graph.node('Add', [graph.node('Mul', [product(), number(gamma)]), number(coef0)])
  const made = (): string => {
    switch (kind) {
      case 'linear': return product()
      case 'polynomial': return graph.node('Pow', [scaled(), number(degree)])
      case 'rbf': return graph.node('Exp', [graph.node('Mul', [squared(graph, given), number(-gamma)])])
      case 'sigmoid': return graph.node('Tanh', [scaled()])
    }
  }
  return float32 === true ? cast(graph, { type, width, name: made() }, 'float') : { type, width, name: made() }
}
