import { writeHeaders } from '../../codecs/headers.ts'
import { batchOf, Packer } from '../../codecs/pack.ts'
import { SluiceError } from '../../core/index.ts'
import type { Position, RecordBatch } from '../../core/index.ts'
import type { MemoryRecord } from './options.ts'
import type { Ledger } from './weather.ts'

interface Stored { readonly offset: number; readonly record: MemoryRecord; readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly bytes: number }
/** Whoever may own a partition. */
export type Member = object

/** A partitioned log, its committed positions, and who owns which partition. */
export class MemoryLog {
  readonly committed = new Map<string, bigint>()
  readonly owners = new Map<string, Member>()
  readonly #partitions = new Map<string, Stored[]>()
  readonly #generations = new Map<string, number>()                        // of each partition: one more with every owner

  get partitions(): readonly string[] { return [...this.#partitions.keys()] }
  /** Everything in it is committed. */
  get finished(): boolean { return this.partitions.every(partition => (this.committed.get(partition) ?? 0n) >= this.end(partition)) }
  /** Of the largest record. */
  get recordBytesMax(): number {
    let most = 0
    for (const stored of this.#partitions.values()) for (const { bytes } of stored) most = Math.max(most, bytes)
    return most
  }

  append(partition: string, records: readonly MemoryRecord[]): void {
    const stored = this.#partitions.get(partition) ?? []
    this.#partitions.set(partition, stored)
    for (const record of records) {
      const offset = record.offset ?? (stored.at(-1)?.offset ?? -1) + 1
      if (offset <= (stored.at(-1)?.offset ?? -1)) throw new TypeError(`offset ${offset} of partition '${partition}' does not rise`)
      const key = bytesOf(record.key ?? null), value = bytesOf(record.value)
      const headers = (record.headers ?? []).reduce((sum, [name, text]) => sum + 3 * name.length + (text === null ? 0 : bytesOf(text)!.length) + 10, 10)
      stored.push({ offset, record, key, value, bytes: (key?.length ?? 0) + (value?.length ?? 0) + headers })
    }
  }

  end(partition: string): bigint {
    const last = this.#partitions.get(partition)?.at(-1)
    return last === undefined ? 0n : BigInt(last.offset + 1)
  }
  /** Records at and behind a position. */
  behind(partition: string, from: bigint): number {
    const stored = this.#partitions.get(partition) ?? []
    return stored.length - indexOf(stored, from)
  }

  /** The batch at a position; undefined at the end. */
  read(partition: string, from: bigint, rowsMax: number, bytesMax: number, ledger: Ledger | undefined): RecordBatch | undefined {
    const stored = this.#partitions.get(partition) ?? []
    const first = indexOf(stored, from)
    let end = first, bytes = 0
    while (end < stored.length && end - first < rowsMax && (end === first || bytes + stored[end]!.bytes <= bytesMax)) bytes += stored[end++]!.bytes
    if (end === first) return undefined
    const taken = stored.slice(first, end)
    const packer = new Packer(taken.length, bytes)
    for (const { record, key, value } of taken) {
      packer.row(record.timeMs ?? 0)
      if (key !== null) { const at = packer.length; packer.append(key); packer.setKey(at) }
      if (value !== null) { const at = packer.length; packer.append(value); packer.setValue(at) }
      if (record.headers === undefined) continue
      const at = packer.length
      writeHeaders(packer, record.headers.map(([name, text]) => ({ name, value: bytesOf(text) })))
      packer.setHeaders(at)
    }
    const records = packer.finish()
    const offsets = Float64Array.from(taken, ({ offset }) => offset)
    return batchOf(ledger === undefined ? records : { ...records, release: ledger.holdRecords('batch', { ...records, offsets }, true) },
      { partition, offsets, from, next: BigInt(taken.at(-1)!.offset + 1) })
  }

  give(partition: string, to: Member): void {
    this.owners.set(partition, to)
    this.#generations.set(partition, (this.#generations.get(partition) ?? 0) + 1)
  }

  /** To be called when the commit arrives; refuses partitions that have changed hands since it was sent. */
  commit(by: Member, positions: readonly Position[]): () => void {
    const sent = positions.map(({ partition }) => this.#generations.get(partition))
    return () => {
      positions.forEach(({ partition }, i) => {
        if (this.owners.get(partition) === by && this.#generations.get(partition) === sent[i]) return
        throw new SluiceError('SLUICE_FENCED', `${partition} has changed hands`)
      })
      for (const { partition, offset } of positions) {
        if (offset < (this.committed.get(partition) ?? 0n)) throw new Error(`${partition} committed backwards, to ${offset}`)
        this.committed.set(partition, offset)
      }
    }
  }
}

const encoder = new TextEncoder()
function bytesOf(part: string | Uint8Array | object | null): Uint8Array | null {
  if (part === null || part instanceof Uint8Array) return part
  return encoder.encode(typeof part === 'string' ? part : JSON.stringify(part))
}

/** The first record at or behind an offset. */
function indexOf(stored: readonly Stored[], from: bigint): number {
  const offset = Number(from)
  let low = 0, high = stored.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (stored[middle]!.offset < offset) low = middle + 1
    else high = middle
  }
  return low
}
