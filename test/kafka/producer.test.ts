import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { deleteTopicsV6, incrementalAlterConfigsV1 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'
import { idempotent } from '../../src/connect/kafka/identity.ts'
import type { KafkaSinkOptions } from '../../src/connect/kafka/options.ts'
import { Producer } from '../../src/connect/kafka/producer.ts'
import { advance } from '../../src/connect/kafka/sender.ts'
import { openKafkaSink } from '../../src/connect/kafka/sink.ts'
import type { Arena, Records, Rejection, Sink } from '../../src/core/index.ts'
import { createArena } from '../../src/kernels/arena.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { loud, openBed, skip } from './bed.ts'
import type { Bed } from './bed.ts'
import { API, openProxy, refuseProduce } from './proxy.ts'
import { linesOf, numbered, readTopic, valuesIn } from './topics.ts'

describe('the producer', { timeout: 120_000, skip }, () => {
  let bed: Bed
  const opened: { close(): Promise<void> }[] = []
  before(async () => { bed = await openBed() })
  after(async () => {
    for (const each of opened.reverse()) await each.close()
    await bed.close()
  })
  async function sinkTo(topic: string, options: Partial<KafkaSinkOptions> = {}): Promise<Sink> {
    const sink = await openKafkaSink({ brokers: bed.brokers, topic, ...options }, testContext(loud))
    opened.push(sink)
    return sink
  }
  const rowsOf = (refused: readonly Rejection[]) => refused.map(({ row, stage, error }) => [row, stage, error.code])
  async function configure(topic: string, name: string, value: string): Promise<void> {
    await bed.cluster.request('any', incrementalAlterConfigsV1.api, [[{ resourceType: 2, resourceName: topic, configs: [{ name, configOperation: 0, value }] }], false])
  }

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`${compression}: keys, headers, nulls and times arrive as they are`, async () => {
      const topic = await bed.topic(1)
      const sink = await sinkTo(topic, { compression })
      const lines = [
        { key: 'a', value: '{"x":1}', headers: [['h', '1'], ['h', '2'], ['n', null]] as const, timeMs: 1_700_000_000_000 },
        { key: null, value: 'no key', headers: [], timeMs: 1_600_000_000_000 },
        { key: 'gone', value: null, headers: [], timeMs: 1_700_000_000_001 },
        { key: '', value: '', headers: [['', '']] as const, timeMs: 0 },
        { key: 'ключ', value: 'ü'.repeat(50_000), headers: [], timeMs: 1_700_000_000_002 },
      ]
      assert.deepEqual(await sink.write(linesOf(lines)), [])
      assert.deepEqual((await readTopic(bed.cluster, topic)).map(({ key, value, headers, timeMs }) => ({ key, value, headers, timeMs })), lines)
    })
  }

  test('call order is order, in every partition, with many writes on their way', async () => {
    const topic = await bed.topic(3)
    const sink = await sinkTo(topic, { batchBytes: 2_000, lingerMs: 1 })
    const lines = numbered('v', 20_000, i => `k${i % 50}`)
    const writes: Promise<readonly Rejection[]>[] = []
    for (let at = 0; at < lines.length; at += 37) writes.push(sink.write(linesOf(lines.slice(at, at + 37))))
    await Promise.all(writes)
    const found = await readTopic(bed.cluster, topic)
    assert.equal(found.length, lines.length)
    for (let k = 0; k < 50; k++) {
      const its = found.filter(({ key }) => key === `k${k}`)
      assert.deepEqual(its.map(({ value }) => value), lines.filter(({ key }) => key === `k${k}`).map(({ value }) => value))
      assert.equal(new Set(its.map(({ partition }) => partition)).size, 1)
    }
  })

  for (const [title, keyOf] of [['with keys', i => `k${i % 50}`], ['with and without keys', i => i % 3 === 0 ? null : `k${i % 50}`], ['without keys', () => null]] as readonly (readonly [string, (i: number) => string | null])[]) {
    test(`the same by kernels, ${title}, with some that are too large, or larger than a batch`, async () => {
      const topic = await bed.topic(3), arena = createArena(64 * 2 ** 20, await kernelModule())
      const sink = await openKafkaSink({ brokers: bed.brokers, topic, batchBytes: 2_000, lingerMs: 1, recordBytesMax: 3_000 }, testContext({ ...loud, arena }))
      opened.push(sink)
      const lines = numbered('v', 8_000, keyOf).map((line, i) => ({ ...line, value: i % 1000 === 7 ? line.value!.padEnd(5_000, '.') : i % 500 === 8 ? line.value!.padEnd(2_500, '.') : line.value! }))
      const writes: Promise<readonly Rejection[]>[] = [], large: number[] = []
      for (let at = 0; at < lines.length; at += 1_300) writes.push(sink.write(inside(arena, linesOf(lines.slice(at, at + 1_300)))))
      for (const [i, refused] of (await Promise.all(writes)).entries()) large.push(...refused.map(({ row }) => i * 1_300 + row))
      assert.deepEqual(large, lines.flatMap(({ value }, i) => value.length > 3_000 ? [i] : []))
      const found = await readTopic(bed.cluster, topic), taken = lines.filter(({ value }) => value.length <= 3_000)
      assert.deepEqual(found.map(({ value }) => value).sort(), taken.map(({ value }) => value).sort())
      const order = new Map(taken.map(({ value }, i) => [value, i]))
      for (const index of [0, 1, 2]) {
        const its = found.filter(({ partition }) => partition === index).map(({ value }) => order.get(value!)!)
        assert.ok(its.length > 1_000)
        assert.deepEqual(its, its.toSorted((a, b) => a - b), 'call order')
      }
      const partitions = new Map<string, Set<number>>()
      for (const { key, partition } of found) if (key !== null) partitions.set(key, (partitions.get(key) ?? new Set()).add(partition))
      assert.ok([...partitions.values()].every(({ size }) => size === 1))
    })
  }

  test('a partition whose leader is not ready for the first batch, but for the second', async () => {
    const topic = await bed.topic(1)
    const proxy = await openProxy(bed.brokers)
    opened.push(proxy)
    let produces = 0
    // what a leader that was just elected answers, to the first request alone
    proxy.rewrite = (key, frame) => { if (key === API.PRODUCE && produces++ === 0) return refuseProduce(frame); return undefined }
    const sink = await sinkTo(topic, { brokers: proxy.brokers, batchBytes: 100, lingerMs: 0 })
    const words = Array.from({ length: 20 }, (_, i) => `w${i}`)
    await Promise.all(words.map(value => sink.write(linesOf([{ value: value.padEnd(90, '.') }]))))
    assert.ok(produces > 1)
    assert.deepEqual((await valuesIn(bed.cluster, topic)).map(value => value!.replaceAll('.', '')), words)
  })

  test('records without a key go to one partition a batch, and to all in turn', async () => {
    const topic = await bed.topic(3)
    const sink = await sinkTo(topic)
    for (let i = 0; i < 6; i++) await sink.write(linesOf(numbered(`b${i}-`, 10, () => null)))
    const found = await readTopic(bed.cluster, topic)
    assert.deepEqual([0, 1, 2].map(index => found.filter(({ partition }) => partition === index).length), [20, 20, 20])
  })

  test('a record of 12 MiB', async () => {
    const topic = await bed.topic(1, { 'max.message.bytes': String(16 * 2 ** 20) })
    const sink = await sinkTo(topic)
    const value = 'x'.repeat(12 * 2 ** 20)
    assert.deepEqual(await sink.write(linesOf([{ value: 'before' }, { value }, { value: 'after' }])), [])
    assert.deepEqual((await valuesIn(bed.cluster, topic)).map(text => text!.length), [6, value.length, 5])
  })

  test('a record that the topic does not take is refused, and no other', async () => {
    const topic = await bed.topic(1, { 'max.message.bytes': '10000' })
    const sink = await sinkTo(topic)
    const large = 'x'.repeat(10_000)
    assert.deepEqual(rowsOf(await sink.write(linesOf([{ value: 'a' }, { value: large }, { value: 'b' }, { value: large }, { value: 'x'.repeat(9_925) }]))),
      [[1, 'sink', 'SLUICE_RECORD_TOO_LARGE'], [3, 'sink', 'SLUICE_RECORD_TOO_LARGE'], [4, 'sink', 'SLUICE_RECORD_TOO_LARGE']].slice(0, 2))
    assert.deepEqual((await valuesIn(bed.cluster, topic)).map(text => text!.length), [1, 1, 9_925])
  })

  test('as large as the topic takes, to the byte', async () => {
    const topic = await bed.topic(1, { 'max.message.bytes': '1000' })
    const sink = await sinkTo(topic)
    const sizes = Array.from({ length: 40 }, (_, i) => 920 + i)
    const refused = await sink.write(linesOf(sizes.map(size => ({ value: 'x'.repeat(size) }))))
    const taken = (await valuesIn(bed.cluster, topic)).map(text => text!.length)
    assert.deepEqual(taken, sizes.filter(size => size <= 930))              // 61 for the batch, 9 for the record
    assert.deepEqual(refused.map(({ row }) => sizes[row]), sizes.filter(size => size > 930))
  })

  test('a limit that was lowered meanwhile: batches are halved until what is too large is found', async () => {
    const topic = await bed.topic(1)
    const sink = await sinkTo(topic, { batchBytes: 50_000 })
    await sink.write(linesOf([{ value: 'first' }]))
    await configure(topic, 'max.message.bytes', '3000')
    const lines = Array.from({ length: 400 }, (_, i) => ({ value: String(i).padEnd(i % 100 === 37 ? 5_000 : 500, '.') }))
    let refused: readonly (readonly Rejection[])[] = []
    for (let tries = 0; tries < 50; tries++) {                               // until the broker has heard of it
      refused = await Promise.all([0, 100, 200, 300].map(at => sink.write(linesOf(lines.slice(at, at + 100)))))
      if (refused.every(({ length }) => length > 0)) break
    }
    assert.deepEqual(refused.map(rowsOf), Array.from({ length: 4 }, () => [[37, 'sink', 'SLUICE_RECORD_TOO_LARGE']]))
    assert.deepEqual((await valuesIn(bed.cluster, topic)).slice(-396), lines.filter((_, i) => i % 100 !== 37).map(({ value }) => value), 'the others stand, in order')
    assert.deepEqual(await sink.write(linesOf([{ value: 'last' }])), [])
  })

  test('recordBytesMax refuses before anything is sent', async () => {
    const topic = await bed.topic(1)
    const sink = await sinkTo(topic, { recordBytesMax: 10, compression: 'zstd' })
    assert.deepEqual(rowsOf(await sink.write(linesOf([{ value: 'x'.repeat(11) }, { value: 'x'.repeat(10) }, { key: 'k', value: 'x'.repeat(10) }]))),
      [[0, 'sink', 'SLUICE_RECORD_TOO_LARGE'], [2, 'sink', 'SLUICE_RECORD_TOO_LARGE']])
    assert.equal((await readTopic(bed.cluster, topic)).length, 1)
  })

  test('compressed, a record may be larger than the topic takes, if what is sent is not', async () => {
    const topic = await bed.topic(1, { 'max.message.bytes': '10000' })
    const sink = await sinkTo(topic, { compression: 'zstd' })
    let state = 1
    const noise = Array.from({ length: 20_000 }, () => String.fromCharCode(33 + ((state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0) >>> 16) % 90)).join('')
    const refused = await sink.write(linesOf([{ value: 'a' }, { value: 'x'.repeat(100_000) }, { value: noise }, { value: 'b' }]))
    assert.deepEqual(rowsOf(refused), [[2, 'sink', 'SLUICE_RECORD_TOO_LARGE']])
    assert.deepEqual((await valuesIn(bed.cluster, topic)).map(text => text!.length), [1, 100_000, 1])
  })

  test('records that the broker finds wrong are refused, and no other', async () => {
    const compacted = await bed.topic(1, { 'cleanup.policy': 'compact' })
    const sink = await sinkTo(compacted)
    const keyless = await Promise.all([sink.write(linesOf([{ key: 'a', value: '1' }, { value: '2' }, { key: 'c', value: '3' }, { value: '4' }])), sink.write(linesOf([{ key: 'd', value: '5' }]))])
    assert.deepEqual(keyless.map(rowsOf), [[[1, 'sink', 'SLUICE_RECORD_REFUSED'], [3, 'sink', 'SLUICE_RECORD_REFUSED']], []])
    assert.match(keyless[0]![0]!.error.message, /key/)
    assert.deepEqual(await valuesIn(bed.cluster, compacted), ['1', '3', '5'])

    const topic = await bed.topic(1, { 'message.timestamp.after.max.ms': '1000' })
    const other = await sinkTo(topic)
    const refused = await other.write(linesOf([{ value: 'now', timeMs: Date.now() }, { value: 'tomorrow', timeMs: Date.now() + 86_400_000 }, { value: 'long ago', timeMs: 1 }]))
    assert.deepEqual(rowsOf(refused), [[1, 'sink', 'SLUICE_RECORD_REFUSED']])
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['now', 'long ago'])
  })

  test('sequence numbers begin again behind the largest', async () => {
    assert.equal(advance(0, 3), 3)
    assert.equal(advance(2_147_483_644, 3), 2_147_483_647)
    assert.equal(advance(2_147_483_645, 3), 0)
    assert.equal(advance(2_147_483_647, 3), 2)
    const topic = await bed.topic(1)
    const context = testContext(loud)
    const cluster: Cluster = await openCluster({ brokers: bed.brokers }, context, 'sink')
    opened.push(cluster)
    const author = idempotent(cluster)
    const producer = new Producer(cluster, author, { lingerMs: 0, requestTimeoutMs: 5_000, deliveryMs: 5_000 }, context)
    const outlet = await producer.outlet({ topic })
    outlet.queues[0]!.identity = await author.identify()
    outlet.queues[0]!.sequence = 2_147_483_640
    const words = Array.from({ length: 20 }, (_, i) => `w${i}`)
    await Promise.all(words.map(value => producer.write(outlet, linesOf([{ value }]))))
    assert.deepEqual(await valuesIn(bed.cluster, topic), words)
    assert.equal(outlet.queues[0]!.sequence, 12)
    producer.close()
  })

  test('a topic that is missing, or goes away', async () => {
    await assert.rejects(openKafkaSink({ brokers: bed.brokers, topic: bed.name('missing') }, testContext()), { code: 'SLUICE_TOPIC_MISSING', severity: 'fatal' })
    const topic = await bed.topic(1)
    const sink = await sinkTo(topic)
    await sink.write(linesOf([{ value: 'a' }]))
    await bed.cluster.request('any', deleteTopicsV6.api, [[{ name: topic }], 5_000])
    await assert.rejects(sink.write(linesOf([{ value: 'b' }])), { code: 'SLUICE_TOPIC_MISSING', severity: 'fatal' })
  })
})

/** The same records, where kernels reach them. */
function inside(arena: Arena, records: Records): Records {
  const region = arena.reserve(records.bytes.length)!
  region.bytes.set(records.bytes)
  return { ...records, bytes: region.bytes, release: () => region.release() }
}
