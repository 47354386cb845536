import type { ArrayKind, ArrayList, ArrayOf, ArrayViews } from './arrays.ts'
import type { Place } from './place.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** How a value stands in the header. undefined: it is left out. */
export interface Field<T> {
  write(value: T, to: ArrayList): Json | undefined
  read(place: Place, from: ArrayViews): T
}
/** A member that may be left out. */
export interface Maybe<T> extends Field<T | undefined> { readonly maybe: true }

/** Each member of S with how it is written: the compiler misses those that are not listed. */
export type Fields<S> = { readonly [K in keyof S]-?: Partial<Pick<S, K>> extends Pick<S, K> ? Maybe<Exclude<S[K], undefined>> : Field<S[K]> }

export const text: Field<string> = { write: value => value, read: place => place.text() }
export const flag: Field<boolean> = { write: value => value, read: place => place.flag() }
export const count: Field<number> = { write: value => value, read: place => place.count() }

/** JSON has no NaN, no infinities and, as it is mostly written, no -0. */
const SPECIAL: { readonly [name: string]: number | undefined } = { NaN, Infinity, '-Infinity': -Infinity, '-0': -0 }
export const number: Field<number> = {
  write: value => Number.isFinite(value) && !Object.is(value, -0) ? value : { number: Object.is(value, -0) ? '-0' : String(value) },
  read: place => {
    if (typeof place.value === 'number') return place.value
    const members = place.members(), name = members.get('number')?.value
    const value = members.size === 1 && typeof name === 'string' && Object.hasOwn(SPECIAL, name) ? SPECIAL[name] : undefined
    if (value === undefined) throw place.broken('a number belongs here')
    return value
  },
}
export const textOrNumber: Field<string | number> = {
  write: (value, to) => typeof value === 'string' ? value : number.write(value, to),
  read: (place, from) => typeof place.value === 'string' ? place.value : number.read(place, from),
}
export const category: Field<string | number | boolean> = {
  write: (value, to) => typeof value === 'boolean' ? value : textOrNumber.write(value, to),
  read: (place, from) => typeof place.value === 'boolean' ? place.value : textOrNumber.read(place, from),
}

/** One of a closed list of words. */
export function word<W extends string>(what: string, words: Readonly<Record<W, true>>): Field<W> {
  return {
    write: value => value,
    read: place => {
      const value = place.text()
      if (!Object.hasOwn(words, value)) throw place.unknown(`${what} '${value.slice(0, 60)}'`)
      return value as W
    },
  }
}

/** A number of bytes in the file: the header has `{ "array": its number }`. */
function array<K extends ArrayKind>(kind: K): Field<ArrayOf<K>> {
  return {
    write: (value, to) => ({ array: to.add(value) }),
    read: (place, from) => {
      const members = place.members(), at = members.get('array')
      if (at === undefined || members.size !== 1) throw place.broken('an array belongs here')
      return from.view(at, kind)
    },
  }
}
export const arrays: { readonly [K in ArrayKind]: Field<ArrayOf<K>> } = { u8: array('u8'), i32: array('i32'), u32: array('u32'), i64: array('i64'), f32: array('f32'), f64: array('f64') }

export function list<T>(of: Field<T>): Field<readonly T[]> {
  return {
    write: (values, to) => values.map(value => of.write(value, to)!),
    read: (place, from) => Array.from(place.items(), item => of.read(item, from)),
  }
}
/** Any names. */
export function map<T>(of: Field<T>): Field<{ readonly [name: string]: T }> {
  return {
    write: (values, to) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of.write(value, to)!])),
    read: (place, from) => Object.fromEntries(Array.from(place.members(), ([name, member]) => [name, of.read(member, from)])),
  }
}
export function maybe<T>(of: Field<T>): Maybe<T> {
  return { ...orUndefined(of), maybe: true }
}
/** A member that is always there in memory, undefined where the header has none. */
export function orUndefined<T>(of: Field<T>): Field<T | undefined> {
  return {
    write: (value, to) => value === undefined ? undefined : of.write(value, to),
    read: (place, from) => place.value === undefined ? undefined : of.read(place, from),
  }
}

/** An object with these members and no others. */
export function record<S>(fields: Fields<S>): Field<S> {
  const entries = Object.entries<Field<unknown>>(fields as { readonly [name: string]: Field<unknown> })
  return {
    write: (value, to) => {
      const members: [string, Json][] = []
      for (const [name, field] of entries) {
        const member = field.write((value as { readonly [name: string]: unknown })[name], to)
        if (member !== undefined) members.push([name, member])
      }
      return Object.fromEntries(members)
    },
    read: (place, from) => {
      const members = place.members(), made: [string, unknown][] = []
      for (const [name, field] of entries) {
        const member = field.read(members.get(name) ?? place.within(name), from)
        if (member !== undefined || !('maybe' in field)) made.push([name, member])
      }
      for (const [name, member] of members) if (!Object.hasOwn(fields as object, name)) throw member.unknown(`'${name.slice(0, 60)}'`)
      return Object.fromEntries(made) as S
    },
  }
}
