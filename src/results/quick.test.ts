import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Random } from '../../test/support/mutations.ts'
import { writeHeaders } from '../codecs/headers.ts'
import { batchOf, Packer } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { Predicted, RecordBatch, Result, Scored, Signature, Tensor, Written } from '../core/index.ts'
import { createArena } from '../kernels/arena.ts'
import { kernelsOf } from '../kernels/host.ts'
import { kernelModule } from '../strategies/kernels.ts'
import { merge, object } from './index.ts'
import type { ResultOptions } from './index.ts'

/** The plain path is the judge: batches; FUZZ=100000 for a long run, SEED for another. */
const FUZZ = Number(process.env['FUZZ'] ?? 400), SEED = Number(process.env['SEED'] ?? 1)
const encoder = new TextEncoder(), module = (await kernelModule())!

type Arena = ReturnType<typeof createArena>
const arenaOf = (bytes: number): Arena => createArena(bytes, module, 2 ** 22)

interface Row { readonly value: string | null; readonly key?: string | null; readonly headers?: readonly string[] }
function batch(rows: readonly Row[], partition = 'rides/3', arena?: Arena): RecordBatch {
  const packer = new Packer(rows.length, 64, arena)
  rows.forEach(({ value, key = null, headers }, i) => {
    packer.row(1000 + i)
    let start = packer.length
    if (key !== null) { packer.text(key); packer.setKey(start) }
    start = packer.length
    if (value !== null) { packer.text(value); packer.setValue(start) }
    start = packer.length
    if (headers !== undefined) { writeHeaders(packer, headers.map(name => ({ name, value: encoder.encode(name) }))); packer.setHeaders(start) }
    packer.byte(10)
  })
  return batchOf(packer.finish(undefined, () => packer.free()), { partition, offsets: Float64Array.from(rows, (_, i) => 2 ** 40 + i * 3), from: 0n, next: 2n ** 50n })
}
const answer = (outputs: { readonly [name: string]: Tensor }, version = '7'): Predicted =>
  ({ outputs: { rows: Object.values(outputs)[0]!.shape[0]!, tensors: new Map(Object.entries(outputs)), release() {} }, models: [{ name: 'eta', version }], rejected: [] })
const signatureOf = ({ outputs }: Predicted): Signature => ({ inputs: [], outputs: [...outputs.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape: [-1, ...shape.slice(1)] })) })
const scoredBy = (records: RecordBatch, of: Predicted): Scored => ({ parts: [of], part: Int32Array.from(records.values.start, start => start < 0 ? -1 : 0), at: Int32Array.from(records.values.start, (_, i) => i) })

function told({ records, rows, rejected }: Written): unknown {
  const { bytes, keys, values, headers, timesMs } = records
  return { rows: [...rows], bytes: Buffer.from(bytes).toString('latin1'), keys: [[...keys.start], [...keys.end]], values: [[...values.start], [...values.end]], headers: headers && [[...headers.start], [...headers.end]], timesMs: [...timesMs],
    rejected: rejected.map(({ row, stage, error: { code, message } }) => ({ row, stage, code, message })) }
}

/** How many rows kernels were asked for and how many they wrote. */
interface Count { asked: number; wrote: number; calls: number }
/** Counts on the arena's own kernels, which do the work. */
function counting(arena: Arena): Count {
  const kernels = kernelsOf(arena)!, count: Count = { asked: 0, wrote: 0, calls: 0 }
  const { writeResults } = kernels.run
  ;(kernels as { run: object }).run = { ...kernels.run, writeResults(plan: number, index: number, from: number, last: number, ...more: [number, number, number, number, number]) {
    const stopped = writeResults(plan, index, from, last, ...more)
    count.calls++
    count.asked += stopped - from + (stopped < last ? 1 : 0)
    count.wrote += stopped - from
    return stopped
  } }
  return count
}

type Make = (options: ResultOptions) => Result
/** The same bytes, index and rejections with kernels and without. */
function same(make: Make, records: RecordBatch, scored: Scored, arena: Arena): void {
  const [plain, quick] = [make({}), make({ arena })] as const
  for (const result of [plain, quick]) result.check(signatureOf(scored.parts[0]!))
  const made = quick.write(records, scored)
  assert.deepEqual(told(made), told(plain.write(records, scored)))
  made.records.release()
}

const floats = (rows: number, random: Random): Tensor => ({ dtype: 'float32', shape: [rows], data: Float32Array.from({ length: rows }, () => random.chance(0.05) ? NaN : random.bits() / 2 ** 31 - 1) })
const doubles = (rows: number, random: Random): Tensor => ({ dtype: 'float64', shape: [rows], data: Float64Array.from({ length: rows }, () => (random.bits() / 2 ** 31 - 1) * 10 ** (random.below(50) - 25)) })
const lists = (rows: number, width: number, random: Random): Tensor => ({ dtype: 'float32', shape: [rows, width], data: Float32Array.from({ length: rows * width }, () => random.below(100) / 100) })
const ints = (rows: number, random: Random): Tensor => ({ dtype: 'int32', shape: [rows], data: Int32Array.from({ length: rows }, () => random.bits()) })
const bools = (rows: number, random: Random): Tensor => ({ dtype: 'bool', shape: [rows], data: Uint8Array.from({ length: rows }, () => random.below(3)) })

const NAMES = ['eta', 'p', '', 'a"b', '\\', 'K\u00f6ln', 'on', '\ud83d\ude00', 'x'.repeat(40), '__proto__', 'a longer name', 'n\n', 'prediction', 'eta"', ':', '\u00e9']
const PIECES = [...NAMES, 'etab', 'beta', 'position', 'e', '', '"', '\\u', 'description', '}', '{', '"eta":', '\t', '\u0000', 'y'.repeat(20)]
const escaped = (text: string): string => `"${text.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
function record(random: Random, depth = 0): string {
  const blank = (): string => random.chance(0.05) ? random.one([' ', '\n', '\t', '  ', '\r', '\r\n']) : ''
  const spelt = (text: string): string => random.chance(0.03) ? escaped(text) : JSON.stringify(text)
  const word = (names: readonly string[]): string => spelt(random.chance(0.7) ? `f${random.below(30)}` : random.one(names) + (random.chance(0.3) ? random.one(names) : ''))
  const value = (): string => {
    switch (random.below(depth > 2 ? 4 : 6)) {
      case 0: return word(PIECES)
      case 1: return String(random.bits() / 2 ** random.below(40))
      case 2: return random.one(['null', 'true', '12345678901234567890', '1.0', '-0'])
      case 3: return '"text"'
      case 4: return record(random, depth + 1)
      default: return `[${blank()}${Array.from({ length: random.below(4) }, value).join(`,${blank()}`)}]`
    }
  }
  const names = random.chance(0.15) ? PIECES : ['id', 'name', 'position']
  return `{${blank()}${Array.from({ length: random.below(random.chance(0.1) ? 40 : 6) }, () => `${word(names)}${blank()}:${blank()}${value()}${blank()}`).join(`,${blank()}`)}}`
}

test('result-otherwise: random records, outputs and names give the bytes of the plain path', (t: TestContext) => {
  const random = new Random(SEED), arena = arenaOf(2 ** 22), count = counting(arena)
  for (let round = 0; round < FUZZ; round++) {
    const rows = random.chance(0.1) ? 500 + random.below(700) : 1 + random.below(60), tidy = random.chance(0.5)
    const records = batch(Array.from({ length: rows }, (): Row => ({
      value: random.chance(0.03) ? null : random.chance(0.02) ? `${random.one(['\ufeff', ' ', '\n'])}${record(random)}${random.one(['', ' ', '\n'])}` : tidy ? `{"id":${random.bits()},"name":"x"}` : record(random),
      ...random.chance(0.5) ? { key: random.one([null, '', 'k', 'a key that is longer than a vector', 'z'.repeat(300)]) } : {},
      ...random.chance(0.1) ? { headers: ['trace', 'h'.repeat(random.below(40))] } : {},
    })), random.one(['rides/3', 'a "b"\\', '\u00fc.csv']), random.chance(0.5) ? arena : undefined)
    const of: Predicted = { ...answer({ f: floats(rows, random), d: doubles(rows, random), l: lists(rows, random.below(4), random), i: ints(rows, random), b: bools(rows, random) }), models: [{ name: 'eta', version: '7' }, { name: 'a"\u00fc', version: '\\' }],
      ...random.chance(0.3) ? { by: Int32Array.from({ length: rows }, () => random.below(2)) } : {} }
    const { part, at } = scoredBy(records, of)
    for (let row = 0; row < rows; row++) {
      if (random.chance(0.05)) part[row] = -1
      if (random.chance(0.05)) at[row] = random.below(rows)
    }
    const fields = Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.one(NAMES), random.one(['f', 'd', 'l', 'i', 'b'])]))
    const taken = Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.one(['one', ...NAMES]), random.one(['id', 'name', '$.id', '$.name', '$.f3', '$.f1', '$.position', '$.eta', '$.K\u00f6ln', '$.on', `$.${'x'.repeat(40)}`, ...random.chance(0.1) ? ['$.f3[0]'] : []])]))
    const origin = random.chance(0.5), make: Make = random.chance(0.5) ? options => merge(fields, { ...options, origin }) : options => object({ ...taken, ...fields }, { ...options, origin })
    try { same(make, records, { parts: [of], part, at }, arena) } catch (error) {
      if (error instanceof Error) error.message = `round ${round}, ${JSON.stringify([taken, fields])}, origin ${origin}: ${error.message.slice(0, 2000)}`
      throw error
    }
    records.release()
  }
  assert.ok(arena.reserve(2 ** 22), 'something was not given back')
  t.diagnostic(`${count.wrote} of ${count.asked} rows by kernels`)
  assert.ok(count.wrote > count.asked * 0.7, `${count.wrote} of ${count.asked}`)
})

test('kernels-idle: the common results are written by them, each row', () => {
  const random = new Random(SEED), rows = 1500
  const records = batch(Array.from({ length: rows }, (_, i) => ({ value: JSON.stringify({ id: i, text: 'a "quoted" word\nand a line', beta: [1] }), key: 'k' })))
  const of = answer({ f: floats(rows, random) })
  for (const make of [(options: ResultOptions) => merge({ eta: 'f' }, options), (options: ResultOptions) => object({ eta: 'f', a: 'id', b: 'beta', c: '$.none' }, options), (options: ResultOptions) => merge({ eta: 'f' }, { ...options, origin: false })]) {
    const arena = arenaOf(2 ** 22), count = counting(arena)
    same(make, records, scoredBy(records, of), arena)
    assert.equal(count.wrote, rows)
  }
})

test('names that must be seen: wherever they lie against the vectors, with others that end as they do', () => {
  const of = answer({ f: floats(64, new Random(1)) }), arena = arenaOf(2 ** 22)
  for (const name of ['a', 'ab', 'eta', 'exactly16bytes__', 'seventeen bytes__', 'x'.repeat(40), '\u00fc', 'a"b', 'a\\b']) {
    for (const other of [name, `z${name}`, `${name}z`, name.slice(1)].flatMap(text => [JSON.stringify(text), escaped(text), `"a\\n":1,${JSON.stringify(text)}`])) {
      const count = counting(arena), records = batch(Array.from({ length: 64 }, (_, i) => ({ value: `{"${'f'.repeat(i)}":"\\\\",${other} :2}` })))
      same(options => merge({ [name]: 'f' }, { ...options, origin: false }), records, scoredBy(records, of), arena)
      if (other === JSON.stringify(name) || other === escaped(name)) assert.equal(count.wrote, 0)
    }
  }
})

test('another-member: names as long as the one that is taken, that differ in one place', () => {
  const of = answer({ f: floats(64, new Random(1)) }), arena = arenaOf(2 ** 22)
  for (const length of [1, 15, 16, 17, 32, 33, 62]) {
    const name = 'x'.repeat(length), count = counting(arena)
    const records = batch(Array.from({ length: 64 }, (_, i) => ({ value: JSON.stringify({ [name]: 1, [`${'x'.repeat(i % length)}y${'x'.repeat(length - i % length - 1)}`]: 2 }) })))
    same(options => object({ a: `$.${name}`, f: 'f' }, options), records, scoredBy(records, of), arena)
    assert.equal(count.wrote, 64)
  }
})

test('no-room-for-copies: a long member that is taken three times', () => {
  const random = new Random(1), rows = 300, records = batch(Array.from({ length: rows }, (_, i) => ({ value: `{"long":"${String(i).repeat(300)}","x":1}`, key: 'k'.repeat(i) }))), of = answer({ f: floats(rows, random) })
  for (const bytes of [2 ** 19, 2 ** 20, 2 ** 24]) same(options => object({ a: 'long', b: 'long', c: '$.long', x: 'x', f: 'f' }, options), records, scoredBy(records, of), arenaOf(bytes))
})

test('all-rows-left: when every record has the field already, kernels are asked for a few only', () => {
  const arena = arenaOf(2 ** 22), count = counting(arena), records = batch(Array.from({ length: 1000 }, () => ({ value: '{"eta":1,"b":2}' })))
  const of = answer({ f: floats(1000, new Random(1)) })
  same(options => merge({ eta: 'f' }, options), records, scoredBy(records, of), arena)
  assert.ok(count.calls < 60, `${count.calls}`)
})

test('arena-full: in the middle of a batch, and from the beginning', () => {
  const random = new Random(1), rows = 2000, of = answer({ l: lists(rows, 30, random) }), records = batch(Array.from({ length: rows }, (_, i) => ({ value: `{"id":${i}}`, key: 'key' })))
  for (const bytes of [65536, 2 ** 19, 2 ** 20, 2 ** 23]) same(options => object({ l: 'l' }, options), records, scoredBy(records, of), arenaOf(bytes))
})

test('records that cannot be copied in are written all the same', () => {
  const random = new Random(1), rows = 40, records = batch(Array.from({ length: rows }, (_, i) => ({ value: `{"id":"${'x'.repeat(i % 10 === 0 ? 1_200_000 : 100)}"}` })))
  same(options => merge({ eta: 'f' }, options), records, scoredBy(records, answer({ f: floats(rows, random) })), arenaOf(2 ** 26))
})

test('several parts, halves, no rows, words, wide integers: the plain path', () => {
  const random = new Random(1), rows = 20, records = batch(Array.from({ length: rows }, (_, i) => ({ value: i === 3 ? null : `{"id":${i}}` }))), arena = arenaOf(2 ** 22)
  const [one, two] = [answer({ f: floats(rows, random) }, '1'), answer({ f: floats(rows, random) }, '2')], { at } = scoredBy(records, one)
  const make: Make = options => merge({ eta: 'f' }, options)
  same(make, records, { parts: [one, two], part: at.map((row, i) => i === 3 ? -1 : row & 1), at }, arena)
  same(make, { ...records, rejected: [{ row: 3, stage: 'source', error: new SluiceError('SLUICE_RECORD_TOO_LARGE', 'x') }] }, scoredBy(records, one), arena)
  const tombstones = batch(Array.from({ length: rows }, () => ({ value: null, key: 'k' }))), result = make({ arena })
  result.check(signatureOf(one))
  assert.equal(result.write(tombstones, { parts: [], part: new Int32Array(rows).fill(-1), at }).records.rows, rows)
  const words: Tensor = { dtype: 'string', shape: [rows], data: { codes: new Int32Array(rows), words: ['a'] } }, wide: Tensor = { dtype: 'int64', shape: [rows], data: new BigInt64Array(rows).fill(2n ** 60n) }
  same(options => object({ w: 'w', l: 'l' }, options), records, scoredBy(records, answer({ w: words, l: wide })), arena)
})
