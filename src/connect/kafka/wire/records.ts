import { SluiceError } from '../../../core/index.ts'
import type { Slices } from '../../../core/index.ts'
import type { AbortedFilter } from './aborted.ts'
import { COMPRESSIONS, decompress } from './compression.ts'
import { crc32c } from '../../../kernels/crc.ts'
import { RECORD_BYTES_MIN, walkPayload } from './payload.ts'
import type { Columns } from './payload.ts'

export interface WalkOptions {
  /** topic/3, for errors. */
  readonly partition: string
  /** Records before this offset are passed by: a broker sends whole batches, the first may begin earlier. */
  readonly from: number
  /** Of the fetch answer that is walked; absent: all records count (read_uncommitted). */
  readonly aborted?: AbortedFilter | undefined
  /** Compares the checksum of each batch. */
  readonly checkCrcs?: boolean
  /** Goes on with further batches only while what they hold, decompressed, fits; the first is walked whatever its size. Default: no limit. */
  readonly bytesMax?: number
  /** The same for the number of records. */
  readonly rowsMax?: number
  /** A batch that is larger when decompressed counts as damaged. Default 128 MiB. */
  readonly decompressedMax?: number
  /** Where what the records hold is to lie, and behind it their columns: called at most once, with the bytes needed (more may be given), for a place at a multiple
      of 8. Absent: in the bytes that are walked, or, if one of the batches is compressed, in memory of its own. */
  readonly memory?: ((bytes: number) => Uint8Array) | undefined
}

/** Records in columns; what is in `bytes` besides them means nothing. */
export interface Walked {
  readonly rows: number
  readonly bytes: Uint8Array
  readonly keys: Slices
  readonly values: Slices
  /** Absent: no record has any. Null in rows that have none. The layout is that of `encodeHeaders`. */
  readonly headers?: Slices
  readonly offsets: Float64Array
  /** -1: the producer did not say. */
  readonly timesMs: Float64Array
  /** The offset after the last batch that was walked, also if nothing of it is delivered; `from` if there was none. */
  readonly next: number
  /** Where to walk on in the bytes; `start` if there is no whole batch. */
  readonly end: number
}

/** Record batches as they stand in bytes[start, end). An incomplete batch at the end is left. Control batches and those of aborted transactions deliver
    nothing, but move the position. What stands before a damaged batch is delivered first; the walk that begins at it throws. Nothing outside is read.
    @throws SLUICE_BATCH_CORRUPT, SLUICE_COMPRESSION_UNKNOWN, SLUICE_BROKER_UNSUPPORTED (a batch as they were before Kafka 0.11) */
export function walkRecords(bytes: Uint8Array, start: number, end: number, options: WalkOptions): Walked {
  const { from, aborted, bytesMax = Infinity, rowsMax = Infinity } = options
  const held: Held[] = []
  let at = start, next = from, rows = 0, size = 0, compressed = 0, inflated = 0
  try {
    for (let last = -1; ;) {
      const batch = readHead(bytes, at, end, next, options)
      if (batch === undefined) break
      if (batch.baseOffset <= last) throw corrupt(options, next, 'its offsets go back')
      last = batch.lastOffset
      if (last >= from) {
        if (batch.control) mark(bytes, batch, next, options)
        else if (aborted === undefined || !batch.transactional || !aborted.drops(batch.producerId, last)) {
          // what is decompressed and then does not fit would be decompressed twice
          if (held.length > 0 && (size + batch.end - batch.start > bytesMax || rows + batch.count > rowsMax)) break
          if (held.length > 0 && batch.codec !== 0 && size + (batch.end - batch.start) * (compressed === 0 ? 4 : inflated / compressed) > bytesMax) break
          const content = batch.codec === 0 ? undefined : inflate(bytes, batch, next, options)
          const length = content?.length ?? batch.end - batch.start
          if (held.length > 0 && size + length > bytesMax) break
          if (batch.count < 0 || batch.count * RECORD_BYTES_MIN > length) throw corrupt(options, next, `it cannot hold ${batch.count} records`)
          if (content !== undefined) { compressed += batch.end - batch.start; inflated += length }
          held.push({ batch, content, next })
          rows += batch.count
          size += length
        }
      }
      at = batch.end
      next = Math.max(next, last + 1)
    }
  } catch (error) {
    if (at === start) throw error
  }

  const room = size === 0 ? undefined : options.memory?.(Math.ceil(size / 8) * 8 + rows * ROW_BYTES)
  const target = room?.subarray(0, size) ?? (inflated === 0 ? bytes : held.length === 1 ? held[0]!.content! : new Uint8Array(size))
  const columns = room === undefined ? columnsOf(rows, new ArrayBuffer(rows * ROW_BYTES), 0) : columnsOf(rows, room.buffer, room.byteOffset + Math.ceil(size / 8) * 8)
  let row = 0, filled = 0
  for (const { batch, content, next: before } of held) {
    const length = content?.length ?? batch.end - batch.start
    let begin = filled
    if (target === bytes) begin = batch.start
    else if (target !== content) target.set(content ?? bytes.subarray(batch.start, batch.end), filled)
    filled += length
    const after = walkPayload(target, begin, begin + length, batch.count, batch.baseOffset, batch.lastOffset - batch.baseOffset, batch.baseTimeMs, from, columns, row)
    if (after < 0) {
      if (batch.at === start) throw corrupt(options, before, -1 - after < batch.count ? `record ${-1 - after} of ${batch.count} is broken` : 'more follows after its last record')
      at = batch.at
      next = before
      break
    }
    if (batch.appendTime) columns.timesMs.fill(batch.maxTimeMs, row, after)
    row = after
  }
  return { ...resultOf(columns, row), bytes: target, next, end: at }
}

/** A batch that delivers; `next` is the position before it. */
interface Held { readonly batch: Head; readonly content: Uint8Array | undefined; readonly next: number }

// RecordBatch => baseOffset: int64 (0), batchLength: int32 (8), partitionLeaderEpoch: int32 (12), magic: int8 (16), crc: uint32 (17), attributes: int16 (21),
//   lastOffsetDelta: int32 (23), baseTimestamp: int64 (27), maxTimestamp: int64 (35), producerId: int64 (43), producerEpoch: int16 (51),
//   baseSequence: int32 (53), recordsCount: int32 (57), records (61)
interface Head {
  readonly at: number
  /** Of what it holds. */
  readonly start: number
  readonly end: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly codec: number
  readonly appendTime: boolean
  readonly transactional: boolean
  readonly control: boolean
  readonly baseTimeMs: number
  readonly maxTimeMs: number
  readonly producerId: number
  readonly count: number
}

/** undefined: it is not there as a whole. */
function readHead(bytes: Uint8Array, at: number, end: number, next: number, options: WalkOptions): Head | undefined {
  if (end - at < 17) return undefined
  const length = int32(bytes, at + 8)
  const magic = bytes[at + 16]!
  if (magic < 2 && length >= 14) throw new SluiceError('SLUICE_BROKER_UNSUPPORTED', `${options.partition} holds messages of format ${magic}`,
    { at: `${options.partition}@${next}`, why: 'they were written before Kafka 0.11, and brokers from 4.0 on do not have them any more', fix: 'copy the topic with a client of that time' })
  if (magic !== 2 || length < 49) throw corrupt(options, next, magic === 2 ? `its length is ${length}` : `its format is ${magic}`)
  if (length > end - at - 12) return undefined
  if (options.checkCrcs === true && crc32c(bytes, at + 21, at + 12 + length) !== int32(bytes, at + 17) >>> 0) throw corrupt(options, next, 'its checksum does not fit')
  const attributes = bytes[at + 21]! << 8 | bytes[at + 22]!
  const baseOffset = int64(bytes, at)
  const lastOffset = baseOffset + int32(bytes, at + 23)
  if (baseOffset < 0 || lastOffset < baseOffset || !Number.isSafeInteger(lastOffset)) throw corrupt(options, next, `its offsets are ${baseOffset} to ${lastOffset}`)
  return {
    at, start: at + 61, end: at + 12 + length, baseOffset, lastOffset, codec: attributes & 7, appendTime: (attributes & 8) !== 0, transactional: (attributes & 16) !== 0,
    control: (attributes & 32) !== 0, baseTimeMs: int64(bytes, at + 27), maxTimeMs: int64(bytes, at + 35), producerId: int64(bytes, at + 43), count: int32(bytes, at + 57),
  }
}

/** A control batch holds one record, whose key is version: int16, type: int16. Type 0: the transaction of this producer was aborted. */
function mark(bytes: Uint8Array, batch: Head, next: number, options: WalkOptions): void {
  if (options.aborted === undefined) return
  const content = batch.codec === 0 ? bytes : inflate(bytes, batch, next, options)
  const [start, end] = content === bytes ? [batch.start, batch.end] : [0, content.length]
  const columns = columnsOf(1, new ArrayBuffer(ROW_BYTES), 0)
  if (batch.count !== 1 || walkPayload(content, start, end, 1, batch.baseOffset, batch.lastOffset - batch.baseOffset, 0, 0, columns, 0) !== 1) throw corrupt(options, next, 'it is a marker of another kind')
  const key = columns.keyStart[0]!
  if (columns.keyEnd[0]! - key < 4) throw corrupt(options, next, 'it is a marker without a type')
  if (content[key + 2] === 0 && content[key + 3] === 0) options.aborted.ended(batch.producerId, batch.lastOffset)
}

function inflate(bytes: Uint8Array, { codec, start, end }: Head, next: number, options: WalkOptions): Uint8Array {
  const compression = COMPRESSIONS[codec]
  if (compression === undefined) throw new SluiceError('SLUICE_COMPRESSION_UNKNOWN', `${options.partition}: a batch is compressed by codec ${codec}`, { at: `${options.partition}@${next}` })
  try {
    return decompress(bytes.subarray(start, end), compression, options.decompressedMax ?? 134_217_728)
  } catch (cause) {
    throw corrupt(options, next, `${compression} cannot be decompressed: ${(cause as Error).message}`, cause)
  }
}

const corrupt = ({ partition }: WalkOptions, next: number, what: string, cause?: unknown): SluiceError =>
  new SluiceError('SLUICE_BATCH_CORRUPT', `${partition}: the batch at offset ${next} is damaged: ${what}`, { at: `${partition}@${next}`, cause })

const int32 = (bytes: Uint8Array, at: number): number => bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!
/** Exact up to 2^53. */
const int64 = (bytes: Uint8Array, at: number): number => int32(bytes, at) * 2 ** 32 + (int32(bytes, at + 4) >>> 0)

const ROW_BYTES = 40
export function columnsOf(rows: number, memory: ArrayBufferLike, at: number): Columns {
  const int32s = (i: number) => new Int32Array(memory, at + rows * (16 + i * 4), rows)
  return {
    offsets: new Float64Array(memory, at, rows), timesMs: new Float64Array(memory, at + rows * 8, rows),
    keyStart: int32s(0), keyEnd: int32s(1), valueStart: int32s(2), valueEnd: int32s(3), headersStart: int32s(4), headersEnd: int32s(5),
  }
}

/** hasHeaders: where it is known. */
export function resultOf(columns: Columns, rows: number, hasHeaders?: boolean): Pick<Walked, 'rows' | 'keys' | 'values' | 'headers' | 'offsets' | 'timesMs'> {
  const cut = <T extends Int32Array | Float64Array>(column: T): T => column.length === rows ? column : column.subarray(0, rows) as T
  const slices = (start: Int32Array, end: Int32Array): Slices => ({ start: cut(start), end: cut(end) })
  return {
    rows, keys: slices(columns.keyStart, columns.keyEnd), values: slices(columns.valueStart, columns.valueEnd), offsets: cut(columns.offsets), timesMs: cut(columns.timesMs),
    ...(hasHeaders ?? cut(columns.headersStart).some(start => start >= 0) ? { headers: slices(columns.headersStart, columns.headersEnd) } : {}),
  }
}
