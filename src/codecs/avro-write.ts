import type { AvroRecord, AvroType, Logical } from './avro-schema.ts'
import type { Packer } from './pack.ts'
import { bytesOfBase64, isoMicrosOf, unscaledOf } from './scalars.ts'
import { kindOf, Unfit } from './unfit.ts'

/** Appends a value. @throws Unfit */
export type AvroWriter = (value: unknown, packer: Packer) => void

/** Writes values of the kinds that `avroReader` gives, and what is as good: times as ISO 8601, whole numbers as digits. Nothing is rounded
    except to float; absent fields have their defaults; a member that the schema does not have is refused, for it is probably misspelt.
    `ignored`: names of members at the top that may be left out. */
export function avroWriter(type: AvroType, ignored: readonly string[] = []): AvroWriter {
  const known = new Map<AvroRecord, { write: AvroWriter | undefined }>()
  const writerOf = (of: AvroType): AvroWriter => {
    switch (of.kind) {
      case 'record': {
        const begun = known.get(of)
        if (begun !== undefined) return (value, packer) => begun.write!(value, packer)
        const slot: { write: AvroWriter | undefined } = { write: undefined }
        known.set(of, slot)
        return slot.write = recordWriter(of, of.fields.map(field => writerOf(field.type)), of === type ? ignored : [])
      }
      case 'union': return unionWriter(of.branches, of.branches.map(writerOf))
      case 'array': return arrayWriter(writerOf(of.items))
      case 'map': return mapWriter(writerOf(of.values))
      case 'enum': return (value, packer) => {
        const index = typeof value === 'string' ? of.symbols.indexOf(value) : -1
        if (index < 0) throw new Unfit(`${kindOf(value)} that is none of the symbols of '${of.name}'`)
        writeLong(packer, index)
      }
      case 'fixed': return fixedWriter(of.size, of.logical)
      default: return primitiveWriter(of.kind, of.logical)
    }
  }
  return writerOf(type)
}

function recordWriter({ name, fields }: AvroRecord, writers: readonly AvroWriter[], ignored: readonly string[]): AvroWriter {
  const names = new Set(fields.map(field => field.name))
  return (value, packer) => {
    if (!isObject(value)) throw new Unfit(`${kindOf(value)} where the record '${name}' belongs`)
    let found = 0
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!, own = Object.hasOwn(value, field.name)
      if (own) found++
      else if (!('default' in field)) throw new Unfit(`the field '${field.name}' of '${name}' is absent and has no default`)
      try {
        if (own) writers[i]!(value[field.name], packer)
        else writeDefault(field.type, field.default, packer)
      } catch (error) { throw Unfit.inside(error, field.name) }
    }
    const members = Object.keys(value)
    if (found < members.length) {
      const more = members.find(member => !names.has(member) && !ignored.includes(member))
      if (more !== undefined) throw new Unfit(`'${name}' has no field '${more}'`)
    }
  }
}

/** Of several branches that would take the value, the one that says most about it. */
const RANK = ['null', 'boolean', 'int', 'long', 'double', 'float', 'enum', 'string', 'fixed', 'bytes', 'record', 'map', 'array'] as const
function unionWriter(branches: readonly AvroType[], writers: readonly AvroWriter[]): AvroWriter {
  const rankOf = (index: number): number => {
    const branch = branches[index]!
    // what is written as a text of a certain form is tried before any text
    const special = 'logical' in branch && branch.logical !== undefined && branch.kind !== 'long' && branch.kind !== 'int'
    return special ? RANK.indexOf('enum') - 0.5 : RANK.indexOf(branch.kind as typeof RANK[number])
  }
  const order = branches.map((_, i) => i).sort((a, b) => rankOf(a) - rankOf(b))
  const empty = branches.findIndex(({ kind }) => kind === 'null'), others = order.filter(index => index !== empty)
  return (value, packer) => {
    if (value === null) {
      if (empty < 0) throw new Unfit('null where the schema has none')
      writeLong(packer, empty)
      return
    }
    const at = packer.length
    for (let i = 0; i < others.length; i++) {
      writeLong(packer, others[i]!)
      try { writers[others[i]!]!(value, packer); return } catch (error) {
        if (others.length === 1 || !(error instanceof Unfit)) throw error
        packer.length = at
      }
    }
    throw new Unfit(`${kindOf(value)} that is none of ${branches.map(({ kind }) => kind).join(', ')}`)
  }
}

function arrayWriter(write: AvroWriter): AvroWriter {
  return (value, packer) => {
    if (!Array.isArray(value)) throw new Unfit(`${kindOf(value)} where an array belongs`)
    if (value.length > 0) writeLong(packer, value.length)
    for (let i = 0; i < value.length; i++) try { write(value[i], packer) } catch (error) { throw Unfit.inside(error, i) }
    packer.byte(0)
  }
}
function mapWriter(write: AvroWriter): AvroWriter {
  return (value, packer) => {
    if (!isObject(value)) throw new Unfit(`${kindOf(value)} where a map belongs`)
    const entries = Object.entries(value)
    if (entries.length > 0) writeLong(packer, entries.length)
    for (const [name, item] of entries) {
      writeText(packer, name)
      try { write(item, packer) } catch (error) { throw Unfit.inside(error, name) }
    }
    packer.byte(0)
  }
}

function fixedWriter(size: number, logical: Logical | undefined): AvroWriter {
  return (value, packer) => {
    const bytes = logical?.kind === 'uuid' ? uuidOf(value) : logical?.kind === 'decimal' ? decimalBytes(value, logical, size) : bytesOf(value)
    if (bytes.length !== size) throw new Unfit(`${bytes.length} bytes where ${size} belong`)
    packer.append(bytes)
  }
}

function primitiveWriter(kind: AvroType['kind'], logical: Logical | undefined): AvroWriter {
  switch (kind) {
    case 'null': return value => { if (value !== null) throw new Unfit(`${kindOf(value)} where null belongs`) }
    case 'boolean': return (value, packer) => {
      if (typeof value !== 'boolean') throw new Unfit(`${kindOf(value)} where true or false belongs`)
      packer.byte(value ? 1 : 0)
    }
    case 'int': return (value, packer) => {
      const int = logical?.kind === 'date' && typeof value === 'string' ? daysOf(value) : value
      if (typeof int !== 'number' || int !== (int | 0)) throw new Unfit(`${kindOf(value)} where an int of 32 bits${logical === undefined ? '' : ' or a date'} belongs`)
      writeLong(packer, int)
    }
    case 'long': return (value, packer) => { writeLong(packer, longOf(value, logical)) }
    case 'float': return (value, packer) => { writeFloat(packer, numberOf(value), 4) }
    case 'double': return (value, packer) => { writeFloat(packer, numberOf(value), 8) }
    case 'string': return (value, packer) => {
      if (typeof value !== 'string') throw new Unfit(`${kindOf(value)} where a text belongs`)
      writeText(packer, value)
    }
    default: return (value, packer) => {
      const bytes = logical?.kind === 'decimal' ? decimalBytes(value, logical) : bytesOf(value)
      writeLong(packer, bytes.length)
      packer.append(bytes)
    }
  }
}

/** Bytes stand in a schema as the signs U+0000 to U+00FF, numbers and times as they are stored. */
function writeDefault(type: AvroType, value: unknown, packer: Packer): void {
  switch (type.kind) {
    case 'union': {
      const at = packer.length
      for (let i = 0; i < type.branches.length; i++) {
        writeLong(packer, i)
        try { writeDefault(type.branches[i]!, value, packer); return } catch (error) {
          if (i === type.branches.length - 1) throw error
          packer.length = at
        }
      }
      return
    }
    case 'bytes': case 'fixed': {
      if (typeof value !== 'string') throw new Unfit('its default is no text')
      const bytes = Uint8Array.from(value, sign => sign.charCodeAt(0))
      if (type.kind === 'bytes') writeLong(packer, bytes.length)
      else if ('size' in type && bytes.length !== type.size) throw new Unfit('its default has another size')
      packer.append(bytes)
      return
    }
    case 'array':
      if (!Array.isArray(value)) throw new Unfit('its default is no array')
      if (value.length > 0) writeLong(packer, value.length)
      for (const item of value) writeDefault(type.items, item, packer)
      packer.byte(0)
      return
    case 'map': {
      if (!isObject(value)) throw new Unfit('its default is no object')
      const entries = Object.entries(value)
      if (entries.length > 0) writeLong(packer, entries.length)
      for (const [name, item] of entries) { writeText(packer, name); writeDefault(type.values, item, packer) }
      packer.byte(0)
      return
    }
    case 'record':
      if (!isObject(value)) throw new Unfit('its default is no object')
      for (const field of type.fields) {
        if (!Object.hasOwn(value, field.name) && !('default' in field)) throw new Unfit(`its default has no '${field.name}'`)
        writeDefault(field.type, Object.hasOwn(value, field.name) ? value[field.name] : field.default, packer)
      }
      return
    case 'enum': {
      const index = type.symbols.indexOf(value as string)
      if (index < 0) throw new Unfit('its default is no symbol')
      writeLong(packer, index)
      return
    }
    default: primitiveWriter(type.kind, undefined)(value, packer)
  }
}

function longOf(value: unknown, logical: Logical | undefined): number | bigint {
  const kind = logical?.kind
  if (kind === 'timestamp-micros' && typeof value === 'number') {
    const micros = Math.round(value * 1000)
    if (!Number.isSafeInteger(micros)) throw new Unfit('a number that is no time')
    return micros
  }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'string' && kind !== undefined) {
    const micros = isoMicrosOf(value)
    if (micros === undefined) throw new Unfit('a text that is no time of ISO 8601')
    if (kind.endsWith('micros')) return micros
    if (micros % 1000n !== 0n) throw new Unfit('a time finer than the ms of the schema')
    return micros / 1000n
  }
  if (typeof value === 'string' && /^-?\d{1,19}$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) return BigInt(value)
  throw new Unfit(`${kindOf(value)} where a whole number of 64 bits${kind === undefined ? '' : ' or a time'} belongs`)
}
function daysOf(text: string): number | undefined {
  const micros = /^\d{4}-\d\d-\d\d$/.test(text) ? isoMicrosOf(text) : undefined
  return micros === undefined ? undefined : Number(micros / 86_400_000_000n)
}
function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new Unfit(`${kindOf(value)} where a number belongs`)
  return value
}
function bytesOf(value: unknown): Uint8Array {
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined
  if (bytes === undefined) throw new Unfit(`${kindOf(value)} where bytes in base64 belong`)
  return bytes
}
function uuidOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(value)) throw new Unfit(`${kindOf(value)} where a UUID belongs`)
  return Uint8Array.from(value.replaceAll('-', '').match(/../g)!, pair => parseInt(pair, 16))
}
/** In two's complement, the highest byte first: `size` bytes, or as few as will do. */
function decimalBytes(value: unknown, { precision, scale }: Extract<Logical, { readonly kind: 'decimal' }>, size?: number): Uint8Array {
  const unscaled = typeof value === 'number' || typeof value === 'string' ? unscaledOf(value, scale) : undefined
  if (unscaled === undefined) throw new Unfit(`${kindOf(value)} where a decimal number of at most ${scale} digits behind the point belongs`)
  if (String(unscaled).replace('-', '').length > precision) throw new Unfit(`a number of more than ${precision} digits`)
  let length = size ?? 1
  while (size === undefined && BigInt.asIntN(length * 8, unscaled) !== unscaled) length++
  if (BigInt.asIntN(length * 8, unscaled) !== unscaled) throw new Unfit(`a number of more than ${length} bytes`)
  const bytes = new Uint8Array(length)
  for (let i = length - 1, rest = unscaled; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n)
  return bytes
}

/** A zig-zag varint. */
function writeLong(packer: Packer, value: number | bigint): void {
  if (typeof value === 'number' && value === (value | 0)) {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    while (rest > 127) { packer.byte((rest & 127) | 128); rest >>>= 7 }
    packer.byte(rest)
    return
  }
  const long = BigInt(value)
  let rest = BigInt.asUintN(64, (long << 1n) ^ (long >> 63n))
  while (rest > 127n) { packer.byte(Number(rest & 127n) | 128); rest >>= 7n }
  packer.byte(Number(rest))
}
const encoder = new TextEncoder()
function writeText(packer: Packer, text: string): void {
  // of ASCII the length is known beforehand
  const at = packer.length
  if (text.length < 64) {
    packer.byte(text.length * 2)
    packer.text(text)
    if (packer.length === at + 1 + text.length) return
    packer.length = at
  }
  const bytes = encoder.encode(text)
  writeLong(packer, bytes.length)
  packer.append(bytes)
}
const scratch = new DataView(new ArrayBuffer(8)), scratchBytes = new Uint8Array(scratch.buffer)
function writeFloat(packer: Packer, value: number, size: 4 | 8): void {
  if (size === 4) scratch.setFloat32(0, value, true); else scratch.setFloat64(0, value, true)
  packer.append(scratchBytes, 0, size)
}

const isObject = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === 'object' && value !== null && !Array.isArray(value)
