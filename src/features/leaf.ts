import { SluiceError } from '../core/index.ts'
import type { Column } from '../core/index.ts'
import type { Leaf, Run } from '../kernels/leaf.ts'
import type { Cell } from './cells.ts'
import { cellsOf } from './list.ts'
import type { ListSpec } from './list.ts'

/** What a scan has to know to do as the cell does: asked of the cell itself, so that they cannot differ. `textual`: of CSV. */
export function leafOf(cell: Cell, column: Column, index: number, textual: boolean): Leaf {
  return textual ? textualLeaf(cell, column, index) : typedLeaf(cell, column, index)
}

function typedLeaf(cell: Cell, { categories }: Column, index: number): Leaf {
  const words = { null: answer(cell, null), true: answer(cell, true), false: answer(cell, false), absent: answer(cell, undefined) }
  if (categories === undefined) return { cell: index, numbers: NUMBERS.every(number => Object.is(answer(cell, number), number)), ...told(words) }
  const tokens = new Map<string, number>()
  for (const category of categories) {
    const code = answer(cell, category)
    // what has to be written with escapes is never read from here; JSON has no infinity
    if (code !== undefined && (typeof category === 'string' ? JSON.stringify(category).length === category.length + 2 : JSON.stringify(category) !== 'null')) tokens.set(JSON.stringify(category), code)
  }
  return { cell: index, tokens, bare: categories.some(isNoText), ...told({ ...words, unknown: answer(cell, strangerTo(categories)) }) }
}

/** Of all columns that one list fills. undefined: not all are plain numbers. What not all of them take is left to the plain path. */
export function runOf(list: ListSpec, cell: number): Run | undefined {
  const leaves = new Map<Cell, Leaf>()
  cellsOf(list).forEach((each, i) => { if (!leaves.has(each)) leaves.set(each, typedLeaf(each, list.columns[i]!, i)) })
  const [first] = leaves.values()
  if (first === undefined || [...leaves.values()].some(({ numbers }) => numbers !== true)) return undefined
  const shared = (what: 'null' | 'true' | 'false'): number | undefined => [...leaves.values()].every(leaf => Object.is(leaf[what], first[what])) ? first[what] : undefined
  return { cell, count: list.columns.length, ...told({ null: shared('null'), true: shared('true'), false: shared('false') }) }
}

function textualLeaf(cell: Cell, { categories }: Column, index: number): Leaf {
  const tokens = new Map<string, number>(), shared = { cell: index, tokens, ...told({ null: answer(cell, null), absent: answer(cell, undefined) }) }
  for (const word of [...categories?.map(String) ?? [], ...WORDS]) {
    const value = answer(cell, word)
    // two quotes in a cell are one
    if (value !== undefined && !word.includes('"')) tokens.set(word, value)
  }
  if (categories === undefined) return { ...shared, numbers: NUMBERS.every(number => Object.is(answer(cell, String(number)), number)) }
  return { ...shared, bare: categories.some(isNoText), ...told({ unknown: answer(cell, strangerTo(categories)) }) }
}

/** Words of CSV that a column of numbers may take, or one of truth values as categories. */
const WORDS = ['true', 'True', 'false', 'False', 'NaN', 'Infinity', '-Infinity']
const isNoText = (category: string | number | boolean): boolean => typeof category !== 'string'

function strangerTo(categories: readonly (string | number | boolean)[]): string {
  let stranger = '?'
  while (categories.includes(stranger)) stranger += '?'
  return stranger
}

/** A type that is declared, and what is derived, would show on one of them. */
const NUMBERS = [0.3, -7, 1e300]

/** undefined: it rejects that. */
export function answer(cell: Cell, raw: unknown): number | undefined {
  try { return cell.encode(raw) } catch (error) {
    if (error instanceof SluiceError && error.severity === 'record') return undefined
    throw error
  }
}

type Told<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }
const told = <T extends object>(values: T): Told<T> => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Told<T>
