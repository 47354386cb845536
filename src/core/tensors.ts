export type DType = 'bool' | 'int32' | 'int64' | 'float32' | 'float64' | 'string'
/** Strings as a dictionary per batch. Code -1: missing. */
export interface Strings { readonly codes: Int32Array; readonly words: readonly string[] }
export type TensorData = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array | Strings

/** One named tensor of a model. shape[0] is -1, the rows. */
export interface TensorSpec {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Of a matrix [rows, columns]: the name of each column; of probabilities the classes. */
  readonly columns?: readonly Column[]
  /** The file has no names for the columns, these were made up: a table with other names is taken by position. */
  readonly unnamed?: boolean
}
/** One column of an input matrix: one feature. */
export interface Column {
  readonly name: string
  /** The column holds the index of the record's value in this list; a value that is not in it is `unknown`. Absent: a number. */
  readonly categories?: readonly (string | number | boolean)[]
  /** What stands for a value that is not among the categories: NaN where the library treats it as missing. Absent: the record is rejected. */
  readonly unknown?: number
  /** The model has a rule for missing values: null in a record becomes NaN. Absent or false: the record is rejected. */
  readonly missing?: boolean
}

/** Row-major. */
export interface Tensor { readonly dtype: DType; readonly shape: readonly number[]; readonly data: TensorData }
export interface TensorBatch { readonly rows: number; readonly tensors: ReadonlyMap<string, Tensor>; release(): void }
export interface Signature { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] }
