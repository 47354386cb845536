import type { Records, Rejection } from '../../core/index.ts'
import type { Identity } from './identity.ts'
import type { BatchWriter, Compression, Stage } from './wire/index.ts'

/** One call of `write`. */
export interface Write {
  readonly outlet: Outlet
  readonly records: Records
  readonly refused: Rejection[]
  /** The next row to be put into a batch. */
  row: number
  /** Batches with rows of it that have not landed. */
  open: number
  resolve(refused: readonly Rejection[]): void
  reject(error: unknown): void
}

/** A topic that is written to. */
export interface Outlet {
  readonly topic: string
  readonly queues: Queue[]
  readonly compression: Compression
  /** Bytes of a batch, before compression. */
  readonly batchBytes: number
  readonly recordBytesMax: number
  /** What the broker takes; Infinity: it does not say. */
  readonly brokerBytesMax: number
  /** To be used again. */
  readonly writers: BatchWriter[]
  /** Where records without a key go now. */
  sticky: number
  /** When the number of partitions was asked for. */
  atMs: number
}

/** A partition that is written to. */
export interface Queue {
  readonly topic: string
  readonly index: number
  readonly name: string
  readonly outlet: Outlet
  /** Being filled. */
  filling: Batch | undefined
  /** Sealed and not yet landed, in order. */
  readonly batches: Batch[]
  flying: number
  /** Of the next record that is sent, among those of an identity. */
  sequence: number
  identity: Identity | undefined
  /** Something of this identity has landed. A broker that does not know a producer takes whatever comes first, so until then nothing may overtake. */
  known: Identity | undefined
  leader: number | undefined
  locating: boolean
  /** Failures in a row, and when to try again. */
  failures: number
  notBeforeMs: number
}

/** Rows of one write, in order. */
interface Part { readonly write: Write; readonly from: number; to: number }

/** A record batch on its way: filled, stamped, sent, perhaps again. */
export class Batch {
  readonly queue: Queue
  readonly parts: Part[] = []
  /** ready: to be sent. flying: sent. back: came back, to be sent again when none of its partition is flying. */
  state: 'ready' | 'flying' | 'back' = 'ready'
  /** Sent at least once: it may have landed. */
  sent = false
  /** The broker says that it, or some record in it, cannot be taken. */
  unfit: Unfit | undefined
  sinceMs = 0
  sequence = -1
  /** As it is sent; undefined: it has not been stamped yet. */
  bytes: Buffer | undefined
  readonly #writer: BatchWriter
  #rowOf = new Int32Array(64)
  #stampedAs: Identity | undefined

  constructor(queue: Queue, writer: BatchWriter) {
    this.queue = queue
    this.#writer = writer
  }

  get rows(): number { return this.#writer.rows }
  get writer(): BatchWriter { return this.#writer }
  /** Before compression. */
  get size(): number { return this.#writer.length }

  add(write: Write, row: number): void {
    this.#writer.append(write.records, row)
    const at = this.#note(write, 1)
    this.#rowOf[at] = row
  }
  /** So many rows that were taken from a stage, which was loaded from row `from` on; they hold so many bytes together. */
  addStaged(write: Write, stage: Stage, from: number, first: number, count: number, bytes: number): void {
    this.#writer.appendStaged(stage, write.records, from, first, count, bytes)
    const at = this.#note(write, count), rowOf = this.#rowOf, { taken } = stage
    for (let i = 0; i < count; i++) rowOf[at + i] = from + taken[first + i]!
  }
  /** Rows that were appended; answers where the first of them is. */
  #note(write: Write, count: number): number {
    const behind = this.#writer.rows, first = behind - count
    if (behind > this.#rowOf.length) {
      const grown = new Int32Array(Math.max(behind, this.#rowOf.length * 2))
      grown.set(this.#rowOf)
      this.#rowOf = grown
    }
    const last = this.parts[this.parts.length - 1]
    if (last !== undefined && last.write === write) last.to = behind
    else {
      this.parts.push({ write, from: first, to: behind })
      write.open++
    }
    return first
  }
  /** The write and the row of it that the record at this place is. */
  rowAt(index: number): { readonly write: Write; readonly row: number } {
    const part = this.parts.find(({ to }) => index < to)!
    return { write: part.write, row: this.#rowOf[index]! }
  }

  /** As sent: who from, and the number of its first record. */
  stamp(identity: Identity, transactional: boolean, sequence: number): Buffer {
    const stamp = { producerId: identity.id, producerEpoch: identity.epoch, transactional, baseSequence: sequence }
    if (this.bytes === undefined) this.bytes = this.#writer.finish(stamp)
    else this.#writer.stamp(this.bytes, stamp)
    this.#stampedAs = identity
    this.sequence = sequence
    return this.bytes
  }
  isStampedAs(identity: Identity): boolean { return this.#stampedAs === identity }
  unstamp(): void { this.#stampedAs = undefined }
}

/** `rows`: which, if the broker has said so. */
export interface Unfit { readonly code: number; readonly message: string | null; readonly rows: readonly number[] }
