import { SluiceError } from '../core/index.ts'
import type { Column } from '../core/index.ts'
import { cellOf, kindOf } from './cells.ts'
import type { Cell } from './cells.ts'
import type { PathFeature } from './options.ts'
import { zoneOf } from './zone.ts'

/** Columns that lie side by side, filled from one list, in order. */
export interface ListSpec { readonly title: string; readonly columns: readonly Column[] }

/** A column of an input, or all that are called `name_0`, `name_1`, ... */
export type Part = { readonly first: number; readonly column: Column } | { readonly first: number; readonly name: string; readonly columns: readonly Column[] }

/** `isList`: whether a list is given for these columns. */
export function partsOf(columns: readonly Column[], isList: (name: string, columns: readonly Column[]) => boolean): readonly Part[] {
  const names = new Set(columns.map(({ name }) => name)), parts: Part[] = []
  for (let first = 0; first < columns.length;) {
    const { name: one } = columns[first]!, name = one.slice(0, -2)
    let count = 0
    if (one.endsWith('_0') && !names.has(name)) while (columns[first + count]?.name === `${name}_${count}`) count++
    const list = columns.slice(first, first + count)
    if (count > 0 && isList(name, list)) parts.push({ first, name, columns: list })
    else for (let i = first; i < first + Math.max(count, 1); i++) parts.push({ first: i, column: columns[i]! })
    first += Math.max(count, 1)
  }
  return parts
}

/** Puts the numbers of a list into a row, from `at` on. Lists in lists, all of one shape, count as one. null is a list of nulls.
    @throws SLUICE_FEATURE_MISSING, SLUICE_FEATURE_TYPE, SLUICE_CATEGORY_UNKNOWN */
export type ListFill = (raw: unknown, row: Float32Array | Float64Array, at: number) => void

/** A matrix of pixels has two, with colours three. */
const DEPTH_MAX = 8

export function listOf({ title, columns }: ListSpec): ListFill {
  const cells = cellsOf({ title, columns }), count = columns.length
  const fail = (what: string): never => { throw new SluiceError('SLUICE_FEATURE_TYPE', `${title}: ${what}`, { fix: `give a list of ${count} numbers; correct the path, or make the list with a function` }) }

  function flat(list: readonly unknown[], row: Float32Array | Float64Array, at: number, first: number): void {
    let i = 0
    try {
      for (; i < list.length; i++) row[at + i] = cells[first + i]!.encode(list[i])
    } catch (error) {
      if (error instanceof SluiceError) throw new SluiceError(error.code, `${error.message}, at element ${first + i}`, { why: error.why, fix: error.fix })
      throw error
    }
  }
  function nested(list: unknown, shape: readonly number[], depth: number, row: Float32Array | Float64Array, at: number, first: number): number {
    if (!Array.isArray(list) || list.length !== shape[depth]) return fail('the lists in it are not all of one shape')
    if (depth === shape.length - 1) {
      flat(list, row, at, first)
      return first + list.length
    }
    for (const inner of list) {
      const next = nested(inner, shape, depth + 1, row, at, first)
      at += next - first
      first = next
    }
    return first
  }

  return (raw, row, at) => {
    if (raw === undefined) throw new SluiceError('SLUICE_FEATURE_MISSING', `${title}: the record does not have it`)
    if (raw === null) { for (let i = 0; i < count; i++) row[at + i] = cells[i]!.encode(null); return }
    if (!Array.isArray(raw)) return fail(`${kindOf(raw)} where a list of ${count} numbers belongs`)
    const shape = shapeOf(raw)
    if (shape === undefined) return fail(`lists in lists, more than ${DEPTH_MAX} deep`)
    if (shape.reduce((product, length) => product * length, 1) !== count) return fail(`a list of ${shape.join(' x ')} where one of ${count} numbers belongs`)
    nested(raw, shape, 0, row, at, 0)
  }
}

/** One cell for all columns that take the same. */
export function cellsOf({ title, columns }: ListSpec): readonly Cell[] {
  const made = new Map<unknown, Map<string, Cell>>()
  return columns.map(column => {
    const rule = `${column.missing} ${column.unknown}`, alike = made.get(column.categories) ?? new Map<string, Cell>()
    made.set(column.categories, alike)
    const cell = alike.get(rule) ?? cellOf({ title, column, zone: zoneOf('UTC'), textual: false })
    alike.set(rule, cell)
    return cell
  })
}

/** How many there are at each depth, going by what comes first. undefined: too deep. */
function shapeOf(list: readonly unknown[]): number[] | undefined {
  const shape: number[] = []
  for (let at: unknown = list; Array.isArray(at); at = at[0]) if (shape.push(at.length) > DEPTH_MAX) return undefined
  return shape
}

const SINGLE = ['as', 'zone', 'type', 'default', 'when'] as const
/** @throws SLUICE_CONFIG_INVALID what is for single numbers */
export function checkList(title: string, feature: PathFeature): void {
  const found = SINGLE.find(key => feature[key] !== undefined)
  if (found !== undefined) throw new SluiceError('SLUICE_CONFIG_INVALID', `${title}: \`${found}\` is for single numbers, and this is a list`, { fix: 'leave it out, or make the list with a function' })
}
