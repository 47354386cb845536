import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { add, createHistogram, difference, LIMITS, quantile, record } from './histogram.ts'

const seconds = fc.double({ min: 1e-6, max: 1000, noNaN: true })

test('quantile-error-is-bounded: within 4.5 % of the exact one for any observations', () => {
  fc.assert(fc.property(fc.array(seconds, { minLength: 1, maxLength: 200 }), fc.double({ min: 0.001, max: 1, noNaN: true }), (values, q) => {
    const histogram = createHistogram()
    for (const value of values) record(histogram, value, 1)
    const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1]!
    const ratio = quantile(histogram, q) / exact
    assert.ok(ratio > 1 / 1.045 && ratio < 1.045, `quantile ${q}: ${quantile(histogram, q)} instead of ${exact}`)
  }))
})

test('quantile-of-the-ends: the smallest and largest are exact, nothing observed is NaN', () => {
  const histogram = createHistogram()
  assert.ok(Number.isNaN(quantile(histogram, 0.5)))
  record(histogram, 0.123, 1)
  assert.equal(quantile(histogram, 0.5), 0.123)
  record(histogram, 5000, 3)
  assert.equal(quantile(histogram, 0.99), 5000)
  assert.equal(histogram.max, 5000)
  record(histogram, 1e-9, 100)
  assert.ok(quantile(histogram, 0.1) <= 1e-6)
})

test('limits-are-inclusive: a value equal to a limit counts below it, as Prometheus says', () => {
  for (const [i, limit] of LIMITS.entries()) {
    const histogram = createHistogram()
    record(histogram, limit, 2)
    assert.equal(histogram.within[i], 2)
  }
  const histogram = createHistogram()
  record(histogram, 61, 1)
  assert.equal(histogram.within.reduce((a, b) => a + b), 0)
  assert.equal(histogram.count, 1)
})

test('clock-set-back: negative and NaN are nothing, never a falling sum', () => {
  const histogram = createHistogram()
  record(histogram, 2, 1)
  record(histogram, -5, 1)
  record(histogram, NaN, 1)
  record(histogram, 1, 0)
  record(histogram, 1, -3)
  assert.equal(histogram.sum, 2)
  assert.equal(histogram.count, 3)
  assert.equal(histogram.min, 0)
})

test('weight: times equal observations are the same as one after another', () => {
  fc.assert(fc.property(fc.array(fc.tuple(seconds, fc.integer({ min: 1, max: 20 })), { maxLength: 20 }), (observations) => {
    const weighted = createHistogram()
    const single = createHistogram()
    for (const [value, times] of observations) {
      record(weighted, value, times)
      for (let i = 0; i < times; i++) record(single, value, 1)
    }
    assert.deepEqual(weighted.counts, single.counts)
    assert.deepEqual(weighted.within, single.within)
    assert.equal(weighted.count, single.count)
    assert.ok(Math.abs(weighted.sum - single.sum) <= 1e-9 * single.sum)
  }))
})

test('difference: what came after a snapshot, and adding it again gives the whole', () => {
  const histogram = createHistogram()
  record(histogram, 0.001, 10)
  const earlier = structuredClone(histogram)
  record(histogram, 1, 10)
  const recent = difference(histogram, earlier)
  assert.equal(recent.count, 10)
  assert.ok(Math.abs(quantile(recent, 0.01) - 1) < 0.045)
  add(earlier, recent)
  assert.deepEqual(earlier.counts, histogram.counts)
  assert.deepEqual(earlier.within, histogram.within)
})
