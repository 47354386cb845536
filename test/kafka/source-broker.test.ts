import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createAclsV3, createTopicsV7 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { KafkaConnection, KafkaSourceOptions } from '../../src/connect/kafka/options.ts'
import { openKafkaSource } from '../../src/connect/kafka/source.ts'
import { BatchWriter, produceApi } from '../../src/connect/kafka/wire/index.ts'
import { SluiceError } from '../../src/core/index.ts'
import { startOwnKafka } from '../services/kafka.ts'
import type { OwnKafka, OwnOptions } from '../services/kafka.ts'
import { loud, openBed, skip, sleep, until, values } from './bed.ts'
import type { Bed } from './bed.ts'
import { API, openProxy } from './proxy.ts'
import { Reads } from './reads.ts'
import { linesOf } from './topics.ts'

const opened: { close(): Promise<void> }[] = []
const keep = <T extends { close(): Promise<void> }>(part: T): T => { opened.push(part); return part }

async function own(t: TestContext, options: OwnOptions = {}): Promise<OwnKafka | undefined> {
  // a broker that was killed may not come back before its old self has expired
  const kafka = await startOwnKafka({ ...options, set: { 'broker.session.timeout.ms': '2000', 'broker.heartbeat.interval.ms': '500', ...options.set } })
  if (typeof kafka !== 'string') return keep(kafka)
  t.skip(kafka)
  return undefined
}
async function read(options: KafkaSourceOptions): Promise<Reads> {
  const reads = new Reads(keep(await openKafkaSource(options, testContext(loud))))
  keep({ close: () => reads.stop() })
  return reads
}
/** Numbered values to all partitions until it is stopped, some of them perhaps twice; how many to each. The library's producer does not always survive the
    loss of a leader: it asks the old one until its retries are spent. */
function produce(bed: Bed, topic: string, partitions: number): { stop(): Promise<number> } {
  let stopped = false
  const writer = new BatchWriter('none')
  const producing = (async () => {
    let sent = 0
    for (; !stopped; sent += 5) {
      const records = linesOf(Array.from({ length: 5 }, (_, i) => ({ value: `{"i":${sent + i}}` })))
      writer.reset()
      writer.appendRange(records, 0, 5)
      const batch = writer.finish({ producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false })
      for (let partition = 0; partition < partitions; partition++) while (!await arrives(bed, topic, partition, batch)) await sleep(50)
      await sleep(20)
    }
    return sent
  })()
  return { stop() { stopped = true; return producing } }
}
async function arrives({ cluster }: Bed, topic: string, partition: number, batch: Buffer): Promise<boolean> {
  try {
    const { leader } = await cluster.leader(topic, partition)
    const answer = await cluster.request(leader, produceApi, [{ transactionalId: null, timeoutMs: 2_000, topics: [{ name: topic, partitions: [{ partition, batch }] }] }], { purpose: 'produce', timeoutMs: 5_000 })
    if (answer.topics[0]!.partitions[0]!.errorCode === 0) return true
  } catch (error) {
    if (!(error instanceof SluiceError) || error.severity !== 'retry') throw error
  }
  cluster.stale(topic)
  return false
}

describe('brokers that fail', { timeout: 300_000, skip }, () => {
  afterEach(async () => { for (const each of opened.splice(0).reverse()) await each.close() })

  test('a broker that is killed and comes back', async t => {
    const kafka = await own(t)
    if (kafka === undefined) return
    const bed = keep(await openBed(kafka.brokers)), topic = await bed.topic(2), group = bed.name('group')
    const reads = await read({ brokers: kafka.brokers, topics: [topic], group, requestTimeoutMs: 2_000 })
    const producing = produce(bed, topic, 2)
    await until('it reads', () => reads.rows.length > 50)
    await kafka.kill()
    await assert.rejects(reads.commit(), { code: 'SLUICE_SOURCE_AWAY', severity: 'retry' })
    await kafka.restart()
    const before = reads.rows.length
    await until('it reads on', () => reads.rows.length > before + 50, 90_000)
    const sent = await producing.stop()
    await until('all is read', () => [0, 1].every(partition => reads.rows.some(row => row.partition === `${topic}/${partition}` && row.value === `{"i":${sent - 1}}`)))
    assert.equal(reads.error, undefined)
    for (const partition of [0, 1]) {
      const seen = new Set(reads.rows.filter(row => row.partition === `${topic}/${partition}`).map(({ value }) => value))
      assert.equal(seen.size, sent)
    }
    await reads.commit()
  })

  test('a broker that is not there at the start is waited for', async t => {
    const kafka = await own(t)
    if (kafka === undefined) return
    const bed = keep(await openBed(kafka.brokers)), topic = await bed.topic(1), group = bed.name('group'), said: string[] = []
    await kafka.kill()
    const stop = new AbortController()
    keep({ close: async () => stop.abort() })
    const context = testContext({ signal: stop.signal, log: { write: (_: unknown, text: string) => { said.push(text) } } })
    const opening = openKafkaSource({ brokers: kafka.brokers, topics: [topic], group }, context)
    await until('it says so', () => said.length > 1)
    assert.match(said[0]!, /cannot be reached: .*; trying again in 250 ms/)
    await kafka.restart()
    keep(await opening)
    const never = openKafkaSource({ brokers: '127.0.0.1:1', topics: [topic], group }, context)
    stop.abort()
    await assert.rejects(never, { code: 'SLUICE_SOURCE_AWAY' })
  })

  test('one of three is killed: its partitions are read from their new leaders', async t => {
    const kafka = await own(t, { nodes: 3 })
    if (kafka === undefined) return
    const bed = keep(await openBed(kafka.brokers)), topic = bed.name('topic'), group = bed.name('group')
    const { topics: [made] } = await bed.cluster.request('any', createTopicsV7.api, [[{ name: topic, numPartitions: 6, replicationFactor: 3, assignments: [], configs: [{ name: 'min.insync.replicas', value: '1' }] }], 10_000, false])
    assert.equal(made?.errorCode, 0)
    const reads = await read({ brokers: kafka.brokers, topics: [topic], group, requestTimeoutMs: 5_000 })
    const producing = produce(bed, topic, 6)
    await until('it reads', () => reads.rows.length > 200)
    await kafka.kill(2)
    await sleep(1_000)
    const before = new Map(reads.done)
    await until('it reads on in all partitions', () => [...before].every(([partition, at]) => reads.done.get(partition)! > at), 90_000)
    const sent = await producing.stop()
    const distinct = () => new Set(reads.rows.map(({ partition, value }) => `${partition} ${value}`)).size
    await until('all is read', () => distinct() === 6 * sent)
    assert.equal(reads.error, undefined)
    assert.deepEqual(reads.events.filter(event => !event.startsWith('+')), [], 'the group did not lose them')
    await reads.commit()
  })

  test('a damaged batch: what is before it is read, nothing behind it', async () => {
    const bed = keep(await openBed()), topic = await bed.topic(2), proxy = keep(await openProxy(bed.brokers))
    for (let i = 0; i < 30; i += 10) await bed.produce(values(topic, 0, i, i + 10))
    const damage = Buffer.from('{"i":15}')
    proxy.answer = (key, frame) => {
      const at = frame.indexOf(damage)
      if (key === API.FETCH && at >= 0) frame[at + 5]! ^= 1
      return 'pass'
    }
    const reads = await read({ brokers: proxy.brokers, topics: [topic], group: bed.name('group'), checkCrcs: true })
    await reads.ended
    const error = reads.error as { code: string; severity: string; at: string }
    assert.deepEqual([error.code, error.severity, error.at], ['SLUICE_BATCH_CORRUPT', 'fatal', `${topic}/0@10`])
    assert.deepEqual(reads.values, Array.from({ length: 10 }, (_, i) => `{"i":${i}}`))
  })

  test('a broker that does not answer a fetch: it is asked again', async () => {
    const bed = keep(await openBed()), topic = await bed.topic(1), proxy = keep(await openProxy(bed.brokers))
    await bed.produce(values(topic, 0, 0, 10))
    let lost = 0
    proxy.answer = key => key === API.FETCH && lost++ < 2 ? 'lose' : 'pass'
    const reads = await read({ brokers: proxy.brokers, topics: [topic], group: bed.name('group'), requestTimeoutMs: 1_000 })
    await until('all is read', () => reads.rows.length === 10)
    assert.ok(lost > 2)
    await reads.commit()
  })

  test('wrong password, not authorised, a certificate that is not known', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'))
    t.after(() => { rmSync(folder, { recursive: true }) })
    const [certificate, key, both] = ['cert.pem', 'key.pem', 'both.pem'].map(name => join(folder, name)) as [string, string, string]
    try {
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=sluice', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' })
    } catch { t.skip('openssl is not installed'); return }
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'))
    const kafka = await own(t, { set: {
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL', 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256', 'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.plaintext.plain.sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="secret" user_alice="secret" user_bob="word";',
      'listener.name.plaintext.scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'ssl.keystore.type': 'PEM', 'ssl.keystore.location': both, 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': certificate,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': 'User:ANONYMOUS;User:alice',
    } })
    if (kafka === undefined) return
    const as = (username: string, password: string, mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' = 'plain'): KafkaConnection =>
      ({ brokers: kafka.brokers, tls: { caFile: certificate }, sasl: { mechanism, username, password } })
    const admin = keep(await openCluster(as('alice', 'secret'), testContext(loud), 'source'))
    await admin.request('any', createTopicsV7.api, [[{ name: 'rides', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }], 10_000, false])
    await admin.topic('rides')
    const open = (connection: KafkaConnection) => openKafkaSource({ ...connection, topics: ['rides'], group: 'eta' }, testContext(loud))
    const failing = async (connection: KafkaConnection) => {
      const reads = await read({ ...connection, topics: ['rides'], group: 'eta' })
      await reads.ended
      throw reads.error
    }
    const allow = async (resourceType: 2 | 3, resourceName: string, operation: 3 | 8) => {
      await admin.request('any', createAclsV3.api, [[{ resourceType, resourceName, resourcePatternType: 3, principal: 'User:bob', host: '*', operation, permissionType: 3 }]])
      await sleep(200)
    }
    const fatal = 'SLUICE_AUTHENTICATION_FAILED'

    keep(await open(as('alice', 'secret')))
    await assert.rejects(open(as('alice', 'wrong')), { code: fatal, severity: 'fatal', message: /refused the credentials: .*[Ii]nvalid/ })
    await assert.rejects(open(as('nobody', 'wrong', 'scram-sha-256')), { code: fatal })
    await assert.rejects(open(as('nobody', 'wrong', 'scram-sha-512')), { code: fatal, message: /mechanism/ })
    await assert.rejects(open({ ...as('alice', 'secret'), tls: true }), { code: fatal, message: /certificate of .* is not trusted/ })
    await assert.rejects(open({ ...as('alice', 'secret'), tls: { caFile: join(folder, 'none.pem') } }), { code: 'SLUICE_FILE_MISSING' })
    await assert.rejects(open({ ...as('alice', '') }), { code: 'SLUICE_CONFIG_INVALID' })
    await assert.rejects(open(as('bob', 'word')), { code: 'SLUICE_NOT_AUTHORIZED', message: "operation Describe on topic 'rides' is not allowed" })
    await allow(2, 'rides', 8)
    await assert.rejects(failing(as('bob', 'word')), { code: 'SLUICE_NOT_AUTHORIZED', message: "operation Read on group 'eta' is not allowed" })
    await allow(3, 'eta', 3)
    await assert.rejects(failing(as('bob', 'word')), { code: 'SLUICE_NOT_AUTHORIZED', message: "operation Read on topic 'rides' is not allowed", at: 'rides/0@0' })
  })
})
