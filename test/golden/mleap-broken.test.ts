import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/core/errors.ts'
import type { Model } from '../../src/core/models.ts'
import { readModel } from '../../src/models/index.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { mleap } from '../../src/models/formats/mleap/index.ts'
import { zipOf } from '../zip.ts'
import { filesOf, unzipped } from './folders.ts'
import { featuresOf, oneFile, readCsv, score } from './golden.ts'

type Contents = Map<string, Uint8Array>
const text = (json: unknown): Uint8Array => new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json))
const BROKEN = 'SLUICE_MODEL_BROKEN', UNSUPPORTED = 'SLUICE_MODEL_UNSUPPORTED'

interface Node { readonly op: string; readonly attributes?: object; readonly inputs: { readonly [port: string]: string }; readonly outputs: { readonly [port: string]: string }; readonly files?: { readonly [name: string]: unknown } }
const sockets = (ports: { readonly [port: string]: string }): object[] => Object.entries(ports).map(([port, name]) => ({ port, name }))
/** A bundle as MLeap writes it, of these steps. */
function bundleOf(nodes: { readonly [name: string]: Node }, info: object = {}): Contents {
  const contents: Contents = new Map([
    ['bundle.json', text({ uid: 'u', name: 'bundle', format: 'json', version: '0.23.1', timestamp: '2026-01-01T00:00:00', ...info })],
    ['root/model.json', text({ op: 'pipeline', attributes: { nodes: { type: 'list', string: Object.keys(nodes) } } })],
    ['root/node.json', text({ name: 'root', shape: { inputs: [], outputs: [] } })],
  ])
  for (const [name, { op, attributes = {}, inputs, outputs, files = {} }] of Object.entries(nodes)) {
    contents.set(`root/${name}.node/model.json`, text({ op, attributes }))
    contents.set(`root/${name}.node/node.json`, text({ name, shape: { inputs: sockets(inputs), outputs: sockets(outputs) } }))
    for (const [file, json] of Object.entries(files)) contents.set(`root/${name}.node/${file}`, text(json))
  }
  return contents
}

/** Named as PyPI mleap names it. */
const PYTHON = 'pipeline_216b2bb6-e65d-11f1-aba8-02fc00000001'
const vector = (...double: number[]): object => ({ type: 'tensor', double, shape: { dimensions: [{ size: double.length, name: '' }] } })
const scalars = (count: number): object => ({ type: 'list', data_shape: Array.from({ length: count }, () => ({ base: 'scalar', isNullable: true })) })
const assembler: Node = { op: 'vector_assembler', attributes: { input_shapes: scalars(2) }, inputs: { input0: 'a', input1: 'b' }, outputs: { output: 'v' } }
const linear: Node = { op: 'linear_regression', attributes: { coefficients: vector(2, 3), intercept: {} }, inputs: { features: 'v' }, outputs: { prediction: 'p' } }
const tree = (lines: readonly unknown[]): Node => ({
  op: 'decision_tree_regression', attributes: { num_features: { long: 2 } }, inputs: { features: 'v' }, outputs: { prediction: 'p' }, files: { 'tree.json': lines.map(line => JSON.stringify(line)).join('\n') },
})
const leaf = { type: 'leaf', values: [1] }, split = { type: 'internal', split: { type: 'continuous', featureIndex: 1, threshold: 0.5 } }
const categorical = (categories: readonly unknown[]): object => ({ type: 'internal', split: { type: 'categorical', featureIndex: 1, isLeft: true, numCategories: 3, categories } })

async function answer(model: Model, rows: readonly (readonly number[])[]): Promise<number[]> {
  const table = { columns: model.signature.inputs[0]!.columns!.map(({ name }) => name), rows: rows.map(row => row.map(String)) }
  const outputs = score(await plain.open(model, { name: 'made', version: '1' }), featuresOf(model, table))
  return [...outputs.get(model.signature.outputs[0]!.name)!.data as Float64Array]
}

test('a bundle by hand: what is zero is left out, trees lie left before right', async () => {
  assert.deepEqual(await answer(await mleap.read(filesOf(bundleOf({ va: assembler, lin: linear })), {}), [[1, 1], [0, -1]]), [5, -3])
  const three = tree([split, { ...leaf, values: [7] }, split, leaf, { ...leaf, values: [9] }])
  assert.deepEqual(await answer(await mleap.read(filesOf(bundleOf({ va: assembler, tree: three })), {}), [[0, 0.5], [0, 0.6]]), [7, 9])
  // an archive of a folder, beside other files
  const packed = zipOf([...bundleOf({ va: assembler, lin: linear })].map(([name, content]) => ({ name: `eta/${name}`, content })))
  assert.deepEqual(await answer(await readModel(filesOf(new Map([['README.md', text('eta')], ['eta.zip', packed]]))), [[1, 1]]), [5])
  // a pipeline in a pipeline
  const inner = bundleOf({ va: assembler, lin: linear })
  for (const name of ['va', 'lin']) for (const file of ['model.json', 'node.json']) inner.set(`root/all.node/${name}.node/${file}`, inner.get(`root/${name}.node/${file}`)!)
  inner.set('root/all.node/model.json', inner.get('root/model.json')!)
  inner.set('root/model.json', text({ op: 'pipeline', attributes: { nodes: { type: 'list', string: ['all'] } } }))
  assert.deepEqual(await answer(await mleap.read(filesOf(inner), {}), [[1, 1]]), [5])
})

test('older forms: labels and sizes of one column, ports without a number, a threshold left out', async () => {
  const indexer: Node = { op: 'string_indexer', attributes: { labels: { type: 'list', string: ['x', 'y'] }, nullable_input: {} }, inputs: { input: 'w' }, outputs: { output: 'i' } }
  const hot = (attributes: object): Node => ({ op: 'one_hot_encoder', attributes: { size: { long: 2 }, ...attributes }, inputs: { input: 'i' }, outputs: { output: 'v' } })
  const rows = { columns: ['w'], rows: [['x'], ['y']] }
  const encoded = async (attributes: object): Promise<unknown> => {
    const model = await mleap.read(filesOf(bundleOf({ si: indexer, oh: hot(attributes) })), {})
    return [...score(await plain.open(model, { name: 'made', version: '1' }), featuresOf(model, rows)).get('v')!.data as Float64Array]
  }
  // without handle_invalid: keep, where the last is dropped
  assert.deepEqual(await encoded({ drop_last: { boolean: true } }), [1, 0, 0, 1])
  assert.deepEqual(await encoded({ drop_last: {} }), [1, 0, 0, 1])
  assert.deepEqual(await encoded({ drop_last: { boolean: true }, handle_invalid: { string: 'error' } }), [1, 0])
  const logistic: Node = { op: 'logistic_regression', attributes: { num_classes: { long: 2 }, coefficients: vector(1, -1), intercept: {} }, inputs: { features: 'v' }, outputs: { prediction: 'p' } }
  assert.deepEqual(await answer(await mleap.read(filesOf(bundleOf({ va: assembler, lr: logistic })), {}), [[2, 1], [1, 2]]), [1, 0])
})

test('what scikit-learn computes otherwise', async () => {
  const product: Node = { op: 'sklearn_polynomial_expansion', attributes: { combinations: { string: '[1,x0,x1,x0^2,x0 x1,x1^3]' } }, inputs: { input: 'v' }, outputs: { output: 'p' } }
  assert.deepEqual(await answer(await mleap.read(filesOf(bundleOf({ va: assembler, po: product })), {}), [[2, 3]]), [1, 2, 3, 4, 6, 27])
  const scaler: Node = { op: 'standard_scaler', attributes: { mean: vector(1, 2), std: vector(0, 4) }, inputs: { input: 'v' }, outputs: { output: 's' } }
  const scaled = async (name: string): Promise<number[]> => answer(await mleap.read(filesOf(bundleOf({ va: assembler, ss: scaler }, { name })), {}), [[3, 10]])
  assert.deepEqual([await scaled('bundle'), await scaled(PYTHON)], [[0, 2], [2, 2]])
  const remainder: Node = { op: 'math_binary', attributes: { operation: { string: 'rem' } }, inputs: { input_a: 'a', input_b: 'b' }, outputs: { output: 'r' } }
  const rest = async (name: string): Promise<number[]> => answer(await mleap.read(filesOf(bundleOf({ mb: remainder }, { name })), {}), [[-7, 3]])
  assert.deepEqual([await rest('bundle'), await rest(PYTHON)], [[-1], [2]])
  const pca: Node = { op: 'pca', attributes: { principal_components: { type: 'tensor', double: [1, 2], shape: { dimensions: [{ size: 1, name: '' }, { size: 2, name: '' }] } } }, inputs: { input: 'v' }, outputs: { output: 'c' } }
  await assert.rejects(mleap.read(filesOf(bundleOf({ va: assembler, pca }, { name: PYTHON })), {}), { code: UNSUPPORTED })
})

const multinomial = (outputs: { readonly [port: string]: string }): Node => ({
  op: 'logistic_regression', inputs: { features: 'v' }, outputs: { prediction: 'p', ...outputs },
  attributes: { num_classes: { long: 3 }, coefficient_matrix: { type: 'tensor', double: [1, 2, 3, 4, 5, 6], shape: { dimensions: [{ size: 3, name: '' }, { size: 2, name: '' }] } }, intercept_vector: vector(0, 0, 0) },
})
test('a matrix lies column by column, and in bundles of PyPI mleap row by row', async () => {
  const scores = async (outputs: { readonly [port: string]: string }, info: object): Promise<unknown> => {
    const model = await mleap.read(filesOf(bundleOf({ va: assembler, lr: multinomial(outputs) }, info)), {})
    const made = score(await plain.open(model, { name: 'made', version: '1' }), featuresOf(model, { columns: ['a', 'b'], rows: [['1', '10']] }))
    return [...(made.get('margin') ?? made.get('label'))!.data as Float64Array]
  }
  assert.deepEqual(await scores({ raw_prediction: 'r' }, {}), [41, 52, 63])
  assert.deepEqual(await scores({}, {}), [2])
  assert.deepEqual(await scores({}, { name: PYTHON }), [2])
  const { signature } = await mleap.read(filesOf(bundleOf({ va: assembler, lr: multinomial({}) }, { name: PYTHON })), {})
  assert.deepEqual(signature.outputs.map(({ name }) => name), ['label', 'probabilities'])
  await assert.rejects(scores({ raw_prediction: 'r' }, { name: PYTHON }), { code: UNSUPPORTED })
})

const REFUSED: { readonly [what: string]: readonly [Contents, string] } = {
  'an operation that is not known': [bundleOf({ va: { ...assembler, op: 'tokenizer' } }), UNSUPPORTED],
  'an operation with the name of a property': [bundleOf({ va: { ...assembler, op: 'constructor' } }), UNSUPPORTED],
  'an attribute that is not known': [bundleOf({ va: assembler, lin: { ...linear, attributes: { ...linear.attributes, solver: { string: 'x' } } } }), UNSUPPORTED],
  'an attribute that is missing': [bundleOf({ va: assembler, lin: { ...linear, attributes: { intercept: {} } } }), BROKEN],
  'an attribute of another type': [bundleOf({ va: assembler, lin: { ...linear, attributes: { ...linear.attributes, intercept: { string: '1' } } } }), BROKEN],
  'a list where a number belongs': [bundleOf({ va: assembler, lin: { ...linear, attributes: { ...linear.attributes, intercept: { type: 'list', double: [1] } } } }), BROKEN],
  'two types in one value': [bundleOf({ va: assembler, lin: { ...linear, attributes: { ...linear.attributes, intercept: { double: 1, long: 1 } } } }), BROKEN],
  'a tensor that is larger than its numbers': [bundleOf({ va: assembler, lin: { ...linear, attributes: { ...linear.attributes, coefficients: { type: 'tensor', double: [1, 2], shape: { dimensions: [{ size: 2 ** 30, name: '' }, { size: 2 ** 30, name: '' }] } } } } }), BROKEN],
  'weights for other features': [bundleOf({ va: assembler, lin: { ...linear, attributes: { ...linear.attributes, coefficients: vector(1, 2, 3) } } }), BROKEN],
  'a port that is not known': [bundleOf({ va: assembler, lin: { ...linear, outputs: { prediction: 'p', variance: 'x' } } }), UNSUPPORTED],
  'a port that is missing': [bundleOf({ va: { ...assembler, outputs: {} }, lin: linear }), BROKEN],
  'a column that is made twice': [bundleOf({ va: assembler, vb: assembler, lin: linear }), BROKEN],
  'columns in a circle': [bundleOf({ va: { ...assembler, inputs: { input0: 'a', input1: 'v' } }, lin: linear }), BROKEN],
  'a column that is made later': [bundleOf({ lin: linear, va: assembler }), BROKEN],
  'a step that is not there': [bundleOf({ va: assembler }).set('root/model.json', text({ op: 'pipeline', attributes: { nodes: { type: 'list', string: ['va', 'other'] } } })), BROKEN],
  'the same step twice': [bundleOf({ va: assembler }).set('root/model.json', text({ op: 'pipeline', attributes: { nodes: { type: 'list', string: ['va', 'va'] } } })), BROKEN],
  'a step above its pipeline': [bundleOf({ va: assembler }).set('root/model.json', text({ op: 'pipeline', attributes: { nodes: { type: 'list', string: ['../root'] } } })), BROKEN],
  'no steps': [bundleOf({}), BROKEN],
  'something else in bundle.json': [bundleOf({ va: assembler, lin: linear }, { encryption: 'x' }), UNSUPPORTED],
  'a format that is not known': [bundleOf({ va: assembler, lin: linear }, { format: 'mixed' }), BROKEN],
  'no tree': [bundleOf({ va: assembler, tree: { ...tree([]), files: {} } }), BROKEN],
  'an empty tree': [bundleOf({ va: assembler, tree: tree([]) }), BROKEN],
  'a tree without its last leaf': [bundleOf({ va: assembler, tree: tree([split, leaf]) }), BROKEN],
  'a tree of splits alone': [bundleOf({ va: assembler, tree: tree([split, split]) }), BROKEN],
  'more after the end of a tree': [bundleOf({ va: assembler, tree: tree([split, leaf, leaf, leaf]) }), BROKEN],
  'a split by a feature that is not there': [bundleOf({ va: assembler, tree: tree([{ type: 'internal', split: { ...split.split, featureIndex: 2 } }, leaf, leaf]) }), BROKEN],
  'a category of gigabytes': [bundleOf({ va: assembler, tree: tree([categorical([2 ** 31]), leaf, leaf]) }), BROKEN],
  'a category that is none': [bundleOf({ va: assembler, tree: tree([categorical([1.5]), leaf, leaf]) }), BROKEN],
  'a leaf without numbers': [bundleOf({ va: assembler, tree: tree([split, leaf, { type: 'leaf', values: [] }]) }), BROKEN],
  'a split of another kind': [bundleOf({ va: assembler, tree: tree([{ type: 'internal', split: { type: 'oblique', featureIndex: 0 } }, leaf, leaf]) }), BROKEN],
}
for (const [what, [contents, code]] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(async () => plain.open(await mleap.read(filesOf(contents), {}), { name: 'refused', version: '1' }), { code })
    const packed = zipOf([...contents].map(([name, content]) => ({ name, content })))
    await assert.rejects(async () => mleap.read(oneFile('model.zip', packed), {}), { code })
  })
}

test('archives that are no bundles: a bomb, a name above, two bundles in one', async () => {
  const good = [...bundleOf({ va: assembler, lin: linear })].map(([name, content]) => ({ name, content }))
  assert.equal(await mleap.detect(oneFile('x', zipOf(good))), true)
  for (const bad of [{ name: 'zeros', content: new Uint8Array(2 ** 25) }, { name: '../up', content: text('') }, { name: 'bundle.json', content: text('{}') }]) {
    const bytes = zipOf([...good, bad])
    assert.equal(await mleap.detect(oneFile('x', bytes)), false)
    await assert.rejects(readModel(oneFile('x', bytes)), /^SluiceError: x: /)
  }
})

test('many wide categories take no more memory than their limit', async () => {
  const lines: object[] = []
  for (let i = 0; i < 3000; i++) lines.push(categorical([2 ** 20 - 1]), leaf)
  const before = process.memoryUsage().rss
  await assert.rejects(mleap.read(filesOf(bundleOf({ va: assembler, tree: tree([...lines, leaf]) })), {}), { code: BROKEN })
  assert.ok(process.memoryUsage().rss - before < 600 * 2 ** 20)
})

for (const path of ['mleap/ops-models/model-pb.zip', 'mleap/ops-models/model.zip', 'mleap/ops-features/model-pb.zip', 'mleap/ops-features/model.zip']) {
  test(`damaged anywhere, within the archive: ${path}`, async () => {
    const contents = await unzipped(path), names = [...contents.keys()].filter(name => name !== 'bundle.json')
    const inputs = readCsv(path.replace(/\/[^/]*$/, '/inputs.csv')), rows = { columns: inputs.columns, rows: inputs.rows.slice(0, 5) }
    let answers = 0
    const damage = fc.record({ name: fc.constantFrom(...names), at: fc.nat(), to: fc.oneof(fc.nat(255), fc.integer({ min: 48, max: 57 })), more: fc.constantFrom(0, 0, 0, -1, 1, 3) })
    await fc.assert(fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async all => {
      const damaged = new Map(contents)
      for (const { name, at, to, more } of all) {
        const bytes = damaged.get(name)!, isDigit = (i: number): boolean => bytes[i]! >= 48 && bytes[i]! <= 57
        let place = at % bytes.length
        // a digit for a digit: JSON that can be read
        while (to >= 48 && to <= 57 && !isDigit(place) && place < bytes.length - 1) place++
        // a byte is another one, or some are left out, or doubled
        const changed = Uint8Array.from([...bytes.subarray(0, place), to, ...bytes.subarray(Math.max(0, place + 1 + more))])
        damaged.set(name, changed)
      }
      try {
        const model = await mleap.read(filesOf(damaged), {}), predictor = await plain.open(model, { name: 'damaged', version: '1' })
        if (model.signature.inputs[0]!.columns!.every(({ name }) => rows.columns.includes(name))) score(predictor, featuresOf({ ...model, signature: { ...model.signature, inputs: [{ ...model.signature.inputs[0]!, columns: model.signature.inputs[0]!.columns!.map(({ name }) => ({ name })) }] } }, rows))
        answers++
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error
        assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED)$/)
      }
    }), { numRuns: 150, seed: 31 })
    assert.ok(answers > 0, 'nothing was read at all')
  })
}
