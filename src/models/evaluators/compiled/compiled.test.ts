import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { featuresOf, folder, goldenNames, oneFile, bytesOf, readCsv, score } from '../../../../test/golden/golden.ts'
import type { Predictor } from '../../../core/stages.ts'
import type { Tensor } from '../../../core/tensors.ts'
import { kernelModule } from '../../../strategies/kernels.ts'
import { readModel } from '../../index.ts'
import type { Linear, LinearModel } from '../../linear.ts'
import { links32, links64 } from '../../links.ts'
import type { Program, Step } from '../../program.ts'
import { FLAG, forest } from '../../trees.ts'
import type { TreeEnsemble, TreeNode, TreeSource } from '../../trees.ts'
import { plainCores } from '../plain/cores.ts'
import { openWith, plain } from '../plain/index.ts'
import { compiled } from './index.ts'
import { compiledLinks } from './links.ts'
import { compiledTrees } from './trees.ts'

const kernels = (await kernelModule())!, ref = { name: 'model', version: '1' }
const evaluator = compiled(kernels)

/** All outputs, to the last bit, whole and row by row; whole also behind a first row, so that rows lie in other places of a block. */
function same(quick: Predictor, judge: Predictor, features: Tensor): void {
  const [rows, width] = features.shape as [number, number], { data } = features
  assert.ok(data instanceof Float32Array || data instanceof Float64Array)
  const part = (from: number, to: number): Tensor => ({ dtype: features.dtype, shape: [to - from, width], data: data.subarray(from * width, to * width) as Float32Array })
  const cuts = [[0, rows], [1, rows], [0, Math.min(rows, 16)], [3, Math.min(rows, 13)], ...Array.from({ length: Math.min(rows, 20) }, (_, i) => [i, i + 1])]
  for (const [from, to] of cuts as [number, number][]) {
    if (to <= from) continue
    const want = score(judge, part(from, to)), got = score(quick, part(from, to))
    assert.deepEqual([...got.keys()], [...want.keys()])
    for (const [name, { dtype, shape, data }] of want) {
      const tensor = got.get(name)!, numbers = numbersOf(tensor.data), wanted = numbersOf(data)
      assert.deepEqual([tensor.dtype, tensor.shape, numbers.length], [dtype, shape, wanted.length])
      const at = wanted.findIndex((value, i) => !Object.is(value, numbers[i]))
      assert.ok(at < 0, `${name} of rows ${from} to ${to}: at ${at} it is ${numbers[at]}, not ${wanted[at]}`)
    }
  }
}
const numbersOf = (data: Tensor['data']): readonly (number | bigint)[] => 'words' in data ? [...data.codes] : [...data]

for (const group of ['xgboost', 'lightgbm', 'more', 'early-stopping']) {
  for (const name of goldenNames(group)) {
    test(`as the plain evaluator: ${group}/${name}`, async t => {
      for (const file of ['model.json', 'model.ubj', 'model.txt']) {
        const at = `${group}/${name}/${file}`
        if (!existsSync(new URL(at, folder))) continue
        const model = await readModel(oneFile(file, bytesOf(at)))
        const quick = await evaluator.open(model, ref).catch((error: { code: string }) => { assert.equal(error.code, 'SLUICE_MODEL_UNSUPPORTED') })
        if (quick === undefined) { t.diagnostic(`${at}: plain`); continue }
        same(quick, await plain.open(model, ref), featuresOf(model, readCsv(`${group}/${name}/inputs.csv`)))
        t.diagnostic(`${at}: ${quick.how}`)
      }
    })
  }
}

const WIDTH = 6
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}
const pick = <T>(next: () => number, of: readonly T[]): T => of[Math.floor(next() * of.length)]!

const NUMBERS = [NaN, 0, -0, 1, -1, 0.5, 1e-36, -1e-36, 1e-35, 3, 33, 70, -0.5, 2.9, Infinity, -Infinity, 1e300, -1e300, 5e-324, -5e-324, 3.4028234663852886e38, 1e-45, 0.1, Math.fround(0.1)]

interface Kind { readonly inputs: 'float32' | 'float64'; readonly sums: 'float32' | 'float64'; readonly depth: number; readonly full: boolean; readonly leafWidth: number; readonly groups: number; readonly zero: number; readonly flags: readonly number[]; readonly thresholds: (next: () => number) => number }

function treeOf(next: () => number, { sums, depth, full, leafWidth, flags, thresholds }: Kind, name: string): TreeSource {
  const nodes: TreeNode[] = [], leaves: number[][] = []
  const grow = (left: number): number => {
    if (left === 0 || !full && next() < 0.3) {
      leaves.push(Array.from({ length: leafWidth }, () => sums === 'float32' ? Math.fround(next() - 0.5) : next() - 0.5))
      return -leaves.length
    }
    const at = nodes.length, flag = pick(next, flags)
    nodes.push({ feature: 0, threshold: 0, flags: 0, left: 0, right: 0 })
    const leftChild = grow(left - 1), rightChild = grow(left - 1)
    nodes[at] = { feature: Math.floor(next() * WIDTH), flags: flag, left: leftChild, right: rightChild, threshold: thresholds(next),
      ...(flag & FLAG.set) === 0 ? {} : { words: Array.from({ length: Math.floor(next() * 3) }, () => Math.floor(next() * 2 ** 32)) } }
    return at
  }
  const root = grow(depth)
  return { name, nodes: nodes.length, leaves: leaves.length, root, node: at => nodes[at]!, leaf: at => ({ values: leaves[at]! }) }
}

function ensembleOf(next: () => number, kind: Kind, trees: number): TreeEnsemble {
  const grown = forest('made up', WIDTH, kind.leafWidth)
  for (let tree = 0; tree < trees; tree++) grown.grow(treeOf(next, kind, `tree ${tree}`))
  const { arrays, bytes } = grown.done()
  const round = kind.sums === 'float32' ? Math.fround : (x: number) => x
  return {
    ...arrays, bytes, kind: 'trees', format: 'test', facts: {}, raw: {}, width: WIDTH, groups: kind.groups, inputs: kind.inputs, sums: kind.sums, zero: kind.zero, divisor: 1,
    start: Float64Array.from({ length: kind.groups }, () => round(next())), scale: next() < 0.5 ? undefined : Float64Array.from({ length: trees }, () => round(next())),
    group: Int32Array.from({ length: trees }, () => Math.floor(next() * kind.groups)), objective: { name: 'none', link: 'identity', slope: 1, classes: 0, probabilities: undefined },
    signature: { inputs: [{ name: 'features', dtype: kind.inputs, shape: [-1, WIDTH] }], outputs: [] },
  }
}

function rowsOf(next: () => number, rows: number, width: number, dtype: 'float32' | 'float64', of: (next: () => number) => number): Tensor {
  const values = Array.from({ length: rows * width }, () => of(next))
  return { dtype, shape: [rows, width], data: dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values) }
}
const odd = (next: () => number): number => next() < 0.6 ? pick(next, NUMBERS) : next() * 4 - 2
const oddThreshold = (next: () => number): number => {
  for (;;) {
    const value = odd(next)
    if (value === value) return value
  }
}
const plainFlags = [0, FLAG.strict, FLAG.missingNaN, FLAG.missingNaN | FLAG.missingLeft, FLAG.strict | FLAG.missingNaN | FLAG.missingLeft, FLAG.strict | FLAG.missingNaN]
const allFlags = [...plainFlags, FLAG.missingZero, FLAG.missingZero | FLAG.missingLeft, FLAG.set, FLAG.set | FLAG.membersLeft, FLAG.set | FLAG.noNegative | FLAG.missingNaN,
  FLAG.set | FLAG.membersLeft | FLAG.missingNaN | FLAG.missingLeft, FLAG.set | FLAG.missingZero, FLAG.missingEnds, FLAG.missingEnds | FLAG.strict, FLAG.missingEnds | FLAG.set]

const KINDS: { readonly [title: string]: Kind } = {}
for (const inputs of ['float32', 'float64'] as const) for (const sums of ['float32', 'float64'] as const) {
  const kind: Kind = { inputs, sums, depth: 4, full: false, leafWidth: 1, groups: 1, zero: 0, flags: allFlags, thresholds: oddThreshold }
  Object.assign(KINDS, {
    [`${inputs}, ${sums}: everything that nodes may ask`]: kind,
    [`${inputs}, ${sums}: several groups, nearly 0 is 0`]: { ...kind, groups: 3, zero: 1e-35 },
    [`${inputs}, ${sums}: leaves of several numbers`]: { ...kind, groups: 3, leafWidth: 3 },
    [`${inputs}, ${sums}: one column, one opinion`]: { ...kind, flags: [0], thresholds: (next: () => number) => next() * 4 - 2, full: true },
    [`${inputs}, ${sums}: deep, of many thresholds`]: { ...kind, depth: 14, flags: plainFlags, thresholds: (next: () => number) => next() * 4 - 2 },
  })
}
for (const [title, kind] of Object.entries(KINDS)) {
  for (const way of ['walk', 'ask'] as const) {
    test(`made-up trees as the plain evaluator: ${way}, ${title}`, async () => {
      const next = random(title.length)
      let asked = 0
      for (let run = 0; run < 12; run++) {
        const model = ensembleOf(next, kind, [1, 7, 8, 40][run % 4]!), core = compiledTrees(model, kernels, way)!
        if (core.how.includes('asked')) asked++
        same(openWith(model, ref, { ...plainCores, trees: () => core }), await plain.open(model, ref), rowsOf(next, 70, WIDTH, kind.inputs, odd))
      }
      // of deep trees some have too many leaves
      if (kind.depth < 9) assert.equal(asked, way === 'ask' ? 12 : 0)
    })
  }
}

test('more rows than a block, more trees than a section', async () => {
  const next = random(5), kind = { ...KINDS['float32, float64: one column, one opinion']!, depth: 10 }
  const model = ensembleOf(next, kind, 600)
  assert.ok(model.flags.length * 2 > 524288)
  same(await evaluator.open(model, ref), await plain.open(model, ref), rowsOf(next, 600, WIDTH, 'float32', odd))
})

test('trees over more columns than the input has, in blocks of a program that hold more rows than one of theirs', async () => {
  const next = random(7), wide = 300, kind = KINDS['float64, float64: one column, one opinion']!, grown = forest('made up', wide, 1)
  for (let tree = 0; tree < 5; tree++) {
    const source = treeOf(next, kind, `tree ${tree}`)
    grown.grow({ ...source, node: at => ({ ...source.node(at), feature: Math.floor(next() * wide) }) })
  }
  const { arrays } = grown.done(), steps: readonly Step[] = [
    { op: 'select', of: 0, columns: Int32Array.from({ length: wide }, (_, i) => i % WIDTH) },
    { op: 'trees', of: 1, trees: { ...arrays, width: wide, groups: 1, inputs: 'float64', sums: 'float64', zero: 0, start: Float64Array.of(0), scale: undefined, group: new Int32Array(5) } },
  ]
  const model: Program = {
    kind: 'program', format: 'test', facts: {}, raw: {}, bytes: 1, width: WIDTH, inputs: 'float64', steps, outputs: [{ value: 2 }], refusals: [],
    signature: { inputs: [{ name: 'features', dtype: 'float64', shape: [-1, WIDTH] }], outputs: [{ name: 'out', dtype: 'float64', shape: [-1] }] },
  }
  for (const rows of [1, 16, 256, 600]) same(await evaluator.open(model, ref), await plain.open(model, ref), rowsOf(next, rows, WIDTH, 'float64', odd))
})

test('what kernels do not take is left to the plain evaluator', async () => {
  const next = random(6), kind = KINDS['float32, float32: one column, one opinion']!
  const model = ensembleOf(next, kind, 3)
  const others: readonly TreeEnsemble[] = [
    { ...model, leaves: model.leaves.map(x => x + 1e-12) }, { ...model, start: Float64Array.of(0.1) },
    { ...model, linear: { constant: model.leaves, at: new Int32Array(model.leaves.length + 1), feature: new Int32Array(0), coefficient: new Float64Array(0) } },
  ]
  for (const other of others) await assert.rejects(evaluator.open(other, ref), { code: 'SLUICE_MODEL_UNSUPPORTED' })
})

for (const sums of ['float32', 'float64'] as const) {
  test(`linear models as the plain evaluator: ${sums}`, async () => {
    const next = random(8), round = sums === 'float32' ? Math.fround : (x: number) => x
    for (const groups of [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 33]) for (const width of [1, 2, 30]) for (const skipsNaN of [false, true]) {
      const linear: Linear = { width, groups, sums, skipsNaN, start: Float64Array.from({ length: groups }, () => round(next() - 0.5)), weights: Float64Array.from({ length: groups * width }, () => round(next() - 0.5)) }
      const model: LinearModel = {
        ...linear, kind: 'linear', format: 'test', facts: {}, raw: {}, bytes: 0, inputs: sums, objective: { name: 'none', link: 'identity', slope: 1, classes: 0, probabilities: undefined },
        signature: { inputs: [{ name: 'features', dtype: sums, shape: [-1, width] }], outputs: [] },
      }
      const quick = await evaluator.open(model, ref)
      same(quick, await plain.open(model, ref), rowsOf(next, 25, width, sums, of => of() * 4 - 2))
      same(quick, await plain.open(model, ref), rowsOf(next, 300, width, sums, odd))
    }
  })
}

test('links by kernels as in JavaScript: every magnitude, edges, odd counts, more than a block', () => {
  const next = random(9), edges = [0, -0, NaN, Infinity, -Infinity, 709.782712893384, 709.79, -745.13, -745.14, -744, -708, -707.5, -707, 709, 708.9, 88.7, 88.8, -103.9, 1e-300, 5e-324, -1e300]
  const links = compiledLinks(kernels), judges = { float32: links32, float64: links64 }
  for (const dtype of ['float32', 'float64'] as const) for (const link of ['sigmoid', 'exp', 'softmax'] as const) for (const groups of [1, 3, 10]) for (const rows of [1, 7, 1000, 5000]) {
    const given = Array.from({ length: rows * groups }, () => next() < 0.02 ? pick(next, edges) : (next() - 0.5) * pick(next, [0.01, 2, 20, 200, 1600]))
    const [got, want] = [0, 1].map(() => dtype === 'float32' ? Float32Array.from(given) : Float64Array.from(given)) as [Float64Array, Float64Array]
    for (const slope of [1, 0.7]) {
      links[dtype][link](got, rows, groups, slope)
      judges[dtype][link](want, rows, groups, slope)
      const at = want.findIndex((value, i) => !Object.is(value, got[i]))
      assert.ok(at < 0, `${dtype} ${link} of ${given[at]}: ${got[at]}, not ${want[at]}`)
    }
  }
})
