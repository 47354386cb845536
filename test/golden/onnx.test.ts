import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatSuite } from '../../src/conformance/index.ts'
import type { Model } from '../../src/core/models.ts'
import type { Tensor } from '../../src/core/tensors.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { onnx } from '../../src/models/formats/onnx/index.ts'
import { bytesOf, featuresOf, folder, goldenNames, oneFile, readCsv, score } from './golden.ts'
import type { Table } from './golden.ts'

interface Tolerance { readonly rel: number; readonly abs: number }
interface Meta { readonly tolerance: { readonly [file: string]: Tolerance }; readonly must_refuse?: string }

const metaOf = (at: string): Meta => JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta
const open = async (at: string): Promise<Model> => onnx.read(oneFile('model.onnx', bytesOf(`${at}/model.onnx`)), {})

/** A file without names for its columns takes them by position. */
function inputsOf(model: Model, at: string): Tensor {
  const { columns, rows } = readCsv(`${at}/inputs.csv`), spec = model.signature.inputs[0]!
  return featuresOf(model, { columns: spec.unnamed === true ? spec.columns!.map(column => column.name) : columns, rows })
}

/** ONNX Runtime's answers under the file's own names; Keras' by position. */
function expectedOf(model: Model, at: string): { readonly truth: string; readonly table: Table } {
  const truth = existsSync(new URL(`${at}/expected_ort.csv`, folder)) ? 'expected_ort.csv' : 'expected.csv', table = readCsv(`${at}/${truth}`)
  if (truth === 'expected_ort.csv') return { truth, table }
  return { truth, table: { columns: Object.entries(model.raw).flatMap(([name, raw]) => typeof raw === 'string' ? [name] : raw.columns), rows: table.rows } }
}

function differences(model: Model, outputs: ReadonlyMap<string, Tensor>, table: Table, { rel, abs }: Tolerance): { readonly cells: number; readonly first: string | undefined; readonly differing: number } {
  let cells = 0, differing = 0, first: string | undefined
  for (const [name, raw] of Object.entries(model.raw)) {
    const { data, shape } = outputs.get(typeof raw === 'string' ? raw : raw.output)!, width = shape[1] ?? 1
    for (const [k, column] of (typeof raw === 'string' ? [name] : raw.columns).entries()) {
      const from = table.columns.indexOf(column)
      assert.ok(from >= 0, `no column ${column}`)
      for (const [r, row] of table.rows.entries()) {
        const at = r * width + k, got = 'words' in data ? data.words[data.codes[at]!]! : Number(data[at]), want = row[from]!
        cells++
        const isSame = typeof got === 'string' ? got === want : Object.is(got, Number(want)) || got === Number(want)
        if (!isSame) differing++
        const isNear = isSame || typeof got === 'number' && Math.abs(got - Number(want)) <= abs + rel * Math.abs(Number(want))
        if (!isNear) first ??= `row ${r}, ${column}: ${got} where ${want} belongs`
      }
    }
  }
  return { cells, first, differing }
}

for (const format of ['onnx', 'tf2onnx']) {
  for (const name of goldenNames(format)) {
    const at = `${format}/${name}`, meta = metaOf(at)
    if (meta.must_refuse !== undefined) {
      test(`refused by name: ${at}`, async () => { await assert.rejects(open(at), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /Erfc/ }) })
      continue
    }
    test(`as ${format === 'onnx' ? 'ONNX Runtime' : 'Keras'}: ${at}`, async t => {
      const model = await open(at), { truth, table } = expectedOf(model, at)
      const { cells, first, differing } = differences(model, score(await plain.open(model, { name: at, version: '1' }), inputsOf(model, at)), table, meta.tolerance[truth]!)
      t.diagnostic(`${differing} of ${cells} differ in any bit; ${Object.entries(model.facts).map(([fact, value]) => `${fact}: ${value}`).join(', ')}`)
      assert.equal(first, undefined)
      assert.equal(cells, table.rows.length * table.columns.length, 'every column is compared')
      assert.ok(table.rows.length > 100)
    })
  }
}

const NOT_ONNX = ['xgboost/bin-cancer/model.ubj', 'lightgbm/bin-cancer/model.txt', 'mleap/kmeans-iris/model.zip', 'onnx/dtree-iris/meta.json', 'onnx/dtree-iris/inputs.csv']
for (const at of ['onnx/knn-iris', 'onnx/pipe-orders-rf-tier', 'onnx/kmeans-iris']) {
  formatSuite(`format onnx: ${at}`, async () => {
    const model = await open(at), { table } = expectedOf(model, at), few = 40, features = inputsOf(model, at), width = features.shape[1]!
    const outputs: { [output: string]: number[] } = {}
    for (const [name, raw] of Object.entries(model.raw)) {
      const output = typeof raw === 'string' ? raw : raw.output, columns = typeof raw === 'string' ? [name] : raw.columns
      if (model.signature.outputs.find(spec => spec.name === output)!.dtype === 'string') continue
      outputs[output] = table.rows.slice(0, few).flatMap(row => columns.map(column => Number(row[table.columns.indexOf(column)])))
    }
    return {
      format: onnx, files: oneFile('model.onnx', bytesOf(`${at}/model.onnx`)), others: NOT_ONNX.map(path => oneFile(path.slice(path.lastIndexOf('/') + 1), bytesOf(path))), evaluator: plain,
      features: { rows: few, tensors: new Map([['features', { ...features, shape: [few, width], data: (features.data as Float32Array).slice(0, few * width) }]]), release() {} },
      expected: { outputs, tolerance: { probabilities: 2e-6 } },
    }
  })
}
