import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { mleap } from '../../src/models/formats/mleap/index.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { bytesOf, compare, featuresOf, folder, goldenNames, oneFile, readCsv, score } from './golden.ts'

interface Meta { readonly tolerance: { readonly 'expected.csv': { readonly rel: number; readonly abs: number } } }

for (const format of ['mleap', 'mleap_sklearn']) {
  for (const name of goldenNames(format)) {
    const at = `${format}/${name}`
    test(`as the origin library: ${at}`, async t => {
      const meta = JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta
      const inputs = readCsv(`${at}/inputs.csv`), expected = readCsv(`${at}/expected.csv`)
      for (const file of ['model.zip', 'model-nodes.zip'].filter(of => existsSync(new URL(`${at}/${of}`, folder)))) {
        const model = await mleap.read(oneFile(file, bytesOf(`${at}/${file}`)), {})
        assert.deepEqual(model.signature.inputs[0]!.columns!.map(column => column.name).sort(), [...inputs.columns].sort())
        const differences = compare(model, score(await plain.open(model, { name: at, version: '1' }), featuresOf(model, inputs)), expected)
        t.diagnostic(`${file}: ` + Object.entries(differences).map(([c, d]) => `${c} ${d.differing} of ${d.cells} differ, largest ${d.largest}`).join('; '))
        for (const [column, difference] of Object.entries(differences)) {
          assert.ok(difference.cells >= expected.rows.length && expected.rows.length > 100)
          assert.ok(difference.largest <= meta.tolerance['expected.csv'].rel, `${file}: ${column} differs by ${difference.largest}`)
        }
        assert.equal(Object.values(differences).reduce((sum, { cells }) => sum + cells, 0), expected.rows.length * expected.columns.length, 'every column is compared')
      }
    })
  }
}
