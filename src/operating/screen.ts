import { stripVTControlCharacters } from 'node:util'
import type { LogStream } from './log.ts'

/** A terminal with one line at the bottom that is redrawn, above which other lines pass by. Everything that goes to that terminal goes
    through here. Without a terminal `live` does nothing. */
export interface Screen extends LogStream {
  readonly columns: number
  live(line: string | undefined): void
}

export interface TerminalStream extends LogStream { readonly columns?: number }

const CLEAR = '\r\u001b[K'

export function createScreen(stream: TerminalStream): Screen {
  let shown: string | undefined
  let atLineStart = true
  return {
    get isTTY() { return stream.isTTY === true },
    get writableLength() { return stream.writableLength ?? 0 },
    get columns() { return stream.columns || 80 },
    once: (event, then) => stream.once?.(event, then),
    on: (event, then) => stream.on?.(event, then),
    write(text) {
      if (text === '') return true
      const before = shown !== undefined && atLineStart ? CLEAR : ''
      atLineStart = text.endsWith('\n')
      return stream.write(`${before}${text}${shown !== undefined && atLineStart ? shown : ''}`)      // one write: nothing comes between
    },
    live(line) {
      if (stream.isTTY !== true || (stream.writableLength ?? 0) > 0) return      // a terminal that does not keep up gets fewer lines
      const next = line === undefined ? undefined : cutTo(line, stream.columns || 80)
      if (!atLineStart) {      // a half line stands there: the live line comes back after its end
        shown = next
        return
      }
      if (next !== undefined) stream.write(`${CLEAR}${next}`)
      else if (shown !== undefined) stream.write(CLEAR)
      shown = next
    },
  }
}

/** A line that wraps could not be cleared. Keeps the last column free: some terminals wrap there. */
function cutTo(line: string, columns: number): string {
  const bare = stripVTControlCharacters(line)
  return bare.length < columns ? line : bare.slice(0, Math.max(0, columns - 1))
}
