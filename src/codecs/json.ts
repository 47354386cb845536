import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'
import { follow } from './paths.ts'
import type { Path } from './paths.ts'
import { textsOf } from './text.ts'
import type { Value, Values } from './values.ts'

/** A record may be a list where a path asks for one: for an element of it, or for the record itself. */
export function jsonValues(records: Records, paths: readonly Path[], wanted?: Int32Array): Values {
  const textOf = textsOf(records, wanted), maybeList = paths.some(({ steps }) => typeof steps[0] !== 'string')
  // a path of one harmless name, by far the most common, is one property
  const plain = paths.map(({ steps }) => steps.length === 1 && typeof steps[0] === 'string' && !(steps[0] in Object.prototype) ? steps[0] : undefined)
  let current: Value = {}
  return {
    textual: false,
    open(row) { current = maybeList ? parseObjectOrList(textOf(row)) : parseObject(textOf(row)) },
    at(path) {
      const name = plain[path]
      return name === undefined || (maybeList && Array.isArray(current)) ? follow(current, paths[path]!.steps) : current[name]
    },
    value: () => current,
  }
}

/** @throws SLUICE_JSON_BROKEN, SLUICE_JSON_NO_OBJECT */
export function parseObject(text: string): Value {
  const value = parseObjectOrList(text)
  if (Array.isArray(value)) throw new SluiceError('SLUICE_JSON_NO_OBJECT', 'the value is an array, not an object')
  return value
}

function parseObjectOrList(text: string): Value {
  let value: unknown
  try { value = JSON.parse(text) } catch (cause) { throw broken(text, cause) }
  if (escapesNames(text)) value = parseEscapedNames(text)
  if (typeof value !== 'object' || value === null) throw new SluiceError('SLUICE_JSON_NO_OBJECT', `the value is ${value === null ? 'null' : `a ${typeof value}`}, not an object`)
  return value as Value
}

/** Whether a name may be written with escapes in it; never false when one is. */
export const escapesNames = (text: string): boolean => text.includes('\\') && ESCAPED_NAME.test(text)
const ESCAPED_NAME = /\\[^](?:[^"\\]|\\[^])*"[ \n\r\t]*:/
const STRING = /("(?:[^"\\]|\\[^])*")([ \n\r\t]*:)?/g

/** V8 13 and 14 may read a name with escapes as another one that an earlier text had in its place: after `{"a":1,"\\\\":2}`, the second name of
    `{"a":1,"\\n":2}` becomes a backslash (nodejs/node issue 63785). So such names are parsed each by itself, and stand-ins take their place. */
function parseEscapedNames(text: string): unknown {
  let mark = '~'
  while (text.includes(mark)) mark += '~'
  const names: string[] = []
  const standIns = text.replace(STRING, (whole: string, string: string, colon: string | undefined) =>
    colon === undefined || !string.includes('\\') ? whole : `"${mark}${names.push(JSON.parse(string) as string) - 1}"${colon}`)
  const named = (holder: object): object => Array.isArray(holder) ? holder
    : Object.fromEntries(Object.entries(holder).map(([name, value]) => [name.startsWith(mark) ? names[Number(name.slice(mark.length))]! : name, value]))
  const root = named(JSON.parse(standIns) as object)
  // a list instead of recursion: depth does no harm
  const open: object[] = [root]
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    for (const [name, value] of Object.entries(holder)) {
      if (typeof value !== 'object' || value === null) continue
      const inner = named(value as object)
      Object.defineProperty(holder, name, { value: inner, enumerable: true, configurable: true, writable: true })
      open.push(inner)
    }
  }
  return root
}

/** As JSON.stringify, which costs more than looking through a short text for what must be escaped. */
export function jsonText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code === 34 || code === 92 || code >= 0xd800) return JSON.stringify(text)
  }
  return `"${text}"`
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
