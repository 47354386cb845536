import { SluiceError } from '../core/index.ts'
import type { Ownership, Position, RecordBatch, Rejection, Serving } from '../core/index.ts'
import { asError, recordRejected } from './errors.ts'
import { allocate, cut, flightOf, laneOf } from './lane.ts'
import type { Flight, Lane } from './lane.ts'
import type { Pause } from './meter.ts'
import { Outbox } from './outbox.ts'
import type { Holder } from './outbox.ts'
import { rowAt, rowsOf } from './rows.ts'
import type { Flow } from './run.ts'
import { Tolerance } from './tolerance.ts'
import { Waiting } from './waiting.ts'

/** One read of the source, from its committed positions to its end or to the first failure. Holds all state; nothing outlives it but what
    is in Flow. */
export class Session implements Ownership, Holder {
  readonly lanes = new Map<string, Lane>()
  readonly waiting: Waiting
  /** Ends it at once: abort, read again. */
  failure: SluiceError | undefined
  /** Ends it after a drain, and the run with it. */
  fatal: SluiceError | undefined
  readonly #flow: Flow
  readonly #outbox: Outbox
  readonly #tolerance: Tolerance | undefined
  readonly #reading = new AbortController()
  readonly #over = new AbortController()
  #left: number                        // records that may still be read

  constructor(flow: Flow) {
    const { recordsMax = Infinity, stopAbove } = flow.parts.options
    this.#flow = flow
    this.waiting = new Waiting(this.over)
    this.#outbox = new Outbox(flow, this)
    this.#tolerance = stopAbove === undefined ? undefined : new Tolerance(stopAbove)
    this.#left = recordsMax - flow.meter.records
  }

  get over(): AbortSignal { return this.#over.signal }
  get commits(): number { return this.#outbox.commits }

  async run(stop: AbortSignal): Promise<void> {
    const end = () => { this.#reading.abort(); this.waiting.notify() }
    if (stop.aborted) end()
    stop.addEventListener('abort', end, { once: true })
    const ticking = this.#outbox.tick()
    try {
      await this.#pull()
      await this.#drain(stop)
    } catch (error) {
      this.fail(asError(error, 'SLUICE_SOURCE_FAILED'))
    } finally {
      stop.removeEventListener('abort', end)
      for (const lane of this.lanes.values()) this.#drop(lane)
      this.#over.abort()
      this.waiting.notify()
      await ticking
    }
  }

  async #pull(): Promise<void> {
    const { reading, credits, meter, parts: { clock, options } } = this.#flow
    const { batchBytesMax } = reading
    const batches = reading.read(this, this.#reading.signal)[Symbol.asyncIterator]()
    try {
      for (let since = clock.nowMs(); this.#left > 0;) {
        const got = credits.take(batchBytesMax, this.#reading.signal)
        if (got !== true && !await this.#paused(got)) return
        let next: IteratorResult<RecordBatch>
        try { next = await batches.next() } catch (error) { credits.give(batchBytesMax); throw error }
        if (next.done) { credits.give(batchBytesMax); return }
        credits.give(batchBytesMax - next.value.bytes.byteLength)
        let now = clock.nowMs()
        if (now - since >= options.giveWayMs) { await clock.sleep(0); since = now = clock.nowMs() }        // a synchronous predictor starves timers
        this.#accept(next.value, now)
      }
    } finally {
      meter.resume()
      this.#reading.abort()                                                // before it leaves: return() waits behind a pending next()
      await batches.return?.()
    }
  }

  async #paused(got: Promise<boolean> | boolean): Promise<boolean> {
    const { credits, meter } = this.#flow
    const reason: Pause = this.#outbox.unsettledBytes * 2 >= credits.used ? 'sink' : 'predict'
    meter.pause(reason)
    const ok = await got
    meter.resume()
    return ok
  }

  /** The end of the source takes its time; a stop or a fatal error does not wait for ever. */
  async #drain(stop: AbortSignal): Promise<void> {
    const { clock, options } = this.#flow.parts
    const enough = async () => {
      await this.waiting.until(() => stop.aborted || this.fatal !== undefined)
      await clock.sleep(options.drainMs, this.over)
    }
    await Promise.race([this.#outbox.drain(() => [...this.lanes.values()]), enough()])
    const dirty = [...this.lanes.values()].some(lane => lane.flights.length > 0 || lane.done > lane.committed)
    if (dirty) this.fail(new SluiceError('SLUICE_DRAIN_LATE', `not done after ${options.drainMs} ms`))
  }

  // -- ownership --
  assigned(positions: readonly Position[]): void {
    for (const position of positions) {
      if (this.lanes.has(position.partition)) this.lost([position.partition])
      this.lanes.set(position.partition, laneOf(position))
    }
    this.#flow.meter.owned(this.lanes.size)
  }

  /** Never waits for the pull loop, nor the pull loop for it. */
  async revoked(partitions: readonly string[]): Promise<void> {
    const lanes = partitions.flatMap(partition => this.lanes.get(partition) ?? [])
    for (const lane of lanes) lane.open = false
    const half = this.#flow.parts.options.revokeMs / 2
    await this.#within(half, this.waiting.until(() => lanes.every(lane => lane.flights.length === 0)))
    for (const lane of lanes) this.#drop(lane)
    await this.#within(half, this.#outbox.drain(() => lanes))
    if (lanes.some(lane => lane.done > lane.committed)) {                  // the next owner repeats it, or the unit holds rows of a partition that is gone
      this.fail(new SluiceError('SLUICE_REVOKE_LATE', `${partitions.join(', ')}: not committed after ${half} ms`))
    }
    for (const lane of lanes) if (this.lanes.get(lane.partition) === lane) this.lanes.delete(lane.partition)
    this.#flow.meter.owned(this.lanes.size)
  }

  lost(partitions: readonly string[]): void {
    for (const partition of partitions) {
      const lane = this.lanes.get(partition)
      if (lane === undefined) continue
      this.lanes.delete(partition)
      this.#drop(lane)
      if (lane.done > lane.committed && this.#flow.delivery.guarantee === 'exactly-once') {                // its rows are in the open unit
        this.fail(new SluiceError('SLUICE_PARTITION_LOST', `${partition} was lost in mid-unit`))
      }
    }
    this.#flow.meter.owned(this.lanes.size)
  }

  // -- scoring --
  #accept(batch: RecordBatch, now: number): void {
    const lane = this.lanes.get(batch.partition)
    if (this.over.aborted || lane === undefined || !lane.open || batch.next <= lane.expected) return this.#release(batch)
    if (batch.from > lane.expected) {
      this.#release(batch)
      return this.fail(new SluiceError('SLUICE_POSITION_GAP', `${batch.partition}: ${batch.from} follows ${lane.expected}`))
    }
    const first = batch.from < lane.expected ? rowAt(batch, Number(lane.expected)) : 0         // before it: rows of an earlier ownership
    const end = Math.min(batch.rows, first + this.#left)
    const last = this.#flow.stops.get(batch.partition)
    lane.expected = batch.next
    const flight = flightOf(lane, first > 0 || end < batch.rows ? rowsOf(batch, first, end) : batch, now)
    lane.flights.push(flight)
    this.#left -= flight.batch.rows
    if (last !== undefined && flight.batch.next > last.offset) {
      cut(flight, rowAt(flight.batch, last.offset))
      this.#endAfter(flight, last.error)
    }
    this.#begin(flight)
  }

  #begin(flight: Flight): void {
    let serving: Serving | undefined
    try {
      serving = this.#flow.parts.control.take()
      const scoring = this.#flow.scoring.score(flight, serving)
      if (scoring === undefined) { serving.release(); return this.#scored(flight) }
      const held = serving
      scoring.then(() => { held.release(); this.#scored(flight) }, error => { held.release(); this.#broken(flight, error) })
    } catch (error) {
      serving?.release()
      this.#broken(flight, error)
    }
  }

  #scored(flight: Flight): void {
    if (flight.dropped) return this.discard(flight)
    const { result } = this.#flow.parts
    allocate(flight)
    try {
      let written = result.write(flight.batch, flight)
      const stop = this.#stopAt(flight, written.rejected)
      if (stop !== undefined) {
        written.records.release()
        cut(flight, stop.row)
        this.#endAfter(flight, stop.error)
        written = result.write(flight.batch, flight)                       // the same rows give the same records
      }
      flight.written = written
    } catch (error) {
      return this.#broken(flight, error)
    }
    for (const rejection of flight.written.rejected) flight.rejected.push(rejection)
    for (const part of flight.parts) part.outputs.release()
    flight.parts.length = 0
    this.#outbox.pump(flight.lane)
  }

  /** The row before which it has to end, if any. */
  #stopAt(flight: Flight, byResult: readonly Rejection[]): { row: number; error: SluiceError } | undefined {
    const { reject } = this.#flow.parts
    if (reject !== undefined && this.#tolerance === undefined) return
    const rejected = flight.rejected.length + byResult.length < 2 ? [...flight.rejected, ...byResult]
      : [...flight.rejected, ...byResult].sort((a, b) => a.row - b.row)
    const first = reject === undefined ? rejected[0] : this.#tolerance!.add(flight, rejected)
    if (first === undefined) return
    return { row: first.row, error: reject === undefined ? recordRejected(flight.batch, first)
      : this.#tolerance!.error(first, `${flight.batch.partition}@${flight.batch.offsets[first.row]}`) }
  }

  refused(flight: Flight, rejected: readonly Rejection[]): void {
    if (this.#flow.parts.reject === undefined) {                           // rows behind it have landed, or are in the unit: read again up to it
      const [first] = rejected
      const error = recordRejected(flight.batch, first!), offset = flight.batch.offsets[first!.row]!
      const before = this.#flow.stops.get(flight.batch.partition)
      if (before === undefined || offset < before.offset) this.#flow.stops.set(flight.batch.partition, { offset, error })
      throw new SluiceError('SLUICE_SINK_REFUSED', `the sink refused a record: ${first!.error.message}`, { ...(error.at === undefined ? {} : { at: error.at }), cause: first!.error })
    }
    const error = this.#tolerance?.refused(rejected)
    if (error !== undefined) this.#end(error)
  }

  // -- the end of things --
  /** Reads no more; what is on its way is delivered and committed. */
  #end(error: SluiceError): void {
    this.fatal ??= error
    this.#reading.abort()
    this.waiting.notify()
  }

  /** Nothing behind this flight can be delivered. */
  #endAfter(flight: Flight, error: SluiceError): void {
    this.#drop(flight.lane, flight.lane.flights.indexOf(flight) + 1)
    this.#end(error)
  }

  /** Nothing from this flight on can be delivered; all before it still can. */
  #broken(flight: Flight, cause: unknown): void {
    if (!flight.dropped) {
      const error = asError(cause, 'SLUICE_PIPELINE_FAILED')
      if (error.severity === 'retry') this.fail(error)
      else {
        this.#drop(flight.lane, flight.lane.flights.indexOf(flight))
        this.#end(error)
      }
    }
    this.discard(flight)
  }

  fail(error: SluiceError): void {
    if (this.over.aborted) return
    if (error.severity === 'fatal') this.fatal ??= error
    this.failure = error
    this.#over.abort()
    this.#reading.abort()
    for (const lane of this.lanes.values()) this.#drop(lane)
    this.waiting.notify()
  }

  /** Gives up what is not yet handed over, from the flight at `from` on. */
  #drop(lane: Lane, from = 0): void {
    lane.open = false
    if (from === 0) lane.cancel.abort()
    for (const flight of lane.flights.splice(from)) {
      flight.dropped = true
      if (flight.written !== undefined) this.discard(flight)               // else when its calls have settled
    }
    this.waiting.notify()
  }

  discard(flight: Flight): void {
    for (const part of flight.parts.splice(0)) part.outputs.release()
    flight.written?.records.release()
    this.#release(flight.batch)
  }

  #release(batch: RecordBatch): void {
    const { byteLength } = batch.bytes
    batch.release()
    this.#flow.credits.give(byteLength)
  }

  async #within(ms: number, work: Promise<void>): Promise<void> {
    const enough = new AbortController()
    await Promise.race([work, this.#flow.parts.clock.sleep(ms, AbortSignal.any([enough.signal, this.over]))])
    enough.abort()
  }
}
