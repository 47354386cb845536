import { SluiceError } from '../../core/index.ts'
import type { Clock, Lag, Ownership, Position, RecordBatch, Source } from '../../core/index.ts'
import { MemoryLog } from './log.ts'
import type { MemorySourceOptions } from './options.ts'
import { step } from './weather.ts'
import type { MemoryParts } from './weather.ts'

const POLL_MS = 3

/** Reads the records from the first to the last, and ends. */
export function memorySource({ records, batchRows = 500, batchBytes = 262_144 }: MemorySourceOptions, clock: Clock): MemorySource {
  const log = new MemoryLog()
  for (const [partition, its] of Array.isArray(records) ? [['memory', records] as const] : Object.entries(records)) log.append(partition, its)
  const source = new MemorySource(log, { clock }, { batchRows, batchBytesMax: Math.max(batchBytes, log.recordBytesMax), follow: false })
  for (const partition of log.partitions) log.give(partition, source)
  return source
}

/** A member of the group that reads a log. */
export class MemorySource implements Source {
  readonly name = 'memory'
  readonly log: MemoryLog
  readonly batchBytesMax: number
  /** The process is gone: nothing it does arrives any more. */
  dead = false
  readonly #parts: MemoryParts
  readonly #batchRows: number
  readonly #follow: boolean
  readonly #at = new Map<string, bigint>()
  #owner: Ownership | undefined
  #turn = 0

  /** `follow`: at the end it waits for more, or for other partitions, until all of the log is committed. */
  constructor(log: MemoryLog, parts: MemoryParts, { batchRows, batchBytesMax, follow }: { batchRows: number; batchBytesMax: number; follow: boolean }) {
    this.log = log
    this.batchBytesMax = batchBytesMax
    this.#parts = parts
    this.#batchRows = batchRows
    this.#follow = follow
  }

  async *read(owner: Ownership, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { clock, weather } = this.#parts
    this.#owner = owner
    this.#at.clear()
    const mine = [...this.log.owners].filter(([, member]) => member === this).map(([partition]) => this.#start(partition))
    if (mine.length > 0) owner.assigned(mine)
    while (!signal.aborted) {
      const batch = this.#take()
      if (batch === undefined) {
        if (!this.#follow || this.log.finished) return
        await clock.sleep(POLL_MS, signal)
        continue
      }
      if (weather !== undefined) {
        await clock.sleep(weather.delayMs('read'), signal)
        const fails = weather.fails('read') !== undefined
        if (signal.aborted || fails) batch.release()
        if (signal.aborted) return
        if (fails) throw new SluiceError('SLUICE_SOURCE_AWAY', 'read failed')
      }
      yield batch                                                          // may be late: revoked, even assigned again, during the delay
    }
  }

  #start(partition: string): Position {
    const offset = this.log.committed.get(partition) ?? 0n
    this.#at.set(partition, offset)
    return { partition, offset }
  }

  #take(): RecordBatch | undefined {
    const partitions = [...this.#at.keys()]
    for (let i = 0; i < partitions.length; i++) {
      const partition = partitions[this.#turn++ % partitions.length]!
      const batch = this.log.read(partition, this.#at.get(partition)!, this.#batchRows, this.batchBytesMax, this.#parts.ledger)
      if (batch === undefined) continue
      this.#at.set(partition, batch.next)
      return batch
    }
    return undefined
  }

  lag(): Lag[] {
    return [...this.#at].map(([partition, at]) => ({ partition, records: this.log.behind(partition, at) }))
  }
  commit(positions: readonly Position[]): Promise<void> {
    return step(this.#parts, 'commit', () => this.dead, this.log.commit(this, positions))
  }
  async close(): Promise<void> {
    for (const [partition, member] of this.log.owners) if (member === this) this.log.owners.delete(partition)
  }

  // -- what a group's coordinator calls --
  assign(partition: string): void {
    this.log.give(partition, this)
    if (this.#owner !== undefined) this.#owner.assigned([this.#start(partition)])
  }
  async revoke(partition: string): Promise<void> {
    this.#at.delete(partition)
    await this.#owner?.revoked([partition])
  }
  lose(partition: string): void {
    this.#at.delete(partition)
    this.#owner?.lost([partition])
  }
}
