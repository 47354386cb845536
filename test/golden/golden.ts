import { readFileSync, readdirSync, statSync } from 'node:fs'
import { LOST } from '../../src/models/categories.ts'
import { openModel, readModel } from '../../src/models/index.ts'
import type { Files, Model, ReadOptions } from '../../src/core/models.ts'
import type { Predictor } from '../../src/core/stages.ts'
import type { Column, Tensor } from '../../src/core/tensors.ts'

export const folder = new URL('models/', import.meta.url)

/** One file of a golden model, under its name. */
export const oneFile = (name: string, bytes: Uint8Array): Files => ({ names: [name], read: async () => bytes })
export const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, folder)))

export const goldenNames = (format: string): string[] =>
  readdirSync(new URL(`${format}/`, folder)).filter(name => statSync(new URL(`${format}/${name}`, folder)).isDirectory()).sort()

export async function load(path: string, options: ReadOptions = {}): Promise<{ model: Model; predictor: Predictor }> {
  const model = await readModel(oneFile(path.slice(path.lastIndexOf('/') + 1), bytesOf(path)), options)
  return { model, predictor: (await openModel(model, { name: path, version: '1' })).predictor }
}

export function score(predictor: Predictor, features: Tensor): ReadonlyMap<string, Tensor> {
  const batch = { rows: features.shape[0]!, tensors: new Map([['features', features]]), release: () => {} }
  const predicted = predictor.predict(batch, undefined, new AbortController().signal)
  if (predicted instanceof Promise) throw new TypeError('a predictor of trees answers at once')
  return predicted.outputs.tensors
}

export interface Table { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }

/** RFC 4180. */
export function parseCsv(text: string): Table {
  const rows: string[][] = []
  let row: string[] = [], cell = '', quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quoted) {
      if (c !== '"') cell += c
      else if (text[i + 1] === '"') cell += text[++i]!
      else quoted = false
    } else if (c === '"') quoted = true
    else if (c === ',') { row.push(cell); cell = '' }
    else if (c === '\n') { row.push(cell); rows.push(row); row = []; cell = '' }
    else if (c !== '\r') cell += c
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell])
  return { columns: rows[0]!, rows: rows.slice(1) }
}
export const readCsv = (path: string): Table => parseCsv(readFileSync(new URL(path, folder), 'utf8'))

/** The rows as the model's one input tensor: cells by column name, words by Column.categories. */
export function featuresOf(model: Model, table: Table): Tensor {
  const input = model.signature.inputs[0]!
  const columns = input.columns!
  const data = input.dtype === 'float32' ? new Float32Array(table.rows.length * columns.length) : new Float64Array(table.rows.length * columns.length)
  for (const [i, column] of columns.entries()) {
    const from = table.columns.indexOf(column.name)
    if (from < 0) throw new Error(`no column ${column.name}`)
    for (const [r, cells] of table.rows.entries()) data[r * columns.length + i] = numberOf(cells[from]!, column)
  }
  return { dtype: input.dtype, shape: [table.rows.length, columns.length], data }
}

function numberOf(cell: string, column: Column): number {
  if (cell === '') return NaN
  if (column.categories === undefined) return Number(cell)
  const code = column.categories.findIndex(category => String(category) === cell || (typeof category === 'number' && category === Number(cell) && !column.categories!.includes(String(category))))
  if (code >= 0) return code
  // of a name that XGBoost 3.1 to 3.3 cut, its length and its beginning are left: enough here, where every word is a category
  const fragments = column.categories.flatMap((category, i) => typeof category === 'string' && isFragment(category, cell) ? [i] : [])
  if (fragments.length === 1) return fragments[0]!
  if (column.unknown === undefined) throw new Error(`${column.name}: unknown category ${cell}`)
  return column.unknown
}

const isFragment = (name: string, word: string): boolean => {
  const letters = Array.from(word), of = Array.from(name)
  return of.length === letters.length && !name.isWellFormed() && of.every((letter, i) => letter === LOST || letter === letters[i])
}

const valueOf = (cell: string): number => cell === 'true' ? 1 : cell === 'false' ? 0 : Number(cell)

export interface Difference { cells: number; differing: number; largest: number }

/** The model's outputs against the columns of its truth file, by the origin's names: `predict`, or `predict_0` ... of a matrix. */
export function compare(model: Model, outputs: ReadonlyMap<string, Tensor>, expected: Table): { [column: string]: Difference } {
  const result: { [column: string]: Difference } = {}
  for (const [column, raw] of Object.entries(model.raw)) {
    const tensor = outputs.get(typeof raw === 'string' ? raw : raw.output)!
    const width = tensor.shape[1] ?? 1
    const difference: Difference = { cells: 0, differing: 0, largest: 0 }
    for (let k = 0; k < width; k++) {
      const from = expected.columns.indexOf(typeof raw !== 'string' ? raw.columns[k]! : tensor.shape.length === 1 ? column : `${column}_${k}`)
      if (from < 0) throw new Error(`no column for ${column} ${k}`)
      for (const [r, cells] of expected.rows.entries()) {
        difference.cells++
        if ('words' in tensor.data) {
          if (cells[from] === tensor.data.words[tensor.data.codes[r * width + k]!]) continue
          difference.differing++
          difference.largest = Infinity
          continue
        }
        const want = valueOf(cells[from]!), got = Number(tensor.data[r * width + k]!)
        if (Object.is(want, got) || want === got) continue
        difference.differing++
        const distance = Math.abs(want - got) / Math.max(1, Math.abs(want))
        difference.largest = Number.isNaN(distance) ? Infinity : Math.max(difference.largest, distance)
      }
    }
    result[column] = difference
  }
  return result
}
