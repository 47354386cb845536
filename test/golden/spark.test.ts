import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatSuite } from '../../src/conformance/index.ts'
import type { FormatBed } from '../../src/conformance/index.ts'
import type { Files } from '../../src/core/models.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { spark } from '../../src/models/formats/spark/index.ts'
import { readModel } from '../../src/models/index.ts'
import { inspectModel } from '../../src/strategies/embedded/index.ts'
import { zipOf } from '../zip.ts'
import { bytesOf, compare, featuresOf, folder, goldenNames, oneFile, readCsv, score } from './golden.ts'
import { filesIn } from './folders.ts'

interface Meta { readonly tolerance: { readonly 'expected.csv': { readonly rel: number } } }

for (const name of goldenNames('spark')) {
  const at = `spark/${name}`
  test(`as the origin library: ${at}`, async t => {
    const meta = JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta
    const inputs = readCsv(`${at}/inputs.csv`), expected = readCsv(`${at}/expected.csv`)
    const model = await spark.read(filesIn(`${at}/model`), {}), predictor = await plain.open(model, { name: at, version: '1' })
    const features = featuresOf(model, inputs), differences = compare(model, score(predictor, features), expected)
    t.diagnostic(Object.entries(differences).map(([c, d]) => `${c} ${d.differing} of ${d.cells} differ, largest ${d.largest}`).join('; '))
    for (const [column, difference] of Object.entries(differences)) assert.ok(difference.largest <= meta.tolerance['expected.csv'].rel, `${column} differs by ${difference.largest}`)
    assert.equal(Object.values(differences).reduce((sum, { cells }) => sum + cells, 0), expected.rows.length * expected.columns.length, 'every column is compared')
    assert.ok(expected.rows.length >= 60)
    const { rejected } = await predictor.predict({ rows: inputs.rows.length, tensors: new Map([['features', features]]), release() {} }, undefined, new AbortController().signal)
    assert.deepEqual(rejected, [])
  })
}

test('one level down, and as an archive: the same model', async () => {
  const inner = await readModel(filesIn('spark/pipe-orders-logreg/model')), outer = await readModel(filesIn('spark/pipe-orders-logreg'))
  const files = filesIn('spark/pipe-orders-logreg')
  const zip = zipOf(await Promise.all(files.names.map(async name => ({ name, content: await files.read(name) }))))
  const packed = await readModel(oneFile('model.zip', zip))
  for (const other of [outer, packed]) {
    assert.equal(other.format, 'spark')
    assert.deepEqual({ ...other, bytes: 0 }, { ...inner, bytes: 0 })
  }
  assert.deepEqual(inner.signature.inputs[0]!.columns!.map(({ name, categories, unknown, missing }) => [name, categories?.length, unknown, missing]), [
    ['city', 8, -1, true], ['channel', 4, -1, true], ['weekday', 7, -1, true], ['amount', undefined, undefined, undefined], ['distance', undefined, undefined, undefined], ['hour', undefined, undefined, undefined], ['items', undefined, undefined, undefined],
  ])
  assert.deepEqual(inner.facts, { library: 'spark 3.5.9', stages: 'StringIndexerModel, OneHotEncoderModel, VectorAssembler, LogisticRegressionModel', features: 7 })
})

test('a model by itself: its vector is the input', async () => {
  const files = filesIn('spark/rf-clf-wine/model'), stage = files.names.find(name => name.includes('RandomForest'))!.split('/').slice(0, 2).join('/')
  const own: Files = { names: files.names.filter(name => name.startsWith(stage)).map(name => name.slice(stage.length + 1)), read: name => files.read(`${stage}/${name}`) }
  const model = await readModel(own), input = model.signature.inputs[0]!
  assert.equal(input.unnamed, true)
  assert.deepEqual(input.columns!.map(({ name }) => name), Array.from({ length: 13 }, (_, i) => `features_${i}`))
  const { columns, rows } = readCsv('spark/rf-clf-wine/inputs.csv'), predictor = await plain.open(model, { name: 'm', version: '1' })
  const differences = compare(model, score(predictor, featuresOf(model, { columns: columns.map((_, i) => `features_${i}`), rows })), readCsv('spark/rf-clf-wine/expected.csv'))
  assert.equal(differences['probability']!.differing, 0)
})

test('on disk: a folder with folders in it is one model, and a folder of such folders a repository', async t => {
  const path = await mkdtemp(join(tmpdir(), 'spark-'))
  t.after(() => rm(path, { recursive: true }))
  for (const [version, name] of [['1', 'dtree-iris'], ['2', 'kmeans-iris']] as const) await cp(new URL(`spark/${name}/model`, folder), join(path, 'eta', version), { recursive: true })
  const one = await inspectModel(join(path, 'eta/1')), all = await inspectModel(join(path, 'eta'))
  assert.deepEqual([one.kind, one.facts['stages']], ['bundle', 'VectorAssembler, DecisionTreeClassificationModel'])
  assert.deepEqual([all.kind, all.name, all.version, all.facts['stages'], all.versions.map(({ version }) => version)], ['repository', 'eta', '2', 'VectorAssembler, KMeansModel', ['2', '1']])
})

const ROWS = 40
async function bed(name: string): Promise<FormatBed> {
  const files = filesIn(`spark/${name}/model`), model = await spark.read(files, {})
  const inputs = readCsv(`spark/${name}/inputs.csv`), { columns, rows } = readCsv(`spark/${name}/expected.csv`)
  const outputs: { [output: string]: number[] } = {}
  for (const [column, output] of Object.entries(model.raw)) {
    const cells = columns.flatMap((own, i) => own === column || own.startsWith(`${column}_`) ? [i] : [])
    outputs[output as string] = rows.slice(0, ROWS).flatMap(row => cells.map(i => Number(row[i])))
  }
  return {
    format: spark, files, others: [oneFile('model.json', bytesOf('xgboost/multi-iris/model.json')), oneFile('model.txt', bytesOf('lightgbm/multi-iris/model.txt')), filesIn('mleap/kmeans-iris')], evaluator: plain,
    features: { rows: ROWS, tensors: new Map([['features', featuresOf(model, { ...inputs, rows: inputs.rows.slice(0, ROWS) })]]), release() {} },
    expected: { outputs, tolerance: Object.fromEntries(Object.keys(outputs).map(output => [output, 1e-12])) },
  }
}
for (const name of ['pipe-orders-rf-cat', 'logreg-multi-iris', 'kmeans-iris']) formatSuite(`format spark: ${name}`, () => bed(name))
