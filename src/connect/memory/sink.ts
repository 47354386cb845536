import { readHeaders } from '../../codecs/headers.ts'
import { partOf } from '../../codecs/pack.ts'
import { SluiceError } from '../../core/index.ts'
import type { Clock, Delivery, Records, Rejection, Sink, Source } from '../../core/index.ts'
import type { MemoryEntry, MemorySinkOptions } from './options.ts'
import { MemorySource } from './source.ts'
import { transaction } from './transaction.ts'
import { step } from './weather.ts'
import type { MemoryParts } from './weather.ts'

/** Adds what is written to `records`; exactly once from a memory source. */
export function memorySink({ records, recordBytesMax = Infinity }: MemorySinkOptions, clock: Clock): MemorySink {
  return new MemorySink('memory', records, { clock }, { transactional: true, recordBytesMax })
}

export class MemorySink implements Sink {
  readonly name: string
  readonly entries: MemoryEntry[]
  /** Set: inside a transaction, whose writes wait here for the commit. */
  unit: MemoryEntry[] | undefined
  dead = false
  readonly #parts: MemoryParts
  readonly #transactional: boolean
  readonly #recordBytesMax: number
  #queue: Promise<unknown> = Promise.resolve()
  #era = 0                             // one more with every failed write: what was called before it does not land

  constructor(name: string, entries: MemoryEntry[], parts: MemoryParts, { transactional, recordBytesMax }: { transactional: boolean; recordBytesMax: number }) {
    this.name = name
    this.entries = entries
    this.#parts = parts
    this.#transactional = transactional
    this.#recordBytesMax = recordBytesMax
  }

  write(records: Records): Promise<readonly Rejection[]> {
    const era = this.#era
    const write = this.#queue.then(async () => {
      const refused: Rejection[] = []
      await step(this.#parts, 'write', () => this.dead, () => {
        if (era !== this.#era) throw new SluiceError('SLUICE_WRITE_BEFORE_FAILED', 'a write before this one failed')
        for (let row = 0; row < records.rows; row++) {
          const entry = entryOf(records, row)
          const bytes = entry.value?.length ?? 0
          if (bytes > this.#recordBytesMax) refused.push({ row, stage: 'sink', error: tooLarge(bytes, this.#recordBytesMax) })
          else (this.unit ?? this.entries).push(entry)
        }
      }, () => { this.#era++ })
      return refused
    })
    this.#queue = write.catch(() => {})
    return write
  }
  async settled(): Promise<void> { await this.#queue }

  async delivery(source: Source, sinks: readonly Sink[]): Promise<Delivery | undefined> {
    if (!this.#transactional || !(source instanceof MemorySource)) return undefined
    const mine = sinks.filter(sink => sink instanceof MemorySink)
    return mine.length === sinks.length ? transaction(source, mine, this.#parts) : undefined
  }
  async close(): Promise<void> {}
}

const tooLarge = (bytes: number, most: number): SluiceError => new SluiceError('SLUICE_RECORD_TOO_LARGE', `the sink takes ${most} bytes, the value has ${bytes}`)

/** A copy that outlives the records. */
function entryOf(records: Records, row: number): MemoryEntry {
  const headers = partOf(records, records.headers, row)
  return { key: partOf(records, records.keys, row), value: partOf(records, records.values, row),
    headers: headers === null ? [] : readHeaders(headers, 0, headers.length), timeMs: records.timesMs[row]! }
}
