import assert from 'node:assert/strict'
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeTransactionsV0, findCoordinatorV4 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openKafkaSink } from '../../src/connect/kafka/sink.ts'
import { SluiceError } from '../../src/core/index.ts'
import { kafkaTool, startOwnKafka } from '../services/kafka.ts'
import type { OwnKafka, OwnOptions } from '../services/kafka.ts'
import { loud, openBed, skip, sleep } from './bed.ts'
import type { Bed } from './bed.ts'
import { API, openProxy } from './proxy.ts'
import { linesOf, numbered, readTopic, valuesIn } from './topics.ts'
import { openUnits, positionOf } from './units.ts'

const opened: { close(): Promise<void> }[] = []
const keep = <T extends { close(): Promise<void> }>(part: T): T => { opened.push(part); return part }

async function own(t: TestContext, options: OwnOptions = {}): Promise<{ kafka: OwnKafka; bed: Bed } | undefined> {
  const kafka = await startOwnKafka(options)
  if (typeof kafka === 'string') { t.skip(kafka); return undefined }
  keep(kafka)
  return { kafka, bed: keep(await openBed(kafka.brokers)) }
}

describe('writing to brokers that fail', { timeout: 400_000, skip }, () => {
  afterEach(async () => { for (const part of opened.splice(0).reverse()) await part.close() })

  test('a broker that is killed and comes back under load: every record once, in order', async t => {
    const its = await own(t)
    if (its === undefined) return
    const { kafka, bed } = its
    const topic = await bed.topic(3)
    const sink = keep(await openKafkaSink({ brokers: kafka.brokers, topic }, testContext(loud)))
    let sent = 0, stopped = false
    const failures: unknown[] = []
    const load = (async () => {
      const writes = new Set<Promise<unknown>>()
      while (!stopped) {
        const write: Promise<unknown> = sink.write(linesOf(Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: String(sent + i) })))).catch(error => failures.push(error)).finally(() => writes.delete(write))
        writes.add(write)
        sent += 50
        if (writes.size >= 100) await Promise.race(writes)
        else if (sent % 500 === 0) await sleep(2)
      }
      await Promise.all(writes)
    })()
    for (let kills = 0; kills < 2; kills++) {
      await sleep(1_000)
      await kafka.kill()
      await sleep(500)
      await kafka.restart()
    }
    await sleep(1_000)
    stopped = true
    await load
    assert.deepEqual(failures, [])
    const found = await readTopic(bed.cluster, topic)
    assert.equal(found.length, sent)
    for (const values of Map.groupBy(found, ({ key }) => key).values()) {
      for (let i = 1; i < values.length; i++) assert.equal(Number(values[i]!.value), Number(values[i - 1]!.value) + 50)
    }
  })

  test('a broker that stays away: what is not settled fails, is tried again by the caller, and lands once', async t => {
    const its = await own(t)
    if (its === undefined) return
    const { kafka, bed } = its
    const topic = await bed.topic(1)
    const sink = keep(await openKafkaSink({ brokers: kafka.brokers, topic, requestTimeoutMs: 500 }, testContext(loud)))
    await sink.write(linesOf([{ value: 'before' }]))
    await kafka.kill()
    const writes = await Promise.allSettled([1, 2, 3].map(i => sink.write(linesOf([{ value: `w${i}` }]))))
    for (const each of writes) {
      assert.ok(each.status === 'rejected' && each.reason instanceof SluiceError)
      assert.equal(each.reason.code, 'SLUICE_SINK_AWAY')
      assert.equal(each.reason.severity, 'retry')
    }
    await kafka.restart()
    for (const value of ['w1', 'w2', 'w3']) await sink.write(linesOf([{ value }]))
    assert.deepEqual(await valuesIn(bed.cluster, topic), ['before', 'w1', 'w2', 'w3'])
  })

  test('a broker that is silent: what is buffered is bounded', async t => {
    const its = await own(t)
    if (its === undefined) return
    const { kafka, bed } = its
    const topic = await bed.topic(2)
    const proxy = keep(await openProxy(kafka.brokers))
    const child = fork(fileURLToPath(new URL('silent-child.ts', import.meta.url)), [proxy.brokers, topic])
    keep({ close: async () => { child.kill() } })
    await once(child, 'message')
    let letGo = () => {}
    const held = new Promise<'pass'>(resolve => { letGo = () => resolve('pass') })
    proxy.request = key => key === API.PRODUCE ? held : 'pass'
    child.send('go')
    const [grown] = await once(child, 'message') as [number]
    t.diagnostic(`grown by ${Math.round(grown)} MiB`)
    assert.ok(grown < 110, `${grown} MiB: 32 are buffered, and up to 20 lie in requests`)
    letGo()
    await once(child, 'exit')
    assert.equal((await readTopic(bed.cluster, topic)).length, 201_000)
  })

  test('a process that is killed in mid-transaction: its heir begins at once, and nobody sees what was open', async t => {
    const its = await own(t)
    if (its === undefined) return
    const { kafka, bed } = its
    const topic = await bed.topic(2), id = bed.name('tid'), group = bed.name('group')
    const child = spawn(process.execPath, [fileURLToPath(new URL('units-child.ts', import.meta.url)), kafka.brokers, id, group, topic], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const began = Date.now()
    const heir = keep(await openUnits({ brokers: kafka.brokers, id, group, topics: [topic] }))
    assert.equal(await positionOf(bed.cluster, group, topic), 10)
    await heir.write(0, numbered('heir', 10))
    await heir.commit(20)
    assert.deepEqual((await valuesIn(bed.cluster, topic)).sort(), [...numbered('committed', 10), ...numbered('heir', 10)].map(({ value }) => value).sort())
    assert.ok(Date.now() - began < 10_000, 'not after the time-out of the transaction, which is a minute')
    const java = await kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', ['--bootstrap-server', kafka.brokers, '--topic', topic, '--from-beginning', '--isolation-level', 'read_committed', '--max-messages', '20', '--timeout-ms', '20000'])
    assert.deepEqual(java.toString().trim().split('\n').sort(), [...numbered('committed', 10), ...numbered('heir', 10)].map(({ value }) => value).sort(), 'Java sees the same')
  })

  test('the coordinator, and the leader, are killed in mid-transaction', async t => {
    const its = await own(t, { nodes: 3 })
    if (its === undefined) return
    const { kafka, bed } = its
    const topic = bed.name('topic'), id = bed.name('tid'), group = bed.name('group')
    await kafka.createTopic(topic, 3)
    const { write, commit, delivery, close } = await openUnits({ brokers: kafka.brokers, id, group, topics: [topic], requestTimeoutMs: 30_000 })
    keep({ close })
    const coordinator = async () => (await bed.cluster.request('any', findCoordinatorV4.api, [1, [id]])).coordinators[0]!.nodeId
    let at = 0, aborts = 0
    const unit = async (between?: () => Promise<void>): Promise<void> => {
      for (;;) {
        try {
          await write(0, numbered(`u${at}-`, 30))
          await between?.()
          between = undefined
          await write(0, numbered(`v${at}-`, 30))
          await commit(at + 1)
          at++
          return
        } catch (error) {
          assert.ok(error instanceof SluiceError && error.severity === 'retry', String(error))
          aborts++
          for (;;) {
            try { await delivery.abort(); break } catch (error) { assert.ok(error instanceof SluiceError && error.severity === 'retry', String(error)) }
          }
          at = await positionOf(bed.cluster, group, topic)
        }
      }
    }
    for (let i = 0; i < 3; i++) await unit()
    const first = await coordinator()
    await unit(() => kafka.kill(first))
    for (let i = 0; i < 3; i++) await unit()
    assert.notEqual(await coordinator(), first)
    await kafka.restart()
    for (let i = 0; i < 3; i++) await unit()
    t.diagnostic(`${aborts} aborts`)
    assert.equal(at, 10)
    const found = (await valuesIn(bed.cluster, topic)).sort()
    assert.deepEqual(found, Array.from({ length: at }, (_, u) => [...numbered(`u${u}-`, 30), ...numbered(`v${u}-`, 30)].map(({ value }) => value)).flat().sort())
    assert.equal((await bed.cluster.request({ transaction: id }, describeTransactionsV0.api, [[id]])).transactionStates[0]!.errorCode, 0)
  })
})
