import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvCells } from '../codecs/csv.ts'
import { parseObject } from '../codecs/json.ts'
import { readHeaders, writeHeaders } from '../codecs/headers.ts'
import { Packer, batchOf, partOf } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { DType, Predicted, RecordBatch, Records, Rejection, Result, Scored, Signature, Tensor, TensorData } from '../core/index.ts'
import { custom, merge, object, rejects } from './index.ts'
import type { Prediction, RecordOrigin } from './index.ts'

// the same cases each time; others with SEED=n
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })

const encoder = new TextEncoder(), decoder = new TextDecoder()
interface Row { readonly key?: string | null; readonly value: string | Uint8Array | null; readonly headers?: readonly [string, string][] }
function batch(rows: readonly (string | null | Row)[], header?: readonly string[], partition = 'rides/3'): RecordBatch {
  const packer = new Packer(rows.length, 64)
  rows.forEach((row, i) => {
    const { key = null, value, headers }: Row = typeof row === 'string' || row === null ? { value: row } : row
    packer.row(1000 + i)
    let start = packer.length
    if (key !== null) { packer.text(key); packer.setKey(start) }
    start = packer.length
    if (value !== null) { if (typeof value === 'string') packer.text(value); else packer.append(value); packer.setValue(start) }
    start = packer.length
    if (headers !== undefined) { writeHeaders(packer, headers.map(([name, text]) => ({ name, value: encoder.encode(text) }))); packer.setHeaders(start) }
  })
  return batchOf(packer.finish(header), { partition, offsets: Float64Array.from(rows, (_, i) => 100 + i * 10), from: 100n, next: 1000n })
}
const tensor = (dtype: DType, data: TensorData, width?: number): Tensor => {
  const length = 'words' in data ? data.codes.length : data.length
  return { dtype, shape: width === undefined ? [length] : [length / width, width], data }
}
const answer = (outputs: { readonly [name: string]: Tensor }, version = '7'): Predicted =>
  ({ outputs: { rows: Object.values(outputs)[0]?.shape[0] ?? 0, tensors: new Map(Object.entries(outputs)), release() {} }, models: [{ name: 'eta', version }], rejected: [] })
/** Every row that is no tombstone is answered by the row of the same number. */
const scoredBy = (records: RecordBatch, of: Predicted): Scored => ({ parts: [of], part: Int32Array.from(records.values.start, start => start < 0 ? -1 : 0), at: Int32Array.from(records.values.start, (_, i) => i) })
const signatureOf = ({ outputs }: Predicted): Signature => ({ inputs: [], outputs: [...outputs.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape: [-1, ...shape.slice(1)] })) })
const textsOf = (records: Records): (string | null)[] => Array.from({ length: records.rows }, (_, row) => { const value = partOf(records, records.values, row); return value && decoder.decode(value) })
function write(result: Result, records: RecordBatch, of: Predicted): { texts: (string | null)[]; columns: readonly string[] | undefined; rejected: string[]; rows: number[]; records: Records } {
  result.check(signatureOf(of))
  const written = result.write(records, scoredBy(records, of))
  assert.equal(written.rows.length, written.records.rows)
  return { texts: textsOf(written.records), columns: written.records.columns, rejected: written.rejected.map(({ row, stage, error }) => `${row} ${stage} ${error.code}`), rows: [...written.rows], records: written.records }
}
const numbers = (...data: number[]): Tensor => tensor('float64', Float64Array.from(data))
const bare = { origin: false } as const

test('bytes-stay-as-they-are: large numbers, order, spelling, white space', () => {
  const value = '{ "id":12345678901234567890, "b":1.0,"a" : "\\u00fc\\/" ,"n":1e400 }'
  assert.deepEqual(write(merge({ eta: 'minutes' }), batch([value]), answer({ minutes: numbers(12.5) })).texts,
    ['{ "id":12345678901234567890, "b":1.0,"a" : "\\u00fc\\/" ,"n":1e400,"eta":12.5,"__sluice":{"model":"eta","version":"7","source":"rides/3@100"} }'])
})

test('pretty-printed records become one line; inside texts nothing changes', () => {
  const values = ['{\n  "a": "x\\ny",\r\n  "b": 1\n}', '{\n"eta": 9,\n"b": 1}']
  assert.deepEqual(write(merge({ eta: 'p' }, bare), batch(values), answer({ p: numbers(0.5, 0.5) })).texts,
    ['{   "a": "x\\ny",    "b": 1,"eta":0.5 }', '{ "b": 1,"eta":0.5}'])
})

test('field-that-exists is taken out wherever it stands and however it is written', () => {
  const of = answer({ p: numbers(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5) })
  const values = ['{"eta":1}', '{"a":1,"eta":{"x":[1,"}"]},"b":2}', '{ "eta" : 1 , "a":1}', '{"a":1, "\\u0065ta":"x" }', '{"eta":1,"a":0,"eta":2}', '{"a":{"eta":1}}', '{}', ' { } ', '{"a":"\\"eta\\":1"}']
  assert.deepEqual(write(merge({ eta: 'p' }, bare), batch(values), of).texts,
    ['{"eta":0.5}', '{"a":1,"b":2,"eta":0.5}', '{ "a":1,"eta":0.5}', '{"a":1,"eta":0.5}', '{"a":0,"eta":0.5}', '{"a":{"eta":1},"eta":0.5}', '{"eta":0.5}', '{"eta":0.5 }', '{"a":"\\"eta\\":1","eta":0.5}'])
  const again = write(merge({ eta: 'p' }), batch(['{"a":1,"eta":3,"__sluice":{"model":"old"}}']), of).texts[0]!
  assert.deepEqual(JSON.parse(again), { a: 1, eta: 0.5, __sluice: { model: 'eta', version: '7', source: 'rides/3@100' } })
  assert.equal(again.indexOf('__sluice'), again.lastIndexOf('__sluice'))
})

test('merge is parse, add, stringify; on any JSON', () => {
  const name = fc.oneof(fc.constantFrom('eta', '__sluice', 'a', '', 'a"b', '\\', '\u00fc', '__proto__'), fc.string({ unit: 'grapheme', maxLength: 4 }))
  const members = fc.array(fc.tuple(name, fc.jsonValue({ maxDepth: 2 })), { maxLength: 5 })
  fc.assert(fc.property(fc.array(fc.record({ members, space: fc.constantFrom('', ' ', '\n ', '\t'), escape: fc.boolean() }), { minLength: 1, maxLength: 5 }), fc.uniqueArray(name, { minLength: 0, maxLength: 3 }), fc.boolean(), fc.boolean(), (rows, names, origin, bom) => {
    if (origin && names.includes('__sluice')) return
    const spell = (text: string, escape: boolean): string => escape ? `"${text.split('').map(char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"` : JSON.stringify(text)
    const values = rows.map(({ members: all, space, escape }) => `${bom ? '\ufeff' : ''}${space}{${space}${all.map(([key, value]) => `${spell(key, escape)}${space}:${space}${JSON.stringify(value, null, space)}${space}`).join(`,${space}`)}}${space}`)
    const of = answer({ p: tensor('float64', Float64Array.from(rows, (_, i) => i + 0.25)) })
    const { texts, rejected } = write(merge(Object.fromEntries(names.map(field => [field, 'p'])), { origin }), batch(values), of)
    assert.deepEqual(rejected, [])
    texts.forEach((text, i) => {
      const expected = new Map(Object.entries(parseObject(values[i]!.replace('\ufeff', ''))))
      for (const field of names) expected.set(field, i + 0.25)
      if (origin) expected.set('__sluice', { model: 'eta', version: '7', source: `rides/3@${100 + i * 10}` })
      // as texts: __proto__ is a name here
      const sorted = (entries: Iterable<[string, unknown]>): string => JSON.stringify([...entries].sort(([a], [b]) => a < b ? -1 : 1))
      assert.equal(sorted(Object.entries(parseObject(text!))), sorted(expected), `${values[i]} -> ${text}`)
      for (const field of names) assert.equal(text!.split(`${JSON.stringify(field)}:${i + 0.25}`).length >= 2, true)
    })
  }), { numRuns: 500 })
})

test('hostile-value under a merge: an error of the record, and its neighbours are written', () => {
  const nasty = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'eta', ' ', '"eta"'), { maxLength: 20 }).map(parts => encoder.encode(`{${parts.join('')}}`)))
  fc.assert(fc.property(nasty, value => {
    for (const [result, header] of [[merge({ eta: 'p' })], [object({ eta: 'p', x: '$.eta[0]' })], [merge({ eta: 'p' }), ['eta', 'b']], [custom(() => ({}))], [object({ eta: 'p', x: '$.b' }), ['a', 'b']]] as const) {
      const good = header === undefined ? '{}' : '1,2'
      const { rows, rejected } = write(result, batch([good, { value }, good], header), answer({ p: numbers(1, 2, 3) }))
      assert.ok(rows.includes(0) && rows.includes(2))
      assert.equal(rows.length + rejected.length, 3)
    }
  }), { numRuns: 500 })
})

test('numbers read back to the bit; what JSON lacks is null, and has its name in CSV', () => {
  fc.assert(fc.property(fc.double(), x => {
    const of = answer({ d: numbers(x), f: tensor('float32', Float32Array.of(x)) })
    const { d, f } = JSON.parse(write(object({ d: 'd', f: 'f' }, bare), batch(['{}']), of).texts[0]!) as { d: number | null; f: number | null }
    assert.equal(d, Number.isFinite(x) ? x + 0 : null)
    assert.equal(f, Number.isFinite(Math.fround(x)) ? Math.fround(x) + 0 : null)
    const cells = csvCells(write(object({ d: 'd', f: 'f' }, { ...bare, codec: 'csv' }), batch(['{}']), of).texts[0]!)
    assert.deepEqual(cells.map(Number), [x + 0, Math.fround(x) + 0])
  }))
})

test('outputs of every type, one and several a row', () => {
  const of = answer({
    i: tensor('int32', Int32Array.of(3, -1)), l: tensor('int64', BigInt64Array.of(9007199254740993n, 1n)), b: tensor('bool', Uint8Array.of(1, 0)),
    s: tensor('string', { codes: Int32Array.of(1, -1), words: ['x', 'a "b",\n'] }), p: tensor('float32', Float32Array.of(0.5, 0.25, 1, NaN), 2), q: tensor('float64', Float64Array.of(1, 2), 1) })
  const fields = { i: 'i', l: 'l', b: 'b', s: 's', p: 'p', q: 'q' }
  assert.deepEqual(write(merge(fields, bare), batch(['{}', '{}']), of).texts,
    ['{"i":3,"l":9007199254740993,"b":true,"s":"a \\"b\\",\\n","p":[0.5,0.25],"q":[1]}', '{"i":-1,"l":1,"b":false,"s":null,"p":[1,null],"q":[2]}'])
  const csv = write(merge(fields, bare), batch(['1', '2'], ['x']), of)
  assert.deepEqual([csv.texts, csv.columns], [['1,3,9007199254740993,true,"a ""b"",\n",0.5,0.25,1', '2,-1,1,false,,1,NaN,2'], ['x', 'i', 'l', 'b', 's', 'p_0', 'p_1', 'q_0']])
  const seen: Prediction[] = []
  write(custom((_, prediction) => { seen.push(prediction); return null }), batch(['{}', '{}']), of)
  assert.deepEqual(seen, [{ i: 3, l: 9007199254740993n, b: true, s: 'a "b",\n', p: [0.5, 0.25], q: [1] }, { i: -1, l: 1n, b: false, s: null, p: [1, NaN], q: [2] }])
})

test('csv-into-csv appends to the line as it is; a column of that name is replaced; origin in columns', () => {
  const of = answer({ p: numbers(0.5) })
  const plain = write(merge({ eta: 'p' }), batch(['1.0,"a, ""b""",\u00fc'], ['x', 'y', 'z'], 'a,b.csv'), of)
  assert.deepEqual([plain.texts, plain.columns], [['1.0,"a, ""b""",\u00fc,0.5,eta,7,"a,b.csv@100"'], ['x', 'y', 'z', 'eta', '__sluice.model', '__sluice.version', '__sluice.source']])
  const replaced = write(merge({ eta: 'p' }, bare), batch(['9,"a, ""b""",'], ['eta', 'y', 'z']), of)
  assert.deepEqual([replaced.texts, replaced.columns], [['"a, ""b""",,0.5'], ['y', 'z', 'eta']])
  assert.deepEqual(write(merge({ eta: 'p' }, bare), batch(['9'], ['eta']), of).texts, ['0.5'])
})

test('csv-round-trip through a merge: every cell survives', () => {
  const cell = fc.oneof(fc.constant(null), fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', '\u00fc'), maxLength: 5 }))
  fc.assert(fc.property(fc.array(cell, { minLength: 3, maxLength: 3 }), fc.constantFrom('eta', 'd'), (cells, field) => {
    const line = cells.map(one => one === null ? '' : `"${one.replaceAll('"', '""')}"`).join(',')
    const of = answer({ p: numbers(0.5) }), columns = ['a', 'eta', 'c']
    const csv = write(merge({ [field]: 'p' }, bare), batch([line], columns), of)
    const expected = new Map<string, unknown>([['a', cells[0]], ['eta', cells[1]], ['c', cells[2]]])
    expected.delete(field)
    assert.deepEqual(new Map(csvCells(csv.texts[0]!).map((one, i) => [csv.columns![i]!, one])), new Map([...expected, [field, '0.5']]))
    assert.deepEqual(new Map(Object.entries(JSON.parse(write(merge({ [field]: 'p' }, { ...bare, codec: 'json' }), batch([line], columns), of).texts[0]!) as object)), new Map([...expected, [field, 0.5]]))
  }))
})

test('json-into-csv only with the columns named', () => {
  const of = answer({ p: tensor('float64', Float64Array.of(1, 2, 3, 4), 2) })
  assert.throws(() => write(merge({ p: 'p' }, { codec: 'csv' }), batch(['{}']), of), (error: SluiceError) => error.code === 'SLUICE_CONFIG_INVALID' && error.severity === 'fatal')
  assert.throws(() => custom(() => null, { codec: 'csv' }), (error: SluiceError) => error.code === 'SLUICE_CONFIG_INVALID')
  const { texts, columns } = write(object({ id: 'id', t: 'a.text', o: 'a', p: 'p', n: '$.none' }, { codec: 'csv', origin: false }),
    batch(['{"id":12345678901234567890,"a":{"text":"x, \\"y\\""}}', '{"id":null,"a":{"text":""}}']), of)
  assert.deepEqual(columns, ['id', 't', 'o', 'p_0', 'p_1', 'n'])
  assert.deepEqual(texts.map(text => csvCells(text!)), [['12345678901234567890', 'x, "y"', '{"text":"x, \\"y\\""}', '1', '2', null], [null, '', '{"text":""}', '3', '4', null]])
})

test('object: outputs first, then paths; bytes kept; a misspelt name is no null', () => {
  const of = answer({ p: numbers(0.5, 0.5), 'odd output': numbers(1, 2) })
  const result = object({ id: 'id', deep: 'a.b[1]', p: 'p', old: '$.p', gone: '$.gone', odd: 'odd output' })
  const { texts, rejected } = write(result, batch(['{"id":12345678901234567890,"a":{"b":[1,{"c": 1.0}]},"p":"mine"}', '{"a":{"b":[1,2]}}']), of)
  assert.deepEqual(texts, ['{"id":12345678901234567890,"deep":{"c": 1.0},"p":0.5,"old":"mine","gone":null,"odd":1,"__sluice":{"model":"eta","version":"7","source":"rides/3@100"}}'])
  assert.deepEqual(rejected, ['1 result SLUICE_RESULT_FAILED'])
  const csv = write(object({ a: 'b', n: 'c', p: 'p' }, { codec: 'json', origin: false }), batch([',x "y"', 'z,'], ['c', 'b']), answer({ p: numbers(1, 2) }))
  assert.deepEqual([csv.texts, csv.rejected], [['{"a":null,"n":"z","p":2}'], ['0 result SLUICE_CSV_BROKEN']])
})

test('records that are lists: paths of an object begin with an index; a function is given the list; nothing can be merged', () => {
  const records = ['[7,{"id":1.0},"x"]', ' [8] ', '{"id":9}'], of = answer({ p: numbers(0.5, 0.25, 0.125) })
  assert.deepEqual(write(object({ a: '$[0]', id: '$[1].id', all: '$[2]', p: 'p' }, bare), batch(records), of).texts, ['{"a":7,"id":1.0,"all":"x","p":0.5}', '{"a":8,"id":null,"all":null,"p":0.25}', '{"a":null,"id":null,"all":null,"p":0.125}'])
  assert.deepEqual(write(object({ id: '[1].id' }, bare), batch(records), of).rejected, ['1 result SLUICE_RESULT_FAILED', '2 result SLUICE_RESULT_FAILED'])
  assert.deepEqual(write(object({ id: 'id' }, bare), batch(records), of).rejected, ['0 result SLUICE_JSON_NO_OBJECT', '1 result SLUICE_JSON_NO_OBJECT'])
  assert.deepEqual(write(object({ p: 'p' }, bare), batch(records), of).texts, ['{"p":0.5}', '{"p":0.25}', '{"p":0.125}'])
  assert.deepEqual(write(custom(value => ({ n: (value as unknown as unknown[]).length ?? null }), bare), batch(records), of).texts, ['{"n":3}', '{"n":1}', '{"n":null}'])
  assert.deepEqual(write(merge({ p: 'p' }, bare), batch(records), of).rejected, ['0 result SLUICE_JSON_NO_OBJECT', '1 result SLUICE_JSON_NO_OBJECT'])
})

test('unknown-output lists those there are', () => {
  const signature = signatureOf(answer({ prediction: numbers(1), probability: numbers(1), cube: { dtype: 'float64', shape: [1, 2, 2], data: new Float64Array(4) } }))
  assert.throws(() => merge({ late: 'probabilty' }).check(signature), (error: SluiceError) => error.code === 'SLUICE_OUTPUT_UNKNOWN' && error.severity === 'fatal' && /prediction, probability/.test(error.message) && /'probability'/.test(error.fix))
  assert.throws(() => merge({ late: 'cube' }).check(signature), (error: SluiceError) => error.code === 'SLUICE_MODEL_UNSUPPORTED')
  assert.throws(() => object({ a: 'b..c' }).check(signature), (error: SluiceError) => error.code === 'SLUICE_CONFIG_INVALID' && /'a'/.test(error.message))
  assert.throws(() => merge({ __sluice: 'prediction' }), (error: SluiceError) => error.code === 'SLUICE_CONFIG_INVALID')
  merge({ __sluice: 'prediction' }, { origin: false }).check(signature)
})

test('function: null writes nothing, what it throws rejects, and its record tells its origin', () => {
  const origins: RecordOrigin[] = []
  const result = custom((value, { p }, origin) => {
    origins.push(origin)
    switch (value['do']) {
      case 'null': return null
      case 'throw': throw new RangeError('no')
      case 'bigint': return { x: 1n }
      case 'async': return Promise.resolve({})
      case 'array': return []
      case 'nothing': return undefined as unknown as null
      default: return { twice: (p as number) * 2 }
    }
  })
  const of = answer({ p: numbers(1, 2, 3, 4, 5, 6, 7) })
  const { texts, rows, rejected } = write(result, batch(['null', 'throw', 'bigint', 'async', 'array', 'nothing', 'ok'].map(what => `{"do":"${what}"}`)), of)
  assert.deepEqual([texts, rows], [['{"twice":14,"__sluice":{"model":"eta","version":"7","source":"rides/3@160"}}'], [6]])
  assert.deepEqual(rejected, [1, 2, 3, 4, 5].map(row => `${row} result SLUICE_RESULT_FAILED`))
  assert.deepEqual(origins[0], { model: 'eta', version: '7', source: 'rides/3@100', partition: 'rides/3', offset: 100 })
  const stop = custom(() => { throw new SluiceError('SLUICE_DISK_FULL', 'x') })
  assert.throws(() => write(stop, batch(['{}']), of), (error: SluiceError) => error.severity === 'fatal')
})

test('key, headers and time are kept; tombstones pass; unanswered and half-delivered rows do not', () => {
  const rejected: Rejection[] = [{ row: 4, stage: 'source', error: new SluiceError('SLUICE_RECORD_TOO_LARGE', 'x') }]
  const records = { ...batch([{ key: 'k\u00fc', value: '{}', headers: [['h', '1'], ['h', '2']] }, { key: 'gone', value: null, headers: [['t', 'x']] }, '{"a":1}', '{}', null]), rejected }
  const of = answer({ p: numbers(1, 2) })
  const result = merge({ p: 'p' }, bare)
  result.check(signatureOf(of))
  const { records: written, rows } = result.write(records, { parts: [of], part: Int32Array.of(0, -1, -1, 0, -1), at: Int32Array.of(1, 0, 0, 0, 0) })
  assert.deepEqual([textsOf(written), [...rows], [...written.timesMs]], [['{"p":2}', null, '{"p":1}'], [0, 1, 3], [1000, 1001, 1003]])
  assert.deepEqual([0, 1, 2].map(row => partOf(written, written.keys, row)).map(key => key && decoder.decode(key)), ['k\u00fc', 'gone', null])
  assert.deepEqual(readHeaders(written.bytes, written.headers!.start[0]!, written.headers!.end[0]!).map(({ name, value }) => name + decoder.decode(value!)), ['h1', 'h2'])
  assert.deepEqual([written.headers!.start[1]! >= 0, written.headers!.start[2]], [true, -1])
})

test('answers-of-several-parts and models: each row has its own', () => {
  const records = batch(['{}', '{}', '{}', '{}'])
  const first = answer({ p: numbers(1, 2) }, '1'), second = { ...answer({ p: numbers(3, 4) }), models: [{ name: 'a"', version: '2' }, { name: 'b', version: '3' }], by: Int32Array.of(1, 0) }
  const result = merge({ p: 'p' })
  result.check(signatureOf(first))
  const texts = textsOf(result.write(records, { parts: [first, second], part: Int32Array.of(1, 0, 1, 0), at: Int32Array.of(0, 0, 1, 1) }).records)
  assert.deepEqual(texts.map(text => { const { p, __sluice: { model, version } } = JSON.parse(text!) as { p: number; __sluice: { model: string; version: string } }; return [p, model, version] }),
    [[3, 'b', '3'], [1, 'eta', '1'], [4, 'a"', '2'], [2, 'eta', '1']])
})

test('batch-released: results and rejects have copied what they pass on', () => {
  const records = batch([{ key: 'k', value: '{"a":1}', headers: [['h', '1']] }]), of = answer({ p: numbers(1) })
  const { records: written } = write(merge({ p: 'p' }, bare), records, of)
  const rejected = rejects('eta').write(records, [{ row: 0, stage: 'sink', error: new SluiceError('SLUICE_RECORD_TOO_LARGE', 'x') }])
  records.bytes.fill(0x3f)
  assert.equal(textsOf(written)[0], '{"a":1,"p":1}')
  assert.deepEqual([textsOf(rejected)[0], decoder.decode(partOf(rejected, rejected.keys, 0)!)], ['{"a":1}', 'k'])
})

test('rejects: what came, unchanged, and where, which stage, why', () => {
  const broken = Uint8Array.of(0xff, 0, 0x7b)
  const records = batch([{ key: 'k', value: broken, headers: [['trace', 'abc'], ['__sluice.errors.code', 'OLD']] }, '{}', { key: null, value: null }], ['a'], 'file \u00fc.csv')
  const error = new SluiceError('SLUICE_JSON_BROKEN', 'br\u00f6ken', { at: 'character 3', why: 'w', fix: 'f' })
  const written = rejects('eta').write(records, [{ row: 0, stage: 'features', error }, { row: 1, stage: 'sink', error }, { row: 2, stage: 'route', error }])
  assert.deepEqual([0, 1, 2].map(row => partOf(written, written.values, row)), [broken, encoder.encode('{}'), null])
  assert.deepEqual([[...written.timesMs], written.columns], [[1000, 1001, 1002], ['a']])
  const headers = [0, 1, 2].map(row => readHeaders(written.bytes, written.headers!.start[row]!, written.headers!.end[row]!).map(({ name, value }) => [name, decoder.decode(value!)]))
  assert.deepEqual(headers[0], [['trace', 'abc'], ['__sluice.errors.code', 'OLD'],
    ...Object.entries({ partition: 'file \u00fc.csv', offset: '100', stage: 'FEATURES', code: 'SLUICE_JSON_BROKEN', message: 'br\u00f6ken', at: 'character 3', why: 'w', fix: 'f', pipeline: 'eta' }).map(([name, value]) => [`__sluice.errors.${name}`, value])])
  assert.deepEqual([headers[1]![1], headers[2]![2]], [['__sluice.errors.offset', '110'], ['__sluice.errors.stage', 'ROUTE']])
})

test('rejects: beside our names those of others, as their tools read them', () => {
  const records = { ...batch(['{}']), partition: 'rides/3' }, error = new SluiceError('SLUICE_JSON_BROKEN', 'broken', { why: 'w', fix: 'f' })
  const headersFor = (style: 'connect' | 'streams' | 'spring') => {
    const { bytes, headers } = rejects('eta', style).write(records, [{ row: 0, stage: 'features', error }])
    return new Map(readHeaders(bytes, headers!.start[0]!, headers!.end[0]!).map(({ name, value }) => [name, value!]))
  }
  const text = (value: Uint8Array | undefined): string => decoder.decode(value)
  const connect = headersFor('connect'), streams = headersFor('streams'), spring = headersFor('spring')
  assert.equal(text(connect.get('__sluice.errors.code')), 'SLUICE_JSON_BROKEN')
  assert.deepEqual(['topic', 'partition', 'offset', 'connector.name', 'stage', 'exception.class.name', 'exception.message'].map(name => text(connect.get(`__connect.errors.${name}`))),
    ['rides', '3', '100', 'eta', 'FEATURES', 'SLUICE_JSON_BROKEN', 'broken'])
  assert.deepEqual(['topic', 'partition', 'offset', 'exception', 'message'].map(name => text(streams.get(`__streams.errors.${name}`))), ['rides', '3', '100', 'SLUICE_JSON_BROKEN', 'broken'])
  assert.match(text(streams.get('__streams.errors.stacktrace')), /why: w\nfix: f/)
  assert.deepEqual([...spring.get('kafka_dlt-original-partition')!], [0, 0, 0, 3])
  assert.deepEqual([...spring.get('kafka_dlt-original-offset')!], [0, 0, 0, 0, 0, 0, 0, 100])
  assert.equal(text(spring.get('kafka_dlt-original-topic')), 'rides')
})
