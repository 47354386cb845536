import { test, type TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stump, type Stump } from '../test/support/xgboost.ts'
import { open } from './open.ts'

const DELAY: Stump = {
  features: ['distance', 'origin'], threshold: 100, left: -1, right: 1, categories: { 1: ['ABE', 'ORD'] }, objective: 'binary:logistic', base: 0.5,
}
async function write(t: TestContext, content: Stump): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-open-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'delay.json')
  await writeFile(path, stump(content))
  return path
}
const failsWith = (code: string, text: RegExp) => (error: Error): boolean => {
  assert.equal((error as { code?: string }).code, code)
  assert.match(error.message, text)
  return true
}

test('rows in, rows out, in order, under the names of the model', async t => {
  const model = await open(await write(t, DELAY))
  const answers = await model.score([{ distance: 300, origin: 'ABE' }, { distance: 3, origin: 'ORD', carrier: 'more than it asks' }])
  const high = Math.fround(1 / (1 + Math.exp(-1))), low = Math.fround(1 / (1 + Math.exp(1)))
  assert.deepEqual(answers.map(({ margin, label }) => [margin, label]), [[1, 1], [-1, 0]])
  for (const [row, expected] of [high, low].entries()) {
    const { probability, probabilities } = answers[row]!
    assert.ok(Math.abs(probability! - expected) < 1e-7)
    assert.equal(probabilities?.length, 2)
    assert.equal(probabilities[1], probability)
  }
  assert.equal(model.name, 'delay')
  assert.deepEqual(model.inputs.map(({ name, categories }) => [name, categories]), [['distance', undefined], ['origin', ['ABE', 'ORD']]])
  assert.deepEqual(model.outputs.map(({ name }) => name).sort(), ['label', 'margin', 'prediction', 'probabilities', 'probability'])
  assert.deepEqual(await model.score([]), [])
  await model.close()
})

test('rows and answers may have types of their own', async t => {
  interface Flight { distance: number; origin: 'ABE' | 'ORD' }
  const model = await open<Flight, { probability: number }>(await write(t, DELAY))
  const [answer] = await model.score([{ distance: 300, origin: 'ABE' }])
  assert.ok(answer!.probability > 0.7)
  await model.close()
})

test('a bad row fails the call and names itself and its feature', async t => {
  const model = await open(await write(t, DELAY))
  const good = { distance: 1, origin: 'ABE' }
  await assert.rejects(model.score([good, { origin: 'ABE' }]), failsWith('SLUICE_FEATURE_MISSING', /row 1.*'distance'/))
  await assert.rejects(model.score([good, good, { distance: '300', origin: 'ABE' }]), failsWith('SLUICE_FEATURE_TYPE', /row 2.*'distance'/))
  await assert.rejects(model.score([{ distance: 1, origin: undefined }]), failsWith('SLUICE_FEATURE_MISSING', /row 0.*'origin'/))
  await assert.rejects(model.score(good as never), TypeError)
  assert.equal((await model.score([good])).length, 1)
  await model.close()
})

test('null is a missing value, true and false are 1 and 0', async t => {
  const model = await open(await write(t, { threshold: 0.5, left: -1, right: 1 }))
  const answers = await model.score([{ distance: null }, { distance: true }, { distance: false }, { distance: NaN }])
  assert.deepEqual(answers.map(({ prediction }) => prediction), [-1, 1, -1, -1])
  await model.close()
})

test('a watched file is exchanged, and calls go on', async t => {
  const path = await write(t, { left: 1 })
  const model = await open(path, { watch: true, pollMs: 5 })
  const before = model.version
  await mkdir(join(path, '../next'))
  await writeFile(join(path, '../next/delay.json'), stump({ left: 2 }))
  await rename(join(path, '../next/delay.json'), path)
  let answer: unknown
  const deadline = Date.now() + 30_000
  do {
    answer = (await model.score([{ distance: 1 }]))[0]?.prediction
    await new Promise(resolve => setTimeout(resolve, 2))
  } while (answer === 1 && Date.now() < deadline)
  assert.equal(answer, 2)
  assert.notEqual(model.version, before)
  await model.close()
  await assert.rejects(model.score([{ distance: 1 }]), TypeError)
})

test('categories: names that the file has lost are given, and a list of other ones is refused', async () => {
  const path = fileURLToPath(new URL('../test/golden/models/xgboost/cat-onehot-orders/', import.meta.url))
  const city = ['Amsterdam', 'Berlin', 'Chișinău', 'New York', 'São Paulo', 'Zürich', 'Łódź', '東京']
  const row = { city: '東京', channel: 'web', weekday: 'Mon', amount: 20, distance: 3, hour: 12, items: 1 }
  const lost = await open(`${path}model.json`)
  await assert.rejects(lost.score([row]), failsWith('SLUICE_CATEGORY_UNKNOWN', /2 of which have lost their names/))
  await lost.close()
  const given = await open(`${path}model.json`, { categories: { city } })
  assert.equal((await given.score([row])).length, 1)
  await given.close()
  await assert.rejects(open(`${path}model.json`, { categories: { city: city.toSorted().toReversed() } }), failsWith('SLUICE_CONFIG_INVALID', /category 0, counted from 0, is given as '東京', and the file has 'Amsterdam'/))
})
