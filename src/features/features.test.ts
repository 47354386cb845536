import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packer, batchOf } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { Column, RecordBatch, Rejection, Signature } from '../core/index.ts'
import { createArena } from '../kernels/arena.ts'
import { columns } from './columns.ts'
import type { FeatureOptions, FeaturesFunction, FeatureSpecs, Scalar } from './options.ts'

// the same cases each time; others with SEED=n
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })

function batch(values: readonly (string | object | null)[], header?: readonly string[], rejected?: readonly Rejection[]): RecordBatch {
  const packer = new Packer(values.length, 64)
  for (const value of values) {
    packer.row(0)
    if (value === null) continue
    const start = packer.length
    packer.text(typeof value === 'string' ? value : JSON.stringify(value))
    packer.setValue(start)
  }
  return batchOf(packer.finish(header), { partition: 'p', offsets: Float64Array.from(values, (_, i) => i), from: 0n, next: BigInt(values.length), ...(rejected === undefined ? {} : { rejected }) })
}
const signatureOf = (columns: readonly (string | Column)[], dtype: 'float32' | 'float64' = 'float64'): Signature =>
  ({ inputs: [{ name: 'features', dtype, shape: [-1, columns.length], columns: columns.map(column => typeof column === 'string' ? { name: column } : column) }], outputs: [] })
const everyRow = ({ rows }: RecordBatch): Int32Array => Int32Array.from({ length: rows }, (_, i) => i)

interface Seen { readonly rows: number[]; readonly numbers: number[][]; readonly rejected: string[] }
function extract(specs: FeatureSpecs | FeaturesFunction | undefined, model: Signature, records: RecordBatch, options: FeatureOptions = {}, rows = everyRow(records)): Seen {
  const { features, rows: kept, rejected } = columns(specs, options).for(model).extract(records, rows)
  const { data, shape } = features.tensors.get('features')!
  const numbers = Array.from({ length: kept.length }, (_, i) => Array.from((data as Float64Array).subarray(i * shape[1]!, (i + 1) * shape[1]!)))
  assert.equal(features.rows, kept.length)
  assert.deepEqual([shape[0], (data as Float64Array).length], [kept.length, kept.length * shape[1]!])
  for (const { error, stage } of rejected) assert.deepEqual([error.severity, stage], ['record', 'features'])
  features.release()
  return { rows: [...kept], numbers, rejected: rejected.map(({ row, error }) => `${row} ${error.code}`) }
}
/** The one number of the one feature; the code if it is rejected. */
const one = (spec: FeatureSpecs[string], value: string | object, column: Partial<Column> = {}, header?: readonly string[]): number | string => {
  const { numbers, rejected } = extract({ x: spec }, signatureOf([{ ...column, name: 'x' }]), batch([value], header))
  return numbers[0]?.[0] ?? rejected[0]!.slice(2)
}
const fatal = (code: string, text?: RegExp) => (error: unknown): boolean =>
  error instanceof SluiceError && error.code === code && error.severity === 'fatal' && (text === undefined || text.test(`${error.message} ${error.fix}`))

test('rejected-rows-leave-no-hole, tombstones and beginnings are passed by', () => {
  const half: Rejection = { row: 5, stage: 'source', error: new SluiceError('SLUICE_RECORD_TOO_LARGE', 'x') }
  const records = batch([{ a: 1, b: { c: 2 } }, '{"a":', { a: 3, b: {} }, null, { a: 4, b: { c: '5' } }, { a: 1, b: { c: 1 } }, { b: { c: 7 }, a: 6 }], undefined, [half])
  assert.deepEqual(extract({ a: 'a', c: 'b.c' }, signatureOf(['c', 'a']), records),
    { rows: [0, 6], numbers: [[2, 1], [7, 6]], rejected: ['1 SLUICE_JSON_BROKEN', '2 SLUICE_FEATURE_MISSING', '4 SLUICE_FEATURE_TYPE'] })
  assert.deepEqual(extract({ a: 'a', c: 'b.c' }, signatureOf(['c', 'a']), records, {}, Int32Array.of(3, 6)), { rows: [6], numbers: [[7, 6]], rejected: [] })
})

test('null-is-missing, absent is a mistake, a default stands for both', () => {
  const rule = { missing: true }
  assert.deepEqual([one('x', { x: null }, rule), one('x', {}, rule)], [NaN, 'SLUICE_FEATURE_MISSING'])
  assert.deepEqual([one('x', { x: null }), one('x', {})], ['SLUICE_FEATURE_MISSING', 'SLUICE_FEATURE_MISSING'])
  assert.deepEqual([one({ path: 'x', default: 7 }, { x: null }), one({ path: 'x', default: 7 }, {}), one({ path: 'x', default: 7 }, { x: 0 })], [7, 7, 0])
  assert.deepEqual([one({ path: 'x', default: null }, {}, rule), one({ path: 'x', default: null }, { x: 1 }, rule), one({ path: 'x', default: null }, {})], [NaN, 1, 'SLUICE_FEATURE_MISSING'])
  assert.deepEqual([one({ path: 'x', default: 0 }, {}, rule), one({ path: 'x', default: false }, {})], [0, 0])
  assert.deepEqual([one('x', ',1', rule, ['x', 'y']), one('x', '"",1', rule, ['x', 'y']), one('y', '1,', {}, ['x', 'y'])], [NaN, 'SLUICE_FEATURE_TYPE', 'SLUICE_FEATURE_MISSING'])
  assert.deepEqual([one('z', '1,2', rule, ['x', 'y']), one({ path: 'z', default: 3 }, '1,2', {}, ['x', 'y'])], ['SLUICE_FEATURE_MISSING', 3])
})

test('a-string-where-a-number-belongs, and other kinds', () => {
  assert.deepEqual(['5', 'x', [1], { y: 1 }].map(x => one('x', { x })), Array.from({ length: 4 }, () => 'SLUICE_FEATURE_TYPE'))
  assert.deepEqual([true, false, 5, -0.5].map(x => one('x', { x })), [1, 0, 5, -0.5])
  assert.deepEqual(['5', '-1e-3', 'Infinity', 'true', 'True', 'False', 'nan', '5 ', '0x1'].map(cell => one('x', `${cell},`, {}, ['x', 'y'])), [5, -0.001, Infinity, 1, 1, 0, 'SLUICE_FEATURE_TYPE', 'SLUICE_FEATURE_TYPE', 'SLUICE_FEATURE_TYPE'])
  assert.deepEqual([one('x', 'NaN,', { missing: true }, ['x', 'y']), one('x', 'NaN,', {}, ['x', 'y'])], [NaN, 'SLUICE_FEATURE_MISSING'])
})

test('declared-type is a check in JSON and a way of reading in CSV', () => {
  assert.deepEqual([one({ path: 'x', type: 'number' }, { x: true }), one({ path: 'x', type: 'boolean' }, { x: true }), one({ path: 'x', type: 'boolean' }, { x: 1 })], ['SLUICE_FEATURE_TYPE', 1, 'SLUICE_FEATURE_TYPE'])
  assert.deepEqual([one({ path: 'x', type: 'boolean' }, 'false,', {}, ['x', 'y']), one({ path: 'x', type: 'boolean' }, '1,', {}, ['x', 'y']), one({ path: 'x', type: 'number' }, 'true,', {}, ['x', 'y'])], [0, 'SLUICE_FEATURE_TYPE', 'SLUICE_FEATURE_TYPE'])
  assert.deepEqual([one({ path: 'x', type: 'string' }, '1,', { categories: ['1', 2] }, ['x', 'y']), one({ path: 'x', type: 'string' }, '2,', { categories: ['1', 2] }, ['x', 'y'])], [0, 'SLUICE_CATEGORY_UNKNOWN'])
  assert.throws(() => one({ path: 'x', type: 'string' }, {}), fatal('SLUICE_CONFIG_INVALID'))
  assert.throws(() => one({ path: 'x', default: 'many' }, {}), fatal('SLUICE_CONFIG_INVALID', /'many'/))
})

test('categories: by type in JSON, by text in CSV, unknown as the model says', () => {
  const column = { categories: ['AA', 'UA', 7, true, '10'] }, lax = { ...column, unknown: NaN }
  assert.deepEqual(['AA', 7, true, '10', '7', 10, 'XX', null, []].map(x => one('x', { x }, column)),
    [0, 2, 3, 4, 'SLUICE_CATEGORY_UNKNOWN', 'SLUICE_CATEGORY_UNKNOWN', 'SLUICE_CATEGORY_UNKNOWN', 'SLUICE_FEATURE_MISSING', 'SLUICE_FEATURE_TYPE'])
  assert.deepEqual(['AA', '7', '7.0', 'true', '10', 'XX', '10.0'].map(cell => one('x', `${cell},`, column, ['x', 'y'])), [0, 2, 2, 3, 4, 'SLUICE_CATEGORY_UNKNOWN', 'SLUICE_CATEGORY_UNKNOWN'])
  assert.deepEqual(['True', 'False', 'true', '1'].map(cell => one('x', `${cell},`, { categories: [false, true, 'True story', '1'] }, ['x', 'y'])), [1, 0, 1, 3])
  // to CatBoost 3 is '3', and neither '03' nor '3.0'
  const both = { categories: ['3', 3, '03x', 4], unknown: -1 }
  assert.deepEqual([...['3', '03', '3.0', '4.0', '03x'].map(cell => one('x', `${cell},`, both, ['x', 'y'])), ...['3', 3, '03'].map(x => one('x', { x }, both))], [0, -1, -1, 3, 2, 0, 1, -1])
  assert.deepEqual([one('x', { x: 'XX' }, lax), one('x', 'XX,', lax, ['x', 'y']), one('x', { x: 'XX' }, { ...column, unknown: 9 })], [NaN, NaN, 9])
  assert.deepEqual([one({ path: 'x', default: 'UA' }, {}, column), one('x', { x: null }, { ...column, missing: true })], [1, NaN])
  assert.equal(one({ path: 'x', as: 'dayOfWeek' }, { x: '2001-05-06' }, { categories: [1, 7] }), 1)
  assert.throws(() => one({ path: 'x', default: 'XX' }, {}, column), fatal('SLUICE_CONFIG_INVALID'))
})

test('derived: the closed list', () => {
  const at = '2001-05-06T23:30:00-05:00'
  const derived = (as: 'hourOfDay' | 'dayOfWeek' | 'month' | 'epochMs' | 'log1p' | 'length', x: unknown, zone?: string): number | string => one({ path: 'x', as, zone }, { x })
  assert.deepEqual([derived('hourOfDay', at), derived('hourOfDay', at, 'America/Chicago'), derived('hourOfDay', at, 'Asia/Kolkata'), derived('hourOfDay', '2001-05-06 17:00', 'Asia/Kolkata')], [4, 23, 10, 17])
  assert.deepEqual([derived('dayOfWeek', at), derived('dayOfWeek', at, 'America/Chicago'), derived('month', '2001-12-31T23:00Z', 'Europe/Berlin'), derived('month', Date.UTC(2001, 11, 31, 22))], [1, 7, 1, 12])
  assert.deepEqual([derived('epochMs', at), derived('epochMs', '2001-05-06', 'Europe/Berlin'), derived('epochMs', 12.5)], [Date.parse(at), Date.UTC(2001, 4, 5, 22), 12.5])
  assert.deepEqual([derived('log1p', 1), derived('log1p', true), derived('log1p', -2)], [Math.log(2), Math.log(2), 'SLUICE_FEATURE_MISSING'])
  assert.deepEqual([derived('length', 'a\u00fc\ud83d\ude00'), derived('length', [1, 2, 3]), derived('length', ''), derived('length', '\ud83d')], [3, 3, 0, 1])
  assert.deepEqual([derived('hourOfDay', 'soon'), derived('hourOfDay', true), derived('length', 5), derived('log1p', '1'), derived('epochMs', {})], Array.from({ length: 5 }, () => 'SLUICE_FEATURE_TYPE'))
  assert.deepEqual([derived('hourOfDay', null), one({ path: 'y', as: 'hourOfDay', default: 12 }, {})], ['SLUICE_FEATURE_MISSING', 12])
  assert.deepEqual([one({ path: 'x', as: 'epochMs' }, '988000000000,', {}, ['x', 'y']), one({ path: 'x', as: 'log1p' }, '0,', {}, ['x', 'y']), one({ path: 'x', as: 'length' }, '007,', {}, ['x', 'y'])], [988000000000, 0, 3])
  assert.throws(() => one({ path: 'x', as: 'sqrt' as 'log1p' }, {}), fatal('SLUICE_CONFIG_INVALID', /hourOfDay/))
  assert.throws(() => one({ path: 'x', as: 'month', zone: 'Mars/Olympus' }, {}), fatal('SLUICE_CONFIG_INVALID', /Mars/))
})

test('when: of one feature and of the pipeline', () => {
  const specs: FeatureSpecs = { price: { path: 'value', when: { type: 'sale' }, default: 0 }, tries: { path: 'value', when: { type: ['try', 'retry'], 'user.new': true } } }
  const model = signatureOf(['price', { name: 'tries', missing: true }])
  const records = batch([{ type: 'sale', value: 5 }, { type: 'retry', value: 2, user: { new: true } }, { type: 'try', value: 3, user: { new: 'true' } }, { value: 9 }])
  assert.deepEqual(extract(specs, model, records).numbers, [[5, NaN], [0, 2], [0, NaN], [0, NaN]])
  assert.deepEqual(extract({ x: 'value' }, signatureOf(['x']), records, { when: { type: ['sale', 'try'] } }), { rows: [0, 2], numbers: [[5], [3]], rejected: [] })
  assert.deepEqual(extract({ x: 'value' }, signatureOf(['x']), batch(['{', null, { type: null, value: 1 }, { value: 2 }, { type: 'null', value: 3 }]), { when: { type: null } }), { rows: [2, 3], numbers: [[1], [2]], rejected: ['0 SLUICE_JSON_BROKEN'] })
  assert.deepEqual(extract(undefined, signatureOf(['x']), batch(['1,true,a', '1.0,true,a', '2,true,a', '1,false,a', '1,true,'], ['x', 'b', 'c']), { when: { x: 1, b: true, c: ['a', null] } }).rows, [0, 1, 4])
})

test('functions: of one feature, of the record, and what they throw', () => {
  const fails: FeaturesFunction = value => { if (value['a'] === 2) throw new RangeError('too much'); return { x: value['a'] as number, extra: 1 } }
  assert.deepEqual(extract(fails, signatureOf(['x']), batch([{ a: 1 }, { a: 2 }, {}, { a: null }])), { rows: [0], numbers: [[1]], rejected: ['1 SLUICE_FEATURE_FAILED', '2 SLUICE_FEATURE_MISSING', '3 SLUICE_FEATURE_MISSING'] })
  assert.deepEqual(extract({ x: value => (value['a'] as number) * 2, y: 'a' }, signatureOf(['x', 'y']), batch([{ a: 4 }])).numbers, [[8, 4]])
  assert.equal(one(() => { throw new Error('x') }, {}), 'SLUICE_FEATURE_FAILED')
  assert.equal(one((async () => 1) as unknown as () => number, {}), 'SLUICE_FEATURE_TYPE')
  assert.equal(one(value => Number(value['x']), '5,', {}, ['x', 'y']), 5)
  for (const bad of [() => null, () => 5, async () => ({ x: 1 })]) assert.deepEqual(extract(bad as unknown as FeaturesFunction, signatureOf(['x']), batch([{}])).rejected, ['0 SLUICE_FEATURE_FAILED'])
  const stop = (): Scalar => { throw new SluiceError('SLUICE_SECRET_MISSING', 'x') }
  const arena = createArena(65536)
  assert.throws(() => extract({ x: stop }, signatureOf(['x']), batch([{}]), { arena }), fatal('SLUICE_SECRET_MISSING'))
  assert.notEqual(arena.reserve(65536), undefined)
})

test('names-both-ways, with the one that was meant', () => {
  assert.throws(() => columns({ distnace: 'd' }).for(signatureOf(['distance'])), fatal('SLUICE_FEATURE_UNKNOWN', /'distance' \(features name 'distnace'\)/))
  assert.throws(() => columns({ distance: 'd', hours: 'h' }).for(signatureOf(['distance'])), fatal('SLUICE_FEATURE_UNUSED', /'hours'/))
  assert.throws(() => columns({ distance: 'd', hours: 'h' }).for(signatureOf(['distance', 'hour'])), fatal('SLUICE_FEATURE_UNKNOWN', /hours/))
  assert.throws(() => columns({ x: 'a[' }), fatal('SLUICE_CONFIG_INVALID', /feature 'x'/))
  assert.throws(() => columns({ x: { path: 'a', when: { 'b..c': 1 } } }), fatal('SLUICE_CONFIG_INVALID'))
  assert.throws(() => columns().for({ inputs: [{ name: 'image', dtype: 'float32', shape: [-1, 28, 28] }], outputs: [] }), fatal('SLUICE_MODEL_UNSUPPORTED', /image/))
  assert.throws(() => columns().for({ inputs: [{ name: 'word', dtype: 'string', shape: [-1] }], outputs: [] }), fatal('SLUICE_MODEL_UNSUPPORTED', /string/))
})

test('columns-in-another-order are matched by name; left out, features are the model\'s own names', () => {
  const model = signatureOf(['a', 'b.c', '$.d'])
  assert.deepEqual(extract(undefined, model, batch([{ '$.d': 3, a: 1, 'b.c': 2, b: { c: 9 } }])).numbers, [[1, 2, 3]])
  assert.deepEqual(extract(undefined, model, batch(['3,1,2'], ['$.d', 'a', 'b.c'])).numbers, [[1, 2, 3]])
  assert.deepEqual(extract(undefined, model, batch(['2,3,1'], ['b.c', '$.d', 'a'])).numbers, [[1, 2, 3]])
})

/** Of a model whose one input has no names for its columns. */
const unnamed = (count: number, column: Omit<Column, 'name'> = {}, dtype: 'float32' | 'float64' = 'float64'): Signature =>
  ({ inputs: [{ name: 'features', dtype, shape: [-1, count], columns: Array.from({ length: count }, (_, i) => ({ ...column, name: `features_${i}` })), unnamed: true }], outputs: [] })
const messages = (specs: FeatureSpecs | undefined, model: Signature, values: readonly (string | object | null)[]): string[] =>
  columns(specs).for(model).extract(batch(values), Int32Array.from(values, (_, i) => i)).rejected.map(({ row, error }) => `${row} ${error.code} ${error.message}`)

test('a-whole-list: one path fills all columns that have no names', () => {
  assert.deepEqual(extract({ features: 'x.pixels' }, unnamed(3), batch([{ x: { pixels: [1, 2.5, true] } }, { x: { pixels: [[4], [5], [6]] } }, { x: { pixels: [[7, 8, 9]] } }])).numbers, [[1, 2.5, 1], [4, 5, 6], [7, 8, 9]])
  assert.deepEqual(extract({ features: '$' }, unnamed(2), batch(['[1,2]', '\ufeff [ 3 , 4e1 ]\n'])).numbers, [[1, 2], [3, 40]])
  assert.deepEqual(messages({ features: 'x' }, unnamed(3), [{ x: [1, 2] }, { x: [1, 2, 3, 4] }, { x: [] }, { x: [[1, 2], [3, 4]] }, { x: [[1, 2], [3]] }, { x: [[1], [2], [3, 4]] }, { x: [[1], [2], 3] }, { x: [1, [2], 3] }, { x: 'text' }, { x: 5 }, { x: null }, {}, { x: [1, null, 3] }, { x: [1, 2, '3'] }, '[1,2,3]']), [
    "0 SLUICE_FEATURE_TYPE feature 'features' (x): a list of 2 where one of 3 numbers belongs", "1 SLUICE_FEATURE_TYPE feature 'features' (x): a list of 4 where one of 3 numbers belongs", "2 SLUICE_FEATURE_TYPE feature 'features' (x): a list of 0 where one of 3 numbers belongs",
    "3 SLUICE_FEATURE_TYPE feature 'features' (x): a list of 2 x 2 where one of 3 numbers belongs", "4 SLUICE_FEATURE_TYPE feature 'features' (x): a list of 2 x 2 where one of 3 numbers belongs", "5 SLUICE_FEATURE_TYPE feature 'features' (x): the lists in it are not all of one shape",
    "6 SLUICE_FEATURE_TYPE feature 'features' (x): the lists in it are not all of one shape", "7 SLUICE_FEATURE_TYPE feature 'features' (x): an array where a number belongs, at element 1", "8 SLUICE_FEATURE_TYPE feature 'features' (x): a string where a list of 3 numbers belongs",
    "9 SLUICE_FEATURE_TYPE feature 'features' (x): a number where a list of 3 numbers belongs", "10 SLUICE_FEATURE_MISSING feature 'features' (x): it is null, and the model has no rule for missing values", "11 SLUICE_FEATURE_MISSING feature 'features' (x): the record does not have it",
    "12 SLUICE_FEATURE_MISSING feature 'features' (x): it is null, and the model has no rule for missing values, at element 1", "13 SLUICE_FEATURE_TYPE feature 'features' (x): a string where a number belongs, at element 2", '14 SLUICE_JSON_NO_OBJECT the value is an array, not an object'])
  assert.deepEqual(extract({ features: 'x' }, unnamed(2, { missing: true }), batch([{ x: [1, null] }, { x: null }])).numbers, [[1, NaN], [NaN, NaN]])
  assert.deepEqual(extract({ features: 'x' }, unnamed(2, { categories: ['a', 'b'], unknown: -1 }), batch([{ x: ['b', 'c'] }])).numbers, [[1, -1]])
  assert.deepEqual(extract({ features: 'x' }, unnamed(1), batch([`{"x":${'['.repeat(8)}1${']'.repeat(8)}}`, `{"x":${'['.repeat(9)}1${']'.repeat(9)}}`, `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`])), { rows: [0], numbers: [[1]], rejected: ['1 SLUICE_FEATURE_TYPE', '2 SLUICE_FEATURE_TYPE'] })
  assert.deepEqual(extract({ features: 'x' }, unnamed(2), batch(['1,"[1,2]"'], ['y', 'x'])).rejected, ['0 SLUICE_FEATURE_TYPE'])
})

test('a-whole-list, of some columns: those that are numbered, beside others', () => {
  const model = signatureOf(['price', 'user_0', 'user_1', 'item_0', 'item_1', 'item_2', { name: 'user_2', missing: true }, 'one_0', 'sum', 'sum_0', 'sum_1'])
  const specs: FeatureSpecs = { price: { path: 'p', default: 1 }, user: 'u.vector', item: value => value['i'] as number[], user_2: 'z', one_0: 'o', sum: 's', sum_0: 's', sum_1: 's' }
  assert.deepEqual(extract(specs, model, batch([{ p: 5, u: { vector: [1, 2] }, i: [[3], [4], [5]], z: null, o: 6, s: 7 }])).numbers, [[5, 1, 2, 3, 4, 5, NaN, 6, 7, 7, 7]])
  assert.throws(() => columns({ ...specs, user_1: 'x' }).for(model), fatal('SLUICE_FEATURE_UNUSED', /'user_1'/))
  assert.throws(() => columns({ ...specs, one: 'x' }).for(model), fatal('SLUICE_FEATURE_UNUSED', /features name 'one',/))
  const { one_0: _, ...without } = specs
  assert.throws(() => columns({ ...without, one: 'x' }).for(model), fatal('SLUICE_FEATURE_UNKNOWN', /wants 'one_0'/))
  const { user: _user, ...noUser } = specs
  assert.throws(() => columns(noUser).for(model), fatal('SLUICE_FEATURE_UNKNOWN', /'user_0', 'user_1'/))
  assert.deepEqual(extract(() => ({ price: 1, user: [2, 3], item_0: 4, item_1: 5, item_2: 6, user_2: 7, one: [8], sum: 9, sum_0: 10, sum_1: 11 }), model, batch([{}])).numbers, [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]])
})

test('a-whole-list, left out: of records that are lists; of others, under the made-up names', () => {
  assert.deepEqual(extract(undefined, unnamed(2), batch(['[1,2]', { features_1: 4, features_0: 3 }, '[5]', { features: [1, 2] }, '5', '[[6],[7]]'])), { rows: [0, 1, 5], numbers: [[1, 2], [3, 4], [6, 7]], rejected: ['2 SLUICE_FEATURE_TYPE', '3 SLUICE_FEATURE_MISSING', '4 SLUICE_JSON_NO_OBJECT'] })
  assert.deepEqual(extract(undefined, unnamed(2), batch(['1,2'], ['features_1', 'features_0'])).numbers, [[2, 1]])
  const [one] = unnamed(2).inputs
  assert.deepEqual(columns().for({ inputs: [one!, { ...one!, name: 'more' }], outputs: [] }).extract(batch(['[1,2]']), Int32Array.of(0)).rejected.map(({ error }) => error.code), ['SLUICE_JSON_NO_OBJECT'])
  assert.deepEqual(extract(undefined, signatureOf(['x']), batch(['[1]'])).rejected, ['0 SLUICE_JSON_NO_OBJECT'])
})

test('a-whole-list, by name or by columns, with the one that was meant', () => {
  assert.throws(() => columns({ feature: 'x' }).for(unnamed(784)), fatal('SLUICE_FEATURE_UNKNOWN', /wants 'features' \(a list of 784 numbers\) \(features name 'feature'\)/))
  assert.throws(() => columns({ features: 'x', features_0: 'y' }).for(unnamed(2)), fatal('SLUICE_FEATURE_UNUSED', /'features_0'/))
  assert.throws(() => columns({ features_0: 'y' }).for(unnamed(2)), fatal('SLUICE_FEATURE_UNKNOWN', /'features_1'/))
  assert.throws(() => columns({ features: 'x' }).for(signatureOf(['a', 'b'])), fatal('SLUICE_FEATURE_UNKNOWN', /'a', 'b'/))
  assert.throws(() => columns({ a: '$' }).for(signatureOf(['a'])), fatal('SLUICE_CONFIG_INVALID', /whole record/))
  for (const more of [{ as: 'length' }, { zone: 'UTC' }, { type: 'number' }, { default: 0 }, { when: { a: 1 } }] as const) assert.throws(() => columns({ features: { path: 'x', ...more } }).for(unnamed(2)), fatal('SLUICE_CONFIG_INVALID', new RegExp(Object.keys(more)[0]!)))
  assert.deepEqual(extract({ features: { path: 'x' } }, unnamed(2), batch([{ x: [1, 2] }])).numbers, [[1, 2]])
  assert.deepEqual(extract({ features_0: 'y', features_1: 'x' }, unnamed(2), batch([{ x: 1, y: 2 }])).numbers, [[2, 1]])
})

test('a-whole-list, by a function, of records that are lists too', () => {
  const half = (value: unknown): number[] => (value as number[]).map(x => x / 2)
  assert.deepEqual(extract({ features: half }, unnamed(2), batch(['[1,2]', '[1]'])), { rows: [0], numbers: [[0.5, 1]], rejected: ['1 SLUICE_FEATURE_TYPE'] })
  assert.deepEqual(extract(value => ({ features: half(value) }), unnamed(2), batch(['[1,2]', '{"a":1}'])), { rows: [0], numbers: [[0.5, 1]], rejected: ['1 SLUICE_FEATURE_FAILED'] })
  assert.deepEqual(extract(value => ({ features_0: 1, features_1: (value as unknown as number[]).length }), unnamed(2), batch(['[1,2,3]'])).numbers, [[1, 3]])
})

test('records-that-are-lists: paths begin with an index', () => {
  assert.deepEqual(extract({ a: '[0]', b: '[1].x', c: { path: '[2][3].b', default: 9 } }, signatureOf(['a', 'b', 'c']), batch(['[1,{"x":2},[0,0,0,{"b":3}]]', '[4,{"x":5}]', '[6]', '{"0":1}', { a: 1 }])), { rows: [0, 1], numbers: [[1, 2, 3], [4, 5, 9]], rejected: ['2 SLUICE_FEATURE_MISSING', '3 SLUICE_FEATURE_MISSING', '4 SLUICE_FEATURE_MISSING'] })
  assert.deepEqual(extract({ a: '[0]' }, signatureOf(['a']), batch(['[1,"x"]', '[2,"y"]', '[3]']), { when: { '[1]': ['y', null] } }), { rows: [1, 2], numbers: [[2], [3]], rejected: [] })
  assert.deepEqual(extract({ a: '[0]', b: { path: 'length', default: -1 }, c: { path: "['1']", default: -1 } }, signatureOf(['a', 'b', 'c']), batch(['[1,2]'])).numbers, [[1, -1, -1]])
})

test('float32 as numpy makes it of a parsed double, and huge numbers', () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), x => {
    assert.ok(Object.is(extract(undefined, signatureOf(['x'], 'float32'), batch([`{"x":${x}}`])).numbers[0]![0], Math.fround(JSON.parse(String(x)) as number)))
    assert.equal(extract(undefined, signatureOf(['x']), batch([`{"x":${x}}`])).numbers[0]![0], x + 0)
  }))
  assert.deepEqual([one('x', '{"x":1e999}'), one('x', '{"x":12345678901234567890}'), one('x', '{"x":-0}')], [Infinity, 12345678901234567000, -0])
})

test('inputs-without-columns are one number a row each', () => {
  const model: Signature = { inputs: [{ name: 'a', dtype: 'float32', shape: [-1] }, { name: 'b', dtype: 'float64', shape: [-1, 1] }], outputs: [] }
  const { features, rows } = columns({ a: 'x', b: 'y' }).for(model).extract(batch([{ x: 1, y: 2 }, { x: 3 }, { x: 5, y: 6 }]), Int32Array.of(0, 1, 2))
  assert.deepEqual([...rows], [0, 2])
  assert.deepEqual([...features.tensors], [['a', { dtype: 'float32', shape: [2], data: Float32Array.of(1, 5) }], ['b', { dtype: 'float64', shape: [2, 1], data: Float64Array.of(2, 6) }]])
})

test('tensors-in-the-arena, and on the heap when it is full', () => {
  const arena = createArena(65536), extractor = columns(undefined, { arena }).for(signatureOf(['x']))
  const records = batch(Array.from({ length: 5000 }, (_, x) => ({ x })))
  const first = extractor.extract(records, everyRow(records)), second = extractor.extract(records, everyRow(records))
  const data = (of: typeof first): Float64Array => of.features.tensors.get('features')!.data as Float64Array
  assert.equal(data(first).buffer.byteLength, 65536)
  assert.notEqual(data(second).buffer, data(first).buffer)
  assert.deepEqual(data(second), data(first))
  first.features.release()
  second.features.release()
  assert.notEqual(arena.reserve(65536), undefined)
})

test('same-rows-same-features, in halves as at once', () => {
  const value = fc.oneof(fc.record({ a: fc.oneof(fc.double(), fc.string(), fc.constant(null)), s: fc.constantFrom('x', 'y', 'z') }, { requiredKeys: [] }), fc.string(), fc.constant(null))
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), fc.nat(20), (values, cut) => {
    const records = batch(values), model = signatureOf([{ name: 'a', missing: true }, { name: 's', categories: ['x', 'y'] }]), rows = everyRow(records)
    const whole = extract(undefined, model, records), halves = [rows.subarray(0, cut), rows.subarray(cut)].map(half => extract(undefined, model, records, {}, half))
    assert.deepEqual({ rows: halves.flatMap(half => half.rows), numbers: halves.flatMap(half => half.numbers), rejected: halves.flatMap(half => half.rejected) }, whole)
  }))
})
