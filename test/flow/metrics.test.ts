import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryEntry } from '../../src/connect/memory/options.ts'
import { MemorySink } from '../../src/connect/memory/sink.ts'
import { memorySource } from '../../src/connect/memory/source.ts'
import type { Weather } from '../../src/connect/memory/weather.ts'
import { FakeClock } from '../../src/testing/clock.ts'
import { batch, control, double, numbers, predictor, rig } from './rig.ts'

test('metrics: what became of the records, why, and how long it took', async () => {
  const { source, sink, ended, clock, numbers: told } = rig({ skips: new Map([['p', new Set([1])]]),
    control: control(predictor(async x => { await clock.sleep(20); return double(x) })) })
  sink.writing = () => clock.sleep(30)
  sink.refuses = text => text === '14'
  source.give(batch('p', 0, ['0', '1', 'bad', '-', null, '999', '6', '7']))
  await clock.advance(60)
  assert.deepEqual(told.counts, {})    // written, and not yet committed
  source.give('end')
  await clock.run(ended)
  assert.deepEqual(told.counts, {
    'sluice_records_total{outcome=scored}': 2, 'sluice_records_total{outcome=rejected}': 3, 'sluice_records_total{outcome=filtered}': 1,
    'sluice_records_total{outcome=skipped}': 1, 'sluice_records_total{outcome=tombstone}': 1,
    'sluice_rejected_total{stage=features,code=TEST_BAD}': 1, 'sluice_rejected_total{stage=result,code=TEST_BAD}': 1, 'sluice_rejected_total{stage=sink,code=TEST_BAD}': 1,
  })
  assert.deepEqual(told.observed['sluice_latency_seconds'], { sum: 8 * 0.05, times: 8, most: 0.05 })
  assert.deepEqual(told.observed['sluice_predict_seconds'], { sum: 0.02, times: 1, most: 0.02 })
  assert.equal(told.observed['sluice_commit_seconds']!.times, 1)
  assert.equal(told.gauges['sluice_inflight_bytes'], 0)
})

test('metrics: under exactly once each record is counted once, however often it was read', async () => {
  const clock = new FakeClock(), out: MemoryEntry[] = []
  let steps = 0
  const weather: Weather = { delayMs: () => 5, fails: step => step === 'write' && ++steps % 7 === 0 ? 'after' : undefined }
  const source = memorySource({ records: numbers(0, 900).map(value => ({ value })), batchRows: 10 }, clock)
  const sink = new MemorySink('results', out, { clock, weather }, { transactional: true, recordBytesMax: 100 })
  const { ended, numbers: told } = rig({ clock, source: source as never, sink: sink as never, reject: undefined, options: { bytesMax: 262_144, commitEveryMs: 10 } })
  const { aborts, scored } = await clock.run(ended)
  assert.ok(aborts > 10, `${aborts} aborts`)
  assert.deepEqual([scored, out.length, told.counts['sluice_records_total{outcome=scored}']], [900, 900, 900])
  assert.ok(told.counts['sluice_paused_seconds_total{reason=retry}']! > 1)
  assert.equal(told.gauges['sluice_paused{reason=retry}'], 0)
})

test('metrics: age of the last commit and lag of the source, while nothing happens too', async () => {
  const clock = new FakeClock()
  const source = memorySource({ records: numbers(0, 100).map(value => ({ value })), batchRows: 10 }, clock)
  const { ended, numbers: told, sink } = rig({ clock, source: source as never, options: { bytesMax: 262_144 } })                    // one batch at a time
  sink.writing = () => clock.sleep(clock.nowMs() < 1000 ? 400 : 60_000)
  await clock.advance(30_000)
  assert.deepEqual([told.gauges['sluice_source_lag_records{partition=memory}'], told.gauges['sluice_commit_age_seconds']], [60, 28.8])
  await clock.run(ended)
  assert.deepEqual([told.gauges['sluice_source_lag_records{partition=memory}'], told.gauges['sluice_commit_age_seconds']], [0, 0])
})

test('metrics: what was given back has no lag any more', async () => {
  const { source, clock, stop, ended, numbers: told } = rig()
  let owned = ['p', 'q']
  source.lag = () => owned.map(partition => ({ partition, records: 7, seconds: 3 }))
  await clock.advance(2000)
  assert.deepEqual([told.gauges['sluice_source_lag_records{partition=q}'], told.gauges['sluice_source_lag_seconds{partition=q}']], [7, 3])
  owned = ['p']
  await clock.advance(2000)
  assert.deepEqual(Object.keys(told.gauges).filter(name => name.startsWith('sluice_source_lag')), ['sluice_source_lag_records{partition=p}', 'sluice_source_lag_seconds{partition=p}'])
  stop.abort()
  await clock.run(ended)
})
