import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHeaders } from '../../codecs/headers.ts'
import { partOf } from '../../codecs/pack.ts'
import type { Ownership, RecordBatch } from '../../core/index.ts'
import { FakeClock } from '../../testing/clock.ts'
import { memorySink, MemorySink } from './sink.ts'
import { memorySource } from './source.ts'
import type { MemoryEntry, MemorySourceOptions } from './options.ts'
import { Ledger } from './weather.ts'
import type { Weather } from './weather.ts'

const decoder = new TextDecoder()
const owner = (told: string[] = []): Ownership =>
  ({ assigned(positions) { for (const { partition, offset } of positions) told.push(`${partition}@${offset}`) }, revoked: async () => {}, lost() {} })
async function read(options: MemorySourceOptions, told: string[] = []): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of memorySource(options, new FakeClock()).read(owner(told), new AbortController().signal)) batches.push(batch)
  return batches
}
const values = (batch: RecordBatch) => Array.from({ length: batch.rows }, (_, row) => { const value = partOf(batch, batch.values, row); return value === null ? null : decoder.decode(value) })

test('memory: records go in as texts, bytes, objects and null, with keys, headers, times and offsets', async () => {
  const told: string[] = []
  const [batch] = await read({ records: [{ value: 'a', key: 'k', headers: [['h', 'x'], ['h', null]], timeMs: 7 }, { value: { b: 1 }, offset: 5 }, { value: Uint8Array.of(99) }, { value: null }] }, told)
  assert.deepEqual(told, ['memory@0'])
  assert.deepEqual([batch!.partition, batch!.from, batch!.next, [...batch!.offsets], [...batch!.timesMs]], ['memory', 0n, 8n, [0, 5, 6, 7], [7, 0, 0, 0]])
  assert.deepEqual(values(batch!), ['a', '{"b":1}', 'c', null])
  assert.equal(decoder.decode(partOf(batch!, batch!.keys, 0)!), 'k')
  const headers = partOf(batch!, batch!.headers, 0)!
  assert.deepEqual(readHeaders(headers, 0, headers.length).map(({ name, value }) => [name, value && decoder.decode(value)]), [['h', 'x'], ['h', null]])
})

test('memory: partitions take turns, batches keep to their rows and bytes, nothing is missing between them', async () => {
  const batches = await read({ records: { p: Array.from({ length: 5 }, (_, i) => ({ value: `p${i}` })), q: [{ value: 'q0' }] }, batchRows: 2 })
  assert.deepEqual(batches.map(batch => `${batch.partition} ${batch.from}-${batch.next} ${values(batch).join()}`), ['p 0-2 p0,p1', 'q 0-1 q0', 'p 2-4 p2,p3', 'p 4-5 p4'])
  const small = await read({ records: Array.from({ length: 6 }, () => ({ value: 'x'.repeat(30) })), batchBytes: 100 })
  assert.deepEqual(small.map(({ rows }) => rows), [2, 2, 2])               // 10 bytes a record are reckoned for headers
  const source = memorySource({ records: [{ value: 'x'.repeat(500) }], batchBytes: 100 }, new FakeClock())
  assert.ok(source.batchBytesMax >= 500)
})

test('memory: a read begins at the committed position, and offsets that do not rise are a mistake', async () => {
  const source = memorySource({ records: [{ value: 'a' }, { value: 'b', offset: 9 }] }, new FakeClock())
  await source.commit([{ partition: 'memory', offset: 1n }])
  const told: string[] = []
  for await (const batch of source.read(owner(told), new AbortController().signal)) assert.deepEqual(values(batch), ['b'])
  assert.deepEqual([told, source.lag()], [['memory@1'], [{ partition: 'memory', records: 0 }]])
  assert.throws(() => memorySource({ records: [{ value: 'a', offset: 3 }, { value: 'b', offset: 3 }] }, new FakeClock()), TypeError)
})

test('memory: what comes out is a copy, and too large records are refused alone', async () => {
  const [batch] = await read({ records: [{ value: 'a', key: 'k', headers: [['h', 'x']], timeMs: 3 }, { value: 'xxxx' }, { value: null }] })
  const records: MemoryEntry[] = []
  const refused = await memorySink({ records, recordBytesMax: 3 }, new FakeClock()).write(batch!)
  batch!.bytes.fill(0)
  assert.deepEqual(refused.map(({ row, stage, error }) => [row, stage, error.code, error.severity]), [[1, 'sink', 'SLUICE_RECORD_TOO_LARGE', 'record']])
  assert.deepEqual(records.map(({ key, value, headers, timeMs }) => [key && decoder.decode(key), value && decoder.decode(value), headers.length, timeMs]), [['k', 'a', 1, 3], [null, null, 0, 0]])
})

test('order-survives-a-failure: what was written after a failed write does not land either', async () => {
  const clock = new FakeClock(), records: MemoryEntry[] = []
  let writes = 0
  const weather: Weather = { delayMs: () => 5, fails: () => writes++ === 0 ? 'before' : undefined }
  const sink = new MemorySink('memory', records, { clock, weather }, { transactional: false, recordBytesMax: 100 })
  const [first, second] = await read({ records: [{ value: 'a' }, { value: 'b' }], batchRows: 1 })
  const writing = Promise.allSettled([sink.write(first!), sink.write(second!)])
  assert.deepEqual((await clock.run(writing)).map(({ status }) => status), ['rejected', 'rejected'])
  assert.deepEqual(records, [])
  await clock.run(sink.write(second!))
  assert.equal(records.length, 1)
})

test('exactly-once: results, rejects and positions appear together, or not at all', async () => {
  const clock = new FakeClock(), results: MemoryEntry[] = [], rejects: MemoryEntry[] = []
  const source = memorySource({ records: [{ value: 'a' }] }, clock), sink = memorySink({ records: results }, clock), reject = memorySink({ records: rejects }, clock)
  const delivery = (await sink.delivery(source, [sink, reject]))!
  const [batch] = await read({ records: [{ value: 'a' }] })
  await delivery.write(sink, batch!)
  await delivery.write(reject, batch!)
  await delivery.abort()
  await delivery.write(sink, batch!)
  await delivery.write(reject, batch!)
  assert.deepEqual([results.length, rejects.length, source.log.committed.size], [0, 0, 0])
  await delivery.commit([{ partition: 'memory', offset: 1n }])
  assert.deepEqual([results.length, rejects.length, source.log.committed.get('memory')], [1, 1, 1n])
  assert.equal(await sink.delivery({ name: 'other', batchBytesMax: 1, read: (to, signal) => source.read(to, signal), commit: async () => {}, close: async () => {} }, [sink]), undefined)
})

test('exactly-once: a commit of someone who has lost the partition adds nothing', async () => {
  const clock = new FakeClock(), records: MemoryEntry[] = []
  const source = memorySource({ records: [{ value: 'a' }] }, clock), sink = memorySink({ records }, clock)
  const delivery = (await sink.delivery(source, [sink]))!
  await delivery.write(sink, (await read({ records: [{ value: 'a' }] }))[0]!)
  source.log.owners.delete('memory')
  await assert.rejects(delivery.commit([{ partition: 'memory', offset: 1n }]), { code: 'SLUICE_FENCED', severity: 'retry' })
  assert.deepEqual([records, source.log.committed.size], [[], 0])
})

test('exactly-once: an abort waits for a commit on its way', async () => {
  const clock = new FakeClock(), records: MemoryEntry[] = []
  const source = memorySource({ records: [{ value: 'a' }] }, clock)
  const sink = new MemorySink('memory', records, { clock, weather: { delayMs: () => 10, fails: () => undefined } }, { transactional: true, recordBytesMax: 100 })
  const delivery = (await sink.delivery(source, [sink]))!
  await clock.run(delivery.write(sink, (await read({ records: [{ value: 'a' }] }))[0]!))
  const commit = delivery.commit([{ partition: 'memory', offset: 1n }])
  await clock.run(delivery.abort())
  assert.deepEqual([records.length, source.log.committed.get('memory')], [1, 1n])
  await commit
})

test('ledger: what is released twice is told, and a late reader finds nonsense', () => {
  const ledger = new Ledger(), bytes = Uint8Array.of(1, 2), release = ledger.hold('batch', [bytes], true)
  assert.deepEqual([ledger.held, ledger.bytes], [1, 2])
  release()
  release()
  assert.deepEqual([ledger.held, ledger.bytes, ledger.bytesPeak, [...bytes], ledger.errors], [0, 0, 2, [0x3f, 0x3f], ['batch released twice']])
})
