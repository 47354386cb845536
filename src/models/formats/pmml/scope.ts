import { programBuilder } from '../../builder.ts'
import type { ProgramBuilder } from '../../builder.ts'
import type { Binary, Operand, Refusal, Step, Unary } from '../../program.ts'
import type { Column } from '../../../core/tensors.ts'
import type { Document } from './document.ts'
import type { Element } from './xml.ts'

export type DataType = 'string' | 'integer' | 'float' | 'double' | 'boolean'
export type Optype = 'continuous' | 'categorical' | 'ordinal'

/** A value of one column; NaN is missing. Texts are codes of its words, which grow while the model is read: -1 is a word that nobody compares with. */
export interface Field {
  readonly name: string
  readonly type: DataType
  readonly optype: Optype
  readonly words?: string[] | undefined
  value(): number
  /** The input column that it is, unchanged. */
  readonly column?: number
  /** Categories that it may have, if the document says. */
  readonly valid?: readonly string[]
}

/** Fields by name, those of the model around it behind its own. */
export class Scope {
  readonly #outer: Scope | undefined
  readonly #fields = new Map<string, Field>()
  constructor(outer?: Scope) { this.#outer = outer }
  define(field: Field): void { this.#fields.set(field.name, field) }
  find(name: string): Field | undefined { return this.#fields.get(name) ?? this.#outer?.find(name) }
  inner(): Scope { return new Scope(this) }
}

/** Makes the steps of a program. */
export class Maker {
  readonly document: Document
  readonly builder: ProgramBuilder
  readonly columns: Column[]
  readonly refusals: Refusal[] = []
  /** User functions by name. */
  readonly functions = new Map<string, Element>()
  /** Calls of them: how many are inside each other now, and all. */
  callDepth = 0
  calls = 0
  /** x-mathContext="float": models compute in float32. */
  float32 = false
  /** Columns of type float hold numbers of float64, and are rounded first. */
  columnsRound = false
  /** The input is float32. */
  inputs32 = false
  #at = ''
  readonly #known = new Map<string, number>()

  constructor(document: Document, columns: Column[]) {
    this.document = document
    this.columns = columns
    this.builder = programBuilder(document.file, columns.length)
  }

  at(element: Element): void { this.#at = `<${element.name}>, ${this.document.where(element)}` }
  /** The same step once; of those with arrays every one. */
  add(step: Step): number {
    const key = Object.values(step).some(ArrayBuffer.isView) || !['unary', 'binary', 'where'].includes(step.op) ? undefined : JSON.stringify(step)
    const known = key === undefined ? undefined : this.#known.get(key)
    if (known !== undefined) return known
    const value = this.builder.add(step, this.#at)
    if (key !== undefined) this.#known.set(key, value)
    return value
  }
  width(value: number): number { return this.builder.width(value) }

  unary(fn: Unary, of: number, float32 = false): number { return this.add({ op: 'unary', fn, of, ...float32 ? { float32 } : {} }) }
  binary(fn: Binary, a: Operand, b: Operand, float32 = false): number { return this.add({ op: 'binary', fn, a, b, ...float32 ? { float32 } : {} }) }
  /** Rounded as the model computes. */
  math(fn: Binary, a: Operand, b: Operand): number { return this.binary(fn, a, b, this.float32) }
  where(of: number, yes: Operand, no: Operand): number { return this.add({ op: 'where', of, yes, no }) }
  constant(value: number): Float64Array { return Float64Array.of(value) }
  /** A value of its own that is the same in every row. */
  fixed(numbers: Float64Array): number { return this.add({ op: 'concat', of: [numbers] }) }
  select(of: number, ...columns: readonly number[]): number {
    if (columns.length === this.width(of) && columns.every((column, i) => column === i)) return of
    return this.add({ op: 'select', of, columns: Int32Array.from(columns) })
  }
  concat(values: readonly Operand[]): number { return values.length === 1 && typeof values[0] === 'number' ? values[0] : this.add({ op: 'concat', of: values }) }
  isMissing(of: number): number { return this.unary('isMissing', of) }
  not(of: number): number { return this.unary('not', of) }
  round32(value: number): number { return this.unary('same', value, true) }

  /** Several fields as one matrix, for steps that take all at once; the input itself where they are its columns. */
  matrix(fields: readonly Field[]): { readonly value: number; readonly columns: readonly number[] } {
    if (fields.every(({ column }) => column !== undefined)) return { value: 0, columns: fields.map(({ column }) => column!) }
    return { value: this.concat(fields.map(field => field.value())), columns: fields.map((_, i) => i) }
  }
}

/** The code of a word of a field, a new one if need be. */
export function codeOf({ words }: Field, word: string): number {
  const known = words!.indexOf(word)
  return known >= 0 ? known : words!.push(word) - 1
}
