import { open } from 'node:fs/promises'
import { didYouMean } from '../codecs/paths.ts'
import { fileError } from '../connect/file/errors.ts'
import { filesOf } from '../connect/file/files.ts'
import { parquetColumns } from '../connect/file/parquet.ts'
import { openFileSource } from '../connect/file/source.ts'
import { formatOf } from '../connect/file/options.ts'
import type { FileFormat } from '../connect/file/options.ts'
import { SluiceError } from '../core/index.ts'
import type { Context, Extractor, ReadOptions, RecordBatch, Signature, Source, Tensor } from '../core/index.ts'
import { columns } from '../features/columns.ts'
import { systemClock } from '../flow/clock.ts'
import { embedded } from '../strategies/embedded/index.ts'
import type { Version } from '../strategies/embedded/index.ts'

/** The answers for some rows, in order. at[i]: the row of the outputs, -1: it has none, but an error. */
export interface Answers {
  readonly rows: number
  readonly at: Int32Array
  readonly outputs: ReadonlyMap<string, Tensor>
  readonly errors: ReadonlyMap<number, SluiceError>
}
/** Rows to score; columns: of a file whose rows are objects, in its order. */
export interface Input { readonly source: Source; readonly columns?: readonly string[] }
export interface Scorer {
  readonly model: Version
  /** As far as they are asked for: nothing is read ahead. */
  answers(input: Input): AsyncGenerator<Answers>
  close(): Promise<void>
}

const { signal } = new AbortController()
export const context: Context = {
  executor: 0, executors: 1, clock: systemClock, signal,
  log: { write: (level, text) => { if (level === 'error' || level === 'warn') process.stderr.write(`${text}\n`) } },
  metrics: { count() {}, gauge() {}, observe() {} }, arena: { reserve: () => undefined },
}
const owner = { assigned: () => {}, revoked: async () => {}, lost: () => {} }

/** A model that answers for records whose values are named as its inputs. A table is taken by position where the model's file has no names. */
export async function openScorer(path: string, options: ReadOptions): Promise<Scorer> {
  const model = await embedded({ ...options, model: path, watch: false }, context)
  const serving = model.take()
  const predictor = serving.predictors[0]!

  async function score(batch: RecordBatch, extractor: Extractor): Promise<Answers> {
    const extracted = extractor.extract(batch, Int32Array.from({ length: batch.rows }, (_, row) => row))
    try {
      const predicted = await predictor.predict(extracted.features, undefined, signal)
      const at = new Int32Array(batch.rows).fill(-1)
      const errors = new Map([...batch.rejected ?? [], ...extracted.rejected].map(({ row, error }) => [row, error]))
      extracted.rows.forEach((row, i) => { at[row] = i })
      for (const { row, error } of predicted.rejected) {
        at[extracted.rows[row]!] = -1
        errors.set(extracted.rows[row]!, error)
      }
      return { rows: batch.rows, at, outputs: predicted.outputs.tensors, errors }
    } finally { extracted.features.release() }
  }
  return {
    model: model.version,
    async *answers({ source, columns: named }) {
      let header: readonly string[] | undefined, extractor: Extractor | undefined
      for await (const batch of source.read(owner, signal)) {
        try {
          const columnsNow = batch.columns ?? named
          if (extractor === undefined || columnsNow !== header) extractor = columns().for(signatureFor(header = columnsNow, predictor.signature, batch.partition))
          if (batch.rows > 0) yield await score(batch, extractor)
        } finally { batch.release() }
      }
    },
    async close() {
      serving.release()
      await model.close()
    },
  }
}

/** With the table's names for its columns where the model's file has none. @throws SLUICE_FEATURE_MISSING a column is not there */
function signatureFor(header: readonly string[] | undefined, signature: Signature, partition: string): Signature {
  const [input] = signature.inputs, own = input?.unnamed === true && signature.inputs.length === 1 ? input.columns : undefined
  if (header === undefined) return signature
  if (own === undefined || own.every(({ name }) => header.includes(name))) {
    checkColumns(header, signature, partition)
    return signature
  }
  if (own.length !== header.length) {
    throw new SluiceError('SLUICE_FEATURE_MISSING', `the model takes ${own.length} columns by their order, and the table has ${header.length}`, {
      at: partition, why: 'the model file has no names for its inputs', fix: `leave out what is no input, or name the inputs in the header: ${own.slice(0, 3).map(({ name }) => name).join(', ')}${own.length > 3 ? ', ...' : ''}`,
    })
  }
  return { ...signature, inputs: [{ ...input!, columns: own.map((column, i) => ({ ...column, name: header[i]! })) }] }
}

/** A column that is not there is told once, not for every row. */
function checkColumns(header: readonly string[], signature: Signature, partition: string): void {
  const wanted = signature.inputs.flatMap(({ name, columns: inputs }) => inputs?.map((column) => column.name) ?? [name])
  const missing = wanted.filter((name) => !header.includes(name))
  if (missing.length === 0) return
  const spare = header.filter((name) => !wanted.includes(name))
  const named = missing.slice(0, 5).map((name) => {
    const meant = didYouMean(name, spare)
    return meant === undefined ? `'${name}'` : `'${name}' (there is '${meant}')`
  })
  throw new SluiceError('SLUICE_FEATURE_MISSING', `there is no column ${named.join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} others` : ''}`, {
    at: partition, why: 'each input of the model is a column of the same name; their order does not matter', fix: '`sluice inspect MODEL` lists the inputs; correct the header',
  })
}

/** A file, or '-' for the standard input, as rows to score. */
export async function openInput(path: string, format: FileFormat | undefined): Promise<Input> {
  if (path !== '-') {
    const known = format ?? formatOf(path) ?? formatBy(await beginningOf(path)), source = await openFileSource({ path, format: known }, context)
    return known === 'parquet' ? { source, columns: await parquetColumns((await filesOf({ path, format: known }))[0]!) } : { source }
  }
  const { openStdinSource } = await import('../connect/stdio/index.ts')
  const known = format ?? formatBy(await peek())
  if (known === 'parquet') throw new SluiceError('SLUICE_FILE_FORMAT', 'Parquet cannot be read from the standard input', { why: 'its directory is at its end', fix: 'name the file' })
  return { source: await openStdinSource({ format: known }, context) }
}

/** JSON begins with a brace, or a bracket if records are lists, Parquet with its mark; everything else is taken for CSV. */
function formatBy(beginning: Buffer): FileFormat {
  if (beginning.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet'
  return beginning.toString().replace(/^\uFEFF/, '').trimStart().search(/[{[]/) === 0 ? 'ndjson' : 'csv'
}
async function beginningOf(path: string): Promise<Buffer> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return buffer.subarray(0, bytesRead)
  } catch (error) { throw fileError(error, 'opening', path, 'SLUICE_SOURCE_FAILED') }
}
/** What comes first, without taking it. */
async function peek(): Promise<Buffer> {
  const { stdin } = process
  for (;;) {
    const read = stdin.read() as Buffer | null
    if (read !== null) {
      stdin.unshift(read)
      return read
    }
    if (stdin.readableEnded) return Buffer.alloc(0)
    await new Promise<void>((resolve) => { stdin.once('readable', resolve).once('end', resolve) })
  }
}
