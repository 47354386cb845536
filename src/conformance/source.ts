import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { partOf } from '../codecs/pack.ts'
import type { Context, Ownership, Position, RecordBatch, Slices, Source } from '../core/index.ts'
import { testContext } from './context.ts'
import type { CountingArena } from './context.ts'
import { checkSkips } from './suite.ts'
import type { SuiteOptions } from './suite.ts'

/** Where a source reads from, in a test. */
export interface SourceBed {
  /** Opens it. Called again when the one before is closed: a restart. */
  open(context: Context): Promise<Source>
  /** Takes away what the test has left. */
  close?(): Promise<void>
}
/** Stores these values, one list a partition, each value a line of text; offsets and names of partitions are the source's own. */
export type MakeSource = (partitions: readonly (readonly string[])[]) => Promise<SourceBed>

/** Every sentence of `Source` and `RecordBatch` that can be checked, for sources made anywhere:
    ```ts
    sourceSuite('my source', async partitions => {
      const store = await fill(partitions)
      return { open: context => openMySource({ store }, context), close: () => store.remove() }
    }, { skips: { 'restart-begins-at-the-commit': 'keeps no position of its own' } })
    ``` */
export function sourceSuite(name: string, make: MakeSource, options: SuiteOptions = {}): void {
  checkSkips(name, CHECKS, options)
  describe(name, () => {
    for (const [title, check] of Object.entries(CHECKS)) {
      test(title, { skip: options.skips?.[title] ?? false, timeout: 60_000 }, async t => {
        const arena = testContext().arena
        const opened: Source[] = []
        let bed: SourceBed | undefined
        try {
          await check({
            async make(partitions) { bed = await make(partitions) },
            async open() {
              const source = await bed!.open(testContext({ arena }))
              opened.push(source)
              return source
            },
            skip: reason => { t.skip(reason) },
            arena,
          })
        } finally {
          for (const source of opened) await source.close()
          await bed?.close?.()
        }
        assert.deepEqual(arena.errors, [])
        assert.equal(arena.held, 0, 'regions of the arena that nobody gave back')
      })
    }
  })
}

interface Bench {
  make(partitions: readonly (readonly string[])[]): Promise<void>
  open(): Promise<Source>
  skip(reason: string): void
  readonly arena: CountingArena
}

const CHECKS: Readonly<{ [title: string]: (bench: Bench) => Promise<void> }> = {
  async 'every-record-once-in-order'(bench) {
    const wanted = two()
    await bench.make(wanted)
    const read = await readAll(await bench.open())
    assert.deepEqual(sorted(valuesOf(read)), sorted(wanted))
  },

  async 'assigned-comes-first'(bench) {
    await bench.make(two())
    const { events, assigned } = await readAll(await bench.open())
    assert.equal(events[0], 'assigned')
    assert.equal(events.filter(event => event === 'assigned').length, 1, 'once for all that is owned')
    for (const event of events.slice(1)) assert.ok(assigned.has(event), `a batch of ${event}, which was not assigned`)
  },

  async 'batches-follow-each-other'(bench) {
    await bench.make(two())
    const { assigned, batches } = await readAll(await bench.open())
    const expected = new Map(assigned)
    for (const { partition, rows, offsets, from, next } of batches) {
      assert.equal(from, expected.get(partition), 'from is the next of the batch before it, or the position assigned')
      assert.ok(next >= from)
      if (rows > 0) assert.ok(next > from, 'rows move the position')
      let last = Number(from) - 1
      for (const offset of offsets) {
        assert.ok(offset > last && offset < Number(next), `offset ${offset} behind ${last}, in a batch from ${from} to ${next}`)
        last = offset
      }
      expected.set(partition, next)
    }
  },

  async 'columns-have-a-place-for-every-row'(bench) {
    await bench.make(two())
    const { batches } = await readAll(await bench.open())
    for (const { rows, bytes, offsets, timesMs, keys, values, headers } of batches) {
      assert.equal(offsets.length, rows)
      assert.equal(timesMs.length, rows)
      assert.ok(timesMs.every(Number.isFinite))
      for (const slices of [keys, values, ...headers === undefined ? [] : [headers]]) {
        assert.equal(slices.start.length, rows)
        assert.equal(slices.end.length, rows)
        for (let row = 0; row < rows; row++) if (slices.start[row]! >= 0) assert.ok(slices.start[row]! <= slices.end[row]! && slices.end[row]! <= bytes)
      }
    }
  },

  // Node's Buffer is a Uint8Array whose slice() is a view: who copies with slice() would keep what is overwritten
  async 'bytes-are-copied-by-slice'(bench) {
    await bench.make(two())
    const source = await bench.open()
    for await (const batch of source.read(owner(), new AbortController().signal)) {
      assert.notEqual(batch.bytes.slice(0, 1).buffer, batch.bytes.buffer)
      batch.release()
    }
  },

  async 'batch-is-not-larger-than-said'(bench) {
    await bench.make([Array.from({ length: 300 }, (_, i) => `{"i":${i},"pad":"${'x'.repeat(i * 7 % 900)}"}`)])
    const source = await bench.open()
    const { batches } = await readAll(source)
    for (const { bytes } of batches) assert.ok(bytes <= source.batchBytesMax, `${bytes} bytes, and batchBytesMax is ${source.batchBytesMax}`)
  },

  async 'bytes-stay-until-release'(bench) {
    const wanted = two(200)
    await bench.make(wanted)
    const source = await bench.open()
    const held: RecordBatch[] = []
    for await (const batch of source.read(owner(), new AbortController().signal)) held.push(batch)
    const texts = new Map<string, string[]>()
    for (const batch of held) texts.set(batch.partition, [...texts.get(batch.partition) ?? [], ...textsOf(batch)])
    for (const batch of held) batch.release()
    assert.deepEqual(sorted([...texts.values()]), sorted(wanted))
  },

  async 'released-in-any-order'(bench) {
    const wanted = two(200)
    await bench.make(wanted)
    const source = await bench.open()
    const held: RecordBatch[] = [], values: string[] = []
    for await (const batch of source.read(owner(), new AbortController().signal)) {
      values.push(...textsOf(batch))
      held.push(batch)
      if (held.length === 3) for (const i of [1, 0, 2]) held[i]!.release()
      if (held.length === 3) held.length = 0
    }
    for (const batch of held.reverse()) batch.release()
    assert.deepEqual(values.sort(), wanted.flat().sort())
  },

  async 'leave-while-idle'(bench) {
    await bench.make(two())
    const source = await bench.open()
    const stop = new AbortController()
    const batches = source.read(owner(), stop.signal)[Symbol.asyncIterator]()
    const pending = batches.next()
    stop.abort()
    const first = await pending
    if (first.done !== true) first.value.release()             // it was there already
    assert.equal((await batches.next()).done, true)
    await batches.return?.()
  },

  async 'leave-before-the-first'(bench) {
    await bench.make(two())
    const source = await bench.open()
    for await (const batch of source.read(owner(), AbortSignal.abort())) {
      batch.release()
      assert.fail('a batch after the abort')
    }
  },

  async 'left-source-can-be-closed'(bench) {
    await bench.make(two())
    const source = await bench.open()
    const stop = new AbortController()
    const batches = source.read(owner(), stop.signal)[Symbol.asyncIterator]()
    const { value } = await batches.next() as IteratorYieldResult<RecordBatch>
    value.release()
    stop.abort()
    await batches.return?.()
  },

  async 'read-again-begins-at-the-commit'(bench) {
    const wanted = lines(0, 100)
    await bench.make([wanted])
    const source = await bench.open()
    const first = await readSome(source, 1)
    await source.commit(first.ends)
    const again = await readAll(source)
    assert.deepEqual([...again.assigned], first.ends.map(({ partition, offset }) => [partition, offset]))
    assert.deepEqual([...first.values, ...again.values], wanted)
  },

  async 'uncommitted-is-read-again'(bench) {
    const wanted = lines(0, 100)
    await bench.make([wanted])
    const source = await bench.open()
    const first = await readSome(source, 1)
    assert.ok(first.values.length > 0)
    assert.deepEqual((await readAll(source)).values, wanted)
    assert.deepEqual((await readAll(source)).values, wanted)
  },

  async 'commit-when-reading-has-ended'(bench) {
    await bench.make([lines(0, 100)])
    const source = await bench.open()
    const { ends } = await readAll(source)
    await source.commit(ends)
    const again = await readAll(source)
    assert.deepEqual(again.values, [])
    assert.deepEqual([...again.assigned], ends.map(({ partition, offset }) => [partition, offset]))
  },

  async 'commit-of-one-partition-keeps-the-others'(bench) {
    const wanted = two(50)
    await bench.make(wanted)
    const source = await bench.open()
    const { ends } = await readAll(source)
    assert.equal(ends.length, 2)
    await source.commit(ends.slice(0, 1))
    await source.commit(ends.slice(1))
    assert.deepEqual((await readAll(source)).values, [])
  },

  async 'restart-begins-at-the-commit'(bench) {
    const wanted = lines(0, 100)
    await bench.make([wanted])
    const source = await bench.open()
    const first = await readSome(source, 1)
    await source.commit(first.ends)
    await source.close()
    const again = await readAll(await bench.open())
    assert.deepEqual([...first.values, ...again.values], wanted)
  },

  async 'positions-kept-by-another'(bench) {
    const wanted = lines(0, 100)
    await bench.make([wanted])
    const source = await bench.open()
    if (source.keepPositions === undefined) { bench.skip('it lets nobody else keep its positions'); return }
    const kept: Position[] = []
    source.keepPositions(async () => kept)
    const first = await readSome(source, 1)
    assert.deepEqual((await readAll(source)).values, wanted, 'nothing is kept yet')
    kept.push(...first.ends)
    assert.deepEqual([...first.values, ...(await readAll(source)).values], wanted)
  },

  async 'empty-source-ends'(bench) {
    await bench.make([[]])
    assert.deepEqual((await readAll(await bench.open())).values, [])
  },

  async 'lag-goes-to-zero'(bench) {
    await bench.make([lines(0, 100)])
    const source = await bench.open()
    if (source.lag === undefined) { bench.skip('it does not know its lag'); return }
    await readAll(source)
    for (const { partition, records = 0, bytes = 0 } of source.lag()) assert.deepEqual({ partition, records, bytes }, { partition, records: 0, bytes: 0 })
  },
}

/** What is kept of a batch that was released. */
interface Seen {
  readonly partition: string
  readonly rows: number
  readonly bytes: number
  readonly offsets: Float64Array
  readonly timesMs: Float64Array
  readonly from: bigint
  readonly next: bigint
  readonly keys: RecordBatch['keys']
  readonly values: RecordBatch['values']
  readonly headers: RecordBatch['headers']
  readonly texts: readonly string[]
}
interface Read {
  /** `assigned`, and the partition of each batch. */
  readonly events: readonly string[]
  readonly assigned: ReadonlyMap<string, bigint>
  readonly batches: readonly Seen[]
  readonly values: readonly string[]
  /** Where reading stopped, of each partition that had a batch. */
  readonly ends: readonly Position[]
}

const readAll = (source: Source): Promise<Read> => readSome(source, Infinity)
/** Reads until so many batches had rows, then leaves as the loop does. */
async function readSome(source: Source, most: number): Promise<Read> {
  const events: string[] = [], seen: Seen[] = []
  const assigned = new Map<string, bigint>(), ends = new Map<string, bigint>()
  const stop = new AbortController()
  let full = 0
  const own = owner(positions => {
    events.push('assigned')
    for (const { partition, offset } of positions) assigned.set(partition, offset)
  })
  for await (const batch of source.read(own, stop.signal)) {
    const { partition, rows, bytes, offsets, timesMs, from, next, keys, values, headers } = batch
    events.push(partition)
    seen.push({ partition, rows, bytes: bytes.byteLength, offsets: offsets.slice(), timesMs: timesMs.slice(), from, next, keys: copy(keys), values: copy(values), headers: headers && copy(headers), texts: textsOf(batch) })
    ends.set(partition, next)
    batch.release()
    if (rows > 0 && ++full >= most) {
      stop.abort()
      break
    }
  }
  return { events, assigned, batches: seen, values: seen.flatMap(({ texts }) => texts), ends: [...ends].map(([partition, offset]) => ({ partition, offset })) }
}

const copy = ({ start, end }: Slices): Slices => ({ start: start.slice(), end: end.slice() })
function owner(assigned: (positions: readonly Position[]) => void = () => {}): Ownership {
  return { assigned, async revoked() {}, lost() {} }
}
function textsOf(batch: RecordBatch): string[] {
  return Array.from({ length: batch.rows }, (_, row) => new TextDecoder().decode(partOf(batch, batch.values, row) ?? undefined))
}
function valuesOf({ batches }: Read): string[][] {
  const partitions = new Map<string, string[]>()
  for (const { partition, texts } of batches) partitions.set(partition, [...partitions.get(partition) ?? [], ...texts])
  return [...partitions.values()]
}
const lines = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `{"i":${from + i}}`)
const two = (count = 100): string[][] => [lines(0, count), lines(1000, count)]
/** By their first value: partitions come in any order. */
const sorted = (partitions: readonly (readonly string[])[]): readonly (readonly string[])[] => [...partitions].sort((a, b) => a[0]! < b[0]! ? -1 : 1)
