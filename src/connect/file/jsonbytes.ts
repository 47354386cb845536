/** Writes JSON values into bytes that may turn out too short: then `length` is above `bytes.length`, and nothing is written past the end. */
export class JsonBytes {
  bytes: Uint8Array = new Uint8Array(0)
  length = 0
  #day = Number.NaN
  readonly #date = new Uint8Array(10)

  raw(fragment: Uint8Array): void {
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < fragment.length; i++) bytes[at++] = fragment[i]!
    this.length = at
  }
  /** UTF-8 as a JSON string. */
  string(utf8: Uint8Array): void {
    const { bytes } = this
    let at = this.length
    bytes[at++] = 34
    for (let i = 0; i < utf8.length; i++) {
      const byte = utf8[i]!
      if (byte < 32 || byte === 34 || byte === 92) {
        const escape = ESCAPES[byte]!
        for (let k = 0; k < escape.length; k++) bytes[at++] = escape.charCodeAt(k)
      } else bytes[at++] = byte
    }
    bytes[at++] = 34
    this.length = at
  }
  ascii(text: string): void {
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }
  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#integer(value)
    else if (Number.isNaN(value)) this.ascii('null')
    else if (Number.isFinite(value)) this.ascii(Object.is(value, -0) ? '-0.0' : String(value))
    else this.ascii(value > 0 ? '1e999' : '-1e999')          // JSON has no infinity, but numbers that are read as one
  }
  /** `2001-01-14` of days since 1970. */
  date(days: number): void {
    if (!(days >= -719162 && days <= 2932896)) { this.ascii(JSON.stringify(new Date(days * 86_400_000))); return }
    this.#byte(34)
    this.raw(this.#dateOf(days))
    this.#byte(34)
  }
  /** `2001-01-14T21:55:00.000Z`, with six or nine digits where three would lose some. */
  time(ms: number, nanos: number): void {
    const days = Math.floor(ms / 86_400_000)
    if (!(days >= -719162 && days <= 2932896)) { this.ascii(JSON.stringify(new Date(ms))); return }
    let rest = ms - days * 86_400_000
    this.#byte(34)
    this.raw(this.#dateOf(days))
    const millis = rest % 1000; rest = (rest - millis) / 1000
    const seconds = rest % 60; rest = (rest - seconds) / 60
    const minutes = rest % 60, hours = (rest - minutes) / 60
    this.#byte(84); this.#digits(hours, 2)
    this.#byte(58); this.#digits(minutes, 2)
    this.#byte(58); this.#digits(seconds, 2)
    this.#byte(46); this.#digits(millis, 3)
    if (nanos % 1000 !== 0) this.#digits(nanos, 6)
    else if (nanos !== 0) this.#digits(nanos / 1000, 3)
    this.#byte(90)
    this.#byte(34)
  }

  #integer(value: number): void {
    let rest = value
    if (rest < 0) { this.#byte(45); rest = -rest }
    let digits = 1
    for (let power = 10; power <= rest; power *= 10) digits++
    this.#digits(rest, digits)
  }
  #digits(value: number, digits: number): void {
    const { bytes } = this
    let rest = value
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tens = Math.floor(rest / 10)
      bytes[at] = rest - tens * 10 + 48          // in this order: 48 + rest may not be exact
      rest = tens
    }
    this.length += digits
  }
  #byte(byte: number): void { this.bytes[this.length++] = byte }
  #dateOf(days: number): Uint8Array {
    if (days !== this.#day) {
      const text = new Date(days * 86_400_000).toISOString()
      for (let i = 0; i < 10; i++) this.#date[i] = text.charCodeAt(i)
      this.#day = days
    }
    return this.#date
  }
}

const ESCAPES = Array.from({ length: 93 }, (_, code) => code < 32 || code === 34 || code === 92 ? JSON.stringify(String.fromCharCode(code)).slice(1, -1) : '')
