import { COX_ATTRIBUTES, cumulativeHazard } from './cox.ts'
import { fieldNamed, literal } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { largest } from './mining.ts'
import { normalized, softmax } from './regression.ts'
import type { Maker, Scope } from './scope.ts'
import type { Element } from './xml.ts'

const TYPES = ['regression', 'generalLinear', 'multinomialLogistic', 'ordinalMultinomial', 'generalizedLinear', 'CoxRegression'] as const
const LINKS = ['identity', 'log', 'logc', 'logit', 'probit', 'cloglog', 'loglog', 'power', 'oddspower', 'negbin', 'cauchit'] as const
type Link = typeof LINKS[number]

/** Parameters as products of predictors, by name; one without predictors is 1. https://dmg.org/pmml/v4-4-1/GeneralRegression.html */
function parameters(make: Maker, scope: Scope, element: Element): (name: string, category: string | undefined) => number | undefined {
  const { document } = make, names = (list: string): ReadonlySet<string> => {
    const found = document.child(element, list)
    return new Set(found === undefined ? [] : document.children(found, 'Predictor').map(predictor => {
      document.attributes(predictor, 'name', 'contrastMatrixType')
      if (document.children(predictor, 'Matrix', 'Categories').some(({ name }) => name === 'Matrix')) throw document.unsupported(predictor, 'a contrast matrix')
      return document.text(predictor, 'name')
    }))
  }
  const factors = names('FactorList'), covariates = names('CovariateList'), matrix = document.child(element, 'PPMatrix'), cells = matrix === undefined ? [] : document.children(matrix, 'PPCell')
  // a category with cells of its own has its own matrix, as JPMML reads it
  const own = new Map<string | undefined, Map<string, Element[]>>()
  for (const cell of cells) {
    document.attributes(cell, 'value', 'predictorName', 'parameterName', 'targetCategory')
    const category = cell.attributes['targetCategory'], rows = own.get(category) ?? new Map<string, Element[]>(), name = document.text(cell, 'parameterName'), row = rows.get(name) ?? []
    own.set(category, rows)
    rows.set(name, row)
    row.push(cell)
  }
  const known = new Map<readonly Element[], number>()
  const product = (row: readonly Element[]): number => {
    let is: number | undefined, times: number | undefined
    for (const cell of row) {
      make.at(cell)
      const predictor = document.text(cell, 'predictorName'), field = fieldNamed(make, scope, cell, predictor), value = document.text(cell, 'value'), x = field.value()
      if (covariates.has(predictor)) {
        const exponent = document.numberOf(cell, value), factor = exponent === 1 ? x : make.math('power', x, make.constant(exponent))
        times = times === undefined ? factor : make.math('multiply', times, factor)
      } else if (factors.has(predictor)) {
        const factor = make.where(make.isMissing(x), make.constant(NaN), make.binary('equal', x, make.constant(literal(make, cell, field, value))))
        is = is === undefined ? factor : make.math('multiply', is, factor)
      } else throw document.broken(cell, `'${predictor}' is neither a factor nor a covariate`)
    }
    if (is === undefined || times === undefined) return is ?? times!
    // where a factor is another one, a covariate may be missing
    return make.where(make.binary('equal', is, make.constant(0)), make.constant(0), make.math('multiply', is, times))
  }
  return (name, category) => {
    const row = (own.get(category) ?? own.get(undefined))?.get(name)
    if (row === undefined) return undefined
    const value = known.get(row) ?? product(row)
    known.set(row, value)
    return value
  }
}

/** The sum of the parameters of a category times their weights, in the order of the document. */
function predictor(make: Maker, element: Element, valueOf: ReturnType<typeof parameters>, category: string | undefined): number {
  const { document } = make, cells = document.children(document.wanted(element, 'ParamMatrix'), 'PCell').filter(cell => (cell.attributes['targetCategory'] ?? category) === category || cell.attributes['targetCategory'] === undefined)
  let sum: number | undefined
  for (const cell of cells) {
    document.attributes(cell, 'targetCategory', 'parameterName', 'beta', 'df')
    const beta = document.number(cell, 'beta'), parameter = valueOf(document.text(cell, 'parameterName'), category)
    make.at(cell)
    const term = parameter === undefined ? make.fixed(make.constant(beta)) : make.math('multiply', parameter, make.constant(beta))
    sum = sum === undefined ? term : make.math('add', sum, term)
  }
  return sum ?? make.fixed(make.constant(0))
}

function inverse(make: Maker, element: Element, link: Link, x: number): number {
  const { document } = make, one = make.fixed(make.constant(1)), parameter = (): number => document.number(element, link === 'negbin' ? 'distParameter' : 'linkParameter')
  switch (link) {
    case 'identity': return x
    case 'log': return normalized(make, 'exp', x)
    case 'logc': return make.math('subtract', one, make.unary('exp', x))
    case 'logit': case 'probit': case 'cloglog': case 'loglog': case 'cauchit': return normalized(make, link, x)
    case 'power': return parameter() === 0 ? make.unary('exp', x) : make.math('power', x, make.constant(1 / parameter()))
    case 'oddspower': {
      if (parameter() === 0) return normalized(make, 'logit', x)
      const inside = make.math('add', make.math('multiply', x, make.constant(parameter())), make.constant(1))
      return make.math('divide', one, make.math('add', make.math('power', inside, make.constant(-1 / parameter())), make.constant(1)))
    }
    // 1 / (c (e^-x - 1))
    case 'negbin': return make.math('divide', one, make.math('multiply', make.math('subtract', make.unary('exp', make.unary('negate', x)), make.constant(1)), make.constant(parameter())))
  }
}

export const generalRegression: Family = (element, { make, scope, target }) => {
  const { document } = make
  const type = document.choice(element, 'modelType', 'regression', ...TYPES)
  document.attributes(element, ...COMMON_ATTRIBUTES, 'modelType', 'targetVariableName', 'targetReferenceCategory', 'cumulativeLink', 'linkFunction', 'linkParameter', 'trialsVariable', 'trialsValue', 'distribution', 'distParameter', 'offsetVariable', 'offsetValue', 'modelDF', ...type === 'CoxRegression' ? COX_ATTRIBUTES : [])
  document.children(element, ...COMMON, 'ParameterList', 'FactorList', 'CovariateList', 'PPMatrix', 'PCovMatrix', 'ParamMatrix', ...type === 'CoxRegression' ? ['BaseCumHazardTables', 'EventValues'] : [])
  const isClassifier = document.text(element, 'functionName') !== 'regression', valueOf = parameters(make, scope, element), extra = (name: 'offset' | 'trials'): number | undefined => {
    const variable = element.attributes[`${name}Variable`], value = element.attributes[`${name}Value`]
    // the specification does not say what they would mean elsewhere
    const isFor = type === 'generalizedLinear' && (name === 'offset' || !isClassifier) || type === 'ordinalMultinomial' && name === 'offset'
    if ((variable ?? value) !== undefined && !isFor) throw document.unsupported(element, `${name}${variable === undefined ? 'Value' : 'Variable'} of ${type}${isClassifier ? ' with classes' : ''}`)
    return variable !== undefined ? fieldNamed(make, scope, element, variable).value() : value !== undefined ? make.fixed(make.constant(document.number(element, `${name}Value`))) : undefined
  }
  const offset = extra('offset'), trials = extra('trials'), withOffset = (x: number): number => offset === undefined ? x : make.math('add', x, offset)
  if (!isClassifier) {
    if (type === 'CoxRegression') return { predicted: cumulativeHazard(make, scope, element, predictor(make, element, valueOf, undefined)) }
    const x = withOffset(predictor(make, element, valueOf, undefined))
    make.at(element)
    const link = type === 'generalizedLinear' ? document.choice<Link>(element, 'linkFunction', 'identity', ...LINKS) : 'identity', value = inverse(make, element, link, x)
    return { predicted: trials === undefined ? value : make.math('multiply', value, trials) }
  }
  const cells = document.children(document.wanted(element, 'ParamMatrix'), 'PCell'), given = [...new Set(cells.flatMap(cell => cell.attributes['targetCategory'] ?? []))], reference = element.attributes['targetReferenceCategory']
  const classes = (target?.classes.length ?? 0) > 0 ? target!.classes : [...given, ...reference === undefined || given.includes(reference) ? [] : [reference]]
  if (classes.length < 2) throw document.unsupported(element, 'a classifier whose target has no values in the data dictionary')
  const left = reference ?? classes.find(name => !given.includes(name))
  let probabilities: number
  if (type === 'ordinalMultinomial') {
    const link = document.choice<Link>(element, 'cumulativeLink', 'logit', 'logit', 'probit', 'cloglog', 'loglog', 'cauchit'), one = make.fixed(make.constant(1))
    const up = classes.slice(0, -1).map(name => inverse(make, element, link, withOffset(predictor(make, element, valueOf, name))))
    make.at(element)
    probabilities = make.concat(classes.map((_, i) => i === 0 ? up[0]! : make.math('subtract', i === classes.length - 1 ? one : up[i]!, up[i - 1]!)))
  } else if (type === 'multinomialLogistic') {
    // the category of reference has 0
    const values = classes.map(name => name === left ? make.fixed(make.constant(0)) : withOffset(predictor(make, element, valueOf, name)))
    make.at(element)
    probabilities = softmax(make, make.concat(values))
  } else {
    if (classes.length !== 2) throw document.unsupported(element, `${type} of ${classes.length} classes`)
    const first = classes.findIndex(name => name !== left), p = inverse(make, element, document.choice<Link>(element, 'linkFunction', 'identity', ...LINKS), withOffset(predictor(make, element, valueOf, classes[first])))
    make.at(element)
    const rest = make.math('subtract', make.fixed(make.constant(1)), p)
    probabilities = make.concat(first === 0 ? [p, rest] : [rest, p])
  }
  return { predicted: largest(make, probabilities), classes, probabilities }
}
