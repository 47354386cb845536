import type { Records } from '../core/index.ts'
import { csvValues } from './csv.ts'
import { decodedValues } from './decoded.ts'
import { jsonValues } from './json.ts'
import type { Path } from './paths.ts'

/** A decoded value: an object as JSON has it, or a list, where a path asks for one; of CSV, the cells by the names of their columns, each a text, or
    null if empty and not quoted. */
export interface Value { readonly [name: string]: unknown }

/** The values of records, one after the other: the path `paths[i]` is asked for as `at(i)`. */
export interface Values {
  /** Cells are text: a number or a boolean has to be read from it. */
  readonly textual: boolean
  /** Makes a row the current one; its value must not be null. @throws SLUICE_UTF8_BROKEN, SLUICE_JSON_BROKEN, SLUICE_JSON_NO_OBJECT, SLUICE_CSV_BROKEN, and what a decoder throws */
  open(row: number): void
  /** undefined: absent. null: there, but missing. */
  at(path: number): unknown
  /** The whole; the same object until the next `open`. */
  value(): Value
}

/** What a decoder gives, where the records name one; CSV where they name their columns; else JSON. `wanted`: the rows that will be opened. */
export function valuesOf(records: Records, paths: readonly Path[], wanted?: Int32Array): Values {
  if (records.decoder !== undefined) return decodedValues(records, records.decoder, paths)
  return records.columns === undefined ? jsonValues(records, paths, wanted) : csvValues(records, records.columns, paths, wanted)
}
