import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pmml } from '../../src/models/formats/pmml/index.ts'
import { openModel } from '../../src/models/index.ts'
import type { Predicted } from '../../src/core/stages.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { bytesOf, featuresOf, goldenNames, oneFile, readCsv } from './golden.ts'

const kernels = await kernelModule(), { signal } = new AbortController()

// documents by hand, of what sklearn2pmml never writes: strategies of trees, ways to combine, functions, treatments, links, scorecards, rules
for (const name of goldenNames('pmml-more')) {
  const at = `pmml-more/${name}`
  test(`as JPMML: ${name}`, async () => {
    const model = await pmml.read(oneFile('model.pmml', bytesOf(`${at}/model.pmml`)), {}), features = featuresOf(model, readCsv(`${at}/inputs.csv`)), want = readCsv(`${at}/expected_jpmml.csv`), errorAt = want.columns.indexOf('error')
    const { predictor } = await openModel(model, { name, version: '1' }, kernels), { outputs, rejected } = predictor.predict({ rows: features.shape[0]!, tensors: new Map([['features', features]]), release() {} }, undefined, signal) as Predicted
    const gone = new Set(rejected.map(({ row }) => row))
    let cells = 0
    for (const [c, column] of want.columns.entries()) {
      if (c === errorAt) continue
      const found = Object.entries(model.raw).flatMap(([key, raw]) => typeof raw === 'string' ? (key === column ? [{ output: raw, i: 0 }] : []) : raw.columns.includes(column) ? [{ output: raw.output, i: raw.columns.indexOf(column) }] : [])[0]
      assert.ok(found !== undefined, `there is no ${column}`)
      const { data, shape } = outputs.tensors.get(found.output)!, width = shape[1] ?? 1
      for (const [row, expected] of want.rows.entries()) {
        // what is an error to JPMML is a rejection, or missing; what it throws for missing ones in `and` and `or` has an answer here
        if (expected[errorAt] !== '') {
          const none = 'words' in data ? data.codes[row * width + found.i]! < 0 : Number.isNaN(Number(data[row * width + found.i]))
          assert.ok(gone.has(row) || none || expected[errorAt] === 'MissingArgumentException', `row ${row}: ${expected[errorAt]}`)
          continue
        }
        assert.ok(!gone.has(row), `row ${row} is rejected`)
        const cell = data instanceof Uint8Array ? String(Number(expected[c] === 'true')) : expected[c]!
        cells++
        if ('words' in data) assert.equal(data.words[data.codes[row * width + found.i]!] ?? '', cell, `${column}, row ${row}`)
        else {
          const value = Number(data[row * width + found.i])
          assert.ok(cell === '' ? Number.isNaN(value) || value === 0 : Math.abs(value - Number(cell)) <= 1e-12 * Math.max(1, Math.abs(Number(cell))) || Object.is(value, Number(cell)), `${column}, row ${row}: ${value}, JPMML ${cell}`)
        }
      }
    }
    assert.ok(cells > 0 && want.rows.length === 120)
  })
}
