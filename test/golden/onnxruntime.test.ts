import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openModel, readModel } from '../../src/models/index.ts'
import type { Model } from '../../src/core/models.ts'
import type { Predictor } from '../../src/core/stages.ts'
import type { Tensor } from '../../src/core/tensors.ts'
import { writeOnnx } from '../../src/models/formats/onnx-write/index.ts'
import { foreignGraph } from '../../src/models/formats/onnx/foreign.ts'
import { SluiceError } from '../../src/core/errors.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { bytesOf, folder, goldenNames, oneFile, readCsv } from './golden.ts'
import { ort } from '../support/ort.ts'

const runtime = ort(), kernels = await kernelModule()
const skip = typeof runtime === 'string' && process.env['CI'] === undefined ? runtime : false
const load = async () => { if (typeof runtime === 'string') throw new Error(runtime); return runtime }
const refused = new SluiceError('SLUICE_MODEL_UNSUPPORTED', 'the operator Det')

async function answers(predictor: Predictor, features: Tensor): Promise<ReadonlyMap<string, Tensor>> {
  const { outputs } = await predictor.predict({ rows: features.shape[0]!, tensors: new Map([['features', features]]), release() {} }, undefined, new AbortController().signal)
  return outputs.tensors
}
const numbersOf = ({ data }: Tensor): readonly (number | string)[] => 'words' in data ? Array.from(data.codes, code => data.words[code] ?? '') : Array.from(data, Number)

/** All numeric rows of a golden model, by position. */
function rowsOf(model: Model, at: string): Tensor | undefined {
  const input = model.signature.inputs[0]!, width = input.shape[1]!, { rows } = readCsv(`${at}/inputs.csv`)
  if (input.columns?.some(({ categories }) => categories !== undefined) === true || rows[0]!.length !== width) return undefined
  const numbers = rows.flatMap(cells => cells.map(cell => cell === '' ? NaN : Number(cell)))
  return { dtype: input.dtype, shape: [rows.length, width], data: input.dtype === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers) }
}

test('native and ONNX Runtime, on every golden model of numbers: the same answers within the model\'s tolerance', { skip }, async t => {
  let compared = 0
  for (const at of ['onnx', 'tf2onnx'].flatMap(format => goldenNames(format).map(name => `${format}/${name}`))) {
    const file = oneFile('model.onnx', bytesOf(`${at}/model.onnx`)), native = await readModel(file).catch(() => undefined), graph = foreignGraph('model.onnx', bytesOf(`${at}/model.onnx`), refused)
    if (native === undefined || graph === undefined) { t.diagnostic(`${at}: ${native === undefined ? 'not read by us' : 'no graph of numbers and tensors alone'}`); continue }
    const features = rowsOf(native, at)
    if (features === undefined) continue
    const { rel, abs } = Object.values((JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as { readonly tolerance: { readonly [truth: string]: { readonly rel: number; readonly abs: number } } }).tolerance)[0]!
    const [ours, theirs] = [await openModel(native, { name: at, version: '1' }, kernels), await openModel(graph, { name: at, version: '1' }, kernels, load)]
    assert.equal(theirs.evaluator, 'onnxruntime')
    const mine = await answers(ours.predictor, features), other = await answers(theirs.predictor, { ...features, dtype: graph.signature.inputs[0]!.dtype, data: graph.signature.inputs[0]!.dtype === 'float32' ? Float32Array.from(features.data as Float64Array) : Float64Array.from(features.data as Float64Array) }).catch((error: unknown) => {
      // the file says another shape than its graph makes
      if (!(error instanceof SluiceError) || error.code !== 'SLUICE_PREDICT_FAILED') throw error
      t.diagnostic(`${at}: ${error.message}`)
    })
    if (other === undefined) continue
    for (const [i, { name }] of native.signature.outputs.slice(0, graph.fetches.length).entries()) {
      const got = numbersOf(mine.get(name)!), want = numbersOf(other.get(graph.signature.outputs[i]!.name)!)
      assert.equal(got.length, want.length)
      for (const [k, value] of got.entries()) {
        const wanted = want[k]!
        if (Object.is(value, wanted) || value === wanted) continue
        assert.ok(typeof value === 'number' && typeof wanted === 'number' && Math.abs(value - wanted) <= Math.max(abs, rel * Math.abs(wanted)), `${at}, ${name} at ${k}: ${value}, ONNX Runtime ${wanted}`)
      }
    }
    compared++
    await theirs.predictor.close()
  }
  t.diagnostic(`${compared} models`)
  assert.ok(compared >= 15, `${compared} models`)
})

test('a model of XGBoost, written as ONNX, answers alike in both', { skip }, async () => {
  const model = await readModel(oneFile('model.json', bytesOf('xgboost/bin-cancer/model.json'))), bytes = writeOnnx(model), graph = foreignGraph('model.onnx', bytes, refused)!
  const features = rowsOf(model, 'xgboost/bin-cancer')!, { predictor } = await openModel(model, { name: 'x', version: '1' }, kernels), theirs = (await openModel(graph, { name: 'x', version: '1' }, undefined, load)).predictor
  const mine = await answers(predictor, features), other = await answers(theirs, features)
  for (const name of ['margin', 'probability']) numbersOf(mine.get(name)!).forEach((value, i) => assert.ok(Math.abs(Number(value) - Number(numbersOf(other.get(name)!)[i])) < 1e-5))
})

test('without ONNX Runtime the operator is named, and how to install it', async () => {
  const graph = foreignGraph('model.onnx', bytesOf('tf2onnx/functional-diabetes/model.onnx'), refused)!
  await assert.rejects(openModel(graph, { name: 'x', version: '1' }), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /Det/, fix: 'npm install onnxruntime-node' })
  await assert.rejects(readModel(oneFile('model.onnx', bytesOf('tf2onnx/functional-diabetes/model.onnx'))), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /Erfc/ })
  if (typeof runtime === 'string') return
  // no operator of ONNX at all
  await assert.rejects(openModel(graph, { name: 'x', version: '1' }, undefined, load), { code: 'SLUICE_MODEL_UNSUPPORTED', message: /and ONNX Runtime: .*Erfc/ })
})
