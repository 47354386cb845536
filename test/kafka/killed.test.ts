// Two processes, one of them killed again and again, the broker restarted twice. Small here; as it was judged:
//   RECORDS=1000000 RATE=12000 node --test --test-timeout=1200000 test/kafka/killed.test.ts
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Packer } from '../../src/codecs/pack.ts'
import { testContext } from '../../src/conformance/context.ts'
import { openKafkaSink } from '../../src/connect/kafka/index.ts'
import { open } from '../../src/index.ts'
import { kafkaTool, startOwnKafka } from '../services/kafka.ts'
import type { OwnKafka } from '../services/kafka.ts'
import { skip, sleep } from './bed.ts'

const RECORDS = Number(process.env['RECORDS'] ?? 60_000), RATE = Number(process.env['RATE'] ?? 4000), KILLS = Number(process.env['KILLS'] ?? (RECORDS > 500_000 ? 20 : 6))
const KEYS = 1000, PARTITIONS = 4, TICK_MS = 20
const ROOT = fileURLToPath(new URL('../..', import.meta.url)), MODEL = join(ROOT, 'test/golden/models/xgboost/reg-diabetes/model.json')
const NAMES = ['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6']

/** What a record says, and whether it can be read. */
const featuresOf = (n: number): { readonly [name: string]: number } => Object.fromEntries(NAMES.map((name, i) => [name, ((n * 7 + i * 13) % 200 - 100) / 1000]))
const isBroken = (n: number): boolean => n % 97 === 0
const textOf = (n: number): string => `{"n":${n},${JSON.stringify(featuresOf(n)).slice(1)}`.slice(0, isBroken(n) ? -1 : undefined)

describe('two processes, one killed again and again, and a broker that restarts', { timeout: 1_200_000, skip }, () => {
  let kafka: OwnKafka
  const folder = mkdtempSync(join(tmpdir(), 'sluice-killed-')), children = new Set<ChildProcess>()
  before(async () => { kafka = await startOwnKafka() as OwnKafka })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const guarantee of ['exactly-once', 'at-least-once'] as const) {
    test(guarantee, async t => {
      const name = guarantee, [input, output, rejects] = [`${name}.in`, `${name}.out`, `${name}.rejects`]
      await kafka.createTopic(input, PARTITIONS)
      await kafka.createTopic(output, PARTITIONS)
      await kafka.createTopic(rejects, 1)
      const definition = (instance: string): string => {
        const path = join(folder, `${name}-${instance}.yaml`)
        writeFileSync(path, `name: ${name}
source: { kafka: { brokers: "${kafka.brokers}", topics: [${input}], group: ${name}, instance: ${instance} } }
features: { ${NAMES.map(feature => `${feature}: ${feature}`).join(', ')} }
strategy: { embedded: { model: ${MODEL} } }
result: { object: { n: n, score: prediction }, origin: false }
sink: { kafka: { topic: ${output} } }
reject: { kafka: { topic: ${rejects} }, stopAbove: false }
delivery: { guarantee: ${guarantee} }
`)
        return path
      }
      const start = (path: string): { readonly child: ChildProcess; readonly ended: Promise<string>; error(): string } => {
        const child = spawn(process.execPath, [join(ROOT, 'bin/sluice.js'), 'run', path], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
        let text = ''
        children.add(child)
        child.stderr!.setEncoding('utf8').on('data', (more: string) => { text = (text + more).slice(-20_000) })
        return { child, error: () => text, ended: once(child, 'close').then(([code, signal]) => { children.delete(child); return String(signal ?? code) }) }
      }

      // the stream: throttled, so that the kills fall into the run
      const context = testContext(), producer = await openKafkaSink({ brokers: kafka.brokers, topic: input }, context)
      let produced = 0
      const producing = (async () => {
        for (const startMs = Date.now(); produced < RECORDS; await sleep(TICK_MS)) {
          const due = Math.min(RECORDS, Math.floor((Date.now() - startMs) / 1000 * RATE), produced + 5000)
          if (due === produced) continue
          const packer = new Packer(due - produced, (due - produced) * 200)
          for (; produced < due; produced++) {
            packer.row(Date.now())
            let at = packer.length
            packer.text(`k${produced % KEYS}`)
            packer.setKey(at)
            at = packer.length
            packer.text(textOf(produced))
            packer.setValue(at)
          }
          await producer.write(packer.finish())
        }
        await producer.close()
      })()
      const steady = start(definition('steady'))
      let killed = start(definition('killed'))
      const restarts = (async () => {
        for (const share of [0.35, 0.7]) {
          while (produced < share * RECORDS) await sleep(20)
          await kafka.kill()
          await sleep(300)
          await kafka.restart()
        }
      })()
      for (let kill = 0; kill < KILLS; kill++) {
        const at = Math.floor((kill + Math.random()) / KILLS * 0.9 * RECORDS)
        while (produced < at) await sleep(5)
        await sleep(Math.random() * 100)
        assert.ok(killed.child.exitCode === null, killed.error())
        killed.child.kill('SIGKILL')
        assert.equal(await killed.ended, 'SIGKILL', killed.error())
        killed = start(definition('killed'))
      }
      await Promise.all([producing, restarts])

      const results = await readers(output, RECORDS - Math.ceil(RECORDS / 97), t), refused = await readers(rejects, Math.ceil(RECORDS / 97), t)
      for (const { child, ended, error } of [steady, killed]) {
        child.kill('SIGTERM')
        assert.equal(await ended, '0', error())
      }
      await verify(results, refused, guarantee === 'exactly-once', t)
    })
  }

  /** What Java's own consumer reads, committed only; it waits until nothing has come for some seconds. */
  async function readers(topic: string, expected: number, t: TestContext): Promise<string[]> {
    const config = join(folder, 'consumer.properties')
    writeFileSync(config, 'isolation.level=read_committed\nfetch.max.wait.ms=200\n')
    for (let tries = 0; ; tries++) {
      const output = await kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', ['--bootstrap-server', kafka.brokers, '--topic', topic, '--from-beginning', '--timeout-ms', '4000',
        '--command-config', config, '--formatter-property', 'print.key=true', '--formatter-property', 'key.separator= '])
      // its log, too, goes to the standard output: how it ends when nothing has come
      const lines = output.toString().split('\n').filter(line => line !== '' && !/^\d{4}-|^org\.|^\s+at /.test(line))
      if (lines.length >= expected || tries === 20) { t.diagnostic(`${topic}: ${lines.length} records`); return lines }
    }
  }

  /** Every record once, or at least once; in order per key; scored as the library scores it. */
  async function verify(results: readonly string[], refused: readonly string[], once: boolean, t: TestContext): Promise<void> {
    const times = new Uint8Array(RECORDS), last = new Map<string, number>(), model = await open(MODEL)
    const scores = await model.score(Array.from({ length: 200 }, (_, n) => featuresOf(n)))
    let doubled = 0
    for (const [lines, areResults] of [[results, true], [refused, false]] as const) {
      last.clear()
      for (const line of lines) {
        const [, key, value] = /^(\S+) (.*)$/.exec(line)!, n = Number(/^\{"n":(\d+)/.exec(value!)?.[1])
        assert.equal(key, `k${n % KEYS}`, line)
        assert.equal(isBroken(n), !areResults, line)
        if (areResults) assert.equal(value, `{"n":${n},"score":${JSON.stringify(scores[n % 200]!['prediction'])}}`)
        else assert.equal(value, textOf(n))
        if (times[n]!++ > 0) { doubled++; continue }
        assert.ok(n > (last.get(key!) ?? -1), `${line} comes after ${last.get(key!)}`)
        last.set(key!, n)
      }
    }
    const missing = times.reduce((sum, time) => sum + (time === 0 ? 1 : 0), 0)
    t.diagnostic(`${RECORDS} records, ${KILLS} kills, 2 restarts of the broker: ${missing} missing, ${doubled} more than once`)
    assert.equal(missing, 0)
    if (once) assert.equal(doubled, 0)
  }
})
