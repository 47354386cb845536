import { turned } from '../../../../linear.ts'
import type { Step } from '../../../../program.ts'
import type { Call, Operators } from '../../call.ts'
import { coupled } from './coupling.ts'
import { floats, labelCount, labelled, labelsOf, matrix, one, transformed, transformOf } from './scores.ts'
import type { Matrix } from './scores.ts'

// each round takes some steps for each class
const CLASSES_MAX = 40

const KERNELS = { LINEAR: 'linear', POLY: 'polynomial', RBF: 'rbf', SIGMOID: 'sigmoid' } as const

/** The kernel of the row with each support vector [count, width]. */
function kernels(call: Call, { value: of, width }: Matrix, count: number): number {
  const vectors = call.attributes.floats('support_vectors'), [gamma = 0, coef0 = 0, degree = 0] = call.attributes.floats('kernel_params', []).map(Math.fround)
  const name = call.attributes.text('kernel_type', 'LINEAR'), kernel = Object.entries(KERNELS).find(([known]) => known === name)?.[1]
  if (kernel === undefined) throw call.refuse(`the kernel ${name.slice(0, 40)}`)
  if (count < 1 || vectors.length !== count * width) throw call.broken(`${vectors.length} numbers for ${count} support vectors of ${width} columns`)
  const step: Step = { op: 'kernel', of, kernel, vectors: Float64Array.from(vectors, Math.fround), gamma, coef0, degree, float32: true }
  return call.add(step)
}

/** A machine without support vectors is a linear model: coefficients [groups, width], and the first rho for all. */
function linearSums(call: Call, { value: of, width }: Matrix, groups: number): number {
  const coefficients = call.attributes.floats('coefficients'), [rho = 0] = call.attributes.floats('rho')
  call.attributes.ignore('kernel_type', 'kernel_params', 'support_vectors')
  if (coefficients.length !== groups * width) throw call.broken(`${coefficients.length} coefficients for ${groups} sums of ${width} columns`)
  const weights = turned(Float64Array.from(coefficients, Math.fround), groups, width)
  return call.add({ op: 'linear', of, linear: { width, groups, sums: 'float32', start: new Float64Array(groups).fill(Math.fround(rho)), weights, skipsNaN: false } })
}

export const svms: Operators = {
  SVMRegressor: call => {
    const input = matrix(call, 0), count = call.attributes.int('n_supports', 0), isOneClass = call.attributes.int('one_class', 0) !== 0
    if (transformOf(call) !== 'NONE') throw call.refuse('SVMRegressor with a post_transform')
    const sums = (): number => {
      if (count === 0) return linearSums(call, input, 1)
      const of = kernels(call, input, count), coefficients = call.attributes.floats('coefficients'), [rho = 0] = call.attributes.floats('rho')
      if (coefficients.length !== count) throw call.broken(`${coefficients.length} coefficients for ${count} support vectors`)
      return call.add({ op: 'linear', of, linear: { width: count, groups: 1, sums: 'float32', start: Float64Array.of(Math.fround(rho)), weights: Float64Array.from(coefficients, Math.fround), skipsNaN: false } })
    }
    const sum = sums(), value = isOneClass ? floats(call).where(floats(call).binary('greater', sum, one(0)), one(1), one(-1)) : sum
    return { kind: 'rows', type: 'float32', dims: [1, 1], batch: input.batch, value }
  },

  SVMClassifier: call => {
    const input = matrix(call, 0), labels = labelsOf(call, 'classlabels_strings', 'classlabels_ints'), classes = labelCount(labels), transform = transformOf(call)
    const perClass = call.attributes.ints('vectors_per_class', []), count = perClass.reduce((sum, number) => sum + number, 0)
    const a = call.attributes.floats('prob_a', []), b = call.attributes.floats('prob_b', [])
    if (classes < 2 || perClass.some(number => number < 0)) throw call.broken(`${classes} classes with ${perClass.slice(0, 8).join(', ')} support vectors`)
    const give = (index: number, scores: number, width: number): readonly ReturnType<typeof labelled>[] =>
      [{ ...labelled(call, labels, index, input.batch), scores: true }, { kind: 'rows', type: 'float32', dims: [1, width], batch: input.batch, scores: true, value: transformed(call, transform, scores, width) }]
    if (count === 0) {
      if (a.length > 0) throw call.refuse('SVMClassifier with prob_a and no support vectors')
      const sums = linearSums(call, input, classes)
      return give(call.add({ op: 'reduce', fn: 'argmax', of: sums, size: classes }), sums, classes)
    }
    if (perClass.length !== classes) throw call.broken(`${classes} classes, and support vectors of ${perClass.length}`)
    const of = kernels(call, input, count), pairs = pairSums(call, of, perClass, count), index = votes(call, pairs, classes)
    if (a.length > 0) {
      const count = classes * (classes - 1) / 2
      if (a.length < count || b.length !== a.length) throw call.broken(`${a.length} prob_a and ${b.length} prob_b for ${classes} classes`)
      if (classes > CLASSES_MAX) throw call.refuse(`probabilities of a support vector machine of ${classes} classes`, { why: `up to ${CLASSES_MAX} are understood` })
      const value = transformed(call, transform, coupled(call, pairs, classes, Float64Array.from(a.slice(0, count), Math.fround), Float64Array.from(b.slice(0, count), Math.fround)), classes)
      return [labelled(call, labels, index, input.batch), { kind: 'rows', type: 'float32', dims: [1, classes], batch: input.batch, value }]
    }
    if (classes > 2) return give(index, pairs, classes * (classes - 1) / 2)
    // the score stands for the first class
    if (transform !== 'NONE' && transform !== 'LOGISTIC') throw call.refuse(`SVMClassifier of two classes with ${transform}`)
    return give(index, call.add({ op: 'concat', of: [call.add({ op: 'unary', fn: 'negate', of: pairs }), pairs] }), 2)
  },
}

/** One sum for each pair of classes, of the vectors of both: coefficients [classes - 1, vectors], rho for each pair. */
function pairSums(call: Call, of: number, perClass: readonly number[], count: number): number {
  const classes = perClass.length, groups = classes * (classes - 1) / 2, coefficients = call.attributes.floats('coefficients'), rho = call.attributes.floats('rho')
  if (coefficients.length !== (classes - 1) * count || rho.length < groups) throw call.broken(`${coefficients.length} coefficients and ${rho.length} rho for ${classes} classes and ${count} support vectors`)
  call.budget.spend(count * groups, call.at)
  const weights = new Float64Array(count * groups), starts = [0]
  for (const number of perClass) starts.push(starts.at(-1)! + number)
  let pair = 0
  for (let i = 0; i < classes - 1; i++) for (let j = i + 1; j < classes; j++, pair++) {
    for (let v = starts[i]!; v < starts[i + 1]!; v++) weights[v * groups + pair] = Math.fround(coefficients[(j - 1) * count + v]!)
    for (let v = starts[j]!; v < starts[j + 1]!; v++) weights[v * groups + pair] = Math.fround(coefficients[i * count + v]!)
  }
  const start = Float64Array.from({ length: groups }, (_, p) => Math.fround(rho[p]!))
  const sums = call.add({ op: 'linear', of, linear: { width: count, groups, sums: 'float64', start, weights, skipsNaN: false } })
  return call.add({ op: 'unary', fn: 'same', of: sums, float32: true })
}

/** The class that wins most pairs; of equal ones the first. */
function votes(call: Call, pairs: number, classes: number): number {
  const groups = classes * (classes - 1) / 2
  call.budget.spend(groups * classes, call.at)
  const wins = new Float64Array(groups * classes), start = new Float64Array(classes)
  // the first of a pair wins where the sum is above 0, else the second
  let pair = 0
  for (let i = 0; i < classes - 1; i++) for (let j = i + 1; j < classes; j++, pair++) {
    wins[pair * classes + i] = 1
    wins[pair * classes + j] = -1
    start[j]!++
  }
  const won = call.add({ op: 'binary', fn: 'greater', a: pairs, b: Float64Array.of(0) })
  const counts = call.add({ op: 'linear', of: won, linear: { width: groups, groups: classes, sums: 'float64', start, weights: wins, skipsNaN: false } })
  return call.add({ op: 'reduce', fn: 'argmax', of: counts, size: classes })
}
