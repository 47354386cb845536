import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pmml } from '../../src/models/formats/pmml/index.ts'
import { openModel } from '../../src/models/index.ts'
import type { Model } from '../../src/core/models.ts'
import type { Tensor } from '../../src/core/tensors.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { bytesOf, featuresOf, folder, goldenNames, oneFile, readCsv, score } from './golden.ts'
import type { Table } from './golden.ts'

interface Meta { readonly tolerance: { readonly [file: string]: { readonly rel: number; readonly abs: number } } }
const kernels = await kernelModule()

/** What is at row r of a truth column of JPMML. */
function cellsOf(model: Model, outputs: ReadonlyMap<string, Tensor>, column: string): ((row: number) => string | number) | undefined {
  for (const [name, raw] of Object.entries(model.raw)) {
    const at = typeof raw === 'string' ? (name === column ? 0 : -1) : raw.columns.indexOf(column)
    if (at < 0) continue
    const { data, shape } = outputs.get(typeof raw === 'string' ? raw : raw.output)!, width = shape[1] ?? 1
    if ('words' in data) return row => data.words[data.codes[row * width + at]!] ?? ''
    if (data instanceof Uint8Array) return row => String(data[row * width + at] === 1)
    return row => Number(data[row * width + at])
  }
  return undefined
}
const near = (want: string, got: string | number, { rel, abs }: { readonly rel: number; readonly abs: number }): boolean => {
  if (typeof got === 'string') return got === want || want !== '' && Number(got) === Number(want)
  // a class without votes has no entry in JPMML's answer
  if (want === '') return Number.isNaN(got) || got === 0
  const number = want === 'Infinity' ? Infinity : want === '-Infinity' ? -Infinity : Number(want)
  return got === number || Number.isNaN(number) && Number.isNaN(got) || Math.abs(got - number) <= Math.max(abs, rel * Math.abs(number))
}

/** scikit-learn's own table has other names for the same. */
function scikit(column: string, columns: readonly string[], model: Model): string | undefined {
  if (column === Object.keys(model.raw)[0]) return columns.includes('label') ? 'label' : 'value'
  const name = /^probability\((.*)\)$/.exec(column)?.[1]
  return name !== undefined && columns.includes(`p_${name}`) ? `p_${name}` : undefined
}

for (const name of goldenNames('pmml')) {
  const at = `pmml/${name}`
  test(`as JPMML or scikit-learn: ${at}`, async t => {
    const { tolerance } = JSON.parse(readFileSync(new URL(`${at}/meta.json`, folder), 'utf8')) as Meta, inputs = readCsv(`${at}/inputs.csv`), jpmml = readCsv(`${at}/expected_jpmml.csv`), own: Table = readCsv(`${at}/expected.csv`)
    const model = await pmml.read(oneFile('model.pmml', bytesOf(`${at}/model.pmml`)), {})
    for (const module of [undefined, kernels]) {
      const { predictor, how } = await openModel(model, { name: at, version: '1' }, module), outputs = score(predictor, featuresOf(model, inputs))
      let cells = 0, byOwn = 0
      for (const [c, column] of jpmml.columns.entries()) {
        if (column === 'error') continue
        const cell = cellsOf(model, outputs, column)
        assert.ok(cell !== undefined, `there is no ${column}; there are ${JSON.stringify(model.raw)}`)
        const other = scikit(column, own.columns, model), otherAt = other === undefined ? -1 : own.columns.indexOf(other)
        for (const [row, wanted] of jpmml.rows.entries()) {
          const got = cell(row)
          cells++
          if (near(wanted[c]!, got, tolerance['expected_jpmml.csv']!)) continue
          byOwn++
          assert.ok(otherAt >= 0 && near(own.rows[row]![otherAt]!, got, tolerance['expected.csv']!), `${column}, row ${row}: ${got}; JPMML ${wanted[c]}, scikit-learn ${otherAt < 0 ? '-' : own.rows[row]![otherAt]}`)
        }
      }
      assert.ok(cells >= jpmml.rows.length && jpmml.rows.length > 100)
      t.diagnostic(`${how ?? 'plain'}: ${cells} cells, ${byOwn} as scikit-learn alone`)
    }
  })
}
