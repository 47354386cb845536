import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exp } from './exp.ts'

const SCALE = 1n << 160n
/** e^x, scaled, by its series after halving: exact far beyond a double. */
function exact(x: number): bigint {
  let halvings = 0, reduced = BigInt(Math.round(x * 2 ** 40 * 2 ** 12)) * (SCALE >> 52n)
  while ((reduced < 0n ? -reduced : reduced) > SCALE >> 8n) { reduced /= 2n; halvings++ }
  let sum = SCALE, term = SCALE
  for (let n = 1n; n < 40n; n++) sum += term = term * reduced / SCALE / n
  for (let i = 0; i < halvings; i++) sum = sum * sum / SCALE
  return sum
}
const ulp = (x: number): number => { const bits = new BigUint64Array(Float64Array.of(x).buffer); bits[0]! += 1n; return new Float64Array(bits.buffer)[0]! - x }

test('within 0.501 units in the last place', () => {
  let state = Number(process.env['SEED'] ?? 1), most = 0
  for (let i = 0; i < 3000; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    // multiples of 2^-30, so that the reference has the very same x
    const x = Math.round((state / 2 ** 32 - 0.5) * [1, 40, 200][i % 3]! * 2 ** 30) / 2 ** 30, y = exp(x), unit = ulp(y)
    const error = Number(exact(x) - BigInt(Math.round(y / unit)) * BigInt(Math.round(unit * 2 ** 156)) * 16n) / Number(SCALE) / unit
    if (unit * 2 ** 156 >= 1) most = Math.max(most, Math.abs(error))
  }
  assert.ok(most < 0.501, `${most}`)
  assert.ok(most > 0.4, 'the reference tells roundings')
})

test('no further from the engine than its own error, in all magnitudes', () => {
  for (let x = -745; x < 709.7; x += 0.0317) {
    const ours = exp(x), theirs = Math.exp(x)
    assert.ok(Math.abs(ours - theirs) <= 2 * Math.max(ulp(theirs), 5e-324), `${x}: ${ours} and ${theirs}`)
  }
})

test('edges', () => {
  assert.deepEqual([0, -0, 1, Infinity, -Infinity, 710, -746].map(exp), [1, 1, Math.E, Infinity, 0, Infinity, 0])
  assert.ok(Number.isNaN(exp(NaN)))
  assert.equal(exp(709.782712893384), Math.exp(709.782712893384))
  assert.ok(exp(-745.13321910194) > 0)
})
