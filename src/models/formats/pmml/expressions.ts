import type { Binary, Operand, Unary } from '../../program.ts'
import type { Element } from './xml.ts'
import { codeOf } from './scope.ts'
import type { DataType, Field, Maker, Optype, Scope } from './scope.ts'

/** A field, or a constant: a text, or a number. */
export type Value = Field | { readonly constant: string | number; readonly type: DataType }
export const isConstant = (value: Value): value is Extract<Value, { readonly constant: string | number }> => 'constant' in value

const TYPES: readonly DataType[] = ['string', 'integer', 'float', 'double', 'boolean']

export function typeOf(make: Maker, element: Element, otherwise?: DataType): DataType {
  const type = element.attributes['dataType'] ?? otherwise
  if (type === undefined || !TYPES.includes(type as DataType)) throw make.document.unsupported(element, `dataType = '${type}'`, 'give numbers, texts or truth values')
  return type as DataType
}
export function optypeOf(make: Maker, element: Element, type: DataType): Optype {
  return make.document.choice<Optype>(element, 'optype', type === 'string' || type === 'boolean' ? 'categorical' : 'continuous', 'continuous', 'categorical', 'ordinal')
}

/** A field of a value that is there. */
export const fieldOf = (name: string, type: DataType, optype: Optype, value: number, words?: string[]): Field => ({ name, type, optype, value: () => value, ...words === undefined ? {} : { words } })

/** Reads a text as a value of a type. @throws SLUICE_MODEL_BROKEN */
function numberFor(make: Maker, element: Element, type: DataType, text: string): number {
  if (type === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true' ? 1 : 0
    if (text !== '0' && text !== '1') throw make.document.broken(element, `'${text}' is neither true nor false`)
  }
  const value = make.document.numberOf(element, text)
  return type === 'float' ? Math.fround(value) : value
}

/** What stands for a text where a field is compared with it. */
export const literal = (make: Maker, element: Element, field: Field, text: string): number => field.words === undefined ? numberFor(make, element, field.type, text) : codeOf(field, text)

/** A DerivedField, made when somebody first asks for it. */
export function derived(make: Maker, scope: Scope, element: Element, name = make.document.text(element, 'name')): Field {
  const { document } = make, type = typeOf(make, element), optype = optypeOf(make, element, type)
  document.attributes(element, 'name', 'optype', 'dataType')
  const expression = element.children.find(({ name: child }) => child !== 'Extension' && child !== 'Value')
  if (expression === undefined) throw document.broken(element, 'there is no expression in it')
  let made: { readonly value: number; readonly words: string[] | undefined } | undefined, underway = false
  const ready = (): NonNullable<typeof made> => {
    if (made !== undefined) return made
    if (underway) throw document.broken(element, `'${name}' is derived from itself`)
    underway = true
    const value = compile(make, scope, expression)
    make.at(element)
    return made = cast(make, element, value, type)
  }
  return { name, type, optype, get words() { return ready().words }, value: () => ready().value }
}

/** A value as another type. A text keeps the words of what it is made of: they grow together. */
function cast(make: Maker, element: Element, value: Value, type: DataType): { readonly value: number; readonly words: string[] | undefined } {
  if (type === 'string') {
    if (isConstant(value)) return { value: make.fixed(make.constant(0)), words: [String(value.constant)] }
    if (value.words === undefined) throw make.document.unsupported(element, `a number as a text: '${value.name}'`)
    return { value: value.value(), words: value.words }
  }
  if (isConstant(value)) return { value: make.fixed(make.constant(typeof value.constant === 'number' ? value.constant : numberFor(make, element, type, value.constant))), words: undefined }
  if (value.words !== undefined) {
    // texts that are numbers: those that the document names
    const from = value.value(), numbers = Float64Array.from(value.words, word => numberFor(make, element, type, word))
    return { value: make.add({ op: 'lookup', of: from, width: 1, values: numbers, otherwise: make.constant(NaN) }), words: undefined }
  }
  const from = value.value()
  return { value: type === 'float' && value.type !== 'float' ? make.round32(from) : from, words: undefined }
}
const wordCode = (words: string[], word: string): number => words.includes(word) ? words.indexOf(word) : words.push(word) - 1

export function compile(make: Maker, scope: Scope, element: Element): Value {
  const { document } = make
  make.at(element)
  switch (element.name) {
    case 'Constant': {
      document.attributes(element, 'dataType', 'missing')
      if (element.attributes['missing'] === 'true') return { constant: NaN, type: 'double' }
      const text = element.text, isNumber = /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$/.test(text), type = typeOf(make, element, isNumber ? (/^\s*[-+]?\d+\s*$/.test(text) ? 'integer' : 'double') : 'string')
      return { constant: type === 'string' ? text : numberFor(make, element, type, text.trim()), type }
    }
    case 'FieldRef': {
      document.attributes(element, 'field', 'mapMissingTo')
      const field = fieldNamed(make, scope, element, document.text(element, 'field')), instead = element.attributes['mapMissingTo']
      if (instead === undefined) return field
      const value = field.value()
      return { ...fieldOf(field.name, field.type, field.optype, make.where(make.isMissing(value), make.constant(literal(make, element, field, instead)), value)), ...field.words === undefined ? {} : { words: field.words } }
    }
    case 'NormContinuous': return normContinuous(make, scope, element)
    case 'NormDiscrete': {
      document.attributes(element, 'field', 'value', 'mapMissingTo', 'method')
      document.choice(element, 'method', 'indicator', 'indicator')
      const field = fieldNamed(make, scope, element, document.text(element, 'field')), is = make.binary('equal', field.value(), make.constant(literal(make, element, field, document.text(element, 'value'))))
      const missing = make.constant(element.attributes['mapMissingTo'] === undefined ? NaN : document.number(element, 'mapMissingTo'))
      return fieldOf(field.name, 'double', 'continuous', make.where(make.isMissing(field.value()), missing, is))
    }
    case 'Discretize': return discretize(make, scope, element)
    case 'MapValues': return mapValues(make, scope, element)
    case 'Apply': return apply(make, scope, element)
    default: throw document.unsupported(element, 'this expression')
  }
}

export function fieldNamed(make: Maker, scope: Scope, element: Element, name: string): Field {
  const field = scope.find(name)
  if (field === undefined) throw make.document.broken(element, `there is no field '${name}'`)
  return field
}

function normContinuous(make: Maker, scope: Scope, element: Element): Field {
  const { document } = make, field = fieldNamed(make, scope, element, document.text(element, 'field'))
  document.attributes(element, 'field', 'mapMissingTo', 'outliers')
  const points = document.children(element, 'LinearNorm').map(norm => ({ from: document.number(norm, 'orig'), to: document.number(norm, 'norm') })), outliers = document.choice(element, 'outliers', 'asIs', 'asIs', 'asMissingValues', 'asExtremeValues')
  if (points.length < 2 || points.some(({ from }, i) => i > 0 && !(from > points[i - 1]!.from))) throw document.broken(element, 'there must be two <LinearNorm> at least, and they must ascend')
  const x = field.value(), first = points[0]!, last = points.at(-1)!
  let y: number | undefined
  for (let i = points.length - 2; i >= 0; i--) {
    const { from, to } = points[i]!, next = points[i + 1]!
    // y = to + (x - from) / (next.from - from) * (next.to - to)
    const line = make.binary('add', make.binary('multiply', make.binary('divide', make.binary('subtract', x, make.constant(from)), make.constant(next.from - from)), make.constant(next.to - to)), make.constant(to))
    y = y === undefined ? line : make.where(make.binary('less', x, make.constant(next.from)), line, y)
  }
  if (outliers !== 'asIs') {
    const low = make.constant(outliers === 'asExtremeValues' ? first.to : NaN), high = make.constant(outliers === 'asExtremeValues' ? last.to : NaN)
    y = make.where(make.binary('less', x, make.constant(first.from)), low, make.where(make.binary('greater', x, make.constant(last.from)), high, y!))
  }
  const missing = element.attributes['mapMissingTo']
  return fieldOf(field.name, 'double', 'continuous', missing === undefined ? y! : make.where(make.isMissing(x), make.constant(document.number(element, 'mapMissingTo')), y!))
}

/** Whether a number lies in an <Interval>: 1, 0; 0 where it is missing. */
export function inInterval(make: Maker, x: number, interval: Element): number {
  const { document } = make, closure = document.choice(interval, 'closure', 'openClosed', 'openOpen', 'openClosed', 'closedOpen', 'closedClosed'), { leftMargin, rightMargin } = interval.attributes
  document.attributes(interval, 'closure', 'leftMargin', 'rightMargin')
  const above = leftMargin === undefined ? undefined : make.binary(closure.startsWith('open') ? 'greater' : 'greaterEqual', x, make.constant(document.number(interval, 'leftMargin')))
  const below = rightMargin === undefined ? undefined : make.binary(closure.endsWith('Open') ? 'less' : 'lessEqual', x, make.constant(document.number(interval, 'rightMargin')))
  return above === undefined || below === undefined ? above ?? below ?? make.not(make.isMissing(x)) : make.binary('and', above, below)
}

function discretize(make: Maker, scope: Scope, element: Element): Field {
  const { document } = make, field = fieldNamed(make, scope, element, document.text(element, 'field')), type = typeOf(make, element, 'string')
  document.attributes(element, 'field', 'mapMissingTo', 'defaultValue', 'dataType')
  const words: string[] | undefined = type === 'string' ? [] : undefined, x = field.value()
  const literalOf = (text: string | undefined): Float64Array => make.constant(text === undefined ? NaN : words === undefined ? numberFor(make, element, type, text) : wordCode(words, text))
  let value: Operand = literalOf(element.attributes['defaultValue'])
  for (const bin of document.children(element, 'DiscretizeBin').toReversed()) {
    document.attributes(bin, 'binValue')
    value = make.where(inInterval(make, x, document.wanted(bin, 'Interval')), literalOf(document.text(bin, 'binValue')), value)
  }
  return fieldOf(field.name, type, words === undefined ? 'continuous' : 'categorical', make.where(make.isMissing(x), literalOf(element.attributes['mapMissingTo']), value), words)
}

function mapValues(make: Maker, scope: Scope, element: Element): Field {
  const { document } = make, output = document.text(element, 'outputColumn'), type = typeOf(make, element, 'string')
  document.attributes(element, 'mapMissingTo', 'defaultValue', 'outputColumn', 'dataType')
  const children = document.children(element, 'FieldColumnPair', 'InlineTable', 'TableLocator'), words: string[] | undefined = type === 'string' ? [] : undefined
  const pairs = children.filter(({ name }) => name === 'FieldColumnPair').map(pair => ({ field: fieldNamed(make, scope, pair, document.text(pair, 'field')), column: document.text(pair, 'column') }))
  const table = children.find(({ name }) => name === 'InlineTable')
  if (table === undefined || pairs.length === 0) throw document.unsupported(element, 'a table that is not in the document')
  const literalOf = (text: string | undefined): Float64Array => make.constant(text === undefined ? NaN : words === undefined ? numberFor(make, element, type, text) : wordCode(words, text))
  let value: Operand = literalOf(element.attributes['defaultValue'])
  for (const row of cells(make, table).toReversed()) {
    let is: number | undefined
    for (const { field, column } of pairs) {
      const cell = row.get(column)
      if (cell === undefined) continue
      const same = make.binary('equal', field.value(), make.constant(literal(make, element, field, cell)))
      is = is === undefined ? same : make.binary('and', is, same)
    }
    if (is !== undefined) value = make.where(is, literalOf(row.get(output)), value)
  }
  let missing: number | undefined
  for (const { field } of pairs) missing = missing === undefined ? make.isMissing(field.value()) : make.binary('or', missing, make.isMissing(field.value()))
  return fieldOf(pairs[0]!.field.name, type, words === undefined ? 'continuous' : 'categorical', make.where(missing!, literalOf(element.attributes['mapMissingTo']), value), words)
}

/** The rows of an <InlineTable>: the cells by their columns. */
export function cells({ document }: Maker, table: Element): readonly ReadonlyMap<string, string>[] {
  return document.children(table, 'row').map(row => new Map(row.children.map(({ name, text }) => [name, text])))
}

const UNARY: { readonly [name: string]: Unary } = {
  log10: 'log10', ln: 'log', sqrt: 'sqrt', abs: 'absolute', exp: 'exp', floor: 'floor', ceil: 'ceiling', rint: 'round', expm1: 'expm1', ln1p: 'log1p', sin: 'sin', cos: 'cos', tan: 'tan', asin: 'asin', acos: 'acos',
  atan: 'atan', sinh: 'sinh', cosh: 'cosh', tanh: 'tanh', stdNormalCDF: 'normal', stdNormalIDF: 'probit', erf: 'erf',
}
const ARITHMETIC: { readonly [name: string]: Binary } = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide', pow: 'power', modulo: 'modulo', atan2: 'atan2' }
const COMPARISONS: { readonly [name: string]: Binary } = { equal: 'equal', notEqual: 'notEqual', lessThan: 'less', lessOrEqual: 'lessEqual', greaterThan: 'greater', greaterOrEqual: 'greaterEqual' }
const LISTS = new Set(['min', 'max', 'sum', 'avg', 'median', 'product'])

function apply(make: Maker, scope: Scope, element: Element): Value {
  const { document } = make, name = document.text(element, 'function')
  document.attributes(element, 'function', 'mapMissingTo', 'defaultValue', 'invalidValueTreatment')
  document.choice(element, 'invalidValueTreatment', 'returnInvalid', 'returnInvalid', 'asIs', 'asMissing')
  const given = element.children.filter(child => child.name !== 'Extension')
  const args = (): readonly Value[] => given.map(child => compile(make, scope, child))
  const result = called(make, scope, element, name, args, given)
  const { mapMissingTo, defaultValue } = element.attributes
  if (mapMissingTo === undefined && defaultValue === undefined || isConstant(result)) return result
  let value = result.value()
  const missing = given.map(child => operandOf(make, element, compile(make, scope, child))).filter(operand => typeof operand === 'number').map(operand => make.isMissing(operand)).reduce<number | undefined>((all, is) => all === undefined ? is : make.binary('or', all, is), undefined)
  if (defaultValue !== undefined) value = make.where(make.isMissing(value), make.constant(literal(make, element, result, defaultValue)), value)
  if (missing !== undefined && mapMissingTo !== undefined) value = make.where(missing, make.constant(literal(make, element, result, mapMissingTo)), value)
  return fieldOf(result.name, result.type, result.optype, value, result.words)
}

/** Numbers as they are, texts not. */
function operandOf(make: Maker, element: Element, value: Value): Operand {
  if (!isConstant(value)) return value.value()
  if (typeof value.constant === 'string') throw make.document.unsupported(element, `the text '${value.constant}' in the place of a number`)
  return make.constant(value.constant)
}
/** Both sides of a comparison: of texts the codes among the same words. */
function comparable(make: Maker, element: Element, a: Value, b: Value): [Operand, Operand] {
  if (!isConstant(a) && a.words !== undefined || !isConstant(b) && b.words !== undefined) {
    const field = !isConstant(a) ? a : b as Field, other = field === a ? b : a
    const side = isConstant(other) ? make.constant(literal(make, element, field, String(other.constant))) : other.words === field.words ? other.value() : undefined
    if (side === undefined) throw make.document.unsupported(element, `two fields of texts, or a text and a number: '${field.name}' and '${(other as Field).name}'`)
    return field === a ? [field.value(), side] : [side, field.value()]
  }
  const side = (value: Value, other: Value): Operand => isConstant(value) && typeof value.constant === 'string' && !isConstant(other) ? make.constant(numberFor(make, element, other.type, value.constant)) : operandOf(make, element, value)
  return [side(a, b), side(b, a)]
}
const asValue = (make: Maker, operand: Operand): number => typeof operand === 'number' ? operand : make.fixed(operand)

function called(make: Maker, scope: Scope, element: Element, name: string, args: () => readonly Value[], given: readonly Element[]): Value {
  const { document } = make, double = (value: number): Field => fieldOf(name, 'double', 'continuous', value), truth = (value: number): Field => fieldOf(name, 'boolean', 'categorical', value)
  const count = (least: number, most = least): readonly Value[] => {
    if (given.length < least || given.length > most) throw document.broken(element, `'${name}' of ${given.length} arguments`)
    return args()
  }
  const missingOr = (values: readonly Operand[], is: number): number => {
    // what is compared with something missing is missing
    const missing = values.filter(value => typeof value === 'number').map(value => make.isMissing(value)).reduce<number | undefined>((all, one) => all === undefined ? one : make.binary('or', all, one), undefined)
    return missing === undefined ? is : make.where(missing, make.constant(NaN), is)
  }
  if (Object.hasOwn(UNARY, name)) return double(make.unary(UNARY[name]!, asValue(make, operandOf(make, element, count(1)[0]!))))
  if (Object.hasOwn(ARITHMETIC, name)) {
    const [a, b] = count(name === '-' ? 1 : 2, 2), float32 = [a, b].every(value => value === undefined || value.type === 'float' || value.type === 'integer') && [a, b].some(value => value?.type === 'float')
    const value = b === undefined ? make.unary('negate', asValue(make, operandOf(make, element, a!))) : make.binary(ARITHMETIC[name]!, asValue(make, operandOf(make, element, a!)), operandOf(make, element, b), float32)
    const type: DataType = float32 ? 'float' : a!.type === 'integer' && b?.type === 'integer' && name !== '/' ? 'integer' : 'double'
    return fieldOf(name, type, 'continuous', value)
  }
  if (Object.hasOwn(COMPARISONS, name)) {
    const [a, b] = count(2), [left, right] = comparable(make, element, a!, b!)
    return truth(missingOr([left, right], make.binary(COMPARISONS[name]!, asValue(make, left), right)))
  }
  if (LISTS.has(name)) {
    const operands = count(1, 1000).map(value => operandOf(make, element, value)), all = make.concat(operands), size = make.width(all)
    const fn = name === 'min' ? 'minimum' : name === 'max' ? 'maximum' : name === 'avg' ? 'mean' : name as 'sum' | 'median' | 'product'
    // what is missing is passed over; of nothing else the answer is missing
    const present = make.not(make.isMissing(all)), there = make.add({ op: 'reduce', fn: 'sum', of: present, size })
    if (operands.length > 1 && name === 'median') return double(make.add({ op: 'reduce', fn, of: all, size }))
    const neutral = name === 'min' ? Infinity : name === 'max' ? -Infinity : name === 'product' ? 1 : 0, filled = make.where(present, all, make.constant(neutral))
    const reduced = make.add({ op: 'reduce', fn: fn === 'mean' ? 'sum' : fn, of: filled, size })
    return double(make.where(there, fn === 'mean' ? make.binary('divide', reduced, there) : reduced, make.constant(NaN)))
  }
  switch (name) {
    case 'isMissing': case 'isNotMissing': {
      const missing = make.isMissing(asValue(make, operandOf(make, element, count(1)[0]!)))
      return truth(name === 'isMissing' ? missing : make.not(missing))
    }
    case 'isValid': case 'isNotValid': {
      const [value] = count(1)
      if (isConstant(value!)) throw document.unsupported(element, 'whether a constant is valid')
      const present = make.not(make.isMissing(value!.value())), valid = value!.valid === undefined ? present : make.binary('and', present, oneOf(make, element, value!, value!.valid))
      // what is missing is neither
      return truth(name === 'isValid' ? valid : make.binary('and', present, make.not(valid)))
    }
    case 'and': case 'or': return truth(together(make, name, count(1, 1000).map(value => asValue(make, operandOf(make, element, value)))))
    case 'not': {
      const value = asValue(make, operandOf(make, element, count(1)[0]!))
      return truth(missingOr([value], make.not(value)))
    }
    case 'isIn': case 'isNotIn': {
      const [value, ...list] = count(2, 10_000)
      if (isConstant(value!) || !list.every(isConstant)) throw document.unsupported(element, `'${name}' of something else than a field and constants`)
      const is = oneOf(make, element, value!, list.map(({ constant }) => String(constant)))
      return truth(name === 'isIn' ? is : make.not(is))
    }
    case 'if': {
      const [when, yes, no] = count(2, 3), is = asValue(make, operandOf(make, element, when!))
      return choice(make, element, is, yes!, no ?? { constant: NaN, type: 'double' })
    }
    case 'threshold': {
      const [x, at] = count(2).map(value => operandOf(make, element, value))
      return double(missingOr([x!], make.binary('greater', asValue(make, x!), at!)))
    }
    case 'round': {
      // halves go up
      const x = asValue(make, operandOf(make, element, count(1)[0]!))
      return fieldOf(name, 'integer', 'continuous', make.unary('floor', make.binary('add', x, make.constant(0.5))))
    }
    case 'hypot': {
      const [a, b] = count(2).map(value => asValue(make, operandOf(make, element, value)))
      return double(make.unary('sqrt', make.binary('add', make.unary('square', a!), make.unary('square', b!))))
    }
    case 'normalCDF': {
      const [x, mean, deviation] = count(3).map(value => operandOf(make, element, value))
      return double(make.unary('normal', make.binary('divide', make.binary('subtract', asValue(make, x!), mean!), deviation!)))
    }
    default: {
      const own = make.functions.get(name)
      if (own === undefined) throw document.unsupported(element, `the function '${name}'`)
      return userFunction(make, scope, element, own, count(0, 1000))
    }
  }
}

/** 1 where a field is one of these. */
export function oneOf(make: Maker, element: Element, field: Field, words: readonly string[]): number {
  if (words.length === 0) return make.fixed(make.constant(0))
  const keys = Float64Array.from(new Set(words.map(word => literal(make, element, field, word)))).sort()
  return make.add({ op: 'lookup', of: field.value(), keys, width: 1, values: new Float64Array(keys.length).fill(1), otherwise: make.constant(0) })
}

/** Of three truths: 0 ends `and`, 1 ends `or`; else what is missing makes the whole missing. */
export function together(make: Maker, how: 'and' | 'or' | 'xor', values: readonly number[]): number {
  const all = make.concat(values), size = make.width(all), any = (value: number): number => make.binary('greater', make.add({ op: 'reduce', fn: 'sum', of: value, size }), make.constant(0))
  const unknown = any(make.isMissing(all))
  if (how === 'xor') {
    const filled = make.where(make.isMissing(all), make.constant(0), all), odd = make.binary('modulo', make.add({ op: 'reduce', fn: 'sum', of: filled, size }), make.constant(2))
    return make.where(unknown, make.constant(NaN), odd)
  }
  const decided = any(make.binary('equal', all, make.constant(how === 'and' ? 0 : 1)))
  return make.where(decided, make.constant(how === 'and' ? 0 : 1), make.where(unknown, make.constant(NaN), make.constant(how === 'and' ? 1 : 0)))
}

function choice(make: Maker, element: Element, is: number, yes: Value, no: Value): Field {
  const texts = [yes, no].some(value => isConstant(value) ? typeof value.constant === 'string' : value.words !== undefined)
  const words = [yes, no].map(value => isConstant(value) ? undefined : value.words).find(list => list !== undefined) ?? []
  const side = (value: Value): Operand => {
    if (!texts) return operandOf(make, element, value)
    if (isConstant(value)) return make.constant(typeof value.constant === 'number' ? (value.constant === value.constant ? wordCode(words, String(value.constant)) : NaN) : wordCode(words, value.constant))
    if (value.words !== words) throw make.document.unsupported(element, `two fields of texts, or a text and a number, one or the other: '${value.name}'`)
    return value.value()
  }
  const [a, b] = [side(yes), side(no)], type = texts ? 'string' : yes.type === no.type ? yes.type : 'double'
  // of an unknown condition the answer is missing
  const value = make.where(make.isMissing(is), make.constant(NaN), make.where(is, a, b))
  return fieldOf('if', type, texts ? 'categorical' : 'continuous', value, texts ? words : undefined)
}

// each of thirty functions may call the one before it twice
const DEPTH_MAX = 100, CALLS_MAX = 10_000
function userFunction(make: Maker, scope: Scope, element: Element, own: Element, values: readonly Value[]): Value {
  const { document } = make, parameters = document.all(own, 'ParameterField'), body = own.children.find(({ name }) => name !== 'ParameterField' && name !== 'Extension')
  if (body === undefined || parameters.length !== values.length) throw document.broken(element, `'${own.attributes['name']}' takes ${parameters.length} arguments`)
  if (++make.callDepth > DEPTH_MAX) throw document.broken(element, `'${own.attributes['name']}' calls itself, or functions are nested ${DEPTH_MAX} deep`)
  if (++make.calls > CALLS_MAX) throw document.unsupported(element, `more than ${CALLS_MAX} calls of functions that the document defines`)
  try {
    const inner = scope.inner()
    for (const [i, parameter] of parameters.entries()) {
      const name = document.text(parameter, 'name'), value = values[i]!
      inner.define(isConstant(value)
        ? fieldOf(name, value.type, typeof value.constant === 'string' ? 'categorical' : 'continuous', make.fixed(make.constant(typeof value.constant === 'number' ? value.constant : 0)), typeof value.constant === 'string' ? [value.constant] : undefined)
        : { ...value, name })
    }
    return compile(make, inner, body)
  } finally { make.callDepth-- }
}
