import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Evaluator, Model, Predicted, Predictor, Tensor, TensorBatch } from '../core/index.ts'
import { checkSkips } from './suite.ts'
import type { SuiteOptions } from './suite.ts'
import { allRows, answersOf, assertExpected, overwrite, takeRows } from './tensors.ts'
import type { Answers, Expected } from './tensors.ts'

/** A model that the evaluator executes, and rows for it. */
export interface EvaluatorBed {
  readonly evaluator: Evaluator
  readonly model: Model
  /** Some rows that answer differently: ten or more. */
  readonly features: TensorBatch
  /** Absent: that test is skipped. */
  readonly expected?: Expected
  close?(): Promise<void>
}
export type MakeEvaluator = () => Promise<EvaluatorBed>

/** Every sentence of `Evaluator` and `Predictor` that can be checked, for evaluators made anywhere:
    ```ts
    evaluatorSuite('my evaluator', async () => ({ evaluator, model: await readModel(files), features, expected: { outputs: { margin } } }))
    ``` */
export function evaluatorSuite(name: string, make: MakeEvaluator, options: SuiteOptions = {}): void {
  checkSkips(name, CHECKS, options)
  describe(name, () => {
    for (const [title, check] of Object.entries(CHECKS)) {
      test(title, { skip: options.skips?.[title] ?? false, timeout: 60_000 }, async t => {
        const bed = await make()
        const open: Predictor[] = []
        try {
          await check({
            bed,
            skip: reason => { t.skip(reason) },
            async open() {
              const predictor = await bed.evaluator.open(bed.model, REF)
              open.push(predictor)
              return predictor
            },
          })
        } finally {
          for (const predictor of open) await predictor.close()
          await bed.close?.()
        }
      })
    }
  })
}

const REF = { name: 'model', version: '7' }
interface Bench {
  readonly bed: EvaluatorBed
  skip(reason: string): void
  /** The bench closes it. */
  open(): Promise<Predictor>
}

const { signal } = new AbortController()
const predict = async (predictor: Predictor, features: TensorBatch): Promise<Predicted> => predictor.predict(features, undefined, signal)
const answers = async (predictor: Predictor, features: TensorBatch): Promise<Answers> => answersOf(await predict(predictor, features), predictor.signature)

const CHECKS: Readonly<{ [title: string]: (bench: Bench) => Promise<void> }> = {
  async 'signature-is-the-models'({ bed, open }) {
    assert.deepEqual((await open()).signature, bed.model.signature)
  },

  async 'outputs-are-as-in-the-signature'({ bed: { features }, open }) {
    assert.equal((await answers(await open(), takeRows(features, allRows(features)))).length, features.rows)
  },

  async 'answers-as-expected'({ bed: { features, expected }, open, skip }) {
    if (expected === undefined) { skip('the bed has no answers to compare with'); return }
    assertExpected(await answers(await open(), takeRows(features, allRows(features))), expected)
  },

  async 'says-which-model-answered'({ bed: { features }, open }) {
    const { models, by } = await predict(await open(), takeRows(features, allRows(features)))
    assert.deepEqual(models[0], REF)
    if (by === undefined) return
    assert.equal(by.length, features.rows)
    assert.ok(by.every(index => index >= 0 && index < models.length))
  },

  async 'rows-do-not-know-each-other'({ bed: { features }, open }) {
    const predictor = await open(), rows = allRows(features)
    const together = await answers(predictor, takeRows(features, rows))
    assert.ok(new Set(together.map(answer => inspect(answer))).size > 1, 'the rows of the bed answer differently')
    const single: Answers[] = []
    for (const row of rows) single.push(await answers(predictor, takeRows(features, [row])))
    assert.deepEqual(single.flat(), together)
    assert.deepEqual((await answers(predictor, takeRows(features, rows.toReversed()))).toReversed(), together)
  },

  async 'many-rows'({ bed: { features }, open }) {
    const predictor = await open(), rows = allRows(features)
    const together = await answers(predictor, takeRows(features, rows))
    const many = await answers(predictor, takeRows(features, Array.from({ length: 3001 }, (_, i) => i % features.rows)))
    many.forEach((answer, i) => { assert.deepEqual(answer, together[i % features.rows], `row ${i}`) })
  },

  async 'no-rows'({ bed: { features }, open }) {
    assert.deepEqual(await answers(await open(), takeRows(features, [])), [])
  },

  async 'features-are-not-changed'({ bed: { features }, open }) {
    const given = takeRows(features, allRows(features))
    await predict(await open(), given)
    assert.deepEqual(given.tensors, takeRows(features, allRows(features)).tensors)
  },

  async 'outputs-share-no-memory-with-features'({ bed: { features }, open }) {
    const predictor = await open(), given = takeRows(features, allRows(features))
    const predicted = await predict(predictor, given)
    const before = answersOf(predicted, predictor.signature)
    overwrite(given)
    assert.deepEqual(answersOf(predicted, predictor.signature), before)
  },

  async 'outputs-stay-until-they-are-released'({ bed: { features }, open }) {
    const predictor = await open(), rows = allRows(features)
    const first = await predict(predictor, takeRows(features, rows))
    const before = answersOf(first, predictor.signature)
    const second = await predict(predictor, takeRows(features, rows.toReversed()))
    assert.deepEqual(answersOf(first, predictor.signature), before)
    first.outputs.release()
    assert.deepEqual(answersOf(second, predictor.signature).toReversed(), before)
    second.outputs.release()
    assert.deepEqual(await answers(predictor, takeRows(features, rows)), before, 'the call after a release')
  },

  async 'several-calls-at-once'({ bed: { features }, open }) {
    const predictor = await open(), rows = allRows(features)
    const together = await answers(predictor, takeRows(features, rows))
    const parts = Array.from({ length: 8 }, (_, i) => rows.filter(row => row % 8 <= i))
    const all = await Promise.all(parts.map(part => answers(predictor, takeRows(features, part))))
    all.forEach((part, i) => { assert.deepEqual(part, parts[i]!.map(row => together[row])) })
  },

  async 'two-of-one-model'({ bed: { evaluator, model, features }, open }) {
    const first = await evaluator.open(model, REF), second = await open()
    const before = await answers(first, takeRows(features, allRows(features)))
    await first.close()
    assert.deepEqual(await answers(second, takeRows(features, allRows(features))), before)
  },

  async 'an-aborted-call-settles'({ bed: { features }, open }) {
    const predictor = await open(), given = takeRows(features, allRows(features))
    const abort = new AbortController()
    const call = async (): Promise<unknown> => predictor.predict(given, undefined, abort.signal)
    const during = Promise.allSettled([call()])
    abort.abort()
    await during
    await Promise.allSettled([call()])
    overwrite(given)
    assert.equal((await answers(predictor, takeRows(features, allRows(features)))).length, features.rows)
  },

  async 'odd-numbers'({ bed: { features }, open }) {
    const predictor = await open()
    for (const odd of [NaN, Infinity, -Infinity, -0, 1e300, -1e300, 5e-324, 0.5, 2 ** 31, 2 ** 53]) {
      const given = takeRows(features, allRows(features))
      for (const tensor of given.tensors.values()) if (isFloat(tensor)) tensor.data.fill(odd)
      const all = await answers(predictor, given)
      assert.equal(all.length, features.rows)
      for (const answer of all) assert.deepEqual(answer, all[0], `all rows are ${odd}`)
    }
  },

  async 'refuses-what-it-does-not-know'({ bed: { evaluator, model } }) {
    await assert.rejects(async () => evaluator.open({ ...model, kind: 'a kind that there is not' }, REF), { code: 'SLUICE_MODEL_UNSUPPORTED' })
  },
}

const isFloat = (tensor: Tensor): tensor is Tensor & { readonly data: Float32Array | Float64Array } => tensor.data instanceof Float32Array || tensor.data instanceof Float64Array
const inspect = (answer: Answers[number]): string => JSON.stringify(answer, (_, value: unknown) => typeof value === 'bigint' ? String(value) : value)
