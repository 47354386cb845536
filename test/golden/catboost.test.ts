import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatSuite } from '../../src/conformance/index.ts'
import type { FormatBed } from '../../src/conformance/index.ts'
import { SluiceError } from '../../src/core/errors.ts'
import type { Model } from '../../src/core/models.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { catboost } from '../../src/models/formats/catboost/index.ts'
import { openModel, readModel } from '../../src/models/index.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { bytesOf, compare, featuresOf, folder, goldenNames, oneFile, readCsv, score } from './golden.ts'

interface Meta { readonly tolerance: { readonly 'expected.csv': { readonly rel: number; readonly abs: number } } }
const kernels = await kernelModule()

for (const name of goldenNames('catboost')) {
  const at = `catboost/${name}`
  test(`as the origin library: ${at}`, async t => {
    const meta = JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta
    const inputs = readCsv(`${at}/inputs.csv`), expected = readCsv(`${at}/expected.csv`)
    const model = await readModel(oneFile('model.json', bytesOf(`${at}/model.json`)))
    assert.equal(model.format, 'catboost')
    for (const module of [undefined, kernels]) {
      const { predictor, how } = await openModel(model, { name: at, version: '1' }, module)
      const found = compare(model, score(predictor, featuresOf(model, inputs)), expected)
      t.diagnostic(`${how ?? 'plain'}: ` + Object.entries(found).map(([c, d]) => `${c} ${d.differing} of ${d.cells} differ, largest ${d.largest}`).join('; '))
      assert.equal(Object.values(found).reduce((sum, { cells }) => sum + cells, 0), expected.rows.length * expected.columns.length, 'every column is compared')
      for (const [column, difference] of Object.entries(found)) {
        if (column === 'raw' || column === 'label') assert.equal(difference.differing, 0, column)
        assert.ok(difference.largest <= meta.tolerance['expected.csv'].rel, `${column} differs by ${difference.largest}`)
      }
    }
    assert.ok(expected.rows.length >= 60)
  })
}

const bytes = bytesOf('catboost/onehot-kinds/model.json')
type Json = { [key: string]: Json } & Json[] & string & number & null
/** The model of one-hot categories, with something else in it. */
async function changed(change: (document: Json) => void): Promise<Model> {
  const document = JSON.parse(new TextDecoder().decode(bytes)) as Json
  change(document)
  return readModel(oneFile('model.json', new TextEncoder().encode(JSON.stringify(document))))
}
const unsupported = (message: RegExp, fix = /./): object => ({ code: 'SLUICE_MODEL_UNSUPPORTED', message, fix })
const broken = (message: RegExp): object => ({ code: 'SLUICE_MODEL_BROKEN', message })

test('words: as text, as number, as truth value, and what none of them asks for', async () => {
  const model = await readModel(oneFile('model.json', bytes)), [word, a, number, truth, unused] = model.signature.inputs[0]!.columns!
  assert.deepEqual([a!.missing, a!.categories], [true, undefined])
  assert.deepEqual(truth!.categories!.slice(1), [...truth!.categories!.slice(0, 1).map(Number), truth!.categories![0] === '1'])
  assert.deepEqual(number!.categories!.filter(category => typeof category === 'number').map(String), number!.categories!.filter(category => typeof category === 'string'))
  assert.ok(word!.categories!.includes('東京') && word!.categories!.includes('3') && word!.categories!.includes(3))
  assert.deepEqual([unused!.categories, unused!.unknown, unused!.missing], [[''], -1, undefined])
})

test('names of columns: as the file has them, or none', async () => {
  const named = await readModel(oneFile('model.json', bytesOf('catboost/depthwise/model.json'))), unnamed = await readModel(oneFile('model.json', bytesOf('catboost/scaled-unnamed/model.json')))
  assert.deepEqual([named, unnamed].map(({ signature: { inputs: [input] } }) => [input!.unnamed, input!.columns!.map(({ name }) => name)]), [
    [undefined, ['a', 'b', 'c', 'd', 'e']], [true, ['features_0', 'features_1', 'features_2', 'features_3', 'features_4']],
  ])
  assert.deepEqual(named.facts, { library: 'catboost 1.2.10', loss: 'RMSE', features: 5, trees: 8, kind: 'not symmetric', deepest: 4, leaves: 120 })
})

test('labels have the type of what the classes are called', async () => {
  const labels = async (name: string): Promise<unknown[]> => {
    const { signature: { outputs } } = await readModel(oneFile('model.json', bytesOf(`catboost/${name}/model.json`)))
    return [outputs.find(({ name: output }) => output === 'label')!.dtype, ...outputs.find(({ name: output }) => output === 'probabilities')!.columns!.map(({ name: column }) => column)]
  }
  assert.deepEqual(await Promise.all(['classes-words', 'classes-numbers', 'classes-fractions', 'classes-truth', 'multi-gaps'].map(labels)), [
    ['string', 'no', 'yes'], ['int32', '3', '7'], ['float64', '1.5', '2.5'], ['bool', 'false', 'true'], ['int32', '0', '1', '2', '3', '4'],
  ])
})

test('refused by name', async () => {
  await assert.rejects(readModel(oneFile('model.cbm', new TextEncoder().encode('CBM1\0\0\0\0'))), unsupported(/model\.cbm is of CatBoost's binary form/, /format='json', pool=train/))
  await assert.rejects(changed(({ features_info }) => { features_info!['ctrs'] = [{ ctr_type: 'Borders' }] as unknown as Json }), unsupported(/target statistics \(CTR\)/, /one_hot_max_size/))
  await assert.rejects(changed(({ features_info }) => { delete features_info!['cat_features_hash'] }), unsupported(/the words of feature 0 are not in the file/, /pool=train/))
  await assert.rejects(changed(({ features_info }) => { features_info!['text_features'] = [] as unknown as Json }), unsupported(/'text_features' is not known here/))
  await assert.rejects(changed(document => { document['ctr_provider'] = null as Json }), unsupported(/'ctr_provider' is not known here/))
  await assert.rejects(changed(({ model_info }) => { model_info!['params']!['loss_function']!['type'] = 'Surprise' as Json }), unsupported(/the loss function 'Surprise' is not known/))
  const silent = await changed(({ model_info }) => { delete model_info!['params'] })
  assert.deepEqual([silent.facts['loss'], silent.signature.outputs.map(({ name }) => name)], ['not in the file: raw scores only', ['prediction', 'margin']])
})

test('a file that says two things is damaged', async () => {
  const first = (document: Json): Json => document['oblivious_trees']![0]!
  for (const [change, message] of [
    [(document: Json) => { first(document)['splits']![0]!['border'] = 0.125 as Json; first(document)['splits']![0]!['value'] = 7 as Json }, /a split says other things than split \d+/],
    [(document: Json) => { first(document)['splits']![1]!['split_index'] = 4000 as Json }, /split_index 4000 of \d+ splits/],
    [(document: Json) => { first(document)['leaf_values'] = [1, 2] as unknown as Json }, /its values do not fill the leaves/],
    [(document: Json) => { document['oblivious_trees']![1]!['leaf_values'] = [1, 2] as unknown as Json }, /2 values for 4 splits and 1 numbers a leaf/],
    [(document: Json) => { document['oblivious_trees']![1]!['splits'] = null as Json }, /16 values for 0 splits/],
    [(document: Json) => { first(document)['splits'] = Array.from({ length: 60 }, () => first(document)['splits']![0]!) as Json }, /a tree of 60 levels/],
    [(document: Json) => { document['scale_and_bias'] = [1, [0, 0]] as unknown as Json }, /a scale and 1 biases/],
    [(document: Json) => { document['oblivious_trees'] = [] as unknown as Json }, /it has no trees/],
    [(document: Json) => { document['features_info']!['float_features']![0]!['flat_feature_index'] = 9 as Json }, /feature 9 of 6/],
    [(document: Json) => { document['model_info']!['params']!['loss_function']!['type'] = 'MultiClass' as Json }, /1 raw scores a row are not of MultiClass/],
  ] as const) await assert.rejects(changed(change), broken(message))
})

test('trees as deep as the file can nest them are read without a stack', async () => {
  const document = JSON.parse(new TextDecoder().decode(bytesOf('catboost/depthwise/model.json'))) as Json
  const { split } = document['trees']![0]!, leaf = '{"value":1.5,"weight":1}', depth = 20_000
  document['trees'] = ['tree'] as unknown as Json
  const text = JSON.stringify(document).replace('"tree"', () => `${`{"split":${JSON.stringify(split)},"right":${leaf},"left":`.repeat(depth)}${leaf}${'}'.repeat(depth)}`)
  assert.equal((await readModel(oneFile('model.json', new TextEncoder().encode(text)))).facts['deepest'], depth)
})

/** A damaged file is refused with a name, or answers; never anything else. */
async function survives(damaged: Uint8Array): Promise<boolean> {
  try {
    const model = await catboost.read(oneFile('model.json', damaged), {}), width = model.signature.inputs[0]!.shape[1]!
    const { predictor } = await openModel(model, { name: 'damaged', version: '1' })
    const outputs = score(predictor, { dtype: 'float32', shape: [4, width], data: Float32Array.from({ length: 4 * width }, (_, i) => i % 3 - 1) })
    for (const { name } of model.signature.outputs) assert.equal(outputs.get(name)!.shape[0], 4)
    return true
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED|UNKNOWN)$/)
    return false
  }
}

for (const name of ['onehot-classes', 'multi-depthwise', 'multi-gaps']) {
  test(`damaged: ${name}`, async () => {
    const whole = bytesOf(`catboost/${name}/model.json`)
    for (let length = 0; length < whole.length; length += Math.ceil(whole.length / 50)) assert.equal(await survives(whole.subarray(0, length)), false, `cut at ${length}`)
    let answers = 0
    const parts = new TextDecoder('latin1').decode(whole).split(/(?<=[:[,])(-?\d[\d.eE+-]*|"[^"]*"|true|false)/)
    const damage = fc.record({ at: fc.nat(), to: fc.constantFrom('0', '-1', '1', '2147483648', '1e300', '0.5', 'null', '[]', '{}', '"x"', '""', 'true', '[1,2]', '"AsTrue"', '"OneHotFeature"'), flip: fc.boolean() })
    await fc.assert(fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async damages => {
      const texts = [...parts], damaged = [whole.slice()]
      for (const { at, to, flip } of damages) {
        if (flip) damaged[0]![at % whole.length] = to.charCodeAt(0)
        else {
          texts[1 + 2 * (at % ((texts.length - 1) / 2))] = to
          damaged[0] = Uint8Array.from(texts.join(''), letter => letter.charCodeAt(0) & 255)
        }
      }
      if (await survives(damaged[0]!)) answers++
    }), { numRuns: 150, seed: 31 })
    assert.ok(answers > 5, `${answers} of 150 were read`)
  })
}

const ROWS = 40
async function bed(name: string): Promise<FormatBed> {
  const files = oneFile('model.json', bytesOf(`catboost/${name}/model.json`)), model = await catboost.read(files, {})
  const inputs = readCsv(`catboost/${name}/inputs.csv`), { columns, rows } = readCsv(`catboost/${name}/expected.csv`), outputs: { [output: string]: number[] } = {}
  for (const [column, raw] of Object.entries(model.raw)) {
    const output = typeof raw === 'string' ? raw : raw.output, cells = columns.flatMap((own, i) => (typeof raw === 'string' ? own === column || own.startsWith(`${column}_`) : raw.columns.includes(own)) ? [i] : [])
    if (model.signature.outputs.find(spec => spec.name === output)!.dtype === 'float64') outputs[output] = rows.slice(0, ROWS).flatMap(row => cells.map(i => Number(row[i])))
  }
  return {
    format: catboost, files, others: [oneFile('model.json', bytesOf('xgboost/multi-iris/model.json')), oneFile('model.txt', bytesOf('lightgbm/multi-iris/model.txt')), oneFile('meta.json', bytesOf('catboost/bin-cancer/meta.json'))], evaluator: plain,
    features: { rows: ROWS, tensors: new Map([['features', featuresOf(model, { ...inputs, rows: inputs.rows.slice(0, ROWS) })]]), release() {} },
    expected: { outputs, tolerance: { probabilities: 1e-14, prediction: 1e-14 } },
  }
}
for (const name of ['onehot-kinds', 'multi-depthwise', 'classes-words']) formatSuite(`format catboost: ${name}`, () => bed(name))
