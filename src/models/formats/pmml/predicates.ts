import { fieldNamed, literal, oneOf, together } from './expressions.ts'
import type { Field, Maker, Scope } from './scope.ts'
import type { Element } from './xml.ts'

export const PREDICATES: readonly string[] = ['True', 'False', 'SimplePredicate', 'SimpleSetPredicate', 'CompoundPredicate']

/** A question of one field, or one that has its answer already, or a computed truth: 1, 0, NaN for unknown. */
export type Question =
  | { readonly kind: 'constant'; readonly is: boolean }
  | { readonly kind: 'compare'; readonly field: Field; readonly operator: 'lessThan' | 'lessOrEqual' | 'greaterThan' | 'greaterOrEqual'; readonly threshold: number }
  | { readonly kind: 'member'; readonly field: Field; readonly codes: readonly number[]; readonly isIn: boolean }
  | { readonly kind: 'truth'; readonly value: number }

export function questionOf(make: Maker, scope: Scope, element: Element): Question {
  const { document } = make
  switch (element.name) {
    case 'True': return { kind: 'constant', is: true }
    case 'False': return { kind: 'constant', is: false }
    case 'SimplePredicate': {
      document.attributes(element, 'field', 'operator', 'value')
      const field = fieldNamed(make, scope, element, document.text(element, 'field')), operator = document.text(element, 'operator')
      if (operator === 'isMissing' || operator === 'isNotMissing') {
        make.at(element)
        const missing = make.isMissing(field.value())
        return { kind: 'truth', value: operator === 'isMissing' ? missing : make.not(missing) }
      }
      const text = document.text(element, 'value')
      switch (operator) {
        case 'lessThan': case 'lessOrEqual': case 'greaterThan': case 'greaterOrEqual': {
          if (field.words !== undefined) throw document.unsupported(element, `the order of texts: '${field.name}' ${operator} '${text}'`)
          return { kind: 'compare', field, operator, threshold: literal(make, element, field, text) }
        }
        case 'equal': case 'notEqual': {
          if (field.words !== undefined) return { kind: 'member', field, codes: [literal(make, element, field, text)], isIn: operator === 'equal' }
          make.at(element)
          const is = make.binary(operator, field.value(), make.constant(literal(make, element, field, text)))
          return { kind: 'truth', value: make.where(make.isMissing(field.value()), make.constant(NaN), is) }
        }
        default: throw document.unsupported(element, `operator = '${operator}'`)
      }
    }
    case 'SimpleSetPredicate': {
      document.attributes(element, 'field', 'booleanOperator')
      const field = fieldNamed(make, scope, element, document.text(element, 'field')), isIn = document.choice(element, 'booleanOperator', 'isIn', 'isIn', 'isNotIn') === 'isIn', words = document.array(document.wanted(element, 'Array'))
      if (field.words !== undefined) return { kind: 'member', field, codes: words.map(word => literal(make, element, field, word)), isIn }
      make.at(element)
      const is = oneOf(make, element, field, words)
      return { kind: 'truth', value: make.where(make.isMissing(field.value()), make.constant(NaN), isIn ? is : make.not(is)) }
    }
    case 'CompoundPredicate': {
      document.attributes(element, 'booleanOperator')
      const how = document.choice(element, 'booleanOperator', 'and', 'and', 'or', 'xor', 'surrogate'), parts = document.children(element, ...PREDICATES).map(child => truthOf(make, scope, child))
      if (parts.length === 0) throw document.broken(element, 'there is no predicate in it')
      make.at(element)
      if (how !== 'surrogate') return { kind: 'truth', value: together(make, how, parts) }
      // the first that is known
      return { kind: 'truth', value: parts.reduceRight((rest, part) => make.where(make.isMissing(part), rest, part)) }
    }
    default: throw document.unsupported(element, 'this predicate')
  }
}

/** 1, 0, NaN for unknown. */
export function truthOf(make: Maker, scope: Scope, element: Element): number {
  const question = questionOf(make, scope, element)
  make.at(element)
  switch (question.kind) {
    case 'constant': return make.fixed(make.constant(question.is ? 1 : 0))
    case 'truth': return question.value
    case 'compare': {
      const { field, operator, threshold } = question, fn = ({ lessThan: 'less', lessOrEqual: 'lessEqual', greaterThan: 'greater', greaterOrEqual: 'greaterEqual' } as const)[operator], x = field.value()
      return make.where(make.isMissing(x), make.constant(NaN), make.binary(fn, x, make.constant(threshold)))
    }
    case 'member': {
      const { field, codes, isIn } = question, keys = Float64Array.from(new Set(codes)).sort(), x = field.value()
      if (keys.length === 0) return make.fixed(make.constant(isIn ? 0 : 1))
      return make.add({ op: 'lookup', of: x, keys, width: 1, values: new Float64Array(keys.length).fill(isIn ? 1 : 0), otherwise: make.constant(isIn ? 0 : 1), missing: make.constant(NaN) })
    }
  }
}

/** The predicate of a <Node>, a <Segment>, a <Characteristic>'s attribute or a rule. */
export function predicateIn(make: Maker, element: Element): Element {
  const found = element.children.find(({ name }) => PREDICATES.includes(name))
  if (found === undefined) throw make.document.broken(element, 'there is no predicate in it')
  return found
}
