import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'
import { report } from './report.ts'

const base = { pipeline: 'late', seconds: 40, cpuSeconds: 52, guarantee: 'exactly once', ended: 'the source has ended', outputs: [] }

test('report: exactly this text', () => {
  const metrics = createMetrics()
  metrics.count('sluice_records_total', 999_000, { outcome: 'scored' })
  metrics.count('sluice_records_total', 900, { outcome: 'rejected' })
  metrics.count('sluice_records_total', 100, { outcome: 'filtered' })
  metrics.count('sluice_rejected_total', 100, { stage: 'features', code: 'SLUICE_JSON_BROKEN' })
  metrics.count('sluice_rejected_total', 800, { stage: 'features', code: 'SLUICE_FEATURE_MISSING' })
  metrics.observe('sluice_latency_seconds', 0.002, 900)
  metrics.observe('sluice_latency_seconds', 0.5, 100)
  assert.equal(report({
    ...base, snapshot: metrics.snapshot(),
    outputs: [{ name: 'output', place: 'out/late.ndjson' }, { name: 'rejects', place: 'out/rejects.ndjson' }],
    more: [{ name: 'quality', text: 'AUC 0.71' }],
    next: ['sluice rejects list out/rejects.ndjson', 'sluice inspect models/late.json'],
  }), `late: the source has ended
  records   1,000,000: 999,000 scored, 900 rejected, 100 filtered out
  time      40 s, 25,000 records/s
  CPU       52 s, 52 us a record
  latency   p50 2 ms, p99 500 ms, max 500 ms (read to written)
  delivery  exactly once
  rejected  800 (0.08 %) in features: SLUICE_FEATURE_MISSING
            100 (0.01 %) in features: SLUICE_JSON_BROKEN
  output    out/late.ndjson
  rejects   out/rejects.ndjson
  quality   AUC 0.71
  next      sluice rejects list out/rejects.ndjson
            sluice inspect models/late.json
`)
})

test('nothing-came: an empty stream gives a report without NaN', () => {
  const text = report({ ...base, seconds: 0, snapshot: createMetrics().snapshot() })
  assert.match(text, /records {3}0: 0 scored, 0 rejected\n {2}time {6}0 us, 0 records\/s\n {2}CPU {7}52 s\n {2}latency {3}nothing was written\n/)
  assert.doesNotMatch(text, /NaN|Infinity|undefined/)
})

test('many-causes: the list ends', () => {
  const metrics = createMetrics()
  for (let i = 0; i < 30; i++) metrics.count('sluice_rejected_total', i + 1, { stage: 'predict', code: `OWN_${i}` })
  const text = report({ ...base, snapshot: metrics.snapshot() })
  assert.match(text, /rejected {2}30 \(/)
  assert.match(text, /and 22 other causes/)
})
