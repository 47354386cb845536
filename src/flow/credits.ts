/** Bytes that may be in flight. One taker: the pull loop. */
export class Credits {
  readonly #total: number
  #free: number
  #waiting: { readonly bytes: number; resolve(got: boolean): void } | undefined
  constructor(total: number) { this.#total = this.#free = total }

  get used(): number { return this.#total - this.#free }

  /** false: the signal was aborted first. */
  take(bytes: number, signal: AbortSignal): Promise<boolean> | boolean {
    if (signal.aborted) return false
    if (this.#free >= bytes) { this.#free -= bytes; return true }
    return new Promise(resolve => {
      const leave = () => { if (this.#waiting === waiting) { this.#waiting = undefined; resolve(false) } }
      const waiting = { bytes, resolve: (got: boolean) => { signal.removeEventListener('abort', leave); resolve(got) } }
      this.#waiting = waiting
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  give(bytes: number): void {
    this.#free += bytes
    const waiting = this.#waiting
    if (waiting === undefined || this.#free < waiting.bytes) return
    this.#waiting = undefined
    this.#free -= waiting.bytes
    waiting.resolve(true)
  }
}
