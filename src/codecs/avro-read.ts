import type { AvroField, AvroPrimitive, AvroRecord, AvroType, Logical } from './avro-schema.ts'
import { AvroCursor } from './avro-cursor.ts'
import { objectMaker, put } from './objects.ts'
import { base64Of, decimalOf, hexOf, isoDateOf, isoTimeOf } from './scalars.ts'

/** Decodes one value: the whole of `[start, end)`. @throws SLUICE_SCHEMA_MISMATCH */
export type AvroReader = (bytes: Uint8Array, start: number, end: number) => unknown

/** Reads what was written with `writer`, as `reader` sees it (schema resolution of the Avro specification), if there is one.
    As values: records and maps are objects; unions are what is in them; long and decimal are numbers, or their digits where a double does not
    hold them exactly; bytes and fixed are base64; date is `2001-05-03`; timestamps are ms since the epoch (of micros, with a fraction), local
    ones ISO 8601 without an offset; enums are their symbols.
    @throws Error the schemas do not resolve */
export function avroReader(writer: AvroType, reader: AvroType = writer): AvroReader {
  const read = resolver()(writer, reader), cursor = new AvroCursor()
  return (bytes, start, end) => {
    cursor.open(bytes, start, end)
    const value = read(cursor)
    cursor.close()
    return value
  }
}

type Read = (cursor: AvroCursor) => unknown
type Resolve = (writer: AvroType, reader: AvroType) => Read

const PROMOTED: { readonly [writer: string]: readonly string[] } = {
  int: ['long', 'float', 'double'], long: ['float', 'double'], float: ['double'], string: ['bytes'], bytes: ['string'],
}

/** Records that contain themselves are resolved once for each pair of types. */
function resolver(): Resolve {
  const known = new Map<AvroType, Map<AvroType, { read: Read | undefined }>>()

  const resolve: Resolve = (writer, reader) => {
    if (writer.kind === 'union') return fromUnion(writer.branches.map(branch => attempt(branch, reader)))
    if (reader.kind === 'union') return resolve(writer, branchFor(writer, reader.branches))
    if (writer.kind === 'record' && reader.kind === 'record' && sameName(writer, reader)) {
      let readers = known.get(writer)
      if (readers === undefined) known.set(writer, readers = new Map())
      const begun = readers.get(reader)
      if (begun !== undefined) return cursor => begun.read!(cursor)
      const slot: { read: Read | undefined } = { read: undefined }
      readers.set(reader, slot)
      try { return slot.read = ofRecord(writer, reader, resolve) } catch (error) {
        readers.delete(reader)
        throw error
      }
    }
    if (writer.kind === 'array' && reader.kind === 'array') return ofArray(resolve(writer.items, reader.items))
    if (writer.kind === 'map' && reader.kind === 'map') return ofMap(resolve(writer.values, reader.values))
    if (writer.kind === 'enum' && reader.kind === 'enum' && sameName(writer, reader)) return ofEnum(writer.symbols, reader.symbols, reader.default)
    if (writer.kind === 'fixed' && reader.kind === 'fixed' && sameName(writer, reader) && writer.size === reader.size) return ofFixed(writer.size, reader.logical)
    if (isSimple(writer) && isSimple(reader)) {
      if (writer.kind === reader.kind) return ofPrimitive(reader.kind, reader.logical)
      if (PROMOTED[writer.kind]?.includes(reader.kind)) return promoted(writer.kind, reader.kind, reader.logical)
    }
    throw new Error(`${titleOf(writer)} cannot be read as ${titleOf(reader)}`)
  }
  /** A branch that cannot be read matters only when it comes. */
  const attempt = (writer: AvroType, reader: AvroType): Read => {
    try { return resolve(writer, reader) } catch (error) {
      const what = (error as Error).message
      return cursor => cursor.fail(what)
    }
  }
  const branchFor = (writer: AvroType, branches: readonly AvroType[]): AvroType => {
    const same = branches.filter(branch => branch.kind === writer.kind && (!('name' in branch) || !('name' in writer) || sameName(writer, branch)))
    const exact = same.find(branch => branch === writer || ('name' in branch && 'name' in writer && branch.name === writer.name))
    const found = exact ?? same[0] ?? branches.find(branch => PROMOTED[writer.kind]?.includes(branch.kind))
    if (found === undefined) throw new Error(`${titleOf(writer)} is none of ${branches.map(titleOf).join(', ')}`)
    return found
  }
  return resolve
}

const isSimple = (type: AvroType): type is AvroPrimitive => !('name' in type || 'items' in type || 'values' in type || 'branches' in type)
const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
/** Namespaces need not agree, as in Java. */
const sameName = (writer: { readonly name: string }, reader: { readonly name: string; readonly aliases: readonly string[] }): boolean =>
  shortName(writer.name) === shortName(reader.name) || reader.aliases.includes(writer.name)
const titleOf = (type: AvroType): string => 'name' in type ? `${type.kind} '${type.name}'` : type.kind

function fromUnion(branches: readonly Read[]): Read {
  return cursor => {
    const index = cursor.int()
    const read = branches[index]
    return read === undefined ? cursor.fail(`a union has no branch ${index}`) : read(cursor)
  }
}

function ofRecord(writer: AvroRecord, reader: AvroRecord, resolve: Resolve): Read {
  const fieldOf = (field: AvroField): AvroField | undefined =>
    reader.fields.find(({ name }) => name === field.name) ?? reader.fields.find(({ aliases }) => aliases.includes(field.name))
  const steps = writer.fields.map(field => {
    const target = fieldOf(field)
    try { return { name: target?.name, read: resolve(field.type, target?.type ?? field.type) } } catch (cause) {
      throw new Error(`field '${field.name}' of '${writer.name}': ${(cause as Error).message}`, { cause })
    }
  })
  const given = new Set(steps.map(({ name }) => name))
  const defaults = reader.fields.filter(({ name }) => !given.has(name)).map(field => {
    if (!('default' in field)) throw new Error(`field '${field.name}' of '${reader.name}' is not written, and has no default`)
    const value = defaultOf(field.type, field.default)
    return { name: field.name, read: typeof value === 'object' && value !== null ? () => structuredClone(value) : () => value }
  })
  const make = objectMaker<AvroCursor>([...steps, ...defaults])
  return cursor => {
    cursor.enter()
    const value = make(cursor)
    cursor.leave()
    return value
  }
}

function ofArray(read: Read): Read {
  return cursor => {
    cursor.enter()
    const items: unknown[] = []
    for (let count = cursor.items(); count > 0; count = cursor.items()) for (; count > 0; count--) items.push(read(cursor))
    cursor.leave()
    return items
  }
}
function ofMap(read: Read): Read {
  return cursor => {
    cursor.enter()
    const values: { [name: string]: unknown } = {}
    for (let count = cursor.items(); count > 0; count = cursor.items()) for (; count > 0; count--) put(values, cursor.string(), read(cursor))
    cursor.leave()
    return values
  }
}
function ofEnum(written: readonly string[], known: readonly string[], fallback: string | undefined): Read {
  const symbols = written.map(symbol => known.includes(symbol) ? symbol : fallback)
  return cursor => {
    const index = cursor.int()
    return symbols[index] ?? cursor.fail(written[index] === undefined ? `an enum has no symbol ${index}` : `the reader's enum has no symbol '${written[index]}'`)
  }
}

function ofFixed(size: number, logical: Logical | undefined): Read {
  const make = ofBytes(logical)
  return cursor => { const start = cursor.fixed(size); return make(cursor.bytes, start, cursor.at) }
}
function ofBytes(logical: Logical | undefined): (bytes: Uint8Array, start: number, end: number) => unknown {
  if (logical?.kind === 'decimal') return (bytes, start, end) => decimalOf(bytes, start, end, logical.scale)
  if (logical?.kind === 'uuid') return (bytes, start, end) => hexOf(bytes, start, end).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return base64Of
}

function ofPrimitive(kind: AvroPrimitive['kind'], logical: Logical | undefined): Read {
  switch (kind) {
    case 'null': return () => null
    case 'boolean': return cursor => { const byte = cursor.byte(); return byte > 1 ? cursor.fail('a boolean is neither 0 nor 1') : byte === 1 }
    case 'int': return logical?.kind === 'date' ? cursor => isoDateOf(cursor.int()) ?? cursor.fail('a date lies outside the years 0 to 9999') : cursor => cursor.int()
    case 'long': return ofLong(logical)
    case 'float': return cursor => cursor.float()
    case 'double': return cursor => cursor.double()
    case 'string': return cursor => cursor.string()
    case 'bytes': { const make = ofBytes(logical); return cursor => { const start = cursor.block(); return make(cursor.bytes, start, cursor.at) } }
  }
}
function ofLong(logical: Logical | undefined): Read {
  switch (logical?.kind) {
    case 'timestamp-micros': return cursor => Number(cursor.long()) / 1000
    case 'local-timestamp-millis': return cursor => isoTimeOf(Number(cursor.long()), 0) ?? cursor.fail('a time lies outside the years 0 to 9999')
    case 'local-timestamp-micros': return cursor => {
      const micros = Number(cursor.long()), ms = Math.floor(micros / 1000)
      return isoTimeOf(ms, micros - ms * 1000) ?? cursor.fail('a time lies outside the years 0 to 9999')
    }
    default: return cursor => cursor.long()
  }
}
function promoted(from: AvroPrimitive['kind'], to: AvroPrimitive['kind'], logical: Logical | undefined): Read {
  if (to === 'long') { const read = ofLong(logical); return cursor => read(cursor) }
  if (to === 'float') return cursor => Math.fround(Number(cursor.long()))
  if (to === 'double') return from === 'float' ? cursor => cursor.float() : cursor => Number(cursor.long())
  return ofPrimitive(to, logical)                                          // string and bytes look the same
}

/** A default as it would have been read. Bytes stand there as the signs U+0000 to U+00FF. */
function defaultOf(type: AvroType, value: unknown): unknown {
  const wrong = (): never => { throw new Error(`the default ${JSON.stringify(value)} is no ${titleOf(type)}`) }
  switch (type.kind) {
    case 'union': {
      for (const branch of type.branches) try { return defaultOf(branch, value) } catch { /* the next may fit */ }
      return wrong()
    }
    case 'null': return value === null ? null : wrong()
    case 'boolean': return typeof value === 'boolean' ? value : wrong()
    case 'string': return typeof value === 'string' ? value : wrong()
    case 'enum': return typeof value === 'string' && type.symbols.includes(value) ? value : wrong()
    case 'bytes': case 'fixed': {
      if (typeof value !== 'string') return wrong()
      const bytes = Uint8Array.from(value, sign => sign.charCodeAt(0))
      return type.kind === 'fixed' && bytes.length !== type.size ? wrong() : ofBytes(type.logical)(bytes, 0, bytes.length)
    }
    case 'array': return Array.isArray(value) ? value.map(item => defaultOf(type.items, item)) : wrong()
    case 'map': case 'record': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong()
      const made: { [name: string]: unknown } = {}
      if (type.kind === 'map') for (const [name, item] of Object.entries(value)) put(made, name, defaultOf(type.values, item))
      else for (const field of type.fields) {
        if (!Object.hasOwn(value, field.name) && !('default' in field)) return wrong()
        put(made, field.name, defaultOf(field.type, Object.hasOwn(value, field.name) ? (value as { [name: string]: unknown })[field.name] : field.default))
      }
      return made
    }
    case 'float': case 'double': return typeof value === 'number' ? value : wrong()
    case 'int': case 'long': {
      if (typeof value !== 'number' || !Number.isInteger(value)) return wrong()
      const { logical } = type
      if (logical === undefined || logical.kind === 'timestamp-millis') return value
      if (logical.kind === 'date') return isoDateOf(value) ?? wrong()
      if (logical.kind === 'timestamp-micros') return value / 1000
      const ms = logical.kind === 'local-timestamp-micros' ? Math.floor(value / 1000) : value
      return isoTimeOf(ms, logical.kind === 'local-timestamp-micros' ? value - ms * 1000 : 0) ?? wrong()
    }
  }
}
