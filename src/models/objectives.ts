import type { DType, Signature, TensorSpec, Column } from '../core/tensors.ts'

/** What makes a prediction of a margin. `step`: 1 above 0, else 0. `signedSquare`: sign(x) x^2. `softplus`: log(1 + e^x). */
export type Link = 'identity' | 'sigmoid' | 'softmax' | 'argmax' | 'exp' | 'step' | 'signedSquare' | 'softplus'

/** What the margins of a model mean. */
export interface Objective {
  /** The origin library's own word. */
  readonly name: string
  /** margin -> what the library's own predict returns. */
  readonly link: Link
  /** 1 / (1 + e^(-slope * margin)) where the link is sigmoid. */
  readonly slope: number
  /** 0: no classifier. */
  readonly classes: number
  /** margin -> probabilities, for classifiers that have them. */
  readonly probabilities: 'sigmoid' | 'softmax' | undefined
}

/** More groups than trees to fill them are a damaged count, and would make outputs of any size. */
export const groupsFit = (groups: number, trees: number): boolean => groups <= Math.max(trees, 1024)

/** Inputs and outputs by the names every model has: prediction, margin, and for classifiers label, probabilities, probability. */
export function signatureOf(columns: readonly Column[], dtype: 'float32' | 'float64', groups: number, objective: Objective): Signature {
  const perRow = groups === 1 ? [-1] : [-1, groups]
  const spec = (name: string, shape: readonly number[], type: DType = dtype): TensorSpec => ({ name, dtype: type, shape })
  const outputs = [spec('prediction', objective.link === 'argmax' ? [-1] : perRow), spec('margin', perRow)]
  if (objective.classes > 0) {
    outputs.push(spec('label', [-1], 'int32'))
    if (objective.probabilities !== undefined) {
      outputs.push(spec('probabilities', [-1, objective.classes]))
      if (objective.classes === 2) outputs.push(spec('probability', [-1]))
    }
  }
  return { inputs: [{ name: 'features', dtype, shape: [-1, columns.length], columns }], outputs }
}
