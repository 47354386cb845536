import { SluiceError } from '../core/index.ts'

const QUOTE = 34, COMMA = 44, COLON = 58, BACKSLASH = 92, OPEN_ARRAY = 91, CLOSE_ARRAY = 93, OPEN = 123, CLOSE = 125
const decoder = new TextDecoder()

/** Ranges inside the bytes of a JSON text that has already been parsed once: members are found without making values, so what is copied
    keeps its bytes (large numbers, order, spelling). Nothing here recurses, so depth does no harm. Bytes that are no JSON after all give
    SLUICE_JSON_BROKEN or a wrong range, never an access outside. */

const skipSpace = (bytes: Uint8Array, at: number, end: number): number => {
  while (at < end) { const byte = bytes[at]!; if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break; at++ }
  return at
}

/** Of the bytes before `at`, those that are not white space. */
export function trimSpace(bytes: Uint8Array, start: number, at: number): number {
  while (at > start) { const byte = bytes[at - 1]!; if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break; at-- }
  return at
}

/** Where the object begins. @throws SLUICE_JSON_NO_OBJECT */
export function objectAt(bytes: Uint8Array, start: number, end: number): number {
  const at = valueAt(bytes, start, end)
  if (at >= end || bytes[at] !== OPEN) throw new SluiceError('SLUICE_JSON_NO_OBJECT', 'the value is not an object')
  return at
}

/** After white space and a byte order mark. */
export function valueAt(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3
  return skipSpace(bytes, start, end)
}

/** Whether the value is a list, if it is anything. */
export function isListAt(bytes: Uint8Array, start: number, end: number): boolean {
  const at = valueAt(bytes, start, end)
  return at < end && bytes[at] === OPEN_ARRAY
}

/** The members of the object that begins at `open`, with the bytes of name (with quotes) and value; answers where its brace closes. */
export function eachMember(bytes: Uint8Array, open: number, end: number,
  visit: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void): number {
  let at = skipSpace(bytes, open + 1, end)
  if (bytes[at] === CLOSE && at < end) return at
  while (at < end) {
    const nameStart = at
    if (bytes[at] !== QUOTE) break
    const nameEnd = at = endOfString(bytes, at, end)
    at = skipSpace(bytes, at, end)
    if (bytes[at] !== COLON) break
    const valueStart = skipSpace(bytes, at + 1, end)
    const valueEnd = endOfValue(bytes, valueStart, end)
    visit(nameStart, nameEnd, valueStart, valueEnd)
    at = skipSpace(bytes, valueEnd, end)
    if (at < end && bytes[at] === CLOSE) return at
    if (bytes[at] !== COMMA) break
    at = skipSpace(bytes, at + 1, end)
  }
  throw broken()
}

/** Whether the name at [nameStart, nameEnd), quotes included, says `name`, however it is escaped. `utf8` is the name's own UTF-8. */
export function isName(bytes: Uint8Array, nameStart: number, nameEnd: number, name: string, utf8: Uint8Array): boolean {
  const length = nameEnd - nameStart - 2
  if (length < utf8.length) return false
  if (length === utf8.length) {
    let i = 0
    while (i < length && bytes[nameStart + 1 + i] === utf8[i] && utf8[i] !== BACKSLASH) i++
    return i === length
  }
  let escaped = false
  for (let i = nameStart + 1; i < nameEnd - 1 && !escaped; i++) escaped = bytes[i] === BACKSLASH
  if (!escaped) return false
  try { return JSON.parse(decoder.decode(bytes.subarray(nameStart, nameEnd))) === name } catch { return false }
}

/** The bytes of what lies at the path, [start, end); undefined: nothing does. Of members of the same name the last counts, as in JSON.parse. */
export function rangeAt(bytes: Uint8Array, open: number, end: number, steps: readonly Step[]): readonly [number, number] | undefined {
  let from = open, to = end
  for (const step of steps) {
    let found = -1, foundEnd = -1
    if (typeof step === 'number') {
      if (bytes[from] !== OPEN_ARRAY) return undefined
      let at = skipSpace(bytes, from + 1, to)
      for (let index = 0; at < to && bytes[at] !== CLOSE_ARRAY; index++) {
        const elementEnd = endOfValue(bytes, at, to)
        if (index === step) { found = at; foundEnd = elementEnd; break }
        at = skipSpace(bytes, elementEnd, to)
        if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1, to)
      }
    } else {
      if (bytes[from] !== OPEN) return undefined
      eachMember(bytes, from, to, (nameStart, nameEnd, valueStart, valueEnd) => {
        if (isName(bytes, nameStart, nameEnd, step.name, step.utf8)) { found = valueStart; foundEnd = valueEnd }
      })
    }
    if (found < 0) return undefined
    from = found
    to = foundEnd
  }
  return [from, to]
}
export type Step = number | { readonly name: string; readonly utf8: Uint8Array }

/** `at` is the opening quote; answers the byte after the closing one. */
function endOfString(bytes: Uint8Array, at: number, end: number): number {
  for (at++; at < end; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at++
  }
  throw broken()
}

function endOfValue(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]
  if (first === QUOTE) return endOfString(bytes, at, end)
  if (first !== OPEN && first !== OPEN_ARRAY) {
    const start = at
    for (; at < end; at++) { const byte = bytes[at]!; if (byte === COMMA || byte === CLOSE || byte === CLOSE_ARRAY || byte <= 32) break }
    if (at === start) throw broken()
    return at
  }
  for (let depth = 0; at < end; at++) {
    const byte = bytes[at]!
    if (byte === QUOTE) at = endOfString(bytes, at, end) - 1
    else if (byte === OPEN || byte === OPEN_ARRAY) depth++
    else if ((byte === CLOSE || byte === CLOSE_ARRAY) && --depth === 0) return at + 1
  }
  throw broken()
}

const broken = (): SluiceError => new SluiceError('SLUICE_JSON_BROKEN', 'the value is not valid JSON')
