import { SluiceError } from '../../core/index.ts'
import type { Context } from '../../core/index.ts'
import type { Batch, Queue } from './batch.ts'
import type { Cluster } from './cluster.ts'
import { away, codeName, KAFKA, LEADERLESS, protocolError } from './errors.ts'
import type { Author, Identity } from './identity.ts'
import { partitionName } from './partitions.ts'
import { produceApi } from './wire/index.ts'
import type { ProducedPartition, ProducePartition } from './wire/index.ts'

export interface SenderOptions {
  /** A batch that has not landed after so long fails. */
  readonly deliveryMs: number
  readonly requestTimeoutMs: number
}
/** Who made the batches. */
export interface Maker {
  landed(batch: Batch): void
  /** Given up, and never sent. */
  unsent(batch: Batch): void
  /** The broker will not take it as it is: nothing of its partition is on its way now. */
  unfit(queue: Queue): void
  failed(error: SluiceError): void
  /** Nothing is on its way any more. */
  settled(): void
}

/** Requests on their way to one broker. Five is what a broker remembers of a producer in each partition. */
const FLYING_MAX = 5
const REQUEST_BYTES = 4_194_304
const SEQUENCE_MAX = 2_147_483_647

/** Sends sealed batches to the leaders of their partitions: several requests at once to each, in each of them one batch of a partition at most. The order of
    a partition holds by sequence numbers: what follows a batch that was lost is refused, comes back, and all are sent again from the lost one on. */
export class Sender {
  readonly #cluster: Cluster
  readonly #author: Author
  readonly #maker: Maker
  readonly #context: Context
  readonly #options: SenderOptions
  readonly #queues = new Set<Queue>()
  readonly #flying = new Map<number, number>()       // requests, by broker
  #requests = 0
  #identifying = false
  #stopped = false
  #admitting = false
  #disowned = false
  #told = false
  #over = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAtMs = Infinity
  #pumping = false
  #troubled = false

  constructor(cluster: Cluster, author: Author, maker: Maker, options: SenderOptions, context: Context) {
    this.#cluster = cluster
    this.#author = author
    this.#maker = maker
    this.#options = options
    this.#context = context
  }

  get busy(): boolean { return this.#requests > 0 }

  /** Sent as soon as may be, behind what its queue holds. */
  add(batch: Batch): void {
    batch.sinceMs = this.#context.clock.nowMs()
    batch.queue.batches.push(batch)
    this.#queues.add(batch.queue)
    this.pump()
  }

  /** What is asked for is sent once the caller has returned: then all that he has to send goes together. */
  pump(): void {
    if (this.#pumping || this.#stopped) return
    this.#pumping = true
    queueMicrotask(() => { this.#pumping = false; while (!this.#stopped && this.#round()) continue })
  }

  /** Sends nothing more; what is on its way is waited for, or given up. */
  stop(how: 'wait' | 'cancel'): void {
    this.#stopped = true
    this.#told = false
    if (how === 'cancel') this.#over.abort()
    this.#settled()
  }
  #settled(): void {
    if (!this.#stopped || this.#requests > 0) return
    queueMicrotask(() => {
      if (this.#told) return
      this.#told = true
      this.#maker.settled()
    })
  }
  /** Drops all; then it may be used again. */
  reset(): void {
    let unknown = false
    for (const queue of this.#queues) {
      for (const batch of queue.batches) {
        if (batch.sent) unknown = true
        else this.#maker.unsent(batch)
      }
      queue.batches.length = 0
      queue.failures = queue.notBeforeMs = 0
    }
    this.#queues.clear()
    if (unknown) this.#author.renounce()
    this.#over = new AbortController()
    this.#stopped = this.#disowned = false
  }
  close(): void {
    this.#stopped = true
    this.#over.abort()
    clearTimeout(this.#timer)
  }

  /** One request to each broker at most. Whether anything was sent. */
  #round(): boolean {
    if (this.#queues.size === 0 || this.#disowned) return false
    const { identity } = this.#author
    if (identity === undefined) { void this.#identify(); return false }
    const nowMs = this.#context.clock.nowMs()
    const requests = new Map<number, { readonly batches: Batch[]; bytes: number }>()
    const strangers: string[] = []
    for (const queue of this.#queues) {
      const batch = nextOf(queue, identity)
      if (batch === undefined) continue
      if (queue.notBeforeMs > nowMs) { this.#wakeAt(queue.notBeforeMs); continue }
      if (queue.leader === undefined) { void this.#locate(queue); continue }
      const { leader } = queue
      if ((this.#flying.get(leader) ?? 0) >= FLYING_MAX) continue
      let request = requests.get(leader)
      if (request !== undefined && request.bytes + batch.size > REQUEST_BYTES) continue
      if (!this.#author.isAdmitted(queue.name)) { strangers.push(queue.name); continue }
      if (request === undefined) requests.set(leader, request = { batches: [], bytes: 0 })
      request.batches.push(batch)
      request.bytes += batch.size
    }
    if (strangers.length > 0) void this.#admit(strangers)
    for (const [node, { batches }] of requests) void this.#send(node, batches, identity)
    return requests.size > 0
  }

  // -- leave to send --
  async #identify(): Promise<void> {
    if (this.#identifying) return
    this.#identifying = true
    try {
      await this.#author.identify()
    } catch (error) {
      this.#fail(this.#asError(error))
    } finally {
      this.#identifying = false
    }
    this.pump()
  }
  async #admit(names: readonly string[]): Promise<void> {
    if (this.#admitting) return
    this.#admitting = true
    try {
      await this.#author.admit(names)
    } catch (error) {
      this.#fail(this.#asError(error))
    } finally {
      this.#admitting = false
    }
    this.pump()
  }
  async #locate(queue: Queue): Promise<void> {
    if (queue.locating) return
    queue.locating = true
    const { signal } = this.#over
    try {
      queue.leader = (await this.#cluster.leader(queue.topic, queue.index, signal)).leader
    } catch (error) {
      if (!signal.aborted) this.#hinder(queue, this.#asError(error))
    } finally {
      queue.locating = false
    }
    this.pump()
  }

  // -- requests --
  async #send(node: number, batches: readonly Batch[], identity: Identity): Promise<void> {
    const { transactionalId } = this.#author, { requestTimeoutMs } = this.#options
    const transactional = transactionalId !== null
    const topics = new Map<string, ProducePartition[]>()
    for (const batch of batches) {
      const { queue } = batch
      if (queue.identity !== identity) {
        queue.identity = identity
        queue.sequence = 0
      }
      if (!batch.isStampedAs(identity)) {
        batch.stamp(identity, transactional, queue.sequence)
        queue.sequence = advance(queue.sequence, batch.rows)
      }
      const its = topics.get(queue.topic)
      const part = { partition: queue.index, batch: batch.bytes! }
      if (its === undefined) topics.set(queue.topic, [part])
      else its.push(part)
      batch.state = 'flying'
      batch.sent = true
      queue.flying++
    }
    this.#requests++
    this.#flying.set(node, (this.#flying.get(node) ?? 0) + 1)
    const answers = new Map<string, ProducedPartition>()
    let failure: SluiceError | undefined
    try {
      const answer = await this.#cluster.request(node, produceApi, [{ transactionalId, timeoutMs: requestTimeoutMs, topics: Array.from(topics, ([name, partitions]) => ({ name, partitions })) }],
        { purpose: 'produce', signal: this.#over.signal })
      for (const { name, partitions } of answer.topics) for (const each of partitions) answers.set(partitionName(name, each.partition), each)
    } catch (error) {
      failure = this.#asError(error)
    }
    this.#flying.set(node, this.#flying.get(node)! - 1)
    for (const { queue } of batches) queue.flying--
    for (const batch of batches) {
      const answer = answers.get(batch.queue.name)
      if (answer === undefined) this.#comesBack(batch, failure ?? new SluiceError(away(this.#cluster.role), `broker ${node} left ${batch.queue.name} out of its answer`))
      else this.#answered(batch, answer)
    }
    for (const { queue } of batches) this.#regroup(queue)
    this.#requests--
    this.#settled()
    this.pump()
  }

  #answered(batch: Batch, { errorCode, message, recordErrors }: ProducedPartition): void {
    const { queue } = batch
    const asked = { operation: 'Write', name: queue.topic, doing: 'producing to', at: queue.name }
    switch (errorCode) {
      case KAFKA.NONE: case KAFKA.DUPLICATE_SEQUENCE_NUMBER:
        return this.#landed(batch)
      case KAFKA.MESSAGE_TOO_LARGE: case KAFKA.RECORD_LIST_TOO_LARGE: case KAFKA.INVALID_RECORD: case INVALID_TIMESTAMP:
        batch.unfit = { code: errorCode, message: recordErrors[0]?.message ?? message, rows: recordErrors.map(({ row }) => row) }
        batch.state = 'back'
        return
      case KAFKA.OUT_OF_ORDER_SEQUENCE_NUMBER: case KAFKA.UNKNOWN_PRODUCER_ID:
        batch.state = 'back'
        if (queue.batches[0] === batch) this.#disown(errorCode)             // else one before it is missing
        return
      case KAFKA.INVALID_PRODUCER_EPOCH: case KAFKA.PRODUCER_FENCED: case KAFKA.INVALID_PRODUCER_ID_MAPPING: case KAFKA.INVALID_TXN_STATE: case KAFKA.TRANSACTION_ABORTABLE:
        batch.state = 'back'
        return this.#disown(errorCode)
    }
    const error = protocolError(errorCode, this.#cluster.role, asked, message)
    if (LEADERLESS.has(errorCode)) return this.#comesBack(batch, new SluiceError(away(this.#cluster.role), `producing to ${queue.name}: ${codeName(errorCode)}`, { at: queue.name }))
    if (error.severity === 'retry') return this.#comesBack(batch, error)
    batch.state = 'back'
    this.#fail(error)
  }

  #landed(batch: Batch): void {
    const { queue } = batch
    queue.batches.splice(queue.batches.indexOf(batch), 1)
    queue.known = queue.identity
    if (queue.batches.length === 0) this.#queues.delete(queue)
    if (queue.failures > 0 && this.#troubled) {
      this.#troubled = false
      this.#context.log.write('info', `producing to ${queue.name} goes on`)
    }
    queue.failures = 0
    this.#maker.landed(batch)
  }
  #disown(code: number): void {
    if (this.#disowned) return
    this.#disowned = true
    this.#author.disowned(code).then(error => this.#fail(error), error => this.#fail(this.#asError(error)))
  }
  #comesBack(batch: Batch, error: SluiceError): void {
    batch.state = 'back'
    if (this.#stopped) return
    if (error.severity !== 'retry') return this.#fail(error)
    this.#hinder(batch.queue, error)
  }

  /** Looks for the leader anew, later. */
  #hinder(queue: Queue, error: SluiceError): void {
    const nowMs = this.#context.clock.nowMs()
    if (error.severity !== 'retry') return this.#fail(error)
    const since = queue.batches[0]?.sinceMs
    if (since !== undefined && nowMs - since > this.#options.deliveryMs) return this.#fail(error)
    queue.leader = undefined
    this.#cluster.stale(queue.topic)
    if (queue.notBeforeMs > nowMs) return
    queue.notBeforeMs = nowMs + Math.min(20 * 2 ** queue.failures++, 1_000)
    if (this.#troubled || queue.failures < 4) return
    this.#troubled = true
    this.#context.log.write('warn', `producing to ${queue.name}: ${error.message}; trying again for ${Math.round(this.#options.deliveryMs / 1000)} s`, { code: error.code, at: error.at })
  }

  /** When nothing of a partition is on its way, what came back goes first. */
  #regroup(queue: Queue): void {
    if (queue.flying > 0 || this.#stopped) return
    let unfit = false
    for (const batch of queue.batches) {
      if (batch.state === 'back') batch.state = 'ready'
      if (batch.unfit !== undefined) unfit = true
    }
    if (!unfit) return
    // none of them has landed: the numbers behind one that is missing are refused
    queue.sequence = queue.batches[0]!.sequence
    for (const batch of queue.batches) batch.unstamp()
    this.#maker.unfit(queue)
    if (queue.batches.length === 0) this.#queues.delete(queue)
  }

  #fail(error: SluiceError): void { if (!this.#stopped) this.#maker.failed(error) }
  #asError(error: unknown): SluiceError {
    return error instanceof SluiceError ? error : new SluiceError('SLUICE_WRITE_FAILED', `producing failed: ${String(error)}`, { cause: error })
  }

  #wakeAt(atMs: number): void {
    if (this.#timerAtMs <= atMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = setTimeout(() => { this.#timerAtMs = Infinity; this.pump() }, Math.max(1, atMs - this.#context.clock.nowMs()))
  }
}

const INVALID_TIMESTAMP = 32

/** The batch to be sent next; undefined: none now. */
function nextOf({ batches, flying, known }: Queue, identity: Identity): Batch | undefined {
  const most = known === identity ? FLYING_MAX : 1
  for (const batch of batches) {
    if (batch.state === 'back') return undefined
    if (batch.state === 'ready') return flying < most ? batch : undefined
  }
  return undefined
}

/** Sequence numbers begin again at 0 behind the largest. */
export const advance = (sequence: number, rows: number): number => sequence > SEQUENCE_MAX - rows ? rows - (SEQUENCE_MAX - sequence) - 1 : sequence + rows
