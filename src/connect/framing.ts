import { endOfCsvRecord } from '../codecs/csv.ts'
import type { Slices } from '../core/index.ts'

/** What the records of a file are made of. */
export type Framing = 'lines' | 'csv'
export interface Framed {
  readonly rows: number
  /** Everything before it is consumed: records, and empty lines between them. */
  readonly next: number
}

const LINE_FEED = 10, CARRIAGE_RETURN = 13, QUOTE = 34

/** Finds up to `rowsMax` records in bytes[from, end) and writes where they lie to `into`, without their line breaks. Empty lines are no
    records. `last`: nothing follows these bytes, so the last record may end without a line break. */
export function frame(bytes: Buffer, from: number, end: number, last: boolean, framing: Framing, rowsMax: number, into: Slices): Framed {
  const view = end === bytes.length ? bytes : bytes.subarray(0, end)
  let rows = 0, at = from
  let quote = framing === 'csv' ? view.indexOf(QUOTE, at) : -1
  while (rows < rowsMax && at < end) {
    let feed = view.indexOf(LINE_FEED, at)
    if (quote >= 0) {
      if (quote < at) quote = view.indexOf(QUOTE, at)
      if (quote >= 0 && quote < feed) {
        const closed = endOfCsvRecord(view, at, end)
        // a quote that nothing closes breaks its own line, not the rest of the file
        if (closed >= 0 || !last || isClosed(view, at, end)) feed = closed
      }
    }
    if (feed < 0 && !last) break
    let stop = feed < 0 ? end : feed
    if (stop > at && view[stop - 1] === CARRIAGE_RETURN) stop--
    if (stop > at) {
      into.start[rows] = at
      into.end[rows++] = stop
    }
    at = feed < 0 ? end : feed + 1
  }
  return { rows, next: at }
}

/** That bytes[at, end) would be one record if a line break followed. */
function isClosed(bytes: Buffer, at: number, end: number): boolean {
  const line = Buffer.concat([bytes.subarray(at, end), Buffer.of(LINE_FEED)])
  return endOfCsvRecord(line, 0, line.length) === line.length - 1
}

const NULLS = new Int32Array(4096).fill(-1)
/** Slices of rows that are all null; shared, as nobody writes to them. */
export function nulls(rows: number): Slices {
  const none = rows <= NULLS.length ? NULLS.subarray(0, rows) : new Int32Array(rows).fill(-1)
  return { start: none, end: none }
}

/** The cells of a CSV header. undefined: it is none (a quote is not closed). */
export function headerCells(line: string): string[] | undefined {
  const cells: string[] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^",][^,]*|))(,|$)/y
  while (cell.lastIndex <= line.length) {
    const found = cell.exec(line)
    if (found === null) return undefined
    cells.push(found[1]?.replaceAll('""', '"') ?? found[2]!)
    if (found[3] === '') return cells
  }
  return cells
}

/** A CSV header with its line break. */
export function headerLine(columns: readonly string[]): string {
  return columns.map(name => /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name).join(',') + '\n'
}
