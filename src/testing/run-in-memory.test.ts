import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SluiceError } from '../core/index.ts'
import type { Definition } from '../pipeline/schema.ts'
import { runInMemory } from './index.ts'

const definition: Definition = {
  name: 'wine',
  source: { stdin: {} },
  strategy: { embedded: { model: 'test/golden/models/xgboost/multi-iris/model.json' } },
  result: { object: { id: 'id', kind: 'label' } },
  sink: { stdout: {} },
  reject: { stdout: {} },
}
const iris = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }

test('results, rejects with their causes, keys and tombstones come out of memory', async () => {
  const { results, rejects, report } = await runInMemory(definition, [
    { key: 'a', value: { id: 1, ...iris } }, { value: 'no JSON' }, { key: 'gone', value: null }, { key: 'b', value: { id: 2, ...iris, petal_width: 'wide' } },
    { key: 'c', value: { id: 3, ...iris, petal_length: 6 } },
  ])
  assert.deepEqual(results.map(({ key, text }) => [key, text === null]), [['a', false], ['gone', true], ['c', false]])
  assert.deepEqual(results[0]!.json(), { id: 1, kind: 0, __sluice: { model: 'model', version: report.snapshot.find(({ name }) => name === 'sluice_model_info')!.cells[0]!.labels['version'], source: 'memory@0' } })
  assert.deepEqual(rejects.map(({ text, headers }) => [text?.slice(0, 7), headers['__sluice.errors.code'], headers['__sluice.errors.offset']]), [
    ['no JSON', 'SLUICE_JSON_BROKEN', '1'], ['{"id":2', 'SLUICE_FEATURE_TYPE', '3'],
  ])
  assert.equal(report.records, 5)
  assert.equal(report.guarantee, 'exactly-once')
})

test('a pipeline without a reject sink stops at the record that failed', async () => {
  const { reject: _, ...without } = definition
  await assert.rejects(runInMemory(without, [{ value: { id: 1, ...iris } }, { value: '{' }]), (error: unknown) =>
    error instanceof SluiceError && error.code === 'SLUICE_RECORD_REJECTED' && error.at === 'memory@1' && error.fix.includes('--skip memory@1'))
})
