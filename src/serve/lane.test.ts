import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock, TensorBatch } from '../core/index.ts'
import { WireError } from '../wire/tensors.ts'
import { Cost } from './cost.ts'
import { Lane } from './lane.ts'

/** Time that passes when a test says so. */
function manual(): Clock & { advance(ms: number): Promise<void> } {
  let nowMs = 1000
  const sleeping: { readonly untilMs: number; wake(): void }[] = []
  const settle = async (): Promise<void> => { for (let i = 0; i < 100; i++) await Promise.resolve() }
  return {
    nowMs: () => nowMs,
    sleep: ms => new Promise(resolve => { sleeping.push({ untilMs: nowMs + ms, wake: resolve }) }),
    async advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        await settle()
        sleeping.sort((a, b) => a.untilMs - b.untilMs)
        if (sleeping.length === 0 || sleeping[0]!.untilMs > endMs) break
        const { untilMs, wake } = sleeping.shift()!
        nowMs = untilMs
        wake()
      }
      nowMs = endMs
      await settle()
    },
  }
}
const rowsOf = (values: readonly number[]): TensorBatch => ({ rows: values.length, tensors: new Map([['x', { dtype: 'float64', shape: [values.length, 1], data: Float64Array.from(values) }]]), release() {} })
const valuesOf = (batch: TensorBatch): number[] => [...batch.tensors.get('y')!.data as Float64Array]

/** A model that doubles, and takes b + a rows ms. */
function doubling(clock: Clock, base: number, perRow: number, workers = 1, more: { readonly rowsMax?: number } = {}): { readonly lane: Lane; readonly batches: number[] } {
  const batches: number[] = []
  const lane = new Lane({
    rowsMax: more.rowsMax ?? 1e6, bytesMax: 1e9, batchRowsMax: 64, batchMs: 33, workers: () => workers,
    async run(features) {
      batches.push(features.rows)
      await clock.sleep(base + perRow * features.rows)
      return { rows: features.rows, tensors: new Map([['y', { dtype: 'float64', shape: [features.rows], data: (features.tensors.get('x')!.data as Float64Array).map(x => 2 * x) }]]), release() {} }
    },
  }, clock)
  return { lane, batches }
}
const { signal } = new AbortController()

test('what waits is one batch as soon as the worker is free, and each caller gets its own rows', async () => {
  const clock = manual(), { lane, batches } = doubling(clock, 5, 0.1)
  const all = [[1], [2, 3], [4, 5, 6]].map(values => lane.submit({ features: rowsOf(values), deadlineMs: 2000, signal }))
  await clock.advance(20)
  assert.deepEqual((await Promise.all(all)).map(({ outputs }) => valuesOf(outputs)), [[2], [4, 6], [8, 10, 12]])
  assert.deepEqual(batches, [1, 5])
})

test('the line is found: base and cost of a row, whatever the order of sizes', () => {
  const cost = new Cost()
  for (let i = 0; i < 200; i++) cost.add(1 + i * 7 % 60, 3 + 0.2 * (1 + i * 7 % 60))
  assert.ok(Math.abs(cost.of(1) - 3.2) < 0.01 && Math.abs(cost.of(100) - 23) < 0.1)
  assert.equal(cost.rowsWithin(5.001, 64), 10)
  assert.equal(cost.slack, 1)
})

test('ten times what it can do: what is admitted is answered in time, all else refused at once with a time to come back, and then all is as before', async () => {
  const clock = manual(), { lane } = doubling(clock, 5, 1)
  for (let i = 0; i < 20; i++) {
    const done = lane.submit({ features: rowsOf(Array.from({ length: 1 + i }, () => 1)), deadlineMs: clock.nowMs() + 500, signal })
    await clock.advance(60)
    await done
  }
  let inTime = 0, late = 0, refused = 0, dropped = 0, most = 0
  const calls: Promise<void>[] = []
  // in full batches of 28 it does 0.85 rows a ms: 9 are offered
  for (let ms = 0; ms < 2000; ms++) {
    for (let i = 0; i < 9; i++) {
      const startMs = clock.nowMs()
      calls.push(lane.submit({ features: rowsOf([i]), deadlineMs: startMs + 100, signal }).then(() => { if (clock.nowMs() <= startMs + 100) inTime++; else late++ }, (error: unknown) => {
        assert.ok(error instanceof WireError)
        if (error.status === 'deadline') dropped++
        else {
          assert.ok(error.status === 'exhausted' && error.retryAfterMs! > 0, String(error))
          refused++
        }
      }))
    }
    most = Math.max(most, lane.rows)
    await clock.advance(1)
  }
  await clock.advance(500)
  await Promise.all(calls)
  assert.equal(inTime + late + dropped + refused, 18000)
  assert.ok(late < 0.01 * inTime, `${late} late, ${inTime} in time`)
  assert.ok(dropped < 0.03 * inTime, `${dropped} were admitted and came too late, ${inTime} in time`)
  assert.ok(inTime > 0.9 * 2000 * 28 / 33, `${inTime} in time`)
  assert.ok(most < 200, `${most} rows waited`)
  const after = lane.submit({ features: rowsOf([7]), deadlineMs: clock.nowMs() + 100, signal })
  await clock.advance(50)
  assert.deepEqual(valuesOf((await after).outputs), [14])
})

test('who has gone, and what is too late, is dropped before it runs; bounds of rows hold; a closed lane refuses', async () => {
  const clock = manual(), { lane, batches } = doubling(clock, 10, 0, 1, { rowsMax: 3 }), gone = new AbortController()
  const first = lane.submit({ features: rowsOf([1]), deadlineMs: 5000, signal })
  const left = assert.rejects(lane.submit({ features: rowsOf([2]), deadlineMs: 5000, signal: gone.signal }), { status: 'deadline' })
  const late = assert.rejects(lane.submit({ features: rowsOf([3]), deadlineMs: 1005, signal }), { status: 'deadline' })
  const large = lane.submit({ features: rowsOf([4]), deadlineMs: 5000, signal })
  await assert.rejects(lane.submit({ features: rowsOf([5]), deadlineMs: 5000, signal }), { status: 'exhausted', retryAfterMs: 1 })
  gone.abort()
  await clock.advance(30)
  await Promise.all([first, left, late, large])
  assert.deepEqual(batches, [1, 1])
  const waiting = [lane.submit({ features: rowsOf([6]), deadlineMs: 5000, signal }), assert.rejects(lane.submit({ features: rowsOf([7]), deadlineMs: 5000, signal }), { status: 'unavailable' })]
  lane.close()
  await clock.advance(30)
  await Promise.all(waiting)
  await assert.rejects(lane.submit({ features: rowsOf([8]), deadlineMs: 5000, signal }), { status: 'unavailable' })
})
