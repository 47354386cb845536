import { SluiceError } from '../../core/index.ts'
import type { Arena, RecordBatch, Region, Rejection, Slices } from '../../core/index.ts'
import { tooLarge } from '../textbatch.ts'
import type { Frame } from './frames.ts'
import type { ReadSettings } from './reading.ts'
import { AbortedFilter, walkInPlace, walkRecords } from './wire/index.ts'
import type { AbortedTransaction, Walked } from './wire/index.ts'

/** What is kept of a record that is too large. */
const BEGINNING = 65_536
const HEADER = 61
/** A model that is slow holds up heartbeats no longer than by so many records. */
const ROWS_MAX = 4096

/** What one fetch has brought of one partition: record batches as they are on the wire, unpacked only when somebody wants them. */
export class Chunk {
  /** Behind its last whole batch: what to fetch next. */
  readonly next: number
  readonly #partition: string
  readonly #data: Uint8Array
  #frame: Frame | undefined
  readonly #filter: AbortedFilter | undefined
  readonly #settings: ReadSettings
  readonly #arena: Arena
  /** Parts of a batch that was larger than any batch may be. */
  readonly #parts: RecordBatch[] = []
  #at = 0
  #end: number

  /** `data` lies in the frame, which is released when nothing of it is needed. */
  constructor(partition: string, from: number, data: Uint8Array, frame: Frame, aborted: readonly AbortedTransaction[], settings: ReadSettings, arena: Arena) {
    this.#partition = partition
    this.#data = data
    this.#settings = settings
    this.#arena = arena
    this.#filter = settings.isolation === 'read_committed' ? new AbortedFilter(aborted) : undefined
    ;[this.#end, this.next] = wholeBatches(data, from)
    if (this.#end > 0) { frame.retain(); this.#frame = frame }
  }

  /** Bytes not yet handed out. */
  get bytes(): number { return this.#end - this.#at }
  get empty(): boolean { return this.bytes === 0 && this.#parts.length === 0 }

  /** The next batch, whose `from` is given. Without any records left: undefined, or if `last` an empty one that moves the position.
      @throws SLUICE_BATCH_CORRUPT, SLUICE_COMPRESSION_UNKNOWN, SLUICE_BROKER_UNSUPPORTED */
  take(from: number, last: boolean): RecordBatch | undefined {
    const part = this.#parts.shift()
    if (part !== undefined) return part
    let next = from
    while (this.#at < this.#end) {
      const batch = this.#walk(from)
      next = batch.next
      if (batch.rows === 0) batch.release()
      else if (batch.bytes.byteLength <= Math.max(this.#settings.batchBytes, this.#settings.recordBytesMax)) return { ...batch, partition: this.#partition, from: BigInt(from), next: BigInt(next) }
      else {
        this.#parts.push(...split(batch, this.#partition, from, this.#settings))
        return this.#parts.shift()
      }
    }
    return last && next > from ? { ...NOTHING, partition: this.#partition, from: BigInt(from), next: BigInt(next) } : undefined
  }

  #walk(from: number): Walked & { release(): void } {
    const walked = this.#walkInPlace(from) ?? this.#walkCopied(from)
    if (walked.end <= this.#at) throw new SluiceError('SLUICE_BATCH_CORRUPT', `${this.#partition}: a record batch behind offset ${from} has no end`, { at: `${this.#partition}@${from}` })
    this.#at = walked.end
    if (this.#at >= this.#end) this.#leave()
    return walked
  }
  #walkInPlace(from: number): Walked & { release(): void } | undefined {
    const { checkCrcs, batchBytes } = this.#settings, frame = this.#frame!
    const found = walkInPlace(this.#data, this.#at, this.#end, { from, aborted: this.#filter, checkCrcs, bytesMax: batchBytes, rowsMax: ROWS_MAX }, this.#arena)
    if (found === undefined) return undefined
    const { walked, columns } = found
    frame.retain()
    return { ...walked, release() { columns?.release(); frame.release() } }
  }
  #walkCopied(from: number): Walked & { release(): void } {
    const { checkCrcs, batchBytes } = this.#settings
    let region: Region | undefined
    const release = () => region?.release()
    try {
      const walked = walkRecords(this.#data, this.#at, this.#end, {
        partition: this.#partition, from, aborted: this.#filter, checkCrcs, bytesMax: batchBytes, rowsMax: ROWS_MAX,
        memory: bytes => { region = this.#arena.reserve(bytes); return region?.bytes ?? new Uint8Array(bytes) },
      })
      return { ...walked, release }
    } catch (error) {
      release()
      throw error
    }
  }

  #leave(): void {
    this.#frame?.release()
    this.#frame = undefined
  }

  release(): void {
    this.#at = this.#end
    this.#leave()
    for (const part of this.#parts.splice(0)) part.release()
  }
}

/** Where the last whole batch ends, and the offset behind it. What does not look like a batch is taken along: the walk says what is wrong with it. */
function wholeBatches(data: Uint8Array, from: number): [end: number, next: number] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  let at = 0, next = from
  while (at + HEADER <= data.byteLength) {
    const length = view.getInt32(at + 8), behind = view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4) + view.getInt32(at + 23) + 1
    if (length < HEADER - 12 || view.getUint8(at + 16) !== 2 || behind <= next) return [data.byteLength, next]
    if (at + 12 + length > data.byteLength) break
    at += 12 + length
    next = behind
  }
  return [at, next]
}

/** Cuts what is larger than a batch may be into some that are not, with views of its memory; a record that is alone too large is rejected. */
function split(walked: Walked & { release(): void }, partition: string, from: number, { batchBytes, recordBytesMax }: ReadSettings): RecordBatch[] {
  const { rows, bytes, keys, values, headers, offsets, timesMs } = walked
  const all = headers === undefined ? [keys, values] : [keys, values, headers]
  const parts: RecordBatch[] = []
  let left = 0
  const release = () => { if (--left === 0) walked.release() }
  for (let row = 0; row < rows;) {
    let start = Infinity, end = 0, until = row
    const rejected: Rejection[] = []
    for (; until < rows; until++) {
      let first = Infinity, behind = 0
      for (const slices of all) if (slices.start[until]! >= 0) { first = Math.min(first, slices.start[until]!); behind = Math.max(behind, slices.end[until]!) }
      if (behind - first > recordBytesMax) {
        if (until > row) break
        start = first
        end = first + Math.min(BEGINNING, recordBytesMax)
        rejected.push(tooLarge(behind - first, recordBytesMax, end - start, `${partition}@${offsets[row]}`))
        until++
        break
      }
      if (until > row && Math.max(end, behind) - Math.min(start, first) > batchBytes) break
      start = Math.min(start, first)
      end = Math.max(end, behind)
    }
    if (start > end) start = end = 0                                       // nulls only
    const cut = ({ start: starts, end: ends }: Slices): Slices => ({
      start: starts.slice(row, until).map(at => at < 0 ? -1 : Math.min(at, end) - start), end: ends.slice(row, until).map(at => at < 0 ? -1 : Math.min(at, end) - start) })
    parts.push({
      partition, rows: until - row, bytes: bytes.subarray(start, end), keys: cut(keys), values: cut(values),
      ...(headers === undefined || rejected.length > 0 ? {} : { headers: cut(headers) }), offsets: offsets.slice(row, until), timesMs: timesMs.slice(row, until),
      from: row === 0 ? BigInt(from) : parts.at(-1)!.next, next: BigInt(until === rows ? walked.next : offsets[until - 1]! + 1),
      ...(rejected.length === 0 ? {} : { rejected }), release,
    })
    left++
    row = until
  }
  return parts
}

const NONE: Slices = { start: new Int32Array(0), end: new Int32Array(0) }
const NOTHING = { rows: 0, bytes: new Uint8Array(0), keys: NONE, values: NONE, offsets: new Float64Array(0), timesMs: new Float64Array(0), release() {} }
