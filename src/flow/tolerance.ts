import { SluiceError } from '../core/index.ts'
import type { Rejection } from '../core/index.ts'
import type { Flight } from './lane.ts'
import type { StopAbove } from './parts.ts'

/** How many rejections are borne: of every `records` records in a row, scored or rejected, in the order in which batches were scored, at most
    `share`. The next `records` start from nought, and so does every read after an abort. Once exceeded it stays so. */
export class Tolerance {
  readonly #size: number
  readonly #max: number
  #records = 0
  #rejected = 0
  #codes = new Map<string, number>()
  constructor({ share, records }: StopAbove) {
    this.#size = records
    this.#max = Math.floor(share * records)
  }

  /** The first rejection that is one too many. `rejected` is sorted by row. */
  add({ batch, part, answered }: Flight, rejected: readonly Rejection[]): Rejection | undefined {
    if (rejected.length === 0) { this.#pass(answered); return }
    for (let row = 0, next = 0; row < batch.rows; row++) {
      const rejection = rejected[next]
      if (rejection?.row === row) {
        next++
        this.#reject(rejection)
        this.#pass(1)
        if (this.#rejected > this.#max) return rejection
      } else if (part[row]! >= 0) this.#pass(1)
    }
  }

  /** Of records that passed as scored: refused by the sink later. The error when they are too many. */
  refused(rejected: readonly Rejection[]): SluiceError | undefined {
    for (const rejection of rejected) this.#reject(rejection)
    return this.#rejected > this.#max ? this.error(rejected[0]!) : undefined
  }

  error({ stage, error }: Rejection, at?: string): SluiceError {
    const [most, times] = [...this.#codes].reduce((a, b) => b[1] > a[1] ? b : a)
    return new SluiceError('SLUICE_REJECTS_ABOVE',
      `${this.#rejected} of ${Math.max(this.#records, this.#rejected)} records were rejected, ${times} of them with ${most}; ${this.#max} of ${this.#size} are allowed`,
      { ...(at === undefined ? {} : { at }), why: `the last one (${stage}): ${error.message}`, cause: error })
  }

  #reject({ error: { code } }: Rejection): void {
    this.#rejected++
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
  }
  #pass(records: number): void {
    this.#records += records
    if (this.#records < this.#size || this.#rejected > this.#max) return
    this.#records %= this.#size
    this.#rejected = 0
    this.#codes = new Map()
  }
}
