import { SluiceError } from '../../../core/errors.ts'

const PIECE_BYTES = 2 ** 21
/** Of what is looked at without searching for its end: a name, or blanks. */
const AHEAD = 2 ** 16

/** A text that is read from left to right, decoded piece by piece: no more of it is in memory than what is looked at. */
export class Cursor {
  readonly #file: string
  readonly #bytes: Uint8Array
  readonly #decoder: { decode(bytes?: Uint8Array, options?: { readonly stream?: boolean }): string }
  #text = ''
  #at = 0
  #read = 0
  #line = 1
  /** Where the line began, and up to where line breaks were counted. */
  #lineStart = 0
  #counted = 0

  /** @throws SLUICE_MODEL_UNSUPPORTED for another encoding */
  constructor(file: string, bytes: Uint8Array) {
    this.#file = file
    this.#bytes = bytes
    const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined
    const declared = /^<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']/.exec(String.fromCharCode(...bytes.subarray(bytes[0] === 0xef ? 3 : 0, 200)))?.[1]?.toLowerCase() ?? 'utf-8'
    if (utf16 === undefined && !['utf-8', 'utf8', 'us-ascii', 'ascii'].includes(declared)) {
      throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: its encoding is ${declared}`, { at: 'line 1', why: 'UTF-8 is read, and UTF-16 with a byte order mark', fix: 'write it again in UTF-8: iconv' })
    }
    this.#decoder = new TextDecoder(utf16 ?? 'utf-8', { fatal: true })
    this.#ahead()
  }

  get ended(): boolean {
    this.#ahead()
    return this.#at >= this.#text.length
  }
  /** The next one; undefined at the end. */
  peek(): string | undefined { return this.#text[this.#at] }
  get line(): number { this.#count(); return this.#line }
  get column(): number { this.#count(); return this.#at - this.#lineStart + 1 }

  broken(what: string): SluiceError { return new SluiceError('SLUICE_MODEL_BROKEN', `${this.#file}: ${what}`, { at: `line ${this.line}, column ${this.column}` }) }

  startsWith(text: string): boolean { return this.#text.startsWith(text, this.#at) }
  skip(count: number): void { this.#at += count }
  skipBlanks(): void {
    this.#ahead()
    while (this.#at < this.#text.length && isBlank(this.#text.charCodeAt(this.#at))) this.#at++
  }
  /** A name: up to a blank, or one of these. */
  name(ends: string): string {
    this.#ahead()
    const from = this.#at
    while (this.#at < this.#text.length && !isBlank(this.#text.charCodeAt(this.#at)) && !ends.includes(this.#text[this.#at]!)) this.#at++
    return this.#text.slice(from, this.#at)
  }
  /** What stands before `end`, which is passed, too; undefined: it does not come. */
  until(end: string): string | undefined {
    const found = this.#find(end)
    if (found < 0) return undefined
    const text = this.#text.slice(this.#at, found)
    this.#at = found + end.length
    return text
  }
  /** What stands before `end`, or before the end of all. */
  before(end: string): string {
    const found = this.#find(end), to = found < 0 ? this.#text.length : found, text = this.#text.slice(this.#at, to)
    this.#at = to
    return text
  }

  #find(end: string): number {
    for (let from = this.#at; ;) {
      const found = this.#text.indexOf(end, from)
      if (found >= 0) return found
      const searched = Math.max(this.#text.length - end.length + 1, this.#at) - this.#at
      if (!this.#more()) return -1
      from = this.#at + searched
    }
  }

  #ahead(): void {
    while (this.#text.length - this.#at < AHEAD && this.#more()) { /* until there is enough, or no more */ }
  }

  /** What was passed goes, the next piece comes. */
  #more(): boolean {
    if (this.#read >= this.#bytes.length) return false
    this.#count()
    const next = Math.min(this.#bytes.length, this.#read + Math.max(PIECE_BYTES, this.#text.length - this.#at))
    let piece: string
    try { piece = this.#decoder.decode(this.#bytes.subarray(this.#read, next), { stream: next < this.#bytes.length }) } catch (cause) {
      throw new SluiceError('SLUICE_MODEL_BROKEN', `${this.#file}: it is not valid UTF-8`, { at: `between byte ${this.#read} and ${next}`, cause })
    }
    this.#read = next
    this.#text = this.#text.slice(this.#at) + piece
    this.#lineStart -= this.#at
    this.#counted -= this.#at
    this.#at = 0
    return true
  }

  #count(): void {
    for (let next = this.#text.indexOf('\n', this.#counted); next >= 0 && next < this.#at; next = this.#text.indexOf('\n', this.#counted)) {
      this.#line++
      this.#lineStart = this.#counted = next + 1
    }
  }
}

const isBlank = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9
