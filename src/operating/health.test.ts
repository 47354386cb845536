import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../core/index.ts'
import { createHealth, newsOf } from './health.ts'
import { createMetrics } from './metrics.ts'

function setUp(executors = 1) {
  let nowMs = 1_000_000
  const clock: Clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() }
  const health = createHealth({ clock, executors, stuckAfterMs: 60_000 })
  /** An executor speaks once a second. */
  const pass = (seconds: number, news: Parameters<typeof health.report>[1] = {}, executor = 0): void => {
    for (let i = 0; i < seconds; i++) { nowMs += 1000; health.report(executor, news) }
  }
  return { health, pass, silence: (seconds: number) => { nowMs += seconds * 1000 } }
}

test('ready: not before the model is loaded and partitions are assigned, not while draining', () => {
  const { health } = setUp()
  assert.deepEqual(health.ready(), { ok: false, reasons: ['the model is not loaded', 'no partition is assigned'] })
  health.report(0, { modelLoaded: true })
  assert.deepEqual(health.ready().reasons, ['no partition is assigned'])
  health.report(0, { assigned: true })
  assert.deepEqual(health.ready(), { ok: true, reasons: [] })
  health.draining()
  assert.deepEqual(health.ready(), { ok: false, reasons: ['draining'] })
})

test('more-executors-than-partitions: one with partitions is enough, but all must have their model', () => {
  const { health } = setUp(2)
  health.report(0, { modelLoaded: true, assigned: true })
  assert.deepEqual(health.ready().reasons, ['the model is not loaded'])
  health.report(1, { modelLoaded: true })
  assert.equal(health.ready().ok, true)
})

test('stuck: records wait and nothing is committed for the whole time', () => {
  const { health, pass } = setUp()
  pass(1, { waiting: 7 })
  pass(59)
  assert.equal(health.live().ok, true)
  pass(1)
  assert.deepEqual(health.live(), { ok: false, reasons: ['executor 0 has records waiting and committed nothing for 60 s'] })
  pass(1, { commits: 1 })
  assert.equal(health.live().ok, true)
})

test('burst-after-idle: a quiet hour without commits is no fault, and the first record after it has all its time', () => {
  const { health, pass } = setUp()
  pass(3600, { waiting: 0 })
  assert.equal(health.live().ok, true)
  pass(1, { waiting: 100_000 })
  assert.equal(health.live().ok, true)
  pass(59)
  assert.equal(health.live().ok, true)
  pass(1)
  assert.equal(health.live().ok, false)
})

test('paused: neither while it lasts nor just after it', () => {
  const { health, pass } = setUp()
  pass(1, { waiting: 5, paused: 'the sink is away' })
  pass(600)
  assert.equal(health.live().ok, true)
  pass(1, { paused: undefined })
  pass(59)
  assert.equal(health.live().ok, true)
  pass(1)
  assert.equal(health.live().ok, false)
})

test('one-of-two-hangs: the commits of one executor do not hide the other', () => {
  const { health, pass } = setUp(2)
  health.report(0, { waiting: 1 })
  health.report(1, { waiting: 1 })
  for (let i = 0; i < 60; i++) { pass(1, { commits: i + 1 }, 0); health.report(1, {}) }
  assert.deepEqual(health.live().reasons, ['executor 1 has records waiting and committed nothing for 60 s'])
})

test('endless-loop-in-user-code: an executor that says nothing any more hangs, though it had nothing waiting', () => {
  const { health, pass, silence } = setUp()
  pass(1, { waiting: 0 })
  silence(59)
  assert.equal(health.live().ok, true)
  silence(1)
  assert.deepEqual(health.live().reasons, ['executor 0 has said nothing for 60 s'])
})

test('one-has-finished: an executor whose files are read is silent, and that is no fault', () => {
  const { health, pass } = setUp(2)
  health.report(0, { modelLoaded: true, assigned: true, waiting: 3 })
  health.report(1, { modelLoaded: true, assigned: true })
  health.report(0, { ended: true })
  health.report(0, { waiting: 1 })      // late news
  pass(120, {}, 1)
  assert.equal(health.live().ok, true)
  assert.equal(health.ready().ok, true)
})

test('news-from-metrics: what is in flight waits even when the source knows no lag; a predictor that never answers is no excuse', () => {
  const metrics = createMetrics()
  assert.deepEqual(newsOf(metrics.snapshot()), { waiting: 0, paused: undefined, commits: 0 })
  metrics.gauge('sluice_inflight_bytes', 500)
  metrics.gauge('sluice_paused', 1, { reason: 'predict' })
  metrics.observe('sluice_commit_seconds', 0.1, 1)
  assert.deepEqual(newsOf(metrics.snapshot()), { waiting: 1, paused: undefined, commits: 1 })
  metrics.gauge('sluice_paused', 0, { reason: 'predict' })
  metrics.gauge('sluice_paused', 1, { reason: 'sink' })
  metrics.gauge('sluice_source_lag_records', 9)
  assert.deepEqual(newsOf(metrics.snapshot()), { waiting: 9, paused: 'sink', commits: 1 })
})
