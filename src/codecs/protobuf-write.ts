import type protobuf from 'protobufjs'
import { put } from './objects.ts'
import { bytesOfBase64 } from './scalars.ts'
import { kindOf, Unfit } from './unfit.ts'

type Plain = { readonly [name: string]: unknown }
/** @throws Unfit */
type Make = (value: unknown) => unknown

/** From plain data, as `plainOf` gives it, to a message that can be encoded. null: the field is not set. A member that the message does not
    have is refused, for it is probably misspelt. `ignored`: members at the top that may be left out. */
export function messageOf(type: protobuf.Type, library: typeof protobuf, ignored: readonly string[] = []): Make {
  const known = new Map<protobuf.Type, { make: Make | undefined }>()
  const ofType = (of: protobuf.Type): Make => {
    const special = WELL_KNOWN[of.fullName]
    if (special !== undefined) return special
    const begun = known.get(of)
    if (begun !== undefined) return value => begun.make!(value)
    const slot: { make: Make | undefined } = { make: undefined }
    known.set(of, slot)
    return slot.make = ofFields(of, new Map(of.fieldsArray.map(field => [field.name, { field, make: member(field) }])), of === type ? ignored : [])
  }
  const member = (field: protobuf.Field): Make => {
    const one = valueOf(field)
    if (field instanceof library.MapField) {
      return value => {
        if (!isObject(value)) throw new Unfit(`${kindOf(value)} where a map belongs`)
        const made: { [name: string]: unknown } = {}
        for (const [key, each] of Object.entries(value)) {
          if (!isKey(key, field.keyType)) throw new Unfit(`a key is no ${field.keyType}`)
          try { put(made, key, one(each)) } catch (error) { throw Unfit.inside(error, key) }
        }
        return made
      }
    }
    if (field.repeated) {
      return value => {
        if (!Array.isArray(value)) throw new Unfit(`${kindOf(value)} where an array belongs`)
        return value.map((each, i) => { try { return one(each) } catch (error) { throw Unfit.inside(error, i) } })
      }
    }
    return one
  }
  const valueOf = (field: protobuf.Field): Make => {
    const of = field.resolvedType
    if (of instanceof library.Type) return ofType(of)
    if (of instanceof library.Enum) {
      return value => {
        const number = typeof value === 'string' && Object.hasOwn(of.values, value) ? of.values[value] : value
        if (typeof number !== 'number' || number !== (number | 0)) throw new Unfit(`${kindOf(value)} that is no name of '${of.name}'`)
        return number
      }
    }
    return scalarOf(field.type)
  }
  return ofType(type)
}

function ofFields({ name, fieldsArray }: protobuf.Type, members: ReadonlyMap<string, { readonly field: protobuf.Field; readonly make: Make }>, ignored: readonly string[]): Make {
  return value => {
    if (!isObject(value)) throw new Unfit(`${kindOf(value)} where the message '${name}' belongs`)
    const made: { [name: string]: unknown } = {}, chosen = new Map<string, string>()
    for (const [key, given] of Object.entries(value)) {
      const member = members.get(key)
      if (member === undefined) {
        if (ignored.includes(key)) continue
        throw new Unfit(`'${name}' has no field '${key}'`)
      }
      const { field, make } = member
      if (given === null && field.resolvedType?.fullName !== '.google.protobuf.Value') continue
      const other = field.partOf === null || field.partOf === undefined || field.partOf.fieldsArray.length < 2 ? undefined : chosen.get(field.partOf.name)
      if (other !== undefined) throw new Unfit(`'${other}' and '${key}' exclude each other`)
      if (field.partOf) chosen.set(field.partOf.name, key)
      let set: unknown
      try { set = make(given) } catch (error) { throw Unfit.inside(error, key) }
      // what is its default anyway is not written, as everybody does
      if (!field.hasPresence && !field.repeated && !field.map && (set === 0 && !Object.is(set, -0) || set === '' || set === false || (set instanceof Uint8Array && set.length === 0))) continue
      put(made, key, set)
    }
    const missing = fieldsArray.find(field => field.required && !Object.hasOwn(made, field.name))
    if (missing !== undefined) throw new Unfit(`the field '${missing.name}' of '${name}' is required, and absent`)
    return made
  }
}

const RANGES: { readonly [type: string]: readonly [number, number] } = {
  int32: [-2_147_483_648, 2_147_483_647], sint32: [-2_147_483_648, 2_147_483_647], sfixed32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295], fixed32: [0, 4_294_967_295],
}
function scalarOf(type: string): Make {
  const range = RANGES[type]
  if (range !== undefined) {
    return value => {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < range[0] || value > range[1]) throw new Unfit(`${kindOf(value)} where a number of type ${type} belongs`)
      return value
    }
  }
  switch (type) {
    case 'double': case 'float': return value => {
      if (typeof value !== 'number') throw new Unfit(`${kindOf(value)} where a number belongs`)
      return value
    }
    case 'bool': return value => {
      if (typeof value !== 'boolean') throw new Unfit(`${kindOf(value)} where true or false belongs`)
      return value
    }
    case 'string': return value => {
      if (typeof value !== 'string') throw new Unfit(`${kindOf(value)} where a text belongs`)
      return value
    }
    case 'bytes': return value => {
      const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined
      if (bytes === undefined) throw new Unfit(`${kindOf(value)} where bytes in base64 belong`)
      return bytes
    }
    default: {
      const unsigned = type === 'uint64' || type === 'fixed64'
      return value => {
        if (typeof value === 'number' && Number.isSafeInteger(value) && (!unsigned || value >= 0)) return value
        if (typeof value === 'string' && isWhole(value, 64, unsigned)) return longOf(BigInt(value))
        throw new Unfit(`${kindOf(value)} where a number of type ${type} belongs`)
      }
    }
  }
}
const longOf = (value: bigint): object => ({ low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) })
function isWhole(text: string, bits: number, unsigned: boolean): boolean {
  if (!/^-?\d{1,20}$/.test(text)) return false
  const value = BigInt(text)
  return (unsigned ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)) === value
}
function isKey(key: string, type: string): boolean {
  if (type === 'string') return true
  if (type === 'bool') return key === 'true' || key === 'false'
  return isWhole(key, type.endsWith('64') ? 64 : 32, type === 'uint32' || type === 'fixed32' || type === 'uint64' || type === 'fixed64')
}

const WELL_KNOWN: { readonly [fullName: string]: (value: unknown) => unknown } = {
  '.google.protobuf.Timestamp': timestampOf,
  '.google.protobuf.Duration': durationOf,
  '.google.protobuf.Struct': value => structOf(value),
  '.google.protobuf.Value': value => dynamicOf(value),
  '.google.protobuf.ListValue': value => listOf(value),
  ...Object.fromEntries(['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(name =>
    [`.google.protobuf.${name}Value`, (value: unknown) => ({ value: scalarOf(name.toLowerCase())(value) })])),
}
/** A text of RFC 3339, or ms since the epoch. */
function timestampOf(value: unknown): unknown {
  if (typeof value === 'number' && Math.abs(value) <= 8.64e15) {
    const seconds = Math.floor(value / 1000)
    return { seconds, nanos: Math.round((value - seconds * 1000) * 1e6) }
  }
  const found = typeof value === 'string' ? /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(value) : null
  const ms = found === null ? NaN : Date.parse(`${found[1]}T${found[2]}${found[4]!.toUpperCase()}`)
  if (Number.isNaN(ms)) throw new Unfit(`${kindOf(value)} where a time of RFC 3339 belongs`)
  return { seconds: ms / 1000, nanos: Number((found![3] ?? '').padEnd(9, '0')) }
}
/** `1.5s`. */
function durationOf(value: unknown): unknown {
  const found = typeof value === 'string' ? /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value) : null
  if (found === null) throw new Unfit(`${kindOf(value)} where a duration like 1.5s belongs`)
  const sign = found[1] === '-' ? -1 : 1
  return { seconds: sign * Number(found[2]), nanos: sign * Number((found[3] ?? '').padEnd(9, '0')) }
}
function structOf(value: unknown): unknown {
  if (!isObject(value)) throw new Unfit(`${kindOf(value)} where an object belongs`)
  const fields: { [name: string]: unknown } = {}
  for (const [name, each] of Object.entries(value)) put(fields, name, dynamicOf(each))
  return { fields }
}
function listOf(value: unknown): unknown {
  if (!Array.isArray(value)) throw new Unfit(`${kindOf(value)} where an array belongs`)
  return { values: value.map(dynamicOf) }
}
function dynamicOf(value: unknown): unknown {
  switch (typeof value) {
    case 'number': return { numberValue: value }
    case 'string': return { stringValue: value }
    case 'boolean': return { boolValue: value }
    default: return value === null || value === undefined ? { nullValue: 0 } : Array.isArray(value) ? { listValue: listOf(value) } : { structValue: structOf(value) }
  }
}

const isObject = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)
