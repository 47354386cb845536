import { SluiceError } from '../core/errors.ts'
import type { ReadOptions } from '../core/models.ts'
import type { Column } from '../core/tensors.ts'

export type Categories = readonly (string | number | boolean)[]

/** Stands for a letter that a file does not hold. It is half of a letter in UTF-16, so no text that was UTF-8 is equal to a name with it. */
export const LOST = '\udfff'
export const isLost = (category: string | number | boolean): boolean => typeof category === 'string' && !category.isWellFormed()

/** The columns with the categories that a user gives for them in the place of the file's. `differs` says what of a list does not fit what is
    known of that column; undefined: it fits. @throws SLUICE_CONFIG_INVALID */
export function withCategories(file: string, columns: readonly Column[], given: ReadOptions['categories'], differs: (index: number, list: Categories) => string | undefined): readonly Column[] {
  if (given === undefined) return columns
  const refused = (feature: string, what: string): SluiceError => new SluiceError('SLUICE_CONFIG_INVALID', `${file}: the categories given for '${feature}' do not fit: ${what}`, {
    at: `categories.${feature}`, why: 'categories that are given must be those that the model was trained with, in the order of their codes',
    fix: 'write the list as it was in training: list(frame[feature].cat.categories) in pandas',
  })
  for (const name of Object.keys(given)) if (!columns.some(column => column.name === name)) throw refused(name, `the model has no feature of this name; it has ${shortened(columns.map(column => column.name).join(', '))}`)
  return columns.map((column, i) => {
    if (!Object.hasOwn(given, column.name)) return column
    const list: unknown = given[column.name]
    if (!isCategories(list) || list.length === 0) throw refused(column.name, 'a list of texts, numbers and booleans belongs here')
    const twice = list.findIndex((category, at) => list.indexOf(category) !== at)
    const what = twice >= 0 ? `${shown(list[twice]!)} stands in it twice` : differs(i, list)
    if (what !== undefined) throw refused(column.name, what)
    return { ...column, categories: list }
  })
}

/** The first place where two lists are not the same. */
export function difference(names: Categories, list: Categories, agrees: (at: number) => boolean = at => names[at] === list[at]): string | undefined {
  if (list.length !== names.length) return `${list.length} are given, and the file has ${names.length}`
  const at = list.findIndex((_, i) => !agrees(i))
  return at < 0 ? undefined : `category ${at}, counted from 0, is given as ${shown(list[at]!)}, and the file has ${shown(names[at]!)}`
}

export const isCategories = (value: unknown): value is Categories => Array.isArray(value) && value.every(v => typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean')
const shown = (category: string | number | boolean): string => typeof category === 'string' ? `'${shortened(category.toWellFormed())}'` : String(category)
const shortened = (text: string): string => text.length <= 100 ? text : `${text.slice(0, 100)}...`
