/** As a broker says it: what this producer wrote from there on, up to its next abort marker, was taken back. */
export interface AbortedTransaction { readonly producerId: number; readonly firstOffset: number }

/** Which batches of ONE fetch answer belong to transactions that were aborted (READ_COMMITTED). Every answer names all that reach into it, also
    those that began in an earlier one, so each answer gets a filter of its own; it must see all batches of the answer, in order. */
export class AbortedFilter {
  readonly #coming: readonly AbortedTransaction[]
  readonly #now = new Set<number>()
  #at = 0

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** None was aborted. */
  get isEmpty(): boolean { return this.#coming.length === 0 }

  /** A batch of data, of a transaction: whether it is to be passed by. */
  drops(producerId: number, lastOffset: number): boolean {
    this.#advance(lastOffset)
    return this.#now.has(producerId)
  }
  /** A marker at the end of an aborted transaction. */
  ended(producerId: number, lastOffset: number): void {
    this.#advance(lastOffset)
    this.#now.delete(producerId)
  }

  #advance(lastOffset: number): void {
    for (; this.#at < this.#coming.length && this.#coming[this.#at]!.firstOffset <= lastOffset; this.#at++) this.#now.add(this.#coming[this.#at]!.producerId)
  }
}
