import { SluiceError } from '../core/index.ts'

/** A value that does not fit the schema it is to be written with; where it lies is put together on the way out. */
export class Unfit extends Error {
  path = ''
  /** `step` is what the place so far lies in. */
  static inside(error: unknown, step: string | number): unknown {
    if (!(error instanceof Unfit)) return error
    const between = error.path === '' || error.path.startsWith('[') ? '' : '.'
    error.path = `${typeof step === 'number' ? `[${step}]` : step}${between}${error.path}`
    return error
  }
}

/** Runs `write`; what does not fit becomes an error of the record. `schema`: its name for messages. */
export function fitted<T>(schema: string, write: () => T): T {
  try { return write() } catch (error) {
    if (error instanceof SluiceError) throw error
    const at = error instanceof Unfit && error.path !== '' ? { at: error.path } : {}
    throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `the result does not fit ${schema}: ${at.at === undefined ? '' : `'${at.at}': `}${error instanceof Error ? error.message : String(error)}`, {
      ...at, why: 'a record is written whole or not at all', fix: 'let the result have the fields and types of the schema, or register another schema', cause: error })
  }
}

/** The kind of a value, and never its content. */
export const kindOf = (value: unknown): string => value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object'
  : typeof value === 'number' ? Number.isInteger(value) ? 'a whole number' : 'a number' : value === undefined ? 'nothing' : `a ${typeof value}`
