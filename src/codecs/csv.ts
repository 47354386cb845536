const QUOTE = 34, COMMA = 44, LINE_FEED = 10

/** The index of the line feed that ends the CSV record starting at `start`, or -1 if it does not end before `end`. Line breaks inside quotes
    do not count; a carriage return before the line feed belongs to the line break, and the caller takes it off. Quotes count only where a
    cell begins, so a stray one inside a cell breaks its own line and not all that follow. */
export function endOfCsvRecord(bytes: Uint8Array, start: number, end: number): number {
  let quoted = false
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (quoted) {
      if (byte !== QUOTE) continue
      if (i + 1 < end && bytes[i + 1] === QUOTE) i++
      else quoted = false
    } else if (byte === LINE_FEED) return i
    else if (byte === QUOTE && (i === start || bytes[i - 1] === COMMA)) quoted = true
  }
  return -1
}
