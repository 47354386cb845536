import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { formatSuite } from '../../src/conformance/index.ts'
import type { Files } from '../../src/core/models.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { mleap } from '../../src/models/formats/mleap/index.ts'
import { zipFiles } from '../../src/models/formats/zip.ts'
import { folder as scratch, golden, sluice } from '../cli.ts'
import { filesOf, unzipped } from './folders.ts'
import { bytesOf, compare, featuresOf, folder, goldenNames, load, oneFile, readCsv, score } from './golden.ts'

interface Meta { readonly tolerance: { readonly 'expected.csv': { readonly rel: number } } }

/** model-nodes.zip: with the file names of MLeap before 0.21; model-pb.zip: in protocol buffers; model-0.16.zip: by the oldest version, which lacks some. */
const archivesOf = (at: string): string[] => ['model.zip', 'model-nodes.zip', 'model-pb.zip', 'model-0.16.zip'].filter(file => existsSync(new URL(`${at}/${file}`, folder)))
const LATER = ['b_min', 'b_max']

for (const format of ['mleap', 'mleap_sklearn']) {
  for (const name of goldenNames(format)) {
    const at = `${format}/${name}`
    test(`as the origin library: ${at}`, async t => {
      const { tolerance } = JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta
      const inputs = readCsv(`${at}/inputs.csv`), expected = readCsv(`${at}/expected.csv`)
      for (const file of archivesOf(at)) {
        const { model, predictor } = await load(`${at}/${file}`)
        assert.equal(model.format, 'mleap')
        assert.deepEqual(model.signature.inputs[0]!.columns!.map(column => column.name).sort(), [...inputs.columns].sort())
        const differences = compare(model, score(predictor, featuresOf(model, inputs)), expected)
        t.diagnostic(`${file}: ` + Object.entries(differences).map(([c, d]) => `${c} ${d.differing} of ${d.cells} differ, largest ${d.largest}`).join('; '))
        for (const [column, { cells, largest }] of Object.entries(differences)) {
          assert.ok(cells >= expected.rows.length && expected.rows.length > 60)
          assert.ok(largest <= tolerance['expected.csv'].rel, `${file}: ${column} differs by ${largest}`)
        }
        const columns = expected.columns.filter(column => file !== 'model-0.16.zip' || !LATER.includes(column)).length
        assert.equal(Object.values(differences).reduce((sum, { cells }) => sum + cells, 0), expected.rows.length * columns, 'every column of the truth is compared')
      }
    })
  }
}

/** Folders and archives are the same to the suite: the folder has a file for each of the bundle's. */
const suites: readonly [string, () => Promise<Files>][] = [
  ['mleap/pipe-orders-logreg/model.zip', async () => oneFile('model.zip', bytesOf('mleap/pipe-orders-logreg/model.zip'))],
  ['mleap/svc-cancer/model.zip', async () => filesOf(await unzipped('mleap/svc-cancer/model.zip'))],
  ['mleap_sklearn/dtree-clf-iris/model.zip', async () => filesOf(await unzipped('mleap_sklearn/dtree-clf-iris/model.zip'))],
]
for (const [path, open] of suites) {
  formatSuite(`format mleap: ${path}`, async () => {
    const files = await open(), model = await mleap.read(files, {}), at = path.slice(0, path.lastIndexOf('/') + 1), rows = 20
    const { columns, rows: all } = readCsv(`${at}expected.csv`), inputs = readCsv(`${at}inputs.csv`)
    const outputs: { [output: string]: number[] } = {}
    for (const [name, output] of Object.entries(model.raw)) {
      const cells = columns.flatMap((column, i) => column === name || column.startsWith(`${name}_`) ? [i] : [])
      outputs[String(output)] = all.slice(0, rows).flatMap(row => cells.map(i => Number(row[i])))
    }
    return {
      format: mleap, files, others: ['xgboost/bin-cancer/model.json', 'lightgbm/multi-iris/model.txt', 'xgboost/bin-cancer/inputs.csv'].map(other => oneFile('model', bytesOf(other))), evaluator: plain,
      features: { rows, tensors: new Map([['features', featuresOf(model, { columns: inputs.columns, rows: inputs.rows.slice(0, rows) })]]), release() {} },
      expected: { outputs, tolerance: Object.fromEntries(Object.keys(outputs).map(output => [output, 1e-12])) },
    }
  })
}

test('sluice predict, inspect and verify take the archive and the folder', async () => {
  const at = 'mleap/pipe-orders-logreg', files = zipFiles('model.zip', bytesOf(`${at}/model.zip`)), bundle = join(scratch(), 'orders')
  for (const name of files.names) {
    mkdirSync(dirname(join(bundle, name)), { recursive: true })
    writeFileSync(join(bundle, name), await files.read(name))
  }
  const archive = golden(`${at}/model.zip`), inputs = golden(`${at}/inputs.csv`)
  const of = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await sluice(args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const answers = await of('predict', archive, inputs, '--format', 'csv', '--raw')
  assert.equal(answers.split('\n')[0], 'prediction,probability_0,probability_1,rawPrediction_0,rawPrediction_1')
  assert.equal(await of('predict', bundle, inputs, '--format', 'csv', '--raw'), answers)
  const inspected = await of('inspect', bundle)
  assert.match(inspected, /format +mleap\n/)
  assert.match(inspected, /steps +string_indexer, one_hot_encoder,/)
  assert.match(inspected, /city +/)
  assert.match(await of('verify', bundle, inputs, golden(`${at}/expected.csv`)), /228/)
  assert.match(await of('predict', archive, inputs), /^\{"label":1,/)
})

test('the words of a prediction are those of a reverse_string_indexer', async () => {
  const { model } = await load('mleap/ops-features/model.zip')
  assert.deepEqual(model.signature.outputs.find(({ name }) => name === 'word_again'), { name: 'word_again', dtype: 'string', shape: [-1] })
})
