import { listIn, numberIn, structAt, structIn } from './thrift.ts'
import type { Struct, Value } from './thrift.ts'

/** A column of leaves. Names on the way to it without those that only wrap a list: `nodeData.impurityStats`, `labelsArray`, `categoryMaps.value.key`. */
export interface Leaf {
  readonly name: string
  readonly type: number
  /** Definition level of a value that is there. */
  readonly defined: number
  /** Of each list around it, from the outermost, the definition level of an element; that of an empty list is one less. */
  readonly lists: readonly number[]
}
export interface Chunk { readonly codec: number; readonly values: number; readonly start: number; readonly end: number }
export interface Footer {
  readonly rows: number
  readonly leaves: readonly Leaf[]
  /** By row group the rows, and of each leaf where it lies. */
  readonly groups: readonly { readonly rows: number; readonly chunks: readonly Chunk[] }[]
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const LISTS_MAX = 4, DEPTH_MAX = 16

/** @throws Error */
export function footerOf(bytes: Uint8Array): Footer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), end = bytes.length - 8
  if (bytes.length < 12 || !isParquet(bytes)) throw new Error('it does not begin and end as Parquet does: it is cut off, or another kind of file')
  const length = view.getUint32(end, true)
  if (length > end - 4) throw new Error(`its metadata is said to be ${length} bytes long, and the file has ${bytes.length}`)
  const { struct } = structAt(bytes.subarray(end - length, end), 0)
  const leaves = leavesOf(listIn(struct, 2))
  const groups = listIn(struct, 4).map(group => {
    if (!(group instanceof Map)) throw new Error('a row group is none')
    const rows = count(group, 3, 'rows of a row group'), chunks = listIn(group, 1).map(chunk => chunkOf(chunk, bytes.length))
    if (chunks.length !== leaves.length) throw new Error(`a row group has ${chunks.length} columns, and the schema ${leaves.length}`)
    return { rows, chunks }
  })
  const rows = count(struct, 3, 'rows')
  if (groups.reduce((sum, group) => sum + group.rows, 0) !== rows) throw new Error(`its row groups do not have ${rows} rows`)
  return { rows, leaves, groups }
}

const isMark = (bytes: Uint8Array, at: number): boolean => bytes[at] === 80 && bytes[at + 1] === 65 && bytes[at + 2] === 82 && bytes[at + 3] === 49
const isParquet = (bytes: Uint8Array): boolean => isMark(bytes, 0) && isMark(bytes, bytes.length - 4)

function count(struct: Struct, field: number, what: string): number {
  const value = numberIn(struct, field)
  if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw new Error(`the number of ${what} is ${value ?? 'not there'}`)
  return value
}

function chunkOf(chunk: Value, length: number): Chunk {
  const meta = chunk instanceof Map ? structIn(chunk, 3) : undefined
  if (meta === undefined) throw new Error('a column has no metadata')
  if (chunk instanceof Map && chunk.has(1)) throw new Error('a column lies in another file')
  const data = count(meta, 9, 'bytes before a column'), dictionary = numberIn(meta, 11) ?? 0
  const start = dictionary > 0 && dictionary < data ? dictionary : data, end = start + count(meta, 7, 'bytes of a column')
  if (end > length) throw new Error(`a column lies at bytes ${start} to ${end}, and the file has ${length}`)
  return { codec: count(meta, 4, 'the codec'), values: count(meta, 5, 'values of a column'), start, end }
}

/** The schema is a tree, its nodes in walking order with the number of their children. */
function leavesOf(elements: readonly Value[]): readonly Leaf[] {
  const leaves: Leaf[] = []
  let at = 0
  const walk = (names: readonly string[], defined: number, lists: readonly number[], depth: number, isNamed: boolean): void => {
    const element = elements[at++]
    if (!(element instanceof Map)) throw new Error('its schema has fewer elements than it announces')
    const children = numberIn(element, 5) ?? 0, repetition = depth === 0 ? 0 : numberIn(element, 3) ?? 0, label = element.get(4)
    if (!(children >= 0 && children <= elements.length) || depth > DEPTH_MAX) throw new Error(`an element of its schema has ${children} children, ${depth} deep`)
    const isRepeated = repetition === 2, level = defined + (repetition === 0 ? 0 : 1), around = isRepeated ? [...lists, level] : lists
    if (around.length > LISTS_MAX) throw new Error(`lists in lists, more than ${LISTS_MAX} deep`)
    const path = isNamed && !isRepeated && label instanceof Uint8Array ? [...names, utf8.decode(label)] : names
    if (children === 0) leaves.push({ name: path.join('.'), type: count(element, 1, 'the type of a column'), defined: level, lists: around })
    // the repeated group of a list or map and the one element of a list have names that say nothing
    for (let i = 0; i < children; i++) walk(path, level, around, depth + 1, !(isRepeated && children === 1))
  }
  walk([], 0, [], 0, false)
  if (at !== elements.length) throw new Error('its schema has more elements than it announces')
  return leaves
}
