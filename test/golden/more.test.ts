import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { compare, featuresOf, folder, goldenNames, load, readCsv, score } from './golden.ts'

for (const name of goldenNames('more')) {
  const at = `more/${name}`
  test(`as the origin library: ${name}`, async t => {
    const inputs = readCsv(`${at}/inputs.csv`), expected = readCsv(`${at}/expected.csv`)
    for (const file of ['model.json', 'model.ubj', 'model.txt'].filter(file => existsSync(new URL(`${at}/${file}`, folder)))) {
      const { model, predictor } = await load(`${at}/${file}`)
      const differences = compare(model, score(predictor, featuresOf(model, inputs)), expected)
      t.diagnostic(`${file}: ` + Object.entries(differences).map(([c, d]) => `${c} ${d.differing} of ${d.cells} differ, largest ${d.largest}`).join('; '))
      assert.equal(differences[model.format === 'xgboost' ? 'margin' : 'raw']!.differing, 0)
      assert.ok(differences['predict']!.largest <= (model.format === 'xgboost' ? 3e-6 : 1e-14))
    }
  })
}
