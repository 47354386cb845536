/** Conditions that somebody waits for; tested again whenever something has changed, all met when it is over. */
export class Waiting {
  readonly #over: AbortSignal
  #waits: { test(): boolean; resolve(): void }[] = []
  constructor(over: AbortSignal) { this.#over = over }

  until(test: () => boolean): Promise<void> {
    if (this.#over.aborted || test()) return NOW
    return new Promise(resolve => { this.#waits.push({ test, resolve }) })
  }
  notify(): void {
    if (this.#waits.length === 0) return
    this.#waits = this.#waits.filter(({ test, resolve }) => {
      if (!(this.#over.aborted || test())) return true
      resolve()
      return false
    })
  }
}

const NOW = Promise.resolve()
