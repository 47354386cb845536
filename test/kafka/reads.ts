import assert from 'node:assert/strict'
import { readHeaders } from '../../src/codecs/headers.ts'
import type { Header } from '../../src/codecs/headers.ts'
import { partOf } from '../../src/codecs/pack.ts'
import type { Ownership, Position, RecordBatch, Rejection, Source } from '../../src/core/index.ts'

export interface Row {
  readonly partition: string
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly Header[]
  readonly timeMs: number
}
export interface ReadOptions {
  /** Is asked before partitions are given back; default: commits what was read. */
  revoked?(partitions: readonly string[], reads: Reads): Promise<void>
  /** A pause behind each batch. */
  readonly pauseMs?: number
}

/** Reads a source as the loop does, checks that batches follow each other, keeps what they held. */
export class Reads implements Ownership {
  readonly rows: Row[] = []
  readonly rejected: Rejection[] = []
  readonly events: string[] = []
  readonly sizes: number[] = []
  /** Up to where was read, of each partition that is ours. */
  readonly done = new Map<string, bigint>()
  batches = 0
  error: unknown
  readonly ended: Promise<void>
  readonly #source: Source
  readonly #options: ReadOptions
  readonly #stop = new AbortController()

  constructor(source: Source, options: ReadOptions = {}) {
    this.#source = source
    this.#options = options
    this.ended = this.#run()
  }

  get values(): (string | null)[] { return this.rows.map(({ value }) => value) }
  get positions(): Position[] { return Array.from(this.done, ([partition, offset]) => ({ partition, offset })) }
  commit(): Promise<void> { return this.#source.commit(this.positions) }
  stop(): Promise<void> {
    this.#stop.abort()
    return this.ended
  }

  assigned(positions: readonly Position[]): void {
    for (const { partition, offset } of positions) {
      this.events.push(`+${partition}@${offset}`)
      this.done.set(partition, offset)
    }
  }
  async revoked(partitions: readonly string[]): Promise<void> {
    const { revoked = async (_, reads) => { await this.#source.commit(reads.positions.filter(({ partition }) => partitions.includes(partition))) } } = this.#options
    await revoked(partitions, this)
    for (const partition of partitions) {
      this.events.push(`-${partition}`)
      this.done.delete(partition)
    }
  }
  lost(partitions: readonly string[]): void {
    for (const partition of partitions) {
      this.events.push(`!${partition}`)
      this.done.delete(partition)
    }
  }

  async #run(): Promise<void> {
    try {
      for await (const batch of this.#source.read(this, this.#stop.signal)) {
        try { this.#keep(batch) } finally { batch.release() }
        if (this.#options.pauseMs !== undefined) await new Promise(resolve => { setTimeout(resolve, this.#options.pauseMs) })
      }
    } catch (error) {
      this.error = error
    }
  }

  #keep(batch: RecordBatch): void {
    const { partition, from, next, rows, bytes, offsets, timesMs } = batch
    const expected = this.done.get(partition)
    if (expected === undefined || next <= expected) return                 // handed out before it was taken away
    assert.equal(from, expected, `${partition}: ${from} follows ${expected}`)
    assert.ok(next > from)
    assert.ok(bytes.byteLength <= this.#source.batchBytesMax)
    this.done.set(partition, next)
    this.batches++
    this.sizes.push(bytes.byteLength)
    this.rejected.push(...batch.rejected ?? [])
    let last = Number(from) - 1
    for (let row = 0; row < rows; row++) {
      const offset = offsets[row]!
      assert.ok(offset > last && offset < Number(next), `${partition}: offset ${offset} behind ${last}, in a batch from ${from} to ${next}`)
      last = offset
      const text = (part: Uint8Array | null) => part === null ? null : Buffer.from(part).toString()
      const headers = batch.headers === undefined ? null : partOf(batch, batch.headers, row)
      this.rows.push({ partition, offset, key: text(partOf(batch, batch.keys, row)), value: text(partOf(batch, batch.values, row)),
        headers: headers === null ? [] : readHeaders(headers, 0, headers.length), timeMs: timesMs[row]! })
    }
  }
}
