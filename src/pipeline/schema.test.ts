import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSinkOptions, FileSourceOptions } from '../connect/file/options.ts'
import type { KafkaSinkOptions, KafkaSourceOptions } from '../connect/kafka/options.ts'
import type { ReadCodec, WriteCodec } from '../connect/registry/options.ts'
import type { StdinOptions, StdoutOptions } from '../connect/stdio/options.ts'
import { SluiceError } from '../core/index.ts'
import type { Part, Sink } from '../core/index.ts'
import type { FeatureSpecs, FeaturesFunction } from '../features/options.ts'
import type { ResultFunction } from '../results/options.ts'
import { definitionSchema, mistakesIn, pipeline } from './schema.ts'
import type { Definition } from './schema.ts'

// What the schema accepts is what the parts take, and the other way round: a difference is an error of tsc.
type Both<A, B> = [A] extends [B] ? [B] extends [A] ? true : 'the schema accepts less' : 'the part takes less'
type Place<T, K extends string> = T extends { readonly [P in K]: infer O } ? T extends { open: unknown } ? never : O : never
const same: [
  Both<Place<Definition['source'], 'file'>, FileSourceOptions>, Both<Place<Definition['source'], 'stdin'>, StdinOptions>,
  Both<Place<Definition['sink'], 'file'>, FileSinkOptions>, Both<Place<Definition['sink'], 'stdout'>, StdoutOptions>,
  Both<Place<Definition['source'], 'kafka'>, KafkaSourceOptions & { readonly codec?: ReadCodec }>,
  Both<Place<Definition['sink'], 'kafka'>, Target & { readonly codec?: WriteCodec }>, Both<Place<NonNullable<Definition['reject']>, 'kafka'>, Target>,
  Both<Exclude<NonNullable<Definition['features']>, FeaturesFunction>, WithoutUndefined<FeatureSpecs>>, Both<Extract<Definition['result'], (...of: never[]) => unknown>, ResultFunction>,
] = [true, true, true, true, true, true, true, true, true]
/** The connection of a sink may be that of the source. */
type Target = Omit<KafkaSinkOptions, 'brokers'> & Partial<Pick<KafkaSinkOptions, 'brokers'>>
/** Options for programs allow undefined; a definition leaves a key out. */
type WithoutUndefined<T> = T extends (...of: never[]) => unknown ? T : T extends object ? { [K in keyof T]: WithoutUndefined<Exclude<T[K], undefined>> } : T

const GOOD: Definition = {
  name: 'x', source: { stdin: {} }, strategy: { embedded: { model: 'm.json' } }, result: { merge: { y: 'prediction' } }, sink: { stdout: {} },
}

test('a good definition is returned as it is', () => {
  assert.ok(same.every((one) => one))
  assert.equal(pipeline(GOOD), GOOD)
})

test('a program may pass functions and parts, also as a reject sink with stopAbove', () => {
  const sink: Part<Sink> = { kind: 'mine', options: {}, open: () => Promise.reject(new Error('not opened here')) }
  assert.deepEqual(mistakesIn({ ...GOOD, sink, features: { a: (value: { a?: unknown }) => Number(value.a) }, result: () => null }), [])
  assert.deepEqual(mistakesIn({ ...GOOD, features: () => ({}) }), [])
  assert.deepEqual(mistakesIn({ ...GOOD, reject: { ...sink, stopAbove: false } }), [])
})

test('every-example: the definitions of the docs are accepted', () => {
  assert.deepEqual(mistakesIn({
    name: 'flight-delays', source: { file: { path: ['a.ndjson', 'b.ndjson'], format: 'ndjson', ratePerSecond: 1000 } },
    when: { type: ['purchase', 'refund'], 'user.active': true, 'deleted': null },
    features: { image: '$', first: '[0].x', distance: 'distance', hour: { path: 'date', as: 'hourOfDay', zone: 'America/Chicago' }, price: { path: 'items[0].price', default: null, when: { kind: 'x' } } },
    strategy: { embedded: { model: 'models/delay.json', trees: 'all', categories: { city: ['Łódź', '東京'], rooms: [1, 2.5], sold: [false, true] }, pollMs: 500 } }, result: { object: { id: 'id', scores: 'probabilities' }, origin: false },
    sink: { file: { path: 'out.ndjson' } }, delivery: { guarantee: 'exactly-once', everyMs: 100, bytes: 1e6 }, reject: { file: { path: 'r.ndjson' }, stopAbove: { share: 0.05, records: 10000 } },
    flow: { bytesMax: 1e8, batch: { rows: 100, waitMs: 5 }, revokeMs: 1000, drainMs: 1000, retryMs: 10, retries: 0 }, memory: { modelBytesMax: 1e9 },
    operating: { http: '127.0.0.1:9100', stuckAfterMs: 1000, log: { level: 'debug', format: 'json' } }, executors: 'auto',
  }), [])
})

for (const [danger, change, path, text] of [
  ['a whole record that cannot be compared', { when: { $: 1 } }, 'when.$', /it names nothing/],
  ['a broken path', { features: { a: 'b..c' } }, 'features.a', /the path `b\.\.c` is broken at column 3/],
  ['a broken path in when', { when: { 'a[': 1 } }, 'when.a[', /is broken at column 2/],
  ['NaN', { executors: NaN }, 'executors', /expected a whole number from 1, or auto/],
  ['a half', { delivery: { everyMs: 1.5 } }, 'delivery.everyMs', /expected a whole number/],
  ['an empty list', { source: { file: { path: [] } } }, 'source.file.path', /must not be empty|expected a path/],
  ['a function where none belongs', { name: () => 'x' }, 'name', /expected text, found a function/],
  ['a model that is not named', { strategy: { embedded: {} } }, 'strategy.embedded.model', /is missing/],
  ['a category that is no single value', { strategy: { embedded: { model: 'm', categories: { city: ['Berlin', null] } } } }, 'strategy.embedded.categories.city.1', /expected a category/],
  ['categories that are no list', { strategy: { embedded: { model: 'm', categories: { city: 'Berlin' } } } }, 'strategy.embedded.categories.city', /expected a list/],
  ['a strategy of a later version', { strategy: { remote: { url: 'x' } } }, 'strategy.remote', /remote is not in this version; known here: embedded/],
  ['two results', { result: { merge: {}, object: {} } }, 'result', /result is only one of: merge, object/],
  ['merge and function', { result: { merge: () => null } }, 'result.merge', /expected a mapping/],
] as const) {
  test(`${danger} is refused at its place`, () => {
    assert.throws(() => pipeline({ ...GOOD, ...change } as never), (error: unknown) => error instanceof SluiceError && error.code === 'SLUICE_CONFIG_INVALID')
    const [mistake, ...others] = mistakesIn({ ...GOOD, ...change })
    assert.deepEqual(others, [])
    assert.equal(mistake!.path.join('.'), path)
    assert.match(mistake!.text, text)
  })
}

test('prototype-pollution: a feature named __proto__ changes nothing', () => {
  const value = JSON.parse('{"features": {"__proto__": {"polluted": 1}}}') as object
  mistakesIn({ ...GOOD, ...value })
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

test('the JSON Schema shows the defaults that parts have', () => {
  const text = JSON.stringify(definitionSchema())
  for (const property of ['"everyMs":{"description":"How often', '"default":262144', '"default":"UTC"', '"enum":["hourOfDay","dayOfWeek","month","epochMs","log1p","length"]']) assert.ok(text.includes(property), property)
})
