import type { Position, RecordBatch, Records, Rejection } from './records.ts'
import type { Context } from './system.ts'

/** What the source tells its reader about partitions; called even while nobody pulls, and while a commit is under way. */
export interface Ownership {
  /** Before the first batch of them; the read that follows starts there. */
  assigned(positions: readonly Position[]): void
  /** Resolves, within the reader's bound, when what could be finished is committed. */
  revoked(partitions: readonly string[]): Promise<void>
  /** Somebody else owns them already: drop, commit nothing. */
  lost(partitions: readonly string[]): void
}

export interface Source {
  readonly name: string
  /** No batch holds more bytes: the reader asks for one only with credit for that much. */
  readonly batchBytesMax: number
  /** From the committed positions, asked for anew. Begins with `assigned` for all that is owned; one read at a time. The signal ends it:
      `next()` settles, buffered batches are released by the source, partitions stay owned until `close`, so that a drain can commit.
      The reader releases every batch it was given. */
  read(owner: Ownership, signal: AbortSignal): AsyncIterable<RecordBatch>
  /** Everything before them is done; also from within `revoked`; refused (`retry`) when a partition has changed hands between the call and
      its arrival, even back to us. */
  commit(positions: readonly Position[]): Promise<void>
  /** Present when somebody else can keep the positions (a sink that stores them beside its output): every later read begins at what `load`
      answers, and `commit` is not called any more. */
  keepPositions?(load: () => Promise<readonly Position[]>): void
  /** What is still to be read of the partitions owned, as far as it is known. */
  lag?(): readonly Lag[]
  /** Gives up what is owned, without asking. */
  close(): Promise<void>
}

export interface Lag { readonly partition: string; readonly records?: number; readonly bytes?: number; readonly seconds?: number }

export interface Sink {
  readonly name: string
  /** Order is call order; may be called before the last one settled. Reads the records until it settles; the caller releases them.
      Resolves when durable at the other end (inside a delivery: when its commit can no longer lose it), with the rows it refuses (too
      large): the others stand. When it throws, what was called after it and has not settled throws too and does not land: order survives
      a failure. */
  write(records: Records): Promise<readonly Rejection[]>
  /** Present and agreed: exactly once. Asked of the results' sink, with all sinks of the pipeline, itself first. */
  delivery?(source: Source, sinks: readonly Sink[]): Promise<Delivery | undefined>
  close(): Promise<void>
}

export type Guarantee = 'exactly-once' | 'at-least-once'

/** One unit of delivery: results, rejects and positions become visible together. At-least-once is flow's own. The first write or commit
    begins a unit. No write is called between a commit's call and its end. Any throw of write or commit may have happened or not: the
    caller aborts and reads again. */
export interface Delivery {
  readonly guarantee: Guarantee
  write(to: Sink, records: Records): Promise<readonly Rejection[]>
  /** All partitions of an executor at once. */
  commit(positions: readonly Position[]): Promise<void>
  /** At any time; resolves when every write has settled and no commit can still happen. */
  abort(): Promise<void>
  close(): Promise<void>
}

/** A description: plain data that every executor opens for itself, so nothing is shared that cannot be sent to a thread or another machine.
    Where a pipeline names a built-in part by its options, a program may pass one of these. */
export interface Part<T> { readonly kind: string; readonly options: object; open(context: Context): Promise<T> }
