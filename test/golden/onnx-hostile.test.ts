import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/core/errors.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { onnx } from '../../src/models/formats/onnx/index.ts'
import { bytesOf, oneFile, score } from './golden.ts'
import { field, floats, FLOAT, graph, INT64, ints, joined, ml, model, modelOf, node, STRING, tensor } from './onnx-bytes.ts'

const read = (bytes: Uint8Array): ReturnType<typeof onnx.read> => onnx.read(oneFile('model.onnx', bytes), {})
const MIB = 2 ** 20

/** Refused with a name, whatever it says, and without the memory or the time that it asks for. */
function refuses(title: string, make: () => Uint8Array, message?: RegExp): void {
  test(`refused: ${title}`, { timeout: 20_000 }, async () => {
    const bytes = make(), before = process.memoryUsage()
    await assert.rejects(read(bytes), (error: unknown) => error instanceof SluiceError && /^SLUICE_MODEL_(BROKEN|UNSUPPORTED)$/.test(error.code) && (message === undefined || message.test(error.message)))
    const after = process.memoryUsage()
    assert.ok(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers < 256 * MIB + 100 * bytes.length)
  })
}
const times = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i))

test('what these tests write is a model', async () => {
  const small = await read(model({ nodes: [node('Gemm', 'x w b', 'h'), node('Relu', 'h', 'y')], constants: [floats('w', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), floats('b', [2], [1, -100])] }))
  const answers = score(await plain.open(small, { name: 'small', version: '1' }), { dtype: 'float32', shape: [1, 4], data: Float32Array.of(1, 1, 1, 1) })
  assert.deepEqual([...answers.get('prediction')!.data as Float32Array], [17, 0])
})

const huge = 2 ** 31
for (const [title, nodes, constants] of [
  ['Expand to billions', [node('Expand', 'x s', 'y')], [ints('s', [1e9, 1, 4])]],
  ['Expand of a constant', [node('Expand', 'c s', 'e'), node('Add', 'x e', 'y')], [floats('c', [1], [1]), ints('s', [huge, huge])]],
  ['Tile to billions', [node('Tile', 'x s', 'y')], [ints('s', [1, 1e9])]],
  ['ConstantOfShape of billions', [node('ConstantOfShape', 's', 'c'), node('Add', 'x c', 'y')], [ints('s', [1e9])]],
  ['ConstantOfShape of more than can be counted', [node('ConstantOfShape', 's', 'c'), node('Add', 'x c', 'y')], [ints('s', times(12, () => huge))]],
  ['Range to billions', [node('Range', 'a b c', 'r'), node('Add', 'x r', 'y')], [floats('a', [], [0]), floats('b', [], [1e12]), floats('c', [], [1])]],
  ['Range without an end', [node('Range', 'a b c', 'r'), node('Add', 'x r', 'y')], [floats('a', [], [0]), floats('b', [], [1]), floats('c', [], [0])]],
  ['Pad by billions', [node('Pad', 'x p', 'y')], [ints('p', [0, 0, 0, 1e9])]],
  ['Reshape to what it is not', [node('Reshape', 'x s', 'y')], [ints('s', [-1, 1e9])]],
  ['Reshape to two unknowns', [node('Reshape', 'x s', 'y')], [ints('s', [-1, -1])]],
  ['Gather far off', [node('Gather', 'x i', 'y', { axis: 1 })], [ints('i', [1e9])]],
  ['Slice in steps of nothing', [node('Slice', 'x a b a c', 'y')], [ints('a', [1]), ints('b', [2]), ints('c', [0])]],
  ['TopK of billions', [node('TopK', 'x k', 'v y')], [ints('k', [1e9])]],
  ['Split into billions', [node('Split', 'x', 'y z', { axis: 1, num_outputs: 1e9 })], []],
  ['Unsqueeze of an axis far off', [node('Unsqueeze', 'x a', 'y')], [ints('a', [1e9])]],
  ['tensors of a thousand dimensions', [node('Reshape', 'x s', 'y')], [ints('s', [-1, 4, ...times(1000, () => 1)])]],
  ['OneHotEncoder of 10,000 categories', [ml('OneHotEncoder', 'x', 'y', { cats_int64s: times(10_000, i => i) })], []],
  ['a convolution with padding of billions', [node('Reshape', 'x s', 'i'), node('Conv', 'i w', 'y', { pads: [1e9, 1e9] })], [ints('s', [-1, 1, 4]), floats('w', [1, 1, 1], [1])]],
  ['a pool over billions', [node('Reshape', 'x s', 'i'), node('MaxPool', 'i', 'y', { kernel_shape: [1e9], pads: [1e9, 1e9] })], [ints('s', [-1, 1, 4])]],
  ['trees for billions of targets', [ml('TreeEnsembleRegressor', 'x', 'y', { n_targets: 1e9, nodes_treeids: [0], nodes_nodeids: [0], nodes_featureids: [0], nodes_values: { floats: [0] }, nodes_modes: { texts: ['LEAF'] }, nodes_truenodeids: [0], nodes_falsenodeids: [0], target_treeids: [0], target_nodeids: [0], target_ids: [0], target_weights: { floats: [1] } })], []],
  ['a tree that is a ring', [ml('TreeEnsembleRegressor', 'x', 'y', { n_targets: 1, nodes_treeids: [0, 0], nodes_nodeids: [0, 1], nodes_featureids: [0, 0], nodes_values: { floats: [0, 0] }, nodes_modes: { texts: ['BRANCH_LEQ', 'BRANCH_LEQ'] }, nodes_truenodeids: [1, 0], nodes_falsenodeids: [1, 0], target_treeids: [], target_nodeids: [], target_ids: [], target_weights: { floats: [] } })], []],
  ['a tree of a column that is not there', [ml('TreeEnsembleRegressor', 'x', 'y', { n_targets: 1, nodes_treeids: [0, 0, 0], nodes_nodeids: [0, 1, 2], nodes_featureids: [1e9, 0, 0], nodes_values: { floats: [0, 0, 0] }, nodes_modes: { texts: ['BRANCH_LEQ', 'LEAF', 'LEAF'] }, nodes_truenodeids: [1, 0, 0], nodes_falsenodeids: [2, 0, 0], target_treeids: [0], target_nodeids: [1], target_ids: [0], target_weights: { floats: [1] } })], []],
  ['a graph that eats its tail', [node('Add', 'x b', 'a'), node('Neg', 'a', 'b'), node('Neg', 'b', 'y')], []],
  ['a node that reads itself', [node('Add', 'x y', 'y')], []],
  ['a name that is given twice', [node('Neg', 'x', 'y'), node('Abs', 'x', 'y')], []],
  ['an operator that is not known, and is not needed', [node('Neg', 'x', 'y'), node('Nonsense', 'x', 'z')], []],
  ['an attribute that is not known', [node('Neg', 'x', 'y', { nonsense: 1 })], []],
  ['If', [node('If', 'x', 'y', { then_branch: { graph: graph({ nodes: [] }) }, else_branch: { graph: graph({ nodes: [] }) } })], []],
  ['Loop', [node('Loop', '  x', 'y', { body: { graph: graph({ nodes: [] }) } })], []],
  ['weights of another kind', [node('MatMul', 'x w', 'y')], [tensor('w', INT64, [4, 1], new Uint8Array(32))]],
  ['weights of float16', [node('MatMul', 'x w', 'y')], [tensor('w', 10, [4, 1], new Uint8Array(8))]],
  ['weights of another size', [node('MatMul', 'x w', 'y')], [tensor('w', FLOAT, [4, 1e9], new Uint8Array(16))]],
  ['weights that are longer than they say', [node('MatMul', 'x w', 'y')], [tensor('w', FLOAT, [4, 1], new Uint8Array(20))]],
  ['weights of a negative size', [node('MatMul', 'x w', 'y')], [tensor('w', FLOAT, [-4, -1], new Uint8Array(16))]],
  ['weights elsewhere', [node('MatMul', 'x w', 'y')], [joined(tensor('w', FLOAT, [4, 1], []), field(13, joined(field(1, 'location'), field(2, 'weights.bin'))), field(14, 1))]],
] as const satisfies readonly (readonly [string, readonly Uint8Array[], readonly Uint8Array[]])[]) refuses(title, () => model({ nodes, constants }))

refuses('a tensor that is doubled again and again', () => model({ nodes: [...times(60, i => node('Concat', `a${i} a${i}`, `a${i + 1}`, { axis: 1 })), node('Neg', 'a60', 'y')], inputs: { a0: ['N', 4] } }))
refuses('a constant that is doubled again and again', () => model({ nodes: [...times(60, i => node('Concat', `a${i} a${i}`, `a${i + 1}`, { axis: 0 })), node('Add', 'x a60', 'y')], constants: [floats('a0', [4], [1, 2, 3, 4])] }))
refuses('outer products of outer products', () => model({ nodes: [...times(6, i => [node('MatMul', `a${i} b${i}`, `c${i}`), node('Reshape', `c${i} s`, `a${i + 1}`)]).flat(), node('Add', 'x a6', 'y')], constants: [ints('s', [-1, 1]), floats('a0', [64, 1], times(64, i => i)), ...times(6, i => floats(`b${i}`, [1, 64], times(64, k => k)))] }))
refuses('many large constants of small ones', () => model({ nodes: [...times(2000, i => node('ConstantOfShape', 's', `c${i}`)), ...times(2000, i => node('Add', `${i === 0 ? 'x' : `y${i - 1}`} c${i}`, i === 1999 ? 'y' : `y${i}`))], constants: [ints('s', [500_000, 1])] }))
refuses('a chain of many encoders, each with a word of its own', () => model({
  nodes: [...times(4000, i => ml('LabelEncoder', 'x', `c${i}`, { keys_strings: { texts: times(4, k => `w${i} ${k}`) }, values_floats: { floats: [1, 2, 3, 4] } })), ...times(4000, i => node('Add', `${i === 0 ? 'c0' : `y${i - 1}`} c${i}`, i === 3999 ? 'y' : `y${i}`))], type: STRING, inputs: { x: ['N', 1] },
}))
refuses('graphs in graphs', () => {
  let inner = graph({ nodes: [] })
  for (let i = 0; i < 40; i++) inner = graph({ nodes: [node('Scan', 'x', 'y', { body: { graph: inner }, num_scan_inputs: 1 })] })
  return modelOf(inner)
}, /deep/)
refuses('a Scan that is no distance', () => model({ nodes: [node('Scan', 'x p', 'z y', { num_scan_inputs: 1, body: { graph: graph({ nodes: [node('Identity', 'a', 'b'), node('Add', 'a c', 'd')], inputs: { a: ['N', 4], c: [4] }, outputs: ['b', 'd'] }) } })], constants: [floats('p', [2, 4], times(8, i => i))] }))
refuses('two graphs', () => joined(model({ nodes: [node('Neg', 'x', 'y')] }), field(7, graph({ nodes: [node('Neg', 'x', 'y')] }))))
refuses('a graph that is shorter than it says', () => modelOf(graph({ nodes: [node('Neg', 'x', 'y')] }), 1e9), /longer/)
refuses('functions', () => joined(model({ nodes: [node('Neg', 'x', 'y')] }), field(25, field(1, 'f'))), /functions/)
refuses('training', () => joined(model({ nodes: [node('Neg', 'x', 'y')] }), field(20, [])), /training/)
refuses('versions of tomorrow', () => joined(model({ nodes: [node('Neg', 'x', 'y')] }), field(8, joined(field(1, ''), field(2, 99)))), /version 99/)
for (const [title, dims] of [['an input of a billion columns', ['N', 1e9]], ['an input of many rows at once', [32, 4]], ['an input of unknown columns', ['N', 'N']], ['an input of a negative size', ['N', -4]]] as const) {
  refuses(title, () => model({ nodes: [node('Neg', 'x', 'y')], inputs: { x: dims } }))
}
refuses('no outputs', () => model({ nodes: [node('Neg', 'x', 'y')], outputs: [] }))

const small = ['onnx/knn-iris', 'onnx/pipe-orders-logreg', 'onnx/svc-rbf-iris', 'onnx/dtree-iris', 'tf2onnx/mlp-norm-wine', 'tf2onnx/cnn-digits']
async function survives(bytes: Uint8Array): Promise<boolean> {
  try {
    const read = await onnx.read(oneFile('model.onnx', bytes), {}), { dtype, shape } = read.signature.inputs[0]!, width = shape[1]!
    const answers = score(await plain.open(read, { name: 'damaged', version: '1' }), { dtype, shape: [3, width], data: dtype === 'float32' ? new Float32Array(3 * width).fill(1) : new Float64Array(3 * width).fill(1) })
    for (const spec of read.signature.outputs) assert.equal(answers.get(spec.name)!.shape[0], 3)
    return true
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED|UNKNOWN)$/)
    return false
  }
}
for (const at of small) {
  const bytes = bytesOf(`${at}/model.onnx`)
  test(`cut anywhere: ${at}`, async () => {
    const step = Math.max(1, Math.floor(bytes.length / 100))
    // what stands behind the graph says versions of operators, which may be said twice
    for (let length = 0; length < bytes.length - 40; length += step) assert.equal(await survives(bytes.subarray(0, length)), false, `cut at ${length}`)
  })
  test(`bytes changed anywhere: ${at}`, async () => {
    let answers = 0
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) }), { minLength: 1, maxLength: 3 }), async changes => {
      const damaged = bytes.slice()
      for (const { at, to } of changes) damaged[at] = to
      if (await survives(damaged)) answers++
    }), { numRuns: 150, seed: 21 })
    assert.ok(answers > 0, 'no damaged file was read at all')
  })
  test(`pieces moved, doubled and left out: ${at}`, async () => {
    await fc.assert(fc.asyncProperty(fc.record({ from: fc.nat(bytes.length), length: fc.nat(300), to: fc.nat(bytes.length), replace: fc.boolean() }), async ({ from, length, to, replace }) => {
      await survives(joined(bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(replace ? to + length : to)))
    }), { numRuns: 60, seed: 22 })
  })
}
