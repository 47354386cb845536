import type { Context, Lag, Ownership, Position, RecordBatch, Source } from '../../core/index.ts'
import { filesOf } from './files.ts'
import type { SourceFile } from './files.ts'
import type { FileSourceOptions } from './options.ts'
import { openParquet, parquetRows } from './parquet.ts'
import { openPositions } from './position.ts'
import type { FileReader, ReaderSettings, Start } from './reader.ts'
import { openText } from './text.ts'
import { throttle } from './throttle.ts'

/** Reads files, one after the other; with several executors, file i belongs to executor i modulo their number.
    @throws SLUICE_FILE_MISSING, SLUICE_FILE_DENIED, SLUICE_FILE_FORMAT, SLUICE_POSITION_BROKEN */
export async function openFileSource(options: FileSourceOptions, context: Context): Promise<Source> {
  checkOptions(options)
  const settings: ReaderSettings = {
    batchBytes: options.batchBytes ?? 262_144,
    batchRows: options.batchRows ?? 4096,
    recordBytesMax: options.recordBytesMax ?? 16_777_216,
  }
  const files = (await filesOf(options)).filter((_, i) => i % context.executors === context.executor)
  const ends = new Map<string, number>()
  for (const file of files) ends.set(file.partition, await endOf(file, settings, context))
  const kept = options.position === undefined ? undefined : await openPositions(options.position, context.executor, context.executors)
  let positions: ReadonlyMap<string, bigint> = await kept?.load() ?? new Map()
  let load: (() => Promise<readonly Position[]>) | undefined
  const offsets = new Map<string, number>()          // how far each partition has been read
  let reader: FileReader | undefined

  const starts = async (): Promise<(Start & { readonly file: SourceFile })[]> => {
    if (load !== undefined) positions = new Map((await load()).map(({ partition, offset }) => [partition, offset]))
    return files.map(file => {
      const offset = positions.get(file.partition)
      return offset === undefined ? { file, offset: Math.min(options.from ?? 0, ends.get(file.partition)!), committed: false } : { file, offset: Number(offset), committed: true }
    })
  }
  const closeReader = async () => {
    const open = reader
    reader = undefined
    await open?.close()
  }

  return {
    name: 'file',
    batchBytesMax: Math.max(settings.batchBytes, settings.recordBytesMax),

    async *read(owner: Ownership, signal: AbortSignal): AsyncGenerator<RecordBatch> {
      await closeReader()
      const begin = await starts()
      for (const { file, offset } of begin) offsets.set(file.partition, offset)
      owner.assigned(begin.map(({ file, offset }) => ({ partition: file.partition, offset: BigInt(offset) })))
      const rate = throttle(options.ratePerSecond, context.clock)
      let batches = 0
      try {
        for (const start of begin) {
          const { file } = start
          if (signal.aborted) return
          reader = await (file.format === 'parquet' ? openParquet : openText)(file, start, settings, context)
          for (;;) {
            await rate.due(signal)
            const batch = signal.aborted ? undefined : await reader.next(rate.rowsMax)
            if (batch !== undefined && signal.aborted) batch.release()
            if (signal.aborted) return
            if (batch === undefined) break
            ends.set(file.partition, reader.end)
            offsets.set(file.partition, Number(batch.next))
            rate.took(batch.rows)
            batches++
            yield batch
          }
          await closeReader()
        }
        if (batches === 0 && files.length > 0) context.log.write('info', `nothing to read in ${files.map(({ partition }) => partition).join(', ')}: the position is at the end`)
      } finally {
        await closeReader()
      }
    },

    async commit(done) {
      positions = new Map([...positions, ...done.map(({ partition, offset }) => [partition, offset] as const)])
      await kept?.save(done)
    },
    keepPositions(from) { load = from },
    lag(): readonly Lag[] {
      return files.map(({ partition, format }) => {
        const left = Math.max(0, ends.get(partition)! - (offsets.get(partition) ?? Number(positions.get(partition) ?? options.from ?? 0)))
        return format === 'parquet' ? { partition, records: left } : { partition, bytes: left }
      })
    },
    close: closeReader,
  }
}

/** Also tells, before the first record, whether the file can be read. */
async function endOf(file: SourceFile, settings: ReaderSettings, context: Context): Promise<number> {
  if (file.format === 'parquet') return parquetRows(file)
  const reader = await openText(file, { offset: 0, committed: false }, settings, context)
  await reader.close()
  return reader.end
}

/** A pipeline file is checked by its schema; a program may pass anything. */
function checkOptions(options: FileSourceOptions): void {
  for (const name of ['batchBytes', 'batchRows', 'recordBytesMax'] as const) {
    const value = options[name]
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) throw new TypeError(`${name}: ${value} is not a whole number from 1`)
  }
}
