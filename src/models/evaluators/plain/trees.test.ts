import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TreeNode, TreeSource } from '../../trees.ts'
import { FLAG, forest } from '../../trees.ts'
import type { TreeEnsemble } from '../../trees.ts'
import { treeMargins } from './trees.ts'

const WIDTH = 3
const objective = { name: 'none', link: 'identity', slope: 1, classes: 0, probabilities: undefined } as const

function ensemble(trees: readonly TreeSource[], more: Partial<TreeEnsemble> = {}): TreeEnsemble {
  const grown = forest('test', WIDTH, 1)
  for (const tree of trees) grown.grow(tree)
  const { arrays, bytes } = grown.done()
  return {
    ...arrays, bytes, kind: 'trees', format: 'test', signature: { inputs: [], outputs: [] }, facts: {}, raw: {}, width: WIDTH, groups: 1, inputs: 'float64', sums: 'float64',
    start: Float64Array.of(0), zero: 0, divisor: 1, objective, group: new Int32Array(trees.length), scale: undefined, ...more,
  }
}
/** One node over column 0: 1 for left, 2 for right. */
const stump = (node: Omit<TreeNode, 'feature' | 'left' | 'right'>): TreeSource =>
  ({ name: 'tree 0', nodes: 1, leaves: 2, root: 0, node: () => ({ feature: 0, left: ~0, right: ~1, ...node }), leaf: at => ({ values: [at + 1] }) })
const sideOf = (model: TreeEnsemble, x: number): string => treeMargins(model)(Float64Array.of(x, 0, 0), 1)[0] === 1 ? 'left' : 'right'

test('exactly-on-the-threshold: < goes right, <= goes left', () => {
  assert.equal(sideOf(ensemble([stump({ threshold: 1.5, flags: FLAG.strict })]), 1.5), 'right')
  assert.equal(sideOf(ensemble([stump({ threshold: 1.5, flags: 0 })]), 1.5), 'left')
})

test('nan-goes-its-way: to the missing side, or as 0 where nothing is missing', () => {
  const cases: [number, number, string][] = [
    [FLAG.missingNaN | FLAG.missingLeft, -1, 'left'], [FLAG.missingNaN, 1, 'right'], [0, 0, 'left'], [0, -1e-300, 'right'], [FLAG.strict, 0, 'right'], [FLAG.strict, 1e-300, 'left'],
    [FLAG.missingZero | FLAG.missingLeft, -1, 'left'], [FLAG.missingZero, 1, 'right'],
  ]
  for (const [flags, threshold, side] of cases) assert.equal(sideOf(ensemble([stump({ threshold, flags })]), NaN), side, `${flags} ${threshold}`)
})

test('zero-is-missing: up to the limit, of both signs, and only where the node says so', () => {
  const zero = Math.fround(1e-35)
  for (const x of [0, -0, zero, -zero, 1e-40]) {
    assert.equal(sideOf(ensemble([stump({ threshold: -1, flags: FLAG.missingZero | FLAG.missingLeft })], { zero }), x), 'left')
    assert.equal(sideOf(ensemble([stump({ threshold: -1, flags: FLAG.missingNaN | FLAG.missingLeft })], { zero }), x), 'right')
  }
  assert.equal(sideOf(ensemble([stump({ threshold: -1, flags: FLAG.missingZero | FLAG.missingLeft })], { zero }), 2e-35), 'right')
  // what counts as 0 is compared as 0
  assert.equal(sideOf(ensemble([stump({ threshold: -zero, flags: 0 })], { zero }), -zero), 'right')
})

test('category-sets: members, what lies outside, fractions, negatives and NaN', () => {
  const words = [1 << 3, 1 << 1]   // 3 and 33
  const left = ensemble([stump({ threshold: 0, flags: FLAG.set | FLAG.membersLeft, words })])
  const right = ensemble([stump({ threshold: 0, flags: FLAG.set | FLAG.noNegative | FLAG.missingNaN | FLAG.missingLeft, words: [1] })])
  for (const x of [3, 33, 3.9]) assert.equal(sideOf(left, x), 'left', String(x))
  for (const x of [2, 34, 64, 1e300, -3, Infinity, -Infinity, NaN]) assert.equal(sideOf(left, x), 'right', String(x))
  assert.equal(sideOf(right, 0), 'right')
  for (const x of [1, -0.5, -1, 4294967296, NaN]) assert.equal(sideOf(right, x), 'left', String(x))
  assert.equal(sideOf(ensemble([stump({ threshold: 0, flags: FLAG.set | FLAG.membersLeft, words: [1] })]), -0.5), 'left')
})

test('sums begin at the start value and are rounded at every step', () => {
  const leaf = (value: number): TreeSource => ({ name: 't', nodes: 0, leaves: 1, root: ~0, node: () => assert.fail(), leaf: () => ({ values: [value] }) })
  const values = [0.1, 0.2, 0.3, 1e8, -1e8].map(Math.fround)
  const model = ensemble(values.map(leaf), { sums: 'float32', start: Float64Array.of(Math.fround(0.7)) })
  let sum = Math.fround(0.7)
  for (const value of values) sum = Math.fround(sum + value)
  assert.equal(treeMargins(model)(new Float64Array(WIDTH), 1)[0], sum)
  assert.notEqual(sum, Math.fround(values.reduce((a, b) => a + b, 0.7)))
})

test('more rows than one block, and none', () => {
  const model = ensemble([stump({ threshold: 500, flags: 0 })])
  const features = new Float64Array(1000 * WIDTH).map((_, i) => i % WIDTH === 0 ? i / WIDTH : NaN)
  assert.deepEqual([...treeMargins(model)(features, 1000)], Array.from({ length: 1000 }, (_, row) => row <= 500 ? 1 : 2))
  assert.equal(treeMargins(model)(new Float64Array(0), 0).length, 0)
})
