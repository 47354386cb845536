import type { Records, Region, Slices } from '../../../core/index.ts'
import type { Kernels } from '../../../kernels/host.ts'
import { COMPRESSIONS, compress } from './compression.ts'
import type { Compression } from './compression.ts'
import { crc32c } from '../../../kernels/crc.ts'
import type { Stage } from './stage.ts'

const HEAD = 61

/** Whose batch it is. Id, epoch and sequence -1: nobody's, it may land twice. */
export interface Stamp {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Of the batch's first record. */
  readonly baseSequence: number
  readonly transactional: boolean
}

/** Blocks of writers that nobody holds any more: a batch that was given up may still be on its way to the kernel of the machine, and holds its writer. */
const forgotten = new FinalizationRegistry<{ region: Region | undefined }>(({ region }) => region?.release())
const writers = new WeakMap<Buffer, BatchWriter>()

/** Writes one record batch after the other (its layout stands in records.ts), in memory of its own that grows and is used again: in that of the kernels, which
    then do the work, if there are any. What is appended is copied at once. */
export class BatchWriter {
  readonly #compression: Compression
  readonly #kernels: Kernels | undefined
  readonly #held: { region: Region | undefined } = { region: undefined }
  #memory: Buffer
  #length = HEAD
  #rows = 0
  #baseMs = 0
  #maxMs = -1

  constructor(compression: Compression, bytes = 16_384, kernels?: Kernels) {
    this.#compression = compression
    this.#kernels = kernels
    this.#memory = this.#take(Math.max(bytes, HEAD + 64))
    if (kernels !== undefined) forgotten.register(this, this.#held)
  }

  get rows(): number { return this.#rows }
  /** Bytes of the batch so far, before compression. */
  get length(): number { return this.#length }

  /** By how much `append` would lengthen the batch, at most. */
  bytesOf(records: Records, row: number): number {
    return MORE + sizeOf(records.keys, row) + sizeOf(records.values, row) + (records.headers === undefined ? 0 : sizeOf(records.headers, row))
  }

  /** One record: key, value, headers and time of a row. A time that is no number or before 1970 is written as not known. */
  append(records: Records, row: number): void {
    const { bytes, keys, values, headers, timesMs } = records
    const since = this.#time(timesMs[row]!) - this.#baseMs
    const keyAt = keys.start[row]!, keyEnd = keys.end[row]!
    const valueAt = values.start[row]!, valueEnd = values.end[row]!
    const headersAt = headers === undefined ? -1 : headers.start[row]!, headersEnd = headers === undefined ? -1 : headers.end[row]!
    const keyBytes = keyAt < 0 ? 0 : keyEnd - keyAt, valueBytes = valueAt < 0 ? 0 : valueEnd - valueAt
    const length = 1 + varlongBytes(since) + varintBytes(this.#rows)
      + (keyAt < 0 ? 1 : varintBytes(keyBytes)) + keyBytes + (valueAt < 0 ? 1 : varintBytes(valueBytes)) + valueBytes
      + (headersAt < 0 ? 1 : headersEnd - headersAt)
    this.#reserve(length + 5)

    const memory = this.#memory
    let to = putVarint(memory, this.#length, length)
    memory[to++] = 0
    to = putVarlong(memory, to, since)
    to = putVarint(memory, to, this.#rows)
    to = putVarint(memory, to, keyAt < 0 ? -1 : keyBytes)
    if (keyAt >= 0) to = copy(bytes, keyAt, keyEnd, memory, to)
    to = putVarint(memory, to, valueAt < 0 ? -1 : valueBytes)
    if (valueAt >= 0) to = copy(bytes, valueAt, valueEnd, memory, to)
    if (headersAt < 0) memory[to++] = 0
    else to = copy(bytes, headersAt, headersEnd, memory, to)
    this.#length = to
    this.#rows++
  }
  /** So many of the rows that are taken from a stage, which was loaded from row `from` on; together they hold so many bytes. */
  appendStaged(stage: Stage, records: Records, from: number, first: number, count: number, bytes: number): void {
    this.#reserve(bytes + count * MORE + PADDING)
    const memory = this.#memory, { taken } = stage
    if (this.#held.region === undefined) { for (let i = first; i < first + count; i++) this.append(records, from + taken[i]!); return }
    this.#time(records.timesMs[from + taken[first]!]!)
    this.#length = stage.append(first, count, memory.byteOffset + this.#length, this.#rows, this.#baseMs) - memory.byteOffset
    this.#maxMs = Math.max(this.#maxMs, stage.maxMs)
    this.#rows += count
  }
  /** As it is written. */
  #time(time: number): number {
    const timeMs = time >= 0 && time <= Number.MAX_SAFE_INTEGER ? Math.floor(time) : -1
    if (this.#rows === 0) this.#baseMs = timeMs
    if (timeMs > this.#maxMs) this.#maxMs = timeMs
    return timeMs
  }
  appendRange(records: Records, from: number, to: number): void { for (let row = from; row < to; row++) this.append(records, row) }
  appendRows(records: Records, rows: Int32Array): void { for (let i = 0; i < rows.length; i++) this.append(records, rows[i]!) }

  /** The whole batch; nothing is appended to it any more. The view is good until `reset`. */
  finish(stamp: Stamp): Buffer {
    const compression = this.#compression
    if (this.#rows === 0) throw new TypeError('a batch holds a record at least')
    let batch: Buffer
    if (compression === 'none') batch = this.#memory.subarray(0, this.#length)
    else {
      const content = compress(this.#memory.subarray(HEAD, this.#length), compression)
      batch = Buffer.allocUnsafeSlow(HEAD + content.length)
      batch.set(content, HEAD)
    }
    batch.fill(0, 0, HEAD)
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt32BE(-1, 12)                       // leader epoch: the leader writes it
    batch[16] = 2
    batch[22] = COMPRESSIONS.indexOf(compression)
    batch.writeInt32BE(this.#rows - 1, 23)
    batch.writeBigInt64BE(BigInt(this.#baseMs), 27)
    batch.writeBigInt64BE(BigInt(this.#maxMs), 35)
    batch.writeInt32BE(this.#rows, 57)
    writers.set(batch, this)
    this.stamp(batch, stamp)
    return batch
  }

  /** Gives the finished batch another stamp, in place: to send it again under a newer epoch. */
  stamp(batch: Buffer, stamp: Stamp): void {
    const run = batch.buffer === this.#kernels?.memory.buffer ? this.#kernels.run : undefined
    stampBatch(batch, stamp, run === undefined ? crc32c : ({ byteOffset }, start, end) => run.crc32c(byteOffset + start, end - start) >>> 0)
  }

  /** Begins the next batch, in the same memory: the one before must not be on its way any more. */
  reset(): void {
    this.#length = HEAD
    this.#rows = 0
    this.#maxMs = -1
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#memory.length) return
    const { region } = this.#held, grown = this.#take(Math.max(needed, this.#memory.length * 2))
    grown.set(this.#memory.subarray(0, this.#length))
    this.#memory = grown
    region?.release()
  }

  #take(bytes: number): Buffer {
    const region = this.#held.region = this.#kernels?.block(bytes)
    return region === undefined ? Buffer.allocUnsafeSlow(bytes) : Buffer.from(region.bytes.buffer as ArrayBuffer, region.bytes.byteOffset, bytes)
  }
}

/** Gives a finished batch another stamp, in place. */
export function stampBatch(batch: Buffer, { producerId, producerEpoch, baseSequence, transactional }: Stamp, checksum: (bytes: Buffer, start: number, end: number) => number = crc32c): void {
  batch[22] = batch[22]! & ~16 | (transactional ? 16 : 0)
  batch.writeBigInt64BE(producerId, 43)
  batch.writeInt16BE(producerEpoch, 51)
  batch.writeInt32BE(baseSequence, 53)
  batch.writeUInt32BE(checksum(batch, 21, batch.length), 17)
}

/** Kernels write over the end of what they are given. */
const PADDING = 64
/** Length, attributes, time, number, two lengths, count of headers. */
const MORE = 5 + 1 + 10 + 5 + 5 + 5 + 1
const sizeOf = ({ start, end }: Slices, row: number): number => start[row]! < 0 ? 0 : end[row]! - start[row]!

function copy(from: Uint8Array, start: number, end: number, into: Buffer, to: number): number {
  // set(subarray) costs an object
  if (end - start < 40) while (start < end) into[to++] = from[start++]!
  else { into.set(from.subarray(start, end), to); to += end - start }
  return to
}

/** Zig-zag varints. Lengths and row numbers are below 2^30. */
const varintBytes = (value: number): number => value < 64 ? 1 : value < 8192 ? 2 : value < 1_048_576 ? 3 : value < 134_217_728 ? 4 : 5
function putVarint(into: Uint8Array, to: number, value: number): number {
  let rest = (value << 1 ^ value >> 31) >>> 0
  for (; rest > 127; rest >>>= 7) into[to++] = rest & 127 | 128
  into[to++] = rest
  return to
}
const SMALL = 1_073_741_824
function varlongBytes(value: number): number {
  let bytes = 1
  for (let rest = value < 0 ? -value - 0.5 : value; rest >= 64; rest /= 128) bytes++
  return bytes
}
function putVarlong(into: Uint8Array, to: number, value: number): number {
  if (value < SMALL && value >= -SMALL) return putVarint(into, to, value)
  let rest = value < 0 ? (-BigInt(value) << 1n) - 1n : BigInt(value) << 1n
  for (; rest > 127n; rest >>= 7n) into[to++] = Number(rest & 127n) | 128
  into[to++] = Number(rest)
  return to
}
