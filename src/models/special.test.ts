import assert from 'node:assert/strict'
import { test } from 'node:test'
import { erf, erfc, normal, probit } from './special.ts'

const near = (got: number, want: number, relative = 4e-15): void => { assert.ok(Math.abs(got - want) <= relative * Math.abs(want), `${got} is not ${want}`) }

test('erf and erfc: values of the tables, both signs, and far out where nothing is left of 1 - erf', () => {
  // Abramowitz and Stegun, tables 7.1 and 7.3, and with more digits from their series
  for (const [x, want] of [[0.1, 0.1124629160182849], [0.5, 0.5204998778130465], [1, 0.8427007929497149], [2, 0.9953222650189527], [3, 0.9999779095030014]] as const) {
    near(erf(x), want)
    near(erf(-x), -want)
  }
  for (const [x, want] of [[2, 0.004677734981047266], [3, 2.209049699858544e-5], [5, 1.537459794428035e-12], [10, 2.088487583762545e-45]] as const) near(erfc(x), want, 1e-13)
  assert.deepEqual([erf(0), erf(Infinity), erf(-Infinity), erf(NaN), erfc(30)], [0, 1, -1, NaN, 0])
})

test('normal and probit undo each other', () => {
  near(normal(1.959963984540054), 0.975, 1e-14)
  near(normal(-6), 9.865876450376946e-10, 1e-13)
  near(probit(0.025), -1.9599639845400545, 1e-14)
  for (const p of [1e-300, 1e-20, 0.001, 0.3, 0.5, 0.77, 0.999]) near(normal(probit(p)), p, 1e-12)
  assert.ok(Math.abs(probit(0.5)) < 1e-16)
  assert.deepEqual([probit(0), probit(1), probit(-1), probit(NaN)], [-Infinity, Infinity, NaN, NaN])
})
