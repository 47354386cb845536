import { compile, fieldOf, isConstant } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { predicateIn, PREDICATES, truthOf } from './predicates.ts'

/** Points of the first attribute of each characteristic that fits, and the reasons for what was lost. https://dmg.org/pmml/v4-4-1/Scorecard.html */
export const scorecard: Family = (element, { make, scope }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'initialScore', 'useReasonCodes', 'reasonCodeAlgorithm', 'baselineScore', 'baselineMethod')
  document.children(element, ...COMMON, 'Characteristics')
  const usesReasons = (element.attributes['useReasonCodes'] ?? 'true') === 'true', pointsBelow = document.choice(element, 'reasonCodeAlgorithm', 'pointsBelow', 'pointsAbove', 'pointsBelow') === 'pointsBelow'
  const words: string[] = [], scores: number[] = [], reasons: number[] = [], differences: number[] = []
  for (const characteristic of document.children(document.wanted(element, 'Characteristics'), 'Characteristic')) {
    document.attributes(characteristic, 'name', 'reasonCode', 'baselineScore')
    // of nothing that fits there is no score
    let score: number = make.fixed(make.constant(NaN)), reason: number = make.fixed(make.constant(NaN))
    for (const attribute of document.children(characteristic, 'Attribute').toReversed()) {
      document.attributes(attribute, 'reasonCode', 'partialScore')
      document.children(attribute, ...PREDICATES, 'ComplexPartialScore')
      const is = truthOf(make, scope, predicateIn(make, attribute)), complex = document.child(attribute, 'ComplexPartialScore')
      const value = complex === undefined ? { constant: document.number(attribute, 'partialScore'), type: 'double' as const } : compile(make, scope, complex.children.find(({ name }) => name !== 'Extension')!)
      make.at(attribute)
      score = make.where(is, isConstant(value) ? make.constant(Number(value.constant)) : value.value(), score)
      const code = attribute.attributes['reasonCode'] ?? characteristic.attributes['reasonCode']
      if (usesReasons && code === undefined) throw document.broken(attribute, 'there is no reason code')
      reason = make.where(is, make.constant(code === undefined ? NaN : words.includes(code) ? words.indexOf(code) : words.push(code) - 1), reason)
    }
    scores.push(score)
    reasons.push(reason)
    if (usesReasons) {
      const baseline = make.constant(document.number(characteristic, 'baselineScore', document.number(element, 'baselineScore', 0)))
      differences.push(pointsBelow ? make.binary('subtract', make.fixed(baseline), score) : make.binary('subtract', score, baseline))
    }
  }
  if (scores.length === 0) throw document.broken(element, 'there is no <Characteristic> in it')
  make.at(element)
  let sum = make.fixed(make.constant(document.number(element, 'initialScore', 0)))
  for (const score of scores) sum = make.math('add', sum, score)
  if (!usesReasons) return { predicted: sum }
  const lost = make.concat(differences), codes = make.concat(reasons)
  return {
    predicted: sum,
    features: {
      reasonCode(field) {
        const rank = document.number(field, 'rank', 1)
        if (rank > scores.length) throw document.broken(field, `rank ${rank} of ${scores.length} characteristics`)
        const order = make.add({ op: 'nearest', of: lost, count: rank, largest: true })
        // what is better than its baseline is no reason
        const at = make.select(order, rank - 1), isReason = make.binary('greaterEqual', make.add({ op: 'take', of: lost, at }), make.constant(0))
        return fieldOf('reasonCode', 'string', 'categorical', make.where(isReason, make.add({ op: 'take', of: codes, at }), make.constant(NaN)), words)
      },
    },
  }
}
