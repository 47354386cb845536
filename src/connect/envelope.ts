import { isUtf8 } from 'node:buffer'
import { readHeaders, writeHeaders } from '../codecs/headers.ts'
import type { Header } from '../codecs/headers.ts'
import { Packer } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { Records, Rejection, Slices } from '../core/index.ts'

// One line: {"partition"?, "offset"?, "timeMs", "key", "value", "headers"}
// bytes = string when they are valid UTF-8, else {"base64": string}; null; headers = [[name, bytes], ...]
type Bytes = string | { readonly base64: string } | null

/** Headers that say where and why a record was rejected; they are left behind when it is read again. */
const OWN_HEADERS = '__sluice.errors.'

/** Rows as envelopes, one a line. */
export function writeEnvelopes(records: Records): Buffer {
  const lines: string[] = []
  for (let row = 0; row < records.rows; row++) {
    const headers = headersOf(records, row)
    const origin = (name: string): string | undefined => headers.find(header => header.name === OWN_HEADERS + name)?.value?.toString()
    const partition = origin('partition'), offset = origin('offset')
    lines.push(JSON.stringify({
      ...(partition === undefined ? {} : { partition }),
      ...(offset === undefined ? {} : { offset: Number(offset) }),
      timeMs: records.timesMs[row],
      key: textOf(part(records, records.keys, row)),
      value: textOf(part(records, records.values, row)),
      headers: headers.map(({ name, value }) => [name, textOf(value)]),
    }), '\n')
  }
  return Buffer.from(lines.join(''))
}

/** The records of envelopes that lie in bytes at `lines`; a broken one is a record too, and rejected. `where` names a row. */
export function readEnvelopes(bytes: Buffer, lines: Slices, rows: number, nowMs: number, where: (row: number) => string): { records: Records; rejected: Rejection[] } {
  const rejected: Rejection[] = []
  const packer = new Packer(rows, rows === 0 ? 0 : lines.end[rows - 1]! - lines.start[0]!)
  for (let row = 0; row < rows; row++) {
    const start = lines.start[row]!, end = lines.end[row]!
    try {
      const { timeMs, key, value, headers } = parse(bytes.toString('utf8', start, end))
      packer.row(timeMs ?? nowMs)
      put(packer, key, at => packer.setKey(at))
      put(packer, value, at => packer.setValue(at))
      const kept = headers.filter(({ name }) => !name.startsWith(OWN_HEADERS))
      if (kept.length > 0) {
        const at = packer.length
        writeHeaders(packer, kept)
        packer.setHeaders(at)
      }
    } catch (cause) {
      packer.row(nowMs)
      put(packer, bytes.subarray(start, end), at => packer.setValue(at))
      rejected.push({ row, stage: 'source', error: new SluiceError('SLUICE_JSON_BROKEN', `the line is no record that Sluice wrote: ${(cause as Error).message}`, {
        at: where(row), why: 'a file of format records holds one JSON envelope a line', fix: 'correct the line, or name the format that the file has', cause,
      }) })
    }
  }
  return { records: packer.finish(), rejected }
}

interface Envelope { readonly timeMs: number | undefined; readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: readonly Header[] }
function parse(line: string): Envelope {
  const envelope: unknown = JSON.parse(line)
  if (typeof envelope !== 'object' || envelope === null || !('value' in envelope)) throw new TypeError('it has no value')
  const { timeMs, key = null, value, headers = [] } = envelope as { timeMs?: unknown; key?: unknown; value: unknown; headers?: unknown }
  if (timeMs !== undefined && typeof timeMs !== 'number') throw new TypeError('timeMs is not a number')
  if (!Array.isArray(headers)) throw new TypeError('headers is not a list')
  return { timeMs, key: bytesOf(key, 'key'), value: bytesOf(value, 'value'), headers: headers.map((header: unknown) => {
    if (!Array.isArray(header) || typeof header[0] !== 'string') throw new TypeError('a header is not a pair of name and value')
    return { name: header[0], value: bytesOf(header[1] ?? null, 'a header') }
  }) }
}

function bytesOf(value: unknown, what: string): Uint8Array | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value)
  if (typeof value === 'object' && 'base64' in value && typeof value.base64 === 'string') return Buffer.from(value.base64, 'base64')
  throw new TypeError(`${what} is neither text, {"base64": text} nor null`)
}
function textOf(bytes: Uint8Array | null): Bytes {
  if (bytes === null) return null
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return isUtf8(buffer) ? buffer.toString() : { base64: buffer.toString('base64') }
}

function put(packer: Packer, bytes: Uint8Array | null, set: (at: number) => void): void {
  if (bytes === null) return
  const at = packer.length
  packer.append(bytes)
  set(at)
}
const part = (records: Records, slices: Slices, row: number): Uint8Array | null =>
  slices.start[row]! < 0 ? null : records.bytes.subarray(slices.start[row]!, slices.end[row]!)
function headersOf(records: Records, row: number): { name: string; value: Buffer | null }[] {
  const start = records.headers?.start[row] ?? -1
  if (start < 0) return []
  return readHeaders(records.bytes, start, records.headers!.end[row]!)
    .map(({ name, value }) => ({ name, value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length) }))
}
