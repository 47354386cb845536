import { compile, fieldOf, isConstant } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { predicateIn, PREDICATES, truthOf } from './predicates.ts'
import type { Maker } from './scope.ts'
import type { Element } from './xml.ts'

/** Points of the first attribute of each characteristic that fits, and the reasons for what was lost. https://dmg.org/pmml/v4-4-1/Scorecard.html */
export const scorecard: Family = (element, { make, scope }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'initialScore', 'useReasonCodes', 'reasonCodeAlgorithm', 'baselineScore', 'baselineMethod')
  document.children(element, ...COMMON, 'Characteristics')
  const usesReasons = (element.attributes['useReasonCodes'] ?? 'true') === 'true', pointsBelow = document.choice(element, 'reasonCodeAlgorithm', 'pointsBelow', 'pointsAbove', 'pointsBelow') === 'pointsBelow'
  const words: string[] = [], scores: number[] = [], reasons: number[] = [], differences: number[] = [], owners = new Map<string, Element>()
  let isShared = false
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
      if (code !== undefined) {
        if ((owners.get(code) ?? characteristic) !== characteristic) isShared = true
        owners.set(code, characteristic)
      }
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
  const codes = make.concat(reasons), lost = isShared ? sharedPoints(make, codes, make.concat(differences)) : make.concat(differences)
  return {
    predicted: sum,
    features: {
      reasonCode(field) {
        const rank = document.number(field, 'rank', 1)
        // there are fewer reasons than that
        if (rank > scores.length) return fieldOf('reasonCode', 'string', 'categorical', make.fixed(make.constant(NaN)), words)
        const order = make.add({ op: 'nearest', of: lost, count: rank, largest: true })
        // what is better than its baseline is no reason
        const at = make.select(order, rank - 1), isReason = make.binary('greaterEqual', make.add({ op: 'take', of: lost, at }), make.constant(0))
        return fieldOf('reasonCode', 'string', 'categorical', make.where(isReason, make.add({ op: 'take', of: codes, at }), make.constant(NaN)), words)
      },
    },
  }
}

/** Points of a reason that several characteristics give are summed, and stand at the first of them; at the others NaN. */
function sharedPoints(make: Maker, codes: number, points: number): number {
  const size = make.width(codes), nothing = make.constant(NaN)
  return make.concat(Array.from({ length: size }, (_, i) => {
    const same = make.binary('equal', codes, make.select(codes, i)), sum = make.add({ op: 'reduce', fn: 'sum', of: make.where(same, points, make.constant(0)), size })
    return make.where(make.binary('equal', make.add({ op: 'reduce', fn: 'argmax', of: same, size }), make.constant(i)), sum, nothing)
  }))
}
