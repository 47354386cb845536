import assert from 'node:assert/strict'
import { appendFile, mkdir, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { folder } from '../../../test/support/folder.ts'
import { writeHeaders } from '../../codecs/headers.ts'
import type { Header } from '../../codecs/headers.ts'
import { Packer, partOf } from '../../codecs/pack.ts'
import { testContext } from '../../conformance/index.ts'
import type { Context, Records, Sink, Source } from '../../core/index.ts'
import { encode } from '../encode.ts'
import { openFileSink } from './sink.ts'
import { openFileSource } from './source.ts'

type Bytes = string | Uint8Array | null
interface Entry { readonly key?: Bytes; readonly value: Bytes; readonly headers?: readonly Header[]; readonly timeMs?: number }
function recordsOf(entries: readonly (Entry | string)[], columns?: readonly string[], behind = ''): Records {
  const packer = new Packer(entries.length, 64)
  const put = (bytes: Bytes | undefined, set: (at: number) => void) => {
    if (bytes === null || bytes === undefined) return
    const at = packer.length
    packer.append(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    set(at)
  }
  for (const entry of entries) {
    const { key = null, value, headers, timeMs = 0 } = typeof entry === 'string' ? { value: entry } : entry
    packer.row(timeMs)
    put(key, at => packer.setKey(at))
    put(value, at => packer.setValue(at))
    packer.text(behind)
    if (headers !== undefined) { const at = packer.length; writeHeaders(packer, headers); packer.setHeaders(at) }
  }
  return packer.finish(columns)
}

async function opened(path: string, options: { format?: 'ndjson' | 'csv' | 'records'; position?: string } = {}, context: Context = testContext()): Promise<Sink> {
  return openFileSink({ path, ...options }, context)
}
async function deliver(sink: Sink, source: Source) {
  const delivery = await sink.delivery!(source, [sink])
  assert.ok(delivery)
  return delivery
}
const nowhere = async (at: (name: string) => string): Promise<Source> => {
  await writeFile(at('in.ndjson'), '{}\n')
  return openFileSource({ path: at('in.ndjson') }, testContext())
}

test('values-however-they-lie', () => {
  const line = fc.stringMatching(/^[a-z ü"]{1,12}$/)
  fc.assert(fc.property(fc.array(line, { maxLength: 20 }), fc.constantFrom('', '\n', ' ', '\n\n'), fc.boolean(), (values, behind, keyed) => {
    const { bytes, refused } = encode(recordsOf(values.map(value => ({ value, key: keyed ? 'k\n' : null })), undefined, behind), 'ndjson', 'x')
    assert.equal(Buffer.from(bytes).toString(), values.map(value => `${value}\n`).join(''))
    assert.deepEqual(refused, [])
  }))
})

test('lines-that-end-with-a-line-break-are-written-where-they-lie', () => {
  const records = recordsOf(['{"a":1}', '{"a":2}'], ['a'], '\n')
  for (const format of ['ndjson', 'csv'] as const) assert.equal(encode(records, format, 'x').bytes.buffer, records.bytes.buffer)
})

test('value-that-is-not-one-line-is-refused', () => {
  for (const behind of ['', '\n']) {
    const { bytes, refused } = encode(recordsOf(['a', 'b\nc', '', 'd'], undefined, behind), 'ndjson', 'x')
    assert.equal(Buffer.from(bytes).toString(), 'a\nd\n')
    assert.deepEqual(refused.map(({ row, stage, error }) => [row, stage, error.code, error.severity]), [1, 2].map(row => [row, 'sink', 'SLUICE_RESULT_FAILED', 'record']))
  }
})

test('line-break-in-a-value-among-lines', () => {
  const { bytes, refused } = encode(recordsOf(['a', 'b\nc', 'd'], undefined, '\n'), 'ndjson', 'x')
  assert.equal(Buffer.from(bytes).toString(), 'a\nd\n')
  assert.deepEqual(refused.map(({ row }) => row), [1])
})

test('tombstones', () => {
  assert.equal(Buffer.from(encode(recordsOf(['a', { value: null }]), 'ndjson', 'x').bytes).toString(), 'a\nnull\n')
  const csv = encode(recordsOf(['a', { value: null }, 'b'], ['x']), 'csv', 'x')
  assert.equal(Buffer.from(csv.bytes).toString(), 'a\nb\n')
  assert.deepEqual(csv.refused.map(({ row }) => row), [1])
})

test('csv-rows-with-line-breaks-and-broken-quotes', () => {
  for (const behind of ['', '\n']) {
    const { bytes, refused } = encode(recordsOf(['1,"a\nb"', '2,"open', '3\n4', '5,"x""y"'], ['a', 'b'], behind), 'csv', 'x')
    assert.equal(Buffer.from(bytes).toString(), '1,"a\nb"\n5,"x""y"\n')
    assert.deepEqual(refused.map(({ row }) => row), [1, 2])
  }
})

test('records-come-back-as-they-were', async t => {
  const at = await folder(t)
  const bytes = fc.oneof(fc.constant(null), fc.string({ unit: 'binary' }).map(text => Buffer.from(text)), fc.uint8Array({ maxLength: 20 }))
  const header = fc.record({ name: fc.string(), value: bytes })
  let run = 0
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ key: bytes, value: bytes, headers: fc.array(header, { maxLength: 3 }), timeMs: fc.double({ noNaN: true, noDefaultInfinity: true }) }), { maxLength: 10 }), async entries => {
    const path = at(`${run++}.records`)
    const records = recordsOf(entries.map(entry => ({ ...entry, headers: entry.headers.length === 0 ? undefined : entry.headers }) as Entry))
    const sink = await opened(path)
    await sink.write(records)
    await sink.close()
    const source = await openFileSource({ path }, testContext())
    let row = 0
    for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)) {
      assert.equal(batch.rejected, undefined)
      for (let i = 0; i < batch.rows; i++, row++) {
        for (const part of ['keys', 'values', 'headers'] as const) assert.deepEqual(partOf(batch, batch[part], i), partOf(records, records[part], row))
        assert.equal(batch.timesMs[i], records.timesMs[row]! + 0)
      }
      batch.release()
    }
    assert.equal(row, entries.length)
  }), { numRuns: 60 })
})

test('rejects-name-their-origin-and-leave-it-behind-when-read-again', async t => {
  const path = (await folder(t))('rejects.ndjson')
  const sink = await opened(path, { format: 'records' })
  const header = (name: string, value: string): Header => ({ name, value: Buffer.from(value) })
  await sink.write(recordsOf([{ key: 'k', value: '{broken', timeMs: 7, headers: [header('trace', 'x'), header('__sluice.errors.partition', 'rides/3'), header('__sluice.errors.offset', '42'), header('__sluice.errors.code', 'SLUICE_JSON_BROKEN')] }]))
  const [line] = (await readFile(path, 'utf8')).split('\n')
  assert.deepEqual(JSON.parse(line!), { partition: 'rides/3', offset: 42, timeMs: 7, key: 'k', value: '{broken',
    headers: [['trace', 'x'], ['__sluice.errors.partition', 'rides/3'], ['__sluice.errors.offset', '42'], ['__sluice.errors.code', 'SLUICE_JSON_BROKEN']] })
})

test('csv-has-one-header-whatever-happens', async t => {
  const at = await folder(t)
  const path = at('out.csv')
  let sink = await opened(path)
  let delivery = await deliver(sink, await nowhere(at))
  await delivery.write(sink, recordsOf(['1,2'], ['a', 'b,c']))
  await delivery.abort()
  assert.equal(await readFile(path, 'utf8'), '')
  await delivery.write(sink, recordsOf(['3,4'], ['a', 'b,c']))
  await delivery.commit([])
  await sink.close()
  sink = await opened(path)
  delivery = await deliver(sink, await nowhere(at))
  await delivery.write(sink, recordsOf(['5,6'], ['a', 'b,c']))
  await delivery.commit([])
  assert.equal(await readFile(path, 'utf8'), 'a,"b,c"\n3,4\n5,6\n')
  await assert.rejects(delivery.write(sink, recordsOf(['7'], ['a'])), { code: 'SLUICE_FILE_FORMAT', severity: 'fatal', message: /a, b,c.*records have a/ })
  await assert.rejects(delivery.write(sink, recordsOf(['7,8'], ['a', 'b,c'])), { code: 'SLUICE_FILE_FORMAT' }, 'what follows a failed write fails too')
  await sink.close()
  await assert.rejects((await opened(at('x.csv'))).write(recordsOf(['1'])), { code: 'SLUICE_FILE_FORMAT' }, 'records without columns')
})

test('commit-waits-for-the-writes-before-it', async t => {
  const at = await folder(t)
  const sink = await opened(at('out.ndjson'))
  const delivery = await deliver(sink, await nowhere(at))
  const lines = Array.from({ length: 500 }, (_, i) => `${i}${'x'.repeat(1000)}`)
  const writes = Array.from({ length: 20 }, () => delivery.write(sink, recordsOf(lines)))
  await delivery.commit([])
  await Promise.all(writes)
  await delivery.abort()
  assert.equal(await readFile(at('out.ndjson'), 'utf8'), lines.map(line => `${line}\n`).join('').repeat(20))
  await sink.close()
})

test('two-writers-of-one-output', async t => {
  const path = (await folder(t))('out.ndjson')
  const first = await opened(path)
  await assert.rejects(opened(path), { code: 'SLUICE_FILE_IN_USE', severity: 'fatal', message: new RegExp(`process ${process.pid}`) })
  await first.close()
  await (await opened(path)).close()
  assert.deepEqual((await readdir(path.slice(0, path.lastIndexOf('/')))), ['out.ndjson'], 'no lock is left')
})

test('lock-of-a-dead-process-is-taken-over', async t => {
  const path = (await folder(t))('out.ndjson')
  await writeFile(`${path}.lock`, '999999999\n')
  await (await opened(path)).close()
})

test('two-pipelines-with-one-position-file', async t => {
  const at = await folder(t)
  const [one, two] = [await opened(at('1.ndjson'), { position: at('position') }), await opened(at('2.ndjson'), { position: at('position') })]
  const delivery = await deliver(one, await nowhere(at))
  await assert.rejects(deliver(two, await nowhere(at)), { code: 'SLUICE_FILE_IN_USE' })
  await delivery.close()
  await one.close()
  await two.close()
})

test('output-without-a-position-is-never-overwritten', async t => {
  const at = await folder(t)
  await writeFile(at('out.ndjson'), 'precious')
  const sink = await opened(at('out.ndjson'))
  await assert.rejects(deliver(sink, await nowhere(at)), { code: 'SLUICE_OUTPUT_EXISTS', severity: 'fatal' })
  assert.equal(await readFile(at('out.ndjson'), 'utf8'), 'precious')
  await sink.close()
  await writeFile(at('out.ndjson'), '')
  const empty = await opened(at('out.ndjson'))
  await deliver(empty, await nowhere(at))
  await empty.close()
})

test('a-reject-file-joins-later', async t => {
  const at = await folder(t)
  const first = await opened(at('out.ndjson'))
  const delivery = await deliver(first, await nowhere(at))
  await delivery.write(first, recordsOf(['{"a":1}']))
  await delivery.commit([])
  await first.close()
  await writeFile(at('rejects.ndjson'), 'of something else\n')
  const sinks = [await opened(at('out.ndjson')), await opened(at('rejects.ndjson'))] as const
  const source = await nowhere(at)
  await assert.rejects(sinks[0].delivery!(source, sinks), { code: 'SLUICE_OUTPUT_EXISTS', message: /does not know it/ })
  for (const sink of sinks) await sink.close()
  await rm(at('rejects.ndjson'))
  const again = [await opened(at('out.ndjson')), await opened(at('rejects.ndjson'))] as const
  await again[0].delivery!(source, again)
  assert.equal(await readFile(at('out.ndjson'), 'utf8'), '{"a":1}\n')
  for (const sink of again) await sink.close()
})

test('output-that-was-removed-cut-or-made-longer', async t => {
  const at = await folder(t)
  const write = async (value: string) => {
    const sink = await opened(at('out.ndjson'))
    try {
      const delivery = await deliver(sink, await nowhere(at))
      await delivery.write(sink, recordsOf([value]))
      await delivery.commit([])
    } finally { await sink.close() }
  }
  await write('{"a":1}')
  await appendFile(at('out.ndjson'), '{"not committed":')
  await write('{"a":2}')
  assert.equal(await readFile(at('out.ndjson'), 'utf8'), '{"a":1}\n{"a":2}\n')
  await truncate(at('out.ndjson'), 3)
  await assert.rejects(write('{"a":3}'), { code: 'SLUICE_FILE_SHRUNK', severity: 'fatal' })
  await rm(at('out.ndjson'))
  await assert.rejects(write('{"a":3}'), { code: 'SLUICE_FILE_SHRUNK', message: /0 bytes, and 16/ })
})

test('folder-with-source-and-outputs-is-moved', async t => {
  const at = await folder(t)
  await mkdir(at('job'))
  const sink = await opened(at('job/out.ndjson'))
  const delivery = await deliver(sink, await nowhere(at))
  await delivery.write(sink, recordsOf(['{"a":1}']))
  await delivery.commit([{ partition: 'p', offset: 5n }])
  await delivery.close()
  await sink.close()
  assert.deepEqual(JSON.parse(await readFile(at('job/out.ndjson.position'), 'utf8')), { version: 1, positions: { p: 5 }, outputs: { 'out.ndjson': 8 } })
})

test('broken-position-file', async t => {
  const at = await folder(t)
  await writeFile(at('out.ndjson.position'), '{"version":1,')
  const sink = await opened(at('out.ndjson'))
  await assert.rejects(deliver(sink, await nowhere(at)), { code: 'SLUICE_POSITION_BROKEN', severity: 'fatal' })
  await sink.close()
})

test('executors-write-their-own-files-and-their-number-is-remembered', async t => {
  const at = await folder(t)
  const source = await nowhere(at)
  const run = async (executor: number, executors: number) => {
    const sink = await opened(at('out.ndjson'), {}, testContext({ executor, executors }))
    try { await (await deliver(sink, source)).commit([]) } finally { await sink.close() }
  }
  await run(0, 2)
  await run(1, 2)
  assert.deepEqual((await readdir(at('.'))).filter(name => name.startsWith('out.')), ['out.0.ndjson', 'out.0.ndjson.position', 'out.1.ndjson', 'out.1.ndjson.position'])
  for (const [executor, executors] of [[0, 1], [0, 3], [2, 3]] as const) {
    await assert.rejects(run(executor, executors), { code: 'SLUICE_POSITION_BROKEN', message: /written by 2 executors, and now there/ }, `${executor} of ${executors}`)
  }
  await run(1, 2)
})

test('no-delivery-to-a-device-or-with-other-sinks', async t => {
  const at = await folder(t)
  const device = await opened('/dev/null', { format: 'ndjson' }), file = await opened(at('out.ndjson')), source = await nowhere(at)
  assert.equal(await device.delivery!(source, [device]), undefined)
  assert.equal(await file.delivery!(source, [file, { name: 'other', write: async () => [], async close() {} }]), undefined)
  const { keepPositions: _, ...stubborn } = source
  assert.equal(await file.delivery!(stubborn, [file]), undefined)
  await device.write(recordsOf(['{}']))
  await device.close()
  await file.close()
})

test('half-a-line-of-a-killed-writer-goes-and-nobody-elses', async t => {
  const at = await folder(t)
  for (const [name, format, before, after] of [
    ['a.ndjson', 'ndjson', '{"a":1}\n{"a"', '{"a":1}\n'], ['b.ndjson', 'ndjson', '{"a"', ''], ['c.csv', 'csv', 'x\n"1\n"\n"2\n', 'x\n"1\n"\n'],
  ] as const) {
    for (const killed of [true, false]) {
      await writeFile(at(name), before)
      if (killed) await writeFile(at(`${name}.lock`), '999999999\n')
      const sink = await opened(at(name), { format })
      assert.equal(await readFile(at(name), 'utf8'), before, 'not before something is written')
      await sink.write(recordsOf(['9'], ['x']))
      await sink.close()
      assert.equal(await readFile(at(name), 'utf8'), killed ? `${after}9\n` : `${before}${before.endsWith('\n') ? '' : '\n'}9\n`, `${name}, killed: ${killed}`)
    }
  }
})

test('paths-that-cannot-be-written', async t => {
  const at = await folder(t)
  await writeFile(at('file'), '')
  await assert.rejects(opened(at('.'), { format: 'ndjson' }), { code: 'SLUICE_FILE_FORMAT', severity: 'fatal' })
  await assert.rejects(opened(at('file/out.ndjson')), { severity: 'fatal', code: /^SLUICE_(FILE_MISSING|WRITE_FAILED)$/ })
  await assert.rejects(opened(at('out.parquet')), { code: 'SLUICE_FILE_FORMAT', message: /not written/ })
  await assert.rejects(opened(at('out.txt')), { code: 'SLUICE_FILE_FORMAT' })
  const sink = await opened(at('deep/er/out.ndjson'))
  await sink.close()
})

test('disk-is-full-by-the-device-made-for-it', { skip: process.platform === 'linux' ? false : 'there is no /dev/full' }, async () => {
  const sink = await opened('/dev/full', { format: 'ndjson' })
  await assert.rejects(sink.write(recordsOf(['{}'])), { code: 'SLUICE_DISK_FULL', severity: 'fatal' })
  await sink.close()
})
