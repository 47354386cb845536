import { SluiceError } from '../../../core/errors.ts'
import { splitAt, splitIn } from '../../stages/trees.ts'
import type { TreeSource } from '../../trees.ts'
import { eachField } from '../protobuf.ts'
import type { Bundle, Part } from './bundle.ts'

/* The nodes of one tree, the left subtree of a node before its right one: in JSON one object a line,
     {"type":"internal","split":{"type":"continuous","featureIndex":2,"threshold":38.8}}
     {"type":"internal","split":{"type":"categorical","featureIndex":0,"isLeft":true,"numCategories":3,"categories":[0.0,2.0]}}
     {"type":"leaf","values":[1.5]}
   in protocol buffers a big-endian int32 of bytes and a message Node (dtree.proto) for each. MLeap before 0.21 calls the file `nodes`, the
   later ones and the writer in Python `tree` (mleap #843). */

type Record = { readonly feature: number; readonly threshold: number } | { readonly feature: number; readonly categories: readonly number[]; readonly isLeft: boolean } | { readonly values: readonly number[] }

/** `name`: for errors. @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export async function readTree({ file, format, beside }: Bundle, part: Pick<Part, 'folder'>): Promise<TreeSource> {
  const { name, bytes } = await beside(part, ['tree', 'nodes'])
  return treeOf(file, name, format === 'json' ? recordsOfJson(file, name, bytes) : recordsOfProto(file, name, bytes))
}

/** Gives each record its children: what follows a node is its left child, what follows that one's subtree its right one. */
function treeOf(file: string, name: string, records: readonly Record[]): TreeSource {
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: name })
  const rights = new Int32Array(records.length), refs = new Int32Array(records.length), waiting: number[] = [], leaves: (readonly number[])[] = []
  for (const [i, record] of records.entries()) {
    if (!('values' in record)) {
      refs[i] = i
      waiting.push(i)
      continue
    }
    refs[i] = -leaves.push(record.values)
    // what follows a leaf is the right child of the last node that has none yet
    const parent = waiting.pop()
    if (parent !== undefined) rights[parent] = i + 1
    else if (i < records.length - 1) throw broken(`${records.length - 1 - i} nodes after the end of the tree`)
  }
  if (records.length === 0 || waiting.length > 0 || rights.some(right => right === records.length)) throw broken('the tree is cut off')
  return {
    name, nodes: records.length, leaves: leaves.length, root: refs[0]!,
    // made when they are asked for: the sets of all nodes at once may be far larger than the file
    node(at) {
      const record = records[at]!, left = refs[at + 1]!, right = refs[rights[at]!]!
      if ('threshold' in record) return splitAt(record.feature, record.threshold, left, right)
      if ('categories' in record) return splitIn(record.feature, record.categories, record.isLeft, left, right)
      throw broken('a leaf is no node')
    },
    leaf: at => ({ values: leaves[at]! }),
  }
}

const NUMBERS = 'numbers are missing'

/** One object a line. */
export function jsonLines(file: string, name: string, bytes: Uint8Array): { readonly [name: string]: unknown }[] {
  const lines = new TextDecoder().decode(bytes).split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line, i) => {
    let node: unknown
    try { node = JSON.parse(line) } catch { node = undefined }
    if (typeof node !== 'object' || node === null) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: a node is no object of JSON`, { at: `${name}:${i + 1}` })
    return node as { readonly [name: string]: unknown }
  })
}

function recordsOfJson(file: string, name: string, bytes: Uint8Array): Record[] {
  return jsonLines(file, name, bytes).map((node, i) => {
    const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: `${name}:${i + 1}` })
    if (node['type'] === 'leaf') {
      if (!isNumbers(node['values']) || node['values'].length === 0) throw broken(`a leaf whose ${NUMBERS}`)
      return { values: node['values'] }
    }
    const split = node['split'] as { readonly [name: string]: unknown } | null | undefined
    if (node['type'] !== 'internal' || typeof split !== 'object' || split === null) throw broken('a node is neither a split nor a leaf')
    const { type, featureIndex: feature, threshold, categories, isLeft } = split
    if (typeof feature !== 'number') throw broken('a split without a feature')
    if (type === 'continuous' && typeof threshold === 'number') return { feature, threshold }
    if (type === 'categorical' && isNumbers(categories) && typeof isLeft === 'boolean') return { feature, categories: checkedCategories(categories, broken), isLeft }
    throw broken(`a split of the type ${JSON.stringify(type)?.slice(0, 40) ?? 'that is missing'}, or its ${NUMBERS}`)
  })
}
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(of => typeof of === 'number')

/** A big-endian int32 of bytes and the message, one after the other. */
export function eachMessage(file: string, name: string, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), messages: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const size = at + 4 > bytes.length ? -1 : view.getInt32(at)
    if (size < 0 || size > bytes.length - at - 4) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: a node is cut off, or has a size that is not there`, { at: `${name}, node ${messages.length}` })
    messages.push(bytes.subarray(at + 4, at + 4 + size))
    at += 4 + size
  }
  return messages
}

const recordsOfProto = (file: string, name: string, bytes: Uint8Array): Record[] => eachMessage(file, name, bytes).map((message, i) =>
  recordOfProto(file, message, name, what => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: `${name}, node ${i}` })))

/** Node { oneof internal = 1 { split = 1 { oneof categorical = 1, continuous = 2 } }, leaf = 2 { values = 1 } } */
function recordOfProto(file: string, bytes: Uint8Array, at: string, broken: (what: string) => SluiceError): Record {
  let record: Record | undefined
  eachField(file, bytes, at, node => {
    if (record !== undefined || node.number > 2) throw broken('a node is a split and a leaf, or has a field that is not known')
    node.message(at, part => {
      if (part.number !== 1) throw broken(`a node has a field ${part.number}`)
      if (node.number === 2) {
        const values = record !== undefined && 'values' in record ? record.values as number[] : []
        part.doubles(values)
        record = { values }
      } else part.message(at, split => { record = splitOfProto(split.number, of => split.message(at, of), broken) })
    })
  })
  if (record === undefined || ('values' in record && record.values.length === 0)) throw broken('a node is neither a split nor a leaf')
  return record
}

/** CategoricalSplit { feature_index = 1; is_left = 2; num_categories = 3; categories = 4 }, ContinuousSplit { feature_index = 1; threshold = 2 } */
function splitOfProto(kind: number, eachPart: (take: (field: Parameters<Parameters<typeof eachField>[3]>[0]) => void) => void, broken: (what: string) => SluiceError): Record {
  let feature = 0, threshold = 0, isLeft = false
  const categories: number[] = []
  eachPart(field => {
    if (field.number === 1) feature = field.int()
    else if (kind === 2 && field.number === 2) threshold = field.double()
    else if (kind === 1 && field.number === 2) isLeft = field.int() !== 0
    else if (kind === 1 && field.number === 4) field.doubles(categories)
    else if (kind !== 1 || field.number !== 3) throw broken(`a split has a field ${field.number}`)
  })
  if (kind === 2) return { feature, threshold }
  if (kind === 1) return { feature, categories: checkedCategories(categories, broken), isLeft }
  throw broken('a split is neither continuous nor categorical')
}

// as many as Spark's maxBins could ever be
const CATEGORY_MAX = 2 ** 20
function checkedCategories(categories: readonly number[], broken: (what: string) => SluiceError): readonly number[] {
  const wrong = categories.find(category => !Number.isInteger(category) || category < 0 || category >= CATEGORY_MAX)
  if (wrong !== undefined) throw broken(`${wrong} is no category`)
  return categories
}
