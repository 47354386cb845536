import { SluiceError } from '../../core/index.ts'
import type { Context, Lag, Ownership, RecordBatch } from '../../core/index.ts'
import { Chunk } from './chunk.ts'
import type { Cluster } from './cluster.ts'
import { codeName, KAFKA, LEADERLESS, protocolError } from './errors.ts'
import { fetchFrom } from './fetching.ts'
import type { Fetched } from './fetching.ts'
import type { Frames } from './frames.ts'
import { bounds } from './offsets.ts'
import type { Start } from './offsets.ts'
import { parsePartition } from './partitions.ts'

export interface ReadSettings {
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly checkCrcs: boolean
  readonly batchBytes: number
  readonly fetchBytes: number
  readonly fetchWaitMs: number
  readonly fetchMinBytes: number
  readonly recordBytesMax: number
  /** Topics come and go. */
  readonly pattern: boolean
}

/** A partition that is read. */
export interface Reader {
  readonly name: string
  readonly topic: string
  readonly index: number
  /** Nothing was read or committed before it: it may begin elsewhere if the broker has deleted what was there. */
  readonly begun: boolean
  readonly startsAt: number
  leader: number | undefined
  topicId: string
  /** What is asked for next. */
  fetchAt: number
  /** Up to where batches were handed out. */
  at: number
  /** Fetched, and not handed out. */
  readonly chunks: Chunk[]
  bytes: number
  /** Behind what is fetched nothing can be read. */
  failure: SluiceError | undefined
  highWatermark: number
  lastTimeMs: number
}

/** One read of the source: who reads, the partitions he was told of, and a loop for each broker that leads some of them. */
export class Reading {
  readonly #cluster: Cluster
  readonly #settings: ReadSettings
  readonly #context: Context
  readonly #owner: Ownership
  readonly #locate: (partitions: readonly string[], signal: AbortSignal) => Promise<readonly Start[]>
  readonly #over = new AbortController()
  readonly #readers = new Map<string, Reader>()
  readonly #frames: Frames
  /** Told to the owner, and not taken back. */
  readonly #told = new Set<string>()
  /** Assigned; where to begin is being asked. */
  readonly #asked = new Map<string, object>()
  readonly #loops = new Map<number, { wake(): void }>()
  #order: Reader[] = []
  #turn = 0
  #failure: SluiceError | undefined
  #wake = () => {}

  constructor(cluster: Cluster, owner: Ownership, settings: ReadSettings, locate: (partitions: readonly string[], signal: AbortSignal) => Promise<readonly Start[]>, frames: Frames, context: Context) {
    this.#cluster = cluster
    this.#owner = owner
    this.#settings = settings
    this.#locate = locate
    this.#frames = frames
    this.#context = context
  }

  async *batches(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const end = () => this.end()
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    try {
      while (!this.#over.signal.aborted) {
        const batch = this.#take()
        if (batch !== undefined) yield batch
        else if (this.#failure !== undefined) throw this.#failure
        else await new Promise<void>(resolve => { this.#wake = resolve })
      }
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }

  /** No more fetches, no more batches; the owner is still told what is taken away, because he may have something to commit. */
  end(): void {
    this.#over.abort()
    this.#asked.clear()
    for (const reader of this.#readers.values()) clear(reader)
    this.#readers.clear()
    this.#order = []
    for (const loop of this.#loops.values()) loop.wake()
    this.#wake()
  }

  fail(error: SluiceError): void {
    this.#failure ??= error
    this.#wake()
  }

  // -- partitions --
  /** Begins to read them, from where is asked first. */
  async assigned(partitions: readonly string[]): Promise<void> {
    const token = {}
    for (const partition of partitions) this.#asked.set(partition, token)
    const mine = () => partitions.filter(partition => this.#asked.get(partition) === token)
    try {
      for (let left = mine(); left.length > 0; left = mine()) {
        const starts = (await this.#locate(left, this.#over.signal)).filter(({ partition }) => this.#asked.get(partition) === token)
        if (starts.length > 0) this.#begin(starts)
      }
    } catch (error) {
      if (mine().length > 0) this.fail(error instanceof SluiceError ? error : new SluiceError('SLUICE_SOURCE_FAILED', `asking where to begin failed: ${String(error)}`, { cause: error }))
    }
  }

  #begin(starts: readonly Start[]): void {
    const readers = starts.map(({ partition, offset, begun }): Reader => {
      const at = Number(offset)
      return { name: partition, ...parsePartition(partition), begun, startsAt: at, leader: undefined, topicId: '', fetchAt: at, at, chunks: [], bytes: 0, failure: undefined, highWatermark: -1, lastTimeMs: NaN }
    })
    for (const reader of readers) {
      this.#asked.delete(reader.name)
      this.#told.add(reader.name)
      this.#readers.set(reader.name, reader)
    }
    this.#order = [...this.#readers.values()]
    this.#owner.assigned(starts.map(({ partition, offset }) => ({ partition, offset })))
    for (const reader of readers) void this.#lead(reader, 0)
  }

  async revoked(partitions: readonly string[]): Promise<void> {
    const told = this.#drop(partitions)
    if (told.length > 0) await this.#owner.revoked(told)
  }
  lost(partitions: readonly string[]): void {
    const told = this.#drop(partitions)
    if (told.length > 0) this.#owner.lost(told)
  }
  #drop(partitions: readonly string[]): string[] {
    for (const partition of partitions) {
      this.#asked.delete(partition)
      const reader = this.#readers.get(partition)
      if (reader !== undefined) clear(reader)
      this.#readers.delete(partition)
    }
    this.#order = [...this.#readers.values()]
    for (const loop of this.#loops.values()) loop.wake()                   // it may have waited for room in one of these
    return partitions.filter(partition => this.#told.delete(partition))
  }

  lag(nowMs: number): Lag[] {
    return Array.from(this.#readers.values(), ({ name, at, highWatermark, lastTimeMs }) => {
      if (highWatermark < 0) return { partition: name }
      const records = Math.max(0, highWatermark - at)
      return { partition: name, records, ...(records === 0 ? { seconds: 0 } : Number.isNaN(lastTimeMs) ? {} : { seconds: Math.max(0, nowMs - lastTimeMs) / 1000 }) }
    })
  }

  // -- batches --
  /** The next batch, of the partition whose turn it is. */
  #take(): RecordBatch | undefined {
    const { length } = this.#order
    for (let i = 0; i < length; i++) {
      const reader = this.#order[this.#turn++ % length]!
      const batch = this.#takeFrom(reader)
      if (batch !== undefined) return batch
    }
    return undefined
  }

  #takeFrom(reader: Reader): RecordBatch | undefined {
    let batch: RecordBatch | undefined
    while (batch === undefined && reader.chunks.length > 0) {
      const chunk = reader.chunks[0]!, before = chunk.bytes
      try {
        batch = chunk.take(reader.at, reader.chunks.length === 1)
      } catch (error) {
        clear(reader)
        reader.failure = error instanceof SluiceError ? error
          : new SluiceError('SLUICE_BATCH_CORRUPT', `reading ${reader.name} failed: ${String(error)}`, { at: `${reader.name}@${reader.at}`, cause: error })
        break
      }
      reader.bytes -= before - chunk.bytes
      if (chunk.empty) reader.chunks.shift()
    }
    if (reader.leader !== undefined) this.#loops.get(reader.leader)?.wake()
    if (batch !== undefined) {
      reader.at = Number(batch.next)
      if (batch.rows > 0) reader.lastTimeMs = batch.timesMs[batch.rows - 1]!
    } else if (reader.failure !== undefined && reader.chunks.length === 0) this.#failed(reader)
    return batch
  }

  // -- brokers --
  /** Finds the broker that leads it, and has it read from there. */
  async #lead(reader: Reader, afterMs: number): Promise<void> {
    reader.leader = undefined
    for (let ms = afterMs, tries = 0; this.#reads(reader); ms = Math.min(100 * 2 ** tries++, 2_000)) {
      if (ms > 0) await this.#context.clock.sleep(ms, this.#over.signal)
      try {
        const { leader } = await this.#cluster.leader(reader.topic, reader.index, this.#over.signal)
        const { id } = await this.#cluster.topic(reader.topic, { signal: this.#over.signal })
        if (!this.#reads(reader)) return
        reader.topicId = id
        reader.leader = leader
        const loop = this.#loops.get(leader)
        if (loop === undefined) void this.#follow(leader)
        else loop.wake()
        return
      } catch (error) {
        if (!this.#reads(reader)) return
        if (!(error instanceof SluiceError) || error.severity !== 'retry') return this.#fails(reader, error)
        this.#context.log.write('debug', `looking for who leads ${reader.name}: ${error.message}`, { code: error.code })
      }
    }
  }
  #reads(reader: Reader): boolean { return this.#readers.get(reader.name) === reader && !this.#over.signal.aborted }
  #fails(reader: Reader, error: unknown): void {
    if (!this.#reads(reader)) return
    reader.failure = error instanceof SluiceError ? error : new SluiceError('SLUICE_SOURCE_FAILED', `reading ${reader.name} failed: ${String(error)}`, { at: `${reader.name}@${reader.fetchAt}`, cause: error })
    reader.leader = undefined
    if (reader.chunks.length === 0) this.#failed(reader)
  }
  /** All that could be read of it was handed out. */
  #failed({ name, failure }: Reader): void {
    if (this.#settings.pattern && failure!.code === 'SLUICE_TOPIC_MISSING') this.#context.log.write('info', `${name} is there no more`)      // the group will say so too
    else this.fail(failure!)
  }

  /** Fetches from one broker for as long as it leads something that is read. A long poll of partitions without records would keep the others waiting, so
      nothing is asked while one of them has more than a batch lying here. */
  async #follow(node: number): Promise<void> {
    const { clock, log } = this.#context
    const { batchBytes } = this.#settings
    let wake = () => {}, woken = false, failures = 0
    this.#loops.set(node, { wake() { woken = true; wake() } })
    try {
      for (let turn = 0; ; turn++) {
        const its = this.#order.filter(({ leader }) => leader === node)
        if (its.length === 0 || this.#failure !== undefined || this.#over.signal.aborted) return
        const bytesMax = Math.max(batchBytes, Math.floor(this.#settings.fetchBytes / this.#loops.size))
        let buffered = 0
        for (const { bytes } of its) buffered += bytes
        if (buffered > bytesMax || its.some(({ bytes }) => bytes > batchBytes)) {
          woken = false
          await new Promise<void>(resolve => { wake = resolve; if (woken) resolve() })
          continue
        }
        const asked = its.map((_, i) => its[(i + turn) % its.length]!)       // a broker fills the answer in the order of the request
        try {
          const answers = await fetchFrom(this.#cluster, node, asked, bytesMax, this.#settings, this.#frames, this.#over.signal)
          if (this.#over.signal.aborted) return
          failures = 0
          let refused = false
          for (const answer of answers) if (this.#reads(answer.reader) && answer.reader.fetchAt === answer.from && this.#arrived(answer)) refused = true
          answers[0]?.frame.release()
          this.#wake()
          if (refused) await clock.sleep(20, this.#over.signal)
        } catch (error) {
          if (this.#over.signal.aborted) return
          if (!(error instanceof SluiceError)) throw error
          if (error.severity !== 'retry') return this.fail(error)
          const ms = Math.min(100 * 2 ** failures++, 2_000)
          log.write(failures === 1 ? 'info' : 'warn', `fetching from broker ${node}: ${error.message}; trying again in ${ms} ms`, { code: error.code, at: error.at })
          for (const reader of its) {
            this.#cluster.stale(reader.topic)
            void this.#lead(reader, ms)
          }
          await clock.sleep(ms, this.#over.signal)
        }
      }
    } catch (error) {
      this.fail(new SluiceError('SLUICE_SOURCE_FAILED', `fetching from broker ${node} failed: ${String(error)}`, { cause: error }))
    } finally {
      this.#loops.delete(node)
      for (const { leader } of this.#order) if (leader === node && this.#failure === undefined && !this.#over.signal.aborted) { void this.#follow(node); break }
    }
  }

  /** Whether the broker refused. */
  #arrived({ reader, errorCode, highWatermark, records, frame, abortedTransactions }: Fetched): boolean {
    if (errorCode === KAFKA.NONE) {
      reader.highWatermark = highWatermark
      const chunk = new Chunk(reader.name, reader.fetchAt, records, frame, abortedTransactions, this.#settings, this.#context.arena)
      reader.fetchAt = chunk.next
      if (!chunk.empty) {
        reader.chunks.push(chunk)
        reader.bytes += chunk.bytes
      }
      return false
    }
    if (errorCode === KAFKA.OFFSET_OUT_OF_RANGE) {
      reader.leader = undefined
      void this.#outOfRange(reader)
    } else if (LEADERLESS.has(errorCode)) {
      this.#cluster.stale(reader.topic)
      void this.#lead(reader, 20)
    } else {
      const error = protocolError(errorCode, 'source', { operation: 'Read', name: reader.topic, doing: 'fetching from', at: `${reader.name}@${reader.fetchAt}` })
      if (error.severity === 'retry') {
        this.#context.log.write('warn', `${reader.name}@${reader.fetchAt}: ${codeName(errorCode)}`)
        void this.#lead(reader, 500)
      } else this.#fails(reader, error)
    }
    return true
  }

  /** Nothing was ever committed, and what `from` meant is gone: it means something else now. Otherwise what is gone is lost, and that must be said. */
  async #outOfRange(reader: Reader): Promise<void> {
    const { name, fetchAt } = reader
    if (reader.begun && fetchAt === reader.startsAt) {
      this.lost([name])
      return this.assigned([name])
    }
    try {
      const [first, end] = await bounds(this.#cluster, name, this.#context, this.#over.signal)
      this.#fails(reader, new SluiceError('SLUICE_OFFSET_OUT_OF_RANGE', fetchAt < first
        ? `${name}: records ${fetchAt} to ${first - 1} were deleted before they were read` : `${name} ends at ${end}, before position ${fetchAt}: it was cut, or made anew`, { at: `${name}@${fetchAt}` }))
    } catch (error) {
      this.#fails(reader, error)
    }
  }
}

function clear(reader: Reader): void {
  for (const chunk of reader.chunks.splice(0)) chunk.release()
  reader.bytes = 0
}
