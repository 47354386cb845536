import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import avsc from 'avsc'
import { frameBytes } from '../../src/codecs/framing.ts'
import { checkPipeline } from '../../src/pipeline/check.ts'
import { loadDefinition } from '../../src/pipeline/load.ts'
import { runPipeline } from '../../src/pipeline/run.ts'
import { register, startRegistry } from '../services/registry.ts'
import type { RegistryService } from '../services/registry.ts'
import { openBed, skip as noBroker } from './bed.ts'
import type { Bed } from './bed.ts'
import { readTopic } from './topics.ts'

const registry = await startRegistry()
const skip = typeof registry === 'string' ? registry : noBroker
const MODEL = fileURLToPath(new URL('../golden/models/xgboost/multi-iris/model.json', import.meta.url))
const FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
const IRIS = { type: 'record', name: 'Iris', fields: [{ name: 'id', type: 'long' }, ...FEATURES.map(name => ({ name, type: 'double' }))] }
const SCORED = { type: 'record', name: 'Scored', fields: [{ name: 'id', type: 'long' }, { name: 'kind', type: 'int' }] }
const typeOf = (schema: object): avsc.Type => avsc.Type.forSchema(schema as never)

describe('a pipeline of Avro from Kafka to Kafka', { timeout: 120_000, skip }, () => {
  const { url, close } = registry as RegistryService
  let bed: Bed
  const folder = mkdtempSync(join(tmpdir(), 'sluice-codec-'))
  before(async () => { bed = await openBed() })
  after(async () => {
    await bed.close()
    await close()
    rmSync(folder, { recursive: true })
  })

  test('exactly once; what names no schema of the registry is rejected as it came', async () => {
    const input = await bed.topic(1), output = await bed.topic(1), rejects = await bed.topic(1), path = join(folder, 'iris.yaml'), schemaFile = join(folder, 'scored.avsc')
    const id = await register(url, `${input}-value`, IRIS), iris = typeOf(IRIS)
    const rows = Array.from({ length: 50 }, (_, i) => ({ id: i, sepal_length: 5.1, sepal_width: 3.5, petal_length: i % 2 === 0 ? 1.4 : 5.5, petal_width: i % 2 === 0 ? 0.2 : 2.1 }))
    const strange = Buffer.concat([frameBytes(999_999), iris.toBuffer(rows[0]!)])
    await bed.produce([...rows.map(row => Buffer.concat([frameBytes(id), iris.toBuffer(row)])), strange].map(value => ({ topic: input, partition: 0, value })))
    writeFileSync(schemaFile, JSON.stringify(SCORED))
    writeFileSync(path, `name: ${input}
source: { kafka: { brokers: '${bed.brokers}', topics: [${input}], group: ${bed.name('group')}, fetchWaitMs: 50, codec: { avro: { registry: { url: '${url}' } } } } }
strategy: { embedded: { model: ${MODEL} } }
result: { object: { id: id, kind: label } }
sink: { kafka: { topic: ${output}, codec: { avro: { registry: { url: '${url}' }, schemaFile: ${schemaFile}, register: true } } } }
reject: { kafka: { topic: ${rejects} }, stopAbove: false }
`)
    const { definition } = await loadDefinition(path)
    assert.equal((await checkPipeline(definition, { connect: true })).sample?.rejected.length, 1)
    const report = await runPipeline(definition, { limit: 51 })
    assert.deepEqual([report.guarantee, report.records], ['exactly-once', 51])

    const scored = typeOf(SCORED), written = await readTopic(bed.cluster, output)
    assert.deepEqual(written.map(({ bytes }) => ({ ...scored.fromBuffer(Buffer.from(bytes!).subarray(5)) as object })), rows.map(({ id: of }) => ({ id: of, kind: of % 2 === 0 ? 0 : 2 })))
    const [rejected, ...others] = await readTopic(bed.cluster, rejects)
    assert.equal(others.length, 0)
    assert.deepEqual(Buffer.from(rejected!.bytes!), strange)
    assert.ok(rejected!.headers.some(([name, value]) => name === '__sluice.errors.code' && value === 'SLUICE_SCHEMA_UNKNOWN'))
  })
})
