import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { AsyncBuffer, Compressors, DecodedArray, FileMetaData } from 'hyparquet'
import { SluiceError } from '../../core/index.ts'
import type { Context, RecordBatch, Rejection } from '../../core/index.ts'
import { nulls } from '../framing.ts'
import { beginningOf, tooLarge } from '../textbatch.ts'
import { FLAT, NESTED, columnKind } from './columns.ts'
import type { ColumnKind } from './columns.ts'
import { failing } from './errors.ts'
import type { SourceFile } from './files.ts'
import { JsonBytes } from './jsonbytes.ts'
import type { FileReader, ReaderSettings, Start } from './reader.ts'

interface Library { readonly parquet: typeof import('hyparquet'); readonly compressors: Compressors }
async function library(): Promise<Library> {
  try {
    return { parquet: await import('hyparquet'), compressors: (await import('hyparquet-compressors')).compressors }
  } catch (cause) {
    throw new SluiceError('SLUICE_DEPENDENCY_MISSING', 'Parquet files need a package that is not installed', { fix: 'npm i hyparquet hyparquet-compressors', cause })
  }
}

/** Reads a Parquet file row group by row group: one is in memory at a time. Each row becomes a JSON object; its offset is its number.
    @throws SLUICE_FILE_FORMAT when it is damaged, SLUICE_FILE_SHRUNK when it has fewer rows than were committed */
export async function openParquet(file: SourceFile, start: Start, settings: ReaderSettings, context: Context): Promise<FileReader> {
  const handle = await failing('opening', file.path, 'SLUICE_SOURCE_FAILED', () => open(file.path, 'r'))
  try {
    const { parquet, compressors } = await library()
    const buffer = await bufferOf(handle, file)
    const metadata = await decoding(file, () => parquet.parquetMetadataAsync(buffer, { geoparquet: false }))
    const columns = await decoding(file, () => Promise.resolve(parquet.parquetSchema(metadata).children.map(columnKind)))
    const groups: Group[] = []
    let end = 0
    for (const { num_rows, columns: chunks } of metadata.row_groups) {
      const rows = Number(num_rows)
      if (!(rows >= 0)) throw damaged(file, `a row group has ${rows} rows`)
      const values = chunks.reduce((most, chunk) => Math.max(most, Number(chunk.meta_data?.num_values ?? 0)), 0)
      if (!columns.some(column => column.nested) && values > rows) throw damaged(file, `a column has ${values} values for ${rows} rows`)
      groups.push({ start: end, end: end += rows })
    }
    if (start.offset > end && start.committed) {
      throw new SluiceError('SLUICE_FILE_SHRUNK', `'${file.path}' has become shorter: its committed position is row ${start.offset} and it has ${end} rows`, { at: `${file.partition}@${start.offset}` })
    }
    const readColumn = (column: ColumnKind, group: Group): Promise<ArrayLike<unknown>> => decoding(file, async () => {
      const chunks: DecodedArray[] = []
      await parquet.parquetRead({
        file: buffer, metadata, compressors, columns: [column.name], rowStart: group.start, rowEnd: group.end,
        utf8: column.nested, parsers: column.nested ? NESTED : FLAT, geoparquet: false, onChunk: ({ columnData }) => { chunks.push(columnData) },
      })
      const values = chunks.length === 1 ? chunks[0]! : chunks.flatMap(chunk => Array.from<unknown>(chunk))
      const rows = group.end - group.start
      if (values.length !== rows) throw new Error(`column ${column.name} has ${values.length} values for ${rows} rows`)
      return values
    })
    return new ParquetReader({ file, handle, columns, groups, readColumn, settings, context }, Math.min(start.offset, end), end)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The number of rows, without opening it for reading. */
export const parquetRows = (file: SourceFile): Promise<number> => metadataOf(file, ({ row_groups: groups }) => groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0))

/** The names of the columns that an object for each row has, in order. */
export const parquetColumns = (file: SourceFile): Promise<readonly string[]> => metadataOf(file, (metadata, { parquet }) => parquet.parquetSchema(metadata).children.map(({ element }) => element.name))

async function metadataOf<T>(file: SourceFile, take: (metadata: FileMetaData, library: Library) => T): Promise<T> {
  const handle = await failing('opening', file.path, 'SLUICE_SOURCE_FAILED', () => open(file.path, 'r'))
  try {
    const loaded = await library()
    const buffer = await bufferOf(handle, file)
    return await decoding(file, async () => take(await loaded.parquet.parquetMetadataAsync(buffer, { geoparquet: false }), loaded))
  } finally {
    await handle.close()
  }
}

interface Group { readonly start: number; readonly end: number }
interface Opened {
  readonly file: SourceFile
  readonly handle: FileHandle
  readonly columns: readonly ColumnKind[]
  readonly groups: readonly Group[]
  readonly readColumn: (column: ColumnKind, group: Group) => Promise<ArrayLike<unknown>>
  readonly settings: ReaderSettings
  readonly context: Context
}

class ParquetReader implements FileReader {
  offset: number
  readonly end: number
  readonly #of: Opened
  readonly #before: readonly Uint8Array[]          // {"a":   ,"b":
  readonly #out = new JsonBytes()
  #group: Group | undefined
  #values: readonly ArrayLike<unknown>[] = []

  constructor(of: Opened, offset: number, end: number) {
    this.#of = of
    this.offset = offset
    this.end = end
    this.#before = of.columns.map(({ name }, i) => Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`))
  }

  async next(rowsMax: number): Promise<RecordBatch | undefined> {
    const { groups, settings, context } = this.#of
    if (this.offset >= this.end) return undefined
    const group = groups.find(({ end }) => end > this.offset)!
    if (this.#group !== group) {
      this.#values = []                            // the old ones go before the new ones come
      const values: ArrayLike<unknown>[] = []
      // one after the other: timers and sockets get their turn between them
      for (const column of this.#of.columns) values.push(await this.#of.readColumn(column, group))
      this.#values = values
      this.#group = group
    }
    const rows = Math.min(rowsMax, settings.batchRows, group.end - this.offset)
    const region = context.arena.reserve(settings.batchBytes)
    const release = () => { region?.release() }
    const batch = this.#write(region?.bytes ?? Buffer.allocUnsafeSlow(settings.batchBytes), rows, group, release)
    if (batch !== undefined) return batch
    release()
    return this.#long(group)
  }

  async close(): Promise<void> {
    this.#values = []
    await this.#of.handle.close()
  }

  /** undefined: not even one row has room. */
  #write(memory: Uint8Array, rowsMax: number, group: Group, release: () => void): RecordBatch | undefined {
    const out = this.#out
    out.bytes = memory
    out.length = 0
    const start = new Int32Array(rowsMax), end = new Int32Array(rowsMax)
    let rows = 0
    for (let at = this.offset - group.start; rows < rowsMax; rows++, at++) {
      start[rows] = out.length
      this.#row(at)
      if (out.length > memory.length) break
      end[rows] = out.length
    }
    return rows === 0 ? undefined : this.#batch(memory, rows, start.subarray(0, rows), end.subarray(0, rows), release)
  }

  #row(at: number): void {
    const out = this.#out, { columns } = this.#of
    for (let i = 0; i < columns.length; i++) {
      out.raw(this.#before[i]!)
      columns[i]!.write(out, this.#values[i]![at])
    }
    out.ascii(columns.length === 0 ? '{}' : '}')
  }

  #batch(memory: Uint8Array, rows: number, start: Int32Array, end: Int32Array, release: () => void, rejected: Rejection[] = []): RecordBatch {
    const from = this.offset
    this.offset += rows
    const offsets = new Float64Array(rows)
    for (let row = 0; row < rows; row++) offsets[row] = from + row
    return {
      partition: this.#of.file.partition, rows, bytes: new Uint8Array(memory.buffer, memory.byteOffset, end[rows - 1]!), keys: nulls(rows), values: { start, end },
      timesMs: new Float64Array(rows).fill(this.#of.context.clock.nowMs()), offsets, from: BigInt(from), next: BigInt(this.offset), release,
      ...(rejected.length === 0 ? {} : { rejected }),
    }
  }

  /** The row at the offset is larger than a batch. */
  #long(group: Group): RecordBatch {
    const { settings: { batchBytes, recordBytesMax }, file } = this.#of
    for (let size = batchBytes * 4; ; size *= 4) {
      const memory = Buffer.allocUnsafeSlow(Math.min(size, recordBytesMax))
      const batch = this.#write(memory, 1, group, () => {})
      if (batch !== undefined) return batch
      if (memory.length < recordBytesMax) continue
      const beginning = beginningOf(memory, recordBytesMax)
      const rejection = tooLarge(this.#out.length, recordBytesMax, beginning.length, `${file.partition}@${this.offset}`)
      return this.#batch(beginning, 1, Int32Array.of(0), Int32Array.of(beginning.length), () => {}, [rejection])
    }
  }
}

async function bufferOf(handle: FileHandle, file: SourceFile): Promise<AsyncBuffer> {
  const { size } = await failing('reading', file.path, 'SLUICE_SOURCE_FAILED', () => handle.stat())
  async function read(start: number, end: number): Promise<ArrayBuffer> {
    if (!(start >= 0 && start <= end && end <= size)) throw damaged(file, `it names bytes ${start} to ${end} and has ${size}`)
    const buffer = new ArrayBuffer(end - start)
    for (let at = 0; at < buffer.byteLength;) {
      const { bytesRead } = await failing('reading', file.path, 'SLUICE_SOURCE_FAILED', () => handle.read(new Uint8Array(buffer), at, buffer.byteLength - at, start + at))
      if (bytesRead === 0) throw new SluiceError('SLUICE_FILE_SHRUNK', `'${file.path}' has become shorter while it was read`, { at: file.path })
      at += bytesRead
    }
    return buffer
  }
  return {
    byteLength: size,
    slice(start, end = size) {
      const slice = read(start, end)
      slice.catch(() => {})            // the library leaves some of its reads alone when another one failed
      return slice
    },
  }
}

const damaged = (file: SourceFile, how: string, cause?: unknown): SluiceError =>
  new SluiceError('SLUICE_FILE_FORMAT', `'${file.path}' cannot be read as Parquet: ${how}`, { at: file.path, why: 'the file is damaged or truncated, or uses what is not supported', fix: 'copy it again, or write it anew', cause })
/** The library throws plain errors at whatever it does not understand. */
async function decoding<T>(file: SourceFile, work: () => Promise<T>): Promise<T> {
  try { return await work() } catch (cause) {
    throw cause instanceof SluiceError ? cause : damaged(file, cause instanceof Error ? cause.message : String(cause), cause)
  }
}
