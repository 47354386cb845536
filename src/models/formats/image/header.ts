import type { ArrayKind, ArrayList, ArrayOf, ArrayViews } from './arrays.ts'
import { arrays, list, record } from './fields.ts'
import type { Field, Json } from './fields.ts'
import type { Place } from './place.ts'
import { model } from './shapes.ts'
import type { Written } from './shapes.ts'

/** Rows, and what the plain evaluator answered for them when the image was written. */
export interface Reference {
  /** [rows, width], of the type of the input. */
  readonly inputs: ArrayOf<'f32' | 'f64'>
  /** For each output its numbers, [rows, ...], of its type; of words their indices. */
  readonly outputs: readonly Answer[]
  /** [rows] 1: the row has no answer. */
  readonly rejected: Uint8Array
}
export type Answer = ArrayOf<ArrayKind>
export interface Header { readonly model: Written; readonly reference: Reference }

/** An array of a type that something else in the file says. */
function anyOf<K extends ArrayKind>(...kinds: readonly K[]): Field<ArrayOf<K>> {
  return {
    write: (value, to) => ({ array: to.add(value) }),
    read: (place, from) => {
      const kind = kinds.find(known => from.isKind(arrayAt(place), known))
      return arrays[kind ?? kinds[0]!].read(place, from) as ArrayOf<K>
    },
  }
}
const arrayAt = (place: Place): unknown => place.members().get('array')?.value

const reference = record<Reference>({ inputs: anyOf('f32', 'f64'), outputs: list(anyOf('f32', 'f64', 'i32', 'i64', 'u8')), rejected: arrays.u8 })
/** Last, when all others have put theirs there. */
const arrayList: Field<undefined> = { write: (_, to: ArrayList): Json => to.entries, read: () => undefined }
const header = record<Header & { readonly arrays: undefined }>({ model, reference, arrays: arrayList })

export const headerText = (of: Header, to: ArrayList): string => JSON.stringify(header.write({ ...of, arrays: undefined }, to))
export const readHeader = (place: Place, from: ArrayViews): Header => header.read(place, from)
