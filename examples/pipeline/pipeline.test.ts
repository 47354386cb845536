import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadDefinition, open } from '../../src/index.ts'
import { runInMemory } from '../../src/testing/index.ts'

const at = (name: string): string => join(import.meta.dirname, name)

test('the pipeline scores its stream, and its bad records are rejected', async () => {
  const { definition } = await loadDefinition(at('rides.yaml'), [`strategy.embedded.model=${at('eta.json')}`])
  const lines = readFileSync(at('rides.ndjson'), 'utf8').trimEnd().split('\n')
  const { results, rejects } = await runInMemory(definition, lines.map((value) => ({ value })))
  assert.deepEqual(rejects.map(({ headers }) => headers['__sluice.errors.code']), ['SLUICE_CATEGORY_UNKNOWN', 'SLUICE_FEATURE_MISSING', 'SLUICE_JSON_BROKEN'])

  const expected = readFileSync(at('expected.csv'), 'utf8').trimEnd().split('\n').slice(1).map((cell) => Math.fround(Number(cell)))
  assert.equal(expected.length, 200)
  assert.deepEqual(results.map((result) => (result.json() as { minutes: number }).minutes), expected)
})

test('the model answers in a program as in the pipeline', async (t) => {
  const model = await open(at('eta.json'))
  t.after(() => model.close())
  const [answer] = await model.score([{ km: 5, hour: 21, weather: 'clear' }])
  assert.equal(answer?.prediction, Math.fround(Number(readFileSync(at('expected.csv'), 'utf8').split('\n')[1])))
})
