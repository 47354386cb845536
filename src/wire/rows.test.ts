import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signature, TensorBatch } from '../core/tensors.ts'
import { matrixOf, outputsOf } from './rows.ts'
import { WireError } from './tensors.ts'
import type { WireTensor } from './tensors.ts'

const encoder = new TextEncoder()
const signature: Signature = {
  inputs: [{ name: 'features', dtype: 'float32', shape: [-1, 3], columns: [{ name: 'km', missing: true }, { name: 'hour' }, { name: 'city', categories: ['Bonn', 'Ulm'], unknown: -1 }] }],
  outputs: [{ name: 'prediction', dtype: 'float32', shape: [-1] }, { name: 'label', dtype: 'string', shape: [-1] }],
}
const fp32 = (name: string, shape: readonly number[], ...numbers: readonly number[]): WireTensor => ({ name, datatype: 'FP32', shape, data: Float32Array.from(numbers) })
const words = (name: string, ...texts: readonly string[]): WireTensor => ({ name, datatype: 'BYTES', shape: [texts.length, 1], data: texts.map(text => encoder.encode(text)) })
const numbersOf = (batch: TensorBatch): number[] => [...batch.tensors.get('features')!.data as Float32Array]
const plain: Signature = { ...signature, inputs: [{ name: 'features', dtype: 'float64', shape: [-1, 2], columns: [{ name: 'a' }, { name: 'b', missing: true }] }] }

test('one tensor for all columns, whatever its name and letter case; a single row may be flat', () => {
  for (const name of ['features', 'FEATURES', 'input-0']) assert.deepEqual(numbersOf(matrixOf(plain, [fp32(name, [2, 2], 1, 2, 3, NaN)])), [1, 2, 3, NaN])
  assert.deepEqual(numbersOf(matrixOf(plain, [fp32('x', [2], 1, 2)])), [1, 2])
})

test('a tensor for each column, in any order, words among them', () => {
  assert.deepEqual(numbersOf(matrixOf(signature, [words('City', 'Ulm', 'Rome'), fp32('km', [2], 5, NaN), fp32('HOUR', [2, 1], 7, 8)])), [5, 7, 1, NaN, 8, -1])
})

test('what does not fit is told with what is wanted', () => {
  for (const [inputs, message] of [
    [[], /no input/], [[fp32('x', [2, 5], ...Float32Array.from({ length: 10 }, () => 1))], /no input 'x'|shape \[2, 5\]/], [[fp32('km', [2], 1, 2), fp32('hour', [3], 1, 2, 3), words('city', 'Ulm', 'Ulm')], /the first one has 2 rows/],
    [[fp32('km', [1], 1), words('city', 'Ulm')], /there is no input 'hour'/], [[fp32('km', [1], 1), fp32('km', [1], 1)], /there twice/], [[fp32('km', [1], 1), fp32('speed', [1], 1)], /no input 'speed'.*km, hour, city/],
    [[fp32('km', [1], 1), fp32('hour', [1], NaN), words('city', 'Ulm')], /no rule for a missing 'hour'/], [[words('km', 'x'), fp32('hour', [1], 1), words('city', 'Ulm')], /a text; the model wants numbers/],
  ] as const) assert.throws(() => matrixOf(signature, inputs), (error: unknown) => error instanceof WireError && error.status === 'invalid' && message.test(error.message) || (assert.fail(String(error)), false))
})

test('outputs by name, in the letter case that was asked for', () => {
  const batch: TensorBatch = { rows: 2, tensors: new Map([['prediction', { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }], ['label', { dtype: 'string', shape: [2], data: { codes: Int32Array.of(1, -1), words: ['no', 'yes'] } }]]), release() {} }
  assert.deepEqual(outputsOf(batch, signature, ['LABEL']), [{ name: 'LABEL', datatype: 'BYTES', shape: [2], data: [encoder.encode('yes'), new Uint8Array(0)] }])
  assert.deepEqual(outputsOf(batch, signature).map(({ name, datatype }) => [name, datatype]), [['prediction', 'FP32'], ['label', 'BYTES']])
  assert.throws(() => outputsOf(batch, signature, ['nothing']), /it has prediction, label/)
})
