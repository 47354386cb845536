import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { batchOf, Packer, partOf } from '../../codecs/pack.ts'
import { sinkSuite, sourceSuite, testContext } from '../../conformance/index.ts'
import type { RecordBatch, Source } from '../../core/index.ts'
import { openStdinSource, openStdoutSink } from './index.ts'
import type { StdinOptions } from './index.ts'

const READ_ONCE = 'a stream is read once'
const ONE = {
  'every-record-once-in-order': 'there is one partition', 'uncommitted-is-read-again': READ_ONCE, 'restart-begins-at-the-commit': READ_ONCE,
  'bytes-stay-until-release': 'there is one partition', 'released-in-any-order': 'there is one partition', 'commit-of-one-partition-keeps-the-others': 'there is one partition',
}
sourceSuite('stdin source', async partitions => {
  const text = partitions.flat().map(value => `${value}\n`).join('')
  // borders of chunks fall anywhere
  return { open: context => openStdinSource({ batchRows: 7 }, context, Readable.from((text.match(/[^]{1,37}/g) ?? []).map(part => Buffer.from(part)), { objectMode: false })) }
}, { skips: ONE })

sinkSuite('stdout sink', async () => {
  const written: Buffer[][] = [[], []]
  return {
    async open(context) {
      const [results, rejects] = written.map(chunks => new Writable({ highWaterMark: 100, write(chunk: Buffer, _, done) { setImmediate(() => { chunks.push(Buffer.from(chunk)); done() }) } }))
      return { source: await openStdinSource({}, context, Readable.from([])), sinks: [await openStdoutSink({}, context, results), await openStdoutSink({}, context, rejects)] }
    },
    async read(sink) { return Buffer.concat(written[sink]!).toString().split('\n').slice(0, -1) },
    refused: '{"two":\n"lines"}',
  }
})

async function read(input: readonly (string | Buffer)[], options: StdinOptions = {}): Promise<{ rows: { value: string | null; offset: number; error?: string }[]; batches: RecordBatch[] }> {
  const source = await openStdinSource(options, testContext(), Readable.from(input.map(part => Buffer.from(part)), { objectMode: false }))
  return collect(source)
}
async function collect(source: Source, signal = new AbortController().signal) {
  const rows: { value: string | null; offset: number; error?: string }[] = [], batches: RecordBatch[] = []
  for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, signal)) {
    batches.push(batch)
    for (let row = 0; row < batch.rows; row++) {
      const value = partOf(batch, batch.values, row), error = batch.rejected?.find(rejection => rejection.row === row)?.error
      rows.push({ value: value && Buffer.from(value).toString(), offset: batch.offsets[row]!, ...(error === undefined ? {} : { error: error.code }) })
    }
    batch.release()
  }
  return { rows, batches }
}

test('last-line-without-a-line-break', async () => {
  const { rows, batches } = await read(['{"a":1}\r\n\r\n{"a"', ':2}'])
  assert.deepEqual(rows, [{ value: '{"a":1}', offset: 0 }, { value: '{"a":2}', offset: 11 }])
  assert.equal(batches.at(-1)!.next, 18n)
})

test('byte-order-mark-across-chunks', async () => {
  assert.deepEqual((await read([Buffer.of(0xef), Buffer.of(0xbb), Buffer.of(0xbf, 0x7b), '}\n'])).rows, [{ value: '{}', offset: 3 }])
})

test('csv-cell-with-a-line-break-across-chunks', async () => {
  const { rows, batches } = await read(['id,na', 'me\n1,"a\n', 'b"\n2,c\n'], { format: 'csv' })
  assert.deepEqual(rows, [{ value: '1,"a\nb"', offset: 8 }, { value: '2,c', offset: 16 }])
  assert.deepEqual(batches[0]!.columns, ['id', 'name'])
})

test('record-too-large-is-passed-by', async () => {
  const { rows } = await read(['{"a":1}\n', ...Array.from({ length: 50 }, () => 'x'.repeat(100)), '\n{"a":2}\n'], { recordBytesMax: 300, batchBytes: 50 })
  assert.deepEqual(rows.map(({ offset, error }) => [offset, error]), [[0, undefined], [8, 'SLUICE_RECORD_TOO_LARGE'], [5009, undefined]])
  assert.equal(rows[1]!.value!.length, 300)
})

test('csv-quote-that-nothing-closes-breaks-its-own-line', async () => {
  const { rows } = await read(['a\n"open\n', ...Array.from({ length: 20 }, (_, i) => `row${i}\n`)], { format: 'csv', recordBytesMax: 60 })
  assert.deepEqual(rows.map(({ value }) => value), ['"open', ...Array.from({ length: 20 }, (_, i) => `row${i}`)])
})

test('empty-input', async () => {
  assert.deepEqual((await read([])).rows, [])
})

test('idle-input-holds-nothing-back', async () => {
  const input = new PassThrough()
  const source = await openStdinSource({}, testContext(), input)
  const batches = source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)[Symbol.asyncIterator]()
  input.write('{"a":1}\n{"half":')
  const { value } = await batches.next() as IteratorYieldResult<RecordBatch>
  assert.equal(value.rows, 1, 'what is whole is handed over while the input is quiet')
  input.end('true}\n')
  assert.equal((await batches.next() as IteratorYieldResult<RecordBatch>).value.rows, 1)
  assert.equal((await batches.next()).done, true)
})

test('leave-while-idle', async () => {
  const stop = new AbortController()
  const source = await openStdinSource({}, testContext(), new PassThrough())
  const batches = source.read({ assigned() {}, async revoked() {}, lost() {} }, stop.signal)[Symbol.asyncIterator]()
  const pending = batches.next()
  await new Promise(resolve => { setImmediate(resolve) })
  stop.abort()
  assert.equal((await pending).done, true)
})

test('a-slow-reader-holds-the-input-back', async () => {
  let given = 0
  const input = new Readable({ highWaterMark: 1000, read() { given += 100; this.push(given > 1e6 ? null : `${'x'.repeat(99)}\n`) } })
  const batches = (await openStdinSource({}, testContext(), input)).read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)[Symbol.asyncIterator]()
  await batches.next()
  await new Promise(resolve => { setTimeout(resolve, 20) })
  assert.ok(given < 10_000, `${given} bytes were taken from the input while nobody asked`)
  await batches.return?.()
})

test('uncommitted-records-cannot-be-read-again', async () => {
  const source = await openStdinSource({}, testContext(), Readable.from(['{}\n'], { objectMode: false }))
  await collect(source)
  await assert.rejects(collect(source), { code: 'SLUICE_SOURCE_FAILED', severity: 'fatal' })
  await source.commit([{ partition: 'stdin', offset: 3n }])
  assert.deepEqual((await collect(source)).rows, [])
})

test('the-input-breaks', async () => {
  const input = new PassThrough()
  const reading = collect(await openStdinSource({}, testContext(), input))
  input.destroy(new Error('EIO'))
  await assert.rejects(reading, { code: 'SLUICE_SOURCE_FAILED' })
})

function recordsOf(values: readonly string[], columns?: readonly string[]) {
  const packer = new Packer(values.length, 64)
  for (const value of values) { packer.row(0); const at = packer.length; packer.text(value); packer.setValue(at) }
  return batchOf(packer.finish(columns), { partition: 'p', offsets: new Float64Array(values.length), from: 0n, next: 1n })
}

test('stalled-reader-holds-the-write-back', async () => {
  let goOn = () => {}
  const sink = await openStdoutSink({}, testContext(), new Writable({ write(_chunk, _encoding, done) { goOn = done } }))
  let settled = false
  const write = sink.write(recordsOf(['{"a":1}'])).then(() => { settled = true })
  await new Promise(resolve => { setTimeout(resolve, 20) })
  assert.equal(settled, false)
  goOn()
  await write
})

test('csv-has-one-header', async () => {
  const output = new PassThrough()
  const sink = await openStdoutSink({ format: 'csv' }, testContext(), output)
  await sink.write(recordsOf(['1,"x,y"'], ['id', 'a "name"']))
  await sink.write(recordsOf(['2,z'], ['id', 'a "name"']))
  assert.equal(String(output.read()), 'id,"a ""name"""\n1,"x,y"\n2,z\n')
  await assert.rejects(sink.write(recordsOf(['2'], ['id'])), { code: 'SLUICE_FILE_FORMAT' })
  await assert.rejects(sink.write(recordsOf(['2,z'], ['id', 'a "name"'])), { code: 'SLUICE_FILE_FORMAT' }, 'order survives a failure')
})

test('broken-pipe-ends-with-one-clear-error', { skip: process.platform === 'win32' && 'no pipes of this kind' }, async () => {
  const program = `
    import { explain } from ${JSON.stringify(new URL('../../core/index.ts', import.meta.url).href)}
    import { openStdoutSink } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    import { testContext } from ${JSON.stringify(new URL('../../conformance/context.ts', import.meta.url).href)}
    const values = { start: Int32Array.of(0), end: Int32Array.of(8) }, bytes = Buffer.from('{"a":12}')
    const sink = await openStdoutSink({}, testContext())
    try {
      for (;;) await sink.write({ rows: 1, bytes, keys: { start: Int32Array.of(-1), end: Int32Array.of(-1) }, values, timesMs: new Float64Array(1), release() {} })
    } catch (error) {
      console.error(explain(error))
      await sink.close()
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', chunk => { errors += String(chunk) })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = await once(child, 'exit')
  assert.match(errors, /^SluiceError: the standard output was closed by its reader\n {2}code: SLUICE_OUTPUT_CLOSED\n/)
  assert.doesNotMatch(errors, /\n {4}at /)
  assert.equal(code, 0)
})
