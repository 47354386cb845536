import { eachMember, rangeAt, valueAt } from '../codecs/json-bytes.ts'
import { SluiceError } from '../core/index.ts'
import type { Order, Wanted } from '../kernels/shape.ts'

const NAMES_MAX = 500
const NAME_BYTES_MAX = 200
const OPEN = 123, OPEN_ARRAY = 91, BACKSLASH = 92

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** In which order the names come in a record, wherever something is wanted of an object. undefined: it cannot be read. */
export function orderOf(bytes: Uint8Array, start: number, end: number, wanted: Wanted): Order | undefined {
  const at = valueAt(bytes, start, end)
  if (at >= end || bytes[at] !== ('elements' in wanted ? OPEN_ARRAY : OPEN)) return undefined
  try { return inside(bytes, at, end, wanted) } catch (error) {
    if (error instanceof SluiceError && error.severity === 'record') return undefined
    throw error
  }
}

function inside(bytes: Uint8Array, open: number, end: number, wanted: Wanted): Order {
  const names: { name: string; written: Uint8Array }[] = [], within = new Map<string | number, Order>()
  if ('elements' in wanted) {
    for (const [index, of] of wanted.elements) {
      const [from, to] = isLeaf(of) ? [] : rangeAt(bytes, open, end, [index]) ?? []
      if (from !== undefined && isInside(bytes, from)) within.set(index, inside(bytes, from, to!, of))
    }
    return { names, inside: within }
  }
  let before = open
  eachMember(bytes, open, end, (nameStart, nameEnd, valueStart, valueEnd) => {
    const name = bytes.subarray(nameStart + 1, nameEnd - 1), written = bytes.slice(before, valueStart)
    before = valueEnd
    if (names.length >= NAMES_MAX || written.length > NAME_BYTES_MAX || name.includes(BACKSLASH)) return
    const text = decoded(name)
    if (text === undefined) return
    names.push({ name: text, written })
    const of = 'fields' in wanted ? wanted.fields.get(text) : undefined
    if (of !== undefined && !isLeaf(of) && isInside(bytes, valueStart)) within.set(text, inside(bytes, valueStart, valueEnd, of))
  })
  return { names, inside: within }
}

/** undefined: no UTF-8. What is expected is not looked at again. */
function decoded(name: Uint8Array): string | undefined {
  try { return decoder.decode(name) } catch { return undefined }
}

const isLeaf = (wanted: Wanted): boolean => 'leaves' in wanted || 'run' in wanted
const isInside = (bytes: Uint8Array, at: number): boolean => bytes[at] === OPEN || bytes[at] === OPEN_ARRAY
