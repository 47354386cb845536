import { fieldNamed, literal } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Family } from './family.ts'
import { largest } from './mining.ts'
import type { Field, Maker, Scope } from './scope.ts'
import type { Element } from './xml.ts'

const NORMALIZATIONS = ['none', 'simplemax', 'softmax', 'logit', 'probit', 'cloglog', 'exp', 'loglog', 'cauchit'] as const
type Normalization = typeof NORMALIZATIONS[number]

/** The value of a <RegressionTable>: terms in the order of the document, the intercept last. */
function tableValue(make: Maker, scope: Scope, table: Element): number {
  const { document } = make
  document.attributes(table, 'intercept', 'targetCategory')
  make.at(table)
  const terms = document.children(table, 'NumericPredictor', 'CategoricalPredictor', 'PredictorTerm'), numeric: { readonly field: Field; readonly coefficient: number }[] = [], others: number[] = []
  for (const term of terms) {
    const coefficient = document.number(term, 'coefficient'), rounded = make.float32 ? Math.fround(coefficient) : coefficient
    if (term.name === 'PredictorTerm') {
      document.attributes(term, 'name', 'coefficient')
      const factors = document.children(term, 'FieldRef').map(ref => fieldNamed(make, scope, ref, document.text(ref, 'field')).value())
      others.push(make.math('multiply', factors.reduce((product, factor) => make.math('multiply', product, factor)), make.constant(rounded)))
      continue
    }
    document.attributes(term, 'name', 'field', 'coefficient', 'exponent', 'value')
    const field = fieldNamed(make, scope, term, term.attributes['name'] ?? document.text(term, 'field'))
    if (term.name === 'NumericPredictor') {
      const exponent = document.number(term, 'exponent', 1)
      if (exponent === 1) numeric.push({ field, coefficient: rounded })
      else others.push(make.math('multiply', make.math('power', field.value(), make.constant(exponent)), make.constant(rounded)))
    } else {
      // what is missing is no category
      others.push(make.math('multiply', make.binary('equal', field.value(), make.constant(literal(make, term, field, document.text(term, 'value')))), make.constant(rounded)))
    }
  }
  make.at(table)
  const intercept = make.float32 ? Math.fround(document.number(table, 'intercept')) : document.number(table, 'intercept')
  let sum: number | undefined
  if (numeric.length > 0) {
    const { value, columns } = make.matrix(numeric.map(({ field }) => field)), chosen = make.select(value, ...columns)
    sum = make.add({ op: 'linear', of: chosen, linear: { width: numeric.length, groups: 1, sums: make.float32 ? 'float32' : 'float64', start: new Float64Array(1), weights: Float64Array.from(numeric, ({ coefficient }) => coefficient), skipsNaN: false } })
  }
  for (const other of others) sum = sum === undefined ? other : make.math('add', sum, other)
  return sum === undefined ? make.fixed(make.constant(intercept)) : intercept === 0 ? sum : make.math('add', sum, make.constant(intercept))
}

/** The inverse link of one value. */
export function normalized(make: Maker, how: Exclude<Normalization, 'softmax' | 'simplemax'>, x: number): number {
  const one = make.constant(1)
  switch (how) {
    case 'none': return x
    case 'exp': return make.unary('exp', x, make.float32)
    // 1 / (1 + e^-x), each step rounded
    case 'logit': return make.math('divide', make.fixed(one), make.math('add', make.unary('exp', make.unary('negate', x), make.float32), one))
    case 'probit': return make.unary('normal', x)
    case 'cloglog': return make.math('subtract', make.fixed(one), make.unary('exp', make.unary('negate', make.unary('exp', x)), make.float32))
    case 'loglog': return make.unary('exp', make.unary('negate', make.unary('exp', make.unary('negate', x))), make.float32)
    case 'cauchit': return make.math('add', make.math('divide', make.unary('atan', x), make.constant(Math.PI)), make.constant(0.5))
  }
}

export const regressionModel: Family = (element, { make, scope, target }) => {
  const { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'normalizationMethod', 'modelType', 'targetFieldName')
  const how = document.choice<Normalization>(element, 'normalizationMethod', 'none', ...NORMALIZATIONS), tables = document.children(element, ...COMMON, 'RegressionTable').filter(({ name }) => name === 'RegressionTable')
  if (document.text(element, 'functionName') === 'regression') {
    if (tables.length !== 1) throw document.broken(element, `${tables.length} tables for one number`)
    // of a single number softmax is the logistic function, as the specification has it
    const value = tableValue(make, scope, tables[0]!)
    if (how === 'simplemax') throw document.unsupported(element, 'simplemax of one number')
    return { predicted: normalized(make, how === 'softmax' ? 'logit' : how, value) }
  }
  const classes = tables.map(table => document.text(table, 'targetCategory')), order = (target?.classes.length ?? 0) > 0 ? target!.classes : classes
  if (classes.length < 2) throw document.unsupported(element, `a classifier of ${classes.length} tables`)
  const values = tables.map(table => tableValue(make, scope, table))
  make.at(element)
  // where one value is missing, so are all probabilities
  const present = make.binary('equal', make.add({ op: 'reduce', fn: 'count', of: make.concat(values), size: values.length }), make.constant(values.length))
  const probabilities = make.where(present, classProbabilities(make, element, how, values, target?.field?.optype === 'ordinal'), make.constant(NaN)), ordered = order.every((name, i) => name === classes[i]) && order.length === classes.length
    ? probabilities : make.add({ op: 'select', of: probabilities, columns: Int32Array.from(order, name => classes.indexOf(name)), fill: 0 })
  return { predicted: largest(make, ordered), classes: order, probabilities: ordered }
}

function classProbabilities(make: Maker, element: Element, how: Normalization, values: readonly number[], ordinal: boolean): number {
  const size = values.length, one = make.fixed(make.constant(1))
  /** A probability: what is not normalized is cut. */
  const bounded = (value: number): number => how === 'none' ? make.binary('minimum', make.binary('maximum', value, make.constant(0)), make.constant(1)) : normalized(make, how as 'logit', value)
  if (how === 'exp') throw make.document.unsupported(element, `normalizationMethod = 'exp' of classes`)
  if (ordinal && how !== 'softmax' && how !== 'simplemax') {
    // cumulative: of each class what is above the one before
    const up = values.slice(0, -1).map(bounded)
    return make.concat(values.map((_, i) => i === 0 ? up[0]! : make.math('subtract', i === size - 1 ? one : up[i]!, up[i - 1]!)))
  }
  if (how === 'softmax') return softmax(make, make.concat(values))
  if (how === 'simplemax') {
    const all = make.concat(values)
    return make.math('divide', all, make.add({ op: 'reduce', fn: 'sum', of: all, size, ...make.float32 ? { float32: true } : {} }))
  }
  if (size === 2) {
    const first = bounded(values[0]!)
    return make.concat([first, make.math('subtract', one, first)])
  }
  if (how === 'none') {
    // the last has what is left
    const rest = values.slice(0, -1).reduce((sum, value) => make.math('add', sum, value))
    return make.concat([...values.slice(0, -1), make.math('subtract', one, rest)])
  }
  if (how !== 'logit') throw make.document.unsupported(element, `normalizationMethod = '${how}' of more than two classes`)
  const all = make.concat(values.map(value => normalized(make, how, value)))
  return make.math('divide', all, make.add({ op: 'reduce', fn: 'sum', of: all, size, ...make.float32 ? { float32: true } : {} }))
}

/** e^(x - max) / their sum. */
export function softmax(make: Maker, values: number): number {
  return make.add({ op: 'softmax', of: values, size: make.width(values), ...make.float32 ? { float32: true } : {} })
}
