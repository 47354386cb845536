import type { Model, RawOutput } from '../../../core/models.ts'
import type { Column, DType, Signature, TensorSpec } from '../../../core/tensors.ts'
import type { Linear, LinearModel } from '../../linear.ts'
import type { Link, Objective } from '../../objectives.ts'
import type { Binary, Op, Operand, Program, ProgramOutput, Reduction, Refusal, Step, StepOf, Unary } from '../../program.ts'
import type { LinearLeaves, TreeEnsemble, Trees } from '../../trees.ts'
import { arrays, category, count, flag, list, map, maybe, number, orUndefined, record, text, textOrNumber, word } from './fields.ts'
import type { Field, Fields } from './fields.ts'

/* What an image holds, member by member. Every list here is closed: a kind of model, a step, a member or a function that is added elsewhere and
   not here does not compile. docs/image.md says the same for readers of other languages. */

const { i32, u32, u8, f64 } = arrays

const dtype = word<DType>('the type', { bool: true, int32: true, int64: true, float32: true, float64: true, string: true })
const float = word<'float32' | 'float64'>('the type', { float32: true, float64: true })

const dimension: Field<number> = { write: value => value, read: place => place.value === -1 ? -1 : place.count() }
const column = record<Column>({ name: text, categories: maybe(list(category)), unknown: maybe(number), missing: maybe(flag) })
const spec = record<TensorSpec>({ name: text, dtype, shape: list(dimension), columns: maybe(list(column)), unnamed: maybe(flag) })
const signature = record<Signature>({ inputs: list(spec), outputs: list(spec) })

const rawColumns = record<RawOutput>({ output: text, columns: list(text) })
const raw: Field<string | RawOutput> = {
  write: (value, to) => typeof value === 'string' ? value : rawColumns.write(value, to),
  read: (place, from) => typeof place.value === 'string' ? place.value : rawColumns.read(place, from),
}

const link = word<Link>('the link', { identity: true, sigmoid: true, softmax: true, argmax: true, exp: true, step: true, signedSquare: true, softplus: true })
const objective = record<Objective>({
  name: text, link, slope: number, classes: count, probabilities: orUndefined(word<'sigmoid' | 'softmax'>('the link', { sigmoid: true, softmax: true })),
})

const linearLeaves = record<LinearLeaves>({ constant: f64, at: i32, feature: i32, coefficient: f64 })
const TREES: Fields<Trees> = {
  width: count, groups: count, inputs: float, sums: float, start: f64, zero: number, roots: i32, group: i32, scale: orUndefined(f64), feature: i32, threshold: f64,
  left: i32, right: i32, flags: u8, sets: i32, words: u32, leafWidth: count, leaves: f64, linear: orUndefined(linearLeaves),
}
const LINEAR: Fields<Linear> = { width: count, groups: count, sums: float, start: f64, weights: f64, skipsNaN: flag }

const operand: Field<Operand> = {
  write: (value, to) => typeof value === 'number' ? value : f64.write(value, to),
  read: (place, from) => typeof place.value === 'number' ? place.count() : f64.read(place, from),
}

const unary = word<Unary>('the function', {
  same: true, negate: true, absolute: true, sign: true, not: true, isMissing: true, floor: true, ceiling: true, truncate: true, round: true, reciprocal: true, square: true,
  sqrt: true, exp: true, expm1: true, log: true, log1p: true, log10: true, sin: true, cos: true, tan: true, asin: true, acos: true, atan: true, sinh: true, cosh: true,
  tanh: true, sigmoid: true, relu: true, softplus: true, erf: true, normal: true, probit: true,
})
const binary = word<Binary>('the function', {
  add: true, subtract: true, multiply: true, divide: true, power: true, modulo: true, remainder: true, minimum: true, maximum: true, less: true, lessEqual: true,
  greater: true, greaterEqual: true, equal: true, notEqual: true, and: true, or: true, xor: true, atan2: true,
})
const reduction = word<Reduction>('the reduction', {
  sum: true, mean: true, product: true, minimum: true, maximum: true, argmin: true, argmax: true, sumAbsolute: true, sumSquares: true, logSumExp: true, median: true, count: true,
})

const float32 = maybe(flag)
const STEPS: { readonly [O in Op]: Fields<Omit<StepOf<O>, 'op'>> } = {
  select: { of: count, columns: i32, fill: maybe(number) },
  concat: { of: list(operand) },
  unary: { fn: unary, of: count, float32 },
  binary: { fn: binary, a: operand, b: operand, float32 },
  where: { of: count, yes: operand, no: operand },
  lookup: { of: count, keys: maybe(f64), width: count, values: f64, otherwise: f64, missing: maybe(f64) },
  bucket: { of: count, edges: f64, closed: word('the side', { left: true, right: true }) },
  reduce: { fn: reduction, of: count, size: count, float32 },
  softmax: { of: count, size: count, float32 },
  linear: { of: count, linear: record(LINEAR) },
  trees: { of: count, trees: record(TREES) },
  distance: { of: count, metric: word('the distance', { squared: true, euclidean: true, manhattan: true, chebyshev: true, minkowski: true, cosine: true }), points: f64, p: maybe(number), float32 },
  kernel: { of: count, kernel: word('the kernel', { linear: true, polynomial: true, rbf: true, sigmoid: true }), vectors: f64, gamma: number, coef0: number, degree: number, float32 },
  nearest: { of: count, count, largest: maybe(flag) },
  take: { of: count, at: count },
}

/** An object that says by one of its members which others it has. */
function tagged<T>(tag: string, what: string, variants: { readonly [name: string]: unknown }): Field<T> {
  const fields = new Map(Object.entries(variants).map(([name, members]): [string, Field<unknown>] => [name, record({ [tag]: text, ...members as object } as Fields<{ readonly [name: string]: unknown }>)]))
  return {
    write: (value, to) => fields.get((value as { readonly [name: string]: string })[tag]!)!.write(value, to),
    read: (place, from) => {
      const name = (place.members().get(tag) ?? place.within(tag)).text(), field = fields.get(name)
      if (field === undefined) throw place.unknown(`${what} '${name.slice(0, 60)}'`)
      return field.read(place, from) as T
    },
  }
}
const step: Field<Step> = tagged('op', 'the step', STEPS)
const output = record<ProgramOutput>({ value: count, labels: maybe(list(textOrNumber)) })
const refusal = record<Refusal>({ value: count, message: text })

/** Every kind of model there is. */
export type AnyModel = TreeEnsemble | LinearModel | Program
type Kind = AnyModel['kind']
/** `bytes` depends on where it lies. */
type Common = Omit<Model, 'kind' | 'bytes'>
export type Written = { readonly [K in Kind]: Omit<Extract<AnyModel, { readonly kind: K }>, 'bytes'> }[Kind]

const COMMON: Fields<Common> = { signature, format: text, facts: map(textOrNumber), raw: map(raw) }
const MODELS: { readonly [K in Kind]: Fields<Omit<Extract<AnyModel, { readonly kind: K }>, 'kind' | 'bytes'>> } = {
  trees: { ...COMMON, ...TREES, divisor: number, objective },
  linear: { ...COMMON, ...LINEAR, inputs: float, objective },
  program: { ...COMMON, width: count, inputs: float, steps: list(step), outputs: list(output), refusals: list(refusal) },
}
export const model: Field<Written> = tagged('kind', 'the kind', MODELS)
export const isKnown = (of: Model): of is AnyModel => Object.hasOwn(MODELS, of.kind)
