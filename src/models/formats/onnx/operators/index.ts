import type { Operator, Operators } from '../call.ts'
import type { Node } from '../model.ts'
import type { Trouble } from '../values.ts'
import { dense } from './dense.ts'
import { elements } from './elements.ts'
import { encoders } from './ml/encoders.ts'
import { linears } from './ml/linear.ts'
import { svms } from './ml/svm.ts'
import { ensembles } from './ml/trees.ts'
import { moves } from './moves.ts'
import { networks } from './network.ts'
import { pieces } from './pieces.ts'
import { recurrents } from './recurrent.ts'
import { reductions } from './reduce.ts'
import { scans } from './scan.ts'

const OPERATORS: { readonly [domain: string]: Operators } = {
  '': { ...elements, ...moves, ...pieces, ...reductions, ...dense, ...networks, ...recurrents, ...scans },
  'ai.onnx.ml': { ...encoders, ...linears, ...ensembles, ...svms },
}

export function operatorOf(node: Node, trouble: Trouble): Operator {
  const domain = OPERATORS[node.domain]
  if (domain === undefined) throw trouble.refuse(`the operator ${node.domain.slice(0, 60)}.${node.op.slice(0, 60)}`, { why: 'operators of ai.onnx and ai.onnx.ml are understood', fix: 'export it with operators of ONNX alone' })
  if (!Object.hasOwn(domain, node.op)) throw trouble.refuse(`the operator ${node.op.slice(0, 60)}`, { why: 'it is not understood' })
  return domain[node.op]!
}
