// What the other files of this folder do not have: docs/kafka.md, "When something is away".
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testContext } from '../../src/conformance/context.ts'
import { openKafkaSink, openKafkaSource } from '../../src/connect/kafka/index.ts'
import type { Definition } from '../../src/index.ts'
import { runPipeline } from '../../src/pipeline/run.ts'
import type { RunOptions, RunReport } from '../../src/pipeline/run.ts'
import { startOwnKafka } from '../services/kafka.ts'
import type { OwnKafka } from '../services/kafka.ts'
import { openBed, skip, sleep } from './bed.ts'
import type { Bed } from './bed.ts'
import { openProxy } from './proxy.ts'
import { linesOf, readTopic } from './topics.ts'

const MODEL = fileURLToPath(new URL('../golden/models/xgboost/reg-diabetes/model.json', import.meta.url))
const NAMES = ['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6']
const textOf = (n: number, pad = ''): string => JSON.stringify({ n, ...Object.fromEntries(NAMES.map((name, i) => [name, (n % 100 + i) / 100])), pad })
const numbersIn = (found: readonly { readonly value: string | null }[]): number[] => found.map(({ value }) => Number(/"n":(\d+)/.exec(value!)![1]))

describe('bad input to a pipeline from topic to topic', { timeout: 300_000, skip }, () => {
  let bed: Bed
  before(async () => { bed = await openBed() })
  after(() => bed.close())

  interface Topics { readonly input: string; readonly output: string; readonly rejects: string }
  const topics = async (on = bed, configs = {}): Promise<Topics> => ({ input: await on.topic(2), output: await on.topic(2, configs), rejects: await on.topic(1) })
  const definitionOf = ({ input, output, rejects }: Topics, brokers = bed.brokers): Definition => ({
    name: input, source: { kafka: { brokers, topics: [input], group: input, fetchWaitMs: 50 } }, strategy: { embedded: { model: MODEL } },
    result: { merge: { score: 'prediction' }, origin: false }, sink: { kafka: { topic: output } }, reject: { kafka: { topic: rejects }, stopAbove: false },
  })
  /** Runs until `enough`, looked at again and again. */
  async function until(definition: Definition, enough: () => Promise<boolean>, options: RunOptions = {}): Promise<RunReport> {
    const stop = new AbortController(), running = runPipeline(definition, { ...options, signal: stop.signal })
    running.catch(() => {})
    try {
      for (const end = Date.now() + 120_000; !await enough(); await Promise.race([sleep(50), running.then(() => { throw new Error('it ended') })])) assert.ok(Date.now() < end, 'it takes too long')
    } finally {
      stop.abort()
    }
    return running
  }
  const write = async (topic: string, lines: Parameters<typeof linesOf>[0], brokers = bed.brokers): Promise<void> => {
    const producer = await openKafkaSink({ brokers, topic }, testContext())
    assert.deepEqual(await producer.write(linesOf(lines)), [])
    await producer.close()
  }

  test('tombstones, null keys, headers and times are passed on; times that go back, too', async () => {
    const its = await topics(), lines = [
      { key: 'a', value: textOf(1), timeMs: Date.now(), headers: [['h', '1'], ['h', null], ['', 'x']] as const },
      { key: null, value: textOf(2), timeMs: Date.now() - 86_400_000 },
      { key: 'a', value: null, timeMs: Date.now() - 5000 },
      { key: 'a', value: textOf(3), timeMs: Date.now() - 3600_000, headers: [['later', 'y']] as const },
    ]
    await write(its.input, lines)
    await until(definitionOf(its), async () => (await readTopic(bed.cluster, its.output)).length === lines.length)
    const found = await readTopic(bed.cluster, its.output)
    const essence = ({ key, value, headers = [], timeMs }: { key?: string | null; value: string | null; headers?: readonly unknown[]; timeMs?: number }) =>
      [key ?? null, value === null ? null : Number(/"n":(\d+)/.exec(value)![1]), [...headers], timeMs]
    const inOrder = (records: readonly Parameters<typeof essence>[0][], key: string | null) => records.filter(record => (record.key ?? null) === key).map(essence)
    for (const key of ['a', null]) assert.deepEqual(inOrder(found, key), inOrder(lines, key))
  })

  test('the clock of the machine is set back by an hour', async t => {
    const its = await topics(), now = Date.now
    t.after(() => { Date.now = now })
    const count = async () => (await readTopic(bed.cluster, its.output)).length
    await write(its.input, Array.from({ length: 100 }, (_, n) => ({ key: `k${n % 7}`, value: textOf(n) })))
    let isBack = false
    await until(definitionOf(its), async () => {
      const there = await count()
      if (there === 100 && !isBack) {
        isBack = true
        Date.now = () => now() - 3_600_000
        await write(its.input, Array.from({ length: 100 }, (_, n) => ({ key: `k${n % 7}`, value: textOf(100 + n), timeMs: Date.now() })))
      }
      return there === 200
    })
    assert.deepEqual(numbersIn(await readTopic(bed.cluster, its.output)).sort((a, b) => a - b), Array.from({ length: 200 }, (_, n) => n))
  })

  test('a result that the topic does not take is rejected inside of the transaction, and no other', async () => {
    const its = await topics(bed, { 'max.message.bytes': '20000' })
    await write(its.input, Array.from({ length: 30 }, (_, n) => ({ key: `k${n}`, value: textOf(n, n === 17 ? 'x'.repeat(30_000) : '') })))
    const report = await until(definitionOf(its), async () => (await readTopic(bed.cluster, its.output)).length + (await readTopic(bed.cluster, its.rejects)).length === 30)
    assert.equal(report.guarantee, 'exactly-once')
    const [rejected, ...more] = await readTopic(bed.cluster, its.rejects)
    assert.deepEqual([more.length, numbersIn([rejected!])], [0, [17]])
    assert.ok(rejected!.headers.some(([name, value]) => name === '__sluice.errors.code' && value === 'SLUICE_RECORD_TOO_LARGE'))
    assert.deepEqual(numbersIn(await readTopic(bed.cluster, its.output)).sort((a, b) => a - b), Array.from({ length: 30 }, (_, n) => n).filter(n => n !== 17))
  })

  test('a record of 64 MiB is rejected with its beginning, and those around it are scored', async t => {
    const kafka = await startOwnKafka({ set: { 'message.max.bytes': '80000000', 'replica.fetch.max.bytes': '80000000', 'socket.request.max.bytes': '104857600' } }) as OwnKafka
    t.after(() => kafka.close())
    const own = await openBed(kafka.brokers)
    t.after(() => own.close())
    const its = await topics(own)
    await write(its.input, [{ key: 'k', value: textOf(1) }], kafka.brokers)
    await write(its.input, [{ key: 'k', value: textOf(2, 'x'.repeat(64 * 2 ** 20)) }], kafka.brokers)
    await write(its.input, [{ key: 'k', value: textOf(3) }], kafka.brokers)
    await until(definitionOf(its, kafka.brokers), async () => (await readTopic(own.cluster, its.output)).length + (await readTopic(own.cluster, its.rejects)).length === 3)
    assert.deepEqual(numbersIn(await readTopic(own.cluster, its.output)), [1, 3])
    const [rejected] = await readTopic(own.cluster, its.rejects)
    assert.equal(rejected!.value, textOf(2, 'x'.repeat(64 * 2 ** 20)).slice(0, rejected!.value!.length))
    assert.ok(rejected!.value!.length > 60_000)
  })

  test('a broker without the consumer groups of KIP-848 is refused by name', async t => {
    const proxy = await openProxy(bed.brokers)
    t.after(() => proxy.close())
    const input = await bed.topic(1)
    // ApiVersions, version 3, of a broker that knows all but ConsumerGroupHeartbeat (68)
    proxy.rewrite = (key, frame) => {
      if (key !== 18) return undefined
      const apis = Array.from({ length: 93 }, (_, api) => api).filter(api => api !== 68)
      const body = Buffer.alloc(4 + 2 + 1 + apis.length * 7 + 4 + 1)
      frame.copy(body, 0, 8, 12)
      body[6] = apis.length + 1
      apis.forEach((api, i) => { body.writeInt16BE(api, 7 + i * 7); body.writeInt16BE(0, 9 + i * 7); body.writeInt16BE(17, 11 + i * 7) })
      const length = Buffer.alloc(4)
      length.writeInt32BE(body.length)
      return Buffer.concat([length, body])
    }
    await assert.rejects(openKafkaSource({ brokers: proxy.brokers, topics: [input], group: bed.name('group') }, testContext()), {
      code: 'SLUICE_BROKER_UNSUPPORTED', severity: 'fatal', message: /version 1 of API 68, the consumer groups of KIP-848/ })
  })

  test('the disk of the broker is full: nothing is lost, nothing doubled', async t => {
    const disk = mkdtempSync(join(tmpdir(), 'sluice-disk-'))
    try { execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=220m', 'tmpfs', disk], { stdio: 'ignore' }) } catch { rmSync(disk, { recursive: true }); t.skip('a small disk can be mounted by root only'); return }
    const home = process.env['TMPDIR']
    process.env['TMPDIR'] = disk
    const kafka = await startOwnKafka({ set: { 'log.segment.bytes': '16777216', 'log.index.size.max.bytes': '65536', 'offsets.topic.num.partitions': '1', 'transaction.state.log.num.partitions': '1' } }).finally(() => {
      if (home === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = home
    }) as OwnKafka
    t.after(async () => { await kafka.close(); execFileSync('umount', ['-l', disk]); rmSync(disk, { recursive: true }) })
    const own = await openBed(kafka.brokers)
    t.after(() => own.close())
    const its = await topics(own), filler = join(disk, 'filler'), total = 6000
    await write(its.input, Array.from({ length: total }, (_, n) => ({ key: `k${n % 50}`, value: textOf(n, 'x'.repeat(3000)) })), kafka.brokers)
    const log: string[] = []
    let full = false, mended = false
    await until(definitionOf(its, kafka.brokers), async () => {
      if (!full) {
        full = true
        try { for (let i = 0; ; i++) writeFileSync(filler, Buffer.alloc(2 ** 20), { flag: 'a' }) } catch { /* it is full */ }
        return false
      }
      if (!mended) {
        if (!log.some(line => /cannot be reached|NOT_LEADER|STORAGE|trying again/.test(line))) return false
        mended = true
        await kafka.kill().catch(() => {})             // it has ended by itself: so brokers are
        unlinkSync(filler)
        await kafka.restart()
      }
      return (await readTopic(own.cluster, its.output).catch(() => [])).length >= total
    }, { log: { write: (_, text) => { log.push(text) } } })
    const found = numbersIn(await readTopic(own.cluster, its.output))
    assert.deepEqual(found.sort((a, b) => a - b), Array.from({ length: total }, (_, n) => n))
  })
})
