import type { Clock, Tensor, TensorBatch, TensorData } from '../core/index.ts'
import { WireError } from '../wire/tensors.ts'
import { Cost } from './cost.ts'

/** What waits for a model. */
export interface Work {
  readonly features: TensorBatch
  /** Of the clock. */
  readonly deadlineMs: number
  /** The caller has gone. */
  readonly signal: AbortSignal
}
export interface Done { readonly outputs: TensorBatch; readonly queueMs: number; readonly computeMs: number }
export interface LaneOptions {
  /** Rows and bytes that may wait. */
  readonly rowsMax: number
  readonly bytesMax: number
  /** Rows of one batch, at most. */
  readonly batchRowsMax: number
  /** What a batch may take, so that the next caller does not wait for it in vain: a third of the deadline that callers have when they say none. */
  readonly batchMs: number
  /** How many batches may run at once. */
  workers(): number
  run(features: TensorBatch): Promise<TensorBatch>
  /** For metrics. */
  observe?(batch: { readonly rows: number; readonly queueMs: number; readonly computeMs: number }): void
}

interface Waiting extends Work { readonly bytes: number; readonly since: number; resolve(done: Done): void; reject(error: WireError): void }

/** How much of the time that is left may be planned away. */
const PLANNED = 0.85

/** The queue before one model. A call is admitted when its answer can be there in time, by what batches have cost so far; else it is refused at once, so that nobody waits in vain and the
    queue never holds more than can be done. What waits is run as one batch as soon as a worker is free; nobody waits for a batch to fill.
    The rule: what runs now + what waits, in batches as large as they may be, over the workers + the own batch <= 85 % of the time that is left. */
export class Lane {
  readonly #options: LaneOptions
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  readonly #running = new Set<{ readonly endsMs: number }>()
  readonly cost = new Cost()
  #rows = 0
  #bytes = 0
  #closed = false

  constructor(options: LaneOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  get rows(): number { return this.#rows }
  get running(): number { return this.#running.size }
  /** How long a call of one row would wait, in ms. */
  get waitMs(): number { return this.#waitMs(this.#clock.nowMs()) }

  /** @throws WireError exhausted: not in time, or too much is waiting; deadline: too late when its turn came; unavailable: closed */
  submit(work: Work): Promise<Done> {
    const now = this.#clock.nowMs(), rows = work.features.rows, bytes = bytesOf(work.features)
    if (this.#closed) return Promise.reject(new WireError('unavailable', 'the model is being closed'))
    const refused = this.#refusal(now, rows, bytes, work.deadlineMs)
    if (refused !== undefined) return Promise.reject(refused)
    return new Promise((resolve, reject) => {
      this.#rows += rows
      this.#bytes += bytes
      this.#waiting.push({ ...work, bytes, since: now, resolve, reject })
      this.#next()
    })
  }

  /** Refuses what waits; what runs is answered. */
  close(): void {
    this.#closed = true
    for (const work of this.#waiting.splice(0)) this.#drop(work, new WireError('unavailable', 'the model is being closed'))
  }

  #refusal(now: number, rows: number, bytes: number, deadlineMs: number): WireError | undefined {
    const { rowsMax, bytesMax } = this.#options
    const batch = this.#batchRows(), left = deadlineMs - now, waits = this.#running.size >= this.#options.workers()
    // by the turn of who has to wait, others will have come that fill the batch
    const own = this.cost.slack * this.cost.of(waits ? batch : Math.min(batch, rows)) * Math.ceil(rows / batch)
    const late = this.#waitMs(now) + own - PLANNED * left
    if (late > 0) return new WireError('exhausted', `overloaded: the answer would take ${Math.ceil(late + PLANNED * left)} ms, and ${Math.max(0, Math.floor(left))} ms are left`, Math.max(1, Math.ceil(late)))
    if (this.#waiting.length > 0 && (this.#rows + rows > rowsMax || this.#bytes + bytes > bytesMax)) {
      return new WireError('exhausted', `overloaded: ${this.#rows} rows (${this.#bytes} bytes) are waiting already`, Math.max(1, Math.ceil(this.#waitMs(now))))
    }
    return undefined
  }

  #batchRows(): number { return this.cost.rowsWithin(this.#options.batchMs, this.#options.batchRowsMax) }

  #waitMs(now: number): number {
    const workers = Math.max(1, this.#options.workers()), batch = this.#batchRows()
    let running = 0
    if (this.#running.size >= workers) for (const { endsMs } of this.#running) running += Math.max(0, endsMs - now)
    return running / workers + Math.floor(this.#rows / batch) / workers * this.cost.of(batch)
  }

  #drop(work: Waiting, error: WireError): void {
    this.#rows -= work.features.rows
    this.#bytes -= work.bytes
    work.features.release()
    work.reject(error)
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#running.size < this.#options.workers()) {
      const batch = this.#take()
      if (batch.length > 0) void this.#run(batch)
    }
  }

  /** Whole calls, as many as a batch may hold; those that nobody waits for any more, or that come too late, never run. */
  #take(): Waiting[] {
    const now = this.#clock.nowMs(), batch: Waiting[] = [], most = this.#batchRows()
    let rows = 0
    while (this.#waiting.length > 0) {
      const work = this.#waiting[0]!
      if (work.signal.aborted || now + this.cost.of(Math.min(work.features.rows, most)) > work.deadlineMs) {
        this.#waiting.shift()
        this.#drop(work, new WireError('deadline', work.signal.aborted ? 'the caller has gone' : `its deadline passed while it waited ${Math.round(now - work.since)} ms`))
        continue
      }
      const together = rows + work.features.rows
      if (batch.length > 0 && together > most) break
      this.#waiting.shift()
      this.#rows -= work.features.rows
      this.#bytes -= work.bytes
      rows = together
      batch.push(work)
    }
    return batch
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    const startMs = this.#clock.nowMs(), rows = batch.reduce((sum, { features }) => sum + features.rows, 0)
    const running = { endsMs: startMs + this.cost.of(rows) }
    this.#running.add(running)
    try {
      const features = batch.length === 1 ? batch[0]!.features : joined(batch.map(work => work.features), rows)
      const outputs = await this.#options.run(features)
      const computeMs = this.#clock.nowMs() - startMs
      this.cost.add(rows, computeMs)
      let from = 0
      for (const work of batch) {
        const queueMs = startMs - work.since
        this.#options.observe?.({ rows: work.features.rows, queueMs, computeMs })
        work.resolve({ outputs: batch.length === 1 ? outputs : part(outputs, from, work.features.rows), queueMs, computeMs })
        from += work.features.rows
      }
    } catch (error) {
      for (const work of batch) work.reject(error instanceof WireError ? error : new WireError('internal', (error as Error).message))
    } finally {
      for (const work of batch) work.features.release()
      this.#running.delete(running)
      this.#next()
    }
  }
}

function bytesOf({ tensors }: TensorBatch): number {
  let bytes = 0
  for (const { data } of tensors.values()) bytes += 'codes' in data ? data.codes.byteLength : data.byteLength
  return bytes
}

/** Rows of several batches, one after the other. */
function joined(batches: readonly TensorBatch[], rows: number): TensorBatch {
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype, shape }] of batches[0]!.tensors) {
    const parts = batches.map(batch => batch.tensors.get(name)!.data as Float32Array), width = shape[1] ?? 1
    const data = new (parts[0]!.constructor as Float32ArrayConstructor)(rows * width)
    let at = 0
    for (const values of parts) {
      data.set(values, at)
      at += values.length
    }
    tensors.set(name, { dtype, shape: [rows, ...shape.slice(1)], data })
  }
  return { rows, tensors, release() {} }
}

function part(batch: TensorBatch, from: number, rows: number): TensorBatch {
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype, shape, data }] of batch.tensors) {
    const perRow = shape.slice(1).reduce((product, size) => product * size, 1), cut = <D extends Exclude<TensorData, { readonly words: readonly string[] }>>(values: D): D => values.slice(from * perRow, (from + rows) * perRow) as D
    tensors.set(name, { dtype, shape: [rows, ...shape.slice(1)], data: 'codes' in data ? { words: data.words, codes: cut(data.codes) } : cut(data) })
  }
  return { rows, tensors, release() {} }
}
