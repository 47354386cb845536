import { SluiceError } from '../../../core/errors.ts'

/* What a bundle says of one operation, from JSON or from protocol buffers (bundle.proto of combust/bundle-protobuf): a name (`op`) and
   attributes, each a scalar, a list or a tensor of one type. Both writers leave out what is zero, false or empty. */

export type Type = 'boolean' | 'byte' | 'short' | 'int' | 'long' | 'float' | 'double' | 'string' | 'byte_string' | 'tensor' | 'basic_type' | 'data_shape' | 'model'

/** What one number, text or vector of a frame looks like. */
export interface Shape { readonly base: 'scalar' | 'list' | 'tensor'; readonly dims: readonly number[] | undefined }
/** dims: as it is written; the order of `values` is the writer's affair. */
export interface Tensor { readonly type: Type; readonly dims: readonly number[]; readonly values: readonly number[] }
export type Element = boolean | number | string | Shape | Tensor

/** Without a type: nothing was written, which stands for zero, false or empty. */
export type Value =
  | { readonly form: 'scalar'; readonly type: Type | undefined; readonly value: Element | undefined }
  | { readonly form: 'list'; readonly type: Type | undefined; readonly values: readonly Element[] }
  | { readonly form: 'tensor'; readonly tensor: Tensor }

export interface Operation { readonly op: string; readonly attributes: ReadonlyMap<string, Value> }
export interface Socket { readonly port: string; readonly name: string }
export interface Ports { readonly name: string; readonly inputs: readonly Socket[]; readonly outputs: readonly Socket[] }

/** The attributes of one operation by name. What is absent and has no `otherwise`, or is of another type, is damage. */
export interface Attributes {
  has(name: string): boolean
  number(name: string, otherwise?: number): number
  /** Also of the long type; 0 or more. */
  count(name: string, otherwise?: number): number
  boolean(name: string, otherwise?: boolean): boolean
  text(name: string, otherwise?: string): string
  numbers(name: string): number[]
  counts(name: string): number[]
  texts(name: string): string[]
  booleans(name: string): boolean[]
  shape(name: string): Shape
  shapes(name: string): Shape[]
  /** One dimension. */
  vector(name: string): Float64Array
  tensor(name: string): Tensor
  tensors(name: string): Tensor[]
  broken(what: string): SluiceError
  unsupported(what: string, fix?: string): SluiceError
  /** Refuses attributes that nobody has asked for. */
  done(): void
}

const REALS: readonly (Type | undefined)[] = ['double', 'float', 'int', 'long', 'short', 'byte'], INTEGERS: readonly (Type | undefined)[] = ['int', 'long', 'short', 'byte']

/** `at`: the file of the operation. */
export function attributesOf(file: string, at: string, { op, attributes }: Operation): Attributes {
  const asked = new Set<string>()
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${op}: ${what}`, { at })
  const unsupported = (what: string, fix?: string): SluiceError => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${op}: ${what}`, { at, ...fix === undefined ? {} : { fix } })
  const find = (name: string): Value | undefined => {
    asked.add(name)
    return attributes.get(name)
  }
  const wrong = (name: string, wanted: string): SluiceError => broken(attributes.has(name) ? `the attribute '${name}' is no ${wanted}` : `the attribute '${name}' is missing`)
  /** A scalar of one of the types; `empty` where nothing was written. */
  const scalar = (name: string, types: readonly (Type | undefined)[], empty: Element, wanted: string): Element | undefined => {
    const value = find(name)
    if (value === undefined) return undefined
    if (value.form !== 'scalar' || value.type !== undefined && !types.includes(value.type)) throw wrong(name, wanted)
    return value.value ?? empty
  }
  const list = (name: string, types: readonly (Type | undefined)[], wanted: string): readonly Element[] => {
    const value = find(name)
    if (value?.form !== 'list' || value.type !== undefined && !types.includes(value.type)) throw wrong(name, wanted)
    return value.values
  }
  const isCount = (value: unknown): value is number => Number.isInteger(value) && value as number >= 0 && value as number < 2 ** 31
  const tensor = (name: string): Tensor => {
    const value = find(name)
    if (value?.form !== 'tensor' || !REALS.includes(value.tensor.type)) throw wrong(name, 'tensor of numbers')
    return value.tensor
  }

  const found: Attributes = {
    has: name => attributes.has(name),
    number(name, otherwise) {
      const value = scalar(name, REALS, 0, 'number') as number | undefined ?? otherwise
      if (value === undefined) throw wrong(name, 'number')
      return value
    },
    count(name, otherwise) {
      const value = scalar(name, INTEGERS, 0, 'count') ?? otherwise
      if (!isCount(value)) throw wrong(name, 'count')
      return value
    },
    boolean(name, otherwise) {
      const value = scalar(name, ['boolean'], false, 'truth value') ?? otherwise
      if (value === undefined) throw wrong(name, 'truth value')
      return value as boolean
    },
    text(name, otherwise) {
      const value = scalar(name, ['string'], '', 'text') ?? otherwise
      if (value === undefined) throw wrong(name, 'text')
      return value as string
    },
    numbers: name => [...list(name, REALS, 'list of numbers') as readonly number[]],
    counts(name) {
      const values = list(name, INTEGERS, 'list of counts')
      if (!values.every(isCount)) throw wrong(name, 'list of counts')
      return [...values]
    },
    texts: name => [...list(name, ['string'], 'list of texts') as readonly string[]],
    booleans: name => [...list(name, ['boolean'], 'list of truth values') as readonly boolean[]],
    shape(name) {
      const value = scalar(name, ['data_shape'], '', 'shape')
      if (typeof value !== 'object' || !('base' in value)) throw wrong(name, 'shape')
      return value
    },
    shapes: name => [...list(name, ['data_shape'], 'list of shapes') as readonly Shape[]],
    vector(name) {
      const { dims, values } = tensor(name)
      if (dims.length !== 1) throw wrong(name, 'vector')
      return Float64Array.from(values)
    },
    tensor,
    tensors: name => [...list(name, ['tensor'], 'list of tensors') as readonly Tensor[]],
    broken, unsupported,
    done() {
      for (const name of attributes.keys()) if (!asked.has(name)) throw unsupported(`the attribute '${name.slice(0, 60)}' is not known`)
    },
  }
  return found
}

/** As many numbers as the dimensions say, or nothing at all. */
export const fits = ({ dims, values }: Tensor): boolean => dims.reduce((product, dim) => product * dim, 1) === values.length
