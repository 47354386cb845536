/** What a batch costs, T(rows) = b + a rows in milliseconds, fitted while running by least squares in which older batches count less and less; and by how much it may be wrong. */
export class Cost {
  #weight = 0
  #rows = 0
  #squares = 0
  #ms = 0
  #products = 0
  #slack = 1

  add(rows: number, ms: number): void {
    const expected = this.of(rows)
    if (expected > 0) {
      // the 95th percentile of measured / expected, moved by each batch: up by 0.95, down by 0.05
      this.#slack = Math.min(4, Math.max(1, this.#slack + (ms > expected * this.#slack * (1 + 1e-9) ? 0.95 : -0.05) * STEP))
    }
    this.#weight = this.#weight * KEPT + 1
    this.#rows = this.#rows * KEPT + rows
    this.#squares = this.#squares * KEPT + rows * rows
    this.#ms = this.#ms * KEPT + ms
    this.#products = this.#products * KEPT + rows * ms
  }

  /** Milliseconds; 0 as long as no batch has been seen. */
  of(rows: number): number {
    if (this.#weight === 0) return 0
    const spread = this.#weight * this.#squares - this.#rows * this.#rows
    let perRow = spread > 1e-9 * this.#squares * this.#weight ? (this.#weight * this.#products - this.#rows * this.#ms) / spread : 0
    let base = (this.#ms - perRow * this.#rows) / this.#weight
    // a line that falls, or begins below 0, is noise: then the mean of a batch, or of a row
    if (perRow < 0) { perRow = 0; base = this.#ms / this.#weight }
    if (base < 0) { base = 0; perRow = this.#products / this.#squares }
    return base + perRow * rows
  }

  /** How much longer than expected 95 of 100 batches take at most; at least 1. */
  get slack(): number { return this.#slack }

  /** The most rows that are done within so many milliseconds, from 1 to `most`. */
  rowsWithin(ms: number, most: number): number {
    if (this.of(most) <= ms) return most
    let least = 1, above = most
    while (least + 1 < above) {
      const middle = least + above >> 1
      if (this.of(middle) <= ms) least = middle
      else above = middle
    }
    return least
  }
}

const KEPT = 0.97, STEP = 0.05
