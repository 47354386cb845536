import { SluiceError } from '../core/index.ts'

/** Nested deeper, a value is refused: it would exhaust the stack here, or in whoever writes it as JSON. */
const DEPTH_MAX = 200
/** Items that take no bytes (null, empty records), of all arrays of a value together. */
const EMPTY_ITEMS_MAX = 10_000
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Where a value is being read. It trusts no length: nothing is reserved, nor repeated, for which there are no bytes. */
export class AvroCursor {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  #view = new DataView(this.bytes.buffer)
  #from = 0
  #end = 0
  #depth = 0
  #empty = 0
  /** Words that come again and again, by a hash of their bytes: to decode one costs more than to compare it. */
  readonly #words: (string | undefined)[] = Array.from({ length: 512 })

  open(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.#from = this.at = start
    this.#end = end
    this.#depth = this.#empty = 0
  }
  close(): void {
    if (this.at !== this.#end) this.fail(`${this.#end - this.at} bytes are left over`)
  }
  fail(what: string): never {
    throw new SluiceError('SLUICE_SCHEMA_MISMATCH', `the value does not fit its Avro schema: ${what}, at byte ${this.at - this.#from} of the payload`)
  }

  enter(): void { if (++this.#depth > DEPTH_MAX) this.fail(`it is nested deeper than ${DEPTH_MAX}`) }
  leave(): void { this.#depth-- }

  byte(): number {
    if (this.at >= this.#end) this.fail('it ends in the middle')
    return this.bytes[this.at++]!
  }
  float(): number { return this.#view.getFloat32(this.#take(4), true) }
  double(): number { return this.#view.getFloat64(this.#take(8), true) }

  /** A zig-zag varint of 64 bits; beyond what a double holds exactly, its digits. */
  long(): number | string {
    let byte = this.byte(), low = byte & 127
    if (byte > 127) {
      byte = this.byte(); low |= (byte & 127) << 7
      if (byte > 127) {
        byte = this.byte(); low |= (byte & 127) << 14
        if (byte > 127) {
          byte = this.byte(); low |= (byte & 127) << 21
          if (byte > 127) return this.#beyond(low)
        }
      }
    }
    return (low >>> 1) ^ -(low & 1)
  }
  int(): number {
    const value = this.long()
    if (typeof value === 'string' || value !== (value | 0)) this.fail('an int is larger than 32 bits')
    return value
  }
  /** The bytes of a string, of bytes: where they begin; they end at `at`. */
  block(): number {
    const length = this.long()
    if (typeof length === 'string' || length < 0) this.fail('a length is negative or absurd')
    return this.#take(length)
  }
  fixed(size: number): number { return this.#take(size) }

  string(): string {
    const start = this.block(), { bytes, at: end } = this
    if (end - start > 32) return this.#decode(start, end)
    let hash = end - start, all = 0
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!
      hash = (hash * 31 + byte) | 0
      all |= byte
    }
    if (all > 127) return this.#decode(start, end)
    const slot = (hash ^ (hash >>> 9)) & 511, word = this.#words[slot]
    if (word !== undefined && isWord(word, bytes, start, end)) return word
    return this.#words[slot] = asciiOf(bytes, start, end)
  }
  #decode(start: number, end: number): string {
    try { return strict.decode(this.bytes.subarray(start, end)) } catch { return this.fail('a string is not UTF-8') }
  }

  /** How many items follow; 0: the end. A negative count has the size of the block behind it. */
  items(): number {
    let count = this.long()
    if (typeof count === 'number' && count < 0) { count = -count; this.long() }
    if (typeof count === 'string') this.fail('a count is absurd')
    if (count > this.#end - this.at) {
      this.#empty += count
      if (this.#empty > EMPTY_ITEMS_MAX) this.fail('it counts more items than it has bytes')
    }
    return count
  }

  #take(length: number): number {
    const start = this.at
    if (length > this.#end - start) this.fail('it ends in the middle')
    this.at = start + length
    return start
  }
  #beyond(low: number): number | string {
    let high = 0, weight = 1
    for (let i = 4; ; i++) {
      const byte = this.byte()
      if (i === 9 && byte > 1) this.fail('a number is longer than 64 bits')
      high += (byte & 127) * weight
      if (byte < 128) break
      weight *= 128
    }
    if (high < 2 ** 25) {
      const half = high * 2 ** 27 + (low >>> 1)
      return (low & 1) === 0 ? half : -half - 1
    }
    const half = BigInt(high) * 134_217_728n + BigInt(low >>> 1), value = (low & 1) === 0 ? half : -half - 1n
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  }
}

/** Short texts: half the cost of a decoder. */
function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  const { fromCharCode } = String
  let text = '', at = start
  for (; at + 8 <= end; at += 8) {
    text += fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!)
  }
  for (; at < end; at++) text += fromCharCode(bytes[at]!)
  return text
}

function isWord(word: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (word.length !== end - start) return false
  for (let i = start; i < end; i++) if (word.charCodeAt(i - start) !== bytes[i]) return false
  return true
}
