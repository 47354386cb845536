import type { ReadOptions } from '../../../core/models.ts'
import type { Column } from '../../../core/tensors.ts'
import { difference, withCategories } from '../../categories.ts'
import type { Graph } from './model.ts'
import { troubleOf } from './call.ts'
import { RANK_MAX, sizeOf, typeName, typeOf, wordsOf } from './values.ts'
import type { Budget, Rows, Type, Words } from './values.ts'
import type { Maker } from './call.ts'

/** One tensor that the graph is given: its numbers are columns of the one input matrix, from `first` on. */
interface Input { readonly name: string; readonly type: Type; readonly dims: readonly number[]; readonly batch: number; readonly first: number; readonly words: readonly Words[] | undefined }

/** @throws SLUICE_MODEL_UNSUPPORTED where a shape is not known, or rows cannot be told. */
export function inputsOf(file: string, graph: Graph): { readonly inputs: readonly Input[]; readonly width: number } {
  const inputs: Input[] = []
  let width = 0
  for (const info of graph.inputs) {
    // before IR version 4 initializers were inputs too
    if (graph.initializers.has(info.name)) continue
    const { refuse } = troubleOf(file, `input '${info.name.slice(0, 100)}'`), type = typeOf(info.type)
    if (info.kind !== 'tensor') throw refuse(`an input that is a ${info.kind === 'other' ? 'value of another kind' : info.kind}`, { fix: 'export it with tensors as inputs' })
    if (type === undefined) throw refuse(`an input of type ${typeName(info.type)}`, { why: 'float, double, int32, int64, bool and string are understood' })
    const { dims: given } = info, [rows] = given ?? []
    if (given === undefined || given.slice(1).includes(undefined) || given.some(dim => dim !== undefined && !(Number.isInteger(dim) && dim >= 0))) {
      throw refuse(`an input of the shape [${given?.map(dim => dim ?? '?').join(', ') ?? 'unknown'}]`, { why: 'all dimensions but that of the rows must be known', fix: 'export it with fixed dimensions after the first' })
    }
    // exporters write 0 for rows that are not known
    const isOpen = given.length > 0 && (rows === undefined || rows === 0)
    if (!isOpen && rows !== undefined && rows > 1 && given.length > 1) throw refuse(`an input of ${rows} rows at once`, { why: 'records are answered one by one', fix: 'export it with a first dimension that is not fixed' })
    if (given.length > RANK_MAX) throw refuse(`an input of ${given.length} dimensions`)
    const dims = given.map((dim, i) => i === 0 && isOpen ? 1 : dim!), size = sizeOf(dims)
    if (!(size >= 1 && width + size <= COLUMNS_MAX)) throw refuse(`an input of ${size} numbers a row`, { why: `from 1 to ${COLUMNS_MAX} columns are taken` })
    inputs.push({ name: info.name, type, dims, batch: isOpen ? 0 : -1, first: width, words: type === 'string' ? Array.from({ length: size }, () => wordsOf([], true)) : undefined })
    width += size
  }
  if (inputs.length === 0) throw troubleOf(file, 'graph').broken('it has no inputs')
  return { inputs, width }
}
// as many as the readers of trees take
const COLUMNS_MAX = 2 ** 20

/** Whether the matrix holds doubles: integers and doubles need them. */
export const isDouble = (inputs: readonly Input[]): boolean => inputs.some(({ type }) => type === 'float64' || type === 'int64' || type === 'int32')

/** The input's numbers as a value of the program. Integers and truths that are none are rejected. */
export function rowsOf(input: Input, width: number, isWide: boolean, maker: Maker, reject: (value: number, message: string) => void, budget: Budget): Rows {
  const { name, type, dims, batch, first, words } = input, size = sizeOf(dims), at = `input '${name.slice(0, 100)}'`
  budget.spend(size, at)
  const own = size === width ? 0 : maker.add({ op: 'select', of: 0, columns: Int32Array.from({ length: size }, (_, i) => first + i) }, at)
  const value = type === 'float32' && isWide ? maker.add({ op: 'unary', fn: 'same', of: own, float32: true }, at) : own
  if (type === 'int64' || type === 'int32' || type === 'bool') {
    const fits = type === 'bool' ? maker.add({ op: 'binary', fn: 'multiply', a: value, b: value }, at) : maker.add({ op: 'unary', fn: 'truncate', of: value }, at)
    const differs = maker.add({ op: 'binary', fn: 'notEqual', a: value, b: fits }, at)
    reject(maker.add({ op: 'reduce', fn: 'maximum', of: differs, size }, at), `${at} wants ${type === 'bool' ? 'true or false (1 or 0)' : 'whole numbers'}`)
  }
  return { kind: 'rows', type, dims, batch, value, ...(words === undefined ? {} : { words }) }
}

/** Names of the columns. Of a tensor of one number its own name; else `<tensor>_0`, `<tensor>_1`, ... */
export function columnsOf(file: string, inputs: readonly Input[], hasMissing: (column: number) => boolean, options: ReadOptions): { readonly columns: readonly Column[]; readonly unnamed: boolean } {
  const columns = inputs.flatMap(({ name, dims, first, words }) => Array.from({ length: sizeOf(dims) }, (_, i): Column => ({
    name: sizeOf(dims) === 1 ? name : `${name}_${i}`,
    ...(words === undefined ? {} : { categories: words[i]!.list, unknown: -1 }),
    ...(hasMissing(first + i) ? { missing: true } : {}),
  })))
  const given = withCategories(file, columns, options.categories, (i, list) => {
    const own = columns[i]!.categories
    return own === undefined ? 'its values are numbers' : difference(own, list)
  })
  return { columns: given, unnamed: inputs.length === 1 && columns.length > 1 }
}
