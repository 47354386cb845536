import type { Link, Objective } from '../../objectives.ts'
import type { Graph, Value } from './graph.ts'
import { castTo, softplus } from './values.ts'

/** All outputs that models of an objective have, made of their margins. The margins are divided by `divisor` before the link. */
export function scoresOf(graph: Graph, margins: Value, divisor: number, objective: Objective): void {
  const { name: margin, type, width } = margins, { classes, probabilities } = objective
  const constant = (value: number): string => graph.constant(type, [], [value])
  const divided = divisor === 1 ? margin : graph.node('Div', [margin, constant(divisor)])
  const linked = (link: Exclude<Link, 'argmax'>): string => {
    switch (link) {
      case 'identity': return divided
      case 'sigmoid': return graph.node('Sigmoid', [objective.slope === 1 ? divided : graph.node('Mul', [divided, constant(objective.slope)])])
      case 'softmax': return graph.node('Softmax', [divided], { axis: { int: 1 } })
      case 'exp': return graph.node('Exp', [divided])
      case 'step': return castTo(graph, graph.node('Greater', [divided, constant(0)]), type)
      case 'signedSquare': return graph.node('Mul', [graph.node('Abs', [divided]), divided])
      case 'softplus': return softplus(graph, divided, type)
    }
  }
  const one = (values: string, output: string): void => {
    graph.node('Reshape', [values, graph.constant('int64', [1], [-1])], {}, output)
    graph.output(output, type, [])
  }
  const all = (values: string, output: string, columns = width): void => {
    if (columns === 1 && output !== 'probabilities') return one(values, output)
    graph.node('Identity', [values], {}, output)
    graph.output(output, type, [columns])
  }
  const largest = (values: string): string => graph.node('ArgMax', [values], { axis: { int: 1 }, keepdims: { int: 0 } })
  const label = (values: string): void => {
    castTo(graph, values, 'int32', 'label')
    graph.output('label', 'int32', [])
  }

  const best = objective.link === 'argmax' ? largest(margin) : ''
  const prediction = objective.link === 'argmax' ? castTo(graph, best, type) : linked(objective.link)
  if (objective.link === 'argmax') one(prediction, 'prediction')
  else all(prediction, 'prediction')
  all(margin, 'margin')
  if (classes === 0) return
  const flat = (values: string): string => graph.node('Reshape', [values, graph.constant('int64', [1], [-1])])
  if (probabilities === undefined) return label(objective.link === 'argmax' ? best : flat(prediction))
  const p = probabilities === objective.link ? prediction : linked(probabilities)
  if (width === 1) {
    label(flat(graph.node('Greater', [p, constant(0.5)])))
    all(graph.node('Concat', [graph.node('Sub', [constant(1), p]), p], { axis: { int: 1 } }), 'probabilities', 2)
    return one(p, 'probability')
  }
  label(objective.link === 'argmax' ? best : largest(p))
  all(p, 'probabilities')
  if (classes === 2) one(graph.node('Gather', [p, graph.constant('int64', [1], [1])], { axis: { int: 1 } }), 'probability')
}
