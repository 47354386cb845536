import type { Bench } from './bench.ts'
import { constant } from './bench.ts'
import { largest, putClasses, twin } from './classes.ts'
import type { Answer } from './classes.ts'
import type { BinaryClassifier, Classifier, StageOf } from './stages.ts'
import { dot, factorization } from './sums.ts'
import { treesStep } from './trees.ts'

export function classifier(stage: Classifier, bench: Bench): void {
  putClasses(stage, stage.stage === 'one_vs_rest' ? oneVsRest(stage, bench) : answerOf(stage, bench), bench)
}

function answerOf(stage: BinaryClassifier, bench: Bench): Answer {
  switch (stage.stage) {
    case 'binary_logistic': return binaryLogistic(stage, bench)
    case 'multinomial_logistic': return multinomialLogistic(stage, bench)
    case 'linear_svc': return linearSvc(stage, bench)
    case 'tree_classifier': return treeClassifier(stage, bench)
    case 'gbt_classifier': return gbtClassifier(stage, bench)
    case 'naive_bayes': return naiveBayes(stage, bench)
    case 'mlp': return mlp(stage, bench)
    case 'fm_classifier': return fmClassifier(stage, bench)
  }
}

/** [p, 1 - p] */
const withRest = (p: number, at: string, bench: Bench): number => bench.add({ op: 'concat', of: [p, bench.binary('subtract', constant(1), p, at)] }, at)
const softmax = (of: number, at: string, bench: Bench): number => bench.add({ op: 'softmax', of, size: bench.builder.width(of) }, at)

function binaryLogistic({ features, weights, intercept, threshold, thresholds, raw, probability, each = false, at }: StageOf<'binary_logistic'>, bench: Bench): Answer {
  const m = dot(features, weights, intercept, at, bench), scores = twin(m, at, bench)
  let p: number | undefined
  const probabilities = (): number => p ??= each ? bench.unary('sigmoid', scores, at) : withRest(bench.unary('sigmoid', bench.select(scores, [0], at), at), at, bench)
  const t = thresholds === undefined ? threshold : 1 / (1 + thresholds[0]! / thresholds[1]!)
  const bound = t === 0 ? -Infinity : t === 1 ? Infinity : Math.log(t / (1 - t))
  return {
    classes: 2, scores, probabilities,
    prediction() {
      if (raw !== undefined && !(each && probability !== undefined)) return bench.binary('greater', m, constant(bound), at)
      return bench.binary('greater', probability === undefined ? bench.unary('sigmoid', m, at) : bench.select(probabilities(), [1], at), constant(t), at)
    },
  }
}

function multinomialLogistic({ features, weights, intercepts, at }: StageOf<'multinomial_logistic'>, bench: Bench): Answer {
  const { value } = bench.numbers(features, at, weights.length / intercepts.length)
  const scores = bench.linear(value, weights, intercepts, at)
  return { classes: intercepts.length, scores, probabilities: () => softmax(scores, at, bench) }
}

function linearSvc({ features, weights, intercept, threshold, at }: StageOf<'linear_svc'>, bench: Bench): Answer {
  const m = dot(features, weights, intercept, at, bench)
  return { classes: 2, scores: twin(m, at, bench), prediction: () => bench.binary('greater', m, constant(threshold), at) }
}

const sumOf = (values: ArrayLike<number>): number => Array.prototype.reduce.call<ArrayLike<number>, [(sum: number, x: number) => number, number], number>(values, (sum, x) => sum + x, 0)

function treeClassifier(stage: StageOf<'tree_classifier'>, bench: Bench): Answer {
  const { features, classes, at } = stage
  const scores = treesStep(features, stage, classes, undefined, bench, counts => {
    if (!stage.forest) return counts
    const total = sumOf(counts)
    return Array.from(counts, count => total === 0 ? 0 : count / total)
  })
  return {
    classes, scores,
    probabilities() {
      const total = bench.reduce('sum', scores, at)
      return bench.binary('divide', scores, bench.where(total, total, constant(1), at), at)
    },
  }
}

function gbtClassifier(stage: StageOf<'gbt_classifier'>, bench: Bench): Answer {
  const { features, weights, at } = stage, m = treesStep(features, stage, 1, weights, bench), scores = twin(m, at, bench)
  const probabilities = (): number => withRest(bench.unary('sigmoid', bench.binary('multiply', bench.select(scores, [0], at), constant(2), at), at), at, bench)
  return { classes: 2, scores, probabilities }
}

function naiveBayes({ features, type, pi, theta, sigma, at }: StageOf<'naive_bayes'>, bench: Bench): Answer {
  const classes = pi.length, width = theta.length / classes
  const { value } = bench.numbers(features, at, width)
  const scores = (): number => {
    if (type === 'gaussian') {
      if (sigma?.length !== theta.length) throw bench.broken(at, `${sigma?.length ?? 0} variances for ${theta.length} means`)
      const repeated = bench.select(value, Array.from({ length: theta.length }, (_, i) => i % width), at)
      const distance = bench.reduce('sum', bench.binary('divide', bench.unary('square', bench.binary('subtract', repeated, theta, at), at), sigma, at), at, width)
      const logVariances = Float64Array.from({ length: classes }, (_, k) => sumOf(sigma.subarray(k * width, (k + 1) * width).map(Math.log)))
      const half = bench.binary('divide', bench.binary('add', distance, logVariances, at), constant(-2), at)
      return bench.binary('add', half, pi, at)
    }
    if (type === 'bernoulli') {
      const isBinary = bench.binary('or', bench.binary('equal', value, constant(0), at), bench.binary('equal', value, constant(1), at), at)
      bench.refuse(bench.unary('not', isBinary, at), `a feature of ${at} is neither 0 nor 1`, at)
      const without = theta.map(x => Math.log1p(-Math.exp(x)))
      return bench.linear(value, theta.map((x, i) => x - without[i]!), pi.map((x, k) => without.subarray(k * width, (k + 1) * width).reduce((sum, w) => sum + w, x)), at)
    }
    bench.refuse(bench.unary('not', bench.binary('greaterEqual', value, constant(0), at), at), `a feature of ${at} is below 0`, at)
    if (type === 'multinomial') return bench.binary('add', bench.linear(value, theta, new Float64Array(classes), at), pi, at)
    const sums = bench.linear(value, theta, new Float64Array(classes), at)
    return bench.binary('subtract', sums, bench.reduce('logSumExp', sums, at), at)
  }
  const made = scores()
  return { classes, scores: made, probabilities: () => softmax(made, at, bench) }
}

function mlp({ features, layers, weights, at }: StageOf<'mlp'>, bench: Bench): Answer {
  if (layers.length < 2 || layers.some(size => !(Number.isInteger(size) && size > 0))) throw bench.broken(at, `layers of ${layers.join(', ').slice(0, 100)}`)
  const wanted = layers.slice(1).reduce((sum, out, i) => sum + out * (layers[i]! + 1), 0)
  if (weights.length !== wanted) throw bench.broken(at, `${weights.length} weights where the layers ask for ${wanted}`)
  let { value } = bench.numbers(features, at, layers[0]), from = 0
  for (const [i, out] of layers.slice(1).entries()) {
    const width = layers[i]!, matrix = new Float64Array(width * out)
    for (let k = 0; k < matrix.length; k++) matrix[(k % out) * width + Math.floor(k / out)] = weights[from + k]!
    if (i > 0) value = bench.unary('sigmoid', value, at)
    value = bench.binary('add', bench.linear(value, matrix, new Float64Array(out), at), weights.slice(from + matrix.length, from + matrix.length + out), at)
    from += matrix.length + out
  }
  const scores = value
  return { classes: layers.at(-1)!, scores, probabilities: () => softmax(scores, at, bench) }
}

function fmClassifier(stage: StageOf<'fm_classifier'>, bench: Bench): Answer {
  const { at } = stage, r = factorization(stage, bench), scores = twin(r, at, bench)
  return {
    classes: 2, scores,
    probabilities() {
      const p = bench.unary('sigmoid', r, at)
      return bench.add({ op: 'concat', of: [bench.binary('subtract', constant(1), p, at), p] }, at)
    },
  }
}

function oneVsRest({ models, features, byProbability = false, at }: StageOf<'one_vs_rest'>, bench: Bench): Answer {
  if (models.length === 0) throw bench.broken(at, 'it has no models')
  const answers = models.map(model => {
    const answer = answerOf({ ...model, features }, bench)
    if (answer.classes !== 2) throw bench.broken(model.at, `a model of ${answer.classes} classes where one of 2 belongs`)
    return answer
  })
  const seconds = (of: (answer: Answer) => number): number => bench.add({ op: 'concat', of: answers.map(answer => bench.select(of(answer), [1], at)) }, at)
  const scores = seconds(answer => answer.scores)
  return { classes: models.length, scores, prediction: () => largest(byProbability ? seconds(answer => answer.probabilities?.() ?? answer.scores) : scores, at, bench) }
}
