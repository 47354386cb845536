import type { Bench } from './bench.ts'
import { constant } from './bench.ts'
import type { StageOf } from './stages.ts'

/** x·weights + intercept, the intercept last. */
export function dot(features: string, weights: Float64Array, intercept: number, at: string, bench: Bench): number {
  const { value } = bench.numbers(features, at, weights.length)
  const sum = bench.linear(value, weights, constant(0), at)
  return intercept === 0 ? sum : bench.binary('add', sum, constant(intercept), at)
}

export function factorization({ features, weights, intercept, factors, size, at }: StageOf<'fm_regressor' | 'fm_classifier'>, bench: Bench): number {
  const width = weights.length
  if (factors.length !== width * size) throw bench.broken(at, `${factors.length} numbers for ${size} factors of ${width} features`)
  const { value } = bench.numbers(features, at, width)
  const line = bench.linear(value, weights, constant(intercept), at)
  if (size === 0) return line
  const products = bench.binary('multiply', bench.select(value, Array.from({ length: factors.length }, (_, i) => i % width), at), Float64Array.from(factors, (_, i) => factors[(i % width) * size + Math.floor(i / width)]!), at)
  const sum = bench.reduce('sum', products, at, width), squares = bench.reduce('sumSquares', products, at, width)
  const terms = bench.binary('multiply', bench.binary('subtract', bench.unary('square', sum, at), squares, at), constant(0.5), at)
  return bench.reduce('sum', bench.add({ op: 'concat', of: [line, terms] }, at), at)
}
