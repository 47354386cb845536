import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../core/index.ts'
import { showLive, momentOf, progressOf, progressText } from './live.ts'
import { createMetrics } from './metrics.ts'
import { duration, percent, sparkline, whole } from './numbers.ts'
import { createScreen } from './screen.ts'

/** What a terminal of one row shows: the lines that went by, and the one the cursor is in. */
function terminal(columns = 80) {
  let shown = ''
  const stream = { isTTY: true, columns, write: (text: string) => { shown += text; return true } }
  const lines = (): readonly string[] => shown.split('\n').map((line) => line.split('\r').reduce((before, part) => (part.startsWith('\u001b[K') ? part.slice(3) : part + before.slice(part.length))))
  return { stream, lines, raw: () => shown }
}

test('log-in-between: a log line takes the place of the live line, which comes back below it', () => {
  const { stream, lines } = terminal()
  const screen = createScreen(stream)
  screen.live('10 records and more')
  screen.write('a log line\n')
  screen.live('20 records')
  screen.write('another\n')
  screen.live(undefined)
  assert.deepEqual(lines(), ['a log line', 'another', ''])
  screen.live('30 records')
  assert.deepEqual(lines(), ['a log line', 'another', '30 records'])
})

test('half-line: the live line does not run into a text that has no end yet', () => {
  const { stream, lines } = terminal()
  const screen = createScreen(stream)
  screen.live('10 records')
  screen.write('half')
  screen.live('20 records')
  screen.write(' whole\n')
  assert.deepEqual(lines(), ['half whole', '20 records'])
})

test('narrow-terminal: the live line never wraps, or it could not be cleared', () => {
  const { stream, lines } = terminal(10)
  createScreen(stream).live('1234567890123')
  assert.equal(lines()[0], '123456789')
})

test('no-terminal: no live line, no control characters', () => {
  const { stream, raw } = terminal()
  const screen = createScreen({ ...stream, isTTY: false })
  screen.live('10 records')
  screen.write('a line\n')
  assert.equal(raw(), 'a line\n')
})

/** A pipeline that scores 1000 records a second, and a clock that moves when it is waited for. */
function running(seconds: number) {
  const metrics = createMetrics()
  const stop = new AbortController()
  let nowMs = 5000
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms
      metrics.count('sluice_records_total', ms, { outcome: 'scored' })
      metrics.observe('sluice_latency_seconds', nowMs - 5000 > 10_000 ? 0.1 : 0.002, ms)
      if (nowMs - 5000 > seconds * 1000) stop.abort()
    },
  }
  return { clock, metrics, signal: stop.signal, snapshot: () => metrics.snapshot() }
}

test('terminal: redrawn four times a second, cleared at the end', async () => {
  const { stream, lines, raw } = terminal(120)
  await showLive({ screen: createScreen(stream), name: 'eta', ...running(2) })
  assert.equal(raw().split('records').length - 1, 8)
  assert.match(raw(), /eta {2}2,000 records {2}1,000\/s ████████ {2}0 rejected {2}p50 2 ms {2}p99 2 ms {2}2 s/)
  assert.deepEqual(lines(), [''])
})

test('rates-of-now: rate and latencies are those of the last seconds, not of the whole run', async () => {
  const { stream, raw } = terminal()
  await showLive({ screen: createScreen({ ...stream, isTTY: false }), name: 'eta', ...running(15) })
  assert.equal(raw(), 'eta  5,000 records  1,000/s  0 rejected  p50 2 ms  p99 2 ms  5 s\n'
    + 'eta  10,000 records  1,000/s  0 rejected  p50 2 ms  p99 2 ms  10 s\neta  15,000 records  1,000/s  0 rejected  p50 96.8 ms  p99 96.8 ms  15 s\n')
})

test('json-logs: progress is a log line like the others', async () => {
  const { stream, raw } = terminal()
  const written: unknown[] = []
  const log = { write: (...line: readonly unknown[]) => { written.push(line) } }
  await showLive({ screen: createScreen({ ...stream, isTTY: false }), log, name: 'eta', ...running(5) })
  assert.equal(raw(), '')
  assert.deepEqual(written, [['info', 'progress', { seconds: 5, records: 5000, recordsPerSecond: 1000, rejected: 0, p50: 0.002, p99: 0.002 }]])
})

test('nothing-yet: a pipeline that has read nothing shows no NaN', () => {
  const metrics = createMetrics()
  const moment = momentOf(0, metrics.snapshot())
  assert.equal(progressText(progressOf(metrics.snapshot(), moment, moment, 0)), '0 records  0/s  0 rejected  p50 -  p99 -  0 us')
  metrics.gauge('sluice_source_lag_records', 1234)
  assert.match(progressText(progressOf(metrics.snapshot(), moment, moment, 0)), /1,234 waiting/)
})

test('numbers: as people read them', () => {
  assert.deepEqual([0, 0.0000005, 0.00085, 0.0009996, 0.00125, 0.9996, 12.34, 59.99, 99.99, 125, 3599.6, 7260, NaN].map(duration),
    ['0 us', '0.5 us', '850 us', '1 ms', '1.25 ms', '1 s', '12.3 s', '60 s', '1 min 40 s', '2 min 05 s', '1 h 00 min', '2 h 01 min', '-'])
  assert.equal(whole(1_234_567.5), '1,234,568')
  assert.deepEqual([0.001234, 0.5, 1].map(percent), ['0.123 %', '50 %', '100 %'])
  assert.equal(sparkline([0, 1, 4, 7]), '▁▂▅█')
  assert.equal(sparkline([0, 0]), '▁▁')
})
