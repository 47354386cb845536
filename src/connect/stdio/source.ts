import type { Readable } from 'node:stream'
import { SluiceError } from '../../core/index.ts'
import type { Context, Ownership, RecordBatch, Rejection, Source } from '../../core/index.ts'
import { frame, headerCells } from '../framing.ts'
import { beginningOf, textBatch, tooLarge } from '../textbatch.ts'
import type { StdinOptions } from './options.ts'

const PARTITION = 'stdin'
const LINE_FEED = 10
const BOM = Buffer.of(0xef, 0xbb, 0xbf)
const NOTHING = Buffer.alloc(0)

/** Reads records from the standard input, or another stream, as they come: a batch is what has arrived, so quiet input holds nothing back.
    Offsets count bytes. A stream cannot be read twice: a pipeline that has to read uncommitted records again stops with an error. */
export async function openStdinSource(options: StdinOptions, context: Context, stream: Readable = process.stdin): Promise<Source> {
  const { format = 'ndjson', batchBytes = 262_144, batchRows = 4096, recordBytesMax = 16_777_216 } = options
  const framing = format === 'csv' ? 'csv' : 'lines'
  const found = { start: new Int32Array(batchRows), end: new Int32Array(batchRows) }
  let columns: readonly string[] | undefined
  let pending: Buffer = NOTHING        // arrived, not yet in a batch
  let more: Buffer[] = []              // arrived behind it, without a line break
  let moreBytes = 0
  let offset = 0                       // of pending[0]
  let handed = 0                       // `next` of the last batch
  let committed = 0
  let ended = false
  let passing: { readonly at: number; readonly beginning: Buffer } | undefined

  function take(bytes: number): Buffer {
    const taken = pending.subarray(0, bytes)
    pending = pending.subarray(bytes)
    offset += bytes
    return taken
  }
  function arrive(chunk: Buffer): void {
    more.push(chunk)
    moreBytes += chunk.length
    // only then can a record have ended
    if (chunk.indexOf(LINE_FEED) >= 0) join()
  }
  function join(): void {
    if (more.length > 0) pending = pending.length === 0 && more.length === 1 ? more[0]! : Buffer.concat([pending, ...more])
    more = []
    moreBytes = 0
  }

  /** undefined: more has to come first. */
  function make(): RecordBatch | undefined {
    if (offset === 0 && pending.length > 0 && pending[0] === BOM[0]) {
      if (pending.length < BOM.length && !ended) return undefined
      if (pending.subarray(0, 3).equals(BOM)) take(3)
    }
    const batch = rowsOf(Math.min(pending.length, batchBytes)) ?? (pending.length > batchBytes ? rowsOf(pending.length, 1) : undefined)
    return batch ?? (pending.length > recordBytesMax ? broken() : undefined)
  }
  function rowsOf(end: number, rowsMax = batchRows): RecordBatch | undefined {
    const isCsvStart = format === 'csv' && columns === undefined
    const { rows, next } = frame(pending, 0, end, ended && end === pending.length, framing, isCsvStart ? 1 : rowsMax, found)
    if (next === 0 || (rows === 1 && found.end[0]! - found.start[0]! > recordBytesMax)) return undefined
    const at = offset
    const bytes = take(next)
    if (isCsvStart) {
      if (rows === 1) columns = cellsOf(bytes.toString('utf8', found.start[0], found.end[0]))
      return batch(NOTHING, 0, at)
    }
    return batch(bytes, rows, at)
  }
  function batch(bytes: Buffer, rows: number, at: number, rejected: readonly Rejection[] = []): RecordBatch {
    const from = handed
    handed = offset
    return textBatch({
      partition: PARTITION, bytes, at, start: found.start.slice(0, rows), end: found.end.slice(0, rows), from, next: handed, nowMs: context.clock.nowMs(),
      columns, envelopes: format === 'records', release() {},
    }, rejected)
  }
  /** In CSV a quote may stand open: then the first line is the record, and breaks alone. */
  function broken(): RecordBatch | undefined {
    const feed = framing === 'csv' ? pending.indexOf(LINE_FEED) : -1
    if (feed < 0) return undefined
    const at = offset
    const bytes = take(feed + 1)
    return batch(bytes, frame(bytes, 0, bytes.length, true, 'lines', 1, found).rows, at)
  }

  /** The record that begins at `offset` is larger than may be held: it is passed by as it comes. */
  function pass(): RecordBatch | undefined {
    join()
    passing ??= { at: offset, beginning: beginningOf(pending, recordBytesMax) }
    const feed = pending.indexOf(LINE_FEED)
    take(feed < 0 ? pending.length : feed + 1)
    if (feed < 0 && !ended) return undefined
    const { at, beginning } = passing
    passing = undefined
    found.start[0] = 0
    found.end[0] = beginning.length
    return batch(beginning, 1, at, [tooLarge(offset - at, recordBytesMax, beginning.length, `${PARTITION}@${at}`)])
  }

  return {
    name: PARTITION,
    batchBytesMax: Math.max(batchBytes, recordBytesMax),
    async *read(owner: Ownership, signal: AbortSignal): AsyncGenerator<RecordBatch> {
      owner.assigned([{ partition: PARTITION, offset: BigInt(committed) }])
      if (committed !== handed) throw new SluiceError('SLUICE_SOURCE_FAILED', `the standard input was read to byte ${handed} and committed to ${committed}; what is between cannot be read again`, {
        at: `${PARTITION}@${committed}`, why: 'a stream can be read only once', fix: 'write the input to a file, and use the source file: it keeps its position',
      })
      while (!signal.aborted) {
        const isPassing = passing !== undefined || pending.length + moreBytes > recordBytesMax
        const ready = passing === undefined && pending.length > 0 ? make() : undefined
        if (ready !== undefined) {
          if (ready.rows > 0) yield ready
          else handed = Number(ready.from)                // an empty line, or the header: counted with what follows
          continue
        }
        const passed = isPassing ? pass() : undefined
        if (passed !== undefined) {
          yield passed
          continue
        }
        if (ended) {
          if (offset > handed) yield batch(NOTHING, 0, offset)
          return
        }
        const chunk = await arrived(stream, signal)
        if (chunk === 'aborted') return
        if (chunk !== undefined) arrive(chunk)
        else { ended = true; join() }
      }
    },
    async commit(positions) {
      for (const position of positions) if (position.partition === PARTITION) committed = Number(position.offset)
    },
    async close() { stream.destroy() },
  }
}

function cellsOf(header: string): readonly string[] {
  const cells = headerCells(header)
  if (cells === undefined) throw new SluiceError('SLUICE_FILE_FORMAT', 'the header of the standard input is not CSV', { at: `${PARTITION}@0`, why: 'the first line names the columns, and a quote in it is not closed' })
  return cells
}

/** All that the stream has; waits until there is something. undefined: it has ended. */
async function arrived(stream: Readable, signal: AbortSignal): Promise<Buffer | 'aborted' | undefined> {
  for (;;) {
    if (signal.aborted) return 'aborted'
    if (stream.errored) throw new SluiceError('SLUICE_SOURCE_FAILED', `the standard input failed: ${stream.errored.message}`, { at: PARTITION, cause: stream.errored })
    const chunk = stream.read() as Buffer | string | null
    if (chunk !== null) return typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (stream.readableEnded || stream.destroyed) return undefined
    await new Promise<void>(resolve => {
      const done = () => {
        for (const event of EVENTS) stream.off(event, done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      for (const event of EVENTS) stream.on(event, done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
const EVENTS = ['readable', 'end', 'close', 'error'] as const
