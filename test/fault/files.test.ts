import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Packer } from '../../src/codecs/pack.ts'
import { countingArena, testContext } from '../../src/conformance/index.ts'
import { openFileSink, openFileSource } from '../../src/connect/file/index.ts'
import { openStdinSource } from '../../src/connect/stdio/index.ts'
import type { Records, Source } from '../../src/core/index.ts'
import { smallDisk } from '../support/disk.ts'
import { folder } from '../support/folder.ts'

const COPY = fileURLToPath(new URL('files-copy.ts', import.meta.url))
const OWNER = { assigned() {}, async revoked() {}, lost() {} }

async function copying(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [COPY, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

test('killed-at-random-and-started-again-every-record-once', { timeout: 120_000 }, async t => {
  const at = await folder(t)
  const lines = (file: number): string[] => Array.from({ length: 20_000 }, (_, i) => `{"file":${file},"i":${i}}`)
  for (const file of [1, 2]) await writeFile(at(`in${file}.ndjson`), lines(file).map(line => `${line}\n`).join(''))
  let kills = 0, code: number | null = null
  while (code !== 0) {
    const child = await copying([at('.'), '20000'])
    const exit = once(child, 'exit') as Promise<[number | null]>
    if (kills < 25) setTimeout(() => { child.kill('SIGKILL') }, Math.random() * 60)
    code = (await exit)[0]
    assert.ok(code === 0 || code === null, `it ended with ${code}`)
    if (code === null) kills++
  }
  assert.ok(kills >= 10, `it was killed only ${kills} times`)
  const all = [...lines(1), ...lines(2)]
  assert.equal(await readFile(at('out.ndjson'), 'utf8'), all.filter(line => !line.endsWith('0}')).map(line => `${line}\n`).join(''))
  const tenth = (await readFile(at('tenth.records'), 'utf8')).split('\n').slice(0, -1).map(line => (JSON.parse(line) as { value: string }).value)
  assert.deepEqual(tenth, all.filter(line => line.endsWith('0}')))
  const size = (await stat(at('out.ndjson'))).size
  const [again] = await once(await copying([at('.'), '40000']), 'exit') as [number]
  assert.deepEqual([again, (await stat(at('out.ndjson'))).size], [0, size], 'a finished job that runs again adds nothing')
})

test('output-of-a-living-process-is-in-use-and-of-a-killed-one-is-free', async t => {
  const at = await folder(t)
  await writeFile(at('in.ndjson'), '{"i":1}\n'.repeat(1000))
  const child = await copying([at('.'), '100'])
  const exit = once(child, 'exit')
  try {
    await assert.rejects(openFileSink({ path: at('out.ndjson') }, testContext()), { code: 'SLUICE_FILE_IN_USE', severity: 'fatal', message: new RegExp(`process ${child.pid}`) })
  } finally {
    child.kill('SIGKILL')
    await exit
  }
  await (await openFileSink({ path: at('out.ndjson') }, testContext())).close()
})

test('disk-becomes-full-and-is-emptied', async t => {
  const disk = await smallDisk()
  if (typeof disk === 'string') { t.skip(disk); return }
  t.after(() => disk.remove())
  const at = await folder(t)
  const wanted = Array.from({ length: 30_000 }, (_, i) => `{"i":${i},"pad":"xxxxxxxxxx"}\n`).join('')
  await writeFile(at('in.ndjson'), wanted)
  const output = join(disk.path, 'out.ndjson')
  // some room, so that it becomes full in the middle
  const filler = await open(join(disk.path, 'reserve'), 'w')
  await filler.write(Buffer.alloc(300_000))
  await filler.close()
  let free = await disk.fill()
  await (await open(join(disk.path, 'reserve'), 'w')).close()

  async function run(): Promise<void> {
    const source = await openFileSource({ path: at('in.ndjson'), batchRows: 500 }, testContext())
    const sink = await openFileSink({ path: output }, testContext())
    const delivery = (await sink.delivery!(source, [sink]))!
    try {
      for await (const batch of source.read(OWNER, new AbortController().signal)) {
        try {
          await delivery.write(sink, batch)
          await delivery.commit([{ partition: batch.partition, offset: batch.next }])
        } finally { batch.release() }
      }
    } catch (error) {
      await delivery.abort()
      throw error
    } finally {
      await delivery.close()
      await sink.close()
      await source.close()
    }
  }
  await assert.rejects(run(), { code: 'SLUICE_DISK_FULL', severity: 'fatal' })
  const visible = await readFile(output, 'utf8')
  assert.ok(visible.length > 0 && visible.endsWith('\n') && wanted.startsWith(visible), 'whole records only, from the first on')
  await assert.rejects(run(), { code: 'SLUICE_DISK_FULL' }, 'as long as it is full')
  await free()
  free = async () => {}
  await run()
  assert.equal(await readFile(output, 'utf8'), wanted)
})

test('disk-full-leaves-no-half-line-without-a-delivery', async t => {
  const disk = await smallDisk()
  if (typeof disk === 'string') { t.skip(disk); return }
  t.after(() => disk.remove())
  const path = join(disk.path, 'out.ndjson')
  const sink = await openFileSink({ path }, testContext())
  await sink.write(one('{"a":1}'))
  const free = await disk.fill()
  await assert.rejects(sink.write(one(`{"a":"${'x'.repeat(100_000)}"}`)), { code: 'SLUICE_DISK_FULL' })
  assert.equal(await readFile(path, 'utf8'), '{"a":1}\n')
  await free()
  await sink.write(one('{"a":2}'))
  await sink.close()
  assert.equal(await readFile(path, 'utf8'), '{"a":1}\n{"a":2}\n')
})

/** The most memory outside the heap that is held, not merely not yet collected, while `work` runs. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => { collect(); return process.memoryUsage().arrayBuffers }
  const before = held()
  let peak = 0, looks = 0
  const watch = setInterval(() => { looks++; peak = Math.max(peak, held() - before) }, 1)
  try { await work() } finally { clearInterval(watch) }
  assert.ok(looks > 2, `memory was looked at ${looks} times only`)
  return peak
}
const MiB = 1024 * 1024
async function longLine(path: string): Promise<void> {
  const file = await open(path, 'w')
  await file.write('{"a":1}\n')
  for (let i = 0; i < 64; i++) await file.write(Buffer.alloc(MiB, 120))
  await file.write('\n{"a":2}\n')
  await file.close()
}
async function checkLongLine(source: Source): Promise<void> {
  const rows: [number, number, string | undefined][] = []
  for await (const batch of source.read(OWNER, new AbortController().signal)) {
    for (let row = 0; row < batch.rows; row++) rows.push([batch.offsets[row]!, batch.values.end[row]! - batch.values.start[row]!, batch.rejected?.[0]?.error.code])
    batch.release()
  }
  await source.close()
  assert.deepEqual(rows, [[0, 7, undefined], [8, 65_536, 'SLUICE_RECORD_TOO_LARGE'], [8 + 64 * MiB + 1, 7, undefined]])
}

test('record-of-64-MiB-is-passed-by-in-flat-memory', async t => {
  const path = (await folder(t))('in.ndjson')
  await longLine(path)
  const peak = await peakOf(async () => checkLongLine(await openFileSource({ path, recordBytesMax: 2 * MiB }, testContext())))
  assert.ok(peak < 16 * MiB, `${Math.round(peak / MiB)} MiB were held`)
})

test('record-of-64-MiB-on-a-stream-is-passed-by-in-flat-memory', async t => {
  const path = (await folder(t))('in.ndjson')
  await longLine(path)
  const peak = await peakOf(async () => checkLongLine(await openStdinSource({ recordBytesMax: 2 * MiB }, testContext(), createReadStream(path))))
  assert.ok(peak < 16 * MiB, `${Math.round(peak / MiB)} MiB were held`)
})

test('record-of-12-MiB-is-read-whole', async t => {
  const path = (await folder(t))('in.ndjson')
  const value = `{"a":"${'x'.repeat(12 * MiB)}"}`
  await writeFile(path, `${value}\n{"a":1}\n`)
  const arena = countingArena()
  const source = await openFileSource({ path }, testContext({ arena }))
  const sizes: number[] = []
  for await (const batch of source.read(OWNER, new AbortController().signal)) {
    for (let row = 0; row < batch.rows; row++) sizes.push(batch.values.end[row]! - batch.values.start[row]!)
    assert.ok(batch.bytes.length <= source.batchBytesMax)
    batch.release()
  }
  assert.deepEqual(sizes, [value.length, 7])
  assert.deepEqual([arena.held, arena.errors], [0, []])
})

test('many-small-writes-share-their-syncs', async t => {
  const at = await folder(t)
  const sink = await openFileSink({ path: at('out.ndjson') }, testContext())
  const writes = Array.from({ length: 5000 }, (_, i) => sink.write(one(`{"i":${i}}`)))
  await Promise.all(writes)
  await sink.close()
  assert.equal(await readFile(at('out.ndjson'), 'utf8'), Array.from({ length: 5000 }, (_, i) => `{"i":${i}}\n`).join(''))
})
function one(value: string): Records {
  const packer = new Packer(1, 64)
  packer.row(0)
  packer.text(value)
  packer.setValue(0)
  return packer.finish()
}
