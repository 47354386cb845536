import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** Of texts above some 128 KiB the engine takes each from the system anew, at six times the cost (bench/codecs.ts). */
const CHUNK_BYTES = 65_536

/** Bytes of records decoded together. */
export interface Chunk {
  readonly start: number
  readonly end: number
  /** Bytes that are no UTF-8 are U+FFFD here; ASCII signs are never swallowed, so a search for them is exact. */
  readonly text: string
  /** All of it is ASCII: positions are exact too. */
  readonly ascii: boolean
}

/** A chunk in which the value of the row lies whole, and hopefully those of the next rows; undefined when so few rows are wanted that the
    bytes between them are not worth it. */
export function chunksOf(records: Records, wanted?: Int32Array): (row: number) => Chunk | undefined {
  const { bytes, values: { start, end } } = records
  const rows = wanted?.length ?? records.rows
  let from = Infinity, to = 0, used = 0
  for (let i = 0; i < rows; i++) {
    const row = wanted === undefined ? i : wanted[i]!
    if (start[row]! < 0) continue
    if (start[row]! < from) from = start[row]!
    if (end[row]! > to) to = end[row]!
    used += end[row]! - start[row]!
  }
  if (to - from > used * 4) return () => undefined
  let chunk: Chunk = { start: 0, end: -1, text: '', ascii: false }
  return row => {
    const first = start[row]!, last = end[row]!
    if (first < chunk.start || last > chunk.end) {
      const length = Math.max(last, Math.min(first + CHUNK_BYTES, to)) - first
      const text = lenient.decode(bytes.subarray(first, first + length))
      // sequences of several bytes make the text shorter; a byte that is broken by itself does not
      chunk = { start: first, end: first + length, text, ascii: text.length === length && !text.includes('\ufffd') }
    }
    return chunk
  }
}

/** The values of the wanted rows as text, each asked for by its row. Decoding costs most per call, so rows of ASCII, the most common ones,
    are decoded together and then cut. @throws SLUICE_UTF8_BROKEN (the function returned) */
export function textsOf(records: Records, wanted?: Int32Array): (row: number) => string {
  const { bytes, values: { start, end } } = records
  const chunkOf = chunksOf(records, wanted)
  return row => {
    const chunk = chunkOf(row), from = start[row]!, to = end[row]!
    if (chunk?.ascii === true) return chunk.text.slice(from - chunk.start, to - chunk.start)
    try { return strict.decode(bytes.subarray(from, to)) } catch (cause) {
      throw new SluiceError('SLUICE_UTF8_BROKEN', 'the value is not valid UTF-8', { at: `byte ${brokenAt(bytes.subarray(from, to))} of the value`, cause })
    }
  }
}

/** Where the first sequence begins that is none. */
function brokenAt(bytes: Uint8Array): number {
  const decodes = (length: number, stream: boolean): boolean => {
    try { new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream }); return true } catch { return false }
  }
  let good = 0, bad = bytes.length
  // the longest beginning that could still become valid, then back to where its last sequence is whole
  while (good < bad) {
    const middle = (good + bad + 1) >> 1
    if (decodes(middle, true)) good = middle; else bad = middle - 1
  }
  while (!decodes(good, false)) good--
  return good
}
