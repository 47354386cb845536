import type { Element } from './xml.ts'
import type { Field, Maker, Scope } from './scope.ts'

/** What a model gives for each row, as values of the program. Missing answers are NaN. */
export interface Result {
  /** A number; or of a classifier the index of the class. */
  readonly predicted: number
  /** Of a classifier, in the order of the dictionary. */
  readonly classes?: readonly string[]
  /** [classes]: probabilities, or what the model has in their place (votes, distances). */
  readonly probabilities?: number
  /** Of trees, clusters, rules, neighbours: names of what was chosen, and which (its index); NaN: none. */
  readonly entities?: { readonly names: readonly string[]; readonly value: number; readonly affinities?: number }
  /** Further features that an output field may ask for, by their names in the specification. */
  readonly features?: { readonly [feature: string]: (field: Element) => Field }
}

/** The target of a model, if its schema has one. `classes`: its categories in the order of the dictionary, as texts. */
export interface Target { readonly name: string; readonly field: Field | undefined; readonly classes: readonly string[] }

export interface Context {
  readonly make: Maker
  /** Active and derived fields. */
  readonly scope: Scope
  readonly target: Target | undefined
  /** Another model, inside of this one. */
  model(element: Element, scope: Scope): Result
}
/** Reads the element of one kind of model; schema, transformations, targets and outputs are read by who calls it. */
export type Family = (element: Element, context: Context) => Result

/** The children of a model that every kind has; the family's own are to be named behind. */
export const COMMON = ['MiningSchema', 'LocalTransformations', 'Output', 'Targets'] as const
/** Attributes of every kind. */
export const COMMON_ATTRIBUTES = ['functionName', 'x-mathContext', 'isScorable'] as const
