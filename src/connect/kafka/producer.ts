import { describeConfigsV4 } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context, Records, Rejection } from '../../core/index.ts'
import { kernelsOf } from '../../kernels/host.ts'
import { Batch } from './batch.ts'
import type { Outlet, Queue, Write } from './batch.ts'
import type { Cluster } from './cluster.ts'
import { codeName, KAFKA } from './errors.ts'
import type { Author } from './identity.ts'
import type { KafkaSinkOptions } from './options.ts'
import { partitionName } from './partitions.ts'
import { Sender } from './sender.ts'
import { BatchWriter, partitionOf, stageOf } from './wire/index.ts'
import type { Stage } from './wire/index.ts'

export interface ProducerOptions {
  readonly lingerMs: number
  readonly requestTimeoutMs: number
  /** A batch that has not landed after so long fails, and all that is not settled with it. */
  readonly deliveryMs: number
}
export type OutletOptions = Pick<KafkaSinkOptions, 'topic' | 'compression' | 'batchBytes' | 'recordBytesMax'>

const BUFFER_BYTES = 33_554_432
const BATCH_BYTES = 1_048_576
/** Rows that are staged may be more than there is room for, by so much. */
const STAGED_BYTES_MAX = 4_194_304
const REFRESH_MS = 300_000
/** A record's lengths and offsets take no more; a batch's header takes HEADER_BYTES. */
const RECORD_EXTRA = 36
const HEADER_BYTES = 61
/** Of a new batch; it grows. */
const FIRST_BYTES = 65_536
/** Writers kept for later, and how large they may have been. */
const SPARE_MAX = 32
const SPARE_BYTES_MAX = 4 * BATCH_BYTES

/** Puts records into batches, one being filled for each partition, and has them sent when they are full or have waited for lingerMs. What is called before
    lands before, partition by partition. */
export class Producer {
  readonly #cluster: Cluster
  readonly #author: Author
  readonly #context: Context
  readonly #options: ProducerOptions
  readonly #sender: Sender
  readonly #writes = new Set<Write>()                // not settled
  readonly #waiting: Write[] = []                    // not wholly in batches
  readonly #filling = new Set<Queue>()
  #bytes = 0
  #failure: SluiceError | undefined
  #linger: ReturnType<typeof setTimeout> | undefined
  #settled: (() => void) | undefined
  #quiet: (() => void)[] = []

  constructor(cluster: Cluster, author: Author, options: ProducerOptions, context: Context) {
    this.#cluster = cluster
    this.#author = author
    this.#context = context
    this.#options = options
    this.#sender = new Sender(cluster, author, {
      landed: batch => this.#landed(batch),
      unsent: batch => this.#keep(batch),
      unfit: queue => this.#unfit(queue),
      failed: error => this.#fail(error),
      settled: () => this.#end(),
    }, options, context)
  }

  /** Looks at a topic that is to be written to.
      @throws SLUICE_TOPIC_MISSING, SLUICE_NOT_AUTHORIZED, SLUICE_SINK_AWAY */
  async outlet({ topic, compression = 'none', batchBytes = BATCH_BYTES, recordBytesMax = Infinity }: OutletOptions): Promise<Outlet> {
    const { partitions } = await this.#cluster.topic(topic)
    const brokerBytesMax = await bytesMaxOf(this.#cluster, topic)
    const outlet: Outlet = { topic, queues: [], compression, batchBytes: Math.min(batchBytes, brokerBytesMax), recordBytesMax, brokerBytesMax, writers: [], sticky: 0, atMs: this.#context.clock.nowMs() }
    grow(outlet, partitions.length)
    outlet.sticky = Math.floor(Math.random() * partitions.length)
    return outlet
  }

  /** As Sink.write says. */
  write(outlet: Outlet, records: Records): Promise<readonly Rejection[]> {
    const failure = this.#failure
    if (failure !== undefined) return Promise.reject(new SluiceError('SLUICE_WRITE_BEFORE_FAILED', `a write before this one failed: ${failure.message}`, { cause: failure }))
    if (this.#context.clock.nowMs() - outlet.atMs > REFRESH_MS) void this.#refresh(outlet)
    return new Promise((resolve, reject) => {
      const write: Write = { outlet, records, refused: [], row: 0, open: 0, resolve, reject }
      this.#writes.add(write)
      this.#waiting.push(write)
      this.#fill()
    })
  }

  /** Sends what there is at once. Resolves when all that was written has settled. */
  flush(): Promise<void> {
    this.#sealAll()
    return this.#writes.size === 0 ? Promise.resolve() : new Promise(resolve => { this.#quiet.push(resolve) })
  }

  /** Gives up everything; whether it lands is for the transaction's end to say. Afterwards it may be used again. */
  abort(error: SluiceError): Promise<void> {
    this.#failure ??= error
    return new Promise(resolve => {
      this.#settled = resolve
      this.#sender.stop('cancel')
    })
  }

  close(): void {
    clearTimeout(this.#linger)
    this.#sender.close()
  }

  // -- filling --
  #fill(): void {
    for (let write: Write | undefined; (write = this.#waiting[0]) !== undefined;) {
      if (!this.#fillFrom(write)) break
      this.#waiting.shift()
      this.#settle(write)
    }
    if (this.#filling.size === 0) return
    if (this.#options.lingerMs === 0 || this.#waiting.length > 0) this.#sealAll()
    else this.#linger ??= setTimeout(() => this.#sealAll(), this.#options.lingerMs)
  }

  /** Whether all of it is in batches now; if not there is no room, and it goes on when some has landed. */
  #fillFrom(write: Write): boolean {
    const { outlet, records } = write
    const { queues, recordBytesMax, brokerBytesMax, compression } = outlet
    const most = compression === 'none' ? Math.min(recordBytesMax, brokerBytesMax) : recordBytesMax
    const kernels = kernelsOf(this.#context.arena), stage = records.bytes.buffer === kernels?.memory.buffer ? stageOf(kernels) : undefined
    while (write.row < records.rows) {
      if (this.#bytes >= BUFFER_BYTES) return false
      const count = stage === undefined ? records.rows - write.row : stage.load(records, write.row, queues.length, most)
      if (stage !== undefined && stage.groups >= 0 && stage.bytes <= STAGED_BYTES_MAX) this.#fillStaged(write, stage, count, most)
      else if (!this.#fillRows(write, count, most)) return false
    }
    return true
  }
  #fillRows(write: Write, count: number, most: number): boolean {
    const { queues, batchBytes } = write.outlet
    const { bytes, keys, values, headers } = write.records
    for (const end = write.row + count; write.row < end; write.row++) {
      if (this.#bytes >= BUFFER_BYTES) return false
      const { row } = write
      const keyAt = keys.start[row]!, keyEnd = keys.end[row]!
      let size = (keyAt < 0 ? 0 : keyEnd - keyAt) + (values.start[row]! < 0 ? 0 : values.end[row]! - values.start[row]!)
      if (headers !== undefined && headers.start[row]! >= 0) size += headers.end[row]! - headers.start[row]!
      if (size > most) { this.#refuse(write, row, size, most); continue }
      const queue = queues[keyAt < 0 ? write.outlet.sticky : partitionOf(bytes, keyAt, keyEnd, queues.length)]!
      let batch = queue.filling
      if (batch !== undefined && batch.size + size + RECORD_EXTRA > batchBytes) { this.#seal(queue); batch = undefined }
      batch ??= this.#begin(queue)
      const before = batch.size
      batch.add(write, row)
      this.#bytes += batch.size - before
    }
    return true
  }
  /** The same for rows that are staged: kernels append at once what goes to the same batch. */
  #fillStaged(write: Write, stage: Stage, count: number, most: number): void {
    const { outlet, row: from } = write, { queues, batchBytes } = outlet, { sizes, taken } = stage
    if (stage.refused > 0) for (let i = 0; i < count; i++) if (sizes[i]! > most) this.#refuse(write, from + i, sizes[i]!, most)
    for (let i = 0; i < stage.groups; i++) {
      const { partition, first, rows, bytes } = stage.group(i)
      for (let at = first, behind = first + rows; at < behind;) {
        const queue = queues[partition < 0 ? outlet.sticky : partition]!, batch = queue.filling ?? this.#begin(queue), before = batch.size
        let take = rows, size = bytes
        if (at > first || before + bytes + rows * RECORD_EXTRA > batchBytes) {
          for (take = size = 0; at + take < behind; take++) {
            const next = sizes[taken[at + take]!]!
            // what is alone too large for a batch has one of its own
            if (before + size + next + (take + 1) * RECORD_EXTRA > batchBytes && (take > 0 || batch.rows > 0)) break
            size += next
          }
          if (take === 0) { this.#seal(queue); continue }
        }
        batch.addStaged(write, stage, from, at, take, size)
        this.#bytes += batch.size - before
        at += take
      }
    }
    write.row = from + count
  }
  #refuse({ outlet: { topic }, refused }: Write, row: number, size: number, most: number): void {
    refused.push({ row, stage: 'sink', error: tooLarge(`the record has ${size} bytes; ${topic} takes ${most}`) })
  }
  #begin(queue: Queue): Batch {
    const batch = queue.filling = new Batch(queue, this.#writerOf(queue.outlet))
    this.#filling.add(queue)
    this.#bytes += batch.size
    return batch
  }
  #sealAll(): void {
    clearTimeout(this.#linger)
    this.#linger = undefined
    for (const queue of this.#filling) this.#seal(queue)
  }
  #seal(queue: Queue): void {
    const batch = queue.filling!
    const { outlet } = queue
    queue.filling = undefined
    this.#filling.delete(queue)
    if (queue.index === outlet.sticky) outlet.sticky = (outlet.sticky + 1) % outlet.queues.length
    if (outlet.compression !== 'none' || batch.size <= outlet.brokerBytesMax) return this.#sender.add(batch)
    batch.unfit = { code: KAFKA.MESSAGE_TOO_LARGE, message: null, rows: [] }
    for (const mended of this.#mended(batch)) this.#sender.add(mended)
  }

  /** What of a batch can be sent once more: two halves of it, or all but the rows that are refused. */
  #mended(batch: Batch): Batch[] {
    const { outlet } = batch.queue
    const { code, message, rows } = batch.unfit!
    const refused = new Set(batch.rows === 1 ? [0] : rows)
    const middle = refused.size > 0 ? batch.rows : batch.rows >> 1
    const halves: Batch[] = []
    for (const [from, to] of [[0, middle], [middle, batch.rows]] as const) {
      const half = new Batch(batch.queue, this.#writerOf(outlet))
      for (let i = from; i < to; i++) {
        const { write, row } = batch.rowAt(i)
        if (!refused.has(i)) half.add(write, row)
        else write.refused.push({ row, stage: 'sink', error: refusal(batch, code, message) })
      }
      if (half.rows === 0) { this.#keep(half); continue }
      this.#bytes += half.size
      halves.push(half)
    }
    this.#landed(batch)
    return halves
  }
  #unfit(queue: Queue): void {
    const batches = queue.batches.splice(0)
    for (const batch of batches) {
      if (batch.unfit === undefined) { queue.batches.push(batch); continue }
      for (const mended of this.#mended(batch)) {
        mended.sinceMs = batch.sinceMs
        queue.batches.push(mended)
      }
    }
  }

  // -- settling --
  #landed(batch: Batch): void {
    for (const { write } of batch.parts) {
      write.open--
      this.#settle(write)
    }
    this.#bytes -= batch.size
    this.#keep(batch)
    if (this.#waiting.length > 0 && this.#bytes < BUFFER_BYTES && this.#failure === undefined) queueMicrotask(() => { if (this.#failure === undefined) this.#fill() })
  }
  #writerOf({ writers, compression }: Outlet): BatchWriter { return writers.pop() ?? new BatchWriter(compression, FIRST_BYTES, kernelsOf(this.#context.arena)) }
  #keep({ queue: { outlet: { writers } }, writer, size }: Batch): void {
    if (writers.length >= SPARE_MAX || size > SPARE_BYTES_MAX) return
    writer.reset()
    writers.push(writer)
  }
  #settle(write: Write): void {
    if (write.open > 0 || write.row < write.records.rows || !this.#writes.delete(write)) return
    if (write.refused.length > 1) write.refused.sort((a, b) => a.row - b.row)
    write.resolve(write.refused)
    this.#tellQuiet()
  }
  #tellQuiet(): void { if (this.#writes.size === 0) for (const tell of this.#quiet.splice(0)) tell() }

  /** What has not landed does not: all of it is given up when what is on its way has been answered. */
  #fail(error: SluiceError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#sender.stop('wait')
  }
  #end(): void {
    const error = this.#failure!
    for (const queue of this.#filling) {
      this.#keep(queue.filling!)
      queue.filling = undefined
    }
    this.#filling.clear()
    clearTimeout(this.#linger)
    this.#linger = undefined
    this.#waiting.length = 0
    this.#bytes = 0
    for (const { reject } of this.#writes) reject(error)
    this.#writes.clear()
    this.#sender.reset()
    this.#tellQuiet()
    // inside a transaction nothing is written before it is aborted
    if (this.#author.transactionalId === null || this.#settled !== undefined) this.#failure = undefined
    this.#settled?.()
    this.#settled = undefined
  }

  async #refresh(outlet: Outlet): Promise<void> {
    outlet.atMs = this.#context.clock.nowMs()
    try {
      grow(outlet, (await this.#cluster.topic(outlet.topic)).partitions.length)
    } catch (error) {
      this.#context.log.write('debug', `asking for the partitions of '${outlet.topic}': ${String(error)}`)
    }
  }
}

function grow(outlet: Outlet, partitions: number): void {
  for (let index = outlet.queues.length; index < partitions; index++) {
    outlet.queues.push({ topic: outlet.topic, index, name: partitionName(outlet.topic, index), outlet, filling: undefined, batches: [], flying: 0, sequence: 0, identity: undefined, known: undefined,
      leader: undefined, locating: false, failures: 0, notBeforeMs: 0 })
  }
}

/** What a broker takes as one batch of a topic; Infinity when we may not know. */
async function bytesMaxOf(cluster: Cluster, topic: string): Promise<number> {
  const { results: [found] } = await cluster.request('any', describeConfigsV4.api, [[{ resourceType: 2, resourceName: topic, configurationKeys: ['max.message.bytes'] }], false, false])
  const value = Number(found?.configs.find(({ name }) => name === 'max.message.bytes')?.value)
  return value > HEADER_BYTES ? value : Infinity
}

const tooLarge = (text: string): SluiceError => new SluiceError('SLUICE_RECORD_TOO_LARGE', text)
function refusal({ queue, size }: Batch, code: number, message: string | null): SluiceError {
  if (code === KAFKA.MESSAGE_TOO_LARGE || code === KAFKA.RECORD_LIST_TOO_LARGE) {
    const { brokerBytesMax } = queue.outlet
    return tooLarge(`the record has ${size} bytes as a batch of its own; ${queue.topic} takes ${brokerBytesMax === Infinity ? 'less' : brokerBytesMax}`)
  }
  return new SluiceError('SLUICE_RECORD_REFUSED', `${queue.name} does not take the record: ${message ?? codeName(code)}`)
}
