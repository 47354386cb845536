import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SluiceError } from '../../src/core/errors.ts'
import type { ReadOptions } from '../../src/core/models.ts'
import { LOST } from '../../src/models/categories.ts'
import { readModel } from '../../src/models/index.ts'
import type { TreeEnsemble } from '../../src/models/index.ts'
import { largestMembers } from '../../src/models/trees.ts'
import { bytesOf, compare, featuresOf, load, oneFile, readCsv, score } from './golden.ts'

type Categories = NonNullable<ReadOptions['categories']>
const CUT = 'xgboost/cat-onehot-orders', CODES = 'xgboost/cat-partition-orders', FRAME = 'more/xgboost-3.2.0-data-frame', LIGHTGBM = 'lightgbm/cat-str-orders'
const metaOf = (path: string): Categories => (JSON.parse(new TextDecoder().decode(bytesOf(`${path}/meta.json`))) as { categories: Categories }).categories
const all = metaOf(CUT), cities = all['city']!
const columnsOf = async (path: string, categories?: Categories) => (await load(path, categories === undefined ? {} : { categories })).model.signature.inputs[0]!.columns!

async function refused(path: string, categories: object, feature: string, what: RegExp): Promise<void> {
  await assert.rejects(load(path, { categories: categories as Categories }), (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error))
    assert.deepEqual([error.code, error.at], ['SLUICE_CONFIG_INVALID', `categories.${feature}`], error.message)
    assert.match(error.message, what)
    return true
  })
}

test('lost-names: what is whole is kept, the rest is equal to no text, and both the facts and the file say so', async () => {
  for (const file of ['model.json', 'model.ubj']) {
    const { model } = await load(`${CUT}/${file}`)
    const [city, channel] = model.signature.inputs[0]!.columns!
    assert.deepEqual(city!.categories, [...cities.slice(0, 6), `Ł${LOST.repeat(3)}`, LOST.repeat(2)])
    assert.deepEqual(channel!.categories, all['channel'])
    assert.match(String(model.facts['category names lost']), /^city: 2 of 8, .*--categories FILE.json/)
  }
})

test('lost-names that are given: every row is answered, to the last bit', async () => {
  for (const file of ['model.json', 'model.ubj']) {
    const { model, predictor } = await load(`${CUT}/${file}`, { categories: { city: cities } })
    assert.deepEqual(model.signature.inputs[0]!.columns![0], { name: 'city', missing: true, categories: cities })
    assert.equal(model.facts['category names lost'], undefined)
    const { margin } = compare(model, score(predictor, featuresOf(model, readCsv(`${CUT}/inputs.csv`))), readCsv(`${CUT}/expected.csv`))
    assert.deepEqual(margin, { cells: 335, differing: 0, largest: 0 })
  }
  // a feature whose names are whole may be given too
  await load(`${CUT}/model.json`, { categories: all })
})

test('given-categories that cannot be those of the file are refused by feature, place and both names', async () => {
  const path = `${CUT}/model.json`
  const changed = (at: number, name: string | number): Categories => ({ city: cities.with(at, name) })
  await refused(path, changed(1, 'Bern'), 'city', /category 1, counted from 0, is given as 'Bern', and the file has 'Berlin'/)
  await refused(path, changed(2, 'Chisinau'), 'city', /category 2, .* 'Chisinau', .* 'Chișinău'/)
  await refused(path, changed(2, 'Chișinău'.normalize('NFD')), 'city', /category 2, /)
  await refused(path, changed(6, 'Lódź'), 'city', /category 6, .* 'Lódź', .* 'Ł\ufffd\ufffd\ufffd'/)
  await refused(path, changed(6, 'Łódźą'), 'city', /category 6, .* 'Łódźą'/)
  await refused(path, changed(7, '東京都'), 'city', /category 7, .* '東京都', .* '\ufffd\ufffd'/)
  await refused(path, changed(7, 7), 'city', /category 7, .* as 7, /)
  await refused(path, { city: cities.toReversed() }, 'city', /category 0, .* '東京', .* 'Amsterdam'/)
  await refused(path, { city: cities.slice(1) }, 'city', /7 are given, and the file has 8/)
  await refused(path, { ...all, weekday: all['weekday']!.with(6, 'wed') }, 'weekday', /category 6, .* 'wed', .* 'Wed'/)
  await refused(path, changed(7, 'Berlin'), 'city', /'Berlin' stands in it twice/)
  await refused(path, { town: cities }, 'town', /no feature of this name; it has city, channel/)
  await refused(path, { amount: [1, 2] }, 'amount', /a number, not a category/)
  for (const list of [[], 'Berlin', [null], [['Berlin']], null, { 0: 'Berlin' }]) await refused(path, { city: list }, 'city', /a list of texts, numbers and booleans/)
})

test('half-a-letter: where a name was cut inside of a letter, its first bytes still decide', async () => {
  const path = `${FRAME}/model.json`                             // b ccc e f é ÿÿ: of the last name one byte of four is left
  const words = (await columnsOf(path))[2]!.categories!
  assert.deepEqual(words, ['b', 'ccc', 'e', 'f', 'é', LOST.repeat(2)])
  assert.deepEqual((await columnsOf(path, { word: words.with(5, 'ÿÿ') }))[2]!.categories, words.with(5, 'ÿÿ'))
  await refused(path, { word: words.with(5, 'aa') }, 'word', /category 5, .* 'aa'/)
  await refused(path, { word: words.with(5, '東東') }, 'word', /category 5, /)
  await refused(path, { code: [-20, -10, 0, 10, 20, '30'] }, 'code', /category 5, .* '30', and the file has 30$/)
  await columnsOf(path, { code: [-20, -10, 0, 10, 20, 30] })
})

test('u-fffd in a name is a letter like others, not a lost one', async () => {
  const document = JSON.parse(new TextDecoder().decode(bytesOf(`${FRAME}/model.json`))) as { learner: { gradient_booster: { model: { cats: { enc: { offsets: number[]; values: number[] }[] } } } } }
  document.learner.gradient_booster.model.cats.enc[2] = { offsets: [0, 1, 2, 3, 4, 5, 6], values: [0xef, 0xbf, 0xbd, 98, 99, 100].map(byte => byte << 24 >> 24) }
  const { facts, signature } = await readModel(oneFile('model.json', new TextEncoder().encode(JSON.stringify(document))))
  assert.deepEqual(signature.inputs[0]!.columns![2]!.categories, ['\ufffd', 'b', 'c', 'd', LOST, LOST])
  assert.match(String(facts['category names lost']), /^word: 2 of 6/)
})

test('files without names: a list makes texts of the codes, if the trees ask for none beyond it', async () => {
  const { model } = await load(`${CODES}/model.json`)
  assert.match(String(model.facts['categories by code']), /^city, channel, weekday; /)
  const largest = largestMembers(model as TreeEnsemble)
  const needed = [0, 1, 2].map(largest) as number[]
  assert.ok(needed.every(code => code > 0))
  assert.equal(largest(3), undefined)

  const names = needed.map(code => Array.from({ length: code + 1 }, (_, i) => `name ${i}`))
  const columns = await columnsOf(`${CODES}/model.json`, { city: names[0]!, weekday: names[2]! })
  assert.deepEqual(columns.slice(0, 3).map(({ categories }) => categories), [names[0], undefined, names[2]])
  await refused(`${CODES}/model.json`, { city: names[0]!.slice(1) }, 'city', new RegExp(`${needed[0]} are given, and the trees ask for category ${needed[0]}, counted from 0`))
  await refused(`${CODES}/model.ubj`, { hour: ['a'] }, 'hour', /a number, not a category/)
})

test('a booster without categories takes none', () => refused('xgboost/gblinear-diabetes/model.json', { bmi: ['a'] }, 'bmi', /a number, not a category/))

test('LightGBM holds its names whole: only the same ones are taken', async () => {
  const own = await columnsOf(`${LIGHTGBM}/model.txt`)
  const channel = own[1]!.categories!
  assert.deepEqual(await columnsOf(`${LIGHTGBM}/model.txt`, { channel }), own)
  await refused(`${LIGHTGBM}/model.txt`, { channel: channel.with(0, 'APP') }, 'channel', /category 0, .* 'APP', and the file has 'app'/)
  await refused(`${LIGHTGBM}/model.txt`, { amount: ['a'] }, 'amount', /no names of categories for this feature/)
  await refused(`${LIGHTGBM}/model.txt`, { town: ['a'] }, 'town', /no feature of this name/)
})
