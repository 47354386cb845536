import { fieldNamed, fieldOf, literal } from './expressions.ts'
import { COMMON, COMMON_ATTRIBUTES } from './family.ts'
import type { Context, Family } from './family.ts'
import { codeOf } from './scope.ts'
import type { Field, Maker } from './scope.ts'
import type { Element } from './xml.ts'

const MEASURES = ['confidence', 'support', 'lift', 'leverage', 'affinity'] as const
const FEATURES = ['antecedent', 'consequent', 'rule', 'ruleId', ...MEASURES] as const
type Feature = typeof FEATURES[number]
// an itemset stands in the document once, in the texts of its rules many times
const ITEMS_MAX = 2 ** 20

/** Rules over baskets: the items of a record are its columns, `milk` with a truth, or `colour=red` of a column `colour`. https://dmg.org/pmml/v4-4-1/AssociationRules.html */
export const associationModel: Family = (element, context) => {
  const { make } = context, { document } = make
  document.attributes(element, ...COMMON_ATTRIBUTES, 'numberOfTransactions', 'maxNumberOfItemsPerTA', 'avgNumberOfItemsPerTA', 'minimumSupport', 'minimumConfidence', 'lengthLimit', 'numberOfItems', 'numberOfItemsets', 'numberOfRules')
  const children = document.children(element, ...COMMON, 'Item', 'Itemset', 'AssociationRule'), of = (name: string): readonly Element[] => children.filter(child => child.name === name)
  const schema = document.wanted(element, 'MiningSchema'), group = document.all(schema, 'MiningField').find(({ attributes }) => attributes['usageType'] === 'group')
  if (group !== undefined) {
    throw document.unsupported(group, 'records of one item each, which belong together by a field', 'give a record all of its items, as columns of truths: an <Item> of the name of its field')
  }
  const { items, values } = itemsOf(context, of('Item')), { sets, flags } = itemsetsOf(make, of('Itemset'), items, values), rules = of('AssociationRule')
  if (rules.length === 0) throw document.broken(element, 'there is no <AssociationRule> in it')
  const side = (rule: Element, name: 'antecedent' | 'consequent'): Itemset => {
    const set = sets.get(document.text(rule, name))
    if (set === undefined) throw document.broken(rule, `there is no itemset '${rule.attributes[name]}'`)
    return set
  }
  for (const rule of rules) document.attributes(rule, 'id', 'antecedent', 'consequent', ...MEASURES)
  const ids = rules.map((rule, i) => rule.attributes['id'] ?? String(i + 1))
  make.at(element)
  const fired = make.select(flags, ...rules.map(rule => side(rule, 'antecedent').at)), known = make.select(flags, ...rules.map(rule => side(rule, 'consequent').at))

  /** The rule of a rank, as its index; NaN where fewer apply. */
  const chosen = (field: Element): number => {
    const basis = document.choice(field, 'rankBasis', 'confidence', ...MEASURES), descending = document.choice(field, 'rankOrder', 'descending', 'descending', 'ascending') === 'descending'
    const algorithm = document.choice(field, 'algorithm', 'exclusiveRecommendation', 'exclusiveRecommendation', 'recommendation', 'ruleAssociation'), rank = document.number(field, 'rank', 1)
    if ((field.attributes['isMultiValued'] ?? '0') !== '0') throw document.unsupported(field, 'a list as one output', 'give an output for each rank')
    if (!(Number.isInteger(rank) && rank > 0)) throw document.broken(field, `rank = '${rank}'`)
    make.at(field)
    if (rank > rules.length) return make.fixed(make.constant(NaN))
    const active = algorithm === 'recommendation' ? fired : make.binary('and', fired, algorithm === 'ruleAssociation' ? known : make.not(known))
    const measures = rules.map(rule => document.number(rule, basis)), order = rules.map((_, i) => i).sort((a, b) => descending ? measures[b]! - measures[a]! : measures[a]! - measures[b]!)
    const ranked = make.select(active, ...order), at = make.select(make.add({ op: 'nearest', of: ranked, count: rank, largest: true }), rank - 1)
    return make.where(make.add({ op: 'take', of: ranked, at }), make.add({ op: 'lookup', of: at, width: 1, values: Float64Array.from(order), otherwise: make.constant(NaN) }), make.constant(NaN))
  }
  const feature = (what: Feature, field: Element): Field => {
    const at = chosen(field)
    if (what === 'ruleId') return fieldOf('', 'string', 'categorical', at, ids)
    if (what === 'rule' && rules.reduce((sum, rule) => sum + side(rule, 'antecedent').values.length + side(rule, 'consequent').values.length, 0) > ITEMS_MAX) throw document.unsupported(field, `rules of more than ${ITEMS_MAX} items together, as texts`, 'ask for the id of the rule instead')
    if (what === 'rule') return fieldOf('', 'string', 'categorical', at, rules.map(rule => `{${side(rule, 'antecedent').values.join(',')}}->{${side(rule, 'consequent').values.join(',')}}`))
    if (what === 'antecedent' || what === 'consequent') {
      const words = rules.map(rule => side(rule, what).values)
      if (words.some(({ length }) => length !== 1)) throw document.unsupported(field, `'${what}', a list of items`, 'ask for the rule or its id instead')
      return fieldOf('', 'string', 'categorical', at, words.map(([word]) => word!))
    }
    // what a rule does not say is missing
    const numbers = Float64Array.from(rules, rule => rule.attributes[what] === undefined ? NaN : document.number(rule, what))
    return fieldOf('', 'double', 'continuous', make.add({ op: 'lookup', of: at, width: 1, values: numbers, otherwise: make.constant(NaN) }))
  }
  const features = Object.fromEntries([...FEATURES, 'entityId' as const].map(name => [name, (field: Element) => feature(name === 'entityId' ? 'ruleId' : name, field)]))
  return {
    // the best rule that says something new
    predicted: chosen({ ...element, attributes: {} }), classes: ids,
    features: { ...features, ruleValue: field => feature(document.choice<Feature>(field, 'ruleFeature', 'consequent', ...FEATURES), field) },
  }
}

interface Items { readonly items: ReadonlyMap<string, { readonly at: number; readonly value: string }>; readonly values: number }

/** Items by their ids, and of each 1 where the record has it. */
function itemsOf({ make, scope }: Context, elements: readonly Element[]): Items {
  const { document } = make, items = new Map<string, { at: number; value: string }>(), truths: number[] = []
  for (const item of elements) {
    document.attributes(item, 'id', 'value', 'field', 'category', 'mappedValue', 'weight')
    const value = document.text(item, 'value'), equals = value.indexOf('='), name = item.attributes['field']
    make.at(item)
    if (name !== undefined) truths.push(isCategory(make, item, fieldNamed(make, scope, item, name), document.text(item, 'category')))
    else if (scope.find(value) !== undefined) truths.push(isTrue(make, item, scope.find(value)!))
    else if (equals > 0 && scope.find(value.slice(0, equals)) !== undefined) truths.push(isCategory(make, item, scope.find(value.slice(0, equals))!, value.slice(equals + 1)))
    else throw document.broken(item, `there is no field for the item '${value}'`)
    items.set(document.text(item, 'id'), { at: truths.length - 1, value })
  }
  return { items, values: truths.length === 0 ? -1 : make.concat(truths) }
}
const isCategory = (make: Maker, item: Element, field: Field, category: string): number => make.binary('equal', field.value(), make.constant(literal(make, item, field, category)))

/** A column of truths: true or false, 1 or 0, T or F; of anything else there is no answer. */
function isTrue(make: Maker, item: Element, field: Field): number {
  const { words } = field, x = field.value(), one = (word: string, number: number): number => make.binary('equal', x, make.constant(words === undefined ? number : codeOf(field, word)))
  const yes = words === undefined ? one('', 1) : make.binary('or', one('T', 1), one('true', 1)), no = words === undefined ? one('', 0) : make.binary('or', one('F', 0), one('false', 0))
  make.at(item)
  const neither = make.not(make.binary('or', make.binary('or', yes, no), make.isMissing(x)))
  make.refusals.push({ value: neither, message: `'${field.name}' is an item: true or false` })
  return yes
}

interface Itemset { readonly at: number; readonly values: readonly string[] }

/** Itemsets by their ids, and of each 1 where the record has all of its items: those of one size in one step. */
function itemsetsOf(make: Maker, elements: readonly Element[], items: Items['items'], values: number): { readonly sets: ReadonlyMap<string, Itemset>; readonly flags: number } {
  const { document } = make, bySize = new Map<number, { readonly id: string; readonly columns: readonly number[]; readonly values: readonly string[] }[]>()
  for (const set of elements) {
    document.attributes(set, 'id', 'support', 'numberOfItems')
    const refs = document.children(set, 'ItemRef').map(ref => {
      const item = items.get(document.text(ref, 'itemRef'))
      if (item === undefined) throw document.broken(ref, `there is no item '${ref.attributes['itemRef']}'`)
      return item
    })
    const same = bySize.get(refs.length) ?? []
    bySize.set(refs.length, same)
    same.push({ id: document.text(set, 'id'), columns: refs.map(({ at }) => at), values: refs.map(({ value }) => value) })
  }
  const sets = new Map<string, Itemset>(), parts: (number | Float64Array)[] = []
  for (const [size, list] of bySize) {
    for (const { id, values: words } of list) {
      if (sets.has(id)) throw document.broken(elements[0]!, `the itemset '${id}' is there twice`)
      sets.set(id, { at: sets.size, values: words })
    }
    parts.push(size === 0 ? new Float64Array(list.length).fill(1) : make.add({ op: 'reduce', fn: 'minimum', of: make.select(values, ...list.flatMap(({ columns }) => columns)), size }))
  }
  return { sets, flags: parts.length === 0 ? -1 : make.concat(parts) }
}
