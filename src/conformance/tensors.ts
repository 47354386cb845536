import assert from 'node:assert/strict'
import type { DType, Predicted, Signature, Tensor, TensorBatch, TensorData } from '../core/index.ts'

/** The answers that are expected, by the name of the output: row-major. */
export interface Expected {
  readonly outputs: { readonly [output: string]: ArrayLike<number | string | boolean> }
  /** The largest relative difference, by output. Absent: equal to the last bit. */
  readonly tolerance?: { readonly [output: string]: number }
}

const ARRAYS = { bool: Uint8Array, int32: Int32Array, int64: BigInt64Array, float32: Float32Array, float64: Float64Array } as const

/** A copy of some rows, at an odd place in a larger buffer: the memory of a tensor is a part of a region. */
export function takeRows({ tensors }: TensorBatch, rows: readonly number[]): TensorBatch {
  const taken = new Map<string, Tensor>()
  for (const [name, { dtype, shape, data }] of tensors) {
    const width = widthOf(shape)
    const from = 'codes' in data ? data.codes : data
    const into = memory('codes' in data ? 'int32' : dtype as Exclude<DType, 'string'>, rows.length * width)
    rows.forEach((row, i) => { for (let column = 0; column < width; column++) into[i * width + column] = from[row * width + column]! })
    taken.set(name, { dtype, shape: [rows.length, ...shape.slice(1)], data: 'codes' in data ? { codes: into as Int32Array, words: data.words } : into as TensorData })
  }
  return { rows: rows.length, tensors: taken, release() {} }
}
function memory(dtype: Exclude<DType, 'string'>, length: number): { [i: number]: number | bigint; readonly length: number } {
  const { BYTES_PER_ELEMENT } = ARRAYS[dtype]
  const buffer = new ArrayBuffer((length + 8) * BYTES_PER_ELEMENT)
  return new ARRAYS[dtype](buffer, 3 * BYTES_PER_ELEMENT, length)
}
const widthOf = (shape: readonly number[]): number => shape.slice(1).reduce((product, size) => product * size, 1)
export const allRows = ({ rows }: { readonly rows: number }): number[] => Array.from({ length: rows }, (_, row) => row)

export type Element = number | bigint | string | boolean | null
/** The answers of each row that was not rejected, by output; of a rejected one its code. */
export type Answers = readonly (string | { readonly [output: string]: readonly Element[] })[]

/** What was answered, copied and checked against the signature. */
export function answersOf({ outputs: { rows, tensors }, rejected }: Predicted, signature: Signature): Answers {
  assert.deepEqual([...tensors.keys()].sort(), signature.outputs.map(({ name }) => name).sort(), 'the outputs are those of the signature')
  const codes = new Map(rejected.map(({ row, error }) => [row, error.code]))
  const columns = signature.outputs.map(({ name, dtype, shape }) => {
    const tensor = tensors.get(name)!
    assert.equal(tensor.dtype, dtype, name)
    assert.deepEqual(tensor.shape, [rows, ...shape.slice(1)], `the shape of '${name}' is that of the signature`)
    const { data } = tensor, width = widthOf(shape)
    assert.ok('codes' in data ? dtype === 'string' : dtype !== 'string' && data instanceof ARRAYS[dtype], `the data of '${name}' is of its dtype`)
    assert.equal(('codes' in data ? data.codes : data).length, rows * width, `the data of '${name}' is as long as its shape`)
    const element = (i: number): Element => 'codes' in data ? data.words[data.codes[i]!] ?? null : dtype === 'bool' ? data[i] !== 0 : data[i]!
    return { name, of: (row: number) => Array.from({ length: width }, (_, column) => element(row * width + column)) }
  })
  return Array.from({ length: rows }, (_, row) => codes.get(row) ?? Object.fromEntries(columns.map(({ name, of }) => [name, of(row)])))
}

export function assertExpected(answers: Answers, { outputs, tolerance = {} }: Expected): void {
  for (const [name, values] of Object.entries(outputs)) {
    const all = answers.flatMap((answer, row) => {
      assert.ok(typeof answer !== 'string', `row ${row} was rejected: ${String(answer)}`)
      assert.ok(name in answer, `there is no output '${name}'`)
      return answer[name]!
    })
    assert.equal(all.length, values.length, `numbers of '${name}'`)
    const allowed = tolerance[name] ?? 0
    all.forEach((answer, i) => {
      const wanted = values[i]!
      const equal = Object.is(answer, wanted) || (typeof answer === 'number' && typeof wanted === 'number' && Math.abs(answer - wanted) <= allowed * Math.max(Math.abs(answer), Math.abs(wanted)))
      assert.ok(equal, `'${name}', number ${i}: ${String(answer)} is not ${String(wanted)}`)
    })
  }
}

/** Overwrites every number, as a region that is used anew does. */
export function overwrite({ tensors }: TensorBatch): void {
  for (const { data } of tensors.values()) {
    const numbers = 'codes' in data ? data.codes : data
    new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).fill(0x3f)
  }
}
