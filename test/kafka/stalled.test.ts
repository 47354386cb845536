// The broker takes nothing for a while: reading pauses, memory stays, and then all of it comes out. Short here; as it was judged:
//   STALL_S=300 node --test --test-timeout=600000 test/kafka/stalled.test.ts
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Packer } from '../../src/codecs/pack.ts'
import { testContext } from '../../src/conformance/context.ts'
import { openKafkaSink } from '../../src/connect/kafka/index.ts'
import { openBed, skip, sleep } from './bed.ts'
import type { Bed } from './bed.ts'
import { API, openProxy } from './proxy.ts'
import type { Fate } from './proxy.ts'
import { readTopic } from './topics.ts'

const STALL_S = Number(process.env['STALL_S'] ?? 8), RECORDS = 240_000, MiB = 2 ** 20
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('a broker whose produce path stands still', { timeout: 600_000, skip }, () => {
  let bed: Bed
  const folder = mkdtempSync(join(tmpdir(), 'sluice-stalled-'))
  before(async () => { bed = await openBed() })
  after(async () => {
    await bed.close()
    rmSync(folder, { recursive: true })
  })

  test('memory stays where it is, and then every record comes out once', { skip: process.platform !== 'linux' && 'resident memory is read from /proc' }, async t => {
    const input = await bed.topic(4), output = await bed.topic(4), proxy = await openProxy(bed.brokers)
    t.after(() => proxy.close())
    // 120 MB: twice what may be in flight
    const producer = await openKafkaSink({ brokers: bed.brokers, topic: input }, testContext()), pad = 'x'.repeat(450)
    for (let at = 0; at < RECORDS; at += 2000) {
      const packer = new Packer(2000, 2 ** 20)
      for (let n = at; n < at + 2000; n++) {
        packer.row(Date.now())
        const start = packer.length
        packer.text(`{"age":${n % 100},"n":${n},"pad":"${pad}"}`)
        packer.setValue(start)
      }
      await producer.write(packer.finish())
    }
    await producer.close()
    const path = join(folder, 'stalled.yaml')
    writeFileSync(path, `name: stalled
source: { kafka: { brokers: "${bed.brokers}", topics: [${input}], group: ${bed.name('group')} } }
features: { ${['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6'].map(name => `${name}: age`).join(', ')} }
strategy: { embedded: { model: ${join(ROOT, 'test/golden/models/xgboost/reg-diabetes/model.json')} } }
result: { merge: { score: prediction } }
sink: { kafka: { brokers: "${proxy.brokers}", topic: ${output} } }
`)
    let stalled = false, held = 0
    const waiting: (() => void)[] = []
    proxy.request = (key): Fate | Promise<Fate> => {
      if (key !== API.PRODUCE || !stalled) return 'pass'
      held++
      return new Promise(resolve => { waiting.push(() => resolve('pass')) })
    }
    const child = spawn(process.execPath, [join(ROOT, 'bin/sluice.js'), 'run', path], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    let error = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { error += text })
    const written = async (): Promise<number> => (await readTopic(bed.cluster, output)).length
    // the launcher starts a process of its own where it must
    const resident = (): number => Math.max(...processes(child.pid!).map(pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024))

    while (proxy.seen.filter(key => key === API.PRODUCE).length < 20) { await sleep(10); assert.equal(child.exitCode, null, error) }
    stalled = true
    while (held === 0) await sleep(10)
    await sleep(2000)
    const begin = resident()
    let most = begin
    for (let s = 0; s < STALL_S; s++) { await sleep(1000); most = Math.max(most, resident()) }
    const end = resident()
    stalled = false
    for (const pass of waiting) pass()
    t.diagnostic(`${STALL_S} s: resident ${Math.round(begin / MiB)} MiB when it began, ${Math.round(most / MiB)} at most, ${Math.round(end / MiB)} at the end; ${held} requests were held`)
    assert.ok(most - begin < 24 * MiB, `${begin} bytes, then ${most}`)
    for (const untilMs = Date.now() + 240_000; await written() < RECORDS; await sleep(500)) assert.ok(Date.now() < untilMs, `${await written()} records came out\n${error}`)
    assert.equal(new Set((await readTopic(bed.cluster, output)).map(({ value }) => /"n":(\d+)/.exec(value!)![1])).size, RECORDS)
    assert.equal(await written(), RECORDS)
    child.kill('SIGTERM')
    await once(child, 'close')
    assert.equal(child.exitCode, 0, error)
  })
})

/** A process and all that it started. */
function processes(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...children === '' ? [] : children.split(' ').flatMap(child => processes(Number(child)))]
}
