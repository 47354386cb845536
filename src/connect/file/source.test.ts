import assert from 'node:assert/strict'
import { appendFile, chmod, mkdir, readFile, readdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { folder } from '../../../test/support/folder.ts'
import { parquetOf } from '../../../test/support/parquet.ts'
import { textsOf } from '../../../test/support/rows.ts'
import { readHeaders } from '../../codecs/headers.ts'
import { partOf } from '../../codecs/pack.ts'
import { countingArena, testContext } from '../../conformance/index.ts'
import type { Context, Position, RecordBatch, Source } from '../../core/index.ts'
import type { FileSourceOptions } from './options.ts'
import { openFileSink } from './sink.ts'
import { openFileSource } from './source.ts'

interface Row { readonly value: string; readonly offset: number; readonly error?: string }
async function collect(source: Source, assigned: (positions: readonly Position[]) => void = () => {}): Promise<{ rows: Row[]; batches: RecordBatch[] }> {
  const rows: Row[] = [], batches: RecordBatch[] = []
  for await (const batch of source.read({ assigned, async revoked() {}, lost() {} }, new AbortController().signal)) {
    batches.push(batch)
    for (const [row, value] of textsOf(batch).entries()) {
      const error = batch.rejected?.find(rejection => rejection.row === row)?.error
      rows.push({ value, offset: batch.offsets[row]!, ...(error === undefined ? {} : { error: error.code }) })
    }
    batch.release()
  }
  return { rows, batches }
}
async function read(path: string | string[], options: Partial<FileSourceOptions> = {}, context: Context = testContext()) {
  const source = await openFileSource({ path, ...options }, context)
  try { return await collect(source) } finally { await source.close() }
}
const valuesOf = ({ rows }: { rows: readonly Row[] }): string[] => rows.map(({ value }) => value)

test('byte-order-mark-carriage-returns-empty-lines-and-no-last-line-break', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, '\uFEFF\r\n{"a":1}\r\n\n\r\n{"a":2}\n\n{"a":"ü"}')
  const { rows, batches } = await read(path)
  assert.deepEqual(rows, [{ value: '{"a":1}', offset: 5 }, { value: '{"a":2}', offset: 17 }, { value: '{"a":"ü"}', offset: 26 }])
  assert.equal(batches[0]!.from, 0n)
  assert.equal(batches.at(-1)!.next, 36n)
})

test('empty-file-and-file-of-empty-lines', async t => {
  const at = await folder(t)
  await writeFile(at('a.ndjson'), '')
  assert.deepEqual((await read(at('a.ndjson'))).batches, [])
  await writeFile(at('b.ndjson'), '\n\r\n\n')
  const { rows, batches } = await read(at('b.ndjson'))
  assert.deepEqual(rows, [])
  assert.equal(batches.at(-1)!.next, 4n, 'what is behind the last record moves the position too')
})

test('lines-of-any-length-in-batches-of-any-size', async t => {
  const path = (await folder(t))('a.ndjson')
  await fc.assert(fc.asyncProperty(
    fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom('\n', '\r\n', '\n\n')), { maxLength: 40 }), fc.boolean(),
    fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 10 }), fc.boolean(),
    async (lines, ends, batchBytes, batchRows, usesArena) => {
      const text = lines.map(([length, end], i) => String.fromCharCode(97 + i % 26).repeat(length) + end).join('')
      await writeFile(path, ends ? text : text.replace(/\r?\n+$/, ''))
      const arena = countingArena(usesArena ? 1000 : 0)
      const found = await read(path, { batchBytes, batchRows, recordBytesMax: 300 }, testContext({ arena }))
      assert.deepEqual(valuesOf(found), lines.map(([length], i) => String.fromCharCode(97 + i % 26).repeat(length)))
      for (const { value, offset } of found.rows) assert.equal(text.slice(offset, offset + value.length), value)
      for (const batch of found.batches) assert.ok(batch.rows <= batchRows)
      assert.deepEqual([arena.held, arena.errors], [0, []])
    }), { numRuns: 150 })
})

test('csv-cells-with-line-breaks-in-batches-of-any-size', async t => {
  const path = (await folder(t))('a.csv')
  const cell = fc.oneof(fc.stringMatching(/^[a-z]{0,8}$/), fc.stringMatching(/^[a-z\n\r,"]{0,12}$/).map(text => `"${text.replaceAll('"', '""')}"`))
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 25 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.integer({ min: 1, max: 60 }),
    async (cells, end, ends, batchBytes) => {
      const lines = cells.map(([a, b]) => `${a},${b}`)
      await writeFile(path, ['first,"sec""ond"', ...lines].join(end) + (ends ? end : ''))
      const { rows, batches } = await read(path, { batchBytes })
      assert.deepEqual(rows.map(({ value }) => value), lines)
      for (const batch of batches) assert.deepEqual(batch.columns, ['first', 'sec"ond'])
    }), { numRuns: 150 })
})

test('csv-header-is-known-after-a-restart', async t => {
  const at = await folder(t)
  await writeFile(at('a.csv'), 'a,b\r\n1,2\r\n3,4\r\n')
  const options = { path: at('a.csv'), position: at('position'), batchRows: 1 }
  const first = await openFileSource(options, testContext())
  const { batches } = await collect(first)
  await first.commit([{ partition: at('a.csv'), offset: batches[0]!.next }])
  await first.close()
  const again = await collect(await openFileSource(options, testContext()))
  assert.deepEqual(again.rows, [{ value: '3,4', offset: 10 }])
  assert.deepEqual(again.batches[0]!.columns, ['a', 'b'])
})

test('csv-of-a-header-only-and-empty-csv', async t => {
  const path = (await folder(t))('a.csv')
  for (const text of ['', 'a,b', 'a,b\n']) {
    await writeFile(path, text)
    assert.deepEqual((await read(path)).rows, [], JSON.stringify(text))
  }
})

test('csv-quote-that-nothing-closes-breaks-its-own-line', async t => {
  const path = (await folder(t))('a.csv')
  const lines = Array.from({ length: 50 }, (_, i) => `${i},x`)
  await writeFile(path, ['a,b', '1,"open', ...lines].join('\n'))
  assert.deepEqual(valuesOf(await read(path)), ['1,"open', ...lines])
  assert.deepEqual(valuesOf(await read(path, { batchBytes: 16, recordBytesMax: 64 })), ['1,"open', ...lines])
})

test('record-too-large', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, `{"a":1}\n${'x'.repeat(100_000)}\n{"a":2}\n${'y'.repeat(70_001)}`)
  const { rows, batches } = await read(path, { batchBytes: 1000, recordBytesMax: 70_000 })
  assert.deepEqual(rows.map(({ value, offset, error }) => [value.length, offset, error]), [
    [7, 0, undefined], [65_536, 8, 'SLUICE_RECORD_TOO_LARGE'], [7, 100_009, undefined], [65_536, 100_017, 'SLUICE_RECORD_TOO_LARGE']])
  const { error, stage } = batches[1]!.rejected![0]!
  assert.equal(stage, 'source')
  assert.match(error.message, /100001 bytes/)
  assert.equal(error.at, `${path}@8`)
  // exactly as large as may be
  assert.deepEqual((await read(path, { batchBytes: 1000, recordBytesMax: 100_000 })).rows.map(({ value, error }) => [value.length, error]), [[7, undefined], [100_000, undefined], [7, undefined], [70_001, undefined]])
})

test('envelopes-are-read-as-the-records-they-were', async t => {
  const path = (await folder(t))('a.records')
  const envelope = {
    partition: 'rides/3', offset: 7, timeMs: 12.5, key: { base64: '/wA=' }, value: 'ü\n', headers: [['a', '1'], ['__sluice.errors.code', 'X'], ['a', { base64: '/w==' }], ['none', null]],
  }
  const lines = [JSON.stringify(envelope), '{"value":null}', 'broken', '{"value":17}', '{"value":"last","headers":[]}']
  await writeFile(path, lines.join('\n'))
  const { rows, batches: [batch] } = await read(path)
  assert.deepEqual(rows.map(({ value, error }) => [value, error]), [['ü\n', undefined], ['', undefined], ['broken', 'SLUICE_JSON_BROKEN'], ['{"value":17}', 'SLUICE_JSON_BROKEN'], ['last', undefined]])
  assert.equal(batch!.values.start[1], -1, 'a null value is a tombstone')
  assert.deepEqual(partOf(batch!, batch!.keys, 0), Uint8Array.of(255, 0))
  assert.equal(batch!.timesMs[0], 12.5)
  const headers = partOf(batch!, batch!.headers, 0)!
  assert.deepEqual(readHeaders(headers, 0, headers.length).map(({ name, value }) => [name, value && [...value]]), [['a', [49]], ['a', [255]], ['none', null]])
  assert.equal(batch!.headers!.start[4], -1)
  assert.deepEqual([...batch!.offsets], lines.map((_, i) => lines.slice(0, i).join('\n').length + (i > 0 ? 1 : 0) + (i > 0 ? Buffer.byteLength(lines[0]!) - lines[0]!.length : 0)))
})

test('several-files-and-patterns-one-after-the-other', async t => {
  const at = await folder(t)
  await mkdir(at('sub.ndjson'))
  for (const name of ['b.ndjson', 'a.ndjson', '.hidden.ndjson', 'a.ndjson.position', 'other.csv']) await writeFile(at(name), `${name}\n`)
  assert.deepEqual(valuesOf(await read(at('*.ndjson'))), ['a.ndjson', 'b.ndjson'])
  assert.deepEqual(valuesOf(await read([at('b.ndjson'), at('*.ndjson')])), ['b.ndjson', 'a.ndjson'], 'each once')
  const { batches } = await read(at('*.ndjson'))
  assert.deepEqual(batches.map(({ partition }) => partition), [at('a.ndjson'), at('b.ndjson')])
})

test('each-file-belongs-to-one-executor', async t => {
  const at = await folder(t)
  for (const name of ['a', 'b', 'c']) await writeFile(at(`${name}.ndjson`), `${name}\n`)
  assert.deepEqual(valuesOf(await read(at('*.ndjson'), {}, testContext({ executor: 0, executors: 2 }))), ['a', 'c'])
  assert.deepEqual(valuesOf(await read(at('*.ndjson'), {}, testContext({ executor: 1, executors: 2 }))), ['b'])
  assert.deepEqual(valuesOf(await read(at('a.ndjson'), {}, testContext({ executor: 1, executors: 2 }))), [])
})

test('positions-survive-another-number-of-executors', async t => {
  const at = await folder(t)
  for (const name of ['a', 'b', 'c']) await writeFile(at(`${name}.ndjson`), `${name}\n`)
  for (const executor of [0, 1]) {
    const source = await openFileSource({ path: at('*.ndjson'), position: at('position') }, testContext({ executor, executors: 2 }))
    const { batches } = await collect(source)
    await source.commit(batches.map(({ partition, next }) => ({ partition, offset: next })))
  }
  await appendFile(at('b.ndjson'), 'more\n')
  assert.deepEqual(valuesOf(await read(at('*.ndjson'), { position: at('position') })), ['more'])
})

test('files-that-cannot-be-read', async t => {
  const at = await folder(t)
  await writeFile(at('a.txt'), '{}')
  await writeFile(at('a.ndjson'), Buffer.of(0x1f, 0x8b, 8, 0))
  await writeFile(at('p.ndjson'), 'PAR1....')
  await writeFile(at('array.json'), '[\n {"a":1},\n {"a":2}\n]\n')
  await writeFile(at('bad.csv'), '"a\n1\n')
  for (const [path, code, text] of [
    [at('none.ndjson'), 'SLUICE_FILE_MISSING', /none\.ndjson/], [at('*.csv.gz'), 'SLUICE_FILE_MISSING', /no file matches/], [at('none/*.ndjson'), 'SLUICE_FILE_MISSING', /none/],
    [at('.'), 'SLUICE_FILE_FORMAT', /is a folder/], [at('a.txt'), 'SLUICE_FILE_FORMAT', /extension/], [at('a.ndjson'), 'SLUICE_FILE_FORMAT', /gzip/],
    [at('p.ndjson'), 'SLUICE_FILE_FORMAT', /Parquet/], [at('array.json'), 'SLUICE_FILE_FORMAT', /JSON array/], [at('bad.csv'), 'SLUICE_FILE_FORMAT', /header/],
    ['/dev/null', 'SLUICE_FILE_FORMAT', /regular/],
  ] as const) await assert.rejects(openFileSource({ path }, testContext()), { code, severity: 'fatal', message: text }, path)
  await writeFile(at('lines.json'), '[{"a":1}]\n[{"a":2}]\n')
  assert.equal((await read(at('lines.json'))).rows.length, 2, 'lines that are arrays are records')
})

test('file-that-may-not-be-read', { skip: process.getuid?.() === 0 ? false : 'only root can become somebody who may not' }, async t => {
  const at = await folder(t)
  await writeFile(at('a.ndjson'), '{}', { mode: 0o600 })
  await chmod(at('.'), 0o755)
  process.seteuid!(65_534)
  try {
    await assert.rejects(openFileSource({ path: at('a.ndjson') }, testContext()), { code: 'SLUICE_FILE_DENIED', severity: 'fatal' })
    await assert.rejects(openFileSink({ path: at('out.ndjson') }, testContext()), { code: 'SLUICE_FILE_DENIED', severity: 'fatal' })
  } finally { process.seteuid!(0) }
})

test('position-in-a-file-that-became-shorter', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, 'a\nb\nc\n')
  const source = await openFileSource({ path, batchRows: 1 }, testContext())
  await source.commit([{ partition: path, offset: 6n }])
  await truncate(path, 4)
  await assert.rejects(collect(source), { code: 'SLUICE_FILE_SHRUNK', severity: 'fatal' })
})

test('file-shrinks-while-it-is-read', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, '{"a":1}\n'.repeat(100))
  for (const left of [0, 300, 404]) {
    await writeFile(path, '{"a":1}\n'.repeat(100))
    const source = await openFileSource({ path, batchBytes: 400 }, testContext())
    const batches = source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)[Symbol.asyncIterator]()
    ;((await batches.next()) as IteratorYieldResult<RecordBatch>).value.release()
    await truncate(path, left)
    await assert.rejects(async () => { for (;;) { const next = await batches.next(); if (next.done === true) break; next.value.release() } }, { code: 'SLUICE_FILE_SHRUNK' }, `${left} bytes left`)
    await source.close()
  }
})

test('replaced-file-is-noticed-at-the-border-of-a-record', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, '{"a":1}\n{"a":2}\n')
  const source = await openFileSource({ path }, testContext())
  await source.commit([{ partition: path, offset: 8n }])
  await writeFile(path, '{"other":true}\n{"other":false}\n')
  await assert.rejects(collect(source), { code: 'SLUICE_FILE_CHANGED', severity: 'fatal' })
})

test('growing-file-goes-on-behind-the-last-line', async t => {
  const path = (await folder(t))('a.ndjson')
  const source = async () => {
    const opened = await openFileSource({ path, position: `${path}.position` }, testContext())
    const { rows, batches } = await collect(opened)
    await opened.commit(batches.map(({ partition, next }) => ({ partition, offset: next })))
    return rows.map(({ value }) => value)
  }
  await writeFile(path, 'a\nb')
  assert.deepEqual(await source(), ['a', 'b'])
  assert.deepEqual(await source(), [])
  await appendFile(path, '\nc\n')
  assert.deepEqual(await source(), ['c'], 'the last line has only got its line break')
  await appendFile(path, 'd')
  assert.deepEqual(await source(), ['d'])
  await appendFile(path, 'ef\n')
  await assert.rejects(source(), { code: 'SLUICE_FILE_CHANGED' }, 'the last line has been continued after it was read')
})

test('from-in-the-middle-of-a-line', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, 'aaaa\nbbbb\ncccc\n')
  assert.deepEqual(valuesOf(await read(path, { from: 5 })), ['bbbb', 'cccc'])
  const { rows, batches } = await read(path, { from: 6 })
  assert.deepEqual(rows.map(({ value }) => value), ['cccc'])
  assert.equal(batches[0]!.from, 6n)
  assert.deepEqual(valuesOf(await read(path, { from: 1000 })), [])
})

test('position-file', async t => {
  const at = await folder(t)
  await writeFile(at('a.ndjson'), 'a\n')
  const options = { path: at('a.ndjson'), position: at('deep/er/position') }
  const source = await openFileSource(options, testContext())
  await Promise.all([1n, 2n].map(offset => source.commit([{ partition: at('a.ndjson'), offset }])))
  assert.deepEqual(JSON.parse(await readFile(options.position, 'utf8')), { version: 1, positions: { [at('a.ndjson')]: 2 } })
  assert.deepEqual(await readdir(at('deep/er')), ['position'], 'nothing is left beside it')
  assert.deepEqual((await collect(await openFileSource(options, testContext()))).rows, [])
  for (const broken of ['', '{', '[]', 'null', '{"version":2,"positions":{}}', '{"version":1}', '{"version":1,"positions":{"a":-1}}', '{"version":1,"positions":{"a":"1"}}']) {
    await writeFile(options.position, broken)
    await assert.rejects(openFileSource(options, testContext()), { code: 'SLUICE_POSITION_BROKEN', severity: 'fatal' }, broken)
  }
})

test('abort-while-a-read-is-on-its-way', async t => {
  const at = await folder(t)
  await writeFile(at('a.ndjson'), '{}\n'.repeat(1000))
  await writeFile(at('a.parquet'), parquetOf({ i: Array.from({ length: 1000 }, (_, i) => i) }))
  for (const path of [at('a.ndjson'), at('a.parquet')]) {
    const stop = new AbortController(), counting = countingArena()
    const arena = { reserve(bytes: number) { stop.abort(); return counting.reserve(bytes) } }
    const source = await openFileSource({ path }, testContext({ arena }))
    for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, stop.signal)) assert.fail(`${batch.rows} rows after the abort`)
    assert.deepEqual([counting.held, counting.errors], [0, []])
  }
})

test('steady-rate-without-bursts', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, '{}\n'.repeat(1000))
  let nowMs = 1000
  const clock = { nowMs: () => nowMs, sleep: async (ms: number) => { nowMs += ms } }
  const source = await openFileSource({ path, ratePerSecond: 500 }, testContext({ clock }))
  const times: number[] = []
  let rows = 0
  for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)) {
    assert.ok(batch.rows <= 10, '20 ms worth of them')
    times.push(nowMs)
    rows += batch.rows
    if (rows === 500) nowMs += 10_000                       // the reader was away: that is not made good in a burst
    batch.release()
  }
  assert.equal(rows, 1000)
  assert.ok(Math.abs(times.at(-1)! - 1000 - 10_000 - 2000) < 100, `1000 records took ${times.at(-1)! - 11_000} ms`)
})

test('lag-counts-down', async t => {
  const at = await folder(t)
  await writeFile(at('a.ndjson'), 'aaa\n'.repeat(10))
  await writeFile(at('b.ndjson'), 'bbb\n'.repeat(10))
  const source = await openFileSource({ path: at('*.ndjson'), batchRows: 5, from: 8 }, testContext())
  const lags: (number | undefined)[][] = []
  const note = () => lags.push(source.lag!().map(({ bytes }) => bytes))
  note()
  for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)) { batch.release(); note() }
  assert.deepEqual(lags, [[32, 32], [12, 32], [0, 32], [0, 12], [0, 0]])
})

test('the-end-is-said-when-there-is-nothing-new', async t => {
  const path = (await folder(t))('a.ndjson')
  await writeFile(path, '{}\n')
  const said: string[] = []
  const source = await openFileSource({ path }, testContext({ log: { write: (_level: string, text: string) => { said.push(text) } } }))
  await source.commit([{ partition: path, offset: 3n }])
  await collect(source)
  assert.match(said.join(), /nothing to read in .*a\.ndjson/)
})

test('symbolic-links-are-followed', async t => {
  const at = await folder(t)
  await writeFile(at('a.ndjson'), '{}\n')
  await symlink(at('a.ndjson'), at('link.ndjson'))
  assert.deepEqual(valuesOf(await read(at('link.ndjson'))), ['{}'])
})

test('options-that-are-no-numbers', async () => {
  for (const wrong of [{ batchBytes: 0 }, { batchRows: 1.5 }, { recordBytesMax: Number.NaN }]) {
    await assert.rejects(openFileSource({ path: '/dev/null', ...wrong }, testContext()), TypeError)
  }
})
