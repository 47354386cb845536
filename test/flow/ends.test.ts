// How a run ends: stopped, fatal, at a record, at too many rejects, at a limit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySink, MemorySink } from '../../src/connect/memory/sink.ts'
import { memorySource } from '../../src/connect/memory/source.ts'
import type { MemoryEntry } from '../../src/connect/memory/options.ts'
import { SluiceError } from '../../src/core/index.ts'
import type { Predicted } from '../../src/core/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'
import { away, bad, batch, control, double, HandSink, HandSource, numbers, predictor, retry, rig } from './rig.ts'

const texts = (entries: readonly MemoryEntry[]) => entries.map(({ value }) => value === null ? null : new TextDecoder().decode(value))
const records = (from: number, count: number) => numbers(from, count).map(value => ({ value }))

// -- stop --
test('stop: what is in flight is finished and committed; nothing more is read', async () => {
  const slow = Promise.withResolvers<void>()
  const { source, sink, stop, ended, clock } = rig({ control: control(predictor(async x => { await slow.promise; return double(x) })), options: { bytesMax: 1100 } })
  source.give(batch('p', 0, numbers(0, 3)), batch('p', 3, numbers(3, 3)))
  await clock.advance(1000)
  stop.abort()
  await clock.advance(1000)
  assert.deepEqual(sink.texts, [])
  slow.resolve()
  assert.deepEqual(await clock.run(ended).then(({ records, drained }) => [records, drained]), [6, true])
  assert.deepEqual([sink.texts.length, source.commits, source.closed], [6, ['p@6'], false])
})

test('stop: a run that is stopped before it began reads nothing', async () => {
  const { source, stop, ended, clock } = rig()
  stop.abort()
  source.give(batch('p', 0, numbers(0, 3)))
  assert.deepEqual(await clock.run(ended).then(({ records, drained }) => [records, drained]), [0, true])
})

test('stop: a sink that never answers is not waited for longer than the drain may take', async () => {
  const { source, sink, stop, ended, clock } = rig({ options: { drainMs: 5000 } })
  sink.writing = () => new Promise(() => {})
  source.give(batch('p', 0, numbers(0, 3)))
  await clock.advance(60_000)
  stop.abort()
  assert.deepEqual(await clock.run(ended, 10_000).then(({ records, drained }) => [records, drained]), [0, false])
  assert.deepEqual(source.commits, [])
})

test('end of the source: a slow sink is given all the time it needs', async () => {
  const { source, sink, ended, clock } = rig({ options: { drainMs: 5000 } })
  sink.writing = () => clock.sleep(600_000)
  source.give(batch('p', 0, numbers(0, 3)), 'end')
  assert.deepEqual(await clock.run(ended).then(({ records, aborts, drained }) => [records, aborts, drained]), [3, 0, true])
})

test('read again: from the committed position, never two reads at a time, the old one left', async () => {
  const source = new HandSource()
  const { sink, ended, clock } = rig({ source })
  source.begin = () => { if (source.reads === 2) source.give(batch('p', 2, numbers(2, 2)), 'end') }
  source.give(batch('p', 0, numbers(0, 2)))
  await clock.advance(200)
  source.give(batch('p', 2, numbers(2, 2)), retry('the connection broke'))
  assert.deepEqual(await clock.run(ended).then(({ records, aborts }) => [records, aborts]), [4, 1])
  assert.deepEqual([source.reads, source.reading, source.commits, sink.texts], [2, 0, ['p@2', 'p@4'], ['0', '2', '4', '6', '4', '6']])
})

// -- fatal --
test('fatal: the partition ends before the batch that failed, all others drain and commit', async () => {
  const source = new HandSource()
  source.positions = [{ partition: 'p', offset: 0n }, { partition: 'q', offset: 0n }]
  const forbidden = new SluiceError('TEST_FORBIDDEN', 'the key was withdrawn', { severity: 'fatal' })
  const slow = Promise.withResolvers<void>()
  const { sink, ended, clock } = rig({ source, control: control(predictor(async x => {
    const [first] = x.tensors.get('x')!.data as Float64Array
    if (first === 3) throw forbidden
    await slow.promise
    return double(x)
  })) })
  const given = [batch('p', 0, numbers(0, 3)), batch('q', 0, ['90']), batch('p', 3, numbers(3, 3)), batch('p', 6, numbers(6, 3))]
  source.give(...given)
  await clock.advance(1000)
  slow.resolve()
  await assert.rejects(clock.run(ended), forbidden)
  assert.deepEqual([sink.texts, source.commits], [['0', '2', '4', '180'], ['p@3', 'q@1']])
  assert.deepEqual(given.map(({ releases }) => releases), [1, 1, 1, 1])
})

for (const [where, parts] of Object.entries({
  'the features': { features: { for: () => ({ extract: () => { throw new TypeError('a mistake') } }) } },
  'a predictor': { control: control(predictor(() => { throw new TypeError('a mistake') })) },
  'the result': { result: { check() {}, write: () => { throw new TypeError('a mistake') } } },
  'the result, about a record,': { result: { check() {}, write: () => { throw bad('a mistake') } } },
})) {
  test(`fatal: ${where} throwing what it may not throw ends the run`, async () => {
    const { source, ended, clock } = rig(parts)
    const given = batch('p', 0, numbers(0, 3))
    source.give(given)
    await assert.rejects(clock.run(ended), { code: 'SLUICE_PIPELINE_FAILED', message: /a mistake/ })
    assert.deepEqual([given.releases, source.commits], [1, []])
  })
}
test('fatal: a sink or a source throwing what it may not throw ends the run', async () => {
  const first = rig()
  first.sink.writing = () => { throw bad('thrown, not returned') }
  first.source.give(batch('p', 0, numbers(0, 3)))
  await assert.rejects(first.clock.run(first.ended), { code: 'SLUICE_WRITE_FAILED' })
  const second = rig()
  second.source.give(new TypeError('a mistake'))
  await assert.rejects(second.clock.run(second.ended), { code: 'SLUICE_SOURCE_FAILED' })
  const third = rig()
  third.source.committing = async () => { throw new TypeError('a mistake') }
  third.source.give(batch('p', 0, numbers(0, 3)))
  await assert.rejects(third.clock.run(third.ended), { code: 'SLUICE_COMMIT_FAILED' })
})
test('fatal: a record that even the reject sink refuses', async () => {
  const { source, reject, ended, clock } = rig()
  reject.refuses = () => true
  source.give(batch('p', 0, ['0', 'bad']))
  await assert.rejects(clock.run(ended), { code: 'SLUICE_REJECT_REFUSED', at: 'p@1' })
  assert.deepEqual(source.commits, [])
})
test('fatal: a sink that is stuck does not keep a fatal error back for ever', async () => {
  const { source, sink, ended, clock } = rig({ options: { drainMs: 5000 }, control: control(predictor(x => { if (x.rows === 1) throw new TypeError('a mistake'); return double(x) })) })
  sink.writing = () => new Promise(() => {})
  source.give(batch('p', 0, ['0', '1']), batch('p', 2, ['2']))
  await assert.rejects(clock.run(ended, 20_000), { code: 'SLUICE_PIPELINE_FAILED' })
})

// -- no reject sink --
const stops = [
  { by: 'the features', texts: ['0', '1', 'bad', '3'], stage: 'features' },
  { by: 'the predictor', texts: ['0', '1', '99', '3'], stage: 'predict' },
  { by: 'the result', texts: ['0', '1', '999', '3'], stage: 'result' },
  { by: 'the source', texts: ['0', '1', '2', '3'], stage: 'source', rejected: [{ row: 2, stage: 'source' as const, error: bad('too large to hold') }] },
]
for (const { by, texts: values, stage, ...more } of stops) {
  test(`no-reject-sink: a record rejected by ${by} ends the run exactly there`, async () => {
    const source = new HandSource()
    source.positions = [{ partition: 'p', offset: 10n }, { partition: 'q', offset: 0n }]
    const picky = predictor(x => {
      const row = (x.tensors.get('x')!.data as Float64Array).indexOf(99)
      return double(x, row < 0 ? [] : [{ row, stage: 'predict', error: bad('99 bottles') }])
    })
    const { sink, ended, clock } = rig({ source, reject: undefined, control: control(picky) })
    const given = [batch('q', 0, ['50']), batch('p', 10, values, more), batch('p', 14, numbers(14, 2))]
    source.give(...given)
    await assert.rejects(clock.run(ended), (error: SluiceError) => {
      assert.deepEqual([error.code, error.at, error.fix.endsWith('--skip p@12'), (error.cause as SluiceError).code], ['SLUICE_RECORD_REJECTED', 'p@12', true, 'TEST_BAD'])
      assert.match(error.message, new RegExp(`\\(${stage}\\)`))
      return true
    })
    assert.deepEqual([sink.texts, source.commits], [['100', '0', '2'], ['p@12', 'q@1']])
    assert.deepEqual(given.slice(0, 2).map(({ releases }) => releases), [1, 1])
    assert.ok(given[2]!.releases <= 1)

    const again = rig({ source, reject: undefined, control: control(picky), skips: new Map([['p', new Set([12])]]) })                // as its fix says
    source.give(batch('p', 12, values.slice(2)), 'end')
    assert.deepEqual(await again.clock.run(again.ended).then(({ scored, skipped }) => [scored, skipped]), [1, 1])
    assert.deepEqual(again.sink.texts, ['6'])
  })
}

test('no-reject-sink: tombstones behind the record are not written', async () => {
  const { source, sink, ended, clock } = rig({ reject: undefined })
  source.give(batch('p', 0, [null, '1', 'bad', null, '4']))
  await assert.rejects(clock.run(ended), { at: 'p@2' })
  assert.deepEqual([sink.texts, source.commits], [[null, '2'], ['p@2']])
})

test('no-reject-sink: the first record of a batch', async () => {
  const { source, sink, ended, clock } = rig({ reject: undefined })
  source.give(batch('p', 0, ['0']), batch('p', 1, ['bad']))
  await assert.rejects(clock.run(ended), { at: 'p@1' })
  assert.deepEqual([sink.texts, source.commits], [['0'], ['p@1']])
})

test('no-reject-sink: batches behind the record that are on their way are given up', async () => {
  const answers: (() => void)[] = []
  const { source, sink, ended, settle, clock } = rig({ reject: undefined,
    control: control(predictor(async x => { const rows = double(x); await new Promise<void>(resolve => answers.push(resolve)); return rows })) })
  const given = [batch('p', 0, ['0', 'bad']), batch('p', 2, ['2']), batch('p', 3, ['3'])]
  source.give(...given)
  await settle()
  answers[2]!()                        // one is ready, the other not
  await settle()
  answers[0]!()
  await settle()
  source.give(batch('p', 4, ['4']))
  answers[1]!()
  await assert.rejects(clock.run(ended), { at: 'p@1' })
  assert.deepEqual([sink.texts, source.commits, given.map(({ releases }) => releases)], [['0'], ['p@1'], [1, 1, 1]])
})

test('no-reject-sink: a call that fails for a record it does not name is halved until the record is found', async () => {
  const { source, sink, ended, clock } = rig({ reject: undefined, control: control(predictor(x => {
    if ((x.tensors.get('x')!.data as Float64Array).includes(5)) throw bad('one of them')
    return double(x)
  })) })
  source.give(batch('p', 0, numbers(0, 8)))
  await assert.rejects(clock.run(ended), { at: 'p@5' })
  assert.deepEqual([sink.texts, source.commits], [['0', '2', '4', '6', '8'], ['p@5']])
})

for (const once of [true, false]) {
  test(`no-reject-sink: a record refused by the sink ends the run exactly there, ${once ? 'exactly' : 'at least'} once`, async () => {
    const clock = new FakeClock(), out: MemoryEntry[] = []
    const source = memorySource({ records: [...records(0, 7), { value: '4000' }, ...records(8, 5), { value: '999' }, ...records(14, 9)], batchRows: 4 }, clock)
    const sink = new MemorySink('results', out, { clock }, { transactional: once, recordBytesMax: 3 })   // 999 is found first
    const { ended } = rig({ source: source as never, sink: sink as never, clock, reject: undefined, options: { bytesMax: 1e6 } })
    await assert.rejects(clock.run(ended), { code: 'SLUICE_RECORD_REJECTED', at: 'memory@7' })
    assert.equal(source.log.committed.get('memory'), 7n)
    if (once) assert.deepEqual(texts(out), ['0', '2', '4', '6', '8', '10', '12'])
    else assert.deepEqual(texts(out).slice(-7), ['0', '2', '4', '6', '8', '10', '12'])
  })
}

// -- stopAbove --
test('stop-above: ends at the record that is one too many; what is before it is delivered and committed', async () => {
  const { source, sink, reject, ended, clock } = rig({ options: { stopAbove: { share: 0.2, records: 10 } } })
  const given = [batch('p', 0, ['0', 'bad', '2', '3']), batch('p', 4, ['4', 'bad', '6', 'bad', '8', 'bad']), batch('p', 10, numbers(10, 2))]
  source.give(...given)
  await assert.rejects(clock.run(ended), { code: 'SLUICE_REJECTS_ABOVE', at: 'p@7', message: /^3 of 8 records were rejected, 3 of them with TEST_BAD; 2 of 10 are allowed$/ })
  assert.deepEqual([sink.texts, reject.texts.length, source.commits], [['0', '4', '6', '8', '12'], 2, ['p@7']])
  assert.ok(given.every(({ releases }) => releases <= 1))
})
test('stop-above: the next records start from nought; records passed by are not counted', async () => {
  const { source, reject, ended, clock } = rig({ options: { stopAbove: { share: 0.2, records: 10 } } })
  source.give(batch('p', 0, ['bad', 'bad', ...numbers(2, 8)]), batch('p', 10, ['bad', 'bad', ...numbers(12, 3), '-', '-', '-', '-', '-', null]), batch('p', 21, [...numbers(21, 4), 'bad']))
  await assert.rejects(clock.run(ended), { code: 'SLUICE_REJECTS_ABOVE', at: 'p@25' })
  assert.equal(reject.texts.length, 4)
})
test('stop-above: names the most frequent cause, and counts what the sink refuses', async () => {
  const { source, sink, reject, ended, clock } = rig({ options: { stopAbove: { share: 0.5, records: 4 } } })
  sink.refuses = text => text === '8'
  source.give(batch('p', 0, ['bad', '4', '4']))
  await assert.rejects(clock.run(ended), { code: 'SLUICE_REJECTS_ABOVE', message: /^3 of 3/ })
  assert.deepEqual([reject.texts.length, source.commits], [3, ['p@3']])    // they had been handed over
})

// -- limit --
test('limit: exactly as many records are read, drained and committed; the rest is read next time', async () => {
  const clock = new FakeClock(), out: MemoryEntry[] = []
  const source = memorySource({ records: records(0, 50).map((record, i) => ({ ...record, offset: 10 * i })), batchRows: 8 }, clock)
  const parts = { source: source as never, sink: memorySink({ records: out }, clock) as never, reject: memorySink({ records: [] }, clock) as never, clock }
  const first = rig({ ...parts, options: { bytesMax: 1e6, recordsMax: 20 } })
  assert.deepEqual(await clock.run(first.ended).then(({ records, guarantee }) => [records, guarantee]), [20, 'exactly-once'])
  assert.deepEqual([out.length, source.log.committed.get('memory')], [20, 200n])
  const second = rig({ ...parts, options: { bytesMax: 1e6, recordsMax: 24 } })
  assert.equal((await clock.run(second.ended)).records, 24)                // whole batches
  const third = rig({ ...parts, options: { bytesMax: 1e6 } })
  assert.equal((await clock.run(third.ended)).records, 6)
  assert.deepEqual(texts(out), numbers(0, 50).map(text => String(2 * Number(text))))
})
test('limit: what is read again is not counted twice', async () => {
  const source = new HandSource()
  const { sink, ended, clock } = rig({ source, options: { recordsMax: 5 } })
  source.begin = () => { if (source.reads === 2) source.give(batch('p', 2, numbers(2, 6)), 'end') }
  source.give(batch('p', 0, numbers(0, 2)))
  await clock.advance(200)
  source.give(batch('p', 2, numbers(2, 2)), retry())
  assert.equal((await clock.run(ended)).records, 5)
  assert.deepEqual([source.commits.at(-1), sink.texts.slice(-3)], ['p@5', ['4', '6', '8']])
})

test('limit: reached while a joined source is quiet', async () => {
  const { source, sink, ended, clock } = rig({ options: { recordsMax: 2, batch: { rows: 10, waitMs: 100 } } })
  const rest = batch('q', 0, ['7'])
  source.positions = [{ partition: 'p', offset: 0n }, { partition: 'q', offset: 0n }]
  source.give(batch('p', 0, ['1']), batch('p', 1, ['2']), rest)
  assert.equal((await clock.run(ended, 1000)).records, 2)
  assert.deepEqual([sink.texts, source.reading, rest.releases], [['2', '4'], 0, 1])
})

// -- what is passed by --
test('passed-by: filtered, skipped and tombstones are counted, and only tombstones written', async () => {
  const { source, sink, reject, ended, clock } = rig({ skips: new Map([['p', new Set([1, 2])], ['q', new Set([0])]]) })
  source.give(batch('p', 0, ['0', '1', 'bad', '-', null, 'bad', '6'], { rejected: [{ row: 1, stage: 'source', error: bad() }] }), 'end')
  assert.deepEqual(await clock.run(ended), { guarantee: 'at-least-once', records: 7, scored: 2, rejected: 1, filtered: 1, skipped: 2, tombstones: 1, aborts: 0, drained: true })
  assert.deepEqual([sink.texts, reject.texts], [['0', null, '12'], ['5 features TEST_BAD: bad']])
})
test('tombstone-without-a-key: no route, and yet no reject', async () => {
  const { source, sink, reject, ended, clock } = rig({ control: control(predictor(), predictor()) })
  source.give(batch('p', 0, [null, '1']), batch('p', 2, ['2', null], { key: '1' }), 'end')
  assert.deepEqual(await clock.run(ended).then(({ scored, rejected, tombstones }) => [scored, rejected, tombstones]), [1, 1, 2])
  assert.deepEqual([sink.texts, reject.texts], [[null, '4', null], ['1 route SLUICE_NO_MODEL: 1']])
})

// -- before the first record --
test('guarantee: exactly once that cannot be had is refused before the first record', async () => {
  const { source, ended, clock } = rig({ guarantee: 'exactly-once' })
  source.give(batch('p', 0, numbers(0, 3)))
  await assert.rejects(clock.run(ended), { code: 'SLUICE_GUARANTEE_UNAVAILABLE', message: /source 'hand'.*sink 'results' and sink 'rejects'/ })
  assert.equal(source.reads, 0)
})
test('guarantee: at least once is not given more', async () => {
  const clock = new FakeClock(), out: MemoryEntry[] = []
  const { ended } = rig({ clock, source: memorySource({ records: records(0, 3) }, clock) as never, sink: memorySink({ records: out }, clock) as never, reject: undefined,
    guarantee: 'at-least-once', options: { bytesMax: 1e6 } })
  assert.equal((await clock.run(ended)).guarantee, 'at-least-once')
  assert.equal(out.length, 3)
})
test('bytes-max: less than one batch is refused, instead of waiting for ever', async () => {
  await assert.rejects(rig({ options: { bytesMax: 999 } }).ended, { code: 'SLUICE_CONFIG_INVALID' })
  await assert.rejects(rig({ options: { bytesMax: 2999, batch: { rows: 10, waitMs: 10 } } }).ended, { code: 'SLUICE_CONFIG_INVALID', fix: /3000/ })
})

// -- away --
const minutes = (n: number) => n * 60_000
test('sink-away-for-an-hour: it is tried again until it answers', async () => {
  const { source, sink, ended, clock, lines } = rig()
  let reads = 0
  source.begin = () => { reads++; source.give(batch('p', 0, numbers(0, 3)), 'end') }
  sink.writing = () => { if (clock.nowMs() < minutes(60)) throw away() }
  const { records, aborts } = await clock.run(ended, minutes(61))
  assert.deepEqual([records, aborts, sink.texts], [3, reads - 1, ['0', '2', '4']])
  assert.ok(reads > 1000 && reads < 1200, `${reads} attempts`)             // every 3.2 s
  assert.match(lines[0]!, /^info: at least once: source '.+' and sink '.+' commit nothing together$/)
  assert.equal(lines[6], 'warn: gone fishing; trying again in 3200 ms')
})
test('source-away-for-an-hour, the first time it is asked and in between', async () => {
  const source = new HandSource()
  const gone = new SluiceError('SLUICE_SOURCE_AWAY', 'gone')
  const { ended, clock, sink } = rig({ source })
  source.begin = () => { source.give(clock.nowMs() < minutes(60) ? gone : batch('p', 0, ['1'])); if (clock.nowMs() > minutes(60)) source.give('end') }
  await clock.run(ended, minutes(61))
  assert.deepEqual(sink.texts, ['2'])
})
test('sink-away-at-the-start: also when it is asked for the guarantee, and a stop ends the asking', async () => {
  const sink = new HandSink()
  let asked = 0
  sink.delivery = async () => { asked++; throw away() }
  const { ended, clock, stop } = rig({ sink })
  await clock.advance(minutes(10))
  assert.ok(asked > 150)
  stop.abort()
  assert.deepEqual(await clock.run(ended, 1000).then(({ records, drained }) => [records, drained]), [0, false])
})
test('no-progress: other failures in a row without a commit end it, after five minutes', async () => {
  const { source, sink, ended, clock } = rig()
  source.begin = () => { source.give(batch('p', 0, numbers(0, 3))) }
  sink.writing = () => { throw retry('out of luck') }
  await assert.rejects(clock.run(ended), { code: 'SLUICE_NO_PROGRESS', message: /101 attempts.*out of luck/ })
  assert.ok(clock.nowMs() > minutes(5) && clock.nowMs() < minutes(6), `${clock.nowMs()} ms`)
})
test('no-progress: a commit in between starts the count anew', async () => {
  const source = new HandSource()
  const { sink, ended, clock } = rig({ source, options: { abortsMax: 2 } })
  let at = 0
  source.begin = () => {
    if (source.reads > 30) return source.give('end')
    source.give(batch('p', at, [String(at)]))                              // one that is committed, then two failures, and so on
    if (source.reads % 3 !== 1) source.give(retry())
    else void clock.sleep(150).then(() => { at++; source.give(retry()) })
  }
  assert.equal((await clock.run(ended)).records, 10)
  assert.equal(source.reads, 31)
  assert.ok(sink.texts.length >= 10)
})
test('predictor-busy: a call is tried again as often as allowed, then it is fatal', async () => {
  let calls = 0
  const { source, ended, clock } = rig({ control: control(predictor((): Predicted => { calls++; throw retry('busy') })) })
  source.give(batch('p', 0, numbers(0, 3)))
  await assert.rejects(clock.run(ended), { code: 'SLUICE_RETRIES_SPENT', message: /busy/ })
  assert.equal(calls, 101)
  assert.ok(clock.nowMs() > minutes(5))
})
