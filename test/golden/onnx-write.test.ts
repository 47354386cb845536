import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { SluiceError } from '../../src/core/errors.ts'
import type { Tensor } from '../../src/core/tensors.ts'
import { programBuilder } from '../../src/models/builder.ts'
import { onnx } from '../../src/models/formats/onnx/index.ts'
import { checkOnnx } from '../../src/models/formats/onnx-write/check.ts'
import { writeOnnx } from '../../src/models/formats/onnx-write/index.ts'
import { openModel } from '../../src/models/index.ts'
import type { Program, Step, TreeEnsemble } from '../../src/models/index.ts'
import type { Binary, Reduction, Unary } from '../../src/models/program.ts'
import { FLAG } from '../../src/models/trees.ts'
import { everyModel, goldenFormats } from './every.ts'
import { featuresOf, folder, goldenNames, load, oneFile, readCsv, score } from './golden.ts'

// compare-onnx.py asks ONNX Runtime; here what was written is read by Sluice's own reader

const REFUSED: { readonly [name: string]: RegExp } = {
  'lightgbm/linear-tree-diabetes': /leaves that are linear models/, 'lightgbm/zero-as-missing-orders': /zero as a missing value of 'distance'/, 'more/lightgbm-3.3.5-linear': /leaves that are linear models/,
  'more/lightgbm-4.7.0-linear': /leaves that are linear models/, 'more/lightgbm-3.3.5-zero-missing': /zero as a missing value/, 'more/lightgbm-4.7.0-zero-missing': /zero as a missing value/,
}

for (const format of ['xgboost', 'lightgbm', 'more']) {
  test(`written as ONNX and read back, the same answers but for rounding: ${format}`, async t => {
    let models = 0, cells = 0, equal = 0
    for (const name of goldenNames(format)) {
      const file = ['model.json', 'model.txt'].find(each => existsSync(new URL(`${format}/${name}/${each}`, folder)))!, title = `${format}/${name}`
      const { model, predictor } = await load(`${title}/${file}`), refused = REFUSED[title]
      if (refused !== undefined) {
        assert.throws(() => writeOnnx(model), { code: 'SLUICE_MODEL_UNSUPPORTED', message: refused }, title)
        continue
      }
      const bytes = writeOnnx(model)
      assert.deepEqual(writeOnnx(model), bytes, `${title}: the same model gives the same bytes`)
      assert.equal(await checkOnnx(model, 'm.onnx', bytes), 16, title)
      const back = await onnx.read(oneFile('m.onnx', bytes), {}), features = featuresOf(model, readCsv(`${title}/inputs.csv`))
      const answered = score((await openModel(back, { name: 'back', version: '1' })).predictor, features), tolerance = model.signature.inputs[0]!.dtype === 'float32' ? 1e-5 : 1e-10
      for (const [output, wanted] of score(predictor, features)) {
        const raw = back.raw[output]!, given = answered.get(typeof raw === 'string' ? raw : raw.output)!
        const [a, b] = [numbersOf(wanted), numbersOf(given)]
        assert.equal(a.length, b.length)
        for (const [i, value] of a.entries()) {
          cells++
          if (Object.is(value, b[i])) equal++
          else assert.ok(Math.abs(value - b[i]!) <= tolerance * Math.max(1, Math.abs(value)), `${title}, ${output}, number ${i}: ${b[i]} for ${value}`)
        }
      }
      models++
    }
    t.diagnostic(`${models} models, ${cells} numbers, ${equal} of them to the last bit`)
    assert.ok(models > 10)
  })
}

for (const format of goldenFormats().filter(name => !['xgboost', 'lightgbm', 'more', 'early-stopping'].includes(name))) {
  test(`models of other formats, written as ONNX and read back, or refused by name: ${format}`, async t => {
    let models = 0
    const refused: string[] = []
    for await (const { title, model } of everyModel(format)) {
      try {
        assert.ok(await checkOnnx(model, 'm.onnx', writeOnnx(model)) > 0)
        models++
      } catch (error) {
        if (!(error instanceof SluiceError) || error.code !== 'SLUICE_MODEL_UNSUPPORTED') throw new Error(title, { cause: error })
        assert.match(error.message, /ONNX has no exact words for (the (step|function|distance|reduction) '\w+'|trees without an answer|'[^']+', of which sets and thresholds are asked)/, title)
        refused.push(`${title}: ${error.message.slice(28)}`)
      }
    }
    t.diagnostic([`${models} models`, ...refused].join('; '))
    assert.ok(models > 0)
  })
}

const numbersOf = ({ data }: Tensor): readonly number[] => Array.from(data as ArrayLike<number | bigint>, Number)

const of = (...numbers: readonly number[]): Float64Array => Float64Array.from(numbers)
let state = 3
const some = (length: number): Float64Array => Float64Array.from({ length }, () => Math.fround((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32 - 0.5))

function program(steps: readonly Step[], more: Partial<Program> = {}): Program {
  const builder = programBuilder('test', 4)
  for (const step of steps) builder.add(step, step.op)
  return {
    kind: 'program', format: 'test', width: 4, inputs: 'float64', steps, outputs: [{ value: steps.length }], refusals: [], bytes: 1, facts: {}, raw: {},
    signature: { inputs: [{ name: 'features', dtype: 'float64', shape: [-1, 4], columns: [0, 1, 2, 3].map(i => ({ name: `c${i}`, missing: true })) }], outputs: [{ name: 'out', dtype: 'float64', shape: [-1, builder.width(steps.length)] }] }, ...more,
  }
}

test('dense networks of float32 and float64, with words and numbers for labels', async () => {
  for (const type of ['float32', 'float64'] as const) {
    const rounded = type === 'float32' ? { float32: true } : {}, layer = (of: number, width: number, groups: number): Step => ({ op: 'linear', of, linear: { width, groups, sums: type, start: some(groups), weights: some(width * groups), skipsNaN: false } })
    const steps: readonly Step[] = [
      layer(0, 4, 8), { op: 'unary', fn: 'relu', of: 1, ...rounded }, layer(2, 8, 5), { op: 'unary', fn: 'tanh', of: 3, ...rounded }, layer(4, 5, 3), { op: 'softmax', of: 5, size: 3, ...rounded }, { op: 'reduce', fn: 'argmax', of: 6, size: 3 },
    ]
    const model = program(steps, {
      inputs: type, outputs: [{ value: 6 }, { value: 7, labels: ['a', 'b', 'c'] }, { value: 7, labels: [10, 20, 30] }, { value: 7 }],
      signature: {
        inputs: [{ name: 'x', dtype: type, shape: [-1, 4] }],
        outputs: [{ name: 'p', dtype: type, shape: [-1, 3] }, { name: 'word', dtype: 'string', shape: [-1] }, { name: 'number', dtype: 'float64', shape: [-1] }, { name: 'place', dtype: 'int32', shape: [-1] }],
      },
    })
    assert.equal(await checkOnnx(model, 'm.onnx', writeOnnx(model)), 16)
  }
})

const UNARY: readonly Unary[] = ['same', 'negate', 'absolute', 'sign', 'not', 'isMissing', 'floor', 'ceiling', 'truncate', 'round', 'reciprocal', 'square', 'sqrt', 'exp', 'log', 'sigmoid', 'tanh', 'sin', 'cos', 'relu', 'softplus']
const BINARY: readonly Binary[] = ['add', 'subtract', 'multiply', 'divide', 'power', 'minimum', 'maximum', 'less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual', 'and', 'or', 'xor']
const REDUCE: readonly Reduction[] = ['sum', 'mean', 'product', 'minimum', 'maximum', 'argmin', 'argmax', 'sumAbsolute', 'sumSquares', 'logSumExp']

test('every step that ONNX has an operator for, with missing values, of float64 and rounded to float32', async () => {
  for (const rounded of [{}, { float32: true }]) {
    const steps: readonly Step[] = [
      ...UNARY.map((fn): Step => ({ op: 'unary', fn, of: 0, ...rounded })),
      ...BINARY.flatMap((fn): Step[] => [{ op: 'binary', fn, a: 0, b: of(0.5, -1, 0, 2), ...rounded }, { op: 'binary', fn, a: of(0.1), b: 0, ...rounded }]),
      ...REDUCE.flatMap((fn): Step[] => [{ op: 'reduce', fn, of: 0, size: 2, ...rounded }, { op: 'reduce', fn, of: 0, size: 4, ...rounded }]),
      { op: 'select', of: 0, columns: Int32Array.of(3, -1, 0), fill: 0.1 }, { op: 'concat', of: [of(0.1, 2), 0, of(7)] }, { op: 'where', of: 0, yes: of(1), no: of(1, 2, 3, 4) }, { op: 'where', of: 0, yes: 0, no: of(0.1) },
      ...(['squared', 'euclidean', 'manhattan'] as const).map((metric): Step => ({ op: 'distance', of: 0, metric, points: some(12), ...rounded })),
      ...(['linear', 'polynomial', 'rbf', 'sigmoid'] as const).map((kernel): Step => ({ op: 'kernel', of: 0, kernel, vectors: some(12), gamma: 0.25, coef0: 0.5, degree: 2, ...rounded })),
      { op: 'softmax', of: 0, size: 2, ...rounded }, { op: 'linear', of: 0, linear: { width: 2, groups: 3, sums: 'float64', start: some(3), weights: some(6), skipsNaN: true } },
    ]
    for (const step of steps) {
      const model = program([step]), title = JSON.stringify(step)
      assert.equal(await checkOnnx(model, 'm.onnx', writeOnnx(model)).catch((error: unknown) => assert.fail(`${title}: ${String(error)}`)), 16, title)
    }
  }
})

test('tables and bins: keys, places, unknown, missing', async () => {
  const steps: readonly Step[] = [
    { op: 'lookup', of: 0, keys: of(-30, 0.001, 0.5, 10), width: 2, values: of(1, 2, 3, NaN, 5, Infinity, 7, 8), otherwise: of(0, -1), missing: of(9, 10) }, { op: 'lookup', of: 0, width: 1, values: of(5, 6, 0.1), otherwise: of(NaN) },
    { op: 'lookup', of: 0, keys: of(), width: 1, values: of(), otherwise: of(4), missing: of(5) }, { op: 'bucket', of: 0, edges: of(-Infinity, 0, 0.5, 10, Infinity), closed: 'left' },
    { op: 'bucket', of: 0, edges: of(0, 0.5, 10), closed: 'right' }, { op: 'bucket', of: 0, edges: of(), closed: 'right' },
  ]
  for (const step of steps) assert.equal(await checkOnnx(program([step]), 'm.onnx', writeOnnx(program([step]))), 16, JSON.stringify(step))
})

test('rows without an answer are said by an output of their own; the input gives its name to an output of that name', async () => {
  const steps: readonly Step[] = [{ op: 'unary', fn: 'isMissing', of: 0 }, { op: 'reduce', fn: 'maximum', of: 1, size: 4 }, { op: 'reduce', fn: 'sum', of: 0, size: 4 }]
  const model = program(steps, { outputs: [{ value: 3 }], refusals: [{ value: 2, message: 'missing' }], signature: { ...program(steps).signature, outputs: [{ name: 'features', dtype: 'float64', shape: [-1] }] } })
  const bytes = writeOnnx(model), back = await onnx.read(oneFile('m.onnx', bytes), {})
  assert.deepEqual(Object.keys(back.raw), ['features', 'rejected'])
  assert.equal(await checkOnnx(model, 'm.onnx', bytes), 16)
  await assert.rejects(checkOnnx({ ...model, refusals: [{ value: 1, message: 'another' }] } as Program, 'm.onnx', bytes), { code: 'SLUICE_VERIFY_DIFFERS', at: 'rejected' })
  assert.throws(() => writeOnnx({ ...model, signature: { ...model.signature, outputs: [{ name: 'rejected', dtype: 'float64', shape: [-1] }] } } as Program), /beside an output called 'rejected'/)
})

test('what ONNX cannot say is refused by name', async () => {
  const refused = (steps: readonly Step[], message: RegExp, more: Partial<Program> = {}): void => { assert.throws(() => writeOnnx(program(steps, more)), { code: 'SLUICE_MODEL_UNSUPPORTED', message, at: 'test' }) }
  refused([{ op: 'nearest', of: 0, count: 1 }], /the step 'nearest'/)
  refused([{ op: 'take', of: 0, at: 0 }], /the step 'take'/)
  refused([{ op: 'distance', of: 0, metric: 'cosine', points: of(1, 2, 3, 4) }], /the distance 'cosine'/)
  refused([{ op: 'unary', fn: 'probit', of: 0 }], /the function 'probit'/)
  refused([{ op: 'unary', fn: 'erf', of: 0 }], /the function 'erf' of float64/)
  refused([{ op: 'binary', fn: 'modulo', a: 0, b: 0 }], /the function 'modulo'/)
  refused([{ op: 'reduce', fn: 'median', of: 0, size: 2 }], /the reduction 'median'/)
  refused([{ op: 'reduce', fn: 'argmax', of: 0, size: 4 }], /labels of 'out' that are no float32/, { outputs: [{ value: 1, labels: [0.1, 1, 2, 3] }] })

  const { model } = await load('xgboost/bin-cancer/model.json'), trees = model as TreeEnsemble
  const changed = (node: number, flag: number): TreeEnsemble => ({ ...trees, flags: trees.flags.map((of, i) => i === node ? flag : of) })
  assert.throws(() => writeOnnx(changed(0, FLAG.missingZero | FLAG.strict)), /zero as a missing value of '/)
  assert.throws(() => writeOnnx({ ...model, kind: 'graph' }), (error: unknown) => error instanceof SluiceError && /a model of kind 'graph'/.test(error.message))
})

test('a model that was written wrongly is not given out', async () => {
  const { model } = await load('xgboost/bin-cancer/model.json'), trees = model as TreeEnsemble
  await assert.rejects(checkOnnx(model, 'm.onnx', writeOnnx({ ...trees, leaves: trees.leaves.map(leaf => Math.fround(leaf * 1.01)) } as TreeEnsemble)), { code: 'SLUICE_VERIFY_DIFFERS', message: /the output '\w+' differs in reference row \d+/ })
})
