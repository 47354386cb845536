import { csvNumber } from '../codecs/csv.ts'
import { SluiceError } from '../core/index.ts'
import type { Code, Column, ErrorDetails } from '../core/index.ts'
import type { Derived, PathFeature, Scalar } from './options.ts'
import { dayOfWeek, epochMsOf, hourOfDay, monthOf, wallMsOf } from './time.ts'
import type { Zone } from './zone.ts'

// pandas writes True and False
const TRUE: ReadonlySet<string> = new Set(['true', 'True']), FALSE: ReadonlySet<string> = new Set(['false', 'False'])

/** From what a record holds for one feature to the number that the model's column wants. */
export interface Cell {
  /** @throws SLUICE_FEATURE_MISSING, SLUICE_FEATURE_TYPE, SLUICE_CATEGORY_UNKNOWN */
  encode(raw: unknown): number
  /** What is derived from a value, or has a type of its own. @throws SLUICE_FEATURE_MISSING, SLUICE_FEATURE_TYPE, SLUICE_CATEGORY_UNKNOWN */
  typed(value: unknown): number
  /** For a record in which `when` does not hold. @throws SLUICE_FEATURE_MISSING */
  passed(): number
}
export interface CellSpec extends Pick<PathFeature, 'as' | 'type' | 'default'> {
  /** For messages: `feature 'km' (trip.km)`. */
  readonly title: string
  readonly column: Column
  readonly zone: Zone
  /** The raw values are cells of CSV. */
  readonly textual: boolean
}

/** @throws SLUICE_CONFIG_INVALID what does not fit the model's column whatever the record holds */
export function cellOf(spec: CellSpec): Cell {
  const { title, column, as, zone, type } = spec
  const { categories, unknown } = column
  const fail = (code: Code, what: string, details?: ErrorDetails): never => { throw new SluiceError(code, `${title}: ${what}`, details) }
  const invalid = (what: string): never => fail('SLUICE_CONFIG_INVALID', what)
  const missing = (what: string): number => column.missing === true ? NaN : fail('SLUICE_FEATURE_MISSING', `${what}, and the model has no rule for missing values`)
  const number = (value: number): number => Number.isNaN(value) ? missing('it is no number') : value
  const categoryOf = categories === undefined ? undefined : categoriesOf(categories)

  // the reader of a model puts halves of letters where its file has lost them
  const lost = categories?.filter(category => typeof category === 'string' && !category.isWellFormed()).length ?? 0
  const notAmong = (value: string | number | boolean): never => lost === 0
    ? fail('SLUICE_CATEGORY_UNKNOWN', `${shown(value)} is not among the model's ${categories!.length} categories`)
    : fail('SLUICE_CATEGORY_UNKNOWN', `${shown(value)} is not among the model's ${categories!.length} categories, ${lost} of which have lost their names in the model file`, {
      why: 'the library that saved the model cut names off, so that it cannot be known whether this is one of them, and which',
      fix: 'give all names of this feature: strategy.embedded.categories in the pipeline, --categories FILE.json at the command line, open(path, { categories })',
    })

  /** A value with a type of its own. */
  const typed = (value: unknown): number => {
    if (categoryOf !== undefined) {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') fail('SLUICE_FEATURE_TYPE', `${kindOf(value)} cannot be a category`)
      return categoryOf.typed(value as string | number | boolean) ?? unknown ?? notAmong(value as string | number | boolean)
    }
    if (typeof value === 'number') return number(value)
    if (typeof value === 'boolean') return value ? 1 : 0
    return fail('SLUICE_FEATURE_TYPE', `${kindOf(value)} where a number belongs`)
  }
  const text = (cell: string): number => {
    if (categoryOf !== undefined) return categoryOf.text(cell) ?? unknown ?? notAmong(cell)
    const value = csvNumber(cell)
    return value !== undefined ? number(value) : TRUE.has(cell) ? 1 : FALSE.has(cell) ? 0 : fail('SLUICE_FEATURE_TYPE', `${shown(cell)} is no number`)
  }
  const asDeclared = (raw: unknown): unknown => {
    if (!spec.textual || typeof raw !== 'string') return typeof raw === type ? raw : fail('SLUICE_FEATURE_TYPE', `${kindOf(raw)}, declared as ${type}`)
    if (type === 'number') return csvNumber(raw) ?? fail('SLUICE_FEATURE_TYPE', `${shown(raw)} is no number`)
    if (type === 'boolean') return TRUE.has(raw) ? true : FALSE.has(raw) ? false : fail('SLUICE_FEATURE_TYPE', `${shown(raw)} is neither true nor false`)
    return raw
  }

  let present: (raw: unknown) => number
  if (as !== undefined) {
    const derive = DERIVATIONS[as]
    const derived = (raw: unknown): number => {
      const value = type !== undefined ? asDeclared(raw) : spec.textual && typeof raw === 'string' && as !== 'length' ? csvNumber(raw) ?? raw : raw
      return typed(derive(value, zone) ?? fail('SLUICE_FEATURE_TYPE', `${as} of ${typeof value === 'string' ? shown(value) : kindOf(value)} cannot be taken`))
    }
    present = derived
  } else if (type !== undefined) {
    if (type === 'string' && categories === undefined) invalid('it is declared as string, and the model wants a number')
    present = raw => typed(asDeclared(raw))
  } else present = spec.textual ? raw => typeof raw === 'string' ? text(raw) : typed(raw) : typed

  const fallback = spec.default === undefined || spec.default === null ? undefined : defaultOf(spec.default, typed, invalid)
  const absent = spec.default === null ? () => missing('it is absent') : () => fail('SLUICE_FEATURE_MISSING', 'the record does not have it')
  return {
    encode(raw) {
      if (raw === undefined) return fallback ?? absent()
      if (raw === null) return fallback ?? missing('it is null')
      return present(raw)
    },
    typed,
    passed: () => fallback ?? missing('its `when` does not hold'),
  }
}

function defaultOf(value: Scalar, typed: (value: unknown) => number, invalid: (what: string) => never): number {
  try { return typed(value) } catch { return invalid(`its default ${shown(value)} is nothing that the model takes there`) }
}

/** undefined: it cannot be taken of that. */
const DERIVATIONS: { readonly [name in Derived]: (value: unknown, zone: Zone) => number | undefined } = {
  hourOfDay: (value, zone) => ofTime(value, zone, hourOfDay),
  dayOfWeek: (value, zone) => ofTime(value, zone, dayOfWeek),
  month: (value, zone) => ofTime(value, zone, monthOf),
  epochMs(value, zone) {
    const epochMs = typeof value === 'number' || typeof value === 'string' ? epochMsOf(value, zone) : NaN
    return Number.isNaN(epochMs) ? undefined : epochMs
  },
  log1p: value => typeof value === 'number' ? Math.log1p(value) : typeof value === 'boolean' ? Math.log1p(Number(value)) : undefined,
  length: value => typeof value === 'string' ? codePoints(value) : Array.isArray(value) ? value.length : undefined,
}
function ofTime(value: unknown, zone: Zone, part: (wallMs: number) => number): number | undefined {
  const wallMs = typeof value === 'number' || typeof value === 'string' ? wallMsOf(value, zone) : NaN
  return Number.isNaN(wallMs) ? undefined : part(wallMs)
}
function codePoints(text: string): number {
  let count = text.length
  for (let i = 1; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--
  return count
}

/** CSV has only text: it is looked up as it stands, then as the truth value or the number it is. Where both '3' and 3 are categories, '3' is all
    that is meant: '03' is another text. */
function categoriesOf(categories: readonly (string | number | boolean)[]): { typed(value: string | number | boolean): number | undefined; text(cell: string): number | undefined } {
  const index = new Map(categories.map((category, i) => [category, i]))
  const words = new Map(categories.flatMap((category, i) => typeof category === 'number' ? [] : [[String(category), i] as const]))
  return {
    typed: value => index.get(value),
    text(cell) {
      const word = words.get(cell) ?? (TRUE.has(cell) ? index.get(true) : FALSE.has(cell) ? index.get(false) : undefined)
      if (word !== undefined) return word
      const value = csvNumber(cell)
      return value === undefined || words.has(String(value)) ? undefined : index.get(value)
    },
  }
}

export const kindOf = (value: unknown): string => value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value === 'object' ? value instanceof Promise ? 'a promise' : 'an object' : typeof value === 'undefined' ? 'nothing' : `a ${typeof value}`
/** Enough of a value to find it again. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value)
  return `'${text.length > 40 ? `${text.slice(0, 40)}...` : text}'`
}
