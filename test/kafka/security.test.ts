import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createTopicsV7 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import { openKafkaSink } from '../../src/connect/kafka/index.ts'
import type { KafkaConnection, KafkaSasl } from '../../src/connect/kafka/options.ts'
import { kafkaTool, startOwnKafka } from '../services/kafka.ts'
import type { OwnKafka } from '../services/kafka.ts'
import { skip, sleep } from './bed.ts'
import { linesOf, valuesIn } from './topics.ts'

const REAUTHENTICATE_MS = 2000

describe('a broker that wants certificates and credentials', { timeout: 300_000, skip: skip || (hasOpenssl() ? false : 'openssl is not installed') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-security-')), file = (name: string): string => join(folder, name)
  let kafka: OwnKafka
  before(async () => {
    certificate('broker')
    certificate('client')
    writeFileSync(file('both.pem'), readFileSync(file('broker.key'), 'utf8') + readFileSync(file('broker.pem'), 'utf8'))
    writeFileSync(file('trusted.pem'), readFileSync(file('broker.pem'), 'utf8') + readFileSync(file('client.pem'), 'utf8'))
    const listener = 'listener.name.plaintext', module = 'org.apache.kafka.common.security'
    kafka = await startOwnKafka({ set: {
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL', 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER', 'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      [`${listener}.plain.sasl.jaas.config`]: `${module}.plain.PlainLoginModule required username="alice" password="secret" user_alice="secret";`,
      [`${listener}.scram-sha-256.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`, [`${listener}.scram-sha-512.sasl.jaas.config`]: `${module}.scram.ScramLoginModule required;`,
      [`${listener}.oauthbearer.sasl.jaas.config`]: `${module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
      'ssl.keystore.type': 'PEM', 'ssl.keystore.location': file('both.pem'), 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': file('trusted.pem'),
      'ssl.client.auth': 'required', 'connections.max.reauth.ms': String(REAUTHENTICATE_MS),
    } }) as OwnKafka
    writeFileSync(file('both-client.pem'), readFileSync(file('client.key'), 'utf8') + readFileSync(file('client.pem'), 'utf8'))
    writeFileSync(file('admin.properties'), `security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=${module}.plain.PlainLoginModule required username="alice" password="secret";
ssl.truststore.type=PEM
ssl.truststore.location=${file('trusted.pem')}
ssl.keystore.type=PEM
ssl.keystore.location=${file('both-client.pem')}
`)
    for (const credential of ['SCRAM-SHA-256=[iterations=8192,password=pass-256]', 'SCRAM-SHA-512=[password=pass-512]']) {
      await kafkaTool('kafka.admin.ConfigCommand', ['--bootstrap-server', kafka.brokers, '--command-config', file('admin.properties'), '--alter', '--entity-type', 'users', '--entity-name', 'c=ar,ol,', '--add-config', credential])
    }
  })
  after(async () => {
    await kafka.close()
    rmSync(folder, { recursive: true })
  })

  function certificate(name: string): void {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' })
  }
  const as = (sasl: KafkaSasl): KafkaConnection => ({ brokers: kafka.brokers, sasl, tls: { caFile: file('broker.pem'), certFile: file('client.pem'), keyFile: file('client.key') } })
  const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  /** As Kafka's own unsecured tokens are: no signature. */
  const token = (seconds: number): string => `${base64({ alg: 'none' })}.${base64({ sub: 'dave', iat: Math.floor(Date.now() / 1000) - 10, exp: Math.floor(Date.now() / 1000) + seconds })}.`

  const ways: readonly (readonly [name: string, sasl: () => KafkaSasl])[] = [
    ['PLAIN', () => ({ mechanism: 'plain', username: 'alice', password: 'secret' })],
    ['SCRAM-SHA-256, a name with signs that are escaped', () => ({ mechanism: 'scram-sha-256', username: 'c=ar,ol,', password: 'pass-256' })],
    ['SCRAM-SHA-512', () => ({ mechanism: 'scram-sha-512', username: 'c=ar,ol,', password: 'pass-512' })],
    ['OAUTHBEARER', () => ({ mechanism: 'oauthbearer', token: token(600) })],
  ]
  for (const [name, sasl] of ways) {
    test(`${name}: what is written is read, and the session is prolonged`, async t => {
      const lines: string[] = [], topic = `topic-${name.slice(0, 13).replace(/\W/g, '')}`
      const context = testContext({ log: { write: (level: string, text: string) => { if (level !== 'debug') lines.push(text) } } })
      const cluster = await openCluster(as(sasl()), context, 'source')
      t.after(() => cluster.close())
      await cluster.request('any', createTopicsV7.api, [[{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }], 10_000, false])
      const sink = await openKafkaSink({ ...as(sasl()), topic }, context)
      t.after(() => sink.close())
      const untilMs = Date.now() + 2.5 * REAUTHENTICATE_MS, sent: string[] = []
      while (Date.now() < untilMs) {
        sent.push(`${sent.length}`)
        assert.deepEqual(await sink.write(linesOf([{ value: sent.at(-1)! }])), [])
        await sleep(50)
      }
      assert.deepEqual(await valuesIn(cluster, topic), sent)
      assert.deepEqual(lines.filter(line => /trying again|cannot be reached/.test(line)), [], 'no connection was lost')
    })
  }

  test('wrong credentials, an expired token, no certificate of our own, and TLS where none is: each by its name', async () => {
    const code = 'SLUICE_AUTHENTICATION_FAILED', open = (connection: KafkaConnection) => openCluster(connection, testContext(), 'source')
    await assert.rejects(open(as({ mechanism: 'scram-sha-512', username: 'c=ar,ol,', password: 'pass-256' })), { code, severity: 'fatal' })
    await assert.rejects(open(as({ mechanism: 'plain', username: 'alice', password: 'wrong' })), { code })
    await assert.rejects(open(as({ mechanism: 'oauthbearer', token: token(-5) })), { code })
    await assert.rejects(open({ ...as({ mechanism: 'plain', username: 'alice', password: 'secret' }), tls: { caFile: file('client.pem') } }), { code, message: /certificate/ })
    const said: string[] = [], stop = new AbortController()
    const context = testContext({ signal: stop.signal, log: { write: (_: string, text: string) => { said.push(text) } } })
    const { tls: _, ...plain } = as({ mechanism: 'plain', username: 'alice', password: 'secret' })
    const never = openCluster(plain, context, 'source')
    for (let waits = 0; said.length === 0 && waits < 100; waits++) await sleep(50)
    stop.abort()
    await assert.rejects(never)
    assert.match(said[0]!, /speaks TLS|want tls/)
  })
})

function hasOpenssl(): boolean {
  try { execFileSync('openssl', ['version'], { stdio: 'ignore' }); return true } catch { return false }
}
