import { columnsOf, csvRow, encodeCsvCell } from '../codecs/csv.ts'
import { asJson } from '../codecs/decoded.ts'
import { eachMember, isListAt, isName, objectAt, rangeAt, valueAt } from '../codecs/json-bytes.ts'
import type { Step } from '../codecs/json-bytes.ts'
import type { Packer } from '../codecs/pack.ts'
import { parsePath } from '../codecs/paths.ts'
import type { Path } from '../codecs/paths.ts'
import { textsOf } from '../codecs/text.ts'
import { SluiceError } from '../core/index.ts'
import type { Predicted, RecordBatch, Result, Scored, TensorSpec } from '../core/index.ts'
import { compose } from './compose.ts'
import type { ValueWriter } from './compose.ts'
import type { ObjectFields, ResultOptions } from './options.ts'
import { checkFields, ORIGIN_COLUMNS, originCsv, originJson } from './origin.ts'
import { columnsOfField, csvOf, jsonOf, outputOf, tensorOf, widthOf } from './outputs.ts'
import type { Taken as Member, Simple } from './plan.ts'

/** A record of its own: `object({ id: 'id', scores: 'probabilities' })`. What is taken from a JSON record keeps its bytes; cells of CSV are
    texts, an empty one is null. A plain name that is neither an output nor in the record rejects the record, for it is probably misspelt;
    `$.x` is the record's for certain, and null where it is absent. @throws SLUICE_CONFIG_INVALID */
export function object(fields: ObjectFields, options: ResultOptions = {}): Result {
  const names = Object.entries(fields), origin = options.origin ?? true
  checkFields(names.map(([name]) => name), origin)
  const entries: readonly Entry[] = names.map(([name, source]) => ({ name, source, path: pathOf(source), certain: /^\$[.[]/.test(source) }))
  for (const { name, source, path } of entries) {
    if (path === undefined && source.startsWith('$')) parseNamed(name, source)
  }
  let specs: Specs = []
  return compose({
    check(signature) {
      specs = entries.map(({ name, source, path, certain }) => {
        if (!certain && signature.outputs.some(output => output.name === source)) return outputOf(signature, source, name)
        if (path === undefined) parseNamed(name, source)
        return undefined
      })
    },
    open(read, scored, rows) {
      const batch = asJson(read, rows)
      const codec = options.codec ?? (batch.columns === undefined ? 'json' : 'csv')
      const taken = batch.columns === undefined ? fromJson(batch, entries, specs, codec) : fromCsv(batch, batch.columns, entries, rows(), codec)
      return codec === 'json' ? intoJson(batch, batch === read, scored, entries, specs, taken, origin) : intoCsv(batch, scored, entries, specs, taken, origin)
    },
  }, options.arena)
}

type Specs = readonly (TensorSpec | undefined)[]
interface Entry { readonly name: string; readonly source: string; readonly path: Path | undefined; readonly certain: boolean }

/** An output may have a name that is no path. */
function pathOf(source: string): Path | undefined {
  try { return parsePath(source) } catch { return undefined }
}
function parseNamed(name: string, source: string): void {
  try { parsePath(source) } catch (error) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `the field '${name}' of the result: ${(error as SluiceError).message}`, { why: 'it is neither an output of the model nor a path into the record', fix: (error as SluiceError).fix })
  }
}

/** What entry `i` takes from the record, as JSON or as a cell. */
interface Taken { open(row: number): void; /** false: it is absent. */ write(i: number, packer: Packer): boolean }
const ABSENT = [-1, -1] as const
const decoder = new TextDecoder(), encoder = new TextEncoder()

function fromJson(batch: RecordBatch, entries: readonly Entry[], specs: Specs, codec: 'json' | 'csv'): Taken {
  const { bytes, values } = batch
  const paths = entries.map(({ path }) => (path?.steps ?? []).map((step): Step => typeof step === 'number' ? step : { name: step, utf8: encoder.encode(step) }))
  const ofRecords = entries.flatMap((_, i) => specs[i] === undefined ? [i] : []), ofLists = ofRecords.filter(i => typeof paths[i]![0] === 'number')
  const taking = ofRecords.filter(i => typeof paths[i]![0] === 'object')
  const from = new Int32Array(entries.length), to = new Int32Array(entries.length)
  return {
    open(row) {
      from.fill(-1)
      const start = values.start[row]!, end = values.end[row]!
      if (ofLists.length > 0 && isListAt(bytes, start, end)) {
        const list = valueAt(bytes, start, end)
        for (const i of ofLists) [from[i], to[i]] = rangeAt(bytes, list, end, paths[i]!) ?? ABSENT
        return
      }
      if (taking.length === 0) return
      // all names of the top level in one pass; the last of the same name counts
      eachMember(bytes, objectAt(bytes, start, end), end, (nameStart, nameEnd, valueStart, valueEnd) => {
        for (let k = 0; k < taking.length; k++) {
          const i = taking[k]!, first = paths[i]![0] as Exclude<Step, number>
          if (isName(bytes, nameStart, nameEnd, first.name, first.utf8)) { from[i] = valueStart; to[i] = valueEnd }
        }
      })
    },
    write(i, packer) {
      if (from[i]! < 0) return false
      const range = paths[i]!.length === 1 || typeof paths[i]![0] === 'number' ? [from[i]!, to[i]!] as const : rangeAt(bytes, from[i]!, to[i]!, paths[i]!.slice(1))
      if (range === undefined) return false
      if (codec === 'json') packer.append(bytes, range[0], range[1])
      else {
        const json = decoder.decode(bytes.subarray(range[0], range[1]))
        packer.text(json === 'null' ? '' : encodeCsvCell(json.startsWith('"') ? JSON.parse(json) as string : json))
      }
      return true
    },
  }
}

function fromCsv(batch: RecordBatch, columns: readonly string[], entries: readonly Entry[], rows: Int32Array, codec: 'json' | 'csv'): Taken {
  const textOf = textsOf(batch, rows)
  const columnOf = columnsOf(columns, entries.map(({ path, source }) => path ?? { text: source, steps: [source] }))
  let cells: readonly (string | null)[] = []
  return {
    open(row) { cells = csvRow(textOf(row), columns) },
    write(i, packer) {
      const column = columnOf[i]!
      if (column < 0) return false
      packer.text(codec === 'json' ? JSON.stringify(cells[column]) : encodeCsvCell(cells[column]!))
      return true
    },
  }
}

function take({ name, source, certain }: Entry, taken: Taken, i: number, missing: string, packer: Packer, { outputs }: Predicted): void {
  if (taken.write(i, packer)) return
  if (certain) { packer.text(missing); return }
  throw new SluiceError('SLUICE_RESULT_FAILED', `the field '${name}' of the result: the record has no '${source}', nor has the model such an output`, {
    why: `the outputs are ${[...outputs.tensors.keys()].join(', ')}`, fix: `correct the name, or write \`$.${source}\` if the record may be without it` })
}

/** undefined: something is taken from deeper in the record. */
function simpleOf(entries: readonly Entry[], specs: Specs, parts: readonly Predicted[], origin: boolean): Simple | undefined {
  const taken = entries.map(({ path, certain }, i): Member | undefined => {
    const [member, ...deeper] = path?.steps ?? []
    return specs[i] === undefined && typeof member === 'string' && deeper.length === 0 ? { member, optional: certain } : undefined
  })
  if (taken.some((member, i) => member === undefined && specs[i] === undefined)) return undefined
  return { merges: false, origin, names: entries.map(({ name }) => name), values: parts.map(part => entries.map(({ source }, i) => taken[i] ?? tensorOf(part, source))) }
}

function intoJson(batch: RecordBatch, isRead: boolean, { parts }: Scored, entries: readonly Entry[], specs: Specs, taken: Taken, origin: boolean): ValueWriter {
  const names = entries.map(({ name }) => `${JSON.stringify(name)}:`)
  const values = parts.map(part => entries.map(({ source }, i) => specs[i] === undefined ? undefined : jsonOf(tensorOf(part, source))))
  const tail = origin ? originJson(batch) : undefined
  // what was decoded lies elsewhere
  const simple = (isRead || !specs.includes(undefined)) && batch.columns === undefined && specs.length === entries.length ? simpleOf(entries, specs, parts, origin) : undefined
  return {
    ...simple === undefined ? {} : { simple },
    write(row, answer, at, part, packer) {
      taken.open(row)
      let before = '{'
      for (let i = 0; i < entries.length; i++) {
        packer.text(before + names[i]!)
        const value = values[part]![i]
        if (value === undefined) take(entries[i]!, taken, i, 'null', packer, answer); else packer.text(value(at))
        before = ','
      }
      packer.text(tail === undefined ? before === '{' ? '{}' : '}' : `${before}${tail(row, answer, at)}}`)
      return true
    },
  }
}

function intoCsv(batch: RecordBatch, { parts }: Scored, entries: readonly Entry[], specs: Specs, taken: Taken, origin: boolean): ValueWriter {
  const first = parts[0]
  const columns = entries.flatMap(({ name, source }, i) => {
    const spec = specs[i]
    return columnsOfField(name, spec === undefined ? undefined : widthOf(first === undefined ? spec : tensorOf(first, source)))
  })
  const values = parts.map(part => entries.map(({ source }, i) => specs[i] === undefined ? undefined : csvOf(tensorOf(part, source))))
  const tail = origin ? originCsv(batch) : undefined
  return {
    columns: [...columns, ...(origin ? ORIGIN_COLUMNS : [])],
    write(row, answer, at, part, packer) {
      taken.open(row)
      for (let i = 0; i < entries.length; i++) {
        if (i > 0) packer.text(',')
        const value = values[part]![i]
        if (value === undefined) take(entries[i]!, taken, i, '', packer, answer); else packer.text(value(at))
      }
      if (tail !== undefined) packer.text(`${entries.length > 0 ? ',' : ''}${tail(row, answer, at)}`)
      return true
    },
  }
}
