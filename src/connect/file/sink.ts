import { SluiceError } from '../../core/index.ts'
import type { Context, Delivery, Records, Rejection, Sink, Source } from '../../core/index.ts'
import { encode } from '../encode.ts'
import type { SinkFormat } from '../encode.ts'
import { frame, headerCells, headerLine } from '../framing.ts'
import { openFileDelivery } from './delivery.ts'
import { formatOf, ownPath } from './options.ts'
import type { FileSinkOptions } from './options.ts'
import { Output } from './output.ts'

/** Writes records at the end of a file. With several executors each writes its own: `out.0.ndjson`, `out.1.ndjson`, ...
    @throws SLUICE_FILE_IN_USE, SLUICE_FILE_DENIED, SLUICE_FILE_FORMAT */
export async function openFileSink(options: FileSinkOptions, context: Context): Promise<Sink> {
  const path = ownPath(options.path, context)
  const format = options.format ?? formatOf(options.path)
  if (format === undefined || format === 'parquet') throw new SluiceError('SLUICE_FILE_FORMAT', format === undefined ? `'${path}' has an extension that says nothing about its format` : `'${path}': Parquet can be read, not written`, {
    at: path, why: 'a file is written as ndjson, csv or records', fix: 'name its format, or end it with .ndjson or .csv',
  })
  const positionOf = (of: Pick<Context, 'executor' | 'executors'>) => options.position === undefined ? `${ownPath(options.path, of)}.position` : ownPath(options.position, of)
  const positions: Positions = { own: positionOf(context), others: [positionOf({ executor: 0, executors: 1 }), positionOf({ executor: 0, executors: 2 })] }
  const output = await Output.open(path)
  try {
    return new FileSink(output, format, positions, await examine(output, format), context)
  } catch (error) {
    await output.close()
    throw error
  }
}

/** Paths of position files: this executor's, and where those of runs with one and with several executors would be. */
export interface Positions { readonly own: string; readonly others: readonly string[] }
/** What was in the file when it was opened. */
interface Found {
  /** Of its header. */
  readonly columns: readonly string[] | undefined
  /** Where its last whole record ends. */
  readonly whole: number
}

export class FileSink implements Sink {
  readonly name: string
  readonly output: Output
  /** The files that keep the position, should this be the first sink. */
  readonly positions: Positions
  readonly #format: SinkFormat
  readonly #context: Context
  readonly #found: Found
  #columns: readonly string[] | undefined          // of the header in the file
  #isMended = false
  #broken: unknown                                 // every later write fails too: order must hold

  constructor(output: Output, format: SinkFormat, positions: Positions, found: Found, context: Context) {
    this.name = output.path
    this.output = output
    this.positions = positions
    this.#format = format
    this.#found = found
    this.#columns = found.columns
    this.#context = context
  }

  // nothing may be awaited before the append: a delivery that is aborted waits for what has been appended
  async write(records: Records): Promise<readonly Rejection[]> {
    if (this.#broken !== undefined) throw this.#broken
    let refused: readonly Rejection[], written: Promise<void>
    try {
      if (!this.#isMended) this.#mend()
      const encoded = encode(records, this.#format, this.name)
      const header = this.#format === 'csv' && records.rows > 0 ? this.#header(records.columns) : undefined
      refused = encoded.refused
      written = this.output.append(header === undefined ? encoded.bytes : Buffer.concat([header, encoded.bytes]))
    } catch (error) {
      this.#broken = error
      throw error
    }
    await written
    return refused
  }

  async delivery(source: Source, sinks: readonly Sink[]): Promise<Delivery | undefined> {
    const files = sinks.filter(sink => sink instanceof FileSink)
    if (source.keepPositions === undefined || files.length !== sinks.length || !files.every(({ output }) => output.isRegular)) return undefined
    return openFileDelivery({ source, sinks: files, positions: this.positions, context: this.#context })
  }
  /** From now on a delivery says where the file ends, and when it is synced. */
  deliver(): void {
    this.#isMended = true
    this.output.durable = false
  }

  async close(): Promise<void> { await this.output.close() }

  /** Outside a delivery: a writer that was killed may have left a part of a record, which comes again. Nobody else's file is cut. */
  #mend(): void {
    this.#isMended = true
    const { output } = this, { whole } = this.#found
    if (whole === output.length) return
    if (!output.wasHeld) { void output.append(Buffer.from('\n')).catch(() => {}); return }
    this.#context.log.write('warn', `'${output.path}' ended in an incomplete record: its ${output.length - whole} bytes are cut off`)
    output.cutLater(whole)
  }

  /** The header to write before the first record; undefined: it is there. */
  #header(columns: readonly string[] | undefined): Buffer | undefined {
    if (columns === undefined) throw new SluiceError('SLUICE_FILE_FORMAT', `'${this.output.path}' is to be written as CSV, and the records do not name their columns`, { at: this.output.path, fix: 'use format ndjson, or a result that is an object' })
    if (this.output.planned > 0 && this.#columns !== undefined) {
      if (this.#columns === columns || headerLine(this.#columns) === headerLine(columns)) return undefined
      throw new SluiceError('SLUICE_FILE_FORMAT', `the columns of '${this.output.path}' are ${this.#columns.join(', ')}, and the records have ${columns.join(', ')}`, {
        at: this.output.path, why: 'a CSV file has one header', fix: 'write to another file, or remove the old one and its position file',
      })
    }
    this.#columns = columns
    return Buffer.from(headerLine(columns))
  }
}

async function examine(output: Output, format: SinkFormat): Promise<Found> {
  if (!output.isRegular || output.length === 0) return { columns: undefined, whole: output.length }
  let columns: readonly string[] | undefined
  if (format === 'csv') {
    const head = Buffer.alloc(65536), at = { start: new Int32Array(1), end: new Int32Array(1) }
    const { rows } = frame(head, 0, await output.read(0, head), true, 'csv', 1, at)
    if (rows === 1) columns = headerCells(head.toString('utf8', at.start[0], at.end[0]).replace(/^\uFEFF/, ''))
  }
  const last = Buffer.alloc(1)
  await output.read(output.length - 1, last)
  // a large CSV file is read whole only when there is something to find
  return { columns, whole: last[0] === 10 && !output.wasHeld ? output.length : await endOfLastRecord(output, format) }
}

/** Where the last line break outside quotes ends. CSV is read from its beginning: only so is it known what is inside quotes. */
async function endOfLastRecord(output: Output, format: SinkFormat): Promise<number> {
  const chunk = Buffer.alloc(65536)
  if (format === 'csv') {
    let whole = 0, quotes = 0
    for (let start = 0, read: number; (read = await output.read(start, chunk)) > 0; start += read) {
      for (let i = 0; i < read; i++) {
        if (chunk[i] === 34) quotes++
        else if (chunk[i] === 10 && quotes % 2 === 0) whole = start + i + 1
      }
    }
    return whole
  }
  for (let end = output.length; end > 0;) {
    const start = Math.max(0, end - chunk.length)
    const feed = chunk.subarray(0, await output.read(start, chunk.subarray(0, end - start))).lastIndexOf(10)
    if (feed >= 0) return start + feed + 1
    end = start
  }
  return 0
}
