import { eachMember, objectAt } from '../codecs/json-bytes.ts'
import { SluiceError } from '../core/index.ts'
import type { Order } from '../kernels/shape.ts'
import type { Wanted } from '../kernels/shape.ts'

const NAMES_MAX = 500
const NAME_BYTES_MAX = 200
const OPEN = 123, BACKSLASH = 92

const decoder = new TextDecoder()

/** In which order the names come in a record, wherever something is wanted of an object. undefined: it cannot be read. */
export function orderOf(bytes: Uint8Array, start: number, end: number, wanted: Wanted): Order | undefined {
  try { return inside(bytes, objectAt(bytes, start, end), end, wanted) } catch (error) {
    if (error instanceof SluiceError && error.severity === 'record') return undefined
    throw error
  }
}

function inside(bytes: Uint8Array, open: number, end: number, wanted: Wanted): Order {
  const names: string[] = [], within = new Map<string, Order>()
  eachMember(bytes, open, end, (nameStart, nameEnd, valueStart, valueEnd) => {
    const name = bytes.subarray(nameStart + 1, nameEnd - 1)
    if (names.length >= NAMES_MAX || name.length > NAME_BYTES_MAX || name.includes(BACKSLASH)) return
    const text = decoder.decode(name)
    names.push(text)
    const of = 'fields' in wanted ? wanted.fields.get(text) : undefined
    if (of !== undefined && 'fields' in of && bytes[valueStart] === OPEN) within.set(text, inside(bytes, valueStart, valueEnd, of))
  })
  return { names, inside: within }
}
