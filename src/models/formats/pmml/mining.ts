import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Context, Family, Result } from './family.ts'
import { predicateIn, PREDICATES, truthOf } from './predicates.ts'
import { innerScope } from './schema.ts'
import type { Maker } from './scope.ts'
import { classLeaf, Forest, scoreOf } from './trees.ts'
import type { Element } from './xml.ts'

const METHODS = ['majorityVote', 'weightedMajorityVote', 'average', 'weightedAverage', 'median', 'max', 'sum', 'weightedSum', 'selectFirst', 'modelChain'] as const
type Method = typeof METHODS[number]
interface Segment { readonly element: Element; readonly predicate: Element; readonly model: Element; readonly weight: number }

export const miningModel: Family = (element, context) => {
  const { make: { document } } = context
  document.attributes(element, ...COMMON_ATTRIBUTES)
  const children = document.children(element, ...COMMON, 'Segmentation'), segmentation = children.find(({ name }) => name === 'Segmentation')
  if (segmentation === undefined) throw document.broken(element, 'there is no <Segmentation> in it')
  document.attributes(segmentation, 'multipleModelMethod', 'missingPredictionTreatment', 'missingThreshold', 'x-missingPredictionTreatment')
  const method = document.choice<Method>(segmentation, 'multipleModelMethod', 'modelChain', ...METHODS)
  if (document.choice(segmentation, 'missingPredictionTreatment', 'continue', 'continue', 'returnMissing') !== 'continue' && method.endsWith('ajorityVote')) throw document.unsupported(segmentation, `missingPredictionTreatment = 'returnMissing' of votes`)
  if (document.number(segmentation, 'missingThreshold', 1) !== 1) throw document.unsupported(segmentation, `missingThreshold = '${segmentation.attributes['missingThreshold']}'`)
  const segments = document.children(segmentation, 'Segment').map((segment): Segment => {
    document.attributes(segment, 'id', 'weight')
    const predicate = predicateIn(context.make, segment), model = segment.children.find(child => !PREDICATES.includes(child.name) && child.name !== 'Extension')
    if (model === undefined) throw document.broken(segment, 'there is no model in it')
    return { element: segment, predicate, model, weight: document.number(segment, 'weight', 1) }
  })
  if (segments.length === 0) throw document.broken(segmentation, 'there is no <Segment> in it')
  if (method === 'modelChain') return chain(context, segments)
  const isClassifier = document.text(element, 'functionName') === 'classification'
  if (method !== 'selectFirst' && method !== 'median' && method !== 'max' && segments.every(isTree)) return ofTrees(context, segmentation, segments, method, isClassifier)
  return isClassifier ? ofClassifiers(context, segmentation, segments, method) : ofNumbers(context, segmentation, segments, method)
}

/** A tree that is always asked, and says nothing but its answer. */
const isTree = ({ predicate, model }: Segment): boolean => predicate.name === 'True' && model.name === 'TreeModel' && !model.children.some(({ name }) => name === 'Output' || name === 'LocalTransformations' || name === 'Targets')

/** All trees as one step: this is what forests and boosted trees are. */
function ofTrees({ make, scope, target }: Context, element: Element, segments: readonly Segment[], method: Method, isClassifier: boolean): Result {
  const weighted = method.startsWith('weighted'), total = weighted ? segments.reduce((sum, { weight }) => sum + weight, 0) : segments.length
  const round = make.float32 ? Math.fround : (x: number) => x, factor = ({ weight }: Segment): number => weighted ? weight : 1
  if (!isClassifier) {
    const trees = new Forest(make, 1)
    for (const segment of segments) trees.add(segment.model, innerScope(make, scope, make.document.child(segment.model, 'MiningSchema')), node => [round(scoreOf(make, node) * factor(segment))])
    const sums = trees.sums(element)
    return { predicted: method === 'sum' || method === 'weightedSum' ? sums : make.math('divide', sums, make.constant(total)) }
  }
  const classes = target?.classes ?? []
  if (classes.length === 0) throw make.document.unsupported(element, 'a classifier whose target has no values in the data dictionary')
  const votes = method.endsWith('ajorityVote'), trees = new Forest(make, classes.length)
  for (const segment of segments) {
    trees.add(segment.model, innerScope(make, scope, make.document.child(segment.model, 'MiningSchema')), node => {
      const { probabilities, label } = classLeaf(make, node, classes)
      return votes ? classes.map((_, i) => i === label ? factor(segment) : 0) : probabilities.map(p => round(p * factor(segment)))
    })
  }
  const sums = trees.sums(element), probabilities = method === 'sum' ? sums : make.math('divide', sums, make.constant(total))
  return { predicted: largest(make, probabilities), classes, probabilities }
}

/** The index of the largest, the first of equals; NaN where nothing is there. */
export function largest(make: Maker, values: number): number {
  const size = make.width(values), at = make.add({ op: 'reduce', fn: 'argmax', of: values, size }), count = make.add({ op: 'reduce', fn: 'count', of: values, size })
  return make.where(count, at, make.constant(NaN))
}

function chain(context: Context, segments: readonly Segment[]): Result {
  const { make } = context
  let result: Result | undefined
  for (const { element, predicate, model } of segments) {
    if (predicate.name !== 'True') throw make.document.unsupported(element, 'a chain with conditions')
    result = context.model(model, context.scope)
  }
  return result!
}

function asked(context: Context, segments: readonly Segment[]): { readonly results: readonly Result[]; readonly is: readonly (number | undefined)[] } {
  const { make, scope } = context
  return {
    results: segments.map(({ model }) => context.model(model, scope.inner())),
    is: segments.map(({ predicate }) => predicate.name === 'True' ? undefined : truthOf(make, scope, predicate)),
  }
}

function ofNumbers(context: Context, element: Element, segments: readonly Segment[], method: Method): Result {
  const { make } = context, { results, is } = asked(context, segments), values = results.map(({ predicted }) => predicted)
  make.at(element)
  if (method === 'selectFirst') return { predicted: values.reduceRight<number>((rest, value, i) => is[i] === undefined ? value : make.where(is[i]!, value, rest), make.fixed(make.constant(NaN))) }
  const all = make.concat(values), size = values.length, reduce = (fn: 'sum' | 'median' | 'maximum' | 'product', of: number): number => make.add({ op: 'reduce', fn, of, size, ...make.float32 ? { float32: true } : {} })
  const weights = Float64Array.from(segments, ({ weight }) => weight), weighted = method.startsWith('weighted')
  if (is.every(one => one === undefined)) {
    const scaled = weighted ? make.math('multiply', all, weights) : all
    switch (method) {
      case 'sum': case 'weightedSum': return { predicted: reduce('sum', scaled) }
      case 'average': return { predicted: make.math('divide', reduce('sum', all), make.constant(size)) }
      case 'weightedAverage': return { predicted: make.math('divide', reduce('sum', scaled), make.constant(weights.reduce((sum, weight) => sum + weight, 0))) }
      case 'median': return { predicted: reduce('median', all) }
      case 'max': return { predicted: reduce('maximum', all) }
      default: throw make.document.unsupported(element, `multipleModelMethod = '${method}' of numbers`)
    }
  }
  const active = make.concat(is.map(one => one === undefined ? make.constant(1) : make.where(one, make.constant(1), make.constant(0)))), zero = make.constant(0)
  const factors = weighted ? make.binary('multiply', active, weights) : active, sum = reduce('sum', make.where(active, weighted ? make.binary('multiply', all, weights) : all, zero)), count = reduce('sum', factors)
  switch (method) {
    case 'sum': case 'weightedSum': return { predicted: make.where(reduce('maximum', active), sum, make.constant(NaN)) }
    case 'average': case 'weightedAverage': return { predicted: make.where(count, make.binary('divide', sum, count), make.constant(NaN)) }
    case 'max': return { predicted: make.where(count, reduce('maximum', make.where(active, all, make.constant(-Infinity))), make.constant(NaN)) }
    default: throw make.document.unsupported(element, `multipleModelMethod = '${method}' with conditions`)
  }
}

function ofClassifiers(context: Context, element: Element, segments: readonly Segment[], method: Method): Result {
  const { make, target } = context, { results, is } = asked(context, segments), classes = target?.classes ?? results[0]!.classes ?? []
  make.at(element)
  const probabilities = results.map(({ probabilities: given, classes: own, predicted }) => {
    if (own === undefined) throw make.document.unsupported(element, 'a segment that gives no class')
    const at = classes.map(name => own.indexOf(name))
    if (method.endsWith('ajorityVote') || given === undefined) return make.concat(at.map(i => make.where(make.isMissing(predicted), make.constant(method.endsWith('ajorityVote') ? 0 : NaN), make.binary('equal', predicted, make.constant(i)))))
    return make.add({ op: 'select', of: given, columns: Int32Array.from(at), fill: 0 })
  })
  if (method === 'selectFirst') {
    const none = make.fixed(new Float64Array(classes.length).fill(NaN)), first = probabilities.reduceRight<number>((rest, value, i) => is[i] === undefined ? value : make.where(is[i]!, value, rest), none)
    const label = results.reduceRight<number>((rest, { predicted, classes: own }, i) => {
      const mapped = own!.join('\0') === classes.join('\0') ? predicted : make.add({ op: 'lookup', of: predicted, width: 1, values: Float64Array.from(own!, name => classes.indexOf(name)), otherwise: make.constant(NaN) })
      return is[i] === undefined ? mapped : make.where(is[i]!, mapped, rest)
    }, make.fixed(make.constant(NaN)))
    return { predicted: label, classes, probabilities: first }
  }
  let sum: number | undefined, count: number | undefined
  for (const [i, value] of probabilities.entries()) {
    const weight = method.startsWith('weighted') ? segments[i]!.weight : 1, scaled = weight === 1 ? value : make.math('multiply', value, make.constant(weight))
    const part = is[i] === undefined ? scaled : make.where(make.where(is[i]!, make.constant(1), make.constant(0)), scaled, make.constant(0)), one = is[i] === undefined ? make.fixed(make.constant(weight)) : make.where(is[i]!, make.constant(weight), make.constant(0))
    sum = sum === undefined ? part : make.math('add', sum, part)
    count = count === undefined ? one : make.binary('add', count, one)
  }
  switch (method) {
    case 'majorityVote': case 'weightedMajorityVote': case 'average': case 'weightedAverage': {
      const shares = make.math('divide', sum!, count!)
      return { predicted: largest(make, shares), classes, probabilities: shares }
    }
    default: throw make.document.unsupported(element, `multipleModelMethod = '${method}' of classes`)
  }
}
