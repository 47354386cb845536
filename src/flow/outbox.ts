import { SluiceError } from '../core/index.ts'
import type { Position, Records, Rejection } from '../core/index.ts'
import { asError } from './errors.ts'
import { count, noCounts } from './lane.ts'
import type { Flight, Lane } from './lane.ts'
import type { Flow } from './run.ts'
import type { Waiting } from './waiting.ts'

/** What the outbox knows of the session that owns it. */
export interface Holder {
  readonly lanes: ReadonlyMap<string, Lane>
  readonly over: AbortSignal
  readonly waiting: Waiting
  /** Nobody reads the flight any more. */
  discard(flight: Flight): void
  /** The sink refused records of it. */
  refused(flight: Flight, rejected: readonly Rejection[]): void
  fail(error: SluiceError): void
}

/** Hands results over in order, and commits what was handed over. */
export class Outbox {
  commits = 0
  readonly #flow: Flow
  readonly #holder: Holder
  #committing: Promise<void> | undefined
  #bytes = 0                           // handed over since the last commit
  #unsettled = 0                       // bytes of batches handed over and not yet written

  constructor(flow: Flow, holder: Holder) {
    this.#flow = flow
    this.#holder = holder
  }

  get unsettledBytes(): number { return this.#unsettled }

  /** Hands over what is ready. Not awaited: order is call order. */
  pump(lane: Lane): void {
    if (this.#committing !== undefined || this.#holder.over.aborted) return
    while (lane.flights[0]?.written !== undefined) this.#handOver(lane.flights.shift()!, lane)
    this.#holder.waiting.notify()
    if (this.#bytes >= this.#flow.parts.options.commitBytes) void this.commit()
  }

  #handOver(flight: Flight, lane: Lane): void {
    const { records } = flight.written!
    lane.done = flight.batch.next
    this.#bytes += records.bytes.byteLength
    this.#unsettled += flight.batch.bytes.byteLength
    let wrote = NOTHING
    try {
      if (records.rows > 0) wrote = this.#flow.delivery.write(this.#flow.parts.sink, records)
    } catch (error) {
      wrote = Promise.reject(error)
    }
    lane.tail = this.#settle(flight, wrote, lane.tail)
  }

  async #settle(flight: Flight, wrote: Promise<readonly Rejection[]>, before: Promise<void>): Promise<void> {
    const { meter } = this.#flow
    const bytes = flight.batch.bytes.byteLength
    let rejects: Records | undefined
    try {
      const refused = await wrote
      if (refused.length > 0) this.#refused(flight, refused)
      if (flight.rejected.length > 0) {
        await before                   // rejects keep their order too
        if (this.#holder.over.aborted) return
        flight.rejected.sort((a, b) => a.row - b.row)
        rejects = this.#flow.parts.rejects.write(flight.batch, flight.rejected)
        await this.#reject(flight, rejects)
      }
      count(flight)
      meter.written(flight.sinceMs, flight.batch.rows)
      await before
    } catch (error) {
      this.#holder.fail(asError(error, 'SLUICE_WRITE_FAILED'))
    } finally {
      rejects?.release()
      this.#unsettled -= bytes
      this.#holder.discard(flight)
    }
  }

  #refused(flight: Flight, refused: readonly Rejection[]): void {
    const rejected = refused.map(({ row, stage, error }) => ({ row: flight.written!.rows[row]!, stage, error }))
    for (const rejection of rejected) flight.rejected.push(rejection)
    this.#holder.refused(flight, rejected)
  }

  async #reject({ batch, rejected }: Flight, records: Records): Promise<void> {
    const [refused] = await this.#flow.delivery.write(this.#flow.parts.reject!, records)
    if (refused === undefined) return
    throw new SluiceError('SLUICE_REJECT_REFUSED', `the reject sink refused a record: ${refused.error.message}`,
      { at: `${batch.partition}@${batch.offsets[rejected[refused.row]!.row]}`, cause: refused.error })
  }

  /** Awaits what was handed over before it began, commits that, goes on handing over. */
  commit(): Promise<void> {
    return this.#committing ??= this.#commit().finally(() => {
      this.#committing = undefined
      for (const lane of this.#holder.lanes.values()) this.pump(lane)
      this.#holder.waiting.notify()
    })
  }

  async #commit(): Promise<void> {
    const lanes = [...this.#holder.lanes.values()]
    this.#bytes = 0                    // also when nothing turns out to be left of them (lost): else commit calls itself for ever
    for (const lane of lanes) await lane.tail
    if (this.#holder.over.aborted) return
    const dirty = lanes.filter(lane => this.#owes(lane))
    if (dirty.length === 0) return
    const { delivery, meter, parts: { clock } } = this.#flow
    const sinceMs = clock.nowMs()
    try {
      await delivery.commit(dirty.map(({ partition, done }): Position => ({ partition, offset: done })))
      meter.committed(sinceMs, dirty.map(({ counts }) => counts))
      for (const lane of dirty) { lane.committed = lane.done; lane.counts = noCounts() }
      this.commits++
    } catch (error) {
      this.#holder.fail(asError(error, 'SLUICE_COMMIT_FAILED'))
    }
  }

  async tick(): Promise<void> {
    const { clock, options } = this.#flow.parts
    const { over } = this.#holder
    while (!over.aborted) {
      await clock.sleep(options.commitEveryMs, over)
      if (!over.aborted) void this.commit()                                // a sink that never answers must not keep the session from ending
    }
  }

  /** Hands over and commits all that the lanes hold. */
  async drain(lanes: () => readonly Lane[]): Promise<void> {
    await this.#holder.waiting.until(() => lanes().every(lane => lane.flights.length === 0))
    while (!this.#holder.over.aborted && lanes().some(lane => this.#owes(lane))) await this.commit()
  }

  #owes(lane: Lane): boolean { return lane.done > lane.committed && this.#holder.lanes.get(lane.partition) === lane }
}

const NOTHING: Promise<readonly Rejection[]> = Promise.resolve([])
