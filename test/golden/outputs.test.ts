import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluatorsWith, openModel, readModel } from '../../src/models/index.ts'
import { bytesOf, featuresOf, load, readCsv, score } from './golden.ts'

async function outputsOf(at: string, file: string): Promise<{ [name: string]: { shape: readonly number[]; data: Float64Array | Float32Array | Int32Array } }> {
  const { model, predictor } = await load(`${at}/${file}`)
  const tensors = score(predictor, featuresOf(model, readCsv(`${at}/inputs.csv`)))
  assert.deepEqual([...tensors.keys()], model.signature.outputs.map(output => output.name))
  for (const { name, dtype, shape } of model.signature.outputs) {
    const tensor = tensors.get(name)!
    assert.equal(tensor.dtype, dtype)
    assert.deepEqual(tensor.shape.slice(1), shape.slice(1))
    assert.equal((tensor.data as Float64Array).length, tensor.shape.reduce((a, b) => a * b, 1))
  }
  return Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data as Float64Array }]))
}

for (const [at, file] of [['xgboost/bin-cancer', 'model.json'], ['lightgbm/bin-cancer', 'model.txt'], ['lightgbm/rf-cancer', 'model.txt']] as const) {
  test(`two classes: label, probabilities and probability agree: ${at}`, async () => {
    const { prediction, label, probabilities, probability } = await outputsOf(at, file)
    assert.deepEqual(probability!.data, prediction!.data)
    const round = at.startsWith('xgboost') ? Math.fround : (x: number) => x
    probability!.data.forEach((p, row) => {
      assert.equal(probabilities!.data[row * 2 + 1], p)
      assert.equal(probabilities!.data[row * 2], round(1 - p))
      assert.equal(label!.data[row], p > 0.5 ? 1 : 0)
    })
    assert.ok(label!.data.includes(0) && label!.data.includes(1))
  })
}

for (const [at, file] of [['xgboost/multi-iris', 'model.json'], ['xgboost/multi-softmax-iris', 'model.ubj'], ['lightgbm/multi-iris', 'model.txt'], ['lightgbm/multiova-iris', 'model.txt']] as const) {
  test(`several classes: the label is the class of the largest probability: ${at}`, async () => {
    const { prediction, label, probabilities } = await outputsOf(at, file)
    if (at.includes('softmax')) assert.deepEqual([...prediction!.data], [...label!.data])
    else assert.deepEqual(prediction!.data, probabilities!.data)
    label!.data.forEach((k, row) => assert.equal(probabilities!.data[row * 3 + k], Math.max(...probabilities!.data.subarray(row * 3, row * 3 + 3))))
    assert.deepEqual(new Set(label!.data), new Set([0, 1, 2]))
  })
}

test('no classifier, no label: regression, ranking and raw logits', async () => {
  for (const at of ['xgboost/reg-diabetes', 'xgboost/rank-ndcg', 'more/xgboost-3.2.0-logitraw', 'more/xgboost-3.2.0-labels']) assert.deepEqual(Object.keys(await outputsOf(at, 'model.json')), ['prediction', 'margin'])
  assert.deepEqual(Object.keys(await outputsOf('xgboost/hinge-phishing', 'model.json')), ['prediction', 'margin', 'label'])
})

test('columns: names, categories, what is missing and what is unknown', async () => {
  const columnsOf = async (path: string) => (await load(path)).model.signature.inputs[0]!.columns!
  const strings = await columnsOf('lightgbm/cat-str-orders/model.txt')
  assert.deepEqual(strings[1], { name: 'channel', missing: true, categories: ['app', 'partner', 'phone, "old"', 'web'], unknown: NaN })
  assert.deepEqual(strings[3], { name: 'amount', missing: true })
  assert.deepEqual((await columnsOf('xgboost/cat-onehot-orders/model.ubj'))[1], { name: 'channel', missing: true, categories: ['app', 'partner', 'phone, "old"', 'web'] })
  assert.deepEqual((await columnsOf('more/xgboost-3.2.0-linear-classes/model.json')).map(c => c.name), ['f0', 'f1', 'f2', 'f3', 'f4'])
  const frame = await columnsOf('more/lightgbm-4.7.0-data-frame/model.txt')
  assert.deepEqual(frame.map(c => c.categories), [undefined, [0, 10, 20, 30, 40, 50], [0, 0.5, 1, 1.5, 2, 2.5], [false, true], ['', 'b b', 'c,c', 'd"d', 'e', 'é'], ['same']])
  assert.deepEqual((await columnsOf('more/xgboost-3.2.0-data-frame/model.json'))[1]!.categories, [-20, -10, 0, 10, 20, 30])
})

test('facts and bytes: what inspect prints', async () => {
  const { model } = await load('xgboost/rf-cancer/model.json')
  assert.deepEqual({ ...model.facts, 'base margin': '' }, { library: 'xgboost 3.2.0', objective: 'binary:logistic', boosting: 'gbtree', features: 30, trees: 15, 'trees used': 'all 15', deepest: 4, leaves: model.facts['leaves'], 'base margin': '' })
  assert.ok(model.bytes > 21 * 15 * 5 && model.bytes < bytesOf('xgboost/rf-cancer/model.json').length)
})

test('a folder: the model is found by its content, beside rows and a README', async () => {
  const bytes = new Map<string, Uint8Array>([
    ['README.txt', new TextEncoder().encode('tree of life')], ['meta.json', bytesOf('lightgbm/bin-cancer/meta.json')], ['weights/x.json', bytesOf('xgboost/bin-cancer/model.json')], ['lgb.txt', bytesOf('lightgbm/bin-cancer/model.txt')],
  ])
  const model = await readModel({ names: [...bytes.keys()], read: async name => bytes.get(name)! })
  assert.equal(model.format, 'lightgbm')
})

test('features of another width or type are a mistake of the program', async () => {
  const { predictor } = await load('xgboost/gblinear-diabetes/model.json')
  assert.throws(() => score(predictor, { dtype: 'float32', shape: [1, 9], data: new Float32Array(9) }), TypeError)
  assert.throws(() => score(predictor, { dtype: 'float64', shape: [1, 10], data: new Float64Array(10) }), TypeError)
})

test('a model that nothing executes is refused', async () => {
  const { model } = await load('xgboost/gblinear-diabetes/model.json')
  await assert.rejects(openModel({ ...model, kind: 'dream' }, { name: 'm', version: '1' }), { code: 'SLUICE_MODEL_UNSUPPORTED' })
  assert.equal((await openModel(model, { name: 'm', version: '1' })).evaluator, evaluatorsWith(undefined)[0]!.name)
})
