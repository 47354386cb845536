import { SluiceError } from '../../../core/errors.ts'
import type { Operand, Step } from '../../program.ts'
import type { Attribute, Graph, Node, TensorProto } from './model.ts'
import { sizeOf } from './values.ts'
import type { Budget, Constant, Rows, Trouble, Type, Value } from './values.ts'

/** What an operator makes its values of: the steps of a program. */
export interface Maker {
  add(step: Step, at: string): number
  width(value: number): number
}

/** One node, as its operator sees it. */
export interface Call extends Trouble {
  /** Its name, for errors. */
  readonly file: string
  readonly op: string
  readonly at: string
  /** Of its domain's operators. */
  readonly version: number
  readonly attributes: Attributes
  /** How many outputs are named, and which are read. */
  readonly outputs: number
  wants(output: number): boolean
  /** How many inputs are named. */
  readonly inputs: number
  has(input: number): boolean
  value(input: number): Value
  /** A constant becomes a value of the program. */
  rows(input: number): Rows
  /** What must be known when the model is read: shapes, axes, weights. */
  constant(input: number): Constant
  /** Whole numbers of a constant of at most one dimension. */
  integers(input: number): readonly number[]
  add(step: Step): number
  width(value: number): number
  /** The constant's numbers, or the value. Both have the same dimensions in the program's order. */
  operand(value: Value): Operand
  asRows(value: Value): Rows
  readonly budget: Budget
  /** Rows where the value is not 0 are rejected. */
  reject(value: number, message: string): void
  /** The values of a graph that is an attribute, given its inputs. */
  inner(graph: Graph, inputs: ReadonlyMap<string, Value>): readonly Value[]
}

export type Operator = (call: Call) => Value | readonly (Value | undefined)[]
export type Operators = { readonly [name: string]: Operator }

/** The numbers of a value, as wide as it is. */
export const made = (call: Call, like: { readonly dims: readonly number[]; readonly batch: number }, type: Type, step: Step): Rows =>
  ({ kind: 'rows', type, dims: like.dims, batch: like.batch, value: call.add(step) })

/** Steps that compute floats round them where the type is float32. */
export const rounding = (type: Type): { readonly float32: boolean } => ({ float32: type === 'float32' })
export const isFloat = (type: Type): boolean => type === 'float32' || type === 'float64'

/** Attributes are read by name and type; what nobody has asked for is refused in the end. */
interface Attributes {
  has(name: string): boolean
  int(name: string, otherwise?: number): number
  float(name: string, otherwise?: number): number
  text(name: string, otherwise?: string): string
  ints(name: string, otherwise?: readonly number[]): readonly number[]
  /** Integers that may be as large as they like: INT64_MAX means the end. */
  bounds(name: string): readonly number[]
  floats(name: string, otherwise?: readonly number[]): readonly number[]
  texts(name: string, otherwise?: readonly string[]): readonly string[]
  tensor(name: string): Constant | undefined
  /** A tensor of uint8. */
  bytes(name: string): readonly number[]
  graph(name: string): Graph
  /** Is there and does not change what is computed. */
  ignore(...names: readonly string[]): void
  unread(): readonly string[]
}

const UINT8 = 2
interface Kinds {
  readonly float: number; readonly int: number; readonly string: string; readonly floats: readonly number[]; readonly ints: readonly number[]; readonly strings: readonly string[]
  readonly tensor: TensorProto; readonly graph: Graph
}

export function attributesOf(node: Node, trouble: Trouble, tensor: (proto: TensorProto) => Constant): Attributes {
  const read = new Set<string>()
  const get = <T extends Attribute['type']>(name: string, type: T): Kinds[T] | undefined => {
    read.add(name)
    const attribute = node.attributes.get(name)
    if (attribute !== undefined && attribute.type !== type) throw trouble.broken(`the attribute ${name} is of type ${attribute.type} where ${type} belongs`)
    return attribute?.value as Kinds[T] | undefined
  }
  const must = <T>(name: string, value: T | undefined): T => {
    if (value === undefined) throw trouble.broken(`the attribute ${name} is missing`)
    return value
  }
  const whole = (name: string, numbers: readonly number[]): readonly number[] => {
    const wrong = numbers.find(number => !Number.isSafeInteger(number))
    if (wrong !== undefined) throw trouble.refuse(`the attribute ${name} has ${wrong}`, { why: 'integers are exact up to 2^53' })
    return numbers
  }
  return {
    has: name => node.attributes.has(name),
    int: (name, otherwise) => must(name, get(name, 'int') ?? otherwise),
    float: (name, otherwise) => must(name, get(name, 'float') ?? otherwise),
    text: (name, otherwise) => must(name, get(name, 'string') ?? otherwise),
    ints: (name, otherwise) => whole(name, must(name, get(name, 'ints') ?? otherwise)),
    bounds: name => must(name, get(name, 'ints')),
    floats: (name, otherwise) => must(name, get(name, 'floats') ?? otherwise),
    texts: (name, otherwise) => must(name, get(name, 'strings') ?? otherwise),
    tensor: name => {
      const found = get(name, 'tensor')
      return found === undefined ? undefined : tensor(found)
    },
    bytes: name => {
      const { type, raw, ints } = must(name, get(name, 'tensor'))
      if (type !== UINT8) throw trouble.broken(`the attribute ${name} is no tensor of uint8`)
      return raw === undefined ? ints : [...raw]
    },
    graph: name => must(name, get(name, 'graph')),
    ignore: (...names) => { for (const name of names) read.add(name) },
    unread: () => [...node.attributes.keys()].filter(name => !read.has(name)),
  }
}

export const troubleOf = (file: string, at: string): Trouble => ({
  refuse: (what, details = {}) => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${what}`, { at, ...details }),
  broken: what => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at }),
})

/** An axis as it is meant: from the end where it is negative. */
export function axisOf(call: Trouble, axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(found) || found < 0 || found >= rank) throw call.broken(`axis ${axis} of ${rank} dimensions`)
  return found
}

/** Numbers of a tensor, checked before memory is taken. */
export function numbersIn(call: Trouble & { readonly budget: Budget }, dims: readonly number[]): number {
  const size = sizeOf(dims)
  if (!(size <= call.budget.left())) throw call.refuse(`a tensor of [${dims.slice(0, 8).join(', ')}]`, { why: 'a file that makes so many numbers of so few is taken for a damaged one', fix: 'use a smaller model' })
  return size
}
