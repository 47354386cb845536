import { test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Keys, ModelRef, Predictor, Serving, Signature } from '../core/index.ts'
import { difference, one, Swap, type Table } from './index.ts'

const signature: Signature = {
  inputs: [{ name: 'features', dtype: 'float32', shape: [-1, 2], columns: [{ name: 'a' }, { name: 'b', categories: ['x', 'y'] }] }],
  outputs: [{ name: 'prediction', dtype: 'float32', shape: [-1] }],
}
interface Traced extends Predictor { readonly name: string; closes: number }
function traced(name: string, close: () => Promise<void> = async () => {}): Traced {
  return {
    name, signature, closes: 0,
    predict() { throw new Error('not asked in these tests') },
    async close() { this.closes++; await close() },
  }
}
const refOf = (name: string): ModelRef => ({ name, version: '1' })
const tableOf = (...predictors: Traced[]): Table => ({
  router: { ...one(refOf(predictors[0]!.name), 1), routes: predictors.map(({ name }) => ({ answer: refOf(name), shadows: [] })) }, predictors,
})
const settled = () => new Promise(resolve => setImmediate(resolve))

test('a predictor is not closed while a batch holds it, and is when the last one lets go', async () => {
  const old = traced('old'), next = traced('next')
  const swap = new Swap(tableOf(old))
  const first = swap.take(), second = swap.take()
  const gone = swap.swap(tableOf(next))
  assert.equal(first.predictors[0], old)
  assert.equal(swap.take().predictors[0], next)
  first.release()
  await settled()
  assert.equal(old.closes, 0)
  second.release()
  await gone
  assert.equal(old.closes, 1)
  assert.equal(next.closes, 0)
})

test('a lease released twice is a mistake, and does not count twice', async () => {
  const old = traced('old')
  const swap = new Swap(tableOf(old))
  const held = swap.take(), twice = swap.take()
  twice.release()
  assert.throws(() => twice.release(), TypeError)
  void swap.swap(tableOf(traced('next')))
  await settled()
  assert.equal(old.closes, 0)
  held.release()
  await settled()
  assert.equal(old.closes, 1)
})

test('what two tables share lives on when one of them goes', async () => {
  const shared = traced('shared'), old = traced('old'), next = traced('next')
  const swap = new Swap(tableOf(shared, old))
  await swap.swap(tableOf(shared, next))
  assert.deepEqual([shared.closes, old.closes, next.closes], [0, 1, 0])
  await swap.close()
  assert.deepEqual([shared.closes, old.closes, next.closes], [1, 1, 1])
})

test('close waits for the leases of every table', async () => {
  const old = traced('old'), next = traced('next')
  const swap = new Swap(tableOf(old))
  const oldest = swap.take()
  void swap.swap(tableOf(next))
  const newest = swap.take()
  let closed = false
  const closing = swap.close().then(() => { closed = true })
  newest.release()
  await settled()
  assert.deepEqual([closed, next.closes, old.closes], [false, 1, 0])
  oldest.release()
  await closing
  assert.equal(old.closes, 1)
  assert.throws(() => swap.take(), TypeError)
  assert.throws(() => swap.swap(tableOf(next)), TypeError)
  await swap.close()
  assert.equal(next.closes, 1)
})

test('a predictor that fails to close disturbs only who asked', async () => {
  const swap = new Swap(tableOf(traced('old', () => Promise.reject(new Error('stuck')))))
  await assert.rejects(swap.swap(tableOf(traced('next'))), /stuck/)
  void swap.swap(tableOf(traced('third', () => Promise.reject(new Error('nobody listens')))))
  void swap.swap(tableOf(traced('fourth')))
  await settled()
  await swap.close()
})

test('in any order of take, release and swap nothing is closed while held, everything once in the end', async () => {
  const step = fc.oneof(fc.constant({ do: 'take' as const }), fc.record({ do: fc.constant('release' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('swap' as const), keep: fc.boolean() }), fc.constant({ do: 'turn' as const }))
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
    const all: Traced[] = [traced('0'), traced('1')]
    let current = all.slice()
    const swap = new Swap(tableOf(...current))
    const leases: Serving[] = []
    const open = (): void => {
      for (const lease of leases) for (const predictor of lease.predictors) assert.equal((predictor as Traced).closes, 0)
      for (const predictor of current) assert.equal(predictor.closes, 0)
    }
    for (const each of steps) {
      if (each.do === 'take') leases.push(swap.take())
      else if (each.do === 'release' && leases.length > 0) leases.splice(each.which % leases.length, 1)[0]!.release()
      else if (each.do === 'swap') {
        const next = traced(String(all.length))
        all.push(next)
        current = [each.keep ? current[0]! : next, next]
        void swap.swap(tableOf(...current))
      } else if (each.do === 'turn') await settled()
      open()
    }
    for (const lease of leases) lease.release()
    await swap.close()
    assert.deepEqual(all.map(({ closes }) => closes), all.map(() => 1))
  }), { numRuns: 200 })
})

test('one route takes every row, also without keys', () => {
  const keys: Keys = { bytes: new Uint8Array(), at: { start: Int32Array.of(-1, -1), end: Int32Array.of(-1, -1) } }
  const into = Int32Array.of(7, -1)
  const router = one({ name: 'delay', version: '3' }, 5)
  router.assign(keys, into)
  assert.deepEqual([...into], [0, 0])
  assert.deepEqual(router.routes, [{ answer: { name: 'delay', version: '3' }, shadows: [] }])
  assert.equal(router.version, 5)
})

test('another signature is named by the first thing that differs', () => {
  const input = signature.inputs[0]!, output = signature.outputs[0]!
  const columns = input.columns!
  const cases: readonly [Signature, string | undefined][] = [
    [signature, undefined],
    [{ ...signature, inputs: [{ ...input, columns: [...columns].reverse() }] }, undefined],
    [{ ...signature, inputs: [{ ...input, columns: [columns[0]!, { name: 'b', categories: ['x', 'y', 'z'], missing: true }] }] }, undefined],
    [{ ...signature, inputs: [{ ...input, columns: [columns[0]!, { name: 'b' }] }] }, "feature 'b' is a number, not a category"],
    [{ ...signature, inputs: [{ ...input, shape: [-1, 3], columns: [...columns, { name: 'c' }] }] }, "feature 'c' is new"],
    [{ ...signature, inputs: [{ ...input, shape: [-1, 1], columns: columns.slice(1) }] }, "feature 'a' is gone"],
    [{ ...signature, inputs: [{ ...input, dtype: 'float64' }] }, "input 'features' is float64, not float32"],
    [{ ...signature, inputs: [] }, "input 'features' is gone"],
    [{ ...signature, outputs: [output, { ...output, name: 'label' }] }, "output 'label' is new"],
    [{ ...signature, outputs: [{ ...output, shape: [-1, 3] }] }, "output 'prediction' has the shape [-1, 3], not [-1]"],
  ]
  for (const [next, expected] of cases) assert.equal(difference(signature, next), expected)
})
