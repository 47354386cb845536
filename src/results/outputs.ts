import { encodeCsvCell } from '../codecs/csv.ts'
import { didYouMean } from '../codecs/paths.ts'
import { SluiceError } from '../core/index.ts'
import type { Predicted, Signature, Tensor, TensorSpec } from '../core/index.ts'
import type { OutputValue } from './options.ts'

/** @throws SLUICE_OUTPUT_UNKNOWN, SLUICE_MODEL_UNSUPPORTED */
export function outputOf(signature: Signature, output: string, field: string): TensorSpec {
  const names = signature.outputs.map(({ name }) => name)
  const found = signature.outputs.find(({ name }) => name === output)
  if (found === undefined) {
    const meant = didYouMean(output, names)
    throw new SluiceError('SLUICE_OUTPUT_UNKNOWN', `the model has no output '${output}' (for the field '${field}'); it has ${names.join(', ')}`, meant === undefined ? {} : { fix: `did you mean '${meant}'?` })
  }
  if (found.shape.length > 2) {
    throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `the output '${output}' has the shape [${found.shape.join(', ')}]; a field holds one number or one list of numbers`, { fix: 'leave it out, or write a function' })
  }
  return found
}

/** @throws SLUICE_OUTPUT_UNKNOWN a version came that was not checked */
export function tensorOf({ outputs }: Predicted, output: string): Tensor {
  const tensor = outputs.tensors.get(output)
  if (tensor === undefined) throw new SluiceError('SLUICE_OUTPUT_UNKNOWN', `the model gave no output '${output}'`)
  return tensor
}

/** Numbers of one row; undefined: one, not a list. */
export const widthOf = ({ shape }: { readonly shape: readonly number[] }): number | undefined => shape[1]

/** The value of element `i`, whatever the tensor holds; null is a missing word. */
export function elementsOf({ dtype, data }: Tensor): (i: number) => OutputValue {
  if ('words' in data) return i => data.words[data.codes[i]!] ?? null
  if (dtype === 'bool') return i => data[i] !== 0
  return i => data[i]!
}

/** The shortest text that reads back to the same double (-0 is 0); of a float32 the double that it is, as JSON.stringify prints it. JSON has
    no NaN and no infinity: they are null. */
export function jsonOf(tensor: Tensor): (row: number) => string {
  const element = elementsOf(tensor), width = widthOf(tensor)
  const text = (i: number): string => {
    const value = element(i)
    return typeof value === 'number' ? Number.isFinite(value) ? String(value) : 'null' : typeof value === 'string' ? JSON.stringify(value) : String(value)
  }
  return width === undefined ? text : row => {
    let all = '['
    for (let i = row * width; i < (row + 1) * width; i++) all += i === row * width ? text(i) : `,${text(i)}`
    return `${all}]`
  }
}

/** As cells, a list as one for each of its elements, behind one another; `NaN` and `Infinity` are written so. */
export function csvOf(tensor: Tensor): (row: number) => string {
  const element = elementsOf(tensor), width = widthOf(tensor)
  const text = (i: number): string => {
    const value = element(i)
    return typeof value === 'string' || value === null ? encodeCsvCell(value) : String(value)
  }
  return width === undefined ? text : row => {
    let all = ''
    for (let i = row * width; i < (row + 1) * width; i++) all += i === row * width ? text(i) : `,${text(i)}`
    return all
  }
}

/** The names of the columns in CSV: `field`, or `field_0, field_1, ...`. */
export const columnsOfField = (field: string, width: number | undefined): readonly string[] =>
  width === undefined ? [field] : Array.from({ length: Math.max(width, 0) }, (_, i) => `${field}_${i}`)
