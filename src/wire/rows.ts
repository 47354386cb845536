import type { Column, Signature, Tensor, TensorBatch, TensorSpec } from '../core/tensors.ts'
import { countOf, WireError } from './tensors.ts'
import type { Datatype, WireTensor } from './tensors.ts'

// From tensors of a request to the one matrix that models here take, and from their outputs back.

/** One tensor for all columns, [rows, columns] (or [columns]: one row); or one for each column, [rows] or [rows, 1], under its name. Names in other letter cases are taken where only one
    fits; of a model with one input, one tensor of any name. BYTES are words of categories.
    @throws WireError invalid, saying which tensor and what is wanted */
export function matrixOf(signature: Signature, inputs: readonly WireTensor[]): TensorBatch {
  const input = signature.inputs[0]!, columns = input.columns ?? [], width = input.shape[1] ?? columns.length
  if (inputs.length === 0) throw new WireError('invalid', `the request has no input; ${wanted(input, width)}`)
  const whole = inputs.length === 1 && (named(inputs[0]!, input.name) || !(columns.length === 1 || columns.some(({ name }) => named(inputs[0]!, name))) || width === 1 && inputs[0]!.shape.length === 2)
  return whole ? wholeMatrix(input, columns, width, inputs[0]!) : byColumn(input, columns, width, inputs)
}

const named = ({ name }: WireTensor, other: string): boolean => name === other || name.toLowerCase() === other.toLowerCase()

function wanted({ name, dtype }: TensorSpec, width: number): string {
  return `the model takes '${name}', ${dtype} [rows, ${width}], or a tensor [rows] for each of its columns`
}

function fresh(input: TensorSpec, rows: number, width: number): Float32Array | Float64Array {
  return input.dtype === 'float32' ? new Float32Array(rows * width) : new Float64Array(rows * width)
}
const batchOf = (input: TensorSpec, rows: number, width: number, data: Float32Array | Float64Array): TensorBatch => {
  const tensor: Tensor = { dtype: input.dtype, shape: [rows, width], data }
  return { rows, tensors: new Map([[input.name, tensor]]), release() {} }
}

function wholeMatrix(input: TensorSpec, columns: readonly Column[], width: number, tensor: WireTensor): TensorBatch {
  const { name, shape } = tensor, count = countOf(name, shape)
  const last = shape.length === 1 ? shape[0]! : count / (shape[0] === 0 ? 1 : shape[0]!)
  const rows = shape.length === 1 ? 1 : shape[0]!
  if (last !== width && !(rows === 0 && count === 0)) throw new WireError('invalid', `tensor '${name}' has the shape [${shape.join(', ')}]; ${wanted(input, width)}`)
  const data = fresh(input, rows, width)
  // plain numbers without rules are taken as they lie
  if (tensor.data instanceof Float32Array && columns.every(({ categories }) => categories === undefined)) data.set(tensor.data)
  else for (let i = 0; i < count; i++) data[i] = valueOf(tensor, i, columns[i % width])
  for (let i = 0; i < count; i++) if (data[i] !== data[i]) checkMissing(tensor, i, columns[i % width])
  return batchOf(input, rows, width, data)
}

function byColumn(input: TensorSpec, columns: readonly Column[], width: number, inputs: readonly WireTensor[]): TensorBatch {
  const rows = inputs[0]!.shape[0] ?? 1, data = fresh(input, rows, width), seen = new Set<number>()
  for (const tensor of inputs) {
    const { name, shape } = tensor
    const at = columns.findIndex(column => column.name === name), others = at >= 0 ? [] : columns.flatMap((column, i) => column.name.toLowerCase() === name.toLowerCase() ? [i] : [])
    const column = at >= 0 ? at : others.length === 1 ? others[0]! : -1
    if (column < 0) throw new WireError('invalid', `the model has no input '${name}'; ${wanted(input, width)}: ${shortened(columns.map(column => column.name))}`)
    if (seen.has(column)) throw new WireError('invalid', `input '${name}' is there twice`)
    if (countOf(name, shape) !== rows || (shape[0] ?? 1) !== rows) throw new WireError('invalid', `tensor '${name}' has the shape [${shape.join(', ')}] and the first one has ${rows} rows; a column is [rows] or [rows, 1]`)
    seen.add(column)
    for (let row = 0; row < rows; row++) {
      const value = valueOf(tensor, row, columns[column])
      data[row * width + column] = value
      if (value !== value) checkMissing(tensor, row, columns[column])
    }
  }
  if (seen.size < width) throw new WireError('invalid', `there is no input '${columns.find((_, i) => !seen.has(i))?.name}'; ${wanted(input, width)}`)
  return batchOf(input, rows, width, data)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function valueOf({ name, data }: WireTensor, at: number, column: Column | undefined): number {
  const element = data[at]!
  if (column?.categories === undefined) {
    if (typeof element === 'object') throw new WireError('invalid', `tensor '${name}', element ${at}: a text; the model wants numbers${column === undefined ? '' : ` for '${column.name}'`}`)
    return Number(element)
  }
  const word = typeof element === 'object' ? textOf(name, at, element) : element
  const code = column.categories.findIndex(category => category === word || typeof word !== 'string' && Number(category) === Number(word) && typeof category !== 'string')
  if (code >= 0) return code
  // what is no number is a missing word
  if (column.unknown === undefined && !(typeof word === 'number' && word !== word)) throw new WireError('invalid', `tensor '${name}', element ${at}: the model does not know the category ${JSON.stringify(String(word))} of '${column.name}'`)
  return column.unknown ?? NaN
}

function textOf(name: string, at: number, bytes: Uint8Array): string {
  try { return decoder.decode(bytes) } catch { throw new WireError('invalid', `tensor '${name}', element ${at}: not valid UTF-8`) }
}

function checkMissing({ name }: WireTensor, at: number, column: Column | undefined): void {
  if (column !== undefined && column.missing !== true && column.unknown === undefined) throw new WireError('invalid', `tensor '${name}', element ${at}: not a number, and the model has no rule for a missing '${column.name}'`)
}

const shortened = (names: readonly string[]): string => names.slice(0, 10).join(', ') + (names.length > 10 ? `, ... (${names.length})` : '')

const DATATYPES: Readonly<{ [dtype in Tensor['dtype']]: Datatype }> = { bool: 'BOOL', int32: 'INT32', int64: 'INT64', float32: 'FP32', float64: 'FP64', string: 'BYTES' }
const datatypeOf = ({ dtype }: TensorSpec): Datatype => DATATYPES[dtype]

/** Outputs under their own names, all or those that are wanted, in that order, whatever their letter case. @throws WireError invalid: there is none of that name */
export function outputsOf(outputs: TensorBatch, signature: Signature, names?: readonly string[]): readonly WireTensor[] {
  const chosen = names === undefined || names.length === 0 ? signature.outputs.map(spec => ({ spec, name: spec.name })) : names.map(name => {
    const spec = signature.outputs.find(output => output.name === name) ?? signature.outputs.find(output => output.name.toLowerCase() === name.toLowerCase())
    if (spec === undefined) throw new WireError('invalid', `the model has no output '${name}'; it has ${signature.outputs.map(output => output.name).join(', ')}`)
    return { spec, name }
  })
  return chosen.map(({ spec, name }): WireTensor => {
    const { data, shape } = outputs.tensors.get(spec.name)!
    if (!('words' in data)) return { name, datatype: datatypeOf(spec), shape, data }
    const words = data.words.map(word => encoder.encode(word))
    return { name, datatype: 'BYTES', shape, data: Array.from(data.codes, code => words[code] ?? new Uint8Array(0)) }
  })
}
const encoder = new TextEncoder()
