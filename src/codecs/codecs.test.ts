import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../core/index.ts'
import type { Records } from '../core/index.ts'
import { csvCells, csvNumber, encodeCsvCell, encodeCsvLine, endOfCsvRecord } from './csv.ts'
import { parseObject } from './json.ts'
import { eachMember, isName, objectAt, rangeAt } from './json-bytes.ts'
import { readHeaders, writeHeaders } from './headers.ts'
import { Packer } from './pack.ts'
import { didYouMean, follow, nameAsPath, parsePath } from './paths.ts'
import { valuesOf } from './values.ts'

// the same cases each time; others with SEED=n
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })

const encoder = new TextEncoder()
export function recordsOf(values: readonly (string | Uint8Array | null)[], columns?: readonly string[], between = 0x2c): Records {
  const packer = new Packer(values.length, 64)
  for (const value of values) {
    packer.row(0)
    const start = packer.length
    if (value === null) continue
    if (typeof value === 'string') packer.text(value); else packer.append(value)
    packer.setValue(start)
    packer.byte(between)
  }
  return packer.finish(columns)
}
const code = (name: string) => (error: unknown): boolean => error instanceof SluiceError && error.code === name && error.severity === 'record'
const json = (text: string): unknown => text.startsWith('{') ? parseObject(text) : JSON.parse(text)

test('broken-json says where', () => {
  const open = (text: string | Uint8Array): void => valuesOf(recordsOf([text]), []).open(0)
  assert.throws(() => open('{"a": 1,}'), (error: SluiceError) => error.code === 'SLUICE_JSON_BROKEN' && error.at === 'character 8 of the value')
  assert.throws(() => open('{"a": 1'), /ends|character 7/)
  for (const text of ['', ' ', '{', '{"a":NaN}', "{'a':1}", '{"a":1}{"b":2}', '{"a":"\n"}', '{"a":01}', 'nan', '\u0000']) assert.throws(() => open(text), code('SLUICE_JSON_BROKEN'), text)
  for (const text of ['1', 'null', '"x"', '[{}]', 'true']) assert.throws(() => open(text), code('SLUICE_JSON_NO_OBJECT'), text)
})

test('invalid-utf8 is rejected, with its byte, and its neighbours are read', () => {
  const bad = Uint8Array.of(...encoder.encode('{"a":"'), 0xff, ...encoder.encode('"}'))
  const truncated = Uint8Array.of(...encoder.encode('{"a":"'), 0xe2, 0x82, ...encoder.encode('"}'))
  const surrogate = Uint8Array.of(...encoder.encode('{"a":"'), 0xed, 0xa0, 0x80, ...encoder.encode('"}'))
  const values = valuesOf(recordsOf(['{"a":1}', bad, '{"a":"\u00fc"}', truncated, surrogate, '{"a":2}']), [parsePath('a')])
  for (const row of [1, 3, 4]) assert.throws(() => values.open(row), (error: SluiceError) => code('SLUICE_UTF8_BROKEN')(error) && error.at === 'byte 6 of the value')
  for (const [row, expected] of [[0, 1], [2, '\u00fc'], [5, 2]] as const) { values.open(row); assert.equal(values.at(0), expected) }
})

test('invalid-utf8 among nothing but ASCII, and between the values', () => {
  const values = valuesOf(recordsOf(['{"a":1}', Uint8Array.of(...encoder.encode('{"a":"'), 0xff, ...encoder.encode('"}')), '{"a":3}']), [parsePath('a')])
  assert.throws(() => values.open(1), code('SLUICE_UTF8_BROKEN'))
  const apart = valuesOf(recordsOf(['{"a":1}', '{"a":2}'], undefined, 0xff), [parsePath('a')])
  for (const row of [0, 1]) { apart.open(row); assert.equal(apart.at(0), row + 1) }
})

test('rows-in-any-order, larger and smaller than what is decoded at once', () => {
  const sizes = [10, 70_000, 10, 30_000, 30_000, 30_000, 200_000, 10, 65_536]
  const texts = sizes.map((size, i) => `{"a":${i},"pad":"${(i % 3 === 1 ? '\u00fc' : 'x').repeat(size)}"}`), records = recordsOf(texts)
  for (const rows of [[0, 1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1, 0], [3, 0, 3, 8, 1, 5, 2, 7, 4, 6]]) {
    const values = valuesOf(records, [parsePath('a'), parsePath('pad')], Int32Array.from(rows))
    for (const row of rows) { values.open(row); assert.deepEqual([values.at(0), (values.at(1) as string).length], [row, sizes[row]]) }
  }
})

test('ascii-and-not, together and alone, wanted or not: the same values', () => {
  const any = fc.array(fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 5 }), fc.oneof(fc.string({ unit: 'grapheme' }), fc.double({ noNaN: true }), fc.constant(null))), { minLength: 1, maxLength: 20 })
  fc.assert(fc.property(any, fc.boolean(), (objects, ascii) => {
    const texts = objects.map(object => JSON.stringify(object)).map(text => ascii ? text.replace(/[\u0080-\uffff]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : text)
    const records = recordsOf(texts)
    const every = valuesOf(records, [])
    texts.forEach((text, row) => {
      every.open(row)
      const alone = valuesOf(records, [], Int32Array.of(row))
      alone.open(row)
      assert.deepEqual(every.value(), json(text))
      assert.deepEqual(alone.value(), json(text))
    })
  }))
})

test('depth-bomb is read or rejected, never a crash', () => {
  const bomb = `{"a":${'['.repeat(300_000)}${']'.repeat(300_000)},"b":1}`
  const records = recordsOf([bomb, `{"a":${'{"a":'.repeat(200_000)}`, `${'['.repeat(500_000)}`])
  const values = valuesOf(records, [parsePath('b'), parsePath('a[0][0][0]')])
  values.open(0)
  assert.equal(values.at(0), 1)
  assert.ok(Array.isArray(values.at(1)))
  for (const row of [1, 2]) assert.throws(() => values.open(row), code('SLUICE_JSON_BROKEN'))
  const { bytes } = records
  const [from, to] = rangeAt(bytes, 0, bomb.length, [{ name: 'b', utf8: encoder.encode('b') }])!
  assert.equal(new TextDecoder().decode(bytes.subarray(from, to)), '1')
})

test('prototype-names are names like others', () => {
  const paths = ['__proto__', 'constructor', 'toString', '__proto__.polluted', 'length'].map(parsePath)
  const values = valuesOf(recordsOf(['{"a":1}', '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"length":4}']), paths)
  values.open(0)
  assert.deepEqual(paths.map((_, i) => values.at(i)), paths.map(() => undefined))
  values.open(1)
  assert.deepEqual(paths.map((_, i) => values.at(i)), [{ polluted: 1 }, 2, 3, 1, 4])
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  const csv = valuesOf(recordsOf(['1,2'], ['__proto__', 'constructor']), [parsePath('__proto__'), parsePath('toString')])
  csv.open(0)
  assert.deepEqual([csv.at(0), csv.at(1)], ['1', undefined])
  assert.deepEqual(Object.entries(csv.value()), [['__proto__', '1'], ['constructor', '2']])
  assert.equal(Object.getPrototypeOf(csv.value()), Object.prototype)
})

test('escaped-names are not read as others that came before (an error of V8)', () => {
  const values = valuesOf(recordsOf(['{"eta":1,"\\\\":2}', '{"eta":1,"\\u0061":2,"b":{"\\n":[{"\\"":3}],"c~0":"\\n:"}}', '{"b":{"\\\\":[{"\\\\":3}]}}', '{"eta":1,"\\n":2,"\\u005f_proto__":4,"~0":{"\\u0061":[]}}']), [])
  const read = [0, 1, 2, 3, 1].map(row => { values.open(row); return values.value() })
  assert.deepEqual(read.map(value => Object.entries(value)), [
    [['eta', 1], ['\\', 2]], [['eta', 1], ['a', 2], ['b', { '\n': [{ '"': 3 }], 'c~0': '\n:' }]], [['b', { '\\': [{ '\\': 3 }] }]], [['eta', 1], ['\n', 2], ['__proto__', 4], ['~0', { a: [] }]],
    [['eta', 1], ['a', 2], ['b', { '\n': [{ '"': 3 }], 'c~0': '\n:' }]]])
  const deep = `{"\\u0061":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  valuesOf(recordsOf([deep]), []).open(0)
})

test('paths: what they name', () => {
  const value = json('{"trip":{"km":1.5,"a.b":2},"items":[{"price":3}],"odd name":4,"it\'s":5,"0":6,"$":7,"\\"":8}')
  for (const [path, expected] of Object.entries({ 'trip.km': 1.5, "trip['a.b']": 2, 'items[0].price': 3, "['odd name']": 4, 'odd name': 4, "['it\\'s']": 5, '["it\'s"]': 5, '0': 6, '$.trip.km': 1.5,
    "$['odd name']": 4, "['$']": 7, '["\\""]': 8, 'trip.mi': undefined, 'items.length': undefined, 'items[1].price': undefined, 'trip.km.x': undefined, 'items.0.price': undefined, 'trip[0]': undefined })) {
    assert.equal(follow(value, parsePath(path).steps), expected, path)
  }
})

test('broken-path says its column', () => {
  for (const [path, column] of Object.entries({ '': 1, '.': 1, 'a.': 3, 'a..b': 3, 'a[': 2, 'a[x]': 2, 'a[-1]': 2, "a['b]": 2, 'a]': 2, '$': 2, '$.': 3, ' a': 1, 'a .b': 1, 'a[0]b': 5, "a'b": 2, "['a\\n']": 1, 'a[99999999999]': 2 })) {
    assert.throws(() => parsePath(path), (error: SluiceError) => error.code === 'SLUICE_CONFIG_INVALID' && error.at === `column ${column}`, path)
  }
})

test('names-in-bytes: the same member as JSON.parse finds, however it is written', () => {
  const key = fc.oneof(fc.constantFrom('a', 'b', '__sluice', 'late', '', 'a"', '\\', '\u00fc', '\ud83d\ude00'), fc.string({ unit: 'grapheme', maxLength: 4 }))
  fc.assert(fc.property(fc.array(fc.tuple(key, fc.jsonValue({ maxDepth: 3 })), { maxLength: 6 }), fc.constantFrom('', ' ', ' \n\t'), fc.boolean(), key, (members, space, escape, wanted) => {
    const spell = (name: string): string => escape ? `"${[...name].map(char => char.length > 1 ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"` : JSON.stringify(name)
    const text = `${space}{${space}${members.map(([name, value]) => `${spell(name)}${space}:${space}${JSON.stringify(value, null, space)}${space}`).join(`,${space}`)}}${space}`
    const bytes = encoder.encode(text), utf8 = encoder.encode(wanted)
    const open = objectAt(bytes, 0, bytes.length)
    const range = rangeAt(bytes, open, bytes.length, [{ name: wanted, utf8 }])
    const parsed = parseObject(text) as { [name: string]: unknown }
    assert.equal(range !== undefined, Object.hasOwn(parsed, wanted))
    if (range !== undefined) assert.deepEqual(json(new TextDecoder().decode(bytes.subarray(...range))), parsed[wanted])
    let found = 0
    const close = eachMember(bytes, open, bytes.length, (start, end) => { if (isName(bytes, start, end, wanted, utf8)) found++ })
    assert.equal(close, text.lastIndexOf('}') < 0 ? -1 : encoder.encode(text.slice(0, text.lastIndexOf('}'))).length)
    assert.equal(found, members.filter(([name]) => name === wanted).length)
  }), { numRuns: 400 })
})

test('escapes-that-look-like-a-name are none', () => {
  const bytes = encoder.encode('{"a\\n":1,"b":2}')
  assert.equal(rangeAt(bytes, 0, bytes.length, [{ name: 'a\\n', utf8: encoder.encode('a\\n') }]), undefined)
  assert.notEqual(rangeAt(bytes, 0, bytes.length, [{ name: 'a\n', utf8: encoder.encode('a\n') }]), undefined)
})

test('path-in-bytes: arrays and objects as follow() finds them', () => {
  const value = { a: [{ b: [1, [2, 3]] }, 'x,]}"', {}], c: { d: { e: null } }, f: [] }
  const bytes = encoder.encode(JSON.stringify(value, null, 1))
  for (const path of ['a', 'a[0]', 'a[0].b[1][1]', 'a[1]', 'a[2]', 'a[3]', 'c.d.e', 'c.d.e.f', 'f[0]', 'f', 'a.b', 'c[0]', 'x']) {
    const { steps } = parsePath(path), expected = follow(value, steps)
    const range = rangeAt(bytes, 0, bytes.length, steps.map(step => typeof step === 'number' ? step : { name: step, utf8: encoder.encode(step) }))
    assert.deepEqual(range && json(new TextDecoder().decode(bytes.subarray(...range))), expected, path)
  }
})

test('hostile-bytes: nothing but errors of the record', () => {
  const nasty = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string().map(text => encoder.encode(text)),
    fc.array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'a', '1', ' ', '\n', '"a"', '{"a":', 'null'), { maxLength: 25 }).map(parts => encoder.encode(parts.join(''))))
  const quiet = (run: () => unknown): void => { try { run() } catch (error) { assert.ok(error instanceof SluiceError && error.severity === 'record', String((error as Error).stack)) } }
  fc.assert(fc.property(fc.array(nasty, { minLength: 1, maxLength: 4 }), values => {
    for (const columns of [undefined, ['a'], ['a', 'b', 'a']]) {
      const records = recordsOf(values, columns), reader = valuesOf(records, [parsePath('a'), parsePath('a[0].b'), parsePath('b')])
      values.forEach((_, row) => quiet(() => { reader.open(row); reader.value(); for (const path of [0, 1, 2]) reader.at(path) }))
    }
    for (const bytes of values) {
      quiet(() => rangeAt(bytes, objectAt(bytes, 0, bytes.length), bytes.length, [{ name: 'a', utf8: encoder.encode('a') }, 0, { name: 'a', utf8: encoder.encode('a') }]))
      quiet(() => eachMember(bytes, objectAt(bytes, 0, bytes.length), bytes.length, () => {}))
      const end = endOfCsvRecord(bytes, 0, bytes.length)
      assert.ok(end === -1 || bytes[end] === 10)
    }
  }), { numRuns: 1000 })
})

const cell = fc.oneof(fc.constant(null), fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '\u00fc', '1'), maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 5 }))

test('csv-round-trip: cells, and where the record ends', () => {
  fc.assert(fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), fc.array(cell, { minLength: 1, maxLength: 5 }), fc.constantFrom('\n', '\r\n'), (first, second, lineBreak) => {
    const line = encodeCsvLine(first)
    assert.deepEqual(csvCells(line), first)
    const bytes = encoder.encode(line + lineBreak + encodeCsvLine(second) + lineBreak)
    const length = encoder.encode(line).length + lineBreak.length
    assert.equal(endOfCsvRecord(bytes, 0, bytes.length), length - 1)
    assert.equal(endOfCsvRecord(bytes, length, bytes.length), bytes.length - 1)
    for (let end = 0; end < length; end++) assert.equal(endOfCsvRecord(bytes, 0, end), -1)
  }), { numRuns: 1000 })
})

test('csv-broken: each way, with its character', () => {
  for (const line of ['a"b,c', '"a"b,c', '"a,b', 'a,"b', '"a" ,b', '"']) assert.throws(() => csvCells(line), code('SLUICE_CSV_BROKEN'), line)
  assert.throws(() => csvCells('x,"a"b'), (error: SluiceError) => error.at === 'character 6 of the line')
  const values = valuesOf(recordsOf(['1,2', '1', '1,2,3', ''], ['a', 'b']), [parsePath('a')])
  values.open(0)
  for (const row of [1, 2, 3]) assert.throws(() => values.open(row), code('SLUICE_CSV_BROKEN'))
  // a stray quote breaks its own line only
  const bytes = encoder.encode('5" pipe,1\nnext,2\n')
  assert.equal(endOfCsvRecord(bytes, 0, bytes.length), 9)
})

test('empty-cell is missing, empty quotes are text, an absent column is absent', () => {
  const values = valuesOf(recordsOf([',"",x'], ['a', 'b', 'c.d']), ['a', 'b', 'c.d', 'e', "['c.d']", '$.b'].map(parsePath))
  values.open(0)
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(i => values.at(i)), [null, '', 'x', undefined, 'x', ''])
  assert.deepEqual(values.value(), { a: null, b: '', 'c.d': 'x' })
  assert.equal(encodeCsvCell(''), '""')
})

test('column-twice cannot be asked for', () => {
  const values = valuesOf(recordsOf(['1,2,3'], ['a', 'b', 'a']), [nameAsPath('a'), nameAsPath('b')])
  values.open(0)
  assert.throws(() => values.at(0), code('SLUICE_CSV_BROKEN'))
  assert.equal(values.at(1), '2')
})

test('csv-numbers: the syntax of JSON, and the three that it lacks', () => {
  fc.assert(fc.property(fc.double(), value => { assert.ok(Object.is(csvNumber(Object.is(value, -0) ? '-0' : String(value)), value)) }))
  for (const text of ['', ' 1', '1 ', '+1', '.5', '1.', '0x10', '1e', '007', '1_000', '1,5', 'nan', 'inf', '--1', '١']) assert.equal(csvNumber(text), undefined, text)
})

test('headers-round-trip, behind those of the record', () => {
  const header = fc.record({ name: fc.string(), value: fc.option(fc.uint8Array({ maxLength: 200 })) })
  fc.assert(fc.property(fc.array(header), fc.array(header), (before, after) => {
    const packer = new Packer(2, 64)
    packer.row(0)
    writeHeaders(packer, before)
    packer.setHeaders(0)
    packer.row(0)
    const at = packer.length
    writeHeaders(packer, after, { bytes: packer.bytes.slice(), start: 0, end: at })
    packer.setHeaders(at)
    const read = readHeaders(packer.bytes, at, packer.length).map(({ name, value }) => ({ name, value: value === null ? null : [...value] }))
    assert.deepEqual(read, [...before, ...after].map(({ name, value }) => ({ name: name.toWellFormed(), value: value === null ? null : [...value] })))
  }))
})

test('packer: text as TextEncoder has it, and a dropped row leaves nothing', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 100 })), texts => {
    const packer = new Packer(0, 1)
    for (const text of texts) {
      packer.row(1)
      const start = packer.length
      packer.text(text)
      packer.setValue(start)
      const before = packer.length
      packer.row(2)
      packer.text('dropped')
      packer.setKey(before)
      packer.setHeaders(before)
      packer.drop(before)
    }
    packer.row(3)
    const { bytes, values, keys, headers, rows } = packer.finish()
    assert.equal(rows, texts.length + 1)
    texts.forEach((text, row) => { assert.deepEqual(bytes.subarray(values.start[row]!, values.end[row]!), encoder.encode(text)) })
    assert.ok(keys.start.every(start => start === -1) && (headers === undefined || headers.start.every(start => start === -1)))
    assert.equal(values.start[rows - 1], -1)
  }))
})

test('did-you-mean: near ones only', () => {
  assert.equal(didYouMean('distnace', ['distance', 'delay']), 'distance')
  assert.equal(didYouMean('Hour', ['hour', 'day']), 'hour')
  assert.equal(didYouMean('x', ['distance', 'delay']), undefined)
})
