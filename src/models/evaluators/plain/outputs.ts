import type { Tensor, TensorBatch } from '../../../core/tensors.ts'
import { argmax } from '../../links.ts'
import type { Objective } from '../../objectives.ts'
import type { Cores } from './cores.ts'

type Values = Float32Array | Float64Array

/** All outputs of the signature from the margins [rows, groups], which become the output 'margin'. */
export function outputsOf(margin: Values, rows: number, groups: number, divisor: number, objective: Objective, { float32, float64 }: Cores['links']): TensorBatch {
  const dtype = margin instanceof Float32Array ? 'float32' : 'float64'
  const links = dtype === 'float32' ? float32 : float64
  const fresh = (length: number): Values => dtype === 'float32' ? new Float32Array(length) : new Float64Array(length)
  const tensors = new Map<string, Tensor>()
  const put = (name: string, width: number, data: Values): void => {
    tensors.set(name, { dtype, shape: width === 1 ? [rows] : [rows, width], data })
  }
  const transformed = (link: Exclude<Objective['link'], 'argmax'>): Values => {
    const values = margin.slice()
    if (divisor !== 1) for (let i = 0; i < values.length; i++) values[i] = values[i]! / divisor
    links[link](values, rows, groups, objective.slope)
    return values
  }

  const { link, classes, probabilities } = objective
  let prediction: Values
  if (link === 'argmax') {
    prediction = fresh(rows)
    argmax(margin, rows, groups, prediction)
    put('prediction', 1, prediction)
  } else {
    prediction = transformed(link)
    put('prediction', groups, prediction)
  }
  put('margin', groups, margin)
  if (classes === 0) return { rows, tensors, release: () => {} }

  const label = new Int32Array(rows)
  tensors.set('label', { dtype: 'int32', shape: [rows], data: label })
  if (probabilities === undefined) {
    for (let row = 0; row < rows; row++) label[row] = prediction[row]!
    return { rows, tensors, release: () => {} }
  }
  const p = probabilities === link ? prediction : transformed(probabilities)
  if (groups === 1) {
    const both = fresh(rows * 2)
    for (let row = 0; row < rows; row++) {
      const value = p[row]!
      both[row * 2] = 1 - value
      both[row * 2 + 1] = value
      label[row] = value > 0.5 ? 1 : 0
    }
    tensors.set('probabilities', { dtype, shape: [rows, 2], data: both })
    put('probability', 1, p)
    return { rows, tensors, release: () => {} }
  }
  tensors.set('probabilities', { dtype, shape: [rows, groups], data: p })
  if (link === 'argmax') for (let row = 0; row < rows; row++) label[row] = prediction[row]!
  else argmax(p, rows, groups, label)
  if (classes === 2) {
    const second = fresh(rows)
    for (let row = 0; row < rows; row++) second[row] = p[row * 2 + 1]!
    put('probability', 1, second)
  }
  return { rows, tensors, release: () => {} }
}
