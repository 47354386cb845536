import { isListAt } from '../codecs/json-bytes.ts'
import { parsePath } from '../codecs/paths.ts'
import type { Path } from '../codecs/paths.ts'
import { SluiceError } from '../core/index.ts'
import type { Arena, RecordBatch } from '../core/index.ts'
import type { Leaf } from '../kernels/leaf.ts'
import { cellOf } from './cells.ts'
import type { Cell, CellSpec } from './cells.ts'
import { answer, leafOf, runOf } from './leaf.ts'
import type { ListSpec } from './list.ts'
import type { Derived, Scalar, When } from './options.ts'
import { cellsOf, wantedOf } from './place.ts'
import type { Place } from './place.ts'
import { csvScanner, DONE, jsonScanner, PASSED, PLAIN, stagingOf } from './scan.ts'
import { dayOfWeek, hourOfDay, monthOf } from './time.ts'
import { instantOf } from './zone.ts'

/** One feature as kernels may take it: a path and what is made of what lies there. */
export interface Need { readonly path: Path; readonly spec: Omit<CellSpec, 'textual'>; readonly when?: When | undefined }
/** Columns side by side, from one list. */
interface ListNeed { readonly path: Path; readonly list: ListSpec }
/** Of all columns of an input, in order. */
export type Needs = readonly (Need | ListNeed)[]
/** One matrix and what fills its columns. */
interface Filled { readonly dtype: 'float32' | 'float64'; readonly width: number; readonly needs: Needs }
type Data = Float32Array | Float64Array

/** Fills matrices by kernels: row i of each is that of the batch's row rows[i], where state[i] becomes DONE. Where it becomes PASSED the record is
    passed by; where it stays PLAIN, the plain path says what it is. */
export interface Quick { fill(batch: RecordBatch, rows: Int32Array, data: readonly Data[], state: Uint8Array): void }

/** What kernels read is not what belongs there, or is more than they should decide. No number of JSON. */
const DOUBT = Infinity
const STAGED_ROWS = 512

/** undefined: a scan cannot do what is asked for. */
export function quickOf(inputs: readonly Filled[], filter: When | undefined, arena: Arena | undefined, textual: boolean): Quick | undefined {
  const [first, second] = inputs
  const isDirect = first !== undefined && second === undefined && filter === undefined && first.needs.every(need => isList(need) || (need.spec.as === undefined && need.when === undefined))
  return isDirect ? direct(first, arena, textual) : staged(inputs, filter, arena, textual)
}

/** Records that are lists, and others: a batch is taken for what its first record is, for it holds records of one kind. Without `lists`: others only. */
export function byKind(others: () => Quick | undefined, lists?: () => Quick | undefined): Quick {
  const opened = new Map<() => Quick | undefined, Quick | undefined>()
  return {
    fill(batch, rows, data, state) {
      const open = lists !== undefined && rows.length > 0 && isListAt(batch.bytes, batch.values.start[rows[0]!]!, batch.values.end[rows[0]!]!) ? lists : others
      if (!opened.has(open)) opened.set(open, open())
      opened.get(open)?.fill(batch, rows, data, state)
    },
  }
}

/** The scan writes the matrix itself. */
function direct({ dtype, width, needs }: Filled, arena: Arena | undefined, textual: boolean): Quick | undefined {
  const places: Place[] = []
  let cell = 0
  for (const need of needs) {
    if (isList(need)) {
      const place = listPlace(need, cell, textual)
      if (place === undefined) return undefined
      places.push(place)
      cell += need.list.columns.length
    } else places.push({ path: need.path, leaf: leafOf(cellOf({ ...need.spec, textual }), need.spec.column, cell++, textual) })
  }
  const scanner = scannerOf(places, width, dtype, arena, textual)
  return scanner === undefined ? undefined : { fill: (batch, rows, data, state) => scanner.scan(batch, rows, data[0]!, state) }
}

const isList = (need: Need | ListNeed): need is ListNeed => 'list' in need
/** undefined: a scan cannot do it. */
function listPlace({ path, list }: ListNeed, cell: number, textual: boolean): Place | undefined {
  const run = textual ? undefined : runOf(list, cell)
  return run === undefined ? undefined : { path, run }
}

function scannerOf(places: readonly Place[], width: number, dtype: 'float32' | 'float64', arena: Arena | undefined, textual: boolean): ReturnType<typeof jsonScanner> {
  if (textual) return csvScanner(arena, names => cellsOf(places, names), width, dtype)
  const wanted = wantedOf(places)
  return wanted === undefined ? undefined : jsonScanner(arena, wanted, width, dtype)
}

/** Of the numbers of one record, from `at` on. */
type Take = (cells: Float64Array, at: number) => number
type Test = (cells: Float64Array, at: number) => boolean

/** The scan writes what it read, some hundred records at a time, and what is made of that is made here. */
function staged(inputs: readonly Filled[], filter: When | undefined, arena: Arena | undefined, textual: boolean): Quick | undefined {
  const staging = stagingOf(arena)
  if (staging === undefined) return undefined
  const places: Place[] = []
  let width = 0
  const place = (path: Path, leaf: (cell: number) => Leaf, cells = 1): number => {
    places.push({ path, leaf: leaf(width) })
    width += cells
    return width - cells
  }
  const test = filter === undefined ? undefined : testOf(filter, place, textual)
  const takes = inputs.map(({ needs }) => needs.flatMap((need): readonly (number | Take | 'unable')[] => {
    if (!isList(need)) return [takeOf(need, place, textual)]
    const from = listPlace(need, width, textual), first = width
    if (from === undefined) return ['unable']
    places.push(from)
    width += need.list.columns.length
    return need.list.columns.map((_, i) => first + i)
  }))
  if (test === 'unable' || takes.some(of => of.includes('unable'))) return undefined
  const ready = takes as (number | Take)[][], scanner = scannerOf(places, width, 'float64', arena, textual)
  const most = Math.min(STAGED_ROWS, Math.floor(staging.length / Math.max(width, 1)))
  if (scanner === undefined || most === 0) return undefined
  return {
    fill(batch, rows, data, state) {
      for (let from = 0; from < rows.length; from += most) {
        const until = Math.min(from + most, rows.length)
        scanner.scan(batch, rows.subarray(from, until), staging, state.subarray(from, until))
        for (let row = from; row < until; row++) {
          if (state[row] !== DONE) continue
          const at = (row - from) * width
          state[row] = test !== undefined && !test(staging, at) ? PASSED : finish(data, row, at) ? DONE : PLAIN
        }
      }
    },
  }

  function finish(data: readonly Data[], row: number, at: number): boolean {
    for (let input = 0; input < ready.length; input++) {
      const of = ready[input]!, into = data[input]!, start = row * of.length
      for (let column = 0; column < of.length; column++) {
        const take = of[column]!
        if (typeof take === 'number') into[start + column] = staging![at + take]!
        else {
          const value = take(staging!, at)
          if (value === DOUBT) return false
          into[start + column] = value
        }
      }
    }
    return true
  }
}

type Placing = (path: Path, leaf: (cell: number) => Leaf, cells?: number) => number

/** A number: it is the one in that cell. */
function takeOf({ path, spec, when }: Need, place: Placing, textual: boolean): number | Take | 'unable' {
  const cell = cellOf({ ...spec, textual }), test = when === undefined ? undefined : testOf(when, place, textual)
  if (test === 'unable') return 'unable'
  const take = spec.as === undefined ? plainTake(path, spec, cell, place, textual, test !== undefined) : derivedTake(path, spec, cell, place, textual)
  if (take === 'unable' || test === undefined) return take
  const passed = passedBy(cell), present: Take = typeof take === 'number' ? (cells, at) => cells[at + take]! : take
  return (cells, at) => test(cells, at) ? present(cells, at) : passed
}

function plainTake(path: Path, { column }: Need['spec'], cell: Cell, place: Placing, textual: boolean, isConditional: boolean): number | 'unable' {
  const leaf = leafOf(cell, column, 0, textual)
  if ([leaf.null, leaf.true, leaf.false, leaf.absent, leaf.unknown].includes(DOUBT)) return 'unable'
  const tokens = new Map([...leaf.tokens ?? []].filter(([, value]) => value !== DOUBT))
  // what a record must not lack may be lacking where `when` does not hold
  return place(path, index => ({ ...isConditional ? { null: DOUBT, absent: DOUBT } : {}, ...leaf, ...leaf.tokens === undefined ? {} : { tokens }, cell: index }))
}

function derivedTake(path: Path, { as, type, zone, column }: Need['spec'], cell: Cell, place: Placing, textual: boolean): Take | 'unable' {
  if (type !== undefined || as === 'length') return 'unable'
  const whenNull = answer(cell, null) ?? DOUBT, whenAbsent = answer(cell, undefined) ?? DOUBT
  const isTime = as !== 'log1p'
  const from = place(path, index => ({ cell: index, ...isTime ? { times: true } : { numbers: true, ...textual ? {} : { true: 1, false: 0 } }, null: NaN, absent: DOUBT }), isTime ? 2 : 1)
  const inRange = (epochMs: number): boolean => Math.abs(epochMs) <= 8.64e15
  const wall = (part: (wallMs: number) => number): Take => (cells, at) => {
    const ms = cells[at + from]!
    return cells[at + from + 1] === 1 ? part(ms) : inRange(ms) ? part(ms + zone.offsetMs(ms)) : DOUBT
  }
  const derived: { readonly [name in Exclude<Derived, 'length'>]: Take } = {
    hourOfDay: wall(hourOfDay), dayOfWeek: wall(dayOfWeek), month: wall(monthOf),
    epochMs: (cells, at) => cells[at + from + 1] === 1 ? instantOf(zone, cells[at + from]!) : inRange(cells[at + from]!) ? cells[at + from]! : DOUBT,
    log1p: (cells, at) => Math.log1p(cells[at + from]!),
  }
  const derive = derived[as!], isCategory = column.categories !== undefined
  return (cells, at) => {
    const raw = cells[at + from]!
    if (Number.isNaN(raw)) return whenNull
    if (raw === DOUBT) return whenAbsent
    const value = derive(cells, at)
    return value === DOUBT || !(isCategory || Number.isNaN(value)) ? value : orDoubt(() => cell.typed(value))
  }
}

/** A rejection is for the plain path to make. */
function orDoubt(run: () => number): number {
  try { return run() } catch (error) {
    if (error instanceof SluiceError && error.severity === 'record') return DOUBT
    throw error
  }
}
const passedBy = (cell: Cell): number => orDoubt(() => cell.passed())

function testOf(when: When, place: Placing, textual: boolean): Test | 'unable' {
  const clauses: Test[] = []
  for (const [path, of] of Object.entries(when)) {
    const clause = clauseOf(parsePath(path), Array.isArray(of) ? of as readonly Scalar[] : [of as Scalar], place, textual)
    if (clause === 'unable') return 'unable'
    clauses.push(clause)
  }
  return (cells, at) => {
    for (const clause of clauses) if (!clause(cells, at)) return false
    return true
  }
}

/** One of numbers, or one of words; null among either. */
function clauseOf(path: Path, wanted: readonly Scalar[], place: Placing, textual: boolean): Test | 'unable' {
  const numbers = wanted.filter(one => typeof one === 'number'), words = wanted.filter(one => typeof one === 'string' || typeof one === 'boolean')
  const missing = wanted.includes(null)
  if (numbers.length === 0) {
    const holds = (one: Scalar): number => Number(wanted.includes(one))
    const isPlain = (word: string): boolean => textual ? !word.includes('"') : JSON.stringify(word).length === word.length + 2
    const texts = words.filter(word => textual || typeof word === 'string').map(String).filter(isPlain)
    const index = place(path, cell => ({ cell, tokens: new Map(texts.map(text => [textual ? text : `"${text}"`, 1])), unknown: 0, null: Number(missing), absent: Number(missing), ...textual ? {} : { true: holds(true), false: holds(false) } }))
    return (cells, at) => cells[at + index] === 1
  }
  if (words.length > 0 || !numbers.every(Number.isFinite)) return 'unable'
  const index = place(path, cell => ({ cell, numbers: true, null: NaN, absent: NaN, ...textual ? { unknown: DOUBT } : { true: DOUBT, false: DOUBT } }))
  return (cells, at) => Number.isNaN(cells[at + index]) ? missing : numbers.includes(cells[at + index]!)
}
