import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { endTxnV4, initProducerIdV5 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { readHeaders } from '../../src/codecs/headers.ts'
import { partOf } from '../../src/codecs/pack.ts'
import { addPartitions } from '../../src/connect/kafka/addpartitions.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'
import { AbortedFilter, BatchWriter, fetchApi, partitionOf, produceApi, walkRecords } from '../../src/connect/kafka/wire/index.ts'
import type { Compression, FetchedPartition, ProducedPartition, Stamp } from '../../src/connect/kafka/wire/index.ts'
import { kafkaTool, startKafka } from '../services/kafka.ts'
import { linesOf } from './topics.ts'
import type { Line } from './topics.ts'

const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const NOBODY: Stamp = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }
const kafka = await startKafka()

describe('record batches against a broker and Java', { skip: typeof kafka === 'string' ? kafka : false, timeout: 180_000 }, () => {
  if (typeof kafka === 'string') return
  const { brokers } = kafka
  const name = (word: string) => `wire-${word}-${process.pid}`
  let cluster: Cluster
  before(async () => { cluster = await openCluster({ brokers }, testContext(), 'source') })
  after(() => cluster.close())

  const batchOf = (lines: readonly Line[], compression: Compression = 'none', stamp = NOBODY): Buffer => {
    const writer = new BatchWriter(compression)
    writer.appendRange(linesOf(lines), 0, lines.length)
    return writer.finish(stamp)
  }
  async function produce(topic: string, batches: ReadonlyMap<number, Buffer>, transactionalId: string | null = null): Promise<readonly ProducedPartition[]> {
    const { leader } = await cluster.leader(topic, 0)
    const answer = await cluster.request(leader, produceApi, [{ transactionalId, timeoutMs: 10_000, topics: [{ name: topic, partitions: Array.from(batches, ([partition, batch]) => ({ partition, batch })) }] }])
    return answer.topics[0]!.partitions
  }
  async function written(topic: string, batch: Buffer, transactionalId: string | null = null): Promise<void> {
    const [answer] = await produce(topic, new Map([[0, batch]]), transactionalId)
    assert.deepEqual([answer?.errorCode, answer?.message], [0, null])
  }
  async function fetch(topic: string, partition: number, offset: number, committed = false, maxBytes = 10_000_000): Promise<FetchedPartition> {
    const { id } = await cluster.topic(topic)
    const { leader } = await cluster.leader(topic, partition)
    const { errorCode, topics } = await cluster.request(leader, fetchApi, [{ maxWaitMs: 20, minBytes: 1, maxBytes, committed, topics: [{ topicId: id, partitions: [{ partition, leaderEpoch: -1, offset, maxBytes }] }] }])
    assert.equal(errorCode, 0)
    return topics[0]!.partitions[0]!
  }
  interface Found { readonly key: string | null; readonly value: string | null; readonly headers: readonly (readonly [string, string | null])[]; readonly timeMs: number; readonly offset: number }
  /** All of a partition, in as many fetches as it takes. */
  async function read(topic: string, partition: number, { committed = false, maxBytes = 10_000_000 } = {}): Promise<{ found: Found[]; codecs: Set<number>; fetches: number }> {
    const found: Found[] = [], codecs = new Set<number>()
    let fetches = 0
    for (let offset = 0; ; fetches++) {
      const { errorCode, records, abortedTransactions, lastStableOffset } = await fetch(topic, partition, offset, committed, maxBytes)
      assert.equal(errorCode, 0)
      if (offset === lastStableOffset) return { found, codecs, fetches }
      const walked = walkRecords(records, 0, records.length, { partition: `${topic}/${partition}`, from: offset, checkCrcs: true, aborted: committed ? new AbortedFilter(abortedTransactions) : undefined })
      assert.ok(walked.next > offset)
      codecs.add(records[22]! & 7)
      const rows = { ...walked, release() {} }
      const text = (bytes: Uint8Array | null) => bytes === null ? null : new TextDecoder().decode(bytes)
      for (let row = 0; row < rows.rows; row++) {
        const headers = partOf(rows, rows.headers, row)
        found.push({ key: text(partOf(rows, rows.keys, row)), value: text(partOf(rows, rows.values, row)), timeMs: rows.timesMs[row]!, offset: rows.offsets[row]!,
          headers: headers === null ? [] : readHeaders(headers, 0, headers.length).map(({ name, value }) => [name, text(value)]) })
      }
      offset = walked.next
    }
  }

  for (const [number, codec] of CODECS.entries()) test(`what Java's producer writes is read: ${codec}`, async () => {
    const topic = name(`java-${codec}`)
    await kafka.createTopic(topic, 5)
    const before = Date.now()
    const expected = Array.from({ length: 2_000 }, (_, i) => ({ key: i % 10 === 0 ? null : `key-é-${i}`, value: i % 7 === 0 ? null : `{"ride":${i},"text":"${'lorem ipsum '.repeat(i % 40)}"}`,
      headers: i % 3 === 0 ? [['first', `${i}`], ['second', 'zwei'], ['first', 'again']] : [] }))
    await kafkaTool('org.apache.kafka.tools.ConsoleProducer', ['--bootstrap-server', brokers, '--topic', topic, '--compression-codec', codec, '--command-property', 'linger.ms=50', '--batch-size', '60000',
      '--reader-property', 'parse.key=true', '--reader-property', 'parse.headers=true', '--reader-property', 'null.marker=NULL'],
    expected.map(({ key, value, headers }) => `${headers.length === 0 ? 'NULL' : headers.map(([name, value]) => `${name}:${value}`).join(',')}\t${key ?? 'NULL'}\t${value ?? 'NULL'}\n`).join(''))
    const found: Omit<Found, 'offset' | 'timeMs'>[] = []
    for (let partition = 0; partition < 5; partition++) {
      const { found: its, codecs } = await read(topic, partition)
      assert.deepEqual([...codecs], [number])
      for (const { key, timeMs } of its) {
        if (key !== null) { const bytes = new TextEncoder().encode(key); assert.equal(partitionOf(bytes, 0, bytes.length, 5), partition, key) }
        assert.ok(timeMs >= before && timeMs <= Date.now())
      }
      assert.deepEqual(its.map(({ offset }) => offset), its.map((_, i) => i))
      found.push(...its.map(({ key, value, headers }) => ({ key, value, headers })))
    }
    const sorted = (lines: readonly object[]) => lines.map(line => JSON.stringify(line)).sort()
    assert.deepEqual(sorted(found), sorted(expected))
  })

  test('what we write is read by Java, in every codec', async () => {
    const topic = name('ours')
    await kafka.createTopic(topic, 1)
    const lines: Line[] = []
    for (const codec of CODECS) {
      const its = Array.from({ length: 300 }, (_, i): Line => ({ key: i % 5 === 0 ? null : `k${i}`, value: i % 11 === 0 ? null : `${codec} ${i} ${'übermäßig '.repeat(i % 20)}`,
        timeMs: 1_700_000_000_000 + i * (i % 2 === 0 ? -70_000 : 1_000_000), headers: i % 4 === 0 ? [['a', `${i}`], ['b', null], ['a', 'twice']] : [] }))
      await written(topic, batchOf(its, codec))
      lines.push(...its)
    }
    const out = await kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', ['--bootstrap-server', brokers, '--topic', topic, '--from-beginning', '--max-messages', String(lines.length), '--timeout-ms', '30000',
      ...['timestamp', 'offset', 'headers', 'key'].flatMap(what => ['--formatter-property', `print.${what}=true`]), '--formatter-property', 'null.literal=NULL'])
    assert.deepEqual(out.toString().split('\n').slice(0, -1), lines.map(({ key, value, timeMs, headers }, i) =>
      [`CreateTime:${timeMs}`, `Offset:${i}`, headers!.length === 0 ? 'NO_HEADERS' : headers!.map(([name, value]) => `${name}:${value ?? 'NULL'}`).join(','), key ?? 'NULL', value ?? 'NULL'].join('\t')))
  })

  test('aborted transactions are not read, whole or in pieces', async () => {
    const topic = name('aborted'), id = name('id')
    await kafka.createTopic(topic, 1)
    const target = { transaction: id }
    const { producerId, producerEpoch, errorCode } = await cluster.request(target, initProducerIdV5.api, [id, 60_000, -1n, -1])
    assert.equal(errorCode, 0)
    let baseSequence = 0
    for (const [word, batches, codec] of [['ok1', 1, 'none'], ['BAD1', 1, 'none'], ['ok2', 1, 'lz4'], ['BAD2', 1, 'lz4'], ['BIGBAD', 30, 'none'], ['ok3', 1, 'none']] as const) {
      const [added] = await cluster.request(target, addPartitions, [[{ transactionalId: id, producerId, producerEpoch, verifyOnly: false, topics: [{ name: topic, partitions: [0] }] }]], { retryOn: [51] })
      assert.equal(added!.partitions[0]!.errorCode, 0)
      for (let batch = 0; batch < batches; batch++) {
        await written(topic, batchOf(Array.from({ length: 5 }, (_, i) => ({ value: `${word} ${i} ${'x'.repeat(300)}` })), codec, { producerId, producerEpoch, baseSequence, transactional: true }), id)
        baseSequence += 5
      }
      assert.equal((await cluster.request(target, endTxnV4.api, [id, producerId, producerEpoch, word.startsWith('ok')])).errorCode, 0)
    }
    for (let waited = 0; (await fetch(topic, 0, 0, true)).lastStableOffset < (35 * 5 + 6); waited++) {
      assert.ok(waited < 200, 'the last marker does not come')
      await new Promise(resolve => { setTimeout(resolve, 20) })
    }
    const words = (found: readonly Found[]) => Object.entries(Object.groupBy(found, ({ value }) => value!.split(' ')[0]!)).map(([word, its]) => [word, its!.length])
    for (const maxBytes of [10_000_000, 20_000, 4_000, 1]) {
      const { found, fetches } = await read(topic, 0, { committed: true, maxBytes })
      assert.deepEqual(words(found), [['ok1', 5], ['ok2', 5], ['ok3', 5]], `in fetches of ${maxBytes} bytes`)
      assert.ok(maxBytes > 100_000 ? fetches < 4 : fetches > 2, `${fetches} fetches of ${maxBytes} bytes`)
    }
    assert.deepEqual(words((await read(topic, 0)).found), [['ok1', 5], ['BAD1', 5], ['ok2', 5], ['BAD2', 5], ['BIGBAD', 150], ['ok3', 5]])
  })

  test('the time of the log', async () => {
    const topic = name('append-time')
    await kafka.createTopic(topic, 1, { 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    await written(topic, batchOf([{ value: 'a', timeMs: 1 }, { value: 'b', timeMs: 2 }], 'zstd'))
    const { found: [a, b] } = await read(topic, 0)
    assert.ok(a!.timeMs === b!.timeMs && a!.timeMs >= before, `${a!.timeMs} ${b!.timeMs}`)
  })
  test('several partitions in one request, each with its own answer', async () => {
    const topic = name('several')
    await kafka.createTopic(topic, 2)
    await produce(topic, new Map([[1, batchOf([{ value: 'before' }])]]))
    const answers = await produce(topic, new Map([0, 1, 7].map(partition => [partition, batchOf([{ value: `for ${partition}` }], 'snappy')])))
    assert.deepEqual(answers.map(({ partition, errorCode, baseOffset }) => [partition, errorCode, baseOffset]).sort(), [[0, 0, 0], [1, 0, 1], [7, 3, -1]])
    assert.deepEqual((await read(topic, 1)).found.map(({ value }) => value), ['before', 'for 1'])
  })
  test('a record that the broker does not take is named', async () => {
    const topic = name('compacted')
    await kafka.createTopic(topic, 1, { 'cleanup.policy': 'compact' })
    const [answer] = await produce(topic, new Map([[0, batchOf([{ key: 'k', value: '0' }, { value: '1' }, { key: 'k', value: '2' }, { value: '3' }])]]))
    assert.equal(answer!.errorCode, 87)
    assert.deepEqual(answer!.recordErrors.map(({ row }) => row), [1, 3])
    assert.match(answer!.recordErrors[0]!.message!, /without key/)
    assert.match(answer!.message!, /compacted|invalid/i)
  })
  test('a damaged batch is not taken by the broker: the checksum is ours', async () => {
    const topic = name('damaged')
    await kafka.createTopic(topic, 1)
    const batch = batchOf([{ value: 'a' }])
    batch[batch.length - 2]! ^= 1
    assert.equal((await produce(topic, new Map([[0, batch]])))[0]!.errorCode, 2)
  })
  test('a position that is not there, and a topic that is gone', async () => {
    const topic = name('position')
    await kafka.createTopic(topic, 1)
    await written(topic, batchOf([{ value: 'a' }]))
    const { errorCode, records, highWatermark } = await fetch(topic, 0, 5)
    assert.deepEqual([errorCode, records.length], [1, 0])
    assert.ok(highWatermark === -1 || highWatermark === 1)
    const { leader } = await cluster.leader(topic, 0)
    const { topics } = await cluster.request(leader, fetchApi, [{ maxWaitMs: 0, minBytes: 0, maxBytes: 100, committed: false,
      topics: [{ topicId: '12345678-1234-1234-1234-123456789012', partitions: [{ partition: 0, leaderEpoch: -1, offset: 0, maxBytes: 100 }] }] }])
    assert.equal(topics[0]!.partitions[0]!.errorCode, 100)
  })
})
