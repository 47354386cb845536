import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { sinkSuite, sourceSuite } from '../../conformance/index.ts'
import type { SinkBed, SourceBed } from '../../conformance/index.ts'
import { smallDisk } from '../../../test/support/disk.ts'
import type { FileSourceOptions } from './options.ts'
import { openFileSink } from './sink.ts'
import { openFileSource } from './source.ts'

/** Files 0, 1, ... of these values. */
async function fill(partitions: readonly (readonly string[])[], format: 'ndjson' | 'csv' | 'records'): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-'))
  for (const [i, values] of partitions.entries()) {
    const text = format === 'ndjson' ? values.map(value => `${value}\n`).join('')
      : format === 'csv' ? ['v', ...values].map(value => `${value}\r\n`).join('')
      : values.map(value => `${JSON.stringify({ timeMs: 1, key: null, value, headers: [] })}\n`).join('')
    await writeFile(join(path, `${i}.${format === 'records' ? 'records' : format}`), text)
  }
  return path
}
async function sourceBed(partitions: readonly (readonly string[])[], format: 'ndjson' | 'csv' | 'records', options: Partial<FileSourceOptions>): Promise<SourceBed> {
  const path = await fill(partitions, format)
  return {
    open: context => openFileSource({ path: join(path, `*.${format}`), batchBytes: 256, ...options, position: join(path, 'position') }, context),
    close: () => rm(path, { recursive: true }),
  }
}
for (const format of ['ndjson', 'csv', 'records'] as const) {
  sourceSuite(`file source, ${format}`, partitions => sourceBed(partitions, format, { batchRows: 7 }))
}
sourceSuite('file source, records larger than a batch', partitions => sourceBed(partitions, 'ndjson', { batchBytes: 5, recordBytesMax: 2000 }))
sourceSuite('file source, a steady rate', partitions => sourceBed(partitions, 'ndjson', { batchRows: 50, ratePerSecond: 20_000 }))

for (const format of ['ndjson', 'csv', 'records'] as const) sinkSuite(`file sink, ${format}`, partitions => sinkBed(partitions, format))
const disk = await smallDisk(32 * 1024 * 1024)
sinkSuite('file sink, a disk that is full for a while', async partitions => {
  const bed = await sinkBed(partitions, 'ndjson', typeof disk === 'string' ? undefined : disk.path)
  return typeof disk === 'string' ? bed : { ...bed, fail: () => disk.fill() }
}, typeof disk === 'string' ? { skips: { 'failed-write-fails-what-follows': disk } } : {})
after(() => typeof disk === 'string' ? undefined : disk.remove())

async function sinkBed(partitions: readonly (readonly string[])[], format: 'ndjson' | 'csv' | 'records', place?: string): Promise<SinkBed> {
  const path = await fill(partitions, 'ndjson')
  const folders = [await mkdtemp(join(place ?? path, 'out-'))]
  return {
    async open(context) {
      const open = (name: string) => openFileSink({ path: join(folders.at(-1)!, name), format }, context)
      return { source: await openFileSource({ path: join(path, '*.ndjson') }, context), sinks: [await open('results'), await open('rejects')] }
    },
    async read(sink) {
      const text = await readFile(join(folders.at(-1)!, ['results', 'rejects'][sink]!), 'utf8')
      const lines = text.split('\n').slice(0, -1)
      return format === 'ndjson' ? lines : format === 'csv' ? lines.slice(1) : lines.map(line => (JSON.parse(line) as { value: string }).value)
    },
    // what a killed process leaves is what is in its folder; the old parts still hold that one
    async crash() {
      folders.push(await mkdtemp(join(place ?? path, 'out-')))
      await cp(folders.at(-2)!, folders.at(-1)!, { recursive: true })
    },
    ...(format === 'records' ? {} : { refused: format === 'csv' ? 'two\nrecords' : '{"two":\n"lines"}' }),
    async close() { for (const left of [path, ...folders]) await rm(left, { recursive: true, force: true }) },
  }
}
