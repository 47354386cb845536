import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'
import type { Path } from './paths.ts'
import { textsOf } from './text.ts'
import type { Value, Values } from './values.ts'

const QUOTE = 34, COMMA = 44, LINE_FEED = 10

/** The index of the line feed that ends the CSV record starting at `start`, or -1 if it does not end before `end`. Line breaks inside quotes
    do not count; a carriage return before the line feed belongs to the line break, and the caller takes it off. Quotes count only where a
    cell begins, so a stray one inside a cell breaks its own line and not all that follow. */
export function endOfCsvRecord(bytes: Uint8Array, start: number, end: number): number {
  let quoted = false
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (quoted) {
      if (byte !== QUOTE) continue
      if (bytes[i + 1] === QUOTE) i++
      else quoted = false
    } else if (byte === LINE_FEED) return i
    else if (byte === QUOTE && (i === start || bytes[i - 1] === COMMA)) quoted = true
  }
  return -1
}

/** The cells of a line without its line break, as RFC 4180 has them; null: empty and not quoted. The names of columns come from the first
    line in the same way (`null` is the name ''). @throws SLUICE_CSV_BROKEN */
export function csvCells(line: string): (string | null)[] {
  const ends: number[] = [], count = endsOf(line, ends), cells: (string | null)[] = []
  for (let i = 0; i < count; i++) cells.push(cellAt(line, i === 0 ? 0 : ends[i - 1]! + 1, ends[i]!))
  return cells
}

/** Where each cell ends; answers how many there are. @throws SLUICE_CSV_BROKEN */
function endsOf(line: string, ends: number[]): number {
  const quotes = line.includes('"')
  for (let count = 0, at = 0; ; count++) {
    let end = quotes ? endOfCell(line, at) : line.indexOf(',', at)
    if (end < 0) end = line.length
    ends[count] = end
    if (end === line.length) return count + 1
    at = end + 1
  }
}

/** Where the cell that begins at `at` ends: at a comma, or at the end of the line. @throws SLUICE_CSV_BROKEN */
function endOfCell(line: string, at: number): number {
  if (line[at] !== '"') {
    const comma = line.indexOf(',', at)
    const end = comma < 0 ? line.length : comma
    const stray = line.indexOf('"', at)
    if (stray >= 0 && stray < end) throw broken('a quote inside a cell that does not begin with one', stray)
    return end
  }
  for (let i = at + 1; ; i += 2) {
    i = line.indexOf('"', i)
    if (i < 0) throw broken('a quote is not closed; it was opened', at)
    if (line[i + 1] === '"') continue
    if (i + 1 < line.length && line[i + 1] !== ',') throw broken('something follows a closing quote', i + 1)
    return i + 1
  }
}
const cellAt = (line: string, at: number, end: number): string | null =>
  at === end ? null : line[at] === '"' ? line.slice(at + 1, end - 1).replaceAll('""', '"') : line.slice(at, end)

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** JSON's syntax of numbers, and `Infinity`, `-Infinity`, `NaN`; undefined: it is none. */
export function csvNumber(cell: string): number | undefined {
  if (NUMBER.test(cell)) return Number(cell)
  return cell === 'NaN' ? NaN : cell === 'Infinity' ? Infinity : cell === '-Infinity' ? -Infinity : undefined
}

/** A cell as it is written: null as nothing, the empty text as `""`, quoted where RFC 4180 asks for it. */
export function encodeCsvCell(cell: string | null): string {
  if (cell === null) return ''
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
export const encodeCsvLine = (cells: readonly (string | null)[]): string => cells.map(encodeCsvCell).join(',')

/** A path is a column's name: its text as it was written, without a `$.` (`trip.km` finds the column `trip.km`), or else its single name
    (`['odd, name']`). */
export function csvValues(records: Records, columns: readonly string[], paths: readonly Path[], wanted?: Int32Array): Values {
  const textOf = textsOf(records, wanted)
  const columnOf = columnsOf(columns, paths)
  const ends: number[] = []
  let line = '', whole: Value | undefined
  const cell = (column: number): string | null => cellAt(line, column === 0 ? 0 : ends[column - 1]! + 1, ends[column]!)
  return {
    textual: true,
    open(row) {
      whole = undefined
      line = textOf(row)
      checkCount(endsOf(line, ends), columns)
    },
    at(path) {
      const column = columnOf[path]!
      if (column === TWICE) throw new SluiceError('SLUICE_CSV_BROKEN', `two columns are named '${paths[path]!.text}'`, { why: 'it cannot be known which is meant', fix: 'rename one of them in the header' })
      return column < 0 ? undefined : cell(column)
    },
    // not by assignment: a column may be named __proto__
    value: () => whole ??= Object.fromEntries(columns.map((name, column) => [name, cell(column)])),
  }
}

/** The cells of a line of a file with these columns. @throws SLUICE_CSV_BROKEN */
export function csvRow(line: string, columns: readonly string[]): (string | null)[] {
  const cells = csvCells(line)
  checkCount(cells.length, columns)
  return cells
}
function checkCount(cells: number, columns: readonly string[]): void {
  if (cells !== columns.length) throw new SluiceError('SLUICE_CSV_BROKEN', `the line has ${cells} cells, the header has ${columns.length}`)
}

const ABSENT = -1, TWICE = -2
export function columnsOf(columns: readonly string[], paths: readonly Path[]): readonly number[] {
  const index = (name: string): number => {
    const first = columns.indexOf(name)
    return first >= 0 && columns.includes(name, first + 1) ? TWICE : first
  }
  return paths.map(({ text, steps }) => {
    const whole = index(text.replace(/^\$\./, ''))
    return whole === ABSENT && steps.length === 1 ? index(String(steps[0])) : whole
  })
}

function broken(what: string, column: number): SluiceError {
  return new SluiceError('SLUICE_CSV_BROKEN', `${what} at character ${column + 1}`, { at: `character ${column + 1} of the line` })
}
