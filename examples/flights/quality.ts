/** How good scores were, against what really happened. `labels[i]` is 1 or 0. */
export interface Judged { readonly scores: Float64Array; readonly labels: Uint8Array }

/** Area under the ROC curve: how often a record of class 1 has a higher score than one of class 0, ties counting half (Mann-Whitney).
    NaN where one of the classes is absent. */
export function auc({ scores, labels }: Judged): number {
  sameLength(scores, labels)
  const ones = scores.filter((_, i) => labels[i] === 1).sort()
  const zeros = scores.filter((_, i) => labels[i] !== 1).sort()
  let below = 0, upTo = 0, doubled = 0
  for (const one of ones) {
    while (below < zeros.length && zeros[below]! < one) below++
    while (upTo < zeros.length && zeros[upTo]! <= one) upTo++
    doubled += below + upTo      // a whole number: exact up to 2^53
  }
  return doubled / 2 / (ones.length * zeros.length)
}

/** Mean of -log(the probability given to what happened). A sure answer that is wrong counts as one that was off by an ulp of 1. */
export function logLoss({ scores, labels }: Judged): number {
  sameLength(scores, labels)
  let sum = 0
  for (let i = 0; i < scores.length; i++) {
    const probability = labels[i] === 1 ? scores[i]! : 1 - scores[i]!
    sum -= Math.log(Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON))
  }
  return sum / scores.length
}

/** What one is worth who gives every record the same probability. */
export const logLossOfConstant = (probability: number, labels: Uint8Array): number =>
  logLoss({ scores: new Float64Array(labels.length).fill(probability), labels })

function sameLength(scores: Float64Array, labels: Uint8Array): void {
  if (scores.length !== labels.length) throw new TypeError(`${scores.length} scores, ${labels.length} labels`)
}
