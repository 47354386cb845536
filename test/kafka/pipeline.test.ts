import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadDefinition } from '../../src/pipeline/load.ts'
import { runPipeline } from '../../src/pipeline/run.ts'
import type { RunOptions, RunReport } from '../../src/pipeline/run.ts'
import type { Snapshot } from '../../src/operating/index.ts'
import type { Definition } from '../../src/pipeline/schema.ts'
import { openBed, skip, sleep, values } from './bed.ts'
import type { Bed } from './bed.ts'
import { readTopic } from './topics.ts'

const MODEL = fileURLToPath(new URL('../golden/models/xgboost/reg-diabetes/model.json', import.meta.url))

describe('a pipeline from Kafka to Kafka', { timeout: 120_000, skip }, () => {
  let bed: Bed
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pipeline-'))
  before(async () => { bed = await openBed() })
  after(async () => {
    await bed.close()
    rmSync(folder, { recursive: true })
  })

  interface Made { readonly definition: Definition; readonly input: string; readonly output: string; readonly rejects: string; readonly path: string }
  async function made(more = ''): Promise<Made> {
    const input = await bed.topic(2), output = await bed.topic(2), rejects = await bed.topic(1), path = join(folder, `${input}.yaml`)
    await bed.produce([...values(input, 0, 0, 50, i => JSON.stringify(features(i))), ...values(input, 1, 50, 100, i => i % 10 === 0 ? '{' : JSON.stringify(features(i)))])
    writeFileSync(path, `name: ${input}
source: { kafka: { brokers: '${bed.brokers}', topics: [${input}], group: ${bed.name('group')}, fetchWaitMs: 50${more} } }
strategy: { embedded: { model: ${MODEL} } }
result: { object: { score: prediction } }
sink: { kafka: { topic: ${output} } }
reject: { kafka: { topic: ${rejects} }, stopAbove: false }
`)
    return { definition: (await loadDefinition(path)).definition, input, output, rejects, path }
  }
  const features = (i: number) => Object.fromEntries(['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6'].map((name, at) => [name, (i + at) / 100]))

  async function run({ definition, output, rejects }: Made, options: RunOptions = {}): Promise<RunReport> {
    const stop = new AbortController()
    const running = runPipeline(definition, { ...options, signal: stop.signal })
    running.catch(() => {})
    for (let waits = 0; (await readTopic(bed.cluster, output, false)).length + (await readTopic(bed.cluster, rejects, false)).length < 100; waits++) {
      await Promise.race([running.then(() => { throw new Error('it ended') }), sleep(100)])
      assert.ok(waits < 200)
    }
    stop.abort()
    return running
  }

  test('exactly once; sinks without brokers take those of the source', async () => {
    const its = await made()
    const report = await run(its)
    assert.equal(report.guarantee, 'exactly-once')
    assert.equal((await readTopic(bed.cluster, its.output)).length, 95)
    const rejects = await readTopic(bed.cluster, its.rejects)
    assert.equal(rejects.length, 5)
    assert.ok(rejects.every(({ headers }) => headers.some(([name, value]) => name === '__sluice.errors.code' && value === 'SLUICE_JSON_BROKEN')))
  })

  test('several executors, with an instance: each has a transactional id of its own', async () => {
    const its = await made(', instance: one')
    const report = await run(its, { executors: 2 })
    assert.deepEqual([report.executors, report.guarantee], [2, 'exactly-once'])
    assert.equal((await readTopic(bed.cluster, its.output)).length, 95)
    assert.equal((await readTopic(bed.cluster, its.rejects)).length, 5)
  })

  test('executors auto: as many as there are partitions and cores', async () => {
    const said: string[] = [], report = await run(await made(), { executors: 'auto', log: { write: (_, text) => { said.push(text) } } })
    assert.equal(report.executors, Math.min(2, availableParallelism()))
    assert.match(said[0]!, /^\d executors?: \d+ cores?, 2 partitions$/)
  })

  test('the lag of each partition is told while it is ours, over all executors', async () => {
    const { definition, input } = await made(), stop = new AbortController()
    let lags: Snapshot[number]['cells'] = []
    const running = runPipeline(definition, { executors: 2, signal: stop.signal, started({ snapshot }) {
      const look = setInterval(() => {
        lags = snapshot().find(({ name }) => name === 'sluice_source_lag_records')?.cells ?? []
        if (lags.length < 2 || lags.some(({ value }) => value > 0)) return
        clearInterval(look)
        stop.abort()
      }, 50)
    } })
    await running
    assert.deepEqual(lags.map(({ labels, value }) => [labels['partition'], value]).sort(), [[`${input}/0`, 0], [`${input}/1`, 0]])
  })

  test('no brokers anywhere', async () => {
    const { definition } = await made()
    await assert.rejects(runPipeline({ ...definition, source: { memory: { records: [] } } }), { code: 'SLUICE_CONFIG_INVALID', message: /brokers are not named/ })
  })
})
