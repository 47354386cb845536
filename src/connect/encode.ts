import { endOfCsvRecord } from '../codecs/csv.ts'
import { SluiceError } from '../core/index.ts'
import type { Records, Rejection } from '../core/index.ts'
import { writeEnvelopes } from './envelope.ts'

/** How records lie in a file or stream that is written. */
export type SinkFormat = 'ndjson' | 'csv' | 'records'
/** `bytes` may be the records' own: they are released after the write. */
export interface Encoded { readonly bytes: Uint8Array; readonly refused: readonly Rejection[] }

const LINE_FEED = 10, QUOTE = 34
const NULL = Buffer.from('null')

/** The rows as lines. A row whose value is not exactly one line is refused. */
export function encode(records: Records, format: SinkFormat, name: string): Encoded {
  if (format === 'records') return { bytes: writeEnvelopes(records), refused: [] }
  const { rows, bytes, values: { start, end } } = records
  if (rows === 0) return { bytes: new Uint8Array(0), refused: [] }
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  // writers that put a line break behind each value save the copy
  if (areLines(records) && (format === 'ndjson' ? linesHold(records, whole) : csvHolds(records, whole, 1))) {
    return { bytes: bytes.subarray(start[0]!, end[rows - 1]! + 1), refused: [] }
  }
  if (areDense(records) && isPlain(whole.subarray(start[0]!, end[rows - 1]!), format)) return { bytes: shifted(records), refused: [] }
  return oneByOne(records, whole, format, name)
}

function areLines({ rows, bytes, values: { start, end } }: Records): boolean {
  for (let row = 0; row < rows; row++) {
    if (start[row]! < 0 || end[row]! <= start[row]! || bytes[end[row]!] !== LINE_FEED) return false
    if (row > 0 && start[row] !== end[row - 1]! + 1) return false
  }
  return true
}
function linesHold({ rows, values: { start, end } }: Records, whole: Buffer): boolean {
  for (let row = 0; row < rows; row++) if (whole.indexOf(LINE_FEED, start[row]!) !== end[row]) return false
  return true
}
function csvHolds({ rows, values: { start, end } }: Records, whole: Buffer, behind: number): boolean {
  for (let row = 0; row < rows; row++) if (endOfCsvRecord(whole, start[row]!, end[row]! + behind) !== end[row]) return false
  return true
}

function areDense({ rows, values: { start, end } }: Records): boolean {
  for (let row = 0; row < rows; row++) {
    if (start[row]! < 0 || end[row]! <= start[row]!) return false
    if (row > 0 && start[row] !== end[row - 1]) return false
  }
  return true
}
const isPlain = (whole: Buffer, format: SinkFormat): boolean => whole.indexOf(LINE_FEED) < 0 && (format === 'ndjson' || whole.indexOf(QUOTE) < 0)

/** One copy of everything, then each value moves to its place, the last one first: half the cost of a copy a value. */
function shifted({ rows, bytes, values: { start, end } }: Records): Uint8Array {
  const first = start[0]!, length = end[rows - 1]! - first
  const lines = Buffer.allocUnsafeSlow(length + rows)
  lines.set(bytes.subarray(first, first + length))
  for (let row = rows - 1; row >= 0; row--) {
    const from = start[row]! - first, to = end[row]! - first
    lines.copyWithin(from + row, from, to)
    lines[to + row] = LINE_FEED
  }
  return lines
}

function oneByOne({ rows, values: { start, end } }: Records, whole: Buffer, format: SinkFormat, name: string): Encoded {
  const refused: Rejection[] = []
  let size = rows * 5
  for (let row = 0; row < rows; row++) size += Math.max(0, end[row]! - start[row]!)
  const lines = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (let row = 0; row < rows; row++) {
    const isNull = start[row]! < 0
    const value = isNull ? NULL : whole.subarray(start[row]!, end[row]!)
    lines.set(value, at)
    lines[at + value.length] = LINE_FEED
    const stop = at + value.length
    const why = isNull && format === 'csv' ? 'a null value (tombstone) has no row in CSV'
      : value.length === 0 ? 'the value is empty'
      : format === 'ndjson' && value.indexOf(LINE_FEED) >= 0 ? 'the value holds a line break, and one line is one record'
      : format === 'csv' && endOfCsvRecord(lines, at, stop + 1) !== stop ? 'the value is more than one CSV record, or a quote in it is not closed'
      : undefined
    if (why === undefined) at = stop + 1
    else refused.push({ row, stage: 'sink', error: new SluiceError('SLUICE_RESULT_FAILED', `sink '${name}' cannot write this value as ${format}: ${why}`, {
      why, fix: 'write values of one line, or use format records, which takes every value',
    }) })
  }
  return { bytes: lines.subarray(0, at), refused }
}
