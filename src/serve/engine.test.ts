import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../flow/clock.ts'
import type { WireTensor } from '../wire/tensors.ts'
import { openEngine } from './engine.ts'
import type { Engine } from './engine.ts'

const golden = (path: string): string => fileURLToPath(new URL(`../../test/golden/models/${path}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sluice-engine-'))
after(() => rmSync(folder, { recursive: true }))
// NAME/VERSION/model.json: two models, one of them in two versions
for (const [at, model] of [['diabetes/1', 'xgboost/reg-diabetes'], ['diabetes/2', 'xgboost/gblinear-diabetes'], ['cancer/1', 'xgboost/bin-cancer']] as const) {
  mkdirSync(join(folder, at), { recursive: true })
  cpSync(golden(`${model}/model.json`), join(folder, at, 'model.json'))
}
const { signal } = new AbortController()
const open = (): Promise<Engine> => openEngine({ paths: [folder], deadlineMs: 2000, rowsMax: 1000, bytesMax: 1e6, pool: { least: 1, most: 2 }, pollMs: 20 }, { clock: systemClock, log: { write() {} }, metrics: { count() {}, gauge() {}, observe() {} }, signal })
const rows = (count: number, width: number): WireTensor => ({ name: 'features', datatype: 'FP32', shape: [count, width], data: Float32Array.from({ length: count * width }, (_, i) => i % 5 / 10) })
const numbersOf = ({ outputs }: { readonly outputs: readonly WireTensor[] }): number[] => [...outputs[0]!.data as Float32Array]

test('a folder of repositories: the highest version of each model answers, others when they are asked for, by any letter case', async () => {
  const engine = await open()
  try {
    assert.deepEqual(engine.index().map(({ name, version, state }) => [name, version, state]).sort(), [['cancer', '1', 'AVAILABLE'], ['diabetes', '2', 'AVAILABLE']])
    const latest = await engine.infer({ model: 'diabetes', version: 'latest', inputs: [rows(3, 10)], outputs: ['prediction'], signal }), first = await engine.infer({ model: 'DIABETES', version: '1', inputs: [rows(3, 10)], outputs: ['PREDICTION'], signal })
    assert.deepEqual([latest.version, first.version, first.outputs[0]!.name], ['2', '1', 'PREDICTION'])
    assert.notDeepEqual(numbersOf(latest), numbersOf(first))
    const described = await engine.describe('cancer')
    assert.deepEqual([described.versions, described.signature.outputs.map(({ name }) => name)], [['1'], ['prediction', 'margin', 'label', 'probabilities', 'probability']])
    await assert.rejects(engine.infer({ model: 'nobody', inputs: [], signal }), { status: 'not-found', message: /cancer, diabetes|diabetes, cancer/ })
    await assert.rejects(engine.describe('diabetes', '9'), { status: 'not-found', message: /it has 2, 1/ })
    await assert.rejects(engine.infer({ model: 'cancer', inputs: [rows(1, 3)], signal }), { status: 'invalid' })
    assert.deepEqual(engine.statistics('diabetes').map(({ calls, rows: scored }) => [calls, scored]), [[1, 3]])
    await engine.unload('cancer')
    await assert.rejects(engine.infer({ model: 'cancer', inputs: [rows(1, 30)], signal }), { status: 'unavailable' })
    await engine.load('cancer')
    assert.equal((await engine.infer({ model: 'cancer', inputs: [rows(1, 30)], signal })).outputs.length, 5)
    assert.equal(engine.ready(), true)
    await engine.drain()
    await assert.rejects(engine.infer({ model: 'cancer', inputs: [rows(1, 30)], signal }), { status: 'unavailable', message: /stopping/ })
  } finally { await engine.close() }
})

test('a call that takes long runs in a thread, with the same answers; what cannot be in time is refused at once', async () => {
  const engine = await open()
  try {
    const many = await engine.infer({ model: 'cancer', inputs: [rows(60_000, 30)], outputs: ['margin'], signal }), few = await engine.infer({ model: 'cancer', inputs: [rows(4, 30)], outputs: ['margin'], signal })
    assert.deepEqual(numbersOf(many).slice(0, 4), numbersOf(few))
    assert.equal(numbersOf(many).length, 60_000)
    await assert.rejects(engine.infer({ model: 'cancer', inputs: [rows(200_000, 30)], timeoutMs: 1, signal }), { status: 'exhausted', message: /overloaded/ })
    assert.equal((await engine.infer({ model: 'cancer', inputs: [rows(1, 30)], signal })).queueMs, 0)
  } finally { await engine.close() }
})
