import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain } from '../evaluators/plain/index.ts'
import type { Program } from '../program.ts'
import type { TreeSource } from '../trees.ts'
import { compile } from './compile.ts'
import type { Pipeline, Stage } from './stages.ts'
import { splitAt, splitIn } from './trees.ts'

const at = 'stages/0'
const made = (stages: readonly Stage[], more: Partial<Pipeline> = {}): Program => compile('model', { stages, ...more }, { format: 'test', facts: {} })
const numbers = (...values: readonly number[]): Float64Array => Float64Array.from(values)

interface Answers { readonly [output: string]: readonly unknown[]; readonly rejected: readonly number[] }
/** Rows of the input matrix, words as their codes. */
async function answers(program: Program, rows: readonly (readonly number[])[]): Promise<Answers> {
  const features = { dtype: 'float64' as const, shape: [rows.length, program.width], data: Float64Array.from(rows.flat()) }
  const predictor = await plain.open(program, { name: 'm', version: '1' })
  const { outputs, rejected } = await predictor.predict({ rows: rows.length, tensors: new Map([['features', features]]), release() {} }, undefined, new AbortController().signal)
  const columns = [...outputs.tensors].map(([name, { data, shape }]) => {
    const flat = 'words' in data ? Array.from(data.codes, code => data.words[code] ?? null) : Array.from<unknown>(data), width = shape[1] ?? 1
    return [name, shape.length === 1 ? flat : rows.map((_, row) => flat.slice(row * width, (row + 1) * width))]
  })
  return { ...Object.fromEntries(columns), rejected: rejected.map(({ row }) => row) } as Answers
}

test('words: keep has an index for others, error and skip reject the row; what is missing is one of them', async () => {
  const labels = ['b', 'a']
  const keep = made([{ stage: 'string_indexer', input: 'w', output: 'i', labels, invalid: 'keep', at }])
  assert.deepEqual(keep.signature.inputs[0]!.columns, [{ name: 'w', categories: labels, unknown: -1, missing: true }])
  assert.deepEqual(await answers(keep, [[0], [1], [-1], [NaN]]), { i: [0, 1, 2, 2], rejected: [] })
  for (const invalid of ['error', 'skip'] as const) {
    const program = made([{ stage: 'string_indexer', input: 'w', output: 'i', labels, invalid, at }])
    assert.deepEqual(program.signature.inputs[0]!.columns, [{ name: 'w', categories: labels }])
    assert.deepEqual((await answers(program, [[1], [NaN]])).rejected, [1])
  }
})

test('words: two indexers of one column know all words together, and each its own', async () => {
  const program = made([
    { stage: 'string_indexer', input: 'w', output: 'i', labels: ['a', 'b'], invalid: 'keep', at }, { stage: 'string_indexer', input: 'w', output: 'j', labels: ['c', 'a'], invalid: 'error', at },
  ])
  assert.deepEqual(program.signature.inputs[0]!.columns![0]!.categories, ['a', 'b', 'c'])
  assert.deepEqual(await answers(program, [[0], [1], [2]]), { i: [0, 1, 2], j: [1, NaN, 0], rejected: [1] })
})

test('words that Java writes for doubles: numbers are categories too, and computed numbers find them', async () => {
  const labels = ['2.0', '-1.5', 'NaN', '1.0E10']
  const raw = made([{ stage: 'string_indexer', input: 'w', output: 'i', labels, invalid: 'keep', at }])
  assert.deepEqual(raw.signature.inputs[0]!.columns![0]!.categories, ['2.0', '-1.5', 'NaN', '1.0E10', 2, -1.5, 1e10])
  assert.deepEqual((await answers(raw, [[0], [4], [5], [6]]))['i'], [0, 0, 1, 3])
  const computed = made([{ stage: 'vector_assembler', inputs: ['x'], output: 'v', invalid: 'keep', at }, { stage: 'string_indexer', input: 'x', output: 'i', labels, invalid: 'keep', at }])
  assert.deepEqual((await answers(computed, [[2], [-1.5], [1e10], [7], [NaN]]))['i'], [0, 1, 3, 4, 2])
})

test('one-hot: the invalid category comes before the last is dropped', async () => {
  const of = async (dropLast: boolean, invalid: 'keep' | 'error'): Promise<Answers> => answers(made([{ stage: 'one_hot', input: 'x', output: 'v', size: 2, dropLast, invalid, at }]), [[0], [1], [1.9], [2], [-1], [NaN]])
  assert.deepEqual(await of(true, 'error'), { v: [[1], [0], [0], [0], [0], [0]], rejected: [3, 4, 5] })
  assert.deepEqual(await of(false, 'error'), { v: [[1, 0], [0, 1], [0, 1], [0, 0], [0, 0], [0, 0]], rejected: [3, 4, 5] })
  assert.deepEqual(await of(true, 'keep'), { v: [[1, 0], [0, 1], [0, 1], [0, 0], [0, 0], [0, 0]], rejected: [] })
  assert.deepEqual((await of(false, 'keep'))['v'], [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]])
})

test('buckets: closed to the left, the last on both sides; -0 lies below 0; outside the row is rejected', async () => {
  const of = (invalid: 'keep' | 'skip', ...splits: readonly number[]): Program => made([{ stage: 'bucketizer', input: 'x', output: 'b', splits: numbers(...splits), invalid, at }])
  const rows = [[-1], [-0], [0], [1], [2], [2.1], [-1.1], [NaN]]
  assert.deepEqual(await answers(of('keep', -1, 0, 1, 2), rows), { b: [0, 0, 1, 2, 2, 2, 0, 3], rejected: [5, 6] })
  assert.deepEqual((await answers(of('skip', -1, 0, 1, 2), rows)).rejected, [5, 6, 7])
  assert.deepEqual((await answers(of('keep', 0, 1, 2), rows)).rejected, [0, 1, 5, 6])
})

test('an assembler wants every scalar, and what is in a vector may be NaN', async () => {
  const stages: Stage[] = [{ stage: 'normalizer', input: 'v', output: 'n', p: 1, at }, { stage: 'vector_assembler', inputs: ['x', 'v', 'y'], output: 'all', invalid: 'error', at }]
  const program = made(stages, { columns: [{ name: 'v', width: 2 }] })
  assert.deepEqual(program.signature.inputs[0]!.columns!.map(({ name }) => name), ['v_0', 'v_1', 'x', 'y'])
  const { all, rejected } = await answers(program, [[1, 2, 3, 4], [NaN, 2, 3, 4], [1, 2, NaN, 4], [1, 2, 3, NaN]])
  assert.deepEqual([all![0], all![1], rejected], [[3, 1, 2, 4], [3, NaN, 2, 4], [2, 3]])
})

/** Two leaves, or whatever the nodes lead to. */
const tree = (nodes: readonly ReturnType<typeof splitAt>[], leaves: readonly (readonly number[])[]): TreeSource => ({ name: 'tree', nodes: nodes.length, leaves: leaves.length, root: 0, node: i => nodes[i]!, leaf: i => ({ values: leaves[i]! }) })

test('trees: NaN to the right, fractions are in no set, what is no category goes the other way', async () => {
  const of = (isLeft: boolean): Stage => ({ stage: 'tree_regressor', features: 'f', prediction: 'p', width: 2, at, trees: [tree([splitAt(0, 1, 1, ~2), splitIn(1, [0, 40], isLeft, ~0, ~1)], [[1], [2], [3]])] })
  const rows = [[1, 0], [1, 40], [1, 1], [1, 0.5], [1, NaN], [1, -0.5], [1, 1e9], [1.5, 0], [NaN, 0]]
  assert.deepEqual((await answers(made([of(true)]), rows))['prediction'], [1, 1, 2, 2, 2, 2, 2, 3, 3])
  assert.deepEqual((await answers(made([of(false)]), rows))['prediction'], [2, 2, 1, 1, 1, 1, 1, 3, 3])
})

test('classes: the words of index_to_string are the label, the index is kept beside them', async () => {
  const program = made([
    { stage: 'linear_svc', features: 'f', prediction: 'p', raw: 'r', weights: numbers(1), intercept: -1, threshold: 0, at },
    { stage: 'index_to_string', input: 'p', output: 'said', labels: ['no', 'yes'], at },
  ])
  assert.deepEqual(program.raw, { p: 'prediction', r: 'margin', said: 'label' })
  assert.deepEqual(await answers(program, [[0], [1], [3]]), { label: ['no', 'no', 'yes'], prediction: [0, 0, 1], margin: [[1, -1], [-0, 0], [-2, 2]], rejected: [] })
})

test('the indexer of the training label is no input, and nothing is left over', () => {
  const program = made([
    { stage: 'string_indexer', input: 'said', output: 'label', labels: ['a', 'b'], invalid: 'error', at }, { stage: 'linear_regression', features: 'f', prediction: 'p', weights: numbers(2, 1), intercept: 0, at },
  ])
  assert.deepEqual(program.signature.inputs[0], { name: 'features', dtype: 'float64', shape: [-1, 2], columns: [{ name: 'f_0' }, { name: 'f_1' }], unnamed: true })
  assert.deepEqual(program.signature.outputs.map(({ name }) => name), ['prediction'])
})

test('naive Bayes rejects what it has no probability of', async () => {
  const of = (type: 'multinomial' | 'bernoulli'): Program => made([{ stage: 'naive_bayes', type, features: 'f', prediction: 'p', pi: numbers(-0.7, -0.7), theta: numbers(-1, -2, -2, -1), at }])
  assert.deepEqual((await answers(of('multinomial'), [[1, 0], [0, 5], [-1, 0], [NaN, 0]])).rejected, [2, 3])
  assert.deepEqual((await answers(of('bernoulli'), [[1, 0], [0, 5], [0.5, 0], [NaN, 0]])).rejected, [1, 2, 3])
})

const stump = { ...tree([], [[1]]), root: ~0 }
const regression: Stage = { stage: 'linear_regression', features: 'f', prediction: 'p', weights: numbers(1, 2), intercept: 0, at }
const refused: { readonly [what: string]: readonly [readonly Stage[], 'BROKEN' | 'UNSUPPORTED'] } = {
  'a column that is made later': [[{ stage: 'normalizer', input: 'v', output: 'n', p: 1, at }, { stage: 'vector_assembler', inputs: ['a', 'b'], output: 'v', invalid: 'error', at }], 'BROKEN'],
  'a column that is made twice': [[regression, regression], 'BROKEN'],
  'a vector of another width': [[{ stage: 'vector_assembler', inputs: ['a', 'b', 'c'], output: 'f', invalid: 'error', at }, regression], 'BROKEN'],
  'words as numbers': [[{ stage: 'string_indexer', input: 'w', output: 'i', labels: ['a'], invalid: 'error', at }, { stage: 'index_to_string', input: 'i', output: 'back', at }, { stage: 'vector_assembler', inputs: ['i', 'back'], output: 'f', invalid: 'error', at }, regression], 'BROKEN'],
  'a tree that goes round': [[{ stage: 'tree_regressor', features: 'f', prediction: 'p', width: 1, at, trees: [tree([splitAt(0, 1, 0, ~0)], [[1]])] }], 'BROKEN'],
  'a feature that is number and category': [[{ stage: 'tree_regressor', features: 'f', prediction: 'p', width: 1, at, trees: [tree([splitAt(0, 1, 1, ~2), splitIn(0, [1], true, ~0, ~1)], [[1], [2], [3]])] }], 'BROKEN'],
  'centers that go round': [[{ stage: 'bisecting_kmeans', features: 'f', prediction: 'p', width: 1, distance: 'euclidean', at, nodes: [{ center: numbers(0), index: 0, children: [1, 1] }, { center: numbers(1), index: 1, children: [] }] }], 'BROKEN'],
  'words that nobody knows': [[{ stage: 'index_to_string', input: 'x', output: 'w', at }], 'UNSUPPORTED'],
  'a name that nobody knows': [[{ stage: 'vector_slicer', input: 'v', output: 'w', indices: [], names: ['a'], at }], 'UNSUPPORTED'],
  'more products than memory': [[{ stage: 'vector_assembler', inputs: Array.from({ length: 1000 }, (_, i) => `x${i}`), output: 'v', invalid: 'keep', at }, { stage: 'polynomial_expansion', input: 'v', output: 'w', degree: 3, at }], 'UNSUPPORTED'],
  'vectors of vectors of vectors': [Array.from({ length: 40 }, (_, i): Stage => ({ stage: 'vector_assembler', inputs: i === 0 ? ['a', 'b'] : [`v${i}`, `v${i}`], output: `v${i + 1}`, invalid: 'keep', at })), 'UNSUPPORTED'],
  'many vectors of many features': [Array.from({ length: 40 }, (_, i): Stage => ({ stage: 'tree_regressor', features: `f${i}`, prediction: `p${i}`, width: 2 ** 17, at, trees: [stump] })), 'UNSUPPORTED'],
  'more features than any model': [[{ stage: 'tree_regressor', features: 'f', prediction: 'p', width: 2 ** 30, at, trees: [stump] }], 'UNSUPPORTED'],
  'crossed vectors of categories': [[
    { stage: 'string_indexer', input: 'w', output: 'i', labels: ['a', 'b'], invalid: 'error', at }, { stage: 'vector_assembler', inputs: ['i', 'x'], output: 'v', invalid: 'error', at },
    { stage: 'interaction', inputs: ['v', 'x'], output: 'c', at },
  ], 'UNSUPPORTED'],
  'no stages': [[], 'BROKEN'],
}
for (const [what, [stages, code]] of Object.entries(refused)) test(`refused: ${what}`, () => { assert.throws(() => made(stages), { code: `SLUICE_MODEL_${code}` }) })
