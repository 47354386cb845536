import type { Arena, RecordBatch, Records, Region, Slices } from '../core/index.ts'

const encoder = new TextEncoder()

/** Builds Records row by row in memory of its own, of an arena if it has room, which grows by doubling. The parts of a row are written one after the other:
    ```ts
    const packer = new Packer(rows, bytes)
    packer.row(timeMs)
    const at = packer.length
    packer.text('{"a":1}')
    packer.setValue(at)          // the value is [at, packer.length)
    const records = packer.finish()
    ``` */
export class Packer {
  rows = 0
  length = 0
  bytes: Uint8Array
  #keys: Slices
  #values: Slices
  #headers: Slices
  #timesMs: Float64Array
  #hasHeaders = false
  readonly #arena: Arena | undefined
  #region: Region | undefined

  constructor(rows: number, bytes: number, arena?: Arena) {
    this.#arena = arena
    this.bytes = this.#take(Math.max(bytes, 64))
    this.#keys = slices(rows)
    this.#values = slices(rows)
    this.#headers = slices(rows)
    this.#timesMs = new Float64Array(rows)
  }

  /** Begins anew, with the same memory: nobody reads what was made before. */
  reset(rows: number, bytes: number): void {
    this.rows = this.length = 0
    this.#hasHeaders = false
    if (this.#arena !== undefined || bytes > this.bytes.length) this.bytes = this.#take(Math.max(bytes, 64))
    if (rows > this.#timesMs.length) {
      const room = Math.max(rows, 2 * this.#timesMs.length)
      this.#keys = slices(room)
      this.#values = slices(room)
      this.#headers = slices(room)
      this.#timesMs = new Float64Array(room)
    }
  }

  /** Begins a row whose key, value and headers are null until they are set. */
  row(timeMs: number): void {
    if (this.rows === this.#timesMs.length) this.#moreRows()
    const { rows } = this, keys = this.#keys, values = this.#values, headers = this.#headers
    keys.start[rows] = keys.end[rows] = values.start[rows] = values.end[rows] = headers.start[rows] = headers.end[rows] = -1
    this.#timesMs[rows] = timeMs
    this.rows++
  }
  setKey(start: number): void { this.#set(this.#keys, start) }
  setValue(start: number): void { this.#set(this.#values, start) }
  setHeaders(start: number): void { this.#set(this.#headers, start); this.#hasHeaders = true }

  append(from: Uint8Array, start = 0, end = from.length): void {
    this.reserve(end - start)
    // set(subarray) costs an object; below some 40 bytes a loop is cheaper
    if (end - start < 40) for (let i = start; i < end; i++) this.bytes[this.length++] = from[i]!
    else { this.bytes.set(from.subarray(start, end), this.length); this.length += end - start }
  }
  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }
  text(text: string): void {
    this.reserve(text.length * 3)
    const { bytes, length } = this
    // encodeInto costs as much as 60 ASCII signs written one by one
    let i = 0
    if (text.length <= 64) for (; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      bytes[length + i] = code
    }
    this.length += i
    if (i < text.length) this.length += encoder.encodeInto(i === 0 ? text : text.slice(i), this.bytes.subarray(this.length)).written
  }
  /** Rows that somebody else wrote from `length` on, up to `end`, and the first of whose index are theirs. There are rows left for them. */
  adopt(index: Omit<Records, 'bytes' | 'rows' | 'release' | 'headers'> & { readonly headers: Slices }, rows: number, end: number, hasHeaders: boolean): void {
    const at = this.rows
    for (const [to, from] of [[this.#keys, index.keys], [this.#values, index.values], [this.#headers, index.headers]] as const) {
      to.start.set(from.start.subarray(0, rows), at)
      to.end.set(from.end.subarray(0, rows), at)
    }
    this.#timesMs.set(index.timesMs.subarray(0, rows), at)
    this.rows += rows
    this.length = end
    this.#hasHeaders ||= hasHeaders
  }
  /** Takes back the last row, with what was written from `at` on. */
  drop(at: number): void {
    this.length = at
    this.rows--
  }
  /** Key and headers of a row of other records, as they are. */
  copyKeyAndHeaders(from: Records, row: number): void {
    const keyAt = from.keys.start[row]!
    if (keyAt >= 0) { const at = this.length; this.append(from.bytes, keyAt, from.keys.end[row]!); this.setKey(at) }
    const headersAt = from.headers?.start[row] ?? -1
    if (headersAt >= 0) { const at = this.length; this.append(from.bytes, headersAt, from.headers!.end[row]!); this.setHeaders(at) }
  }
  /** Makes sure that `more` bytes can be written at `length`. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const region = this.#region, grown = this.#take(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    region?.release()
  }
  /** Gives its memory back to the arena. */
  free(): void {
    this.#region?.release()
    if (this.#region !== undefined) this.bytes = EMPTY
    this.#region = undefined
  }
  #take(bytes: number): Uint8Array {
    this.#region = this.#arena?.reserve(bytes)
    return this.#region?.bytes ?? new Uint8Array(bytes)
  }

  finish(columns?: readonly string[], release: () => void = () => {}): Records {
    const { rows } = this
    return {
      rows, bytes: this.bytes.subarray(0, this.length), keys: cut(this.#keys, rows), values: cut(this.#values, rows),
      ...(this.#hasHeaders ? { headers: cut(this.#headers, rows) } : {}), timesMs: this.#timesMs.subarray(0, rows),
      ...(columns === undefined ? {} : { columns }), release,
    }
  }

  #set(slices: Slices, start: number): void { slices.start[this.rows - 1] = start; slices.end[this.rows - 1] = this.length }
  #moreRows(): void {
    const rows = Math.max(16, this.rows * 2)
    this.#keys = copy(this.#keys, rows)
    this.#values = copy(this.#values, rows)
    this.#headers = copy(this.#headers, rows)
    const timesMs = new Float64Array(rows)
    timesMs.set(this.#timesMs)
    this.#timesMs = timesMs
  }
}

/** Records as a batch of one partition. */
export function batchOf(records: Records, at: Pick<RecordBatch, 'partition' | 'offsets' | 'from' | 'next' | 'rejected'>): RecordBatch {
  return { ...records, ...at }
}

/** A copy of one part of a row, that outlives the records; null where it is null. */
export function partOf(records: Records, slices: Slices | undefined, row: number): Uint8Array | null {
  const start = slices?.start[row] ?? -1
  return start < 0 ? null : records.bytes.slice(start, slices!.end[row]!)
}

const EMPTY = new Uint8Array(0)
const slices = (rows: number): Slices => ({ start: new Int32Array(rows), end: new Int32Array(rows) })
const cut = ({ start, end }: Slices, rows: number): Slices => ({ start: start.subarray(0, rows), end: end.subarray(0, rows) })
function copy({ start, end }: Slices, rows: number): Slices {
  const larger = slices(rows)
  larger.start.set(start)
  larger.end.set(end)
  return larger
}
