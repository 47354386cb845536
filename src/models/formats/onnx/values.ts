import type { Linear } from '../../linear.ts'
import type { TensorProto } from './model.ts'

/** The element types that are computed with. */
export type Type = 'float32' | 'float64' | 'int64' | 'int32' | 'bool' | 'string'

const TYPES: { readonly [type: number]: Type | undefined } = { 1: 'float32', 6: 'int32', 7: 'int64', 8: 'string', 9: 'bool', 11: 'float64' }
const NAMES = ['undefined', 'float', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'double', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4', 'float4e2m1']

/** Of TensorProto.DataType. */
export const typeOf = (type: number): Type | undefined => TYPES[type]
export const typeName = (type: number): string => NAMES[type] ?? String(type)

interface Shaped {
  readonly type: Type
  /** Of one row: the shape that it has in a batch of one. */
  readonly dims: readonly number[]
  /** The dimension that the rows lie along: of size rows * dims[batch], the rows being outermost. -1: none, the tensor is the same for every
      row, or the graph takes one row at a time. */
  readonly batch: number
  /** Of labels: what there are, in the order of the probabilities. */
  readonly classes?: readonly (string | number)[]
}
/** What the file says for all rows. */
export interface Constant extends Shaped {
  readonly kind: 'constant'
  /** The numbers, the last dimension fastest; empty where there are words. */
  readonly data: Float64Array
  readonly words?: readonly string[]
  /** 1 where the number is how often it is times the number of rows: of a Shape. */
  readonly scaled?: Uint8Array
}
/** A value of the program. */
export interface Rows extends Shaped {
  readonly kind: 'rows'
  readonly value: number
  /** Of words: for each number, what it is an index into. */
  readonly words?: readonly Words[]
  /** A place in a list, never negative. */
  readonly place?: boolean
  /** The dimension that rows lie along has so many blocks, each of all rows: of size blocks * rows * the rest. */
  readonly blocks?: number
  /** It came through a ZipMap: probabilities by the names of classes. */
  readonly zipped?: boolean
  /** Scores of a classifier that are no probabilities, or the label of one that has none. */
  readonly scores?: boolean
  /** The step that made it, where a constant may still be added to its sums. */
  readonly linear?: { readonly of: number; readonly linear: Linear }
}
export type Value = Constant | Rows

/** Words by their codes. Of an input it grows with every word that a step compares it with; a code that is no index is another word. */
export interface Words {
  readonly open: boolean
  readonly list: string[]
  readonly codes: Map<string, number>
}
export const wordsOf = (list: readonly string[], open = false): Words => {
  const words: Words = { open, list: [], codes: new Map() }
  for (const word of list) codeOf(words, word)
  return words
}
export function codeOf(words: Words, word: string): number {
  const known = words.codes.get(word)
  if (known !== undefined) return known
  words.codes.set(word, words.list.length)
  return words.list.push(word) - 1
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1)

/** No exporter writes more dimensions. */
export const RANK_MAX = 16

/** How much may be made of a file: numbers of constants, and multiplications to fold them. @throws SLUICE_MODEL_UNSUPPORTED */
export interface Budget { left(): number; spend(numbers: number, at: string): void }

export interface Trouble {
  /** SLUICE_MODEL_UNSUPPORTED */
  refuse(what: string, details?: { readonly why?: string; readonly fix?: string }): Error
  /** SLUICE_MODEL_BROKEN */
  broken(what: string): Error
}

export function constantOf(tensor: TensorProto, budget: Budget, trouble: Trouble): Constant {
  const type = typeOf(tensor.type)
  if (type === undefined) throw trouble.refuse(`a tensor of type ${typeName(tensor.type)}`, { why: 'float, double, int32, int64, bool and string are understood', fix: 'export it in float, without quantization' })
  if (tensor.dims.length > RANK_MAX) throw trouble.refuse(`a tensor of ${tensor.dims.length} dimensions`, { why: `more than ${RANK_MAX} are taken for a damaged file` })
  let size = 1
  for (const dim of tensor.dims) {
    if (!Number.isInteger(dim) || dim < 0) throw trouble.broken(`${tensor.at} has a dimension of ${dim}`)
    size *= dim
  }
  const { raw } = tensor
  const list = type === 'string' ? tensor.strings : type === 'float32' ? tensor.floats : type === 'float64' ? tensor.doubles : tensor.ints
  const count = raw === undefined || type === 'string' ? list.length : raw.length / BYTES[type]
  if (count !== size) throw trouble.broken(`${tensor.at} has ${count} numbers, and its dimensions [${tensor.dims.slice(0, 8).join(', ')}] need ${size}`)
  budget.spend(size, tensor.at)
  const common = { kind: 'constant', type, dims: tensor.dims, batch: -1 } as const
  if (type === 'string') return { ...common, data: new Float64Array(), words: tensor.strings }
  if (raw === undefined) return { ...common, data: Float64Array.from(list as readonly number[], type === 'float32' ? Math.fround : Number) }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const read = (i: number): number => {
    switch (type) {
      case 'float32': return view.getFloat32(4 * i, true)
      case 'float64': return view.getFloat64(8 * i, true)
      case 'int32': return view.getInt32(4 * i, true)
      case 'int64': return Number(view.getBigInt64(8 * i, true))
      case 'bool': return view.getUint8(i) === 0 ? 0 : 1
    }
  }
  const data = new Float64Array(size)
  for (let i = 0; i < size; i++) data[i] = read(i)
  return { ...common, data }
}
const BYTES = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1 }
