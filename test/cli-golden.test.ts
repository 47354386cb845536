import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { answersIn } from '../src/cli/predict.ts'
import { comparison } from '../src/cli/verify.ts'
import type { ReadOptions } from '../src/core/index.ts'
import { golden } from './cli.ts'
import { goldenNames, parseCsv } from './golden/golden.ts'
import type { Table } from './golden/golden.ts'
import { goldenFormats } from './golden/every.ts'

/* What `predict --format csv --raw` and `verify` do, for every golden model that has a meta.json or a truth file beside it: a file, a folder or
   an archive. test/cli-predict.test.ts and test/cli-formats.test.ts run some of them as processes. */

interface Tolerance { readonly rel: number; readonly abs: number }
interface Meta { readonly tolerance?: { readonly [truth: string]: Tolerance }; readonly must_refuse?: string; readonly categories?: NonNullable<ReadOptions['categories']> }
// of XGBoost's float32; all that has a meta.json says what is allowed
const LOOSE: Tolerance = { rel: 3e-6, abs: 3e-6 }
/** Its file has lost names of categories (dmlc/xgboost #12360), and they are not given here: test/golden/more.test.ts has it. */
const LOST = 'more/xgboost-3.2.0-data-frame'
/** The names that its file has lost stand in its meta.json; elsewhere these are what codes mean to a reader. */
const GIVEN = 'xgboost/cat-onehot-orders'
/** Where there are several, the one to hold. */
const TRUTHS = ['expected_ort.csv', 'expected_jpmml.csv', 'expected.csv']

/** failed: rows that JPMML has an error for. */
interface Golden { readonly at: string; readonly models: readonly string[]; readonly truth: string; readonly table: Table; readonly hasErrors: boolean; readonly failed: ReadonlySet<number>; readonly meta: Meta }
function goldenOf(format: string, name: string): Golden | undefined {
  const at = `${format}/${name}`, truth = TRUTHS.find((file) => existsSync(golden(`${at}/${file}`)))
  if (truth === undefined) return undefined
  const meta = existsSync(golden(`${at}/meta.json`)) ? JSON.parse(readFileSync(golden(`${at}/meta.json`), 'utf8')) as Meta : {}, { columns, rows } = parseCsv(readFileSync(golden(`${at}/${truth}`), 'utf8'))
  const kept = columns.flatMap((column, i) => column === 'error' ? [] : [i]), error = columns.indexOf('error')
  const failed = new Set(rows.flatMap((cells, row) => error >= 0 && cells[error] !== '' ? [row] : []))
  return { at, truth, meta, failed, hasErrors: error >= 0, models: readdirSync(golden(at)).filter((entry) => entry.startsWith('model')), table: { columns: kept.map((i) => columns[i]!), rows: rows.map((cells) => kept.map((i) => cells[i]!)) } }
}

async function answers(path: string, rows: string, options: ReadOptions): Promise<{ readonly table: Table; readonly failed: number }> {
  const texts = answersIn(path, rows, { ...options, format: 'csv', raw: true })
  let text = ''
  for (;;) {
    const { value, done } = await texts.next()
    if (done === true) return { table: parseCsv(text), failed: value.failed }
    text += value
  }
}

/** Formats whose raw scores are those of the library to the last bit. */
const EXACT = ['xgboost', 'lightgbm', 'catboost']
const numberOf = (cell: string): number => cell === '' ? NaN : cell === 'true' ? 1 : cell === 'false' ? 0 : Number(cell)
function isNear(answer: string, wanted: string, { rel, abs }: Tolerance): boolean {
  if (answer === wanted) return true
  const got = numberOf(answer), want = numberOf(wanted)
  return Number.isNaN(want) ? answer === '' && (wanted === '' || wanted === 'NaN') : Math.abs(got - want) <= abs + rel * Math.abs(want)
}

for (const format of goldenFormats()) {
  test(`predict --raw and verify: ${format}`, async (t) => {
    let models = 0, cells = 0, beside = 0, verified = 0
    for (const name of goldenNames(format)) {
      const found = goldenOf(format, name)
      if (found === undefined || found.at === LOST) continue
      const { at, truth, table, meta, failed, hasErrors } = found, rows = golden(`${at}/inputs.csv`), options = at === GIVEN ? { categories: meta.categories! } : {}
      for (const model of found.models) {
        const path = golden(`${at}/${model}`)
        if (meta.must_refuse !== undefined) {
          await assert.rejects(answers(path, rows, options), { code: 'SLUICE_MODEL_UNSUPPORTED' })
          continue
        }
        const got = (await answers(path, rows, options)).table, tolerance = meta.tolerance?.[truth] ?? LOOSE
        // Keras and ONNX have different names for the outputs of a network; operations of MLeap 0.16 are fewer
        const own = format === 'tf2onnx' ? got.columns.map((_, i) => table.columns[i]!) : got.columns, older = model.includes('0.16')
        // JPMML was asked for one output of a document by hand
        assert.deepEqual(own.filter((column) => format !== 'pmml-more' || table.columns.includes(column)).sort(), table.columns.filter((column) => !older || own.includes(column)).sort(), `${at}/${model}`)
        assert.equal(got.rows.length, table.rows.length, at)
        const from = own.map((column) => table.columns.indexOf(column))
        let first: string | undefined
        got.rows.forEach((answered, row) => {
          if (failed.has(row)) return
          answered.forEach((answer, i) => {
            if (from[i]! < 0) return
            const cell = table.rows[row]![from[i]!]!
            cells++
            if (EXACT.includes(format) && /^(margin|raw)/.test(own[i]!)) assert.ok(Object.is(Number(answer), Number(cell)), `${at}/${model}: row ${row + 1}, ${own[i]}: ${answer}, not ${cell}`)
            if (isNear(answer, cell, tolerance)) return
            beside++
            first ??= `${at}/${model}: row ${row + 1}, ${own[i]}: ${answer}, not ${cell}`
          })
        })
        // of PMML, scikit-learn is right in the other rows: test/golden/pmml.test.ts compares with both
        if (!format.startsWith('pmml')) assert.equal(first, undefined)
        if (first === undefined && !older && format !== 'tf2onnx' && !hasErrors) {
          const { report, first: differing } = await comparison(path, rows, golden(`${at}/${truth}`), { ...options, tolerance: tolerance.rel, absolute: tolerance.abs })
          assert.match(report, new RegExp(`^${table.rows.length} rows compared\n`))
          assert.equal(differing, undefined, `${at}/${model}`)
          verified++
        }
        models++
      }
    }
    t.diagnostic(`${models} models, ${cells} cells, ${beside} as another library; ${verified} verified`)
    assert.ok(models > 0 || format === 'early-stopping', 'no model was found')
    assert.ok(beside <= cells / 20)
  })
}
