import type { Bench } from './bench.ts'
import { constant } from './bench.ts'
import type { Classifier } from './stages.ts'

/** How a classifier answers: scores [classes], of them probabilities. */
export interface Answer {
  readonly classes: number
  readonly scores: number
  probabilities?(): number
  /** Where it is not the class of the largest score. */
  prediction?(): number
}

/** The first of the largest. Where the first number is missing it is the first, as in Spark, which compares all others with it. */
export function largest(of: number, at: string, bench: Bench): number {
  const found = bench.reduce('argmax', of, at)
  return bench.builder.width(of) === 2 ? found : bench.where(bench.unary('isMissing', bench.select(of, [0], at), at), constant(0), found, at)
}

/** Adds the columns of a classifier. */
export function putClasses(stage: Classifier, answer: Answer, bench: Bench): void {
  const { at, labels } = stage, { classes, scores } = answer
  const wanted = 'probability' in stage ? stage.probability : undefined, thresholds = 'thresholds' in stage ? stage.thresholds : undefined
  if (labels !== undefined && labels.length !== classes) throw bench.broken(at, `${labels.length} words for ${classes} classes`)
  if (thresholds !== undefined && thresholds.length !== classes) throw bench.broken(at, `${thresholds.length} thresholds for ${classes} classes`)
  const isScored = stage.raw !== undefined
  let probabilities: number | undefined
  const probable = (): number => probabilities ??= answer.probabilities?.() ?? scores
  const predicted = (): number => {
    if (answer.prediction !== undefined) return answer.prediction()
    if (thresholds !== undefined) return bench.reduce('argmax', bench.binary('divide', probable(), thresholds, at), at)
    return largest(isScored || wanted === undefined ? scores : probable(), at, bench)
  }
  if (stage.prediction !== undefined) bench.put(stage.prediction, { value: predicted(), width: 1, isVector: false, levels: [classes], ...(labels === undefined ? {} : { labels }) }, at)
  if (wanted !== undefined) bench.put(wanted, { value: probable(), width: classes, isVector: true }, at)
  if (stage.raw !== undefined) bench.put(stage.raw, { value: scores, width: classes, isVector: true }, at)
}

/** [-m, m] */
export const twin = (m: number, at: string, bench: Bench): number => bench.add({ op: 'concat', of: [bench.unary('negate', m, at), m] }, at)
