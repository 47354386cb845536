import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Packer } from '../../src/codecs/pack.ts'
import { testContext } from '../../src/conformance/context.ts'
import { openKafkaSink, openKafkaSource } from '../../src/connect/kafka/index.ts'
import type { Records, Rejects, Result } from '../../src/core/index.ts'
import { flowDefaults, run } from '../../src/flow/index.ts'
import type { Ended } from '../../src/flow/index.ts'
import { control, double, features, predictor } from '../flow/rig.ts'
import { loud, openBed, skip, sleep } from './bed.ts'
import type { Bed } from './bed.ts'
import { openProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'
import { readTopic } from './topics.ts'
import { openUnits } from './units.ts'

/** The key, and the doubled number. */
const result: Result = {
  check() {},
  write(from, { parts, part, at }) {
    const packer = new Packer(from.rows, 64), rows: number[] = []
    for (let row = 0; row < from.rows; row++) {
      if (part[row]! < 0) continue
      packer.row(from.timesMs[row]!)
      packer.copyKeyAndHeaders(from, row)
      const start = packer.length
      packer.text(String((parts[part[row]!]!.outputs.tensors.get('y')!.data as Float64Array)[at[row]!]))
      packer.setValue(start)
      rows.push(row)
    }
    return { records: packer.finish(), rows: Int32Array.from(rows), rejected: [] }
  },
}
const rejects: Rejects = {
  write(from, rejected): Records {
    const packer = new Packer(rejected.length, 64)
    for (const { row } of rejected) {
      packer.row(from.timesMs[row]!)
      packer.copyKeyAndHeaders(from, row)
      const start = packer.length
      packer.append(from.bytes, from.values.start[row]!, from.values.end[row]!)
      packer.setValue(start)
    }
    return packer.finish()
  },
}

interface Topics { readonly input: string; readonly output: string; readonly rejects: string; readonly group: string }
interface Running { readonly ended: Promise<Ended>; readonly lines: string[]; stop(): Promise<Ended> }

describe('from topic to topic', { timeout: 300_000, skip }, () => {
  let bed: Bed
  const opened: { close(): Promise<void> }[] = []
  before(async () => { bed = await openBed() })
  after(async () => {
    for (const each of opened.reverse()) await each.close()
    await bed.close()
  })

  async function pipeline(brokers: string, { input, output, rejects: refused, group }: Topics, instance?: string, sinkBrokers = brokers): Promise<Running> {
    const lines: string[] = []
    const context = testContext({ log: { write: (level: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object) => { lines.push(`${level}: ${text}`); loud.log?.write(level, text, fields) } } })
    const source = await openKafkaSource({ brokers, topics: [input], group, requestTimeoutMs: 3_000, fetchWaitMs: 50, batchBytes: 20_000, recordBytesMax: 20_000, ...(instance === undefined ? {} : { instance }) }, context)
    const sink = await openKafkaSink({ brokers: sinkBrokers, topic: output, requestTimeoutMs: 3_000, lingerMs: 1 }, context, { name: 'double' })
    const reject = await openKafkaSink({ brokers: sinkBrokers, topic: refused, requestTimeoutMs: 3_000, lingerMs: 1 }, context, { name: 'double' })
    const stop = new AbortController()
    const ended = run({ source, sink, reject, features, control: control(predictor(x => double(x))), result, rejects, clock: context.clock, log: context.log, metrics: context.metrics,
      options: { ...flowDefaults, commitEveryMs: 50, retryMs: 20, drainMs: 5_000 } }, stop.signal).finally(async () => { for (const part of [reject, sink, source]) await part.close() })
    ended.catch(() => {})
    opened.push({ close: async () => { stop.abort(); await ended.catch(() => {}) } })
    return { ended, lines, stop() { stop.abort(); return ended } }
  }
  async function topics(): Promise<Topics> {
    const kept = { 'retention.ms': '-1' }
    return { input: await bed.topic(4, kept), output: await bed.topic(3, kept), rejects: await bed.topic(1, kept), group: bed.name('group') }
  }
  /** Numbers, every hundredth of them bad, in transactions of which every third is aborted. */
  async function feed(topic: string, from: number, to: number): Promise<void> {
    const { write, delivery, close } = await openUnits({ brokers: bed.brokers, id: bed.name('upstream'), group: bed.name('upstream'), topics: [topic] })
    for (let at = from, unit = 0; at < to; unit++) {
      const aborted = unit % 3 === 2
      await write(0, Array.from({ length: Math.min(200, to - at) }, (_, i) => ({ key: `k${(at + i) % 37}`, value: aborted ? `${at + i}000000` : (at + i) % 100 === 99 ? `bad${at + i}` : String(at + i) })))
      if (aborted) await delivery.abort()
      else { await delivery.commit([]); at += 200 }
    }
    await close()
  }
  async function done({ output, rejects: refused }: Topics, count: number, running: readonly Running[]): Promise<void> {
    for (let waits = 0; ; waits++) {
      for (const { ended, lines } of running) await Promise.race([ended.then(end => { throw new Error(`ended: ${JSON.stringify(end)}\n${lines.join('\n')}`) }), sleep(0)])
      const found = (await readTopic(bed.cluster, output, false)).length + (await readTopic(bed.cluster, refused, false)).length
      if (found >= count) return
      assert.ok(waits < 600, `${found} of ${count}\n${running.map(({ lines }) => lines.join('\n')).join('\n--\n')}`)
      await sleep(100)
    }
  }
  async function check({ output, rejects: refused }: Topics, count: number): Promise<void> {
    const all = Array.from({ length: count }, (_, i) => i)
    const results = await readTopic(bed.cluster, output), rejected = await readTopic(bed.cluster, refused)
    const bad = all.filter(i => i % 100 === 99)
    assert.deepEqual(rejected.map(({ value }) => Number(value!.slice(3))).sort((a, b) => a - b), bad)
    assert.deepEqual(results.map(({ value }) => Number(value) / 2).sort((a, b) => a - b), all.filter(i => i % 100 !== 99))
    for (const [key, its] of Map.groupBy(results, line => line.key)) {
      const values = its.map(({ value }) => Number(value) / 2)
      assert.deepEqual(values, [...values].sort((a, b) => a - b), `order of ${key}`)
    }
  }

  test('every record exactly once, what upstream aborts never', async () => {
    const its = await topics()
    await feed(its.input, 0, 5_000)
    const one = await pipeline(bed.brokers, its)
    await done(its, 5_000, [one])
    const ended = await one.stop()
    assert.equal(ended.guarantee, 'exactly-once')
    assert.equal(ended.records, 5_000)
    assert.ok(ended.drained)
    await check(its, 5_000)
    const again = await pipeline(bed.brokers, its)
    await feed(its.input, 5_000, 6_000)
    await done(its, 6_000, [again])
    assert.equal((await again.stop()).records, 1_000)
    await check(its, 6_000)
  })

  test('two members, joining and leaving, over connections that fail', async t => {
    const its = await topics()
    const proxies: Proxy[] = []
    let faults = 0, state = 7, calm = false
    for (let i = 0; i < 2; i++) {
      const proxy = await openProxy(bed.brokers)
      opened.push(proxy)
      proxies.push(proxy)
      proxy.request = proxy.answer = () => {
        state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0
        if (calm || (state >>> 8) % 40 !== 0) return 'pass'
        faults++
        return 'cut'
      }
    }
    const feeding = feed(its.input, 0, 60_000)
    const first = await pipeline(proxies[0]!.brokers, its)
    let second = await pipeline(proxies[1]!.brokers, its)
    for (let turns = 0; turns < 3; turns++) {
      await sleep(2_000)
      await second.stop()
      second = await pipeline(proxies[1]!.brokers, its)
    }
    await feeding
    calm = true
    await done(its, 60_000, [first, second])
    const ends = [await first.stop(), await second.stop()]
    t.diagnostic(`${faults} faults, ${ends.map(({ aborts }) => aborts).join(' and ')} aborts`)
    await check(its, 60_000)
  })

  test('the same instance twice: the older one ends and says why', async () => {
    const its = await topics()
    await feed(its.input, 0, 1_000)
    const older = await pipeline(bed.brokers, its, 'a')
    await done(its, 1_000, [older])
    const younger = await pipeline(bed.brokers, its, 'a')
    await feed(its.input, 1_000, 2_000)
    await assert.rejects(older.ended, (error: { code: string; severity: string; message: string }) => {
      assert.ok(['SLUICE_PRODUCER_FENCED', 'SLUICE_INSTANCE_TAKEN'].includes(error.code), error.message)
      assert.equal(error.severity, 'fatal')
      return true
    })
    await done(its, 2_000, [younger])
    await younger.stop()
    await check(its, 2_000)
  })

  test('two pipelines that fight for one transactional id: one ends and says why, the other goes on', async () => {
    const one = await topics(), other = { ...await topics(), output: one.output }
    await feed(one.input, 0, 1_000)
    const first = await pipeline(bed.brokers, one, 'a')
    await done(one, 1_000, [first])
    const second = await pipeline(bed.brokers, other, 'a')
    await feed(one.input, 1_000, 2_000)
    await assert.rejects(first.ended, { code: 'SLUICE_PRODUCER_FENCED', severity: 'fatal', message: /another process has taken over transactional id 'sluice-double-/ })
    await feed(other.input, 2_000, 2_200)
    await done({ ...other, rejects: other.rejects }, 1_000 - 10 + 200, [second])
    await second.stop()
  })

  test('from a file, or to another cluster: at least once, as it says', async () => {
    const its = await topics()
    await feed(its.input, 0, 500)
    // another way to the same cluster is still the same cluster
    const proxy = await openProxy(bed.brokers)
    opened.push(proxy)
    const same = await pipeline(bed.brokers, its, undefined, proxy.brokers)
    await done(its, 500, [same])
    assert.equal((await same.stop()).guarantee, 'exactly-once')
    const sink = await openKafkaSink({ brokers: bed.brokers, topic: its.output }, testContext())
    const none = { name: 'none', batchBytesMax: 1, async *read() {}, commit: async () => {}, close: async () => {} }
    assert.equal(await sink.delivery!(none, [sink]), undefined)
    await sink.close()
  })
})
