import type { Result } from './family.ts'
import type { Maker } from './scope.ts'
import type { Element } from './xml.ts'

/** <Targets> of a number: of what is missing the default; bounds, then factor and constant, then a whole number. */
export function targeted(make: Maker, model: Element, result: Result): Result {
  const { document } = make, targets = document.child(model, 'Targets')
  if (targets === undefined) return result
  const all = document.children(targets, 'Target'), [target] = all
  if (target === undefined) return result
  if (all.length > 1) throw document.unsupported(targets, 'several targets')
  document.attributes(target, 'field', 'optype', 'castInteger', 'min', 'max', 'rescaleFactor', 'rescaleConstant')
  const values = document.children(target, 'TargetValue')
  make.at(target)
  if (result.classes !== undefined) {
    for (const value of values) document.attributes(value, 'value', 'displayValue')
    if (['min', 'max', 'rescaleFactor', 'rescaleConstant', 'castInteger'].some(name => target.attributes[name] !== undefined)) throw document.unsupported(target, 'a class that is rescaled')
    return result
  }
  const round = make.float32 ? Math.fround : (x: number) => x
  let { predicted } = result
  for (const value of values) {
    document.attributes(value, 'value', 'displayValue', 'priorProbability', 'defaultValue')
    if (value.attributes['defaultValue'] !== undefined) predicted = make.where(make.isMissing(predicted), make.constant(document.number(value, 'defaultValue')), predicted)
  }
  if (target.attributes['min'] !== undefined) predicted = make.binary('maximum', predicted, make.constant(document.number(target, 'min')))
  if (target.attributes['max'] !== undefined) predicted = make.binary('minimum', predicted, make.constant(document.number(target, 'max')))
  const factor = document.number(target, 'rescaleFactor', 1), constant = document.number(target, 'rescaleConstant', 0)
  if (factor !== 1) predicted = make.math('multiply', predicted, make.constant(round(factor)))
  if (constant !== 0) predicted = make.math('add', predicted, make.constant(round(constant)))
  switch (document.choice(target, 'castInteger', 'none', 'none', 'round', 'ceiling', 'floor')) {
    case 'round': predicted = make.unary('floor', make.binary('add', predicted, make.constant(0.5))); break
    case 'ceiling': predicted = make.unary('ceiling', predicted); break
    case 'floor': predicted = make.unary('floor', predicted); break
    case 'none':
  }
  return { ...result, predicted }
}
