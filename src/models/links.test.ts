import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exp } from './exp.ts'
import { argmax, links32, links64 } from './links.ts'

const f = Math.fround

test('sigmoid32 stays above 0 for margins of any size, as XGBoost bounds its exponent', () => {
  const values = Float32Array.of(-1000, -88.7, 0, 88.7, 1000, NaN)
  links32.sigmoid(values, 6, 1, 1)
  assert.ok(values[0]! > 0 && values[0] === values[1])
  assert.deepEqual([...values.subarray(2)], [0.5, 1, 1, NaN])
})

test('softmax of large margins: the largest is subtracted first', () => {
  const values = Float32Array.of(1000, 999, -Infinity, 5, 5, 5)
  links32.softmax(values, 2, 3, 1)
  const e = f(exp(-1))
  assert.deepEqual([...values], [f(1 / f(1 + e)), f(e / f(1 + e)), 0, f(1 / 3), f(1 / 3), f(1 / 3)])
})

test('the slope of a sigmoid, and signed squares of both signs', () => {
  const p = Float64Array.of(2, -2), squares = Float64Array.of(3, -3, 0)
  links64.sigmoid(p, 2, 1, 1.7)
  links64.signedSquare(squares, 3, 1, 1)
  assert.deepEqual([...p], [1 / (1 + exp(-1.7 * 2)), 1 / (1 + exp(1.7 * 2))])
  assert.deepEqual([...squares], [9, -9, 0])
})

test('argmax takes the first of equals', () => {
  const into = new Int32Array(2)
  argmax(Float32Array.of(1, 2, 2, 0, 0, 0), 2, 3, into)
  assert.deepEqual([...into], [1, 0])
})
