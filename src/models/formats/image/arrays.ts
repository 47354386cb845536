import { SluiceError } from '../../../core/errors.ts'
import { aligned } from './layout.ts'
import type { Place } from './place.ts'

/** The kinds of arrays there are. */
interface Arrays { readonly u8: Uint8Array; readonly i32: Int32Array; readonly u32: Uint32Array; readonly i64: BigInt64Array; readonly f32: Float32Array; readonly f64: Float64Array }
export type ArrayKind = keyof Arrays
export type ArrayOf<K extends ArrayKind> = Arrays[K]
type AnyArray = Arrays[ArrayKind]

interface Constructor<A extends AnyArray> { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBufferLike, at: number, length: number): A }
const KINDS: { readonly [K in ArrayKind]: Constructor<Arrays[K]> } = { u8: Uint8Array, i32: Int32Array, u32: Uint32Array, i64: BigInt64Array, f32: Float32Array, f64: Float64Array }
const kindOf = (array: AnyArray): ArrayKind => (Object.keys(KINDS) as ArrayKind[]).find(kind => array instanceof KINDS[kind])!

// of small arrays a model may have many that are the same
const ALWAYS = 2 ** 26

/** One array of the file, as the header has it: [kind, length, bytes from where the arrays begin]. */
export type ArrayEntry = readonly [kind: ArrayKind, length: number, at: number]

/** The arrays of a model that is written, each once. */
export class ArrayList {
  readonly entries: ArrayEntry[] = []
  readonly #arrays: AnyArray[] = []
  readonly #known = new Map<AnyArray, number>()
  /** Bytes of all that is there; the last array is filled up too. */
  length = 0

  /** Its number. */
  add(array: AnyArray): number {
    const before = this.#known.get(array)
    if (before !== undefined) return before
    this.#known.set(array, this.entries.length)
    this.entries.push([kindOf(array), array.length, this.length])
    this.length = aligned(this.length + array.byteLength)
    return this.#arrays.push(array) - 1
  }

  put(into: Uint8Array): void {
    for (const [i, array] of this.#arrays.entries()) {
      const at = this.entries[i]![2]
      into.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
      // which of its many bit patterns a NaN has is left to the engine: here it has one
      if (array instanceof Float64Array || array instanceof Float32Array) {
        const view = new DataView(into.buffer, into.byteOffset + at, array.byteLength)
        for (let k = 0; k < array.length; k++) {
          if (!Number.isNaN(array[k]!)) continue
          if (array instanceof Float32Array) view.setUint32(k * 4, 0x7fc00000, true)
          else view.setBigUint64(k * 8, 0x7ff8n << 48n, true)
        }
      }
    }
  }
}

/** The arrays of a file as views of its bytes. */
export class ArrayViews {
  readonly #file: string
  readonly #bytes: Uint8Array
  readonly #arraysAt: number
  readonly #entries: readonly ArrayEntry[]
  /** Those that were asked for. */
  readonly #arrays = new Map<number, AnyArray>()
  /** Bytes of arrays that may still be asked for, one as often as it is: everything that is asked for is looked through. */
  #left: number

  /** Checks where each lies: one behind the other, as they are written. @throws SLUICE_MODEL_BROKEN */
  constructor(list: Place, bytes: Uint8Array, arraysAt: number) {
    this.#file = list.file
    this.#bytes = bytes
    this.#arraysAt = arraysAt
    this.#left = ALWAYS + bytes.length * 16
    let next = arraysAt
    this.#entries = Array.from(list.items(), (item): ArrayEntry => {
      const [name, count, position, ...more] = item.items(), kind = (Object.keys(KINDS) as ArrayKind[]).find(known => known === name?.value)
      if (kind === undefined || position === undefined || more.length > 0) throw item.broken('an array is [kind, length, position]')
      const length = count!.count(), size = length * KINDS[kind].BYTES_PER_ELEMENT, at = next
      if (position.count() !== at - arraysAt) throw item.broken(`an array at ${position.count()} where ${at - arraysAt} belongs`)
      next = aligned(at + size)
      if (next > bytes.length) throw item.broken(`an array of ${size} bytes reaches beyond the end of the file`)
      for (let i = at + size; i < next; i++) if (bytes[i] !== 0) throw item.broken('bytes between two arrays are not 0')
      return item.value as ArrayEntry
    })
    if (next !== bytes.length) throw list.broken(`${bytes.length - next} bytes behind the last array`)
  }

  /** The same view for the same number. */
  view<K extends ArrayKind>(place: Place, kind: K): ArrayOf<K> {
    const i = place.count(), entry = this.#entries[i]
    if (entry === undefined) throw place.broken(`array ${i} of ${this.#entries.length}`)
    const [own, length, at] = entry
    if (own !== kind) throw place.broken(`array ${i} is ${own} where ${kind} belongs`)
    const array = this.#arrays.get(i) ?? new KINDS[own](this.#bytes.buffer, this.#bytes.byteOffset + this.#arraysAt + at, length)
    this.#arrays.set(i, array)
    this.#left -= array.byteLength
    if (this.#left < 0) throw place.broken('the same arrays are used again and again')
    return array as ArrayOf<K>
  }

  isKind(i: unknown, kind: ArrayKind): boolean {
    return typeof i === 'number' && this.#entries[i]?.[0] === kind
  }

  /** Nothing may lie in the file that is not read. */
  checkUsed(): void {
    const unused = this.#entries.findIndex((_, i) => !this.#arrays.has(i))
    if (unused >= 0) throw new SluiceError('SLUICE_MODEL_BROKEN', `${this.#file}: array ${unused} belongs to nothing`, { at: `arrays[${unused}]` })
  }
}
