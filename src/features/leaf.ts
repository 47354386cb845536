import { SluiceError } from '../core/index.ts'
import type { Column } from '../core/index.ts'
import type { Leaf } from '../kernels/shape.ts'
import type { Cell } from './cells.ts'

/** What a scan of JSON has to know to do as the cell does: asked of the cell itself, so that they cannot differ. */
export function leafOf(cell: Cell, column: Column, index: number): Leaf {
  const { categories } = column
  const words = { null: answer(cell, null), true: answer(cell, true), false: answer(cell, false), absent: answer(cell, undefined) }
  if (categories === undefined) return { cell: index, numbers: NUMBERS.every(number => Object.is(answer(cell, number), number)), ...told(words) }
  const tokens = new Map<string, number>()
  for (const category of categories) {
    const code = answer(cell, category)
    // what has to be written with escapes is never read from here
    if (code !== undefined && (typeof category !== 'string' || JSON.stringify(category).length === category.length + 2)) tokens.set(JSON.stringify(category), code)
  }
  let stranger = '?'
  while (categories.includes(stranger)) stranger += '?'
  return { cell: index, tokens, ...told({ ...words, unknown: answer(cell, stranger) }) }
}

/** A type that is declared, and what is derived, would show on one of them. */
const NUMBERS = [0.3, -7, 1e300]

/** undefined: it rejects that. */
function answer(cell: Cell, raw: unknown): number | undefined {
  try { return cell.encode(raw) } catch (error) {
    if (error instanceof SluiceError && error.severity === 'record') return undefined
    throw error
  }
}

type Told<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }
const told = <T extends object>(values: T): Told<T> => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Told<T>
