import type { Model } from '../core/models.ts'
import type { Linear } from './linear.ts'
import type { Trees } from './trees.ts'

/** A model of several steps. Value 0 is the input matrix [rows, width]: one matrix, categories as codes (decision 0003). Step i makes value
    i + 1, a matrix [rows, its width] of float64 numbers, of values before it. Rows do not know each other. Checked when it was built
    (`programBuilder`): every value that is read is there and as wide as it must be, every index is in its bounds.

    Truth is 1 and 0. Missing is NaN. A tensor of more dimensions is a row of numbers, the last dimension fastest; what moves or repeats
    numbers (transpose, slice, broadcast, the patches of a convolution) is a `select`. */
export interface Program extends Model {
  readonly kind: 'program'
  readonly width: number
  readonly inputs: 'float32' | 'float64'
  readonly steps: readonly Step[]
  /** In the order of `signature.outputs`, which has their names, types and shapes. */
  readonly outputs: readonly ProgramOutput[]
  /** Rows that have no answer. */
  readonly refusals: readonly Refusal[]
}

/** The numbers of a value, rounded to the type that the signature says, or words. */
export interface ProgramOutput {
  readonly value: number
  /** The numbers are indices into these; what is no index is missing. All texts: the output is of dtype 'string'. */
  readonly labels?: readonly (string | number)[]
}
/** A row is rejected (SLUICE_PREDICT_FAILED) where the first number of the value is not 0. */
export interface Refusal { readonly value: number; readonly message: string }

/** A value by its number, or one row of constants for all rows. A width of 1 stands for every column. */
export type Operand = number | Float64Array

interface Rounded {
  /** Each number is rounded to float32. */
  readonly float32?: boolean
}

export type Unary =
  | 'same' | 'negate' | 'absolute' | 'sign' | 'not' | 'isMissing' | 'floor' | 'ceiling' | 'truncate'
  /** Halves to the even number. */
  | 'round'
  | 'reciprocal' | 'square' | 'sqrt' | 'exp' | 'expm1' | 'log' | 'log1p' | 'log10'
  | 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'tanh'
  | 'sigmoid' | 'relu' | 'softplus' | 'erf'
  /** Of the normal distribution: the probability of being below x, and its inverse. */
  | 'normal' | 'probit'

export type Binary =
  | 'add' | 'subtract' | 'multiply' | 'divide' | 'power'
  /** The remainder has the sign of the divisor (`modulo`) or of what is divided (`remainder`). */
  | 'modulo' | 'remainder'
  /** NaN where one is NaN. */
  | 'minimum' | 'maximum'
  /** 0 where one is NaN, but notEqual 1. */
  | 'less' | 'lessEqual' | 'greater' | 'greaterEqual' | 'equal' | 'notEqual'
  | 'and' | 'or' | 'xor' | 'atan2'

/** Of each run of `size` numbers one. NaN in, NaN out, but `argmin`, `argmax` (passed over; 0 where all are NaN) and `count` (how many are not). Sums and products
    go from the first to the last, rounded each time where float32 says so; `median` is the mean of the middle two of an even number. */
export type Reduction = 'sum' | 'mean' | 'product' | 'minimum' | 'maximum' | 'argmin' | 'argmax' | 'sumAbsolute' | 'sumSquares' | 'logSumExp' | 'median' | 'count'

/** `of`: the value it is made of. A step that works on runs takes the columns `size` at a time, and makes as many results as there are runs. */
export type Step =
  /** Columns in another order, some left out, some several times; -1 is `fill` (absent: 0). */
  | { readonly op: 'select'; readonly of: number; readonly columns: Int32Array; readonly fill?: number }
  | { readonly op: 'concat'; readonly of: readonly Operand[] }
  | Rounded & { readonly op: 'unary'; readonly fn: Unary; readonly of: number }
  | Rounded & { readonly op: 'binary'; readonly fn: Binary; readonly a: Operand; readonly b: Operand }
  /** `yes` where the number is neither 0 nor NaN. */
  | { readonly op: 'where'; readonly of: number; readonly yes: Operand; readonly no: Operand }
  /** Of each number the `width` numbers that stand at its key. `keys` ascend; absent: 0, 1, 2, ... `missing` stands for NaN; absent: as `otherwise`. */
  | { readonly op: 'lookup'; readonly of: number; readonly keys?: Float64Array; readonly width: number; readonly values: Float64Array; readonly otherwise: Float64Array; readonly missing?: Float64Array }
  /** How many edges (ascending) are below the number, or with `closed: 'left'` below or equal: the bins are [a, b). NaN stays NaN. */
  | { readonly op: 'bucket'; readonly of: number; readonly edges: Float64Array; readonly closed: 'left' | 'right' }
  | Rounded & { readonly op: 'reduce'; readonly fn: Reduction; readonly of: number; readonly size: number }
  /** e^(x - max) / their sum, of each run; float32: each step is rounded. */
  | Rounded & { readonly op: 'softmax'; readonly of: number; readonly size: number }
  /** Of each run of `linear.width` numbers `linear.groups`. */
  | { readonly op: 'linear'; readonly of: number; readonly linear: Linear }
  | { readonly op: 'trees'; readonly of: number; readonly trees: Trees }
  /** To each of the points [n, width of the value]. float32: differences, products and sums are rounded. */
  | Rounded & { readonly op: 'distance'; readonly of: number; readonly metric: 'squared' | 'euclidean' | 'manhattan' | 'chebyshev' | 'minkowski' | 'cosine'; readonly points: Float64Array; readonly p?: number }
  /** Of the support vectors [n, width of the value]: x·v; (gamma x·v + coef0)^degree; e^(-gamma |x - v|²); tanh(gamma x·v + coef0). */
  | Rounded & { readonly op: 'kernel'; readonly of: number; readonly kernel: 'linear' | 'polynomial' | 'rbf' | 'sigmoid'; readonly vectors: Float64Array; readonly gamma: number; readonly coef0: number; readonly degree: number }
  /** The columns of the `count` smallest numbers (or largest), in order; equal ones in the order of their columns, NaN last. */
  | { readonly op: 'nearest'; readonly of: number; readonly count: number; readonly largest?: boolean }
  /** The columns of a value that another value names, row by row; NaN where it names none. */
  | { readonly op: 'take'; readonly of: number; readonly at: number }

export type Op = Step['op']
export type StepOf<O extends Op> = Extract<Step, { readonly op: O }>
