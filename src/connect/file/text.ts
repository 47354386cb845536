import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { SluiceError } from '../../core/index.ts'
import type { Context, RecordBatch, Rejection } from '../../core/index.ts'
import { frame, headerCells } from '../framing.ts'
import type { Framing } from '../framing.ts'
import { beginningOf, textBatch, tooLarge } from '../textbatch.ts'
import { failing } from './errors.ts'
import type { SourceFile } from './files.ts'
import type { FileReader, ReaderSettings, Start } from './reader.ts'

const LINE_FEED = 10, CARRIAGE_RETURN = 13
const BOM = Buffer.of(0xef, 0xbb, 0xbf)

/** Reads files of lines: each batch is one read at the position where the last one ended, so there is no state but the position.
    @throws SLUICE_FILE_MISSING, SLUICE_FILE_DENIED, SLUICE_FILE_FORMAT, SLUICE_FILE_SHRUNK, SLUICE_FILE_CHANGED */
export async function openText(file: SourceFile, start: Start, settings: ReaderSettings, context: Context): Promise<FileReader> {
  const handle = await failing('opening', file.path, 'SLUICE_SOURCE_FAILED', () => open(file.path, 'r'))
  try {
    const reader = new TextReader(file, handle, settings, context)
    await reader.begin(start)
    return reader
  } catch (error) {
    await handle.close()
    throw error
  }
}

class TextReader implements FileReader {
  offset = 0
  end = 0
  readonly #file: SourceFile
  readonly #handle: FileHandle
  readonly #settings: ReaderSettings
  readonly #context: Context
  readonly #framing: Framing
  readonly #found: { readonly start: Int32Array; readonly end: Int32Array }
  #columns: readonly string[] | undefined
  #from = 0                            // `next` of the last batch; offset may be ahead of it by empty lines
  #want: number                        // bytes of the next read: as many as batchRows rows need

  constructor(file: SourceFile, handle: FileHandle, settings: ReaderSettings, context: Context) {
    this.#file = file
    this.#handle = handle
    this.#settings = settings
    this.#context = context
    this.#framing = file.format === 'csv' ? 'csv' : 'lines'
    this.#found = { start: new Int32Array(settings.batchRows), end: new Int32Array(settings.batchRows) }
    this.#want = settings.batchBytes
  }

  async begin({ offset: wanted, committed }: Start): Promise<void> {
    await this.#measure()
    const offset = committed ? wanted : Math.min(wanted, this.end)
    if (offset > this.end) throw this.#shrunk(`its committed position is ${offset} and it has ${this.end} bytes`)
    this.offset = this.#from = offset
    const head = Buffer.allocUnsafe(4096)
    const bytes = head.subarray(0, await this.#read(head, 0))
    refuseOther(bytes, this.#file)
    const body = bytes.subarray(0, 3).equals(BOM) ? 3 : 0
    let first = body
    if (this.#framing === 'csv') first = await this.#header(body)
    if (offset <= first) this.offset = first
    else if (!await this.#isBorder(offset)) {
      if (committed) throw new SluiceError('SLUICE_FILE_CHANGED', `'${this.#file.path}' has no line break before its committed position ${offset}`, {
        at: `${this.#file.partition}@${offset}`, why: 'it was replaced, or a last line without a line break was continued after it had been read',
      })
      this.offset = await this.#nextLine(offset)
    }
  }

  async next(rowsMax: number): Promise<RecordBatch | undefined> {
    for (;;) {
      const region = this.#context.arena.reserve(this.#want)
      const memory = region?.bytes ?? Buffer.allocUnsafeSlow(this.#want)
      const release = () => { region?.release() }
      let batch: RecordBatch | 'empty' | 'end' | undefined
      try {
        const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.length)
        const read = await this.#read(bytes, this.offset)
        const last = read < bytes.length && await this.#isEnd(this.offset + read)
        batch = this.#frame(bytes, read, last, Math.min(rowsMax, this.#settings.batchRows), release)
      } catch (error) {
        release()
        throw error
      }
      if (batch === undefined || typeof batch === 'string') release()
      if (batch === undefined) {
        if (this.#want < this.#settings.batchBytes) this.#want = this.#settings.batchBytes
        else return this.#long()
      } else if (batch === 'end') return this.#rest()
      else if (batch !== 'empty') return batch
    }
  }

  async close(): Promise<void> { await this.#handle.close() }

  /** undefined: no record ends in these bytes. */
  #frame(bytes: Buffer, read: number, last: boolean, rowsMax: number, release: () => void): RecordBatch | 'empty' | 'end' | undefined {
    const { rows, next } = frame(bytes, 0, read, last, this.#framing, rowsMax, this.#found)
    const at = this.offset
    if (next === 0) return last ? 'end' : undefined
    this.offset += next
    if (rows === 0) return 'empty'
    const all = rows === rowsMax
    this.#want = Math.min(this.#settings.batchBytes, all ? roundUp(next + next / 8) : this.#want * 2)
    return this.#batch(bytes.subarray(0, next), rows, at, release)
  }

  /** Of the rows that were found in bytes, which lie at offset `at` in the file. */
  #batch(bytes: Buffer, rows: number, at: number, release: () => void, rejected: readonly Rejection[] = []): RecordBatch {
    const from = this.#from
    this.#from = this.offset
    return textBatch({
      partition: this.#file.partition, bytes, at, start: this.#found.start.slice(0, rows), end: this.#found.end.slice(0, rows), from, next: this.offset,
      nowMs: this.#context.clock.nowMs(), columns: this.#columns, envelopes: this.#file.format === 'records', release,
    }, rejected)
  }

  /** What is behind the last record moves the position too. */
  #rest(): RecordBatch | undefined {
    return this.offset > this.#from ? this.#batch(Buffer.alloc(0), 0, this.offset, () => {}) : undefined
  }

  /** The record at the offset is larger than a batch. */
  async #long(): Promise<RecordBatch | undefined> {
    const { recordBytesMax, batchBytes } = this.#settings
    const at = this.offset
    let bytes = Buffer.alloc(0)
    for (let size = batchBytes * 4; ; size *= 4) {
      bytes = Buffer.allocUnsafeSlow(Math.min(size, recordBytesMax + 2))         // and its line break
      const read = await this.#read(bytes, at)
      const last = read < bytes.length && await this.#isEnd(at + read)
      const { rows, next } = frame(bytes, 0, read, last, this.#framing, 1, this.#found)
      if (rows === 1 && this.#found.end[0]! - this.#found.start[0]! <= recordBytesMax) {
        this.offset = at + next
        return this.#batch(bytes.subarray(0, next), 1, at, () => {})
      }
      if (rows === 0 && last) {                                                    // the file has changed since it was found large
        this.offset = at + next
        return this.#rest()
      }
      if (rows === 1 || bytes.length > recordBytesMax) break
    }
    // in CSV it may be a quote that nothing closes: then its first line is the record, and breaks alone
    const feed = this.#framing === 'csv' ? bytes.indexOf(LINE_FEED) : -1
    if (feed >= 0) {
      frame(bytes, 0, feed + 1, true, 'lines', 1, this.#found)
      this.offset = at + feed + 1
      return this.#batch(Buffer.from(bytes.subarray(0, feed + 1)), 1, at, () => {})
    }
    this.offset = await this.#nextLine(at)
    const beginning = beginningOf(bytes, recordBytesMax)
    this.#found.start[0] = 0
    this.#found.end[0] = beginning.length
    return this.#batch(beginning, 1, at, () => {}, [tooLarge(this.offset - at, recordBytesMax, beginning.length, `${this.#file.partition}@${at}`)])
  }

  /** The offset behind the next line break at or after `offset`, without holding what is before it. */
  async #nextLine(offset: number): Promise<number> {
    const chunk = Buffer.allocUnsafeSlow(Math.max(65536, this.#settings.batchBytes))
    for (let at = offset; ;) {
      const read = await this.#read(chunk, at)
      const feed = chunk.subarray(0, read).indexOf(LINE_FEED)
      if (feed >= 0) return at + feed + 1
      at += read
      if (read < chunk.length && await this.#isEnd(at)) return at
    }
  }

  /** The header of a CSV file; answers where it ends. */
  async #header(body: number): Promise<number> {
    const { recordBytesMax } = this.#settings
    for (let size = 65536; ; size *= 16) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(size, recordBytesMax))
      const read = await this.#read(bytes, body)
      const last = read < bytes.length && await this.#isEnd(body + read)
      const { rows, next } = frame(bytes, 0, read, last, 'csv', 1, this.#found)
      if (rows === 0 && last) return body + next
      const columns = rows === 1 ? headerCells(bytes.toString('utf8', this.#found.start[0], this.#found.end[0])) : undefined
      if (columns === undefined && (rows === 1 || bytes.length === recordBytesMax)) {
        throw new SluiceError('SLUICE_FILE_FORMAT', `the header of '${this.#file.path}' is not CSV`, { at: this.#file.path, why: 'the first line names the columns, and a quote in it is not closed' })
      }
      if (columns === undefined) continue
      this.#columns = columns
      return body + next
    }
  }

  /** That a record can begin at `offset`. Also where the last line had no line break when it was read, and has got it now. */
  async #isBorder(offset: number): Promise<boolean> {
    const around = Buffer.alloc(3)
    await this.#read(around, offset - 1)
    return offset === this.end || around[0] === LINE_FEED || around[1] === LINE_FEED || (around[1] === CARRIAGE_RETURN && around[2] === LINE_FEED)
  }

  async #read(into: Buffer, position: number): Promise<number> {
    return (await failing('reading', this.#file.path, 'SLUICE_SOURCE_FAILED', () => this.#handle.read(into, 0, into.length, position))).bytesRead
  }
  /** That nothing follows `offset`, and nothing that was there is gone. */
  async #isEnd(offset: number): Promise<boolean> {
    const known = Math.max(this.end, offset)
    await this.#measure()
    if (this.end < known) throw this.#shrunk(`it had ${known} bytes and now has ${this.end}`)
    return offset === this.end
  }
  async #measure(): Promise<void> {
    this.end = (await failing('reading', this.#file.path, 'SLUICE_SOURCE_FAILED', () => this.#handle.stat())).size
  }
  #shrunk(how: string): SluiceError {
    return new SluiceError('SLUICE_FILE_SHRUNK', `'${this.#file.path}' has become shorter: ${how}`, { at: `${this.#file.partition}@${this.offset}` })
  }
}

/** Files that are plainly something else than lines, before each of their lines is rejected. */
function refuseOther(head: Buffer, { path, format }: SourceFile): void {
  const refuse = (what: string, fix: string) => { throw new SluiceError('SLUICE_FILE_FORMAT', `'${path}' ${what}`, { at: path, why: `it is to be read as ${format}`, fix }) }
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') refuse('is a Parquet file', 'name its format: parquet')
  if (head[0] === 0x1f && head[1] === 0x8b) refuse('is compressed with gzip', 'unpack it, or pipe it in: zcat FILE | sluice ..., with the source stdin')
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) refuse('is compressed with zstd', 'unpack it, or pipe it in: zstdcat FILE | sluice ..., with the source stdin')
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) refuse('is UTF-16', 'convert it to UTF-8: iconv -f UTF-16 -t UTF-8')
  if (format === 'ndjson' && /^\uFEFF?\s*\[\s*(\{[^\n]*,)?\r?\n/.test(head.toString('utf8'))) refuse('is one JSON array', "write one record a line: jq -c '.[]' FILE")
}

const roundUp = (bytes: number): number => Math.ceil(bytes / 4096) * 4096
