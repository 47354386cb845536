import { SluiceError } from '../core/index.ts'
import type { Extractor, Predicted, Predictor, Rejection, Serving, Signature } from '../core/index.ts'
import { asError, backoff } from './errors.ts'
import { answer } from './lane.ts'
import type { Flight } from './lane.ts'
import type { Meter } from './meter.ts'
import type { FlowParts } from './parts.ts'
import { keysOf } from './rows.ts'

interface Call { readonly flight: Flight; readonly predictor: Predictor; readonly extractor: Extractor }

/** Asks the predictors for the rows of a flight: routes, retries, halves a call that failed for records it does not name. */
export class Scoring {
  readonly #parts: FlowParts
  readonly #meter: Meter
  readonly #extractors = new WeakMap<Signature, Extractor>()
  #ascending = new Int32Array(0)

  constructor(parts: FlowParts, meter: Meter) {
    this.#parts = parts
    this.#meter = meter
  }

  /** Fills the flight with answers and rejections. undefined: it has them already. Settles only when nothing reads the batch any more;
      throws what no record is to blame for. */
  score(flight: Flight, { router, predictors }: Serving): Promise<void> | undefined {
    const rows = this.#wanted(flight)
    if (rows.length === 0) return
    if (router.routes.length === 1) return this.#call(this.#callOf(flight, predictors[0]!), rows, 0)
    const { batch } = flight
    const routes = new Int32Array(batch.rows)
    router.assign({ bytes: batch.bytes, at: batch.keys }, routes)
    for (const row of rows) {
      if (routes[row]! < 0 && batch.values.start[row]! >= 0) flight.rejected.push({ row, stage: 'route', error: NO_MODEL })   // not a tombstone: it has no use for a model
    }
    const waits: Promise<void>[] = []
    for (let route = 0; route < predictors.length; route++) {
      const routed = rows.filter(row => routes[row] === route)
      if (routed.length === 0) continue
      try {
        const wait = this.#call(this.#callOf(flight, predictors[route]!), routed, 0)
        if (wait !== undefined) waits.push(wait)
      } catch (error) {
        waits.push(Promise.reject(error))                                  // siblings that are on their way still read the batch
      }
    }
    return waits.length === 0 ? undefined : allSettled(waits)
  }

  /** All rows but those to pass by and those the source could not deliver whole. */
  #wanted(flight: Flight): Int32Array {
    const { batch } = flight
    const rows = this.#all(batch.rows)
    const skips = this.#parts.skips?.get(batch.partition)
    if (skips === undefined && batch.rejected === undefined) return rows
    if (skips !== undefined) flight.skipped = [...rows].filter(row => skips.has(batch.offsets[row]!))
    const out = new Set(flight.skipped)
    for (const rejection of batch.rejected ?? []) {
      if (out.has(rejection.row)) continue
      out.add(rejection.row)
      flight.rejected.push(rejection)
    }
    return rows.filter(row => !out.has(row))
  }

  #all(rows: number): Int32Array {
    if (rows > this.#ascending.length) this.#ascending = Int32Array.from({ length: 2 * rows }, (_, i) => i)
    return this.#ascending.slice(0, rows)                                  // a third of the cost of a loop
  }

  #callOf(flight: Flight, predictor: Predictor): Call {
    const { signature } = predictor
    let extractor = this.#extractors.get(signature)
    if (extractor === undefined) {
      this.#parts.result.check(signature)
      this.#extractors.set(signature, extractor = this.#parts.features.for(signature))
    }
    return { flight, predictor, extractor }
  }

  #call(call: Call, wanted: Int32Array, tries: number): Promise<void> | undefined {
    const { flight, predictor } = call
    const { features, rows, rejected } = call.extractor.extract(flight.batch, wanted)
    for (const rejection of rejected) flight.rejected.push(rejection)
    if (rows.length === 0) { features.release(); return }
    const sinceMs = this.#parts.clock.nowMs()
    let answered: Promise<Predicted> | Predicted
    try {
      answered = predictor.predict(features, keysOf(flight.batch, rows), flight.lane.cancel.signal)
    } catch (error) {
      features.release()
      return this.#again(call, rows, tries, error)
    }
    if (answered instanceof Promise) {
      return answered.then(
        predicted => { features.release(); this.#add(flight, predicted, rows, wanted, sinceMs) },
        error => { features.release(); return this.#again(call, rows, tries, error) })
    }
    features.release()
    this.#add(flight, answered, rows, wanted, sinceMs)
  }

  #add(flight: Flight, predicted: Predicted, rows: Int32Array, wanted: Int32Array, sinceMs: number): void {
    this.#meter.predicted(sinceMs)
    answer(flight, predicted, rows, wanted)
  }

  /** Rows that were rejected before are not among `rows`: no record is rejected twice. */
  async #again(call: Call, rows: Int32Array, tries: number, cause: unknown): Promise<void> {
    const { flight } = call
    const { clock, options } = this.#parts
    if (flight.dropped) return
    if (!(cause instanceof SluiceError) || cause.severity === 'fatal') throw asError(cause, 'SLUICE_PIPELINE_FAILED')
    if (cause.severity === 'retry') {
      if (tries >= options.retries) throw new SluiceError('SLUICE_RETRIES_SPENT', `${tries} retries failed: ${cause.message}`, { cause })
      await clock.sleep(backoff(options.retryMs, tries + 1), flight.lane.cancel.signal)
      if (!flight.dropped) await this.#call(call, rows, tries + 1)
    } else if (rows.length === 1 || flight.splits >= options.splitsMax) {
      for (const row of rows) flight.rejected.push({ row, stage: 'predict', error: cause } satisfies Rejection)
    } else {
      flight.splits++
      const middle = rows.length >> 1
      await this.#call(call, rows.subarray(0, middle), 0)
      if (!flight.dropped) await this.#call(call, rows.subarray(middle), 0)
    }
  }
}

const NO_MODEL = new SluiceError('SLUICE_NO_MODEL', 'no model answers for this key')

/** Never Promise.all: a batch must not be released while a sibling call still reads it. */
async function allSettled(waits: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(waits)) if (result.status === 'rejected') throw result.reason
}
