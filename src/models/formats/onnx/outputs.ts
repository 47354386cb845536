import type { Model, RawOutput } from '../../../core/models.ts'
import type { TensorSpec } from '../../../core/tensors.ts'
import type { ProgramOutput } from '../../program.ts'
import { troubleOf } from './call.ts'
import type { Maker } from './call.ts'
import { sizeOf } from './values.ts'
import type { Rows, Value } from './values.ts'

interface Outputs { readonly specs: readonly TensorSpec[]; readonly outputs: readonly ProgramOutput[]; readonly raw: Model['raw']; readonly classes: number }

interface Named { readonly own: string; readonly rows: Rows; readonly width: number; readonly isLabel: boolean }

/** What the graph gives, by the names that every model has (README of src/models) and by its own.

    A label is words, or a whole number a row. Beside it the output that a ZipMap made, or that the file calls probabilities, is probabilities
    with a column for each class. Without a label one output is the prediction. All others keep the file's names. */
export function outputsOf(file: string, names: readonly string[], values: readonly Value[], isSoftmax: (value: number) => boolean, maker: Maker): Outputs {
  const all = names.map((own, i): Named => {
    const { refuse } = troubleOf(file, `output '${own.slice(0, 100)}'`), value = values[i]!
    if (value.kind === 'constant' && value.words !== undefined) throw refuse('words that are the same for every row')
    const rows: Rows = value.kind === 'rows' ? value : { kind: 'rows', type: value.type, dims: value.dims, batch: value.batch, value: maker.add({ op: 'concat', of: [value.data] }, own) }
    if (rows.blocks !== undefined) throw refuse('an output of rows one after the other')
    if (rows.dims.slice(0, Math.max(0, rows.batch)).some(dim => dim !== 1)) throw refuse(`an output of [${rows.dims.join(', ')}] whose rows lie along dimension ${rows.batch}`)
    const width = sizeOf(rows.dims)
    return { own, rows, width, isLabel: width === 1 && (rows.type === 'string' || rows.type === 'int64' || rows.type === 'int32' || rows.type === 'bool') }
  })
  if (all.length === 0 || new Set(names).size !== names.length) throw troubleOf(file, 'graph').broken(all.length === 0 ? 'it has no outputs' : 'two outputs have the same name')
  const label = all.find(output => output.isLabel), floats = all.filter(output => output.rows.type === 'float32' || output.rows.type === 'float64')
  const classes = label?.rows.classes
  const matrix = floats.find(output => output.rows.zipped === true) ?? (label === undefined ? undefined : floats.find(output => /prob/i.test(output.own) && (classes === undefined ? output.width > 1 : output.width === classes.length)))
  const lone = label === undefined && all.length === 1 ? all[0] : undefined
  const nameOf = (output: Named): string => {
    if (output === label) return 'label'
    if (output === matrix) return (output.rows.scores ?? label?.rows.scores) === true ? 'margin' : 'probabilities'
    if (output === lone) return output.width > 1 && isSoftmax(output.rows.value) ? 'probabilities' : 'prediction'
    return RESERVED.has(output.own) && all.some(other => other === matrix || other === label) ? `${output.own}_` : output.own
  }
  const specs: TensorSpec[] = [], outputs: ProgramOutput[] = [], raw: { [column: string]: string | RawOutput } = {}
  for (const output of all) {
    // scores that a support vector machine gives belong to pairs of classes
    const { own, rows, width } = output, name = nameOf(output), isPairs = rows.scores === true && label?.rows.scores === true
    specs.push(specOf(name, output === label ? narrowed(output) : output, name === 'probabilities' || name === 'margin' && !isPairs ? rows.classes ?? classes : undefined))
    outputs.push({ value: rows.value, ...(rows.type === 'string' ? { labels: rows.words![0]!.list } : {}) })
    if (rows.type === 'string' && rows.words!.some(words => words !== rows.words![0])) throw troubleOf(file, `output '${own.slice(0, 100)}'`).refuse('an output of words of several inputs')
    const columns = rows.zipped === true ? rows.classes! : Array.from({ length: width }, (_, i) => i)
    raw[own] = width === 1 ? name : { output: name, columns: columns.map(column => `${own}.${column}`) }
  }
  if (matrix !== undefined && matrix.width === 2 && nameOf(matrix) === 'probabilities') {
    specs.push({ name: 'probability', dtype: matrix.rows.type, shape: [-1] })
    outputs.push({ value: maker.add({ op: 'select', of: matrix.rows.value, columns: Int32Array.of(1) }, 'probability') })
  }
  const seen = new Set<string>(), twice = specs.find(({ name }) => seen.size === seen.add(name).size)
  if (twice !== undefined) throw troubleOf(file, 'graph').refuse(`two outputs that are named '${twice.name.slice(0, 100)}' here`, { fix: 'rename the outputs of the graph' })
  return { specs, outputs, raw, classes: matrix?.width ?? 0 }
}

/** Whole numbers that are known to be small. */
function narrowed(label: Named): Named {
  const { rows } = label, isSmall = rows.place === true || rows.classes?.every(name => Number(name) === (Number(name) | 0)) === true
  return rows.type === 'int64' && isSmall ? { ...label, rows: { ...rows, type: 'int32' } } : label
}

const RESERVED = new Set(['label', 'probabilities', 'probability', 'prediction', 'margin'])

function specOf(name: string, { rows, width }: Named, classes: readonly (string | number)[] | undefined): TensorSpec {
  const shape = width === 1 ? [-1] : [-1, width]
  return { name, dtype: rows.type, shape, ...(classes !== undefined && classes.length === width && width > 1 ? { columns: classes.map(name => ({ name: String(name) })) } : {}) }
}
