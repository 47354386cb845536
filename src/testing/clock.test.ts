import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './clock.ts'

test('clock: sleepers wake in the order of their time, none before it', async () => {
  const clock = new FakeClock({ startMs: 1000 }), woken: string[] = []
  for (const ms of [30, 10, 20, 10]) void clock.sleep(ms).then(() => woken.push(`${ms} at ${clock.nowMs()}`))
  await clock.advance(15)
  assert.deepEqual([woken, clock.nowMs()], [['10 at 1010', '10 at 1010'], 1015])
  await clock.advance(100)
  assert.deepEqual(woken.slice(2), ['20 at 1020', '30 at 1030'])
})

test('clock: an abort ends a sleep early, without an error, and before it no time passes', async () => {
  const clock = new FakeClock(), stop = new AbortController()
  const slept = clock.sleep(1000, stop.signal).then(() => clock.nowMs())
  await clock.advance(10)
  stop.abort()
  assert.equal(await slept, 10)
  await clock.sleep(1000, stop.signal)
})

test('clock: a deadlock and work without end are failures, not a hang', async () => {
  const clock = new FakeClock()
  await assert.rejects(clock.run(new Promise(() => {})), /deadlock/)
  const forever = (async () => { for (;;) await clock.sleep(10) })()
  await assert.rejects(clock.run(forever, 1000), /no end after 1000 ms/)
})

test('clock: what throws is thrown, what is returned is returned', async () => {
  const clock = new FakeClock()
  assert.equal(await clock.run(clock.sleep(5).then(() => 'done')), 'done')
  await assert.rejects(clock.run(clock.sleep(5).then(() => { throw new Error('no') })), /no/)
})
