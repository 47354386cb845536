import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Packer } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { Context, Delivery, Position, Records, Sink, Source } from '../core/index.ts'
import { testContext } from './context.ts'
import { checkSkips } from './suite.ts'
import type { SuiteOptions } from './suite.ts'
import { spoil } from '../codecs/spoil.ts'

/** What is opened together: a source and two sinks, as results and rejects of one pipeline. */
export interface SinkParts { readonly source: Source; readonly sinks: readonly [Sink, Sink] }
/** Where sinks write to, in a test. */
export interface SinkBed {
  /** Opens them. Called again after a crash, or when the ones before are closed. */
  open(context: Context): Promise<SinkParts>
  /** The values that a reader at the other end of sink 0 or 1 finds. */
  read(sink: 0 | 1): Promise<readonly string[]>
  /** What is left is as if the process had been killed now. Absent: the tests of crashes are skipped. */
  crash?(): Promise<void>
  /** Writes of sink 0 fail until what it answers is called. Absent: that test is skipped. */
  fail?(): Promise<() => Promise<void>>
  /** A value that it refuses. */
  readonly refused?: string
  close?(): Promise<void>
}
/** The source holds these values, one list a partition; the outputs are empty. */
export type MakeSink = (partitions: readonly (readonly string[])[]) => Promise<SinkBed>

/** Every sentence of `Sink` and `Delivery` that can be checked, for sinks made anywhere. Tests of a delivery are skipped when the first
    sink does not agree to one. */
export function sinkSuite(name: string, make: MakeSink, options: SuiteOptions = {}): void {
  checkSkips(name, CHECKS, options)
  describe(name, () => {
    for (const [title, check] of Object.entries(CHECKS)) {
      test(title, { skip: options.skips?.[title] ?? false, timeout: 60_000 }, async t => {
        const open: { close(): Promise<void> }[][] = []
        const bed = await make([values('a', 20), values('b', 20)])
        const bench: Bench = {
          bed,
          skip: reason => { t.skip(reason) },
          async open() {
            const parts = await bed.open(testContext())
            open.push([...parts.sinks, parts.source])
            return parts
          },
          async deliver() {
            const parts = await bench.open()
            const delivery = await parts.sinks[0].delivery?.(parts.source, parts.sinks)
            if (delivery === undefined) { t.skip('it gives no delivery'); return undefined }
            open.at(-1)!.unshift(delivery)
            return { ...parts, delivery, at: await positionsOf(parts.source) }
          },
          async close() {
            for (const part of open.splice(0).flat()) await part.close()
          },
          async crash() { await bed.crash!() },
        }
        try { await check(bench) } finally {
          await bench.close()
          await bed.close?.()
        }
      })
    }
  })
}

interface Delivering extends SinkParts {
  readonly delivery: Delivery
  /** Where reading would begin. */
  readonly at: readonly Position[]
}
interface Bench {
  readonly bed: SinkBed
  skip(reason: string): void
  open(): Promise<SinkParts>
  deliver(): Promise<Delivering | undefined>
  close(): Promise<void>
  crash(): Promise<void>
}

const CHECKS: Readonly<{ [title: string]: (bench: Bench) => Promise<void> }> = {
  async 'order-is-call-order'({ open, bed }) {
    const { sinks: [sink] } = await open()
    const wanted = Array.from({ length: 40 }, (_, i) => values(`w${i}-`, i % 7 === 0 ? 200 : 1 + i % 3))
    await Promise.all(wanted.map(write => sink.write(recordsOf(write))))
    assert.deepEqual(await bed.read(0), wanted.flat())
  },

  async 'durable-when-it-settles'({ open, bed }) {
    const { sinks: [sink] } = await open()
    await sink.write(recordsOf(['{"a":1}']))
    assert.deepEqual(await bed.read(0), ['{"a":1}'])
    await sink.write(recordsOf(['{"a":2}']))
    assert.deepEqual(await bed.read(0), ['{"a":1}', '{"a":2}'])
  },

  async 'reads-until-it-settles-only'({ open, bed }) {
    const { sinks: [sink] } = await open()
    for (let i = 0; i < 5; i++) {
      const records = recordsOf(values(`v${i}-`, 50))
      await sink.write(records)
      spoil(records)
    }
    await sink.write(recordsOf(['{"last":true}']))
    assert.deepEqual(await bed.read(0), [...Array.from({ length: 5 }, (_, i) => values(`v${i}-`, 50)).flat(), '{"last":true}'])
  },

  async 'release-is-the-callers'({ open }) {
    const { sinks: [sink] } = await open()
    let released = 0
    await sink.write({ ...recordsOf(values('a', 3)), release() { released++ } })
    assert.equal(released, 0)
  },

  async 'values-between-other-bytes'({ open, bed }) {
    const { sinks: [sink] } = await open()
    const packer = new Packer(2, 64)
    for (const text of ['{"a":1}', '{"a":2}', '{"a":3}']) {
      packer.row(0)
      packer.text('key')
      packer.setKey(packer.length - 3)
      const at = packer.length
      packer.text(text)
      packer.setValue(at)
    }
    await sink.write(packer.finish(['a']))
    assert.deepEqual(await bed.read(0), ['{"a":1}', '{"a":2}', '{"a":3}'])
  },

  async 'nothing-to-write'({ open, bed }) {
    const { sinks: [sink] } = await open()
    assert.deepEqual(await sink.write(recordsOf([])), [])
    assert.deepEqual(await bed.read(0), [])
  },

  async 'refuses-row-by-row'({ open, bed, skip }) {
    if (bed.refused === undefined) { skip('it refuses nothing'); return }
    const { sinks: [sink] } = await open()
    const refused = await sink.write(recordsOf(['{"a":1}', bed.refused, '{"a":2}', bed.refused]))
    assert.deepEqual(refused.map(({ row, stage, error }) => [row, stage, error.severity]), [[1, 'sink', 'record'], [3, 'sink', 'record']])
    assert.deepEqual(await bed.read(0), ['{"a":1}', '{"a":2}'])
  },

  async 'failed-write-fails-what-follows'({ open, bed, skip }) {
    if (bed.fail === undefined) { skip('the bed cannot make a write fail'); return }
    const { sinks: [sink] } = await open()
    await sink.write(recordsOf(['{"before":1}']))
    const mend = await bed.fail()
    const outcomes = await Promise.allSettled([1, 2, 3].map(i => sink.write(recordsOf(wide(`lost${i}-`, 3000)))))
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'rejected', 'what was called after a failed write, and has not settled, fails too')
      assert.ok(outcome.reason instanceof SluiceError, String(outcome.reason))
    }
    await mend()
    await sink.write(recordsOf(['{"after":1}']))
    assert.deepEqual(await bed.read(0), ['{"before":1}', '{"after":1}'])
  },

  async 'written-again-after-a-restart'({ open, close, bed }) {
    await (await open()).sinks[0].write(recordsOf(['{"a":1}']))
    await close()
    await (await open()).sinks[0].write(recordsOf(['{"a":2}']))
    assert.deepEqual(await bed.read(0), ['{"a":1}', '{"a":2}'])
  },

  async 'delivery-says-exactly-once'({ deliver }) {
    const parts = await deliver()
    if (parts !== undefined) assert.equal(parts.delivery.guarantee, 'exactly-once')
  },

  async 'commit-shows-both-sinks-and-the-position'({ deliver, bed }) {
    const parts = await deliver()
    if (parts === undefined) return
    const { delivery, sinks, source, at } = parts
    await delivery.write(sinks[0], recordsOf(['{"a":1}']))
    await delivery.write(sinks[1], recordsOf(['{"r":1}']))
    const ends = await endsOf(source)
    await delivery.commit(ends)
    assert.deepEqual([await bed.read(0), await bed.read(1)], [['{"a":1}'], ['{"r":1}']])
    assert.notDeepEqual(at, ends)
    await delivery.abort()
    assert.deepEqual(await positionsOf(source), ends)
    assert.deepEqual([await bed.read(0), await bed.read(1)], [['{"a":1}'], ['{"r":1}']], 'what is committed stays')
  },

  async 'abort-hides-both-sinks'({ deliver, bed }) {
    const parts = await deliver()
    if (parts === undefined) return
    const { delivery, sinks, source, at } = parts
    await delivery.write(sinks[0], recordsOf(['{"a":1}']))
    await delivery.write(sinks[1], recordsOf(['{"r":1}']))
    await delivery.abort()
    assert.deepEqual([await bed.read(0), await bed.read(1)], [[], []])
    assert.deepEqual(await positionsOf(source), at)
  },

  async 'units-follow-each-other'({ deliver, bed }) {
    const parts = await deliver()
    if (parts === undefined) return
    const { delivery, sinks: [sink], at } = parts
    await delivery.write(sink, recordsOf(['{"kept":1}']))
    await delivery.commit(at)
    await delivery.write(sink, recordsOf(['{"hidden":1}']))
    await delivery.abort()
    await delivery.write(sink, recordsOf(['{"kept":2}']))
    await delivery.commit(at)
    await delivery.commit(at)
    assert.deepEqual(await bed.read(0), ['{"kept":1}', '{"kept":2}'])
  },

  async 'abort-waits-for-writes'({ deliver, bed }) {
    const parts = await deliver()
    if (parts === undefined) return
    const { delivery, sinks: [sink], at } = parts
    const writes = Array.from({ length: 20 }, (_, i) => delivery.write(sink, recordsOf(wide(`w${i}-`, 500))))
    const settled = Promise.allSettled(writes)
    await delivery.abort()
    await settled
    await delivery.write(sink, recordsOf(['{"after":1}']))
    await delivery.commit(at)
    assert.deepEqual(await bed.read(0), ['{"after":1}'])
  },

  async 'abort-during-a-commit-is-all-or-nothing'({ deliver, bed }) {
    const parts = await deliver()
    if (parts === undefined) return
    const { delivery, sinks: [sink], source, at } = parts
    const ends = await endsOf(source)
    await delivery.write(sink, recordsOf(['{"a":1}']))
    const commit = delivery.commit(ends).then(() => true, () => false)
    await delivery.abort()
    const now = await positionsOf(source), committed = (await bed.read(0)).length === 1
    assert.deepEqual(now, committed ? ends : at)
    if (await commit) assert.ok(committed, 'a commit that resolved has happened')
    await delivery.write(sink, recordsOf(['{"a":2}']))
    await delivery.commit(ends)
    assert.deepEqual(await bed.read(0), committed ? ['{"a":1}', '{"a":2}'] : ['{"a":2}'], 'no commit can happen after the abort')
  },

  async 'commit-of-one-partition-keeps-the-others'({ deliver }) {
    const parts = await deliver()
    if (parts === undefined) return
    const { delivery, source } = parts
    const ends = await endsOf(source)
    assert.equal(ends.length, 2)
    await delivery.commit(ends.slice(0, 1))
    await delivery.commit(ends.slice(1))
    await delivery.abort()
    assert.deepEqual(await positionsOf(source), ends)
  },

  async 'crash-shows-only-the-committed'({ deliver, crash, bed, skip }) {
    if (bed.crash === undefined) { skip('the bed cannot crash'); return }
    const first = await deliver()
    if (first === undefined) return
    const ends = await endsOf(first.source)
    await first.delivery.write(first.sinks[0], recordsOf(['{"kept":1}']))
    await first.delivery.write(first.sinks[1], recordsOf(['{"r":1}']))
    await first.delivery.commit(ends.slice(0, 1))
    await first.delivery.write(first.sinks[0], recordsOf(values('hidden', 300)))
    await first.delivery.write(first.sinks[1], recordsOf(values('hidden', 3)))
    await crash()
    const again = await deliver()
    assert.deepEqual([await bed.read(0), await bed.read(1)], [['{"kept":1}'], ['{"r":1}']])
    assert.deepEqual(again!.at, [ends[0], first.at[1]])
    await again!.delivery.write(again!.sinks[0], recordsOf(['{"kept":2}']))
    await again!.delivery.commit(ends)
    assert.deepEqual(await bed.read(0), ['{"kept":1}', '{"kept":2}'])
  },

  async 'crash-before-the-first-commit'({ deliver, crash, bed, skip }) {
    if (bed.crash === undefined) { skip('the bed cannot crash'); return }
    const first = await deliver()
    if (first === undefined) return
    await first.delivery.write(first.sinks[0], recordsOf(values('hidden', 3)))
    await crash()
    const again = await deliver()
    assert.deepEqual(await bed.read(0), [])
    assert.deepEqual(again!.at, first.at)
  },
}

function recordsOf(texts: readonly string[]): Records {
  const packer = new Packer(texts.length, 64)
  for (const text of texts) {
    packer.row(0)
    const at = packer.length
    packer.text(text)
    packer.setValue(at)
  }
  return packer.finish(['a'])
}
const values = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `{"v":"${name}${i}"}`)
/** A kilobyte each: enough of them take a while to write. */
const wide = (name: string, count: number): string[] => values(name.padEnd(1000, '.'), count)

/** Where a read would begin now. */
async function positionsOf(source: Source): Promise<readonly Position[]> {
  let assigned: readonly Position[] = []
  const batches = source.read({ assigned(positions) { assigned = [...assigned, ...positions] }, async revoked() {}, lost() {} }, AbortSignal.abort())
  for await (const batch of batches) batch.release()
  return byName(assigned)
}
/** Where a read ends. */
async function endsOf(source: Source): Promise<readonly Position[]> {
  const ends = new Map<string, bigint>()
  for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)) {
    ends.set(batch.partition, batch.next)
    batch.release()
  }
  return byName([...ends].map(([partition, offset]) => ({ partition, offset })))
}
const byName = (positions: readonly Position[]): readonly Position[] => [...positions].sort((a, b) => a.partition < b.partition ? -1 : 1)
