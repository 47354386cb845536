import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { deleteRecordsV2, deleteTopicsV6 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { heartbeat } from '../../src/connect/kafka/heartbeat.ts'
import type { KafkaSourceOptions } from '../../src/connect/kafka/options.ts'
import { openKafkaSource } from '../../src/connect/kafka/source.ts'
import type { KafkaSource } from '../../src/connect/kafka/source.ts'
import type { Arena, Source } from '../../src/core/index.ts'
import { createArena } from '../../src/kernels/arena.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { loud, openBed, skip, sleep, until, values } from './bed.ts'
import type { Bed } from './bed.ts'
import { Reads } from './reads.ts'
import type { ReadOptions } from './reads.ts'

const ARENA_BYTES = 64 * 2 ** 20

describe('reading topics', { timeout: 180_000, skip }, () => {
  let bed: Bed
  const opened: { close(): Promise<void> }[] = [], arenas: Arena[] = []
  before(async () => { bed = await openBed() })
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close()
    for (const arena of arenas.splice(0)) assert.ok(arena.reserve(ARENA_BYTES) !== undefined, 'regions of the arena that nobody gave back')
  })
  after(() => bed.close())

  async function open(options: Omit<KafkaSourceOptions, 'brokers'> & { readonly brokers?: string }): Promise<KafkaSource> {
    const context = testContext({ ...loud, arena: createArena(ARENA_BYTES, await kernelModule()) })
    arenas.push(context.arena)
    const source = await openKafkaSource({ brokers: bed.brokers, ...options }, context)
    opened.push(source)
    return source
  }
  function read(source: Source, options?: ReadOptions): Reads {
    const reads = new Reads(source, options)
    opened.push({ close: () => reads.stop() })
    return reads
  }
  const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `{"i":${from + i}}`)

  test('from the earliest record, from the latest, from a time', async () => {
    const topic = await bed.topic(1)
    await bed.produce(values(topic, 0, 0, 10).map((message, i) => ({ ...message, timestamp: BigInt(Date.UTC(2026, 0, 1) + i * 1000) })))
    const earliest = read(await open({ topics: [topic], group: bed.name('group') }))
    const latest = read(await open({ topics: [topic], group: bed.name('group'), from: 'latest' }))
    const time = read(await open({ topics: [topic], group: bed.name('group'), from: '2026-01-01T00:00:06.500Z' }))
    const future = read(await open({ topics: [topic], group: bed.name('group'), from: '2100-01-01' }))
    await until('latest and future have begun', () => latest.done.size === 1 && future.done.size === 1)
    await bed.produce(values(topic, 0, 10, 12))
    await until('all is read', () => earliest.rows.length === 12 && latest.rows.length === 2 && time.rows.length === 5 && future.rows.length === 2)
    assert.deepEqual(earliest.values, texts(0, 12))
    assert.deepEqual(latest.values, texts(10, 12))
    assert.deepEqual(time.values, texts(7, 12))
    assert.deepEqual(future.values, texts(10, 12))
    assert.deepEqual(earliest.rows.slice(0, 2).map(({ timeMs }) => timeMs), [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1) + 1000])
  })

  test('latest means the end of the first read, also after a failure and a crash', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    await bed.produce(values(topic, 0, 0, 3))
    const source = await open({ topics: [topic], group, from: 'latest' })
    const first = read(source)
    await until('it has begun', () => first.done.size === 1)
    await bed.produce(values(topic, 0, 3, 6))
    await until('three are read', () => first.rows.length === 3)
    await first.stop()
    const again = read(source)
    await until('three are read again', () => again.rows.length === 3)
    await again.stop()
    await source.close()
    const restarted = read(await open({ topics: [topic], group, from: 'latest' }))
    await until('three are read after a restart', () => restarted.rows.length === 3)
    assert.deepEqual(restarted.values, texts(3, 6))
  })

  test('tombstones, null keys, headers with duplicates, times', async () => {
    const topic = await bed.topic(1)
    const bytes = (text: string) => Buffer.from(text)
    await bed.produce([
      { topic, partition: 0, key: bytes('k'), value: bytes('v'), timestamp: 1_000n, headers: new Map([[bytes('a'), bytes('1')], [bytes('b'), bytes('')], [bytes('a'), bytes('2')]]) },
      { topic, partition: 0, key: bytes('gone'), timestamp: 2_000n },
      { topic, partition: 0, value: bytes('no key'), timestamp: 3_000n },
      { topic, partition: 0, key: bytes(''), value: bytes(''), timestamp: 4_000n },
    ])
    const reads = read(await open({ topics: [topic], group: bed.name('group') }))
    await until('four are read', () => reads.rows.length === 4)
    assert.deepEqual(reads.rows.map(({ offset, key, value, timeMs, headers }) => [offset, key, value, timeMs, headers.map(header => [header.name, Buffer.from(header.value ?? '').toString()])]), [
      [0, 'k', 'v', 1_000, [['a', '1'], ['b', ''], ['a', '2']]], [1, 'gone', null, 2_000, []], [2, null, 'no key', 3_000, []], [3, '', '', 4_000, []]])
  })

  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`batches compressed with ${compression}`, async () => {
      const topic = await bed.topic(2)
      await bed.produce([...values(topic, 0, 0, 500), ...values(topic, 1, 500, 1000)], { compression })
      const reads = read(await open({ topics: [topic], group: bed.name('group'), batchBytes: 2_000, checkCrcs: true }))
      await until('all are read', () => reads.rows.length === 1000)
      assert.deepEqual(reads.values.sort(), texts(0, 1000).sort())
    })
  }

  for (const [title, options] of [['in one fetch', {}], ['in small fetches', { fetchBytes: 10_000, batchBytes: 10_000 }]] as const) {
    test(`records of aborted transactions are never seen, ${title}`, async () => {
      const topic = await bed.topic(1), producer = bed.producer({ transactionalId: bed.name('tx') })
      const send = async (word: string, count: number, commit: boolean, pad = '') => {
        const transaction = await producer.beginTransaction()
        for (let i = 0; i < count; i += 10) {
          await transaction.send({ messages: values(topic, 0, i, Math.min(count, i + 10), each => `${word}${each}${pad}`) })
        }
        await (commit ? transaction.commit() : transaction.abort())
      }
      await send('ok1-', 5, true)
      await send('BAD1-', 5, false)
      await send('ok2-', 5, true)
      await send('BAD2-', 5, false)
      await send('BIGBAD-', 60, false, 'x'.repeat(2_000))
      await send('ok3-', 5, true)
      await bed.produce(values(topic, 0, 0, 1, () => 'outside of any'))
      const names = ['ok1-', 'ok2-', 'ok3-'].flatMap(word => [0, 1, 2, 3, 4].map(i => `${word}${i}`))
      const reads = read(await open({ topics: [topic], group: bed.name('group'), ...options }))
      await until('the last is read', () => reads.values.includes('outside of any'))
      assert.deepEqual(reads.values, [...names, 'outside of any'])
      const everything = read(await open({ topics: [topic], group: bed.name('group'), isolation: 'read_uncommitted', ...options }))
      await until('the last is read', () => everything.values.includes('outside of any'))
      assert.equal(everything.rows.length, 5 * 5 + 60 + 1)
    })
  }

  test('an open transaction holds back what is behind it, and moves on when it is over', async () => {
    const topic = await bed.topic(1), group = bed.name('group'), producer = bed.producer({ transactionalId: bed.name('tx') })
    const transaction = await producer.beginTransaction()
    await transaction.send({ messages: values(topic, 0, 0, 5) })
    await bed.produce(values(topic, 0, 5, 6))
    const source = await open({ topics: [topic], group, fetchWaitMs: 50 })
    const reads = read(source)
    await until('it has begun', () => reads.done.size === 1)
    await sleep(300)
    assert.deepEqual(reads.values, [])
    await transaction.abort()
    await until('the one outside is read', () => reads.rows.length === 1)
    await until('behind the marker', () => reads.done.get(`${topic}/0`) === 7n)     // 5 aborted, 1, the marker
    assert.deepEqual(reads.values, texts(5, 6))
    assert.deepEqual(source.lag?.(), [{ partition: `${topic}/0`, records: 0, seconds: 0 }])
  })

  test('control records alone move the position', async () => {
    const topic = await bed.topic(1), producer = bed.producer({ transactionalId: bed.name('tx') })
    const transaction = await producer.beginTransaction()
    await transaction.send({ messages: values(topic, 0, 0, 5) })
    await transaction.abort()
    const reads = read(await open({ topics: [topic], group: bed.name('group') }))
    await until('it is behind the marker', () => reads.done.get(`${topic}/0`) === 6n)
    assert.deepEqual(reads.values, [])
  })

  test('gaps of a compacted topic', async () => {
    const topic = await bed.topic(1, { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01', 'max.compaction.lag.ms': '200', 'min.compaction.lag.ms': '0' })
    for (let round = 0; round < 3; round++) {
      await bed.produce(values(topic, 0, 0, 20).map((message, i) => ({ ...message, key: Buffer.from(`k${i % 5}`) })))
      await sleep(250)
    }
    let offsets: number[] = []
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      await bed.produce(values(topic, 0, 0, 1).map(message => ({ ...message, key: Buffer.from('roll') })))
      await sleep(300)
      const reads = read(await open({ topics: [topic], group: bed.name('group') }))
      await until('something is read', () => reads.rows.length > 0)
      await sleep(200)
      await reads.stop()
      offsets = reads.rows.map(({ offset }) => offset)
      if (offsets[0]! > 0) break
    }
    assert.ok(offsets[0]! > 0, 'it was compacted; that the batches chain is checked by Reads')
  })

  test('a record of 12 MiB, and one that is larger than recordBytesMax', async () => {
    const topic = await bed.topic(1, { 'max.message.bytes': '33000000' })
    const large = 'x'.repeat(12 * 1024 * 1024)
    await bed.produce([...values(topic, 0, 0, 3), { topic, partition: 0, key: Buffer.from('large'), value: Buffer.from(large) }])
    await bed.produce(values(topic, 0, 3, 5))
    const whole = read(await open({ topics: [topic], group: bed.name('group') }))
    await until('six are read', () => whole.rows.length === 6)
    assert.equal(whole.rows[3]!.value, large)
    assert.deepEqual(whole.rejected, [])
    const cut = read(await open({ topics: [topic], group: bed.name('group'), recordBytesMax: 2_000_000 }))
    await until('six are read', () => cut.rows.length === 6)
    assert.deepEqual(cut.rows.map(({ offset, key, value }) => [offset, key, value?.length]), [[0, null, 7], [1, null, 7], [2, null, 7], [3, 'large', 65_527], [4, null, 7], [5, null, 7]])
    assert.deepEqual(cut.rejected.map(({ row, stage, error }) => [row, stage, error.code, error.at]), [[0, 'source', 'SLUICE_RECORD_TOO_LARGE', `${topic}/0@3`]])
  })

  test('a batch that is larger when decompressed than any batch may be', async () => {
    const topic = await bed.topic(1)
    await bed.produce(values(topic, 0, 0, 2000, i => `${i} ${'x'.repeat(1000)}`), { compression: 'gzip' })
    const reads = read(await open({ topics: [topic], group: bed.name('group'), batchBytes: 100_000, recordBytesMax: 200_000 }))
    await until('all are read', () => reads.rows.length === 2000)
    assert.deepEqual(reads.values.map(value => parseInt(value!)), Array.from({ length: 2000 }, (_, i) => i))
    assert.ok(reads.batches >= 10)
  })

  test('several partitions are read in turn', async () => {
    const topic = await bed.topic(4)
    const producer = bed.producer()
    for (let n = 0; n < 500; n += 10) await producer.send({ messages: [0, 1, 2, 3].flatMap(partition => values(topic, partition, n, n + 10, i => `${i} ${'x'.repeat(500)}`)) })
    const reads = read(await open({ topics: [topic], group: bed.name('group'), batchBytes: 10_000 }))
    await until('all are read', () => reads.rows.length === 2000)
    const half = new Map<string, number>()
    for (const { partition } of reads.rows.slice(0, 1000)) half.set(partition, (half.get(partition) ?? 0) + 1)
    assert.equal(half.size, 4, 'none waits for the end of another')
    for (const partition of [0, 1, 2, 3]) {
      assert.deepEqual(reads.rows.filter(row => row.partition === `${topic}/${partition}`).map(({ value }) => parseInt(value!)), Array.from({ length: 500 }, (_, i) => i))
    }
  })

  test('two members share four partitions; nothing is read twice when the commit comes before the giving back', async () => {
    const topic = await bed.topic(4), group = bed.name('group')
    let stop = false
    const producing = (async () => {
      const producer = bed.producer()
      let i = 0
      for (; !stop; i += 20) {
        await producer.send({ messages: [0, 1, 2, 3].flatMap(partition => values(topic, partition, i, i + 20)) })
        await sleep(5)
      }
      return i
    })()
    const a = read(await open({ topics: [topic], group }))
    await until('a reads', () => a.rows.length > 100)
    const source = await open({ topics: [topic], group })
    const b = read(source)
    await until('both read', () => b.rows.length > 100 && a.done.size === 2)
    await b.stop()
    await source.commit(b.positions)
    await source.close()
    await until('a has all again', () => a.done.size === 4)
    stop = true
    const each = await producing
    await until('all is read', () => a.rows.length + b.rows.length >= 4 * each)
    await sleep(200)
    for (const partition of [0, 1, 2, 3]) {
      const its = [...a.rows, ...b.rows].filter(row => row.partition === `${topic}/${partition}`).map(({ offset }) => offset)
      assert.deepEqual(its.sort((x, y) => x - y), Array.from({ length: each }, (_, i) => i))
    }
  })

  test('what is taken away between two reads is not read by the second', async () => {
    const topic = await bed.topic(2), group = bed.name('group')
    await bed.produce([...values(topic, 0, 0, 10), ...values(topic, 1, 10, 20)])
    const source = await open({ topics: [topic], group })
    const first = read(source, { revoked: async () => {} })
    await until('all is read', () => first.rows.length === 20)
    await first.stop()
    const other = read(await open({ topics: [topic], group }))
    await until('the other has one', () => other.rows.length === 10)
    const second = read(source)
    await until('the other one is read again', () => second.rows.length === 10)
    assert.equal(second.events.length, 1)
    assert.equal([...second.done.keys(), ...other.done.keys()].sort().join(), `${topic}/0,${topic}/1`)
    await source.close()
    await until('the other has both', () => other.done.size === 2)
    await until('the other reads what was never committed', () => other.rows.length === 20)
  })

  test('a member that was thought dead has lost its partitions, and reads on from what is committed', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    await bed.produce(values(topic, 0, 0, 10))
    const source = await open({ topics: [topic], group })
    const reads = read(source)
    await until('all is read', () => reads.rows.length === 10)
    await source.commit([{ partition: `${topic}/0`, offset: 4n }])
    const { memberId } = source.kafka.groupMetadata(), claim = source.kafka.claim([`${topic}/0`])
    await bed.cluster.request({ group }, heartbeat, [group, memberId, -1, null, null, -1, null, null, null, null])
    await until('it reads on', () => reads.rows.length === 16)
    assert.deepEqual(reads.events, [`+${topic}/0@0`, `!${topic}/0`, `+${topic}/0@4`])
    assert.throws(() => claim.member(), { code: 'SLUICE_FENCED' })
    await reads.commit()
  })

  test('a static member that was killed goes on at once, where it was', async () => {
    const topic = await bed.topic(2), group = bed.name('group'), instance = bed.name('instance')
    await bed.produce([...values(topic, 0, 0, 10), ...values(topic, 1, 10, 20)])
    const killed = read(await open({ topics: [topic], group, instance }))      // it never leaves
    await until('all is read', () => killed.rows.length === 20)
    await killed.commit()
    await bed.produce(values(topic, 1, 20, 25))
    const next = read(await open({ topics: [topic], group, instance }))
    await until('what is new is read', () => next.rows.length === 5)
    assert.deepEqual(next.events.sort(), [`+${topic}/0@10`, `+${topic}/1@10`])
    await until('the other is told', () => killed.error !== undefined)
    assert.equal((killed.error as { code?: string }).code, 'SLUICE_INSTANCE_TAKEN')
  })

  test('partitions that are added while it reads', async () => {
    const topic = await bed.topic(1)
    await bed.produce(values(topic, 0, 0, 5))
    const reads = read(await open({ topics: [topic], group: bed.name('group') }))
    await until('all is read', () => reads.rows.length === 5)
    await bed.morePartitions(topic, 2)
    await until('there are two', () => reads.done.size === 2)
    await bed.produce(values(topic, 1, 5, 10))
    await until('both are read', () => reads.rows.length === 10)
  })

  test('topics of a pattern come and go', async () => {
    const word = bed.name('pattern')
    const [one, two] = [await bed.topic(1, {}, `${word}.one`), await bed.topic(1, {}, `${word}.two`)]
    await bed.produce([...values(one, 0, 0, 5), ...values(two, 0, 5, 10)])
    const reads = read(await open({ pattern: `${word}\\..*`, group: bed.name('group') }))
    await until('both are read', () => reads.rows.length === 10)
    await bed.cluster.request('any', deleteTopicsV6.api, [[{ name: two }], 10_000])
    await until('one is left', () => reads.done.size === 1)
    await sleep(6_000)                                                     // longer than a topic is looked for
    await bed.produce(values(one, 0, 10, 15))
    await until('it is read on', () => reads.rows.length === 15)
    await reads.commit()
    assert.equal(reads.error, undefined)
  })

  test('a slow reader stays a member, and nothing is fetched that there is no room for', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    for (let i = 0; i < 40; i++) await bed.produce(values(topic, 0, i * 100, i * 100 + 100, each => `${each} ${'x'.repeat(1000)}`))
    const source = await open({ topics: [topic], group, batchBytes: 100_000, fetchBytes: 100_000 })
    const batches = source.read({ assigned() {}, async revoked() { assert.fail('revoked') }, lost() { assert.fail('lost') } }, new AbortController().signal)[Symbol.asyncIterator]()
    const held = (await batches.next()).value!
    await sleep(5_000)                                                     // longer than a session
    await source.commit([{ partition: held.partition, offset: held.next }])
    held.release()
    await batches.return?.()
  })

  test('records that were deleted before they were read are told', async () => {
    const topic = await bed.topic(1), group = bed.name('group')
    await bed.produce(values(topic, 0, 0, 10))
    const source = await open({ topics: [topic], group })
    const first = read(source)
    await until('all is read', () => first.rows.length === 10)
    await source.commit([{ partition: `${topic}/0`, offset: 4n }])
    await first.stop()
    const { leader } = await bed.cluster.leader(topic, 0)
    await bed.cluster.request(leader, deleteRecordsV2.api, [[{ name: topic, partitions: [{ partitionIndex: 0, offset: 7n }] }], 5_000])
    const again = read(source)
    await again.ended
    assert.equal((again.error as { code?: string }).code, 'SLUICE_OFFSET_OUT_OF_RANGE')
    assert.match(String(again.error), /records 4 to 6 were deleted before they were read/)
    const fresh = read(await open({ topics: [topic], group: bed.name('group') }))
    await until('who has committed nothing begins behind them', () => fresh.rows.length === 3)
  })

  test('lag counts what is not handed out, of what is ours', async () => {
    const topic = await bed.topic(1)
    for (let i = 0; i < 100; i += 10) await bed.produce(values(topic, 0, i, i + 10, each => `${each} ${'x'.repeat(100)}`).map(message => ({ ...message, timestamp: BigInt(Date.now() - 60_000) })))
    const source = await open({ topics: [topic], group: bed.name('group'), batchBytes: 2_000 })
    assert.deepEqual(source.lag?.(), [])
    const stop = new AbortController()
    const batches = source.read({ assigned() {}, async revoked() {}, lost() {} }, stop.signal)[Symbol.asyncIterator]()
    const { value } = await batches.next()
    const [lag] = source.lag?.() ?? []
    assert.equal(lag?.partition, `${topic}/0`)
    assert.equal(lag?.records, 100 - Number(value!.next))
    assert.ok(lag?.seconds !== undefined && lag.seconds >= 60 && lag.seconds < 120)
    value!.release()
    stop.abort()
    await batches.return?.()
  })

  test('leaving while a long poll is under way takes no time, nor does reading again', async () => {
    const topic = await bed.topic(1)
    const source = await open({ topics: [topic], group: bed.name('group'), fetchWaitMs: 20_000 })
    const first = read(source)
    await until('it has begun', () => first.done.size === 1)
    await sleep(300)
    const since = Date.now()
    await first.stop()
    const again = read(source)
    await until('it has begun', () => again.done.size === 1)
    await bed.produce(values(topic, 0, 0, 3))
    await until('three are read', () => again.rows.length === 3)
    assert.ok(Date.now() - since < 10_000, 'far less than the long poll')
  })

  test('a topic that is not there', async () => {
    await assert.rejects(open({ topics: [bed.name('missing')], group: 'g' }), { code: 'SLUICE_TOPIC_MISSING' })
  })

  test('options that make no sense', async () => {
    for (const options of [{ topics: [] }, { topics: ['a'], pattern: 'b' }, {}, { topics: ['a'], from: 'yesterday' }, { topics: ['a'], brokers: 'a:b' }, { topics: ['a'], brokers: '' }]) {
      await assert.rejects(open({ group: 'g', ...options }), { code: 'SLUICE_CONFIG_INVALID' })
    }
    await assert.rejects(open({ group: 'g', topics: ['a'], batchBytes: 0 }), TypeError)
  })
})
