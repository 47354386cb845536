import type { Operand } from '../../../program.ts'

/** Where a step works: every value before it, [rows, width] each, and the one that it fills. */
export interface Bench {
  value(at: number): Float64Array
  width(at: number): number
  readonly into: Float64Array
  /** Of `into`. */
  readonly columns: number
}
/** Fills the first `rows` rows of its value. */
export type Run = (rows: number) => void

/** The number at row r, column c is data[r * perRow + c * perColumn]. */
export interface Strided { readonly data: Float64Array; readonly perRow: number; readonly perColumn: number }

export function operandOf(bench: Bench, operand: Operand): Strided {
  const data = typeof operand === 'number' ? bench.value(operand) : operand
  const width = typeof operand === 'number' ? bench.width(operand) : operand.length
  return { data, perRow: typeof operand === 'number' ? width : 0, perColumn: width === 1 ? 0 : 1 }
}
