import type { Column } from '../../../core/tensors.ts'
import { compile, fieldOf, inInterval, isConstant, literal, oneOf, optypeOf, typeOf } from './expressions.ts'
import { Scope } from './scope.ts'
import type { DataType, Field, Maker, Optype } from './scope.ts'
import type { Document } from './document.ts'
import type { Element } from './xml.ts'

// The data dictionary, and what a mining schema makes of its fields.

export interface DataField {
  readonly name: string
  readonly type: DataType
  readonly optype: Optype
  readonly element: Element
  /** Values that are valid, if the document says; invalid and missing ones. */
  readonly valid: readonly string[]
  readonly invalid: readonly string[]
  readonly missing: readonly string[]
  readonly intervals: readonly Element[]
}

const TYPES: readonly string[] = ['string', 'integer', 'float', 'double', 'boolean']

export function dataFields(document: Document, dictionary: Element): ReadonlyMap<string, DataField> {
  const fields = new Map<string, DataField>()
  document.attributes(dictionary, 'numberOfFields')
  for (const element of document.children(dictionary, 'DataField', 'Taxonomy')) {
    if (element.name === 'Taxonomy') throw document.unsupported(element, 'a taxonomy')
    document.attributes(element, 'name', 'optype', 'dataType', 'isCyclic')
    if ((element.attributes['isCyclic'] ?? '0') !== '0') throw document.unsupported(element, 'a cyclic field')
    const name = document.text(element, 'name'), type = document.text(element, 'dataType')
    if (fields.has(name)) throw document.broken(element, `the field '${name}' is there twice`)
    if (!TYPES.includes(type)) throw document.unsupported(element, `dataType = '${type}'`, 'give numbers, texts or truth values')
    const values = document.children(element, 'Value', 'Interval').filter(child => child.name === 'Value')
    for (const value of values) document.attributes(value, 'value', 'property', 'displayValue')
    const of = (property: string): readonly string[] => values.filter(value => (value.attributes['property'] ?? 'valid') === property).map(value => document.text(value, 'value'))
    const optype = document.choice<Optype>(element, 'optype', type === 'string' || type === 'boolean' ? 'categorical' : 'continuous', 'continuous', 'categorical', 'ordinal')
    fields.set(name, { name, type: type as DataType, optype, element, valid: of('valid'), invalid: of('invalid'),
      // what is no number is missing in any case
      missing: of('missing').filter(text => type === 'string' || text !== 'NaN'), intervals: document.all(element, 'Interval') })
  }
  return fields
}

/** The input of the model: what its mining schema takes from outside, in the order of the dictionary. `words` of texts are the column's own list, which grows. */
export interface Input { readonly field: DataField; readonly column: Column & { readonly categories?: readonly (string | boolean)[] }; readonly words: string[] | undefined }

export function inputOf(field: DataField): Input {
  if (field.type === 'string') {
    const words = [...field.valid, ...field.invalid, ...field.missing]
    return { field, words, column: { name: field.name, categories: words, unknown: -1, missing: true } }
  }
  if (field.type === 'boolean') return { field, words: undefined, column: { name: field.name, categories: [false, true], unknown: -1, missing: true } }
  return { field, words: undefined, column: { name: field.name, missing: true } }
}

/** The fields of an outermost mining schema: raw columns, then missing, invalid and outlying values as it says, in the order of the specification: what is invalid may become missing. */
export function activeField(make: Maker, mining: Element, input: Input, at: number): Field {
  const { document } = make, { field: { name, type, optype, valid, invalid, missing, intervals }, words } = input
  document.attributes(mining, 'name', 'usageType', 'optype', 'missingValueReplacement', 'missingValueTreatment', 'invalidValueTreatment', 'invalidValueReplacement', 'outliers', 'lowValue', 'highValue')
  const attributes = mining.attributes, treatment = document.choice(mining, 'invalidValueTreatment', 'returnInvalid', 'returnInvalid', 'asIs', 'asMissing', 'asValue'), missingTreatment = document.choice(mining, 'missingValueTreatment', 'asIs', 'asIs', 'asMean', 'asMode', 'asMedian', 'asValue', 'returnInvalid')
  const outliers = document.choice(mining, 'outliers', 'asIs', 'asIs', 'asMissingValues', 'asExtremeValues')
  const plain = { name, type, optype, ...words === undefined ? {} : { words }, ...valid.length === 0 ? {} : { valid } }
  make.at(mining)
  const column = (): number => type === 'float' && make.columnsRound ? make.round32(make.select(0, at)) : make.select(0, at)
  const raw: Field = { ...plain, value: column }
  let value: number | undefined
  const changed = (): number => value ??= column()
  if (missing.length > 0) value = make.where(oneOf(make, mining, raw, missing), make.constant(NaN), changed())
  const restricted = valid.length > 0 || intervals.length > 0 || invalid.length > 0
  if (restricted && treatment !== 'asIs') {
    const isValid = intervals.length > 0 ? intervals.map(interval => inInterval(make, changed(), interval)).reduce((all, is) => make.binary('or', all, is)) : valid.length > 0 ? oneOf(make, mining, raw, valid) : make.not(oneOf(make, mining, raw, invalid))
    const isInvalid = make.binary('and', make.not(isValid), make.not(make.isMissing(changed())))
    if (treatment === 'returnInvalid') make.refusals.push({ value: isInvalid, message: `the value of '${name}' is invalid for this model` })
    else {
      const instead = attributes['invalidValueReplacement']
      value = make.where(isInvalid, make.constant(treatment === 'asMissing' || instead === undefined ? NaN : literal(make, mining, raw, instead)), changed())
    }
  }
  if (outliers !== 'asIs') {
    const low = document.number(mining, 'lowValue'), high = document.number(mining, 'highValue'), to = (bound: number): Float64Array => make.constant(outliers === 'asMissingValues' ? NaN : bound)
    value = make.where(make.binary('less', changed(), make.constant(low)), to(low), make.where(make.binary('greater', changed(), make.constant(high)), to(high), changed()))
  }
  if (missingTreatment === 'returnInvalid') make.refusals.push({ value: make.isMissing(changed()), message: `'${name}' is missing, and this model has no answer then` })
  const replacement = attributes['missingValueReplacement']
  if (replacement !== undefined) value = make.where(make.isMissing(changed()), make.constant(literal(make, mining, raw, replacement)), changed())
  if (value === undefined) return { ...plain, value: column, ...type === 'float' && make.columnsRound ? {} : { column: at } }
  const made = value
  return { ...plain, value: () => made }
}

/** Names that stand for the same fields in an inner schema; one that treats its fields anew is refused where that would change them. */
export function innerScope(make: Maker, outer: Scope, schema: Element | undefined): Scope {
  const scope = new Scope(outer)
  for (const mining of schema === undefined ? [] : make.document.children(schema, 'MiningField')) {
    const { document } = make, name = document.text(mining, 'name'), field = outer.find(name), { missingValueReplacement } = mining.attributes
    document.attributes(mining, 'name', 'usageType', 'optype', 'missingValueReplacement', 'missingValueTreatment', 'invalidValueTreatment', 'invalidValueReplacement')
    if (missingValueReplacement === undefined || field === undefined) continue
    let made: number | undefined
    // no longer the column as it is
    const { column: _, ...rest } = field
    scope.define({ ...rest, name, ...field.words === undefined ? {} : { words: field.words }, value: () => made ??= make.where(make.isMissing(field.value()), make.constant(literal(make, mining, field, missingValueReplacement)), field.value()) })
  }
  return scope
}

export interface Output { readonly name: string; readonly element: Element; readonly feature: string; readonly isFinal: boolean }

/** The <Output> fields of a model, which later fields and later models may read. `result`: what the model gives by feature. */
export function outputFields(make: Maker, scope: Scope, model: Element, result: (feature: string, field: Element) => Field): readonly { readonly output: Output; readonly field: Field }[] {
  const { document } = make, element = document.child(model, 'Output')
  if (element === undefined) return []
  return document.children(element, 'OutputField').map(output => {
    document.attributes(output, 'name', 'optype', 'dataType', 'feature', 'value', 'isFinalResult', 'targetField', 'rank', 'rankBasis', 'rankOrder', 'ruleFeature', 'algorithm', 'isMultiValued')
    const name = document.text(output, 'name'), feature = output.attributes['feature'] ?? 'predictedValue'
    let field: Field
    if (feature === 'transformedValue' || feature === 'decision') {
      const expression = output.children.find(child => !['Extension', 'Decisions', 'Value'].includes(child.name))
      if (expression === undefined) throw document.broken(output, 'there is no expression in it')
      const value = compile(make, scope, expression), type = typeOf(make, output, isConstant(value) ? value.type : value.type)
      field = isConstant(value)
        ? fieldOf(name, type, 'continuous', make.fixed(make.constant(typeof value.constant === 'number' ? value.constant : 0)), typeof value.constant === 'string' ? [value.constant] : undefined)
        : { ...value, name, type, optype: optypeOf(make, output, type), ...value.words === undefined ? {} : { words: value.words } }
    } else field = { ...result(feature, output), name }
    scope.define(field)
    return { output: { name, element: output, feature, isFinal: output.attributes['isFinalResult'] !== 'false' }, field }
  })
}
