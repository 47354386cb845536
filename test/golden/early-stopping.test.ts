import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, featuresOf, goldenNames, load, readCsv, score } from './golden.ts'

const names = goldenNames('early-stopping')

for (const name of names.filter(name => name.startsWith('xgboost'))) {
  test(`trees up to the best iteration, or all: ${name}`, async () => {
    const at = `early-stopping/${name}`
    const inputs = readCsv(`${at}/inputs.csv`)
    assert.notDeepEqual(readCsv(`${at}/expected-best.csv`), readCsv(`${at}/expected-all.csv`))
    for (const file of ['model.json', 'model.ubj']) {
      for (const trees of ['best', 'all'] as const) {
        const { model, predictor } = await load(`${at}/${file}`, { trees })
        const differences = compare(model, score(predictor, featuresOf(model, inputs)), readCsv(`${at}/expected-${trees}.csv`))
        assert.equal(differences['margin']!.differing, 0, `${file}, ${trees}: ${model.facts['trees used']}`)
        assert.ok(differences['predict']!.largest <= 3e-6)
        const expected = trees === 'best' ? /^\d+ of \d+ \(best iteration \d+\)$/ : /^all \d+ \(best iteration \d+\)$/
        assert.match(String(model.facts['trees used']), expected)
      }
    }
  })
}

test('best is the default, as the scikit-learn wrapper of XGBoost does', async () => {
  const at = 'early-stopping/xgboost-3.2.0-binary/model.json'
  assert.equal((await load(at)).model.facts['trees used'], (await load(at, { trees: 'best' })).model.facts['trees used'])
})

for (const name of names.filter(name => name.startsWith('lightgbm'))) {
  test(`LightGBM's file holds the best iterations, or all when told so: ${name}`, async () => {
    const at = `early-stopping/${name}`
    const inputs = readCsv(`${at}/inputs.csv`)
    for (const trees of ['best', 'all']) {
      const { model, predictor } = await load(`${at}/model-${trees}.txt`)
      const differences = compare(model, score(predictor, featuresOf(model, inputs)), readCsv(`${at}/expected-${trees}.csv`))
      assert.equal(differences['raw']!.differing, 0)
      assert.ok(differences['predict']!.largest <= 1e-14)
    }
    assert.notEqual((await load(`${at}/model-best.txt`)).model.facts['trees'], (await load(`${at}/model-all.txt`)).model.facts['trees'])
  })
}
