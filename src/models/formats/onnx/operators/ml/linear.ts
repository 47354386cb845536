import { turned } from '../../../../linear.ts'
import type { Call, Operators } from '../../call.ts'
import type { Rows, Value } from '../../values.ts'
import { floats, labelCount, labelled, labelsOf, matrix, one, transformed, transformOf } from './scores.ts'
import type { Matrix } from './scores.ts'

/** coefficients [groups, width], intercepts [groups]. */
function margins(call: Call, { value: of, width }: Matrix, groups: number, intercepts: readonly number[]): number {
  const coefficients = call.attributes.floats('coefficients')
  if (groups < 1 || coefficients.length !== groups * width || intercepts.length !== 0 && intercepts.length !== groups) throw call.broken(`${coefficients.length} coefficients and ${intercepts.length} intercepts for ${groups} sums of ${width} columns`)
  const weights = turned(Float64Array.from(coefficients, Math.fround), groups, width)
  const start = Float64Array.from({ length: groups }, (_, g) => Math.fround(intercepts[g] ?? 0))
  return call.add({ op: 'linear', of, linear: { width, groups, sums: 'float32', start, weights, skipsNaN: false } })
}

export const linears: Operators = {
  LinearRegressor: call => {
    const input = matrix(call, 0), groups = call.attributes.int('targets', 1)
    const value = transformed(call, transformOf(call), margins(call, input, groups, call.attributes.floats('intercepts', [])), groups)
    return { kind: 'rows', type: 'float32', dims: [1, groups], batch: input.batch, value }
  },
  LinearClassifier: call => {
    const input = matrix(call, 0), labels = labelsOf(call, 'classlabels_strings', 'classlabels_ints'), transform = transformOf(call)
    const intercepts = call.attributes.floats('intercepts'), groups = intercepts.length, scores = margins(call, input, groups, intercepts)
    call.attributes.ignore('multi_class')
    const count = labelCount(labels)
    if (count !== groups && !(groups === 1 && count === 2)) throw call.broken(`${count} labels for ${groups} classes`)
    const index = groups === 1 ? floats(call).binary('greater', scores, one(0)) : call.add({ op: 'reduce', fn: 'argmax', of: scores, size: groups })
    const label = call.wants(0) ? labelled(call, labels, index, input.batch) : undefined
    return [label, call.wants(1) ? probabilities(call, input, scores, groups, count, transform) : undefined]
  },
  Scaler: call => {
    const input = call.value(0), rows = input.type === 'float64' ? call.rows(0) : { ...call.rows(0), value: matrix(call, 0).value }, width = rows.dims.at(-1) ?? 1
    const each = (name: string, otherwise: number): Float64Array => {
      const given = call.attributes.floats(name, [otherwise])
      if (given.length !== width && given.length !== 1) throw call.broken(`${given.length} numbers as ${name} for ${width} columns`)
      return Float64Array.from(given, Math.fround)
    }
    const isDouble = rows.type === 'float64', offset = each('offset', 0), scale = each('scale', 1)
    const shifted = call.add({ op: 'binary', fn: 'subtract', a: rows.value, b: offset, float32: !isDouble })
    return { kind: 'rows', type: 'float32', dims: rows.dims, batch: rows.batch, value: call.add({ op: 'binary', fn: 'multiply', a: shifted, b: scale, float32: true }) }
  },
  Normalizer: call => {
    const input = matrix(call, 0), norm = call.attributes.text('norm', 'MAX'), { unary, binary, where } = floats(call), { value: of, width: size } = input
    const result = (value: number): Value => ({ kind: 'rows', type: 'float32', dims: call.value(0).dims, batch: input.batch, value, ...passedOn(call.value(0)) })
    const by = (sum: number): number => where(binary('equal', sum, one(0)), one(1), sum)
    switch (norm) {
      case 'MAX': return result(binary('divide', of, by(call.add({ op: 'reduce', fn: 'maximum', of, size }))))
      case 'L1': return result(binary('divide', of, by(call.add({ op: 'reduce', fn: 'sumAbsolute', of, size, float32: true }))))
      case 'L2': {
        const squares = unary('square', of), sum = call.add({ op: 'reduce', fn: 'sum', of: squares, size, float32: true }), root = unary('sqrt', binary('divide', squares, by(sum)))
        return result(where(binary('equal', sum, one(0)), of, where(binary('less', of, one(0)), unary('negate', root), root)))
      }
      default: throw call.refuse(`the norm ${norm.slice(0, 40)}`)
    }
  },
}

const passedOn = (value: Value): Pick<Rows, 'scores'> => value.kind === 'rows' && value.scores === true ? { scores: true } : {}

/** One score may stand for two classes: as in ONNX Runtime the first has what is left of 1, whatever the transform, but for LOGISTIC. */
function probabilities(call: Call, input: Matrix, scores: number, groups: number, count: number, transform: ReturnType<typeof transformOf>): Rows {
  const common = { kind: 'rows', type: 'float32', dims: [1, count], batch: input.batch, ...(transform === 'NONE' ? { scores: true } : {}) } as const
  if (groups === count) return { ...common, value: transformed(call, transform, scores, groups) }
  if (transform === 'PROBIT') throw call.refuse('PROBIT of one score for two classes')
  const pair = (first: number): number => call.add({ op: 'concat', of: [first, scores] })
  if (transform === 'LOGISTIC') return { ...common, value: transformed(call, transform, pair(floats(call).unary('negate', scores)), 2) }
  return { ...common, value: pair(floats(call).binary('subtract', one(1), scores)) }
}
