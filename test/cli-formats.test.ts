import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { golden, sluice } from './cli.ts'
import { parseCsv } from './golden/golden.ts'

/** A model of each format, as a file, a folder or a zip, and what its origin answered: the command line takes it as it is, and gives the columns of the truth. */
const MODELS: readonly (readonly [model: string, truth: string, tolerance: number])[] = [
  ['onnx/logreg-iris/model.onnx', 'onnx/logreg-iris/expected_ort.csv', 1e-4],
  ['onnx/pipe-orders-rf-tier/model.onnx', 'onnx/pipe-orders-rf-tier/expected_ort.csv', 1e-4],
  ['pmml/pipe-orders-rf-tier/model.pmml', 'pmml/pipe-orders-rf-tier/expected_jpmml.csv', 1e-12],
  ['pmml/xgb-clf-cancer/model.pmml', 'pmml/xgb-clf-cancer/expected_jpmml.csv', 1e-6],
  ['spark/pipe-orders-logreg/model', 'spark/pipe-orders-logreg/expected.csv', 1e-9],
  ['mleap/rf-clf-wine/model.zip', 'mleap/rf-clf-wine/expected.csv', 1e-12],
  ['catboost/bin-cancer/model.json', 'catboost/bin-cancer/expected.csv', 1e-12],
]

describe('predict --format csv --raw takes every format, and gives the columns of the origin', { concurrency: 2 }, () => {
  for (const [model, truth, tolerance] of MODELS) {
    test(model, async () => {
      const { stdout, code, stderr } = await sluice(['predict', golden(model), golden(truth.replace(/[^/]*$/, 'inputs.csv')), '--format', 'csv', '--raw']), got = parseCsv(stdout), want = parseCsv(readFileSync(golden(truth), 'utf8'))
      assert.equal(code, 0, stderr)
      assert.deepEqual([got.columns, got.rows.length], [want.columns.filter(column => column !== 'error'), want.rows.length])
      assert.ok(got.rows.length > 100)
      for (const [row, cells] of want.rows.entries()) {
        for (const [i, cell] of cells.entries()) {
          const answer = got.rows[row]![i]!
          if (answer === cell) continue
          assert.ok(Math.abs(Number(answer) - Number(cell)) <= tolerance * Math.max(1, Math.abs(Number(cell))), `row ${row + 1}, ${want.columns[i]}: ${answer}, not ${cell}`)
        }
      }
    })
  }
})
