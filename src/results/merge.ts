import { csvRow, encodeCsvCell } from '../codecs/csv.ts'
import { asJson } from '../codecs/decoded.ts'
import { escapesNames, jsonText } from '../codecs/json.ts'
import { eachMember, isName, objectAt, trimSpace } from '../codecs/json-bytes.ts'
import type { Packer } from '../codecs/pack.ts'
import { chunksOf, textsOf } from '../codecs/text.ts'
import type { Chunk } from '../codecs/text.ts'
import { SluiceError } from '../core/index.ts'
import type { RecordBatch, Result, Scored, TensorSpec } from '../core/index.ts'
import { compose } from './compose.ts'
import type { ValueWriter } from './compose.ts'
import type { MergeFields, ResultOptions } from './options.ts'
import { checkFields, ORIGIN, ORIGIN_COLUMNS, originCsv, originJson } from './origin.ts'
import { columnsOfField, csvOf, jsonOf, outputOf, tensorOf, widthOf } from './outputs.ts'

/** The record as it came, with fields added: `merge({ eta: 'minutes' })`. In JSON the bytes of all other members stay what they are; a field
    that the record has already is taken out and written anew, at the end. In CSV cells are added at the end of the line. CSV records become
    JSON objects of texts with `codec: 'json'`. @throws SLUICE_CONFIG_INVALID */
export function merge(fields: MergeFields, options: ResultOptions = {}): Result {
  const entries = Object.entries(fields).map(([name, output]) => ({ name, output })), origin = options.origin ?? true
  checkFields(entries.map(({ name }) => name), origin)
  let specs: readonly TensorSpec[] = []
  return compose({
    check(signature) { specs = entries.map(({ name, output }) => outputOf(signature, output, name)) },
    open(read, scored, rows) {
      const batch = asJson(read, rows)
      const from = batch.columns === undefined ? 'json' : 'csv'
      const codec = options.codec ?? from
      const fieldsOf = { entries, origin, widths: entries.map(({ output }, i) => scored.parts[0] === undefined ? specs[i] && widthOf(specs[i]) : widthOf(tensorOf(scored.parts[0], output))) }
      if (codec === 'csv') {
        if (batch.columns === undefined) throw new SluiceError('SLUICE_CONFIG_INVALID', 'JSON records cannot be merged into CSV: their fields are not known beforehand', { why: 'a CSV file has one header for all lines', fix: 'name the columns with `object`, or write NDJSON' })
        return csvIntoCsv(batch, batch.columns, scored, rows(), fieldsOf)
      }
      return from === 'json' ? jsonIntoJson(batch, read, scored, rows, fieldsOf) : csvIntoJson(batch, batch.columns!, scored, rows(), fieldsOf)
    },
  }, options.arena)
}

interface Fields { readonly entries: readonly { readonly name: string; readonly output: string }[]; readonly origin: boolean; readonly widths: readonly (number | undefined)[] }

/** `"eta":12.5,"__sluice":{...}` */
function membersOf(batch: RecordBatch, { parts }: Scored, { entries, origin }: Fields): (row: number, part: number, at: number) => string {
  const names = entries.map(({ name }, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`)
  const values = parts.map(part => entries.map(({ output }) => jsonOf(tensorOf(part, output))))
  const tail = origin ? originJson(batch) : undefined
  return (row, part, at) => {
    const of = values[part]!
    let text = ''
    for (let i = 0; i < names.length; i++) text += names[i]! + of[i]!(at)
    return tail === undefined ? text : `${text}${text === '' ? '' : ','}${tail(row, parts[part]!, at)}`
  }
}

const encoder = new TextEncoder()
const OPEN = 123, CLOSE = 125, COMMA = 44

function jsonIntoJson(batch: RecordBatch, read: RecordBatch, scored: Scored, rows: () => Int32Array, fields: Fields): ValueWriter {
  const { bytes, values } = batch
  const members = membersOf(batch, scored, fields)
  const names = [...fields.entries.map(({ name }) => name), ...(fields.origin ? [ORIGIN] : [])].map(name => ({ name, utf8: encoder.encode(name) }))
  // one search through a chunk of records says of most that none has any of the names; it ends with its quote and begins without, for
  // the engine looks for the first sign
  const needles = names.map(({ name }) => JSON.stringify(name).slice(1))
  let chunkOf: ReturnType<typeof chunksOf> | undefined, chunk: Chunk | undefined, fresh = false, oneLine = false
  const { entries, origin } = fields
  const simple = batch !== read ? {} : { simple: { merges: true, origin, names: entries.map(({ name }) => name), values: scored.parts.map(part => entries.map(({ output }) => tensorOf(part, output))) } }
  return {
    ...simple,
    write(row, _, at, part, packer) {
      const start = values.start[row]!, end = values.end[row]!
      const added = members(row, part, at), from = packer.length
      const open = objectAt(bytes, start, end)       // white space and a byte order mark before it are not kept
      const close = trimSpace(bytes, start, end) - 1
      if (bytes[close] !== CLOSE || close <= open) throw new SluiceError('SLUICE_JSON_BROKEN', 'the value does not end as an object')
      const now = (chunkOf ??= chunksOf(batch, rows()))(row)
      if (now !== chunk) {
        chunk = now
        fresh = now !== undefined && !escapesNames(now.text) && needles.every(needle => !now.text.includes(needle))
        oneLine = now !== undefined && !/[\n\r]/.test(now.text)
      }
      if (!fresh) {
        const kept: number[] = []
        let cut = false, lastKept = false, next = open + 1
        const realClose = eachMember(bytes, open, end, (nameStart, nameEnd, _valueStart, valueEnd) => {
          const taken = names.some(({ name, utf8 }) => isName(bytes, nameStart, nameEnd, name, utf8))
          if (taken) cut = true
          else if (lastKept) kept[kept.length - 1] = valueEnd
          else kept.push(next, valueEnd)
          lastKept = !taken
          next = valueEnd
          while (next < end && bytes[next] !== COMMA && bytes[next] !== CLOSE) next++
          next++
        })
        if (realClose !== close) throw new SluiceError('SLUICE_JSON_BROKEN', 'something follows the object')
        if (cut) {
          packer.byte(OPEN)
          for (let i = 0; i < kept.length; i += 2) {
            if (i > 0) packer.byte(COMMA)
            packer.append(bytes, kept[i]!, kept[i + 1])
          }
          if (kept.length > 0 && added !== '') packer.byte(COMMA)
          packer.text(added)
          packer.byte(CLOSE)
          if (!oneLine) joinLines(packer, from)
          return true
        }
      }
      const last = trimSpace(bytes, open, close)
      packer.append(bytes, open, last)
      if (added !== '') {
        if (bytes[last - 1] !== OPEN) packer.byte(COMMA)
        packer.text(added)
      }
      packer.append(bytes, last, close + 1)
      if (!oneLine) joinLines(packer, from)
      return true
    },
  }
}

/** JSON has line breaks only between its tokens, where a blank is as good; NDJSON has none inside a record. */
function joinLines({ bytes, length }: Packer, from: number): void {
  for (let i = from; i < length; i++) if (bytes[i] === 10 || bytes[i] === 13) bytes[i] = 32
}

function csvIntoJson(batch: RecordBatch, columns: readonly string[], scored: Scored, rows: Int32Array, fields: Fields): ValueWriter {
  const textOf = textsOf(batch, rows), members = membersOf(batch, scored, fields)
  const taken = new Set([...fields.entries.map(({ name }) => name), ...(fields.origin ? [ORIGIN] : [])])
  const kept = columns.flatMap((name, column) => taken.has(name) || columns.includes(name, column + 1) ? [] : [{ column, before: encoder.encode(`${JSON.stringify(name)}:`) }])
  return {
    write(row, _, at, part, packer) {
      const cells = csvRow(textOf(row), columns)
      const added = members(row, part, at)
      packer.byte(OPEN)
      for (let i = 0; i < kept.length; i++) {
        const { column, before } = kept[i]!, cell = cells[column]!
        if (i > 0) packer.byte(COMMA)
        packer.append(before)
        packer.text(cell === null ? 'null' : jsonText(cell))
      }
      if (added !== '' && kept.length > 0) packer.byte(COMMA)
      packer.text(added)
      packer.byte(CLOSE)
      return true
    },
  }
}

function csvIntoCsv(batch: RecordBatch, columns: readonly string[], scored: Scored, rows: Int32Array, { entries, origin, widths }: Fields): ValueWriter {
  const { bytes, values } = batch, { parts } = scored
  const added = [...entries.flatMap(({ name }, i) => columnsOfField(name, widths[i])), ...(origin ? ORIGIN_COLUMNS : [])]
  const cellTexts = parts.map(part => entries.map(({ output }) => csvOf(tensorOf(part, output))))
  const tail = origin ? originCsv(batch) : undefined
  const kept = columns.flatMap((name, column) => added.includes(name) ? [] : [column])
  const textOf = kept.length === columns.length ? undefined : textsOf(batch, rows)
  return {
    columns: [...kept.map(column => columns[column]!), ...added],
    write(row, answer, at, part, packer) {
      let text = ''
      for (const cell of cellTexts[part]!) text += `,${cell(at)}`
      if (tail !== undefined) text += `,${tail(row, answer, at)}`
      if (textOf === undefined) packer.append(bytes, values.start[row], values.end[row])
      else {
        const cells = csvRow(textOf(row), columns), line = kept.map(column => encodeCsvCell(cells[column]!)).join(',')
        if (kept.length === 0) text = text.slice(1)
        packer.text(line)
      }
      packer.text(text)
      return true
    },
  }
}
