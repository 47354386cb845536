import type { Kernels } from './host.ts'
import type { Image } from './image.ts'
import { layingFor, layLeaves, layRun, placed } from './leaf.ts'
import type { Laying, Leaf, Run } from './leaf.ts'
import * as is from './wasm/layout.ts'

/** What is wanted of a value: itself, all numbers of a list, what is inside of it by names, or by indices. Not two of them. */
export type Wanted =
  | { readonly leaves: readonly Leaf[] }
  | { readonly run: Run }
  | { readonly fields: ReadonlyMap<string, Wanted> }
  | { readonly elements: ReadonlyMap<number, Wanted> }

/** In which order the names of an object come, those that nobody wants among them, and how they are written: from the end of the value before (from
    the opening brace) to its own. A hint. */
export interface Order {
  readonly names: readonly { readonly name: string; readonly written: Uint8Array }[]
  readonly inside: ReadonlyMap<string | number, Order>
}

/** Tables of a scan, in the memory of the kernels: a field that stands for the record. */
export interface Shape {
  readonly at: number
  /** Names that were not where the order said, since it was asked last. */
  misses(): number
  release(): void
}

const TEXT = new TextEncoder()

/** undefined: there is no room for it. `cellBytes`: 4 for rows of float32, 8 for float64. */
export function shapeOf(kernels: Kernels, wanted: Wanted, order: Order | undefined, cellBytes: number): Shape | undefined {
  const laying = layingFor(kernels, cellBytes), shapes: number[] = []
  const root = laying.image.take(is.FIELD_BYTES)
  layField(laying, shapes, root, wanted, order)
  const block = placed(laying)
  if (block === undefined) return undefined
  const base = block.bytes.byteOffset, view = new DataView(kernels.memory.buffer)
  return {
    at: base + root,
    misses() {
      let misses = 0
      for (const shape of shapes) {
        misses += view.getUint32(base + shape + is.SHAPE_MISSES, true)
        view.setUint32(base + shape + is.SHAPE_MISSES, 0, true)
      }
      return misses
    },
    release: () => block.release(),
  }
}

function layShape(laying: Laying, shapes: number[], wanted: Exclude<Wanted, { readonly leaves: unknown } | { readonly run: unknown }>, order: Order | undefined): number {
  const { image, kernels, later } = laying
  const shape = image.take(is.SHAPE_BYTES)
  shapes.push(shape)
  if ('elements' in wanted) {
    const elements = [...wanted.elements].sort(([a], [b]) => a - b)
    const fields = image.take((elements.length + 1) * is.FIELD_BYTES)
    elements.forEach(([index, each], i) => {
      image.u32(fields + i * is.FIELD_BYTES + is.FIELD_INDEX, index)
      layField(laying, shapes, fields + i * is.FIELD_BYTES, each, order?.inside.get(index))
    })
    image.pointer(shape + is.SHAPE_FIELDS, fields)
    image.pointer(shape + is.SHAPE_LAST, fields + elements.length * is.FIELD_BYTES)
    return shape
  }
  const inside = wanted.fields
  const written = new Map(order?.names.map(({ name, written }) => [name, written])), names = [...new Set([...written.keys(), ...inside.keys()])]
  const fields = image.take((names.length + 2) * is.FIELD_BYTES)
  const bits = Math.ceil(Math.log2(names.length * 8 + 2)), slots = image.take(2 ** bits * 4)
  names.forEach((name, i) => {
    const field = fields + i * is.FIELD_BYTES, each = inside.get(name)
    if (each === undefined) image.u32(field + is.FIELD_KIND, is.KIND_SKIP)
    else layField(laying, shapes, field, each, order?.inside.get(name))
    // a name that must be written with escapes is never found: records that hold escapes in names are left to the plain path
    if (!isPlain(name)) return nothing(image, field)
    layKey(laying, field, name, written.get(name) ?? TEXT.encode(`${i === 0 ? '{' : ','}"${name}":`))
    later.push(base => kernels.run.addField(base + shape, base + field))
  })
  for (const more of [0, 1]) nothing(image, fields + (names.length + more) * is.FIELD_BYTES)
  image.pointer(shape + is.SHAPE_FIELDS, fields)
  image.pointer(shape + is.SHAPE_LAST, fields + names.length * is.FIELD_BYTES)
  image.u32(shape + is.SHAPE_WANTED, inside.size)
  image.pointer(shape + is.SHAPE_SLOTS, slots)
  image.u32(shape + is.SHAPE_SLOT_MASK, 2 ** bits - 1)
  return shape
}

/** Matches no key: without a mask all of them begin with zeros. */
const nothing = (image: Image, field: number): void => image.u32(field + is.FIELD_HEAD, 1)
const isPlain = (text: string): boolean => JSON.stringify(text).length === text.length + 2

function layKey({ image }: Laying, field: number, name: string, written: Uint8Array): void {
  const key = TEXT.encode(`"${name}"`)
  image.bytes(field + is.FIELD_KEY, key.subarray(0, 16))
  image.u32(field + is.FIELD_KEY_LENGTH, key.length)
  image.pointer(field + is.FIELD_KEY_LITERAL, text(image, key))
  const head = written.subarray(0, 16)
  image.bytes(field + is.FIELD_HEAD, head)
  image.bytes(field + is.FIELD_MASK, new Uint8Array(head.length).fill(255))
  image.u32(field + is.FIELD_LENGTH, written.length)
  if (written.length <= 16) return
  image.add(field + is.FIELD_KIND, is.KIND_LONG)
  image.pointer(field + is.FIELD_LITERAL, text(image, written))
}
function text(image: Image, bytes: Uint8Array): number {
  const at = image.take(bytes.length)
  image.bytes(at, bytes)
  return at
}

function layField(laying: Laying, shapes: number[], field: number, wanted: Wanted, order: Order | undefined): void {
  if ('leaves' in wanted) return layLeaves(laying, field, wanted.leaves)
  if ('run' in wanted) return layRun(laying, field, wanted.run)
  laying.image.u32(field + is.FIELD_KIND, 'fields' in wanted ? is.KIND_OBJECT : is.KIND_ARRAY)
  laying.image.pointer(field + is.FIELD_REF, layShape(laying, shapes, wanted, order))
}
