import { fieldOf, together } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family, Result } from './family.ts'
import { predicateIn, PREDICATES, truthOf } from './predicates.ts'
import type { Element } from './xml.ts'

interface Rule { readonly id: string; readonly score: string; readonly is: number; readonly weight: number; readonly confidence: number }

/** https://dmg.org/pmml/v4-4-1/RuleSet.html: the first rule that fits, the heaviest of them, or the category with the most weight. */
export const ruleSet: Family = (element, { make, scope, target }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES)
  document.children(element, ...COMMON, 'RuleSet')
  const set = document.wanted(element, 'RuleSet'), rules: Rule[] = []
  document.attributes(set, 'recordCount', 'nbCorrect', 'defaultScore', 'defaultConfidence')
  const children = document.children(set, 'RuleSelectionMethod', 'ScoreDistribution', 'SimpleRule', 'CompoundRule'), method = children.find(({ name }) => name === 'RuleSelectionMethod')
  if (method === undefined) throw document.broken(set, 'there is no <RuleSelectionMethod> in it')
  const criterion = document.choice(method, 'criterion', 'firstHit', 'weightedSum', 'weightedMax', 'firstHit')
  const add = (rule: Element, around: number | undefined): void => {
    const own = truthOf(make, scope, predicateIn(make, rule)), is = around === undefined ? own : together(make, 'and', [around, own])
    if (rule.name === 'CompoundRule') {
      document.attributes(rule)
      for (const inside of document.children(rule, ...PREDICATES, 'SimpleRule', 'CompoundRule').filter(({ name }) => name.endsWith('Rule'))) add(inside, is)
      return
    }
    document.attributes(rule, 'id', 'score', 'recordCount', 'nbCorrect', 'confidence', 'weight')
    document.children(rule, ...PREDICATES, 'ScoreDistribution')
    rules.push({ id: rule.attributes['id'] ?? String(rules.length + 1), score: document.text(rule, 'score'), is, weight: document.number(rule, 'weight', 1), confidence: document.number(rule, 'confidence', 1) })
  }
  for (const rule of children.filter(({ name }) => name.endsWith('Rule'))) add(rule, undefined)
  if (rules.length === 0) throw document.broken(set, 'there is no rule in it')
  make.at(set)
  const defaultScore = set.attributes['defaultScore'], classes = (target?.classes.length ?? 0) > 0 ? target!.classes : [...new Set([...rules.map(({ score }) => score), ...defaultScore === undefined ? [] : [defaultScore]])]
  const indexOf = (score: string): number => {
    const at = classes.indexOf(score)
    if (at < 0) throw document.broken(set, `the score '${score}' is none of the target's values`)
    return at
  }
  // unknown is not fulfilled
  const fires = make.where(make.concat(rules.map(({ is }) => is)), make.constant(1), make.constant(0)), size = rules.length, any = make.add({ op: 'reduce', fn: 'maximum', of: fires, size })
  const scores = Float64Array.from(rules, ({ score }) => indexOf(score)), confidences = Float64Array.from(rules, ({ confidence }) => confidence), weights = Float64Array.from(rules, ({ weight }) => weight)
  const none = { score: make.constant(defaultScore === undefined ? NaN : indexOf(defaultScore)), confidence: document.number(set, 'defaultConfidence', 0) }
  const defaults = Float64Array.from(classes, name => name === defaultScore ? none.confidence : 0), minus = make.constant(-Infinity), heavy = criterion === 'firstHit' ? make.constant(1) : make.fixed(weights)
  /** Of the rules that fire those of one class, or all: which comes first, or is the heaviest. */
  const winner = (among: number): number => make.add({ op: 'reduce', fn: 'argmax', of: make.where(among, heavy, minus), size }), ofClass = (c: number): number => make.binary('and', fires, scores.map(score => score === c ? 1 : 0))
  const pick = (values: Float64Array, at: number): number => make.add({ op: 'lookup', of: at, width: 1, values, otherwise: make.constant(NaN) })
  const sumOf = (c: number): number => make.add({ op: 'reduce', fn: 'sum', of: make.binary('multiply', fires, scores.map((score, i) => score === c ? weights[i]! : 0)), size })
  const answer = (best: number, rule: number, given: number): Result => {
    const predicted = make.where(any, best, none.score), confidence = make.where(any, given, defaults)
    return {
      predicted, classes, probabilities: confidence, entities: { names: rules.map(({ id }) => id), value: make.where(any, rule, make.constant(NaN)) },
      features: {
        confidence(field) {
          const value = field.attributes['value']
          return fieldOf('confidence', 'double', 'continuous', value === undefined ? make.add({ op: 'take', of: confidence, at: predicted }) : make.select(confidence, indexOf(value)))
        },
      },
    }
  }
  if (criterion === 'weightedSum') {
    const sums = make.concat(classes.map((_, c) => sumOf(c))), count = make.add({ op: 'reduce', fn: 'sum', of: fires, size })
    // of equal sums the first in the dictionary, says the specification
    const best = make.add({ op: 'reduce', fn: 'argmax', of: sums, size: classes.length })
    return answer(best, winner(make.binary('and', fires, make.binary('equal', make.fixed(scores), best))), make.binary('divide', sums, count))
  }
  const chosen = winner(fires), given = make.concat(classes.map((_, c) => {
    const among = ofClass(c)
    return make.where(make.add({ op: 'reduce', fn: 'maximum', of: among, size }), pick(confidences, winner(among)), make.constant(0))
  }))
  return answer(pick(scores, chosen), chosen, given)
}
