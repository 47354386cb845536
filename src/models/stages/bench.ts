import { SluiceError } from '../../core/errors.ts'
import type { ProgramBuilder } from '../builder.ts'
import { turned } from '../linear.ts'
import type { Binary, Operand, Reduction, Refusal, Step, Unary } from '../program.ts'

/** A column while a program is built: some numbers of a value. */
export interface Column {
  readonly value: number
  /** Which of its numbers; absent: all. */
  readonly at?: readonly number[]
  readonly width: number
  readonly isVector: boolean
  /** Of each number how many categories it counts, 0 for no category; absent: none is one. Numbers with categories are whole. */
  readonly levels?: readonly number[]
  /** Of the numbers of a vector, as vector_slicer asks for them. */
  readonly names?: readonly string[]
  /** A column of words: the numbers are indices of these. */
  readonly words?: readonly string[]
  /** A column of indices that were words before. */
  readonly labels?: readonly string[]
}

// what columns say of their numbers; a name of a file may stand before each of them
const NUMBERS_MAX = 2 ** 22, LETTERS_MAX = 2 ** 22

/** Where stages become steps. */
export class Bench {
  readonly file: string
  readonly builder: ProgramBuilder
  readonly refusals: Refusal[] = []
  readonly facts: { [fact: string]: number } = {}
  #numbers = NUMBERS_MAX
  #letters = LETTERS_MAX
  readonly #columns = new Map<string, Column>()
  readonly #values = new Map<Column, number>()

  constructor(file: string, builder: ProgramBuilder) {
    this.file = file
    this.builder = builder
  }

  column(name: string, at: string): Column {
    const column = this.#columns.get(name)
    if (column === undefined) throw this.broken(at, `it reads the column '${name.slice(0, 100)}', which is not there yet`)
    return column
  }
  put(name: string, column: Column, at: string): void {
    if (this.#columns.has(name)) throw this.broken(at, `it makes the column '${name.slice(0, 100)}', which is there already`)
    this.#columns.set(name, column)
  }
  /** To be asked before lists as long as a column are made: stages that only choose and put together add no steps, which are counted. */
  claim(width: number, at: string): void {
    if ((this.#numbers -= width) < 0) throw this.unsupported(at, 'its columns have too many numbers', `more than ${NUMBERS_MAX} in all columns are taken for a damaged file`, 'use a smaller model')
  }
  /** Names of so many letters may be kept. */
  mayName(letters: number): boolean { return (this.#letters -= letters) >= 0 }
  /** A column that is not words. */
  numbersOf(name: string, at: string): Column {
    const column = this.column(name, at)
    if (column.words !== undefined) throw this.broken(at, `it computes with the column '${name.slice(0, 100)}', which holds words`)
    return column
  }
  /** Such a column, all of a value. `width`: how many numbers there must be. */
  numbers(name: string, at: string, width?: number): { readonly value: number; readonly width: number; readonly column: Column } {
    const column = this.numbersOf(name, at)
    if (width !== undefined && column.width !== width) throw this.broken(at, `the column '${name.slice(0, 100)}' has ${column.width} numbers where ${width} belong`)
    return { value: this.valueOf(column, at), width: column.width, column }
  }
  valueOf(column: Column, at: string): number {
    if (column.at === undefined || column.at.length === this.builder.width(column.value) && column.at.every((index, i) => index === i)) return column.value
    const known = this.#values.get(column)
    if (known !== undefined) return known
    const made = this.add({ op: 'select', of: column.value, columns: Int32Array.from(column.at) }, at)
    this.#values.set(column, made)
    return made
  }

  add(step: Step, at: string): number { return this.builder.add(step, at) }
  unary(fn: Unary, of: number, at: string): number { return this.add({ op: 'unary', fn, of }, at) }
  binary(fn: Binary, a: Operand, b: Operand, at: string): number { return this.add({ op: 'binary', fn, a, b }, at) }
  where(of: number, yes: Operand, no: Operand, at: string): number { return this.add({ op: 'where', of, yes, no }, at) }
  select(of: number, columns: readonly number[], at: string): number { return this.add({ op: 'select', of, columns: Int32Array.from(columns) }, at) }
  /** Of all numbers of the value, or of each run of `size`. */
  reduce(fn: Reduction, of: number, at: string, size = this.builder.width(of)): number { return this.add({ op: 'reduce', fn, of, size }, at) }
  /** Of each row x·weights + start. weights: [groups, width], row-major. */
  linear(of: number, weights: Float64Array, start: Float64Array, at: string): number {
    const width = this.builder.width(of), groups = start.length
    if (weights.length !== width * groups) throw this.broken(at, `${weights.length} weights for ${width} features and ${groups} outputs`)
    return this.add({ op: 'linear', of, linear: { width, groups, sums: 'float64', start, weights: turned(weights, groups, width), skipsNaN: false } }, at)
  }
  /** A row is rejected where any number of the value is not 0. */
  refuse(value: number, message: string, at: string): void {
    this.refusals.push({ value: this.builder.width(value) === 1 ? value : this.reduce('maximum', value, at), message })
  }

  broken(at: string, what: string): SluiceError { return new SluiceError('SLUICE_MODEL_BROKEN', `${this.file}: ${what}`, { at }) }
  unsupported(at: string, what: string, why: string, fix: string): SluiceError { return new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${this.file}: ${what}`, { at, why, fix }) }
}

/** One number, for all columns. */
export const constant = (x: number): Float64Array => Float64Array.of(x)
