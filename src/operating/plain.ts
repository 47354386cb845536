import { SluiceError } from '../core/index.ts'

/** JSON's values. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

const DEPTH_MAX = 6
const CAUSES_MAX = 4
const ENTRIES_MAX = 50
const TEXT_MAX = 4000

/** Any value as a bounded tree of JSON's values, every string of it through `redact`: what a log line may hold, and what can be sent from
    one thread to another (a structured clone would lose an error's code, why and fix). Reads no getters of foreign classes. */
export function plain(value: unknown, redact: (text: string) => string = (text) => text, depth = 0, causes = 0): Plain {
  switch (typeof value) {
    case 'string': return cut(redact(value))
    case 'boolean': return value
    case 'number':
    case 'bigint': return plainNumber(value, redact)
    case 'undefined': return null
    case 'symbol':
    case 'function': return `<${typeof value}>`
    case 'object':
  }
  if (value === null) return null
  if (value instanceof Error) return plainError(value, redact, depth, causes)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof URL) return cut(redact(value.href))
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`
  if (depth >= DEPTH_MAX) return '<deeper>'
  if (Array.isArray(value)) {
    const items = value.slice(0, ENTRIES_MAX).map((item) => plain(item, redact, depth + 1, causes))
    return value.length > ENTRIES_MAX ? [...items, `<${value.length - ENTRIES_MAX} more>`] : items
  }
  if (value instanceof Set) return plain([...value].slice(0, ENTRIES_MAX + 1), redact, depth, causes)
  return plainEntries(value instanceof Map ? [...value] : ownEntries(value), redact, depth, causes)
}

/** A number that holds a secret (a numeric password) is one too. */
function plainNumber(value: number | bigint, redact: (text: string) => string): Plain {
  const text = String(value)
  const shown = redact(text)
  return shown === text && Number.isFinite(value) ? value as number : shown
}

function plainError(error: Error, redact: (text: string) => string, depth: number, causes: number): Plain {
  const { code } = error as { readonly code?: unknown }
  const parts: { [name: string]: unknown } = error instanceof SluiceError
    ? { code, message: error.message, at: error.at, why: error.why, fix: error.fix }
    : { name: error.name, code, message: error.message, stack: error.stack }
  if (error.cause !== undefined && causes < CAUSES_MAX) parts['cause'] = error.cause
  if (error instanceof AggregateError) parts['errors'] = error.errors
  const entries = Object.entries(parts).filter(([, part]) => part !== undefined && part !== '')
  return plainEntries(entries, redact, Math.min(depth, DEPTH_MAX - 2), causes + 1)
}

function plainEntries(entries: readonly (readonly [unknown, unknown])[], redact: (text: string) => string, depth: number, causes: number): Plain {
  const result: { [name: string]: Plain } = {}
  for (const [name, value] of entries.slice(0, ENTRIES_MAX)) {
    if (value !== undefined) Object.defineProperty(result, cut(redact(String(name))), { value: plain(value, redact, depth + 1, causes), enumerable: true, configurable: true })
  }
  if (entries.length > ENTRIES_MAX) result['...'] = `<${entries.length - ENTRIES_MAX} more>`
  return result
}

/** Of data properties: a getter may throw or take its time. */
const ownEntries = (value: object): readonly (readonly [string, unknown])[] =>
  Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, property]) => property.enumerable === true && 'value' in property)
    .map(([name, property]) => [name, property.value])

// After redacting: the beginning of a secret is one too.
const cut = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}<${text.length - TEXT_MAX} more>` : text)
