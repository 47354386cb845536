import { SluiceError } from '../../../core/errors.ts'
import type { Nested, Table } from './parquet/table.ts'

/* Vectors are structs: type 0 sparse (size, indices, values), 1 dense (values). Matrices: type, numRows, numCols, values, isTransposed; 1 dense: column after
   column, or row after row where isTransposed; 0 sparse: colPtrs say where a column (a row where isTransposed) begins in rowIndices and values. */

/** Numbers of sparse vectors and matrices of one table, which may take any size in a few bytes. */
interface Room { left: number }
const SIZE_MAX = 2 ** 22

export interface Data {
  readonly rows: number
  readonly at: string
  has(column: string): boolean
  broken(what: string): SluiceError
  // one of each row
  numbers(column: string): readonly number[]
  texts(column: string): readonly string[]
  flags(column: string): readonly boolean[]
  /** null: there is none in that row. */
  lists(column: string): readonly (readonly number[])[]
  nested(column: string): readonly Nested[]
  vectors(column: string): readonly Float64Array[]
  // of the only row
  number(column: string): number
  flag(column: string): boolean
  list(column: string): readonly number[]
  vector(column: string): Float64Array
  matrix(column: string): Matrix
  /** Vectors and matrices of a list. */
  vectorsOf(column: string): readonly Float64Array[]
  matricesOf(column: string): readonly Matrix[]
}
/** Row-major. */
export interface Matrix { readonly rows: number; readonly columns: number; readonly values: Float64Array }

/** @throws SLUICE_MODEL_BROKEN where a column is not what is asked for */
export function dataOf(table: Table): Data {
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${table.at}: ${what}`, { at: table.at }), room = { left: SIZE_MAX }
  const nested = (column: string): readonly Nested[] => {
    const found = table.column(column)
    if (found === undefined) throw broken(`it has no column '${column}'`)
    return found
  }
  const all = <T extends Nested>(column: string, is: (value: Nested) => value is T, what: string): readonly T[] => {
    const found = nested(column)
    if (!found.every(is)) throw broken(`the column '${column}' is not all ${what}`)
    return found
  }
  const only = <T>(found: readonly T[], column: string): T => {
    if (found.length !== 1) throw broken(`the column '${column}' has ${found.length} rows where one belongs`)
    return found[0]!
  }
  const vectors = (column: string): readonly Float64Array[] => {
    const types = nested(`${column}.type`), sizes = nested(`${column}.size`), indices = nested(`${column}.indices`), values = nested(`${column}.values`)
    return types.map((type, i) => vectorOf({ type, size: sizes[i], indices: indices[i], values: values[i] }, column, broken, room))
  }
  const fieldsOf = (column: string, fields: readonly string[]): readonly Fields[] => {
    const columns = fields.map(field => nested(`${column}.${field}`))
    return columns[0]!.map((_, row) => Object.fromEntries(fields.map((field, k) => [field, columns[k]![row]])))
  }
  /** Structs in a list: each field is a list then. */
  const elementsOf = (column: string, fields: readonly string[]): readonly Fields[] => {
    const row = only(fieldsOf(column, fields), column), lists = fields.map(field => row[field])
    const count = isList(lists[0]) ? lists[0].length : -1
    if (!lists.every(list => isList(list) && list.length === count)) throw broken(`the column '${column}' is no list`)
    return Array.from({ length: count }, (_, i) => Object.fromEntries(fields.map((field, k) => [field, (lists[k] as readonly Nested[])[i]])))
  }
  return {
    rows: table.rows, at: table.at, broken, nested, has: column => table.names.some(name => name === column || name.startsWith(`${column}.`)),
    numbers: column => all(column, isNumber, 'numbers'),
    texts: column => all(column, isText, 'texts'),
    flags: column => all(column, isFlag, 'true and false'),
    lists: column => all(column, isNumbers, 'lists of numbers'),
    vectors,
    number: column => only(all(column, isNumber, 'numbers'), column),
    flag: column => only(all(column, isFlag, 'true and false'), column),
    list: column => only(all(column, isNumbers, 'lists of numbers'), column),
    vector: column => only(vectors(column), column),
    matrix: column => matrixOf(only(fieldsOf(column, MATRIX), column), column, broken, room),
    vectorsOf: column => elementsOf(column, VECTOR).map(fields => vectorOf(fields, column, broken, room)),
    matricesOf: column => elementsOf(column, MATRIX).map(fields => matrixOf(fields, column, broken, room)),
  }
}

type Fields = { readonly [field: string]: Nested | undefined }
type Broken = (what: string) => SluiceError
const VECTOR = ['type', 'size', 'indices', 'values'], MATRIX = ['type', 'numRows', 'numCols', 'colPtrs', 'rowIndices', 'values', 'isTransposed']

const isNumber = (value: Nested | undefined): value is number => typeof value === 'number'
const isText = (value: Nested): value is string => typeof value === 'string'
const isFlag = (value: Nested | undefined): value is boolean => typeof value === 'boolean'
const isList = (value: Nested | undefined): value is readonly Nested[] => Array.isArray(value)
const isNumbers = (value: Nested | undefined): value is readonly number[] => isList(value) && value.every(isNumber)

/** `column`: for errors. */
export function vectorOf({ type, size, indices, values }: Fields, column: string, broken: Broken, room: Room = { left: SIZE_MAX }): Float64Array {
  if (type === 1 && isNumbers(values)) return Float64Array.from(values)
  if (type !== 0 || !isNumber(size) || !isNumbers(indices) || !isNumbers(values) || indices.length !== values.length || !(size >= 0 && (room.left -= size) >= 0)) throw broken(`'${column}' is no vector`)
  const dense = new Float64Array(size)
  for (const [i, index] of indices.entries()) {
    if (!(Number.isInteger(index) && index >= 0 && index < size)) throw broken(`'${column}' names number ${index} of ${size}`)
    dense[index] = values[i]!
  }
  return dense
}

function matrixOf({ type, numRows: rows, numCols: columns, colPtrs, rowIndices, values, isTransposed }: Fields, column: string, broken: Broken, room: Room): Matrix {
  if (!isNumber(rows) || !isNumber(columns) || !isNumbers(values) || !isFlag(isTransposed) || !(rows >= 0 && columns >= 0 && (type === 1 || (room.left -= rows * columns) >= 0))) throw broken(`'${column}' is no matrix`)
  if (type === 1 && values.length !== rows * columns) throw broken(`'${column}' has ${values.length} numbers for ${rows} rows of ${columns}`)
  const dense = new Float64Array(rows * columns)
  const put = (outer: number, inner: number, value: number): void => { dense[isTransposed ? outer * columns + inner : inner * columns + outer] = value }
  const outers = isTransposed ? rows : columns, inners = isTransposed ? columns : rows
  if (type === 1) {
    for (const [i, value] of values.entries()) put(Math.floor(i / inners), i % inners, value)
    return { rows, columns, values: dense }
  }
  if (type !== 0 || !isNumbers(colPtrs) || !isNumbers(rowIndices) || colPtrs.length !== outers + 1 || rowIndices.length !== values.length || colPtrs.at(-1) !== values.length) throw broken(`'${column}' is no sparse matrix`)
  for (let outer = 0; outer < outers; outer++) {
    const from = colPtrs[outer]!, to = colPtrs[outer + 1]!
    if (!(from >= 0 && to <= values.length)) throw broken(`'${column}' is no sparse matrix`)
    for (let k = from; k < to; k++) {
      const inner = rowIndices[k]!
      if (!(Number.isInteger(inner) && inner >= 0 && inner < inners)) throw broken(`'${column}' names number ${inner} of ${inners}`)
      put(outer, inner, values[k]!)
    }
  }
  return { rows, columns, values: dense }
}
