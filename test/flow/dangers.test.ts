// The dangers that random schedules do not meet, one by one. Each test fails when the guard it is named after is taken out of the loop.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { MemoryLog } from '../../src/connect/memory/log.ts'
import { MemorySource } from '../../src/connect/memory/source.ts'
import type { Delivery, Features, Predicted } from '../../src/core/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'
import { bad, batch, control, double, features, HandSink, HandSource, numbers, predictor, retry, rig } from './rig.ts'

test('late-batch-overlaps: rows of an earlier ownership are not written again, tombstones neither', async () => {
  const { source, sink, ended, settle, numbers: counted } = rig()
  await settle()
  source.owner!.assigned([{ partition: 'p', offset: 6n }])                 // somebody else has done 0 to 5 meanwhile
  source.give(batch('p', 4, ['4', null, '6', '7', null]), batch('p', 9, ['9']), 'end')
  await ended
  assert.deepEqual(sink.texts, ['12', '14', null, '18'])
  assert.deepEqual([source.reads, source.commits], [1, ['p@10']])
  assert.deepEqual(counted.counts, { 'sluice_records_total{outcome=scored}': 3, 'sluice_records_total{outcome=tombstone}': 1 })
})

test('late-batch-overlaps: what the source rejected of an earlier ownership is not rejected again', async () => {
  const { source, reject, ended, settle } = rig()
  await settle()
  source.owner!.assigned([{ partition: 'p', offset: 2n }])
  source.give(batch('p', 0, numbers(0, 4), { rejected: [{ row: 1, stage: 'source', error: bad() }, { row: 3, stage: 'source', error: bad() }] }), 'end')
  await ended
  assert.deepEqual(reject.texts, ['3 source TEST_BAD: 3'])
})

test('late-batch-is-old: a batch of which nothing is left moves nothing', async () => {
  const { source, sink, ended, settle } = rig()
  await settle()
  source.owner!.assigned([{ partition: 'p', offset: 6n }])
  const old = batch('p', 2, numbers(2, 2))
  source.give(old, batch('p', 6, numbers(6, 2)), 'end')
  await ended
  assert.deepEqual([sink.texts, source.commits, source.reads, old.releases], [['12', '14'], ['p@8'], 1, 1])
})

test('stale-generation: a commit is refused when the partition has changed hands on its way, even back to us', async () => {
  const clock = new FakeClock()
  const log = new MemoryLog()
  log.append('p', numbers(0, 9).map(value => ({ value })))
  const source = new MemorySource(log, { clock, weather: { delayMs: () => 10, fails: () => undefined } }, { batchRows: 5, batchBytesMax: 1000, follow: false })
  source.assign('p')
  const commit = source.commit([{ partition: 'p', offset: 5n }])
  source.lose('p')
  source.assign('p')                   // and is read from 0 again
  await assert.rejects(clock.run(commit), { code: 'SLUICE_FENCED' })
  assert.equal(log.committed.get('p'), undefined)
  await clock.run(source.commit([{ partition: 'p', offset: 5n }]))
  assert.equal(log.committed.get('p'), 5n)
})

test('dropped-calls-are-cancelled: a call for a lost partition gives its credit back at once', async () => {
  const source = new HandSource(), seen: string[] = []
  source.positions = [{ partition: 'p', offset: 0n }, { partition: 'q', offset: 0n }]
  const hangs = predictor((x, _keys, signal) => {
    if (seen.push('call') > 1) return double(x)
    return new Promise<Predicted>((_, reject) => signal.addEventListener('abort', () => { seen.push('cancelled'); reject(retry()) }))
  })
  const lost = batch('p', 0, numbers(0, 3))
  const { sink, ended, settle, clock } = rig({ source, control: control(hangs), options: { bytesMax: 1000 } })
  source.give(lost)
  await settle()
  source.give(batch('q', 0, numbers(7, 3)), 'end')
  await settle()
  assert.deepEqual(seen, ['call'])     // no credit for q
  source.owner!.lost(['p'])
  await settle()
  assert.deepEqual([seen, lost.releases, source.reads], [['call', 'cancelled', 'call'], 1, 1])
  await clock.run(ended)
  assert.deepEqual(sink.texts, ['14', '16', '18'])
})

test('revoked-commits: what is done of a revoked partition is committed before it goes, and the session goes on', async () => {
  const source = new HandSource()
  source.positions = [{ partition: 'p', offset: 0n }, { partition: 'q', offset: 0n }]
  const { sink, ended, settle, clock } = rig({ source, options: { commitEveryMs: 60_000 } })
  source.give(batch('p', 0, numbers(0, 2)))
  await settle()
  assert.deepEqual([sink.texts, source.commits], [['0', '2'], []])
  await source.owner!.revoked(['p'])
  assert.deepEqual(source.commits, ['p@2'])
  source.give(batch('p', 2, ['2']), batch('q', 0, ['5']), 'end')           // p's is too late
  assert.equal((await clock.run(ended)).aborts, 0)
  assert.deepEqual([sink.texts, source.commits, source.reads], [['0', '2', '10'], ['p@2', 'q@1'], 1])
})

test('unknown-outcome: a commit that threw is not tried again but aborted, and read again', async () => {
  const steps: string[] = []
  const source = new HandSource(), sink = new HandSink()
  let commits = 0
  const delivery: Delivery = {
    guarantee: 'exactly-once',
    write(to, records) { steps.push('write'); return to.write(records) },
    async commit(positions) {
      steps.push(`commit ${positions[0]!.offset}`)
      await source.commit(positions)
      if (commits++ === 0) throw retry('the answer was lost')
    },
    async abort() { steps.push('abort') },
    async close() { steps.push('close') },
  }
  sink.delivery = async () => delivery
  const { ended, clock } = rig({ source, sink })
  source.give(batch('p', 0, numbers(0, 2)))
  await clock.advance(150)
  source.give(batch('p', 2, numbers(2, 2)), 'end')
  assert.deepEqual(await clock.run(ended), { guarantee: 'exactly-once', records: 2, scored: 2, rejected: 0, filtered: 0, skipped: 0, tombstones: 0, aborts: 1, drained: true })
  assert.deepEqual(steps, ['write', 'commit 2', 'abort', 'write', 'commit 4', 'close'])
})

test('old-writes-settle-first: at least once reads again only when every write has settled', async () => {
  const source = new HandSource(), sink = new HandSink(), slow = Promise.withResolvers<void>()
  sink.writing = ([text]) => text === '0' ? slow.promise : text === '4' && source.reads === 1 ? Promise.reject(retry()) : undefined       // two connections
  const { ended, clock } = rig({ source, sink, options: { commitEveryMs: 60_000 } })
  source.give(batch('p', 0, numbers(0, 2)), batch('p', 2, numbers(2, 2)))
  await clock.advance(30_000)
  assert.deepEqual([sink.texts, source.reads], [[], 1])
  source.give(batch('p', 0, numbers(0, 4)), 'end')
  sink.writing = undefined
  slow.resolve()
  await clock.run(ended)
  assert.deepEqual([sink.texts, source.reads, source.commits], [['0', '2', '0', '2', '4', '6'], 2, ['p@4']])
})

test('old-commit-settles-first: at least once reads again only when a commit on its way has ended', async () => {
  const source = new HandSource(), slow = Promise.withResolvers<void>()
  const { ended, clock } = rig({ source })
  source.committing = () => slow.promise
  source.give(batch('p', 0, numbers(0, 2)))
  await clock.advance(150)
  source.give(batch('p', 2, numbers(2, 2)), retry())
  await clock.advance(30_000)
  assert.deepEqual([source.reads, source.commits], [1, []])
  source.committing = undefined
  source.give(batch('p', 2, numbers(2, 2)), 'end')
  slow.resolve()                       // and is at 2
  await clock.run(ended)
  assert.deepEqual([source.reads, source.commits], [2, ['p@2', 'p@4']])
})

test('lost-in-mid-unit: what a lost partition has in the open unit is aborted', async () => {
  for (const guarantee of ['exactly-once', 'at-least-once'] as const) {
    const steps: string[] = []
    const source = new HandSource(), sink = new HandSink()
    source.positions = [{ partition: 'p', offset: 0n }, { partition: 'q', offset: 0n }]
    sink.delivery = async () => ({
      guarantee,
      write(to, records) { steps.push('write'); return to.write(records) },
      async commit(positions) { steps.push(`commit ${positions.map(({ partition }) => partition).join()}`); await source.commit(positions) },
      async abort() { steps.push('abort') },
      async close() {},
    })
    const { ended, clock } = rig({ source, sink })
    source.give(batch('p', 0, numbers(0, 2)), batch('q', 0, numbers(0, 2)))
    await clock.advance(10)
    source.positions = [{ partition: 'q', offset: 0n }]
    source.owner!.lost(['p'])
    if (guarantee === 'exactly-once') source.give(batch('q', 0, numbers(0, 2)))
    source.give('end')
    await clock.run(ended)
    // at least once the rows of p stand, but its position is not ours to commit
    assert.deepEqual(steps, guarantee === 'exactly-once' ? ['write', 'write', 'abort', 'write', 'commit q'] : ['write', 'write', 'commit q'])
  }
})

test('commit-with-nothing-left: bytes handed over of a partition that was lost do not call for commits for ever', async () => {
  // it would spin in microtasks, where no timer can end it: in a thread, watched from outside
  const worker = new Worker(new URL('spin-child.ts', import.meta.url))
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  worker.once('message', resolve)
  worker.once('error', reject)
  const watch = setTimeout(() => { reject(new Error('it spins')) }, 20_000)
  try { assert.equal(await promise, 'p@1 q@1') } finally { clearTimeout(watch); await worker.terminate() }
})

test('retries-are-not-halvings: however often a call is tried again, the record to blame is found', async () => {
  let calls = 0
  const { source, sink, reject, ended, clock } = rig({ options: { splitsMax: 3 }, control: control(predictor(x => {
    if (calls++ % 3 > 0) throw retry('busy')
    if ((x.tensors.get('x')!.data as Float64Array).includes(5)) throw bad('one of them')
    return double(x)
  })) })
  source.give(batch('p', 0, numbers(0, 8)), 'end')
  await clock.run(ended)
  assert.deepEqual([reject.texts, sink.texts.length], [['5 predict TEST_BAD: 5'], 7])
})

for (const [how, after] of Object.entries({ 'at once': (predict: () => Predicted) => predict(), later: async (predict: () => Predicted) => predict() })) {
  test(`retry-rejects-nobody-twice: rows rejected before a call is tried again are rejected once (a predictor that answers ${how})`, async () => {
    let calls = 0
    const { source, sink, reject, ended, clock } = rig({ control: control(predictor(x => after(() => { if (calls++ < 2) throw retry(); return double(x) }))) })
    source.give(batch('p', 0, ['0', 'bad', '2']), 'end')
    assert.deepEqual(await clock.run(ended).then(({ scored, rejected }) => [scored, rejected]), [2, 1])
    assert.deepEqual([calls, sink.texts, reject.texts], [3, ['0', '4'], ['1 features TEST_BAD: bad']])
  })
}

test('sibling-call-still-reads: a batch is not released while another route\'s call reads it', async () => {
  const source = new HandSource(), slow = Promise.withResolvers<void>()
  const slowly = predictor(async x => { await slow.promise; return double(x) })
  const broken: Features = { for: signature => ({
    extract: (from, rows) => rows[0] === 0 ? features.for(signature).extract(from, rows) : (() => { throw new TypeError('a mistake') })() }) }
  const mixed = batch('p', 0, ['0'], { key: '0' }), second = batch('p', 1, ['1'], { key: '1' })
  const both = { ...mixed, rows: 2, bytes: new Uint8Array(64), offsets: Float64Array.of(0, 1), timesMs: new Float64Array(2), next: 2n, releases: 0,
    keys: { start: Int32Array.of(0, 10), end: Int32Array.of(1, 11) }, values: { start: Int32Array.of(1, 11), end: Int32Array.of(2, 12) },
    release() { both.releases++ } }
  both.bytes.set(mixed.bytes)
  both.bytes.set(second.bytes, 10)
  const serving = control(slowly, predictor())
  const { ended, settle, clock } = rig({ source, features: broken, control: serving })
  source.give(both)
  await settle()
  assert.deepEqual([both.releases, serving.taken], [0, 1])
  slow.resolve()
  await assert.rejects(clock.run(ended), { code: 'SLUICE_PIPELINE_FAILED' })
  assert.deepEqual([both.releases, serving.taken], [1, 0])
})

test('idle-source-holds-nothing-back: what is done is written and committed while the source is quiet', async () => {
  const slow = Promise.withResolvers<void>()
  const { source, sink, stop, ended, clock } = rig({ control: control(predictor(async x => { await slow.promise; return double(x) })) })
  source.give(batch('p', 0, numbers(0, 2)))
  await clock.advance(500)
  assert.deepEqual(sink.texts, [])
  slow.resolve()
  await clock.advance(500)
  assert.deepEqual([sink.texts, source.commits], [['0', '2'], ['p@2']])
  stop.abort()
  await clock.run(ended)
})

test('leave-while-idle: a stop ends a read that waits for records', async () => {
  const { source, stop, ended, clock } = rig()
  await clock.advance(1000)
  stop.abort()
  assert.equal((await clock.run(ended, 100)).drained, true)
  assert.equal(source.reading, 0)
})

test('position-only batches: no rows still move the position', async () => {
  const { source, sink, ended, clock } = rig()
  source.give(batch('p', 0, [], { next: 7n }), batch('p', 7, ['1']), batch('p', 8, [], { next: 11n }), 'end')
  await clock.run(ended)
  assert.deepEqual([sink.texts, source.commits], [['2'], ['p@11']])
})

test('gap: a batch that does not follow the one before it is not taken', async () => {
  const { source, sink, ended, clock } = rig()
  source.give(batch('p', 0, numbers(0, 2)), batch('p', 3, ['3']))
  await clock.advance(50)
  assert.equal(source.reads, 1)
  source.give(batch('p', 0, numbers(0, 4)), 'end')
  assert.equal((await clock.run(ended)).aborts, 1)
  assert.deepEqual([source.reads, source.commits.at(-1), sink.texts.slice(-4)], [2, 'p@4', ['0', '2', '4', '6']])
})

test('order: answers that come in any order are written in the order of their partition', async () => {
  const answers: (() => void)[] = []
  const { source, sink, ended, settle, clock } = rig({ control: control(predictor(async x => { const rows = double(x); await new Promise<void>(resolve => answers.push(resolve)); return rows })) })
  source.give(batch('p', 0, ['0']), batch('p', 1, ['1']), batch('p', 2, ['2']), 'end')
  await settle()
  assert.equal(answers.length, 3)      // several in flight
  answers[2]!()
  answers[1]!()
  await settle()
  assert.deepEqual(sink.texts, [])
  answers[0]!()
  await clock.run(ended)
  assert.deepEqual(sink.texts, ['0', '2', '4'])
})
