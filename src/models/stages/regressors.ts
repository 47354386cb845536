import type { Bench } from './bench.ts'
import { constant } from './bench.ts'
import type { GlmFamily, GlmLink, StageOf } from './stages.ts'
import { dot, factorization } from './sums.ts'
import { treesStep } from './trees.ts'

const scalar = (name: string | undefined, value: number, at: string, bench: Bench): void => {
  if (name !== undefined) bench.put(name, { value, width: 1, isVector: false }, at)
}

export function linearRegression({ features, prediction, weights, intercept, at }: StageOf<'linear_regression'>, bench: Bench): void {
  scalar(prediction, dot(features, weights, intercept, at, bench), at, bench)
}

export function glm({ features, prediction, linkPrediction, family, link, weights, intercept, offset, at }: StageOf<'glm'>, bench: Bench): void {
  const sum = dot(features, weights, intercept, at, bench)
  const eta = offset === undefined ? sum : bench.binary('add', sum, bench.numbers(offset, at, 1).value, at)
  scalar(prediction, held(family, unlinked(link, eta, at, bench), at, bench), at, bench)
  scalar(linkPrediction, eta, at, bench)
}

function unlinked(link: GlmLink, eta: number, at: string, bench: Bench): number {
  if (typeof link === 'object') return link.power === 0 ? bench.unary('exp', eta, at) : bench.binary('power', eta, constant(1 / link.power), at)
  switch (link) {
    case 'identity': return eta
    case 'log': return bench.unary('exp', eta, at)
    case 'inverse': return bench.unary('reciprocal', eta, at)
    case 'logit': return bench.unary('sigmoid', eta, at)
    case 'probit': return bench.unary('normal', eta, at)
    case 'cloglog': return bench.binary('subtract', constant(1), bench.unary('exp', bench.unary('negate', bench.unary('exp', eta, at), at), at), at)
    case 'sqrt': return bench.unary('square', eta, at)
  }
}

const EPSILON = 1e-16

function held(family: GlmFamily, mu: number, at: string, bench: Bench): number {
  const low = family === 'gaussian' ? -Number.MAX_VALUE : EPSILON, high = family === 'binomial' ? 1 - EPSILON : Number.MAX_VALUE
  return bench.binary('minimum', bench.binary('maximum', mu, constant(low), at), constant(high), at)
}

export function aftSurvival({ features, prediction, quantiles, weights, intercept, scale, at }: StageOf<'aft_survival'>, bench: Bench): void {
  const lambda = bench.unary('exp', dot(features, weights, intercept, at, bench), at)
  scalar(prediction, lambda, at, bench)
  if (quantiles === undefined) return
  const value = bench.binary('multiply', lambda, quantiles.probabilities.map(p => Math.exp(Math.log(-Math.log1p(-p)) * scale)), at)
  bench.put(quantiles.column, { value, width: quantiles.probabilities.length, isVector: true }, at)
}

export function treeRegressor(stage: StageOf<'tree_regressor'>, bench: Bench): void {
  const { features, prediction, trees, at } = stage, sum = treesStep(features, stage, 1, undefined, bench)
  scalar(prediction, trees.length === 1 ? sum : bench.binary('divide', sum, constant(trees.length), at), at, bench)
}

export function gbtRegressor(stage: StageOf<'gbt_regressor'>, bench: Bench): void {
  scalar(stage.prediction, treesStep(stage.features, stage, 1, stage.weights, bench), stage.at, bench)
}

export function isotonic({ features, prediction, boundaries, predictions, index, at }: StageOf<'isotonic'>, bench: Bench): void {
  const count = boundaries.length
  if (count === 0 || predictions.length !== count) throw bench.broken(at, `${predictions.length} predictions for ${count} boundaries`)
  const { value: all, width } = bench.numbers(features, at)
  if (!(index >= 0 && index < width)) throw bench.broken(at, `feature ${index} of ${width}`)
  const x = width === 1 ? all : bench.select(all, [index], at)
  // the boundary below and the one above; before the first and behind the last both are the same one
  const place = bench.add({ op: 'bucket', of: x, edges: boundaries, closed: 'left' }, at)
  const at0 = Float64Array.from({ length: count + 1 }, (_, i) => Math.max(0, i - 1)), at1 = Float64Array.from({ length: count + 1 }, (_, i) => i === 0 ? 0 : Math.min(count - 1, i))
  const look = (of: Float64Array, where: Float64Array): number => bench.add({ op: 'lookup', of: place, width: 1, values: where.map(i => of[i]!), otherwise: constant(NaN), missing: constant(of[count - 1]!) }, at)
  const x0 = look(boundaries, at0), x1 = look(boundaries, at1), y0 = look(predictions, at0), y1 = look(predictions, at1)
  const slope = bench.binary('multiply', bench.binary('subtract', y1, y0, at), bench.binary('subtract', x, x0, at), at)
  const between = bench.binary('add', y0, bench.binary('divide', slope, bench.binary('subtract', x1, x0, at), at), at)
  const isEnd = bench.binary('or', bench.binary('equal', x0, x1, at), bench.binary('equal', x, x0, at), at)
  scalar(prediction, bench.where(isEnd, y0, between, at), at, bench)
}

export function fmRegressor(stage: StageOf<'fm_regressor'>, bench: Bench): void {
  scalar(stage.prediction, factorization(stage, bench), stage.at, bench)
}
