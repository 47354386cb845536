// Memory is flat while a sink is stalled, and the loop goes on by itself.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Ledger } from '../../src/connect/memory/weather.ts'
import type { Source } from '../../src/core/index.ts'
import { batch, control, double, HandSink, numbers, predictor, rig } from './rig.ts'

/** Never at a loss for a batch; counts what is not released. */
function endless(batches: number, ledger: Ledger): Source & { given: number } {
  const source = {
    name: 'endless', batchBytesMax: 60, given: 0,
    async *read(owner, signal) {
      owner.assigned([{ partition: 'p', offset: 0n }])
      for (let at = 0; at < 10 * batches && !signal.aborted; at += 10) {
        const made = batch('p', at, numbers(100_000 + at, 10))
        source.given++
        yield { ...made, release: ledger.holdRecords('batch', made, true) }
      }
    },
    commit: async () => {}, close: async () => {},
  } as Source & { given: number }
  return source
}

test('stalled-sink: for ten minutes nothing is read beyond the bound, and then it goes on', async () => {
  const ledger = new Ledger(), source = endless(1000, ledger), sink = new HandSink()
  const { ended, clock, numbers: told } = rig({ source: source as never, sink, options: { bytesMax: 3000 } })
  let stalled = true
  sink.writing = async () => { while (stalled) await clock.sleep(1000) }
  await clock.advance(30_000)
  const { given } = source
  await clock.advance(570_000)
  assert.deepEqual([given, source.given, ledger.held], [50, 50, 50])       // 60 bytes each
  assert.equal(told.gauges['sluice_inflight_bytes'], 3000)
  assert.equal(told.gauges['sluice_paused{reason=sink}'], 1)
  assert.equal(told.counts['sluice_paused_seconds_total{reason=sink}'], 600)
  assert.equal(told.gauges['sluice_commit_age_seconds'], 600)
  stalled = false
  assert.equal((await clock.run(ended)).records, 10_000)
  assert.deepEqual(sink.texts, numbers(100_000, 10_000).map(text => String(2 * Number(text))))
  assert.deepEqual([ledger.bytesPeak, ledger.held, ledger.errors], [3000, 0, []])
  assert.deepEqual([told.gauges['sluice_paused{reason=sink}'], told.gauges['sluice_inflight_bytes']], [0, 0])
})

test('stalled-predictor: the same, and it is called by its name', async () => {
  const ledger = new Ledger(), source = endless(200, ledger)
  let stalled = true
  const slow = predictor(async x => { while (stalled) await clock.sleep(1000); return double(x) })
  const { ended, clock, numbers: told } = rig({ source: source as never, control: control(slow), options: { bytesMax: 3000 } })
  await clock.advance(60_000)
  assert.equal(ledger.held, 50)
  assert.equal(told.counts['sluice_paused_seconds_total{reason=predict}'], 60)
  stalled = false
  assert.equal((await clock.run(ended)).records, 2000)
})

test('stalled-sink in a process of its own: heap and buffers stay where they are', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--max-old-space-size=40', new URL('stalled-child.ts', import.meta.url).pathname])
  const { before, after, peak, read, records, lost } = JSON.parse(stdout) as { [name: string]: number }
  const MiB = 2 ** 20
  assert.equal(lost, 0)
  assert.ok(records! > 200_000, `${records} records`)
  assert.ok(read === 0, `${read} batches read while stalled`)
  assert.ok(after! - before! < MiB, `grew by ${after! - before!} bytes while stalled`)
  assert.ok(peak! < 28 * MiB, `${peak} bytes at most, with 8 MiB allowed in flight`)
})
