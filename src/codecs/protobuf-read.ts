import type protobuf from 'protobufjs'
import { objectMaker, put } from './objects.ts'
import { base64Of } from './scalars.ts'

/** From a decoded message to plain data: the proto3 JSON mapping, but
    - fields have the names of the `.proto` file;
    - 64-bit numbers are numbers, beyond what a double holds exactly their digits; NaN and infinities are themselves;
    - every field is there: without presence its default, with presence null (in proto2 the default that is declared). */
export function plainOf(type: protobuf.Type, library: typeof protobuf): (message: object) => unknown {
  const known = new Map<protobuf.Type, { plain: ((message: object) => unknown) | undefined }>()
  const ofType = (of: protobuf.Type): ((message: object) => unknown) => {
    const special = WELL_KNOWN[of.fullName]
    if (special !== undefined) return message => special(message as Message)
    const begun = known.get(of)
    if (begun !== undefined) return message => begun.plain!(message)
    const slot: { plain: ((message: object) => unknown) | undefined } = { plain: undefined }
    known.set(of, slot)
    return slot.plain = objectMaker<object>(of.fieldsArray.map(field => ({ name: field.name, read: member(field) })))
  }
  const member = (field: protobuf.Field): ((message: object) => unknown) => {
    const { name } = field, one = valueOf(field)
    if (field instanceof library.MapField) {
      const key = keyOf(field.keyType, library)
      return message => {
        const made: { [name: string]: unknown } = {}, entries = own(message, name)
        if (entries !== undefined) for (const [text, value] of Object.entries(entries as object)) put(made, key(text), one(value))
        return made
      }
    }
    if (field.repeated) return message => ((own(message, name) ?? []) as readonly unknown[]).map(one)
    // the library says so of fields of numbers and texts only
    const hasPresence = field.hasPresence || field.resolvedType instanceof library.Type
    const fallback = hasPresence && field.options?.['default'] === undefined ? null : absentOf(field, one, library)
    return message => { const value = own(message, name); return value === undefined || value === null ? fallback : one(value) }
  }
  const valueOf = (field: protobuf.Field): ((value: unknown) => unknown) => {
    const of = field.resolvedType
    if (of instanceof library.Type) return ofType(of) as (value: unknown) => unknown
    if (of instanceof library.Enum) return value => of.valuesById[value as number] ?? value
    if (field.type === 'bytes') return value => base64Of(value as Uint8Array, 0, (value as Uint8Array).length)
    return !isLong(field.type) ? value => value : value => longOf(value as number | Long)
  }
  return ofType(type)
}

type Message = { readonly [name: string]: unknown }
interface Long { readonly low: number; readonly high: number; readonly unsigned: boolean }
const own = (message: object, name: string): unknown => Object.hasOwn(message, name) ? (message as Message)[name] : undefined

function absentOf(field: protobuf.Field, one: (value: unknown) => unknown, library: typeof protobuf): unknown {
  const { typeDefault } = field
  if (field.resolvedType instanceof library.Enum) return one(typeof typeDefault === 'string' ? field.resolvedType.values[typeDefault] : typeDefault ?? 0)
  if (field.type === 'bytes') return typeof typeDefault === 'string' ? btoa(typeDefault) : one(Uint8Array.from(typeDefault as ArrayLike<number> ?? []))
  return one(typeDefault)
}

const isLong = (type: string): boolean => type.endsWith('64')
function longOf(value: number | Long): number | string {
  if (typeof value === 'number') return value
  const { low, high, unsigned } = value
  const number = (unsigned ? high >>> 0 : high) * 4_294_967_296 + (low >>> 0)
  if (Number.isSafeInteger(number)) return number
  const whole = BigInt(high >>> 0) << 32n | BigInt(low >>> 0)
  return String(unsigned ? whole : BigInt.asIntN(64, whole))
}
/** 64-bit keys lie as 8 signs of 8 bits. */
function keyOf(keyType: string, library: typeof protobuf): (key: string) => string {
  if (!isLong(keyType)) return key => key
  const unsigned = keyType === 'uint64' || keyType === 'fixed64'
  return key => {
    const { lo, hi } = library.util.LongBits.fromHash(key)
    return String(longOf({ low: lo | 0, high: hi | 0, unsigned }))
  }
}

const WELL_KNOWN: { readonly [fullName: string]: (message: Message) => unknown } = {
  '.google.protobuf.Timestamp': message => timestampOf(secondsOf(message), nanosOf(message)),
  '.google.protobuf.Duration': message => durationOf(secondsOf(message), nanosOf(message)),
  '.google.protobuf.Struct': structOf,
  '.google.protobuf.Value': dynamicOf,
  '.google.protobuf.ListValue': message => listOf(message),
  ...Object.fromEntries([['Double', 0], ['Float', 0], ['Int64', 0], ['UInt64', 0], ['Int32', 0], ['UInt32', 0], ['Bool', false], ['String', '']].map(([name, empty]) =>
    [`.google.protobuf.${name}Value`, (message: Message) => longIn(own(message, 'value') ?? empty)])),
  '.google.protobuf.BytesValue': message => { const value = own(message, 'value') as Uint8Array | undefined; return value === undefined ? '' : base64Of(value, 0, value.length) },
}
const longIn = (value: unknown): unknown => typeof value === 'object' && value !== null ? longOf(value as Long) : value
const secondsOf = (message: Message): number => Number(longIn(own(message, 'seconds') ?? 0))
const nanosOf = (message: Message): number => (own(message, 'nanos') ?? 0) as number

/** 0, 3, 6 or 9 digits. */
function fractionOf(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  return `.${digits.endsWith('000000') ? digits.slice(0, 3) : digits.endsWith('000') ? digits.slice(0, 6) : digits}`
}
function timestampOf(seconds: number, nanos: number): string {
  if (!(seconds >= -62_135_596_800 && seconds <= 253_402_300_799 && nanos >= 0 && nanos <= 999_999_999)) throw new Error('a Timestamp lies outside of the years 1 to 9999')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fractionOf(nanos)}Z`
}
function durationOf(seconds: number, nanos: number): string {
  if (!(Math.abs(seconds) <= 315_576_000_000 && Math.abs(nanos) <= 999_999_999) || seconds * nanos < 0) throw new Error('a Duration is none')
  return `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${fractionOf(Math.abs(nanos))}s`
}
function structOf(message: Message): unknown {
  const made: { [name: string]: unknown } = {}
  for (const [name, value] of Object.entries((own(message, 'fields') ?? {}) as Message)) put(made, name, dynamicOf(value as Message))
  return made
}
const listOf = (message: Message): unknown => ((own(message, 'values') ?? []) as readonly Message[]).map(dynamicOf)
function dynamicOf(message: Message): unknown {
  const { numberValue, stringValue, boolValue, structValue, listValue } = message
  const name = ['numberValue', 'stringValue', 'boolValue', 'structValue', 'listValue'].find(each => Object.hasOwn(message, each) && message[each] !== null)
  switch (name) {
    case 'numberValue': return numberValue
    case 'stringValue': return stringValue
    case 'boolValue': return boolValue
    case 'structValue': return structOf(structValue as Message)
    case 'listValue': return listOf(listValue as Message)
    default: return null
  }
}
