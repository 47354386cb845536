import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })

/** The values of the wanted rows as text, each asked for by its row. Decoding costs most per call, so ASCII records, the most common ones,
    are decoded together and then cut. @throws SLUICE_UTF8_BROKEN (the function returned) */
export function textsOf(records: Records, wanted?: Int32Array): (row: number) => string {
  const { bytes, values: { start, end } } = records
  const span = spanOf(records, wanted)
  const whole = span.ascii ? span.text : undefined
  return row => {
    const from = start[row]!, to = end[row]!
    if (whole !== undefined) return whole.slice(from - span.start, to - span.start)
    try { return strict.decode(bytes.subarray(from, to)) } catch (cause) {
      throw new SluiceError('SLUICE_UTF8_BROKEN', 'the value is not valid UTF-8', { at: `byte ${brokenAt(bytes.subarray(from, to))} of the value`, cause })
    }
  }
}

export interface Span { readonly start: number; readonly text: string; readonly ascii: boolean }

/** All bytes from the first to the last of the wanted values, decoded at once. Bytes that are no UTF-8 become U+FFFD, but ASCII signs are
    never swallowed, so a search for them is exact; `ascii` says that positions are exact as well. */
export function spanOf(records: Records, wanted?: Int32Array): Span {
  const { start, end } = records.values
  const rows = wanted?.length ?? records.rows
  let from = Infinity, to = 0, used = 0
  for (let i = 0; i < rows; i++) {
    const row = wanted === undefined ? i : wanted[i]!
    if (start[row]! < 0) continue
    if (start[row]! < from) from = start[row]!
    if (end[row]! > to) to = end[row]!
    used += end[row]! - start[row]!
  }
  // a few rows of a large batch are not worth the bytes between them
  if (to <= from || to - from > used * 4 + 4096) return { start: 0, text: '', ascii: false }
  const text = lenient.decode(records.bytes.subarray(from, to))
  // sequences of several bytes make the text shorter; a byte that is broken by itself does not
  return { start: from, text, ascii: text.length === to - from && !text.includes('\ufffd') }
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
