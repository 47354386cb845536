import type { Control, Predictor, Router, Serving } from '../core/index.ts'

/** What serves together: predictors[i] answers router.routes[i]. */
export interface Table { readonly router: Router; readonly predictors: readonly Predictor[] }

/** A table that can be exchanged between batches. A predictor is closed when no table that is current or held has it any more: a table that
    follows may keep those it shares with the one before. */
export class Swap implements Control {
  #current: Held
  readonly #holders = new Map<Predictor, number>()
  readonly #closing = new Set<Promise<void>>()
  #closed: Promise<void> | undefined

  constructor(table: Table) { this.#current = this.#hold(table) }

  get router(): Router { return this.#current.table.router }

  take(): Serving {
    if (this.#closed !== undefined) throw new TypeError('take() after close()')
    return new Lease(this.#current)
  }

  /** The batches taken from now on are served by `next`. Resolves when what only the table before had is closed; rejects when closing it
      failed, which hurts nobody who is served. */
  swap(next: Table): Promise<void> {
    if (this.#closed !== undefined) throw new TypeError('swap() after close()')
    const before = this.#current
    this.#current = this.#hold(next)
    before.release()
    return before.gone
  }

  /** Waits for the leases. */
  close(): Promise<void> {
    return this.#closed ??= this.#close()
  }
  async #close(): Promise<void> {
    this.#current.release()
    await this.#current.gone.finally(() => Promise.allSettled(this.#closing))
  }

  #hold(table: Table): Held {
    if (table.predictors.length !== table.router.routes.length) throw new TypeError('a table has one predictor for each route')
    const predictors = new Set(table.predictors)
    for (const predictor of predictors) this.#holders.set(predictor, (this.#holders.get(predictor) ?? 0) + 1)
    const held = new Held(table, () => this.#letGo(predictors))
    const gone = held.gone.catch(() => {}).finally(() => this.#closing.delete(gone))
    this.#closing.add(gone)
    return held
  }
  async #letGo(predictors: ReadonlySet<Predictor>): Promise<void> {
    const unwanted: Predictor[] = []
    for (const predictor of predictors) {
      const holders = this.#holders.get(predictor)! - 1
      if (holders > 0) this.#holders.set(predictor, holders)
      else { this.#holders.delete(predictor); unwanted.push(predictor) }
    }
    const ends = await Promise.allSettled(unwanted.map(predictor => predictor.close()))
    const failed = ends.find(end => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

/** A table and how many hold it: its leases, and one while it is current. */
class Held {
  readonly table: Table
  readonly gone: Promise<void>
  #end: () => void
  #leases = 1
  constructor(table: Table, letGo: () => Promise<void>) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.table = table
    this.gone = promise.then(letGo)
    this.#end = resolve
  }
  take(): void { this.#leases++ }
  release(): void { if (--this.#leases === 0) this.#end() }
}

class Lease implements Serving {
  readonly router: Router
  readonly predictors: readonly Predictor[]
  #held: Held | undefined
  constructor(held: Held) {
    held.take()
    this.router = held.table.router
    this.predictors = held.table.predictors
    this.#held = held
  }
  release(): void {
    if (this.#held === undefined) throw new TypeError('a lease was released twice')
    this.#held.release()
    this.#held = undefined
  }
}
