import { isUtf8 } from 'node:buffer'
import type { SchemaTree } from 'hyparquet'
import type { ParquetParsers } from 'hyparquet/src/types.js'
import type { JsonBytes } from './jsonbytes.ts'

/** How the values of one top-level Parquet column become JSON. */
export interface ColumnKind {
  readonly name: string
  /** Lists, structs, maps: read with their values decoded, and written the slow way. */
  readonly nested: boolean
  write(out: JsonBytes, value: unknown): void
}

/** hyparquet hands the values of flat columns over as they are stored, so that nothing is made that only serves to be written. */
export const FLAT: Partial<ParquetParsers> = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: Number,
  timestampFromNanoseconds: nanos => nanos,
  dateFromDays: days => days,
  stringFromBytes: bytes => bytes,
  jsonFromBytes: bytes => bytes,
}
export const NESTED: Partial<ParquetParsers> = {
  timestampFromMilliseconds: millis => isoOf(Number(millis)),
  timestampFromMicroseconds: micros => isoOf(Number(micros) / 1000),
  timestampFromNanoseconds: nanos => isoOf(Number(nanos) / 1_000_000),
  dateFromDays: days => isoOf(days * 86_400_000).slice(0, 10),
}
const isoOf = (ms: number): string => Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)

export function columnKind(tree: SchemaTree): ColumnKind {
  const { name } = tree.element
  const nested = tree.children.length > 0 || tree.element.repetition_type === 'REPEATED'
  const write = nested ? any : writerOf(tree.element)
  return { name, nested, write: (out, value) => { if (value === null || value === undefined) out.ascii('null'); else write(out, value) } }
}

type Write = (out: JsonBytes, value: unknown) => void
function writerOf({ type, converted_type: converted, logical_type: logical, scale = 0 }: SchemaTree['element']): Write {
  if (converted === 'DECIMAL') return (out, value) => out.number(Math.abs(value as number) < 1e21 && scale >= 0 && scale <= 100 ? Number((value as number).toFixed(scale)) : value as number)
  if (!converted && type === 'INT96') return nanoseconds
  if (converted === 'DATE') return (out, value) => out.date(value as number)
  if (converted === 'TIMESTAMP_MILLIS') return milliseconds
  if (converted === 'TIMESTAMP_MICROS') return microseconds
  if (converted === 'JSON') return (out, value) => out.raw((value as Uint8Array).map(byte => byte === 10 || byte === 13 ? 32 : byte))
  if (logical?.type === 'UUID') return any
  if (converted === 'UTF8' || logical?.type === 'STRING') return (out, value) => out.string(value as Uint8Array)
  if (logical?.type === 'TIMESTAMP') return { MILLIS: milliseconds, MICROS: microseconds, NANOS: nanoseconds }[logical.unit]
  return any
}

const milliseconds: Write = (out, value) => out.time(value as number, 0)
const microseconds: Write = (out, value) => {
  const ms = Math.floor(value as number / 1000)
  out.time(ms, (value as number - ms * 1000) * 1000)
}
const nanoseconds: Write = (out, value) => {
  const ms = Number((value as bigint) / 1_000_000n) - ((value as bigint) % 1_000_000n < 0n ? 1 : 0)
  out.time(ms, Number(value as bigint - BigInt(ms) * 1_000_000n))
}
const any: Write = (out, value) => {
  if (typeof value === 'number') out.number(value)
  else if (typeof value === 'bigint') {
    const number = Number(value)
    if (Number.isSafeInteger(number)) out.number(number)
    else out.ascii(String(value))
  } else if (typeof value === 'boolean') out.ascii(value ? 'true' : 'false')
  else if (value instanceof Uint8Array && isUtf8(value)) out.string(value)
  else out.raw(Buffer.from(jsonText(value)))
}

function jsonText(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : Number.isNaN(value) ? 'null' : value > 0 ? '1e999' : '-1e999'
  if (value instanceof Uint8Array) return JSON.stringify(isUtf8(value) ? Buffer.from(value).toString() : Buffer.from(value).toString('base64'))
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return `[${Array.from(value as ArrayLike<unknown>, jsonText).join(',')}]`
  if (typeof value === 'object' && !(value instanceof Date)) return `{${Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}:${jsonText(field)}`).join(',')}}`
  return JSON.stringify(value)
}
