import { fieldNamed, literal } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { largest } from './mining.ts'
import { softmax } from './regression.ts'
import type { Element } from './xml.ts'

/** Products of likelihoods, as sums of their logarithms; what is missing is passed over, a count of 0 is the threshold, and no density is below it. */
export const naiveBayes: Family = (element, { make, scope, target }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'threshold')
  document.children(element, ...COMMON, 'BayesInputs', 'BayesOutput')
  const threshold = document.number(element, 'threshold'), output = document.wanted(element, 'BayesOutput'), counts = document.children(document.wanted(output, 'TargetValueCounts'), 'TargetValueCount')
  const classes = (target?.classes.length ?? 0) > 0 ? target!.classes : counts.map(count => document.text(count, 'value'))
  const countsOf = (list: readonly Element[]): Float64Array => Float64Array.from(classes, name => {
    const found = list.find(count => count.attributes['value'] === name)
    return found === undefined ? 0 : document.number(found, 'count')
  })
  const totals = countsOf(counts), all = totals.reduce((sum, count) => sum + count, 0)
  make.at(element)
  const floor = Math.log(threshold), bounded = (p: number): number => p === 0 ? floor : Math.log(p)
  let sum: number = make.fixed(totals.map(count => Math.log(count / all)))
  for (const input of document.children(document.wanted(element, 'BayesInputs'), 'BayesInput')) {
    document.attributes(input, 'fieldName')
    const field = fieldNamed(make, scope, input, document.text(input, 'fieldName')), x = field.value(), children = document.children(input, 'TargetValueStats', 'PairCounts', 'DerivedField')
    make.at(input)
    const stats = children.find(({ name }) => name === 'TargetValueStats')
    let logs: number
    if (children.some(({ name }) => name === 'DerivedField')) throw document.unsupported(input, 'a field that is derived in place')
    if (stats !== undefined) {
      const of = classes.map(name => document.all(stats, 'TargetValueStat').find(stat => stat.attributes['value'] === name)), gauss = of.map(stat => {
        const distribution = stat === undefined ? undefined : document.children(stat, 'GaussianDistribution')[0]
        if (distribution === undefined) throw document.unsupported(stats, 'a class without a Gaussian distribution')
        return { mean: document.number(distribution, 'mean'), variance: document.number(distribution, 'variance') }
      })
      const squared = make.unary('square', make.binary('subtract', x, Float64Array.from(gauss, ({ mean }) => mean)))
      const exponent = make.binary('divide', squared, Float64Array.from(gauss, ({ variance }) => 2 * variance))
      logs = make.binary('subtract', make.fixed(Float64Array.from(gauss, ({ variance }) => -0.5 * Math.log(2 * Math.PI * variance))), exponent)
      if (threshold > 0) logs = make.binary('maximum', logs, make.constant(floor))
    } else {
      const pairs = children.filter(({ name }) => name === 'PairCounts'), table = new Map<number, Float64Array>(), sums = new Float64Array(classes.length)
      for (const pair of pairs) {
        const given = countsOf(document.children(document.wanted(pair, 'TargetValueCounts'), 'TargetValueCount'))
        table.set(literal(make, pair, field, document.text(pair, 'value')), given)
        given.forEach((count, i) => { sums[i] = sums[i]! + count })
      }
      const keys = Float64Array.from(table.keys()).sort(), values = Float64Array.from([...keys].flatMap(key => [...table.get(key)!].map((count, i) => bounded(count / sums[i]!))))
      logs = make.add({ op: 'lookup', of: x, keys, width: classes.length, values, otherwise: new Float64Array(classes.length), missing: new Float64Array(classes.length) })
    }
    sum = make.binary('add', sum, make.where(make.isMissing(x), make.constant(0), logs))
  }
  make.at(element)
  const probabilities = softmax(make, sum)
  return { predicted: largest(make, probabilities), classes, probabilities }
}
