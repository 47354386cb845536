import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { FAMILIES } from './families.ts'
import { quantile } from './histogram.ts'
import { CELLS_MAX, createMetrics } from './metrics.ts'
import { cellsOf, histogramOf, mergeSnapshots, totalOf, type Snapshot } from './snapshot.ts'

test('labels-in-another-order are the same cell', () => {
  const metrics = createMetrics()
  metrics.count('a_total', 1, { x: '1', y: '2' })
  metrics.count('a_total', 1, { y: '2', x: '1' })
  assert.equal(cellsOf(metrics.snapshot(), 'a_total').length, 1)
  metrics.count('a_total', 1, { x: '1","y":"2' })
  assert.equal(cellsOf(metrics.snapshot(), 'a_total').length, 2)
})

test('labels-without-end: a metric labelled by key stops growing and says so', () => {
  const metrics = createMetrics()
  for (let i = 0; i < CELLS_MAX + 5; i++) metrics.count('per_key_total', 1, { key: String(i) })
  metrics.count('per_key_total', 1, { key: '0' })
  assert.equal(cellsOf(metrics.snapshot(), 'per_key_total').length, CELLS_MAX)
  assert.equal(totalOf(metrics.snapshot(), 'sluice_series_dropped_total', { metric: 'per_key_total' }), 5)
})

test('versions-without-end: an info that is no more leaves the page, so that a thousand versions later the newest is still on it', () => {
  const metrics = createMetrics()
  for (let version = 1; version <= CELLS_MAX + 2; version++) {
    metrics.gauge('sluice_model_info', undefined, { version: String(version - 1) })
    metrics.gauge('sluice_model_info', 1, { version: String(version) })
  }
  assert.deepEqual(cellsOf(metrics.snapshot(), 'sluice_model_info'), [{ labels: { version: String(CELLS_MAX + 2) }, value: 1 }])
})

test('wrong-use: what would make a scraper refuse the page is a TypeError where it is written', () => {
  const metrics = createMetrics()
  assert.throws(() => metrics.count('with space', 1), TypeError)
  assert.throws(() => metrics.count('a_total', 1, { 'in-valid': 'x' }), TypeError)
  assert.throws(() => metrics.observe('a_seconds', 1, 1, { le: '1' }), TypeError)
  assert.throws(() => metrics.count('a_total', -1), TypeError)
  assert.throws(() => metrics.count('a_total', NaN), TypeError)
  assert.throws(() => metrics.gauge('sluice_records_total', 1), TypeError)
  metrics.count('b_total', 1)
  assert.throws(() => metrics.gauge('b_total', 1), TypeError)
  assert.throws(() => createMetrics({ '0': 'x' }), TypeError)
})

const sent = (snapshot: Snapshot): Snapshot => {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(snapshot)
  const received = receiveMessageOnPort(port2)?.message as Snapshot
  port1.close()
  return received
}

test('executors: snapshots through a port are summed, and a newer one replaces its elder', () => {
  const main = createMetrics({ pipeline: 'eta' })
  const other = createMetrics({ pipeline: 'eta' })
  main.count('sluice_records_total', 1, { outcome: 'scored' })
  main.gauge('sluice_inflight_bytes', 10)
  main.gauge('sluice_commit_age_seconds', 3)
  main.observe('sluice_latency_seconds', 0.01, 1)
  other.count('sluice_records_total', 5, { outcome: 'scored' })
  main.merge('1', sent(other.snapshot()))
  other.count('sluice_records_total', 5, { outcome: 'scored' })
  other.gauge('sluice_inflight_bytes', 7)
  other.gauge('sluice_commit_age_seconds', 8)
  other.observe('sluice_latency_seconds', 0.02, 3)
  main.merge('1', sent(other.snapshot()))
  const all = main.snapshot()
  assert.equal(totalOf(all, 'sluice_records_total'), 11)
  assert.equal(totalOf(all, 'sluice_inflight_bytes'), 17)
  assert.equal(totalOf(all, 'sluice_commit_age_seconds'), 8)
  const latency = histogramOf(all, 'sluice_latency_seconds')
  assert.equal(latency.count, 4)
  assert.equal(latency.max, 0.02)
  assert.ok(Math.abs(quantile(latency, 0.99) - 0.02) < 0.001)
  assert.equal(main.snapshot()[0]!.cells[0]!.value, all[0]!.cells[0]!.value)      // merging twice does not add twice
})

test('snapshot-is-a-copy: later recordings and merges do not change it', () => {
  const metrics = createMetrics()
  metrics.observe('sluice_latency_seconds', 1, 1)
  const before = metrics.snapshot()
  const merged = mergeSnapshots([before, before])
  metrics.observe('sluice_latency_seconds', 1, 1)
  assert.equal(histogramOf(before, 'sluice_latency_seconds').count, 1)
  assert.equal(histogramOf(merged, 'sluice_latency_seconds').count, 2)
})

test('metric-without-help: every sluice_ name that the source records is in the table, as what it is used', () => {
  const src = new URL('../', import.meta.url)
  const used = new Map<string, string>()
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
    const text = readFileSync(new URL(file, src), 'utf8')
    for (const [, method, name] of text.matchAll(/\.(count|gauge|observe)\(\s*'(sluice_\w+)'/g)) used.set(`${name!} ${KINDS[method!]!}`, file)
  }
  for (const [use, file] of used) {
    const [name, kind] = use.split(' ') as [string, string]
    assert.equal(FAMILIES[name]?.kind, kind, `${name} of src/${file} is not in FAMILIES`)
  }
})
const KINDS: { readonly [method: string]: string } = { count: 'counter', gauge: 'gauge', observe: 'histogram' }
