import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { auc, logLoss, logLossOfConstant } from './quality.ts'

// Expected: roc_auc_score and log_loss of scikit-learn 1.9.1.
const SCORES = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.05, 0.9, 0.8, 0.2, 0.6, 0.35, 0.7, 0.1, 0.55, 0.4]
const LABELS = [0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1]
const judged = (scores: readonly number[], labels: readonly number[]) => ({ scores: Float64Array.from(scores), labels: Uint8Array.from(labels) })
const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) <= 1e-14 * Math.abs(expected), `${actual} is not ${expected}`)

test('ties count half, as in scikit-learn', () => {
  near(auc(judged(SCORES, LABELS)), 0.6953125)
  near(auc(judged([0, 1, 1, 0, 0.5], [0, 1, 0, 1, 1])), 0.5)
  near(auc(judged([0.5, 0.5, 0.5, 0.5], [0, 1, 1, 0])), 0.5)
})

test('log loss, also of sure answers that are wrong', () => {
  near(logLoss(judged(SCORES, LABELS)), 0.6638231530971055)
  near(logLoss(judged([0, 1, 1, 0, 0.5], [0, 1, 0, 1, 1])), 14.556090791758852)
  near(logLossOfConstant(0.5, Uint8Array.of(0, 1, 1, 0)), Math.LN2)
})

test('one class only: no AUC', () => {
  assert.ok(Number.isNaN(auc(judged([0.1, 0.2], [1, 1]))))
  assert.ok(Number.isNaN(auc(judged([], []))))
})

test('AUC is the share of pairs, counted one by one', () => {
  const row = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 1 }))
  fc.assert(fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), (rows) => {
    const ones = rows.filter(([, label]) => label === 1), zeros = rows.filter(([, label]) => label === 0)
    fc.pre(ones.length > 0 && zeros.length > 0)
    let won = 0
    for (const [one] of ones) for (const [zero] of zeros) won += one > zero ? 1 : one === zero ? 0.5 : 0
    near(auc(judged(rows.map(([score]) => score / 10), rows.map(([, label]) => label))), won / (ones.length * zeros.length))
  }))
})

test('scores without labels are a mistake', () => assert.throws(() => auc(judged([0.5], [])), TypeError))
