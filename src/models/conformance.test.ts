import { bytesOf, featuresOf, oneFile, readCsv } from '../../test/golden/golden.ts'
import type { Table } from '../../test/golden/golden.ts'
import { evaluatorSuite, formatSuite } from '../conformance/index.ts'
import type { EvaluatorBed, Expected, FormatBed } from '../conformance/index.ts'
import type { Files, Format, Model, TensorBatch } from '../core/index.ts'
import { plain } from './evaluators/plain/index.ts'
import { lightgbm } from './formats/lightgbm/index.ts'
import { xgboost } from './formats/xgboost/index.ts'

const ROWS = 40
const few = (path: string): Table => {
  const { columns, rows } = readCsv(path)
  return { columns, rows: rows.slice(0, ROWS) }
}
const filesOf = (path: string): Files => oneFile(path.slice(path.lastIndexOf('/') + 1), bytesOf(path))
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)

function rowsFor(model: Model, path: string): { readonly features: TensorBatch; readonly expected: Expected } {
  const features = featuresOf(model, few(`${folderOf(path)}inputs.csv`)), { columns, rows } = few(`${folderOf(path)}expected.csv`)
  const outputs: { [output: string]: number[] } = {}
  for (const [name, raw] of Object.entries(model.raw)) {
    const named = typeof raw === 'string' ? columns.filter(column => column === name || column.startsWith(`${name}_`)) : raw.columns
    const cells = named.map(column => columns.indexOf(column)), output = typeof raw === 'string' ? raw : raw.output
    outputs[output] = rows.flatMap(row => cells.map(i => Number(row[i])))
  }
  return {
    features: { rows: ROWS, tensors: new Map([['features', features]]), release() {} },
    expected: { outputs, tolerance: { prediction: model.format === 'xgboost' ? 3e-6 : 1e-13 } },
  }
}

async function formatBed(format: Format, path: string, others: readonly Files[]): Promise<FormatBed> {
  const files = filesOf(path)
  return { format, files, others, evaluator: plain, ...rowsFor(await format.read(files, {}), path) }
}
async function evaluatorBed(format: Format, path: string): Promise<EvaluatorBed> {
  const model = await format.read(filesOf(path), {})
  return { evaluator: plain, model, ...rowsFor(model, path) }
}

const ofXgboost = ['xgboost/multi-iris/model.json', 'xgboost/cat-partition-orders/model.ubj', 'xgboost/gblinear-diabetes/model.json']
const ofLightgbm = ['lightgbm/multi-iris/model.txt', 'lightgbm/cat-str-orders/model.txt', 'lightgbm/linear-tree-diabetes/model.txt']
const noModels = ['xgboost/bin-cancer/meta.json', 'xgboost/bin-cancer/inputs.csv'].map(filesOf)
for (const path of ofXgboost) formatSuite(`format xgboost: ${path}`, () => formatBed(xgboost, path, [...noModels, ...ofLightgbm.map(filesOf)]))
for (const path of ofLightgbm) formatSuite(`format lightgbm: ${path}`, () => formatBed(lightgbm, path, [...noModels, ...ofXgboost.map(filesOf)]))
for (const path of [...ofXgboost, 'xgboost/multitree-vector-leaf-trump/model.json', 'xgboost/hinge-phishing/model.json']) evaluatorSuite(`evaluator plain: ${path}`, () => evaluatorBed(xgboost, path))
for (const path of [...ofLightgbm, 'lightgbm/bin-cancer-nan/model.txt']) evaluatorSuite(`evaluator plain: ${path}`, () => evaluatorBed(lightgbm, path))
