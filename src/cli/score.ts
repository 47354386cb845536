import { open } from 'node:fs/promises'
import { didYouMean } from '../codecs/paths.ts'
import { fileError } from '../connect/file/errors.ts'
import { openFileSource } from '../connect/file/source.ts'
import { formatOf } from '../connect/file/options.ts'
import type { FileFormat } from '../connect/file/options.ts'
import { SluiceError } from '../core/index.ts'
import type { Context, ReadOptions, RecordBatch, Source, Tensor } from '../core/index.ts'
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
export interface Scorer {
  readonly model: Version
  /** As far as they are asked for: nothing is read ahead. */
  answers(source: Source): AsyncGenerator<Answers>
  close(): Promise<void>
}

const { signal } = new AbortController()
export const context: Context = {
  executor: 0, executors: 1, clock: systemClock, signal,
  log: { write: (level, text) => { if (level === 'error' || level === 'warn') process.stderr.write(`${text}\n`) } },
  metrics: { count() {}, gauge() {}, observe() {} }, arena: { reserve: () => undefined },
}
const owner = { assigned: () => {}, revoked: async () => {}, lost: () => {} }

/** A model that answers for records whose values are named as its inputs. */
export async function openScorer(path: string, options: ReadOptions): Promise<Scorer> {
  const model = await embedded({ ...options, model: path, watch: false }, context)
  const serving = model.take()
  const predictor = serving.predictors[0]!
  const extractor = columns().for(predictor.signature)

  async function score(batch: RecordBatch): Promise<Answers> {
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
    async *answers(source) {
      let header: RecordBatch['columns']
      for await (const batch of source.read(owner, signal)) {
        try {
          const renamed = batch.columns === undefined ? undefined : byPosition(batch.columns, model.version)
          if (renamed === undefined && batch.columns !== undefined && batch.columns !== header) checkColumns(header = batch.columns, model.version, batch.partition)
          if (batch.rows > 0) yield await score(renamed === undefined ? batch : { ...batch, columns: renamed })
        } finally { batch.release() }
      }
    },
    async close() {
      serving.release()
      await model.close()
    },
  }
}

/** The model's own names for the columns of a table, where its file has none and the table has as many columns under other names. */
function byPosition(header: readonly string[], { model: { signature: { inputs: [input] } } }: Version): readonly string[] | undefined {
  if (input?.unnamed !== true || input.columns?.length !== header.length || input.columns.some(({ name }) => header.includes(name))) return undefined
  return input.columns.map(({ name }) => name)
}

/** A column that is not there is told once, not for every row. */
function checkColumns(header: readonly string[], { model: { signature } }: Version, partition: string): void {
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
export async function openInput(path: string, format: FileFormat | undefined): Promise<Source> {
  if (path !== '-') return openFileSource({ path, format: format ?? formatOf(path) ?? formatBy(await beginningOf(path)) }, context)
  const { openStdinSource } = await import('../connect/stdio/index.ts')
  const known = format ?? formatBy(await peek())
  if (known === 'parquet') throw new SluiceError('SLUICE_FILE_FORMAT', 'Parquet cannot be read from the standard input', { why: 'its directory is at its end', fix: 'name the file' })
  return openStdinSource({ format: known }, context)
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
