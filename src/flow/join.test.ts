import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchOf, Packer, partOf } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { Clock, Ownership, RecordBatch, Source } from '../core/index.ts'
import { FakeClock } from '../testing/clock.ts'
import { join } from './join.ts'
import { spoil } from '../codecs/spoil.ts'

const decoder = new TextDecoder()
let held = 0
function batch(partition: string, from: number, texts: readonly string[], more: Partial<RecordBatch> = {}): RecordBatch {
  const packer = new Packer(texts.length, 64)
  for (const text of texts) {
    packer.row(from)
    const at = packer.length
    packer.text(text)
    if (from % 2 === 0) packer.setKey(at)
    packer.setValue(at)
    if (text.length > 5) packer.setHeaders(at)
  }
  const records = packer.finish()
  const made: RecordBatch = { ...batchOf(records, { partition, offsets: Float64Array.from(texts, (_, i) => from + i), from: BigInt(from), next: BigInt(from + texts.length) }), ...more,
    release() { held--; spoil(made) } }
  return made
}

type Step = RecordBatch | Error | { readonly pauseMs: number } | ((owner: Ownership) => void)
function sourceOf(clock: FakeClock, steps: readonly Step[], { quiet = false, batchBytesMax = 100 } = {}): Source & { left: boolean } {
  const source = {
    name: 'steps', batchBytesMax, left: false,
    async *read(owner: Ownership, signal: AbortSignal) {
      try {
        for (const step of steps) {
          if (signal.aborted) return
          if (step instanceof Error) throw step
          if (typeof step === 'function') step(owner)
          else if ('pauseMs' in step) await clock.sleep(step.pauseMs, signal)
          else { held++; yield step }
        }
        if (quiet) await clock.sleep(1e9, signal)
      } finally { source.left = true }
    },
    commit: async () => {}, close: async () => {},
  }
  return source
}
const nobody: Ownership = { assigned() {}, revoked: async () => {}, lost() {} }

/** What is read, as text: partition, positions, values, and when it came. */
async function read(clock: FakeClock, source: Source, options: { rows: number; waitMs: number }, { stopAtMs = Infinity, owner = nobody } = {}): Promise<string[]> {
  const stop = new AbortController(), lines: string[] = []
  if (stopAtMs < Infinity) void clock.sleep(stopAtMs).then(() => stop.abort())
  const work = (async () => {
    for await (const one of join(source, options, clock).read(owner, stop.signal)) {
      lines.push(`${clock.nowMs()} ${one.partition} ${one.from}-${one.next} ${textsOf(one)}`)
      one.release()
    }
  })()
  await clock.run(work, 1e6)
  return lines
}
const textsOf = (one: RecordBatch) => Array.from({ length: one.rows }, (_, row) => decoder.decode(partOf(one, one.values, row)!)).join()

test('join: consecutive batches of a partition become one when they have rows enough', async () => {
  const clock = new FakeClock()
  const steps = [batch('p', 0, ['a', 'b']), batch('q', 0, ['x']), batch('p', 2, ['c']), batch('p', 3, ['d', 'e']), batch('p', 5, ['f'])]
  assert.deepEqual(await read(clock, sourceOf(clock, steps), { rows: 4, waitMs: 100 }), ['0 p 0-5 a,b,c,d,e', '0 q 0-1 x', '0 p 5-6 f'])
  assert.equal(held, 0)
})

test('idle-source-holds-nothing-back: what waits goes on in time though the source is quiet', async () => {
  const clock = new FakeClock()
  const steps = [batch('p', 0, ['a']), { pauseMs: 30 }, batch('q', 0, ['x']), { pauseMs: 30 }, batch('p', 1, ['b'])]
  assert.deepEqual(await read(clock, sourceOf(clock, steps, { quiet: true }), { rows: 4, waitMs: 100 }, { stopAtMs: 5000 }), ['100 p 0-2 a,b', '130 q 0-1 x'])
  assert.equal(held, 0)
})

test('busy-source-holds-nothing-back: a batch of a slow partition goes on in time though others keep coming', async () => {
  const clock = new FakeClock()
  const steps: Step[] = [batch('q', 0, ['x'])]
  for (let i = 0; i < 100; i++) steps.push({ pauseMs: 5 }, batch('p', i, [String(i)]))
  const lines = await read(clock, sourceOf(clock, steps), { rows: 10, waitMs: 100 })
  assert.ok(lines.includes('100 q 0-1 x'), lines.join('\n'))
})

test('join: a batch that is large enough alone is passed on as it is', async () => {
  const clock = new FakeClock(), large = batch('p', 0, ['a', 'b', 'c'])
  const seen: RecordBatch[] = []
  await clock.run((async () => { for await (const one of join(sourceOf(clock, [large]), { rows: 3, waitMs: 10 }, clock).read(nobody, new AbortController().signal)) seen.push(one) })())
  assert.equal(seen[0], large)
  large.release()
})

test('join: batches that do not follow, or have other columns, are not joined', async () => {
  const clock = new FakeClock()
  const steps = [batch('p', 0, ['a']), batch('p', 5, ['b']), batch('p', 6, ['c'], { columns: ['x'] }), batch('p', 7, ['d'], { columns: ['x'] }), batch('p', 8, ['e'], { columns: ['y'] })]
  assert.deepEqual(await read(clock, sourceOf(clock, steps), { rows: 9, waitMs: 10 }), ['0 p 0-1 a', '0 p 5-6 b', '0 p 6-8 c,d', '0 p 8-9 e'])
})

test('join: holds no more bytes than one batch may have', async () => {
  const clock = new FakeClock()
  const steps = [batch('p', 0, ['a'.repeat(40)]), batch('q', 0, ['x'.repeat(40)]), batch('p', 1, ['b'.repeat(30)])]
  const lines = await read(clock, sourceOf(clock, steps), { rows: 9, waitMs: 10 })
  assert.deepEqual(lines.map(line => line.slice(0, 8)), ['0 p 0-1 ', '0 q 0-1 ', '0 p 1-2 '])           // the oldest goes first
})

test('join: rejections of the source, and position-only batches, are taken along', async () => {
  const clock = new FakeClock()
  const error = new SluiceError('SLUICE_RECORD_TOO_LARGE', 'too large')
  const steps = [batch('p', 0, ['a', 'b']), batch('p', 2, [], { next: 7n }), batch('p', 7, ['c', 'd'], { rejected: [{ row: 1, stage: 'source', error }] })]
  let one: RecordBatch | undefined
  for await (const joined of join(sourceOf(clock, steps), { rows: 4, waitMs: 10 }, clock).read(nobody, new AbortController().signal)) one = joined
  assert.deepEqual([one!.rejected, one!.next, [...one!.offsets]], [[{ row: 3, stage: 'source', error }], 9n, [0, 1, 7, 8]])
  assert.equal(held, 0)
})

test('join: what waits of a partition that is revoked, lost or assigned anew is released', async () => {
  const clock = new FakeClock(), told: string[] = []
  const owner: Ownership = { assigned: ([position]) => told.push(`assigned ${position!.partition}`), revoked: async ([partition]) => { told.push(`revoked ${partition}`) },
    lost: ([partition]) => { told.push(`lost ${partition}`) } }
  const steps: Step[] = [batch('p', 0, ['a']), batch('q', 0, ['b']), batch('r', 0, ['c']), batch('s', 0, ['d']),
    to => void to.revoked(['p']), to => to.lost(['q']), to => to.assigned([{ partition: 'r', offset: 0n }])]
  assert.deepEqual(await read(clock, sourceOf(clock, steps), { rows: 9, waitMs: 10 }, { owner }), ['0 s 0-1 d'])
  assert.deepEqual([told, held], [['revoked p', 'lost q', 'assigned r'], 0])
})

test('join: a failure of the source releases what waits', async () => {
  const clock = new FakeClock()
  await assert.rejects(read(clock, sourceOf(clock, [batch('p', 0, ['a']), new Error('gone')]), { rows: 9, waitMs: 10 }), /gone/)
  assert.equal(held, 0)
})

test('leave-while-idle: a reader that leaves takes nothing with it', async () => {
  for (const leaveAfter of [1, 2]) {
    const clock = new FakeClock(), stop = new AbortController()
    const source = sourceOf(clock, [batch('p', 0, ['a']), batch('q', 0, ['b', 'c']), batch('p', 1, ['d', 'e']), batch('q', 2, ['f'])], { quiet: leaveAfter === 2 })
    const batches = join(source, { rows: 2, waitMs: 10 }, clock).read(nobody, stop.signal)[Symbol.asyncIterator]()
    for (let i = 0; i < leaveAfter; i++) (await clock.run(batches.next())).value!.release()
    stop.abort()
    await clock.run(Promise.resolve(batches.return!()))
    assert.deepEqual([held, source.left], [0, true])
  }
})

test('leave-in-between: a batch in hand, and one that comes after the signal, are released', async () => {
  const clock = new FakeClock()
  for (const steps of [[batch('p', 0, ['a']), batch('p', 5, ['b'])], [batch('p', 0, ['a']), { pauseMs: 50 }, batch('q', 0, ['b'])]]) {
    const stop = new AbortController()
    const deaf: Source = { ...sourceOf(clock, steps), read: owner => sourceOf(clock, steps).read(owner, new AbortController().signal) }
    const batches = join(deaf, { rows: 9, waitMs: 10 }, clock).read(nobody, stop.signal)[Symbol.asyncIterator]()
    ;(await clock.run(batches.next())).value!.release()
    stop.abort()
    await clock.run(Promise.resolve(batches.return!()))
    assert.equal(held, 0)
  }
})

test('busy-source-holds-nothing-back: nor when a batch is there whenever it is asked for', async () => {
  let now = 0
  const clock: Clock = { nowMs: () => now, sleep: (_, signal) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())) }          // timers are starved
  const steps: Step[] = [batch('q', 0, ['x'])]
  for (let i = 0; i < 50; i++) steps.push(() => { now += 10 }, batch('p', i, [String(i)]))
  const came: string[] = []
  for await (const one of join(sourceOf(new FakeClock(), steps, { batchBytesMax: 1000 }), { rows: 8, waitMs: 100 }, clock).read(nobody, new AbortController().signal)) {
    if (one.partition === 'q') came.push(`at ${now}`)
    one.release()
  }
  assert.deepEqual([came, held], [['at 100'], 0])
})

test('join: whatever the batches and pauses, each partition gives the same records in the same order, none too late', async () => {
  const piece = fc.record({ partition: fc.constantFrom('p', 'q', 'r'), texts: fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 5 }), gap: fc.nat(2), pauseMs: fc.nat(20) })
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), fc.nat(30), async (pieces, rows, waitMs) => {
    const clock = new FakeClock(), at = new Map<string, number>(), steps: Step[] = []
    const wanted = new Map<string, string[]>(), got = new Map<string, string[]>(), bornMs = new Map<string, number>()
    let now = 0
    for (const { partition, texts, gap, pauseMs } of pieces) {
      const from = at.get(partition) ?? 0
      steps.push({ pauseMs })
      now += pauseMs
      if (texts.length === 0) continue
      const next = from + texts.length + gap
      steps.push(batch(partition, from, texts, { next: BigInt(next) }))
      texts.forEach((text, i) => {
        wanted.set(partition, [...wanted.get(partition) ?? [], `${from + i} ${text} ${from % 2 === 0 ? text : null} ${text.length > 5 ? text : null}`])
        bornMs.set(`${partition}@${from + i}`, now)
      })
      at.set(partition, next)
    }
    const next = new Map<string, bigint>()
    await clock.run((async () => {
      for await (const one of join(sourceOf(clock, steps), { rows, waitMs }, clock).read(nobody, new AbortController().signal)) {
        assert.equal(one.from, next.get(one.partition) ?? 0n)
        next.set(one.partition, one.next)
        for (let row = 0; row < one.rows; row++) {
          const [value, key, headers] = [one.values, one.keys, one.headers].map(slices => { const part = partOf(one, slices, row); return part === null ? null : decoder.decode(part) })
          got.set(one.partition, [...got.get(one.partition) ?? [], `${one.offsets[row]} ${value} ${key} ${headers}`])
          assert.ok(clock.nowMs() - bornMs.get(`${one.partition}@${one.offsets[row]}`)! <= waitMs)
        }
        one.release()
      }
    })())
    const texts = (map: Map<string, string[]>) => [...map].sort()
    assert.deepEqual(texts(got), texts(wanted).map(([partition, lines]) => [partition, lines.map(line => decoder.decode(new TextEncoder().encode(line)))]))
    assert.equal(held, 0)
  }), { numRuns: 200 })
})
