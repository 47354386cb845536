import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compare, featuresOf, folder, goldenNames, load, readCsv, score } from './golden.ts'

interface Meta { readonly tolerance: { readonly 'expected.csv': { readonly rel: number; readonly abs: number } } }

for (const format of ['xgboost', 'lightgbm']) {
  for (const name of goldenNames(format)) {
    const at = `${format}/${name}`
    const files = ['model.json', 'model.ubj', 'model.txt'].filter(file => existsSync(new URL(`${at}/${file}`, folder)))
    test(`as the origin library: ${at}`, async t => {
      const meta = JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta
      const inputs = readCsv(`${at}/inputs.csv`), expected = readCsv(`${at}/expected.csv`)
      assert.ok(files.length > 0)
      for (const file of files) {
        const { model, predictor } = await load(`${at}/${file}`)
        assert.equal(model.format, format)
        const differences = compare(model, score(predictor, featuresOf(model, inputs)), expected)
        t.diagnostic(`${file}: ` + Object.entries(differences).map(([c, d]) => `${c} ${d.differing} of ${d.cells} differ, largest ${d.largest}`).join('; '))
        for (const [column, difference] of Object.entries(differences)) {
          assert.ok(difference.cells >= expected.rows.length && expected.rows.length > 100)
          if (column !== 'predict') assert.equal(difference.differing, 0, `${file}: ${column}`)
          assert.ok(difference.largest <= meta.tolerance['expected.csv'].rel, `${file}: ${column} differs by ${difference.largest}`)
        }
      }
    })
  }
}
