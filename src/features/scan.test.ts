import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { mutate, Random } from '../../test/support/mutations.ts'
import { Packer, batchOf } from '../codecs/pack.ts'
import type { Column, Extractor, RecordBatch, Signature, TensorSpec } from '../core/index.ts'
import { createArena } from '../kernels/arena.ts'
import type { KernelExports } from '../kernels/exports.ts'
import { kernelsOf } from '../kernels/host.ts'
import { kernelModule } from '../strategies/kernels.ts'
import { columns } from './columns.ts'
import type { FeatureOptions, FeatureSpecs } from './options.ts'

/** Records per kind; FUZZ=10000000 for a long run, SEED for another. */
const RECORDS = Number(process.env['FUZZ'] ?? 200_000), SEED = Number(process.env['SEED'] ?? 1)
const BATCH = 500

const module = (await kernelModule())!
const arena = createArena(2 ** 24, module)
// how many records the kernels leave to the plain path, which would do all of them as well
let seen = 0, left = 0
const kernels = kernelsOf(arena)! as { run: KernelExports }, { run } = kernels
const counting = (scan: KernelExports['scanJson32']): KernelExports['scanJson32'] => (spans, count, ...others) => {
  const flagged = scan(spans, count, ...others)
  seen += count
  left += flagged
  return flagged
}
kernels.run = { ...run, scanCsv32: counting(run.scanCsv32), scanCsv64: counting(run.scanCsv64), scanJson32: counting(run.scanJson32), scanJson64: counting(run.scanJson64) }
const encoder = new TextEncoder()

interface Kind {
  readonly name: string
  readonly columns: readonly (string | Column)[]
  readonly specs?: FeatureSpecs
  readonly options?: FeatureOptions
  readonly dtype?: 'float32' | 'float64'
  /** Each column is an input of its own. */
  readonly separate?: boolean
  /** The inputs, if not one matrix of the columns. */
  readonly inputs?: readonly TensorSpec[]
  readonly header?: readonly string[]
  record(random: Random): string
}

const numberOf = (random: Random): number => {
  switch (random.below(6)) {
    case 0: return random.below(10)
    case 1: return random.below(1_000_000) / 1000 - 300
    case 2: return random.bits() * random.below(1000) * random.one([1, -1, 1, random.bits()])
    case 3: return random.bits() / 2 ** 32
    case 4: return Math.fround(random.bits() / 2 ** 33)
    default: return random.bits() / 2 ** 32 * 10 ** (random.below(60) - 30)
  }
}
const WORDS = ['AA', 'UA', 'DL', 'a word of twenty-nine bytes..', 'thirty bytes, the longest one..', '', '\u00fcber', '7', 'true']
const NAMES = ['a', 'b', 'f13.key', 'fourteen_bytes', 'fifteen__bytes_', 'sixteen___bytes_', 'seventeen__bytes_', 'a_name_of_thirty_one_bytes_____', 'a_name_of_thirty_two_bytes______', 'a_name_of_more_than_two_vectors_of_sixteen_bytes', '\u00fcber', 'x']
const object = (random: Random, entries: [string, unknown][]): string => {
  // order, blanks, and what nobody wants
  if (random.chance(0.15)) entries.sort(() => random.below(2) * 2 - 1)
  if (random.chance(0.3)) entries.splice(random.below(entries.length + 1), 0, ['note', random.one(['on time', 'a \\ "quoted" \u00fc\ud83d\ude00\n', { deep: [1, { x: null }, 'y'], more: {} }, [], -1.5e-7, true, null])])
  const made = Object.fromEntries(entries)
  return random.chance(0.1) ? JSON.stringify(made, null, 1 + random.below(3)) : random.chance(0.2) ? JSON.stringify(made).replaceAll('":', random.one(['": ', '" :', '"\t: '])) : JSON.stringify(made)
}
const unnamed = (name: string, count: number, column: Omit<Column, 'name'> = {}, dtype: 'float32' | 'float64' = 'float32'): TensorSpec =>
  ({ name, dtype, shape: [-1, count], columns: Array.from({ length: count }, (_, i) => ({ ...column, name: `${name}_${i}` })), unnamed: true })
const listOf = (random: Random, length: number, element: (random: Random) => unknown = numberOf): unknown[] => Array.from({ length }, () => element(random))
/** About as long as it should be, sometimes lists in lists. */
const pixels = (random: Random, shape: readonly number[], element = (random: Random): unknown => random.chance(0.003) ? random.one([null, true, false, '5', [], {}, [1]]) : numberOf(random)): unknown =>
  shape.length === 0 ? element(random) : listOf(random, random.chance(0.004) ? random.below(9) : shape[0]!, random => pixels(random, shape.slice(1), element))
const written = (random: Random, value: unknown): string =>
  random.chance(0.1) ? JSON.stringify(value, null, 1 + random.below(3)) : random.chance(0.3) ? JSON.stringify(value).replaceAll(',', random.one([', ', ' ,', ',  ', ',\n '])) : JSON.stringify(value)
const sometimes = (random: Random, value: unknown): unknown => random.chance(0.01) ? random.one([null, true, false, '5', [], {}]) : value
const time = (random: Random): string | number => {
  const at = Date.UTC(1995, 0) + random.below(1e6) * 1_234_567, shown = random.chance(0.01) ? `0${random.below(1000)}`.slice(-4) + new Date(at).toISOString().slice(4) : new Date(at).toISOString()
  switch (random.below(8)) {
    case 0: return at
    case 1: return shown.slice(0, 10)
    case 2: return `${shown.slice(0, 10)} ${shown.slice(11, 16)}`
    case 3: return shown.slice(0, 19)
    case 4: return `${shown.slice(0, 19)}${random.one(['+02', '-0530', '+05:30', 'Z', 'z'])}`
    case 5: return `${shown.slice(0, 19)}.${random.bits()}${random.one(['', 'Z', '-11:00'])}`
    case 6: return random.one(['2001-02-29', '2000-02-29', '2001-13-01', '2001-05-03T24:00', '2001-05-03T17:60', '2001-05-03T17:45:60', '2001-05-03T17:45:10.', '2001-05-03T17:45+25:00', '20010503T174500Z', '2001-05-03T17:45:10ZZ', '2001-04-31', '0000-01-01', '2001-05-03T1:45', '9999-12-31T23:59:59.999-12', 8.64e15, 8.64e15 + 2, -1.5, 'soon'])
    default: return shown
  }
}
const cell = (random: Random, value: number | string): string => random.chance(0.02) ? random.one(['true', 'False', 'NaN', 'Infinity', '-Infinity', '', '""', 'x', '"5"', '" 5"']) : random.chance(0.1) ? `"${value}"` : String(value)
const many = Array.from({ length: 90 }, (_, i) => `f${i}`)

// records as people have published them
const data = (name: string): string => readFileSync(new URL(`../../node_modules/vega-datasets/data/${name}`, import.meta.url), 'utf8')
const earthquakes = (JSON.parse(data('earthquakes.json')) as { readonly features: readonly object[] }).features, movies = JSON.parse(data('movies.json')) as readonly object[]
const [airportsHeader, ...airports] = data('airports.csv').trim().split(/\r?\n/) as [string, ...string[]]

const KINDS: readonly Kind[] = [
  { name: 'earthquakes', columns: [{ name: 'mag', missing: true }, { name: 'hour' }, { name: 'felt', missing: true }, 'x', 'y', 'z', { name: 'net', categories: ['ci', 'us', 'nc', 'ak'], unknown: NaN }, 'sig'], dtype: 'float32',
    specs: { mag: 'properties.mag', hour: { path: 'properties.time', as: 'hourOfDay', zone: 'America/Los_Angeles' }, felt: 'properties.felt', x: 'geometry.coordinates[0]', y: 'geometry.coordinates[1]', z: 'geometry.coordinates[2]', net: 'properties.net', sig: 'properties.sig' },
    record: random => JSON.stringify(random.one(earthquakes)) },
  { name: 'movies', columns: [{ name: 'US Gross', missing: true }, { name: 'Production Budget', missing: true }, { name: 'Running Time min', missing: true }, { name: 'IMDB Rating', missing: true }, { name: 'Major Genre', categories: ['Drama', 'Comedy', 'Thriller/Suspense', 'Romantic Comedy'], unknown: -1, missing: true }],
    record: random => JSON.stringify(random.one(movies), null, random.below(2)) },
  { name: 'airports, CSV', columns: ['latitude', 'longitude', { name: 'state', categories: ['MS', 'TX', 'CO', 'NA', 'CA'], unknown: -1, missing: true }], header: airportsHeader.split(','), record: random => random.one(airports) },
  { name: 'flat', columns: NAMES.map(name => ({ name, missing: true })), dtype: 'float32',
    record: random => object(random, NAMES.filter(() => !random.chance(0.01)).map(name => [name, sometimes(random, numberOf(random))])) },
  { name: 'float64, no rule for missing values', columns: ['a', 'b', 'c', 'd'],
    record: random => object(random, ['a', 'b', 'c', 'd'].filter(() => !random.chance(0.02)).map(name => [name, sometimes(random, numberOf(random))])) },
  { name: 'nested and lists', columns: ['a', 'b', 'c', 'd', 'e', 'f', { name: 'g', missing: true }].map(column => column), dtype: 'float64',
    specs: { a: 'x.a', b: 'x.y.b', c: 'list[0].c', d: 'list[2].d', e: 'numbers[1]', f: { path: "['odd.name'].f", default: 3 }, g: { path: 'x.y.g', default: null } },
    record: random => object(random, [['x', sometimes(random, { a: numberOf(random), y: sometimes(random, random.chance(0.5) ? { b: 1.5, g: 2 } : { b: numberOf(random) }) })],
      ['list', sometimes(random, [{ c: numberOf(random) }, 'between', { d: 5, e: [] }, 7].slice(0, 2 + random.below(4)))], ['numbers', [numberOf(random), numberOf(random), null].slice(0, 1 + random.below(3))], ['odd.name', sometimes(random, { f: random.below(10) })]]) },
  { name: 'lists of numbers', columns: ['a', 'b', 'c', { name: 'd', missing: true }], specs: { a: { path: 'x[0]', default: 1 }, b: { path: 'x[1]', default: 2 }, c: { path: 'x[3]', default: 3 }, d: { path: 'y[1][2]', default: null } }, dtype: 'float32',
    record: random => object(random, [['x', sometimes(random, Array.from({ length: random.below(6) }, () => sometimes(random, numberOf(random))))], ['y', sometimes(random, [numberOf(random), Array.from({ length: random.below(5) }, () => numberOf(random))])]]) },
  { name: 'categories', columns: [{ name: 'a', categories: WORDS, missing: true }, { name: 'b', categories: [7, -1.5, 1e21, true, 'AA', 'odd "name"'], unknown: NaN, missing: true }, { name: 'c', categories: ['x', `${'long'.repeat(20)}`], unknown: 9 }, { name: 'd' }],
    specs: { a: 'a', b: 'b', c: { path: 'c.c', default: 'x' }, d: { path: 'a', type: 'number', default: 1 } },
    record: random => object(random, [['a', sometimes(random, random.chance(0.7) ? null : random.one(WORDS))], ['b', sometimes(random, random.one([7, -1.5, 1e21, true, false, 'AA', 'XX', 'odd "name"', 'y'.repeat(40), 8]))], ['c', sometimes(random, { c: random.one(['x', 'y', 'long'.repeat(20), 'longer than the tokens'.repeat(3)]) })]]) },
  { name: 'types and defaults', columns: ['a', 'b', { name: 'c', missing: true }, { name: 'd', categories: ['p', 'q'] }],
    specs: { a: { path: 'a', type: 'number', default: true }, b: { path: 'b', type: 'boolean' }, c: { path: 'c', default: null }, d: { path: 'd', type: 'string', default: 'q' } },
    record: random => object(random, ([['a', sometimes(random, numberOf(random))], ['b', sometimes(random, random.chance(0.5))], ['c', sometimes(random, numberOf(random))], ['d', sometimes(random, random.one(['p', 'q', 'r']))]] as [string, unknown][]).filter(() => !random.chance(0.05))) },
  { name: 'derived', columns: ['hour', 'day', { name: 'month', categories: [1, 2, 3, 5, 12], unknown: -1 }, { name: 'ms', missing: true }, 'log', 'berlin', 'x'], dtype: 'float32',
    specs: { hour: { path: 'at', as: 'hourOfDay', zone: 'America/Chicago' }, day: { path: 'at', as: 'dayOfWeek' }, month: { path: 'at', as: 'month' }, ms: { path: 'trip.at', as: 'epochMs', zone: 'Europe/Berlin', default: null }, log: { path: 'x', as: 'log1p', default: 5 }, berlin: { path: 'at', as: 'hourOfDay', zone: 'Europe/Berlin', default: 12 }, x: 'x' },
    record: random => object(random, [['at', sometimes(random, time(random))], ['trip', { at: sometimes(random, time(random)) }], ['x', sometimes(random, numberOf(random) % 1000)]]) },
  { name: 'derived, CSV', columns: ['hour', 'ms', { name: 'log', missing: true }], header: ['note', 'at', 'x'],
    specs: { hour: { path: 'at', as: 'hourOfDay', zone: 'Asia/Kolkata' }, ms: { path: 'at', as: 'epochMs' }, log: { path: 'x', as: 'log1p' } },
    record: random => [random.one(['', '"a, b"', 'x']), cell(random, time(random)), cell(random, random.below(1000) / 100)].join() },
  { name: 'when', columns: [{ name: 'a', missing: true }, { name: 'b', missing: true }, { name: 'c', categories: ['p', 'q'] }, 'd'], options: { when: { type: ['sale', 'refund', null], 'user.n': [1, 2.5, null] } }, separate: true,
    specs: { a: { path: 'a', when: { type: 'sale' } }, b: { path: 'b', when: { type: [null, 'refund'], new: [true, 'yes'] }, default: 7 }, c: { path: 'c', default: 'q', when: { type: 'sale' } }, d: { path: 'at', as: 'hourOfDay', when: { 'user.n': 1 }, default: 3 } },
    record: random => object(random, ([['type', random.one(['sale', 'refund', null, 'other', 5])], ['user', { n: random.one([1, 2.5, 1, 2, null, 'x']) }], ['new', random.one([true, false, 'yes', null])], ['a', sometimes(random, numberOf(random))], ['b', sometimes(random, 1)], ['c', sometimes(random, random.one(['p', 'q']))], ['at', sometimes(random, time(random))]] as [string, unknown][]).filter(() => !random.chance(0.03))) },
  { name: 'when, CSV', columns: [{ name: 'a', missing: true }, 'b', { name: 'c', categories: ['p', 'q'] }], options: { when: { type: ['sale', 'refund', null, true], n: [1, 2.5, null] } }, header: ['type', 'n', 'a', 'b', 'c'],
    specs: { a: { path: 'a', when: { type: 'sale' } }, b: { path: 'b', when: { n: 1 }, default: 7 }, c: 'c' },
    record: random => [random.one(['sale', '"sale"', 'refund', '', '""', 'other', 'true', 'True']), random.one([1, '1.0', '"2.5"', 2, '', 'NaN', 'x']), cell(random, numberOf(random)), cell(random, 1), random.one(['p', 'q', '"q"'])].join() },
  { name: 'CSV, numbers', columns: ['a', 'b', { name: 'c', missing: true }, 'd', { name: 'e', missing: true }, { name: 'f' }], dtype: 'float32', header: ['a', 'note', 'b', 'c', 'd', 'e', 'last'],
    specs: { a: 'a', b: { path: 'b', type: 'boolean' }, c: 'c', d: { path: 'd', default: 7 }, e: { path: 'x', default: null }, f: { path: 'a', type: 'number' } },
    record: random => [cell(random, numberOf(random)), random.one(['', 'note', '"a, b"', '"in ""quotes"""', 'caf\u00e9']), random.one(['true', 'False', '"True"']), cell(random, numberOf(random)), random.chance(0.2) ? '' : numberOf(random), 1, random.one(['', 'x', 5])].join() },
  { name: 'CSV, categories', columns: [{ name: 'a', categories: WORDS, missing: true }, { name: 'b', categories: [7, -1.5, 1e21, true, 'AA', 'odd "name"', 'with, comma'], unknown: NaN, missing: true }, { name: 'c', categories: ['x', `${'long'.repeat(20)}`], unknown: 9 }, { name: 'd', categories: ['7', 7, '8', 9], unknown: -1 }], header: ['d', 'c', 'b', 'a'],
    record: random => [random.one(['7', '8', '9', '"7"', '8.0', '7.0', '9.0']), random.one(['x', 'y', 'long'.repeat(20), 'longer than the tokens'.repeat(3)]), random.one([7, '7.0', -1.5, '1e21', '1e+21', 'true', 'True', 'false', 'False', 'AA', '"AA"', '"odd ""name"""', '"with, comma"', 'y'.repeat(40), 'NaN', '']), random.chance(0.8) ? random.one(WORDS) : random.one(['', '""', '"UA"'])].join() },
  { name: 'records that are lists', columns: ['a', { name: 'b', missing: true }, 'c', { name: 'd', categories: ['x', 'y'], unknown: -1 }, 'e'], specs: { a: '[0]', b: { path: '[2].b', default: null }, c: { path: '[2].in[1].c', default: 3 }, d: '[1]', e: { path: "[4]['e']", default: 5 } },
    record: random => written(random, [sometimes(random, numberOf(random)), sometimes(random, random.one(['x', 'y', 'z'])), sometimes(random, { b: numberOf(random), in: [1, sometimes(random, { c: random.below(10) })] }), 'between', { e: random.bits() / 7 }].slice(0, random.chance(0.1) ? random.below(6) : 5)) },
  { name: 'records that are lists, filtered', columns: ['a', 'hour'], options: { when: { '[1]': ['x', null] } }, specs: { a: '[0]', hour: { path: '[2]', as: 'hourOfDay' } },
    record: random => written(random, [sometimes(random, numberOf(random)), random.one(['x', 'y', null]), sometimes(random, time(random))].slice(0, random.chance(0.1) ? random.below(4) : 3)) },
  { name: 'a whole list', columns: [], inputs: [unnamed('image', 7)], specs: { image: 'x.pixels' },
    record: random => object(random, [['x', sometimes(random, { n: 1, pixels: sometimes(random, pixels(random, [7])) })], ['y', 5]]) },
  { name: 'a whole list, missing values allowed, float64', columns: [], inputs: [unnamed('image', 40, { missing: true }, 'float64')], specs: { image: 'pixels' },
    record: random => object(random, [['pixels', sometimes(random, pixels(random, [40], random => random.chance(0.05) ? random.one([null, true, false]) : random.chance(0.7) ? random.one([0, 0, 0, 0, 1, -0.5]) : numberOf(random)))]]) },
  { name: 'lists in lists', columns: [], inputs: [unnamed('image', 12)], specs: { image: 'pixels' },
    record: random => object(random, [['pixels', sometimes(random, pixels(random, random.one([[12], [3, 4], [2, 3, 2], [1, 2, 3, 2], [1, 1, 2, 1, 6], [12, 1], [4, 4], [[2, 6], [6, 2]][random.below(2)]!])))]]) },
  { name: 'records that are whole lists, or not, without features', columns: [], inputs: [unnamed('image', 5)],
    record: random => random.chance(0.9) ? written(random, pixels(random, random.chance(0.9) ? [5] : [1, 5])) : object(random, Array.from({ length: 5 }, (_, i): [string, unknown] => [`image_${i}`, numberOf(random)])) },
  { name: 'two whole lists and a name, filtered', columns: [], inputs: [unnamed('one', 3), { name: 'n', dtype: 'float64', shape: [-1, 1] }, unnamed('two', 4, { missing: true }, 'float64')], options: { when: { kind: ['k', null] } }, specs: { one: 'lists[0]', two: "lists[2]['two']", n: { path: 'n', default: 1 } },
    record: random => object(random, [['kind', random.one(['k', 'k', 'k', 'l', null])], ['lists', [pixels(random, [3]), 'between', { two: pixels(random, random.chance(0.2) ? [2, 2] : [4]) }]], ['n', sometimes(random, numberOf(random))]]) },
  { name: 'whole lists beside numbers', columns: ['price', 'user_0', 'user_1', { name: 'kind', categories: ['a', 'b'], unknown: -1 }, 'item_0', 'item_1', 'item_2'], dtype: 'float32', specs: { price: 'p', user: 'user', kind: { path: 'k', default: 'a' }, item: 'items[1]' },
    record: random => object(random, [['p', sometimes(random, numberOf(random))], ['user', pixels(random, [2])], ['k', random.one(['a', 'b', 'c'])], ['items', [0, pixels(random, random.chance(0.2) ? [3, 1] : [3])]]]) },
  { name: 'whole lists of unlike columns', columns: [], inputs: [{ ...unnamed('image', 3), columns: [{ name: 'image_0', missing: true }, { name: 'image_1' }, { name: 'image_2', missing: true }] }], specs: { image: '$' },
    record: random => written(random, pixels(random, [3], random => random.chance(0.05) ? random.one([null, true]) : numberOf(random))) },
  { name: 'more names than there are bits', columns: many.map(name => ({ name, missing: true })), dtype: 'float32', record: random => object(random, many.filter(() => !random.chance(0.005)).map(name => [name, sometimes(random, random.below(100))])) },
]

function batchFrom(values: readonly Uint8Array[], header: readonly string[] | undefined, inArena: boolean): RecordBatch {
  const packer = new Packer(values.length, 65536)
  for (const value of values) {
    packer.row(0)
    const start = packer.length
    packer.append(value)
    packer.setValue(start)
  }
  const records = packer.finish(header), at = { partition: 'p', offsets: new Float64Array(values.length), from: 0n, next: 1n }
  if (!inArena) return batchOf(records, at)
  const region = arena.reserve(records.bytes.length)!
  region.bytes.set(records.bytes)
  return batchOf({ ...records, bytes: region.bytes, release: () => region.release() }, at)
}

function signatureOf({ columns, dtype = 'float64', separate = false, inputs }: Kind): Signature {
  if (inputs !== undefined) return { inputs, outputs: [] }
  const named = columns.map(column => typeof column === 'string' ? { name: column } : column)
  return { inputs: separate ? named.map((column, i) => ({ name: column.name, dtype: i % 2 === 0 ? dtype : 'float32', shape: [-1, 1], columns: [column] })) : [{ name: 'features', dtype, shape: [-1, columns.length], columns: named }], outputs: [] }
}

/** Extracts both ways and compares everything; answers how many rows are good. */
function compare(kind: Kind, plain: Extractor, quick: Extractor, values: readonly Uint8Array[], inArena: boolean): number {
  const batch = batchFrom(values, kind.header, inArena), rows = Int32Array.from(values, (_, i) => i)
  const expected = plain.extract(batch, rows), found = quick.extract(batch, rows)
  const say = (row: number): string => `seed ${SEED}, ${kind.name}: ${JSON.stringify(Buffer.from(values[row]!).toString('latin1'))}`
  for (let i = 0; i < Math.max(expected.rejected.length, found.rejected.length); i++) {
    const one = expected.rejected[i], other = found.rejected[i]
    if (one?.row !== other?.row) assert.fail(say(Math.min(one?.row ?? BATCH, other?.row ?? BATCH)))
    assert.deepEqual([other!.error.code, other!.error.message, other!.error.at], [one!.error.code, one!.error.message, one!.error.at], say(one!.row))
  }
  assert.deepEqual(found.rows, expected.rows)
  for (const [name, { data, shape }] of expected.features.tensors) {
    const one = data as Float64Array, other = found.features.tensors.get(name)!.data as Float64Array
    assert.equal(other.length, one.length)
    for (let i = 0; i < one.length; i++) {
      if (!Object.is(one[i], other[i])) assert.fail(`${say(expected.rows[Math.floor(i / shape[1]!)]!)}: ${name} ${i % shape[1]!} is ${other[i]} where the plain path has ${one[i]}`)
    }
  }
  found.features.release()
  batch.release()
  return found.rows.length
}

for (const [number, kind] of KINDS.entries()) {
  const records = Math.ceil(RECORDS / KINDS.length / BATCH) * BATCH
  test(`mutated-records, ${kind.name}: the same numbers and the same rejections as the plain path gives`, t => {
    const random = new Random(SEED * 1000 + number), signature = signatureOf(kind), { options = {} } = kind
    const plain = columns(kind.specs, options).for(signature), quick = columns(kind.specs, { ...options, arena }).for(signature)
    let good = 0
    seen = left = 0
    for (let done = 0; done < records; done += BATCH) {
      const fresh = Array.from({ length: 50 }, () => encoder.encode(kind.record(random)))
      const values = Array.from({ length: BATCH }, () => random.chance(0.3) ? random.one(fresh) : random.chance(0.01) ? Uint8Array.from({ length: random.below(100) }, () => random.below(256)) : mutate(random, random.one(fresh), fresh))
      good += compare(kind, plain, quick, values, random.chance(0.5))
    }
    t.diagnostic(`${seen} records, ${Math.round(good / seen * 100)} % of them good; ${Math.round(left / seen * 100)} % left to the plain path`)
    assert.ok(left < seen * 0.95)
  })
}

test('edges: every value where another belongs, behind a byte order mark, cut at each byte', () => {
  const values = ['0', '-0', '1.5', '1e3', '1E-3', 'null', 'true', 'false', '"x"', '"AA"', '""', '"\\u0041"', '[]', '{}', '[1]', '[1,2,3]', '{"b":1}', '{"b":{"c":2}}', '[[1]]', '01', '1.', '-', 'nul', 'truex', '"x', '\u00e9', '"\u00e9"', '"\ud800"', '1 ', ' 1', '\t1\r\n', '1,', ',1']
  const rule = { missing: true }
  const json: Kind = { name: 'edges', columns: [{ name: 'a', ...rule }, { name: 'b', ...rule }, { name: 'c', categories: ['x', 'AA', '\u00e9', 1.5, true, Infinity], unknown: -1, ...rule }], specs: { a: 'a', b: { path: 'o.b[1]', default: 4 }, c: 'c' }, record: () => '' }
  const csv: Kind = { ...json, specs: { a: 'a', b: { path: 'b', default: 4 }, c: 'c' }, header: ['c', 'a', 'b'] }
  const records = values.flatMap(value => [`{"a":${value},"o":{"b":[0,1]},"c":"x"}`, `{"a":1,"o":${value},"c":"x"}`, `{"a":1,"o":{"b":${value}},"c":"x"}`, `{"a":1,"o":{"b":[0,1]},"c":${value}}`, `{"n":${value},"a":1,"c":"x"}`, `{"a":1,"o":{"b":[${value},${value}]},"c":"x","a":${value}}`, `{"a":1,"c":"x"}${value}`, value, `{"n":${value}{"id":7,"a":1,"c":"x"}`, `{"n":1${value}"a":1,"c":"x"}`])
  const bytesOf = (texts: readonly string[]): Uint8Array[] => texts.map(text => encoder.encode(text))
  const whole = '{"id":7,"a":-1.25e2,"o":{"x":[{"y":null},"\\n"],"b":[1,2.5]},"c":"AA"}', line = 'x,-1.25e2,"5"'
  const cut = (text: string): string[] => Array.from({ length: text.length + 1 }, (_, i) => text.slice(0, i))
  const marked = (texts: readonly string[]): string[] => texts.flatMap(text => [text, `\ufeff${text}`, ` ${text}`, `${text} `, `${text}\n`, `\u0000${text}`, `${text}\u0000`])
  const cells = ['x', 'AA', 'zz', '1.5', '1.50', '"x"', '"a""b"', '""', '', 'true', 'TRUE', '\u00e9', '"x"y', 'x"', '"x', '-', 'NaN', ' 1', '1 ', 'a\u0000', '1e5', '00'].flatMap(cell => [`${cell},1,2`, `x,${cell},2`, `x,1,${cell}`])
  const list: Kind = { name: 'edges of lists', columns: [], inputs: [unnamed('l', 2, rule)], record: () => '' }, element: Kind = { ...json, specs: { a: '[0]', b: { path: '[1].b', default: 4 }, c: { path: '[2][1]', default: null } } }
  const lists = [...values.flatMap(value => [value, `[${value},2]`, `[1,${value}]`, `[${value}]`, `[[${value},1]]`, `[[1],[${value}]]`, `[1,{"b":${value}}]`, `[1,2,[${value},${value}]]`, `[1,2${value}`, `[1${value}2]`, `[1,2]${value}`]), '[[1,2],[]]', '[[],[1,2]]', '[[]]', '[[[[[1,2]]]]]', '[[[[[[[[1,2]]]]]]]]', '[[[[[[[[[1,2]]]]]]]]]', '[[1],[[2]]]', '[[1],2]', '[1,[2]]', '[1e2,2E-1]', '[1 ,2 ]', '[ 1,2]', '[1,2,]', '[,1,2]', '[1,,2]', '[1,2', '[1;2]', ...cut('[-1.25e2, 3.5]')]
  const six: Kind = { ...list, inputs: [unnamed('l', 6, rule)] }, repeated = ['0', '0.5', '-1e1', 'null', 'false', '0.1234567', '[0]', '0 ', ' 0', '0x', ''].flatMap(one => [',', ', ', ' ,', ',  '].flatMap(comma => [5, 6, 7].map(count => `[${Array.from({ length: count }, () => one).join(comma)}]`)))
  for (const inArena of [true, false]) {
    for (const [kind, texts] of [[list, marked(lists)], [{ ...list, specs: { l: '$' } }, lists], [six, [...repeated, ...cut('[0, 0, 0, 0, 0, 0]'), ...cut('[0.5,0.5,0.5,0.5,0.5,0.5]'), '[0, 0, 0, 0, 0, 0,]', '[0,0,0,0,0,0', '[0,0,0,0,0,0}']], [{ ...list, specs: { l: 'x' } }, lists.map(text => `{"x":${text}}`)], [element, marked(lists)], [json, [...marked(records), ...cut(whole)]], [csv, [...marked([...cells, 'x,1', 'x,1,2,3', 'x', ',,', '']), ...cut(line)]]] as const) {
      const plain = columns(kind.specs).for(signatureOf(kind)), quick = columns(kind.specs, { arena }).for(signatureOf(kind))
      compare(kind, plain, quick, bytesOf([kind === json ? whole : kind === csv ? line : '[1,2]', ...texts]), inArena)
      // of the batch, the first record says what is learnt
      if (kind === list || kind === element) compare(kind, plain, quick, bytesOf(['{"a":1}', ...texts]), inArena)
    }
  }
})

test('sure-of-what-is-common: good records are not left to the plain path', () => {
  const names = ['a', 'b', 'c', 'd'], kind: Kind = { name: 'common', columns: names.map(name => ({ name, missing: true })), record: () => '' }
  for (const write of [(value: object) => JSON.stringify(value), (value: object) => JSON.stringify(value, null, 2), (value: object) => JSON.stringify(value).replaceAll(':', ': ').replaceAll(',', ', '), (value: object) => JSON.stringify(value, null, 2).replaceAll('": ', '" : ')]) {
    const random = new Random(SEED), values = Array.from({ length: 3000 }, () => encoder.encode(write({ id: random.bits(), d: random.bits() / 7, note: 'caf\u00e9 \\ "x"', more: { x: [1, {}] }, a: random.below(1000) / 100, c: null, b: random.chance(0.5) })))
    seen = left = 0
    compare(kind, columns().for(signatureOf(kind)), columns(undefined, { arena }).for(signatureOf(kind)), values, true)
    assert.deepEqual([seen, left], [3000, 0])
  }
})

test('sure-of-what-is-common, lists: as other programs write them, flat or 28 x 28, by themselves or in an object', () => {
  const random = new Random(SEED), elements = [() => random.bits() / 2 ** 32, () => Math.fround(random.bits() / 2 ** 32), () => random.below(256), () => random.chance(0.8) ? 0 : 0.5, () => random.chance(0.1) ? random.one([null, true]) : -random.below(1000) / 8]
  const writes = [(value: unknown) => JSON.stringify(value), (value: unknown) => JSON.stringify(value).replaceAll(',', ', '), (value: unknown) => JSON.stringify(value, null, 2)]
  for (const dtype of ['float32', 'float64'] as const) for (const element of elements) for (const write of writes) {
    const images = Array.from({ length: 15 }, (_, i) => listOf(random, 28, () => listOf(random, 28, element)).flat(i % 2))
    const flat: Kind = { name: 'images', columns: [], inputs: [unnamed('image', 784, { missing: true }, dtype)], record: () => '' }
    for (const [specs, values] of [[undefined, images], [{ image: 'x.y' }, images.map(y => ({ id: 'a', x: { y }, z: 1 }))]] as const) {
      seen = left = 0
      assert.equal(compare(flat, columns(specs).for(signatureOf(flat)), columns(specs, { arena }).for(signatureOf(flat)), values.map(value => encoder.encode(write(value))), true), 15)
      assert.deepEqual([seen, left], [15, 0])
    }
  }
})

test('names-that-are-no-text, or begin with a byte order mark: an example of them is nothing to go by', () => {
  const kind: Kind = { name: 'names', columns: [{ name: 'a' }, { name: 'b', missing: true }, { name: '\ufffd', missing: true }], specs: { a: 'a', b: { path: 'b', default: null }, '\ufffd': { path: '\ufffd', default: null } }, record: () => '' }
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, sign => sign.charCodeAt(0))
  const records = ['{"\xff":1,"a":2}', '{"a":1,"\xc3":2,"b":3}', '{"\xef\xbb\xbfb":1,"a":2}', '{"\xef\xbf\xbd":1,"a":2}', '{"a":2,"n":"\xff"}', '{"a":2,"n":"\xc3\xbc"}', '{"a":2,"n":{"\xff":1}}', '{"a":2,"n":["\xff"]}', '{"a":2}\xff', '{"a":2\xff}', '\xff{"a":2}', '{"a":"\xff"}'].map(bytes)
  for (const inArena of [true, false]) for (const first of records) {
    compare(kind, columns(kind.specs).for(signatureOf(kind)), columns(kind.specs, { arena }).for(signatureOf(kind)), [first, ...records, first], inArena)
  }
})

test('one-name-for-two-columns: asked for, it rejects every line', () => {
  const kind: Kind = { name: 'twice', columns: ['a'], header: ['a', 'b', 'a'], specs: { a: { path: 'a', default: 5 } }, record: () => '' }
  const plain = columns(kind.specs).for(signatureOf(kind)), quick = columns(kind.specs, { arena }).for(signatureOf(kind))
  assert.equal(compare(kind, plain, quick, ['1,2,3', '4,5,6'].map(line => encoder.encode(line)), true), 0)
})

test('records-anywhere: out of order, far from each other, longer than there is room for, more than fit at once', () => {
  const kind: Kind = { name: 'anywhere', columns: ['a', 'b'], dtype: 'float32', record: () => '' }, random = new Random(SEED)
  const plain = columns().for(signatureOf(kind)), quick = columns(undefined, { arena }).for(signatureOf(kind))
  const note = (length: number): string => 'x'.repeat(length)
  const values = Array.from({ length: 1500 }, (_, i) => encoder.encode(JSON.stringify({ a: i, note: note(i === 700 ? 2 ** 21 : random.chance(0.1) ? 9000 : 50), b: random.below(1e6) / 8 })))
  const records = batchFrom(values, undefined, false)
  const turned = Int32Array.from(values, (_, i) => values.length - 1 - i), some = Int32Array.from({ length: 300 }, (_, i) => i * 5)
  const mixed = Int32Array.from(values, () => random.below(values.length))
  for (const rows of [turned, some, mixed]) {
    const expected = plain.extract(records, rows), found = quick.extract(records, rows)
    assert.deepEqual([found.rows, found.rejected, found.features.tensors], [expected.rows, expected.rejected, expected.features.tensors])
    found.features.release()
  }
  seen = left = 0
  quick.extract(records, some).features.release()
  assert.deepEqual([seen, left], [some.length - 1, 0])
})

test('arena-full: tables, staging and matrices are left out, and the plain path does the work', () => {
  const small = createArena(65536, module, 65536), kind: Kind = { name: 'full', columns: ['a'], record: () => '' }
  compare(kind, columns().for(signatureOf(kind)), columns(undefined, { arena: small }).for(signatureOf(kind)), ['{"a":1}', '{"a":"x"}'].map(text => encoder.encode(text)), false)
  const arena = createArena(2 ** 20, module, 2 ** 22), extractor = columns(undefined, { arena }).for(signatureOf(kind)), room = kernelsOf(arena)!
  while (room.block(4096) !== undefined) { /* until it is full */ }
  compare(kind, columns().for(signatureOf(kind)), extractor, ['{"a":1}', '{"a":"x"}'].map(text => encoder.encode(text)), false)
})
