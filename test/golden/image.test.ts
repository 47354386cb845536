import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatSuite } from '../../src/conformance/index.ts'
import { SluiceError } from '../../src/core/errors.ts'
import type { Model } from '../../src/core/models.ts'
import type { Tensor } from '../../src/core/tensors.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { image } from '../../src/models/formats/image/index.ts'
import { frame, unframe } from '../../src/models/formats/image/layout.ts'
import { writeImage } from '../../src/models/formats/image/write.ts'
import { openModel } from '../../src/models/index.ts'
import type { Program, Step } from '../../src/models/index.ts'
import type { Op, StepOf } from '../../src/models/program.ts'
import { FLAG, forest } from '../../src/models/trees.ts'
import { everyModel, goldenFormats } from './every.ts'
import { bytesOf, featuresOf, load, oneFile, readCsv, score } from './golden.ts'

const opened = (bytes: Uint8Array): Promise<Model> => image.read(oneFile('model.sluice', bytes), {})
const predictorOf = async (model: Model): Promise<Parameters<typeof score>[0]> => (await openModel(model, { name: 'm', version: '1' })).predictor

/** Numbers of every kind that the columns take. */
function anyRows({ signature: { inputs: [input] } }: Model, rows = 50): Tensor {
  const { dtype, shape: [, width = 1], columns = [] } = input!
  const data = dtype === 'float32' ? new Float32Array(rows * width) : new Float64Array(rows * width)
  let state = 7
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const column = columns[i % width], chance = state / 2 ** 32, codes = column?.categories?.length
    data[i] = column?.missing === true && (state >>> 8) % 6 === 0 ? NaN : codes !== undefined ? Math.floor(chance * codes) : (chance - 0.4) * 10 ** ((state >>> 12) % 5 - 1)
  }
  return { dtype, shape: [rows, width], data }
}

for (const format of goldenFormats()) {
  test(`to an image and back, the same model: ${format}`, async t => {
    let models = 0, before = 0, after = 0
    for await (const { title, files, model } of everyModel(format)) {
      const { bytes, rows } = await writeImage(model), back = await opened(bytes)
      assert.ok(rows > 0)
      assert.deepEqual({ ...back, bytes: 0 }, { ...model, bytes: 0, format: 'image', facts: { 'image of': model.format, ...model.facts } }, title)
      assert.equal(back.bytes, bytes.length)
      assert.deepEqual((await writeImage(back)).bytes, bytes, `${title}: an image of its image`)
      const features = anyRows(model)
      assert.deepEqual(score(await predictorOf(back), features), score(await predictorOf(model), features), title)
      models++
      for (const file of files.names) before += (await files.read(file)).length
      after += bytes.length
    }
    t.diagnostic(`${models} models, ${before} bytes, ${after} as images`)
    assert.ok(models > 0)
  })
}

test('rows of the origin library are answered bit for bit the same', async () => {
  for (const name of ['xgboost/cat-partition-orders/model.json', 'xgboost/gblinear-diabetes/model.ubj', 'lightgbm/linear-tree-diabetes/model.txt', 'lightgbm/cat-str-orders/model.txt']) {
    const { model, predictor } = await load(name), back = await opened((await writeImage(model)).bytes)
    const features = featuresOf(model, readCsv(`${name.slice(0, name.lastIndexOf('/'))}/inputs.csv`))
    assert.deepEqual(score(await predictorOf(back), features), score(predictor, features), name)
  }
})

const of = (...numbers: readonly number[]): Float64Array => Float64Array.from(numbers)
const grown = forest('test', 3, 1)
grown.grow({ name: 'tree 0', nodes: 2, leaves: 3, root: 0, node: at => [{ feature: 0, threshold: 0.5, flags: FLAG.missingNaN, left: ~0, right: 1 }, { feature: 1, threshold: 0, flags: FLAG.set, left: ~1, right: ~2, words: [5] }][at]!, leaf: at => ({ values: [at + 1] }) })
const trees = { ...grown.done().arrays, width: 3, groups: 1, inputs: 'float32', sums: 'float64', start: of(0.25), zero: 0, group: new Int32Array(1), scale: undefined } as const
/** One step of every kind, on the input of 3 columns. */
const EVERY: { readonly [O in Op]: StepOf<O> } = {
  select: { op: 'select', of: 0, columns: Int32Array.of(2, 0, -1), fill: NaN },
  concat: { op: 'concat', of: [0, of(1, -0, NaN, Infinity)] },
  unary: { op: 'unary', fn: 'tanh', of: 0, float32: true },
  binary: { op: 'binary', fn: 'greaterEqual', a: 0, b: of(0.5, 3, -1) },
  where: { op: 'where', of: 0, yes: of(1), no: 0 },
  lookup: { op: 'lookup', of: 0, keys: of(-1, 2), width: 2, values: of(1, 2, 3, 4), otherwise: of(5, 6), missing: of(NaN, 0) },
  bucket: { op: 'bucket', of: 0, edges: of(-Infinity, 0, 4, Infinity), closed: 'left' },
  reduce: { op: 'reduce', fn: 'logSumExp', of: 0, size: 3 },
  softmax: { op: 'softmax', of: 0, size: 3, float32: true },
  linear: { op: 'linear', of: 0, linear: { width: 3, groups: 2, sums: 'float32', start: of(1, -0), weights: of(1, 2, 3, 4, 5, 6), skipsNaN: false } },
  trees: { op: 'trees', of: 0, trees },
  distance: { op: 'distance', of: 0, metric: 'minkowski', points: of(1, 2, 3, 4, 5, 6), p: 3 },
  kernel: { op: 'kernel', of: 0, kernel: 'rbf', vectors: of(1, 2, 3), gamma: 0.5, coef0: 0, degree: 3 },
  nearest: { op: 'nearest', of: 0, count: 2, largest: true },
  take: { op: 'take', of: 0, at: 0 },
}
function program(steps: readonly Step[], widths: readonly number[]): Program {
  return {
    kind: 'program', format: 'test', width: 3, inputs: 'float64', steps, refusals: [{ value: 0, message: 'no' }], bytes: 1,
    facts: { text: 'eins', number: NaN }, raw: { out_0: 'out0', words: { output: 'words', columns: ['w'] } },
    outputs: [...steps.map((_, i) => ({ value: i + 1 })), { value: steps.length, labels: ['a', 'b'] }, { value: steps.length, labels: [-0, 7, NaN] }],
    signature: {
      inputs: [{ name: 'features', dtype: 'float64', shape: [-1, 3], unnamed: true, columns: [{ name: '__proto__', missing: true }, { name: 'b', categories: ['x', 1, true, '\udfff'], unknown: NaN }, { name: 'c' }] }],
      outputs: [...steps.map((_, i) => ({ name: `out${i}`, dtype: 'float64', shape: [-1, widths[i]!] }) as const), { name: 'words', dtype: 'string', shape: [-1] }, { name: 'numbers', dtype: 'int64', shape: [-1] }],
    },
  }
}
const last: Step = { op: 'reduce', fn: 'argmax', of: 0, size: 3 }
const steps: readonly Step[] = [...Object.values(EVERY), last]
const every = program(steps, [3, 7, 3, 3, 3, 6, 3, 1, 3, 2, 1, 2, 1, 2, 3, 1])

test('every step there is, with whatever may be left out, numbers that JSON does not have, rows without an answer', async () => {
  const { bytes, rows } = await writeImage(every), back = await opened(bytes)
  assert.equal(rows, 16)
  assert.deepEqual({ ...back, bytes: 1 }, { ...every, format: 'image', facts: { 'image of': 'test', ...every.facts } })
  const header = JSON.parse(unframe('m', bytes).header) as { reference: object; model: { facts: object } }
  assert.deepEqual(header.model.facts, { text: 'eins', number: { number: 'NaN' } })
  for (const op of Object.keys(EVERY) as Op[]) {
    const { inputs, outputs, ...rest } = every.signature, one = { ...every, outputs: [{ value: 1 }], steps: [EVERY[op]], raw: {}, signature: { ...rest, inputs, outputs: [outputs[steps.indexOf(EVERY[op])]!] } }
    assert.deepEqual((await opened((await writeImage(one)).bytes) as Program).steps, [EVERY[op]], op)
  }
})

test('views: an image is not copied where it lies at a multiple of 8, and is where it does not', async () => {
  const { bytes } = await writeImage((await load('xgboost/bin-cancer/model.json')).model)
  const buffersOf = (model: Model): Set<unknown> => new Set(Object.values(model).filter(ArrayBuffer.isView).map(array => array.buffer))
  assert.deepEqual([...buffersOf(await opened(bytes))].map(buffer => buffer === bytes.buffer), [true])
  const moved = new Uint8Array(bytes.length + 1).subarray(1)
  moved.set(bytes)
  assert.deepEqual([...buffersOf(await opened(moved))].map(buffer => buffer === moved.buffer), [false])
  assert.deepEqual({ ...await opened(moved) }, { ...await opened(bytes) })
})

async function refusal(bytes: Uint8Array): Promise<SluiceError | undefined> {
  try {
    const model = await opened(bytes), features = anyRows(model, 5)
    for (const { name } of model.signature.outputs) assert.equal(score(await predictorOf(model), features).get(name)!.shape[0], 5)
    return undefined
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED|UNKNOWN)$/)
    return error
  }
}

type Json = ReturnType<typeof JSON.parse>
/** With another header, `more` zeros at the end, and a checksum that fits. */
function withHeader(bytes: Uint8Array, change: (header: Json) => void, more = 0): Uint8Array {
  const { header, arraysAt } = unframe('m', bytes), parsed = JSON.parse(header) as Json
  change(parsed)
  return frame(JSON.stringify(parsed), bytes.length - arraysAt + more, into => { into.set(bytes.subarray(arraysAt)) })
}
/** With other numbers in an array, and a checksum that fits. */
function withArray(bytes: Uint8Array, arrayOf: (header: Json) => { array: number }, change: (array: Int32Array | Float64Array | Uint8Array) => void): Uint8Array {
  const { header, arraysAt } = unframe('m', bytes), parsed = JSON.parse(header) as Json
  const [kind, length, at] = parsed.arrays[arrayOf(parsed).array] as [string, number, number]
  return frame(header, bytes.length - arraysAt, into => {
    into.set(bytes.subarray(arraysAt))
    const place = into.byteOffset + at
    change(kind === 'i32' ? new Int32Array(into.buffer, place, length) : kind === 'u8' ? new Uint8Array(into.buffer, place, length) : new Float64Array(into.buffer, place, length))
  })
}

const xgboostImage = (await writeImage((await load('xgboost/cat-partition-orders/model.json')).model)).bytes
const linearTrees = (await writeImage((await load('lightgbm/linear-tree-diabetes/model.txt')).model)).bytes
const linear = (await writeImage((await load('xgboost/gblinear-diabetes/model.json')).model)).bytes
const everyStep = (await writeImage(every)).bytes

const HEADERS: readonly (readonly [what: string, RegExp, Uint8Array, (header: Json) => void])[] = [
  ['a kind that is not known', /kind 'forest' is not known/, xgboostImage, h => { h.model.kind = 'forest' }],
  ['a kind of Object.prototype', /kind 'constructor' is not known/, xgboostImage, h => { h.model.kind = 'constructor' }],
  ['a member that is not known', /'colour' is not known/, xgboostImage, h => { h.model.colour = 1 }],
  ['a member of the file that is not known', /'more' is not known/, xgboostImage, h => { h.more = {} }],
  ['a member that is missing', /whole number belongs here/, xgboostImage, h => { delete h.model.groups }],
  ['a step that is not known', /step 'guess' is not known/, everyStep, h => { h.model.steps[0].op = 'guess' }],
  ['a function that is not known', /function 'toString' is not known/, everyStep, h => { h.model.steps[2].fn = 'toString' }],
  ['a step that reads itself', /reads the value 1, which is not there yet/, everyStep, h => { h.model.steps[0].of = 1 }],
  ['a step that reads what never is', /reads the value 99/, everyStep, h => { h.model.steps[0].of = 99 }],
  ['a negative value', /whole number belongs here/, everyStep, h => { h.model.steps[0].of = -1 }],
  ['a table wider than its numbers', /table of 4 numbers, 1073741824 a row/, everyStep, h => { h.model.steps[5].width = 2 ** 30 }],
  ['an output of what is not there', /output 'out0' has 3 numbers a row, and value 99 has 0/, everyStep, h => { h.model.outputs[0].value = 99 }],
  ['an output of another width', /has 4 numbers a row, and value 1 has 3/, everyStep, h => { h.model.signature.outputs[0].shape[1] = 4 }],
  ['a refusal of what is not there', /refusal reads/, everyStep, h => { h.model.refusals[0].value = 99 }],
  ['words that are numbers', /'words' has no words/, everyStep, h => { h.model.outputs.at(-2).labels = [1] }],
  ['numbers that are words', /labels are words/, everyStep, h => { h.model.outputs.at(-1).labels = ['x'] }],
  ['more columns than rows have', /\[-1, 3\] for 1000000000 columns/, everyStep, h => { h.model.width = 1e9 }],
  ['more columns, everywhere', /computes 1000000003 numbers/, everyStep, h => { h.model.width = 1e9; h.model.signature.inputs[0].shape[1] = 1e9; delete h.model.signature.inputs[0].columns }],
  ['a width that doubles and doubles', /numbers in one step/, everyStep, h => { h.model.steps.push(...Array.from({ length: 30 }, (_, i) => ({ op: 'concat', of: [16 + i, 16 + i] }))) }],
  ['a program without end', /operations for 16 rows/, everyStep, h => {
    h.model.steps.push(...Array.from({ length: 18 }, (_, i) => ({ op: 'concat', of: [i === 0 ? 0 : 16 + i, i === 0 ? 0 : 16 + i] })))
    for (let i = 0; i < 20; i++) h.model.steps.push({ op: 'nearest', of: 34, count: 50_000 })
  }],
  ['a negative length', /whole number/, xgboostImage, h => { h.arrays[0][1] = -1 }],
  ['an endless length', /beyond the end/, xgboostImage, h => { h.arrays[0][1] = 2 ** 52 }],
  ['a position elsewhere', /an array at 128 where 64 belongs/, xgboostImage, h => { h.arrays[1][2] = 128 }],
  ['a kind of array that is not known', /an array is \[kind/, xgboostImage, h => { h.arrays[0][0] = 'f16' }],
  ['an array of another kind', /is u8 where i32 belongs/, xgboostImage, h => { h.model.left = h.model.flags }],
  ['an array that is not there', /array 999 of/, xgboostImage, h => { h.model.left.array = 999 }],
  ['an array that nothing uses', /belongs to nothing/, xgboostImage, h => { h.model.left.array = h.model.right.array }],
  ['bytes at the end', /bytes behind the last array|beyond the end|not 0/, xgboostImage, h => { h.arrays.pop() }],
  ['no arrays', /a list belongs here/, xgboostImage, h => { delete h.arrays }],
  ['groups without end', /groups for|outputs are/, xgboostImage, h => { h.model.groups = 2 ** 40 }],
  ['leaves of two numbers', /numbers in leaves of 2/, xgboostImage, h => { h.model.leafWidth = 2 }],
  ['a divisor of 0', /divided by 0/, xgboostImage, h => { h.model.divisor = 0 }],
  ['outputs of another objective', /its outputs are/, xgboostImage, h => { h.model.objective.classes = 0; delete h.model.objective.probabilities }],
  ['inputs of another type', /the input is float64 for a model of float32/, xgboostImage, h => { h.model.signature.inputs[0].dtype = 'float64' }],
  ['two inputs', /2 inputs/, xgboostImage, h => { h.model.signature.inputs.push(h.model.signature.inputs[0]) }],
  ['an input of words', /type string/, xgboostImage, h => { h.model.signature.inputs[0].dtype = 'string' }],
  ['columns of the same name', /columns of 'features' have the same name/, xgboostImage, h => { h.model.signature.inputs[0].columns[1] = h.model.signature.inputs[0].columns[0] }],
  ['raw names nothing', /'margin' of raw names no output/, xgboostImage, h => { h.model.raw.margin = 'nothing' }],
  ['weights for fewer groups', /weights for/, linear, h => { h.model.groups = 3 }],
  ['a slope of 0', /slope 0/, linear, h => { h.model.objective.slope = 0 }],
  ['more rows than there are', /24 rows where 1 to 16|rows are not/, linear, h => { h.arrays[h.reference.rejected.array][1] = 24 }],
  ['answers that are missing', /outputs where the signature has/, xgboostImage, h => { h.reference.outputs.pop() }],
]
for (const [what, message, bytes, change] of HEADERS) {
  test(`hostile header: ${what}`, async () => {
    const error = await refusal(withHeader(bytes, change))
    assert.match(error?.message ?? 'it was opened', message)
    assert.notEqual(error!.at ?? '', '')
  })
}

test('hostile header: steps in every 60 bytes that look through the same 5 MB', async () => {
  const hostile = withHeader(everyStep, h => {
    const [, length, at] = h.arrays.at(-1), keys = { array: h.arrays.length }
    h.model.steps = Array.from({ length: 1000 }, (_, i) => ({ op: 'lookup', of: i, keys, width: 1, values: keys, otherwise: keys }))
    h.arrays.push(['f64', 700_000, at + Math.ceil(length / 64) * 64])
  }, 700_000 * 8)
  assert.match((await refusal(hostile))!.message, /the same arrays are used again and again/)
})

const CONTENTS: readonly (readonly [what: string, RegExp, Uint8Array, (header: Json) => { array: number }, (array: Int32Array | Float64Array | Uint8Array) => void])[] = [
  ['a node that is its own child', /tree 0 leads to node 0 where node 1/, xgboostImage, h => h.model.left, a => { a[0] = 0 }],
  ['a right child that leads back', /leads to node 0 where node/, xgboostImage, h => h.model.right, a => { a[3] = 0 }],
  ['a child beyond the nodes', /leads to node 1000000 where/, xgboostImage, h => h.model.right, a => { a[0] = 1e6 }],
  ['a leaf beyond the leaves', /leads to leaf 2147483647 where/, xgboostImage, h => h.model.left, a => { a[0] = -(2 ** 31) }],
  ['two roots that are one', /leads to node 0 where/, xgboostImage, h => h.model.roots, a => { a[1] = 0 }],
  ['a root that is a leaf, and nodes of no tree', /leads to leaf 5 where leaf/, xgboostImage, h => h.model.roots, a => { a[0] = ~5 }],
  ['a column beyond the columns', /asks column 1000 of/, xgboostImage, h => h.model.feature, a => { a[2] = 1000 }],
  ['a negative column', /asks column -1 of/, xgboostImage, h => h.model.feature, a => { a[2] = -1 }],
  ['a threshold that is not a number', /asks for what is not a number|asks for set NaN/, xgboostImage, h => h.model.threshold, a => { a.fill(NaN) }],
  ['a set beyond the sets', /asks for set 0\.5 of|asks for set 1e5|asks for set/, xgboostImage, h => h.model.threshold, a => { a.fill(0.5) }],
  ['sets that go back', /ends before it begins|do not cover/, xgboostImage, h => h.model.sets, a => { a[1] = 1e6 }],
  ['sets that begin later', /do not cover/, xgboostImage, h => h.model.sets, a => { a[0] = 1 }],
  ['a leaf that is not a number', /leaf is not a number/, xgboostImage, h => h.model.leaves, a => { a[0] = NaN }],
  ['a tree of no group', /belongs to no group/, xgboostImage, h => h.model.group, a => { a[0] = 1 }],
  ['linear leaves that go back', /ends before it begins|do not fit/, linearTrees, h => h.model.linear.at, a => { a[1] = 1e6 }],
  ['a linear leaf of a column that is not there', /column that is not there/, linearTrees, h => h.model.linear.feature, a => { a[0] = -1 }],
  ['a weight that is not a number', /weight is not a number/, linear, h => h.model.weights, a => { a[0] = NaN }],
  ['a column of a step', /column 3 of 3/, everyStep, h => h.model.steps[0].columns, a => { a[0] = 3 }],
  ['keys that do not ascend', /keys do not ascend/, everyStep, h => h.model.steps[5].keys, a => { a[0] = 5 }],
  ['a tree within a program that leads back', /leads to node 0 where/, everyStep, h => h.model.steps[10].trees.right, a => { a[0] = 0 }],
  ['a leaf that was changed', /reference row \d+: output 'prediction' is .*, and not /, xgboostImage, h => h.model.leaves, a => { for (let i = 0; i < a.length; i++) a[i] = a[i]! + 1e-3 }],
  ['a weight that was changed a little', /reference row \d+: output '(prediction|margin)' is/, linear, h => h.model.weights, a => { a[0] = a[0]! * (1 + 1e-4) }],
  ['an answer that was changed', /reference row 0: output 'margin' is .* and not 1$/, linear, h => h.reference.outputs[1], a => { new Float32Array(a.buffer, a.byteOffset, 1)[0] = 1 }],
  ['a row that has an answer', /reference row 3: it has an answer/, linear, h => h.reference.rejected, a => { a[3] = 1 }],
]
for (const [what, message, bytes, arrayOf, change] of CONTENTS) {
  test(`hostile arrays: ${what}`, async () => {
    const error = await refusal(withArray(bytes, arrayOf, change))
    assert.match(error?.message ?? 'it was opened', message)
  })
}

test('frame: cut, longer, of another version, with another checksum', async () => {
  for (let length = 0; length < linear.length; length += 7) assert.notEqual(await refusal(linear.subarray(0, length)), undefined, `cut at ${length}`)
  assert.match((await refusal(Uint8Array.of(...linear, 0)))!.message, /bytes where \d+ belong/)
  const other = linear.slice()
  other[8] = 2
  assert.match((await refusal(other))!.message, /images of version 2 are not known/)
  for (let at = 12; at < linear.length; at += 13) {
    const damaged = linear.slice()
    damaged[at]! ^= 1 << at % 8
    assert.match((await refusal(damaged))!.message, at >= 16 && at < 24 ? /belong/ : /checksum/, `at ${at}`)
  }
})

for (const [name, bytes] of Object.entries({ xgboostImage, linearTrees, linear, everyStep })) {
  test(`bytes flipped anywhere, with a checksum that fits: ${name}`, async () => {
    const { arraysAt } = unframe('m', bytes), length = new DataView(bytes.buffer).getUint32(24, true)
    let answers = 0
    const at = fc.oneof(fc.integer({ min: 32, max: 32 + length - 1 }), fc.integer({ min: arraysAt, max: bytes.length - 1 }))
    const flip = fc.record({ at, to: fc.oneof(fc.nat(255), fc.constantFrom(...'0123456789-.e,[]{}":'.split('').map(c => c.charCodeAt(0)))) })
    await fc.assert(fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 3 }), async flips => {
      const damaged = bytes.slice()
      for (const { at: place, to } of flips) damaged[place] = to
      const header = new TextDecoder().decode(damaged.subarray(32, 32 + length))
      if (await refusal(frame(header, bytes.length - arraysAt, into => { into.set(damaged.subarray(arraysAt)) })) === undefined) answers++
    }), { numRuns: 200, seed: 21 })
    assert.ok(answers > 0, 'nothing came through: what lies behind the first check was not tested')
  })
}

test('options: which trees and which categories is said when the image is made', async () => {
  const { bytes } = await writeImage((await load('lightgbm/cat-str-orders/model.txt')).model)
  const read = (options: Parameters<typeof image.read>[1]): Promise<Model> => image.read(oneFile('m.sluice', bytes), options)
  await assert.rejects(read({ trees: 'all' }), { code: 'SLUICE_CONFIG_INVALID', at: 'trees' })
  const columns = (await read({})).signature.inputs[0]!.columns!, named = columns.find(({ categories }) => categories !== undefined)!, number = columns.find(({ categories }) => categories === undefined)!
  assert.deepEqual((await read({ categories: { [named.name]: named.categories! } })).signature.inputs[0]!.columns, columns)
  await assert.rejects(read({ categories: { [named.name]: ['x'] } }), { code: 'SLUICE_CONFIG_INVALID' })
  await assert.rejects(read({ categories: { [number.name]: ['x'] } }), { code: 'SLUICE_CONFIG_INVALID', message: /give them to `sluice convert`/ })
})

test('the page says every step and every flag that there is', () => {
  const page = readFileSync(new URL('../../docs/image.md', import.meta.url), 'utf8'), [, table] = page.split('| `op` | members |')
  assert.deepEqual([...table!.split('\n\n')[0]!.matchAll(/^\| `(\w+)` \|/gm)].map(([, op]) => op), Object.keys(EVERY))
  const [, flags] = page.split('the sum of: ')
  assert.deepEqual([...flags!.split('\n')[0]!.matchAll(/(?:^|; )(\d+) /g)].map(([, flag]) => Number(flag)), Object.values(FLAG))
})

test('a kind of model that is not known is not written', async () => {
  await assert.rejects(writeImage({ ...every, kind: 'graph' }), { code: 'SLUICE_MODEL_UNSUPPORTED' })
})

for (const path of ['xgboost/cat-partition-orders/model.json', 'lightgbm/linear-tree-diabetes/model.txt', 'xgboost/gblinear-diabetes/model.ubj']) {
  formatSuite(`format image: ${path}`, async () => {
    const { model, predictor } = await load(path), features = anyRows(model), outputs: { [name: string]: number[] } = {}
    for (const [name, { data }] of score(predictor, features)) outputs[name] = Array.from(data as Float64Array)
    return {
      format: image, files: oneFile('model.sluice', (await writeImage(model)).bytes), others: [oneFile(path, bytesOf(path))], evaluator: plain,
      features: { rows: features.shape[0]!, tensors: new Map([['features', features]]), release() {} }, expected: { outputs },
    }
  })
}
