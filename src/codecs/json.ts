import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'
import { follow } from './paths.ts'
import type { Path } from './paths.ts'
import { textsOf } from './text.ts'
import type { Value, Values } from './values.ts'

export function jsonValues(records: Records, paths: readonly Path[], wanted?: Int32Array): Values {
  const textOf = textsOf(records, wanted)
  // a path of one harmless name, by far the most common, is one property
  const plain = paths.map(({ steps }) => steps.length === 1 && typeof steps[0] === 'string' && !(steps[0] in Object.prototype) ? steps[0] : undefined)
  let current: Value = {}
  return {
    textual: false,
    open(row) { current = parseObject(textOf(row)) },
    at(path) {
      const name = plain[path]
      return name === undefined ? follow(current, paths[path]!.steps) : current[name]
    },
    value: () => current,
  }
}

/** @throws SLUICE_JSON_BROKEN, SLUICE_JSON_NO_OBJECT */
export function parseObject(text: string): Value {
  let value: unknown
  try { value = JSON.parse(text) } catch (cause) { throw broken(text, cause) }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
    throw new SluiceError('SLUICE_JSON_NO_OBJECT', `the value is ${kind}, not an object`)
  }
  return value as Value
}

/** Messages name the place and never the content, which may be large or secret. */
function broken(text: string, cause: unknown): SluiceError {
  // engines word it differently; V8: "... in JSON at position 8 (line 1 column 9)", "Unexpected end of JSON input"
  const message = cause instanceof Error ? cause.message : ''
  const position = / at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return new SluiceError('SLUICE_JSON_BROKEN', `the value is not valid JSON at character ${position}`, { at: `character ${position} of the value`, cause })
  const what = text.trim() === '' ? 'the value is empty' : /end of JSON/.test(message) ? `the value ends in the middle, after ${text.length} characters` : 'the value is not valid JSON'
  return new SluiceError('SLUICE_JSON_BROKEN', what, { cause })
}
