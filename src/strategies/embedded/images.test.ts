import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { runPipeline } from '../../pipeline/run.ts'
import type { Definition } from '../../pipeline/schema.ts'
import type { TreeEnsemble } from '../../models/index.ts'
import { openImages, SHARED_BYTES } from './images.ts'
import { read } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-images-')), path = join(folder, 'large.json')
after(() => rmSync(folder, { recursive: true }))

/** One full tree, again and again, until the file is so large that it is shared. */
function large(): string {
  const depth = 8, nodes = 2 ** (depth + 1) - 1, inner = 2 ** depth - 1
  const each = (of: (node: number) => number): number[] => Array.from({ length: nodes }, (_, i) => of(i))
  const tree = JSON.stringify({
    left_children: each(i => i < inner ? 2 * i + 1 : -1), right_children: each(i => i < inner ? 2 * i + 2 : -1), split_indices: each(i => i % 3), default_left: each(() => 0), split_type: each(() => 0),
    split_conditions: each(i => Math.fround(i < inner ? (i * 37 % 100) / 100 : (i % 10) / 1000)), tree_param: { size_leaf_vector: '1' },
  })
  const trees = Math.ceil(SHARED_BYTES * 1.05 / tree.length)
  return `{"learner":{"attributes":{},"feature_names":["a","b","c"],"learner_model_param":{"base_score":"[5E-1]","num_class":"0","num_feature":"3","num_target":"1"},"objective":{"name":"binary:logistic"},
"gradient_booster":{"name":"gbtree","model":{"gbtree_model_param":{},"tree_info":[${Array(trees).fill(0).join(',')}],"trees":[${Array(trees).fill(tree).join(',')}]}}},"version":[3,2,0]}`
}

describe('large models lie once in a process', () => {
  writeFileSync(path, large())

  test('who asks at the same time, or soon after, gets the same arrays; they are those of a model that is read alone', async () => {
    const images = openImages()
    const [first, second] = await Promise.all([images(path, {}), images(path, {})]), third = await images(path, {})
    assert.equal(first, second)
    assert.equal(first, third)
    const shared = first.model as TreeEnsemble, alone = (await read(path, {})).model as TreeEnsemble
    for (const name of ['feature', 'threshold', 'left', 'right', 'flags', 'roots', 'leaves'] as const) {
      assert.ok(shared[name].buffer instanceof SharedArrayBuffer, name)
      assert.deepEqual(shared[name], alone[name], name)
    }
    assert.deepEqual(shared.signature, alone.signature)
    assert.notEqual(await images(path, { trees: 'all' }), first)
    writeFileSync(path, `${readFileSync(path, 'utf8')} `)
    assert.notEqual(await images(path, {}), first, 'a file that was written anew is another model')
  })

  test('two executors score by one image, and memory.modelBytesMax counts it once', async () => {
    const { model: { bytes } } = await read(path, {}), rows = Array.from({ length: 50 }, (_, i) => ({ a: i % 7 / 7, b: i % 5 / 5, c: i % 3 / 3 }))
    for (const name of ['one', 'two']) writeFileSync(join(folder, `${name}.ndjson`), rows.map(row => `${JSON.stringify(row)}\n`).join(''))
    const definition = (output: string, modelBytesMax: number): Definition => ({
      name: 'large', source: { file: { path: ['one', 'two'].map(name => join(folder, `${name}.ndjson`)) } }, strategy: { embedded: { model: path } },
      result: { object: { p: 'probability' }, origin: false }, sink: { file: { path: join(folder, `${output}.ndjson`) } }, memory: { modelBytesMax },
    })
    assert.equal((await runPipeline(definition('shared', bytes), { executors: 2 })).records, 100)
    assert.equal((await runPipeline(definition('alone', bytes))).records, 100)
    const alone = readFileSync(join(folder, 'alone.ndjson'), 'utf8'), half = alone.slice(0, alone.length / 2)
    assert.deepEqual([0, 1].map(executor => readFileSync(join(folder, `shared.${executor}.ndjson`), 'utf8')), [half, half])
    await assert.rejects(runPipeline(definition('refused', bytes - 1), { executors: 2 }), { code: 'SLUICE_MODEL_TOO_LARGE', message: new RegExp(`holds ${bytes} bytes in memory; ${bytes - 1} are allowed`) })
  })

  test('a broken file is the same named error to every executor', async () => {
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, readFileSync(path, 'utf8').slice(0, -1_000))
    const images = openImages()
    for (const reading of [images(broken, {}), images(broken, {})]) await assert.rejects(reading, { code: 'SLUICE_MODEL_BROKEN' })
    await assert.rejects(runPipeline({
      name: 'broken', source: { file: { path: [join(folder, 'one.ndjson'), join(folder, 'two.ndjson')] } }, strategy: { embedded: { model: broken } }, result: { object: { p: 'probability' } },
      sink: { file: { path: join(folder, 'none.ndjson') } } }, { executors: 2 }), { code: 'SLUICE_MODEL_BROKEN' })
  })
})
