import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folder } from '../../../test/support/folder.ts'
import { parquetOf } from '../../../test/support/parquet.ts'
import { textsOf } from '../../../test/support/rows.ts'
import { sourceSuite, testContext } from '../../conformance/index.ts'
import type { RecordBatch } from '../../core/index.ts'
import type { FileSourceOptions } from './options.ts'
import { openFileSource } from './source.ts'

const golden = (name: string): string => fileURLToPath(new URL(`../../../test/golden/parquet/${name}`, import.meta.url))

async function read(path: string, options: Partial<FileSourceOptions> = {}): Promise<{ values: string[]; batches: RecordBatch[] }> {
  const source = await openFileSource({ path, ...options }, testContext())
  const values: string[] = [], batches: RecordBatch[] = []
  for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)) {
    values.push(...textsOf(batch))
    batches.push(batch)
    batch.release()
  }
  await source.close()
  return { values, batches }
}

test('every-type-is-the-json-that-pyarrow-means', async () => {
  const { types } = JSON.parse(await readFile(golden('expected.json'), 'utf8'), exact) as { types: { [column: string]: unknown }[] }
  const { values } = await read(golden('types.parquet'))
  assert.equal(values.length, types.length)
  for (const [row, value] of values.entries()) {
    const found = JSON.parse(value, exact) as { [column: string]: unknown }
    assert.deepEqual(Object.keys(found), Object.keys(types[row]!))
    for (const [column, wanted] of Object.entries(types[row]!)) {
      // JSON has no infinity: it is written as a number that is read as one
      const infinite = wanted === 'Infinity' ? Infinity : wanted === '-Infinity' ? -Infinity : wanted
      assert.deepEqual(found[column], infinite, `row ${row}, column ${column}`)
    }
  }
})
/** Integers that a double does not hold, by their digits. */
function exact(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}

test('row-groups-pages-and-every-compression', async () => {
  const { values, batches } = await read(golden('groups.parquet'), { batchRows: 64 })
  assert.deepEqual(values, Array.from({ length: 1000 }, (_, i) => JSON.stringify({ i, name: `n${i % 10}`, x: i / 7, y: `value ${i}`, z: i % 5 })))
  assert.deepEqual(batches.flatMap(({ offsets }) => [...offsets]), Array.from({ length: 1000 }, (_, i) => i))
  assert.equal(batches.at(-1)!.next, 1000n)
})

test('columns-without-nulls-of-many-pages', async () => {
  assert.deepEqual((await read(golden('required.parquet'))).values, Array.from({ length: 600 }, (_, i) => `{"i":${i},"s":"${i}"}`))
})

test('zero-rows', async () => {
  assert.deepEqual((await read(golden('empty.parquet'))).batches, [])
})

test('begins-in-the-middle-of-a-row-group', async () => {
  const { values, batches } = await read(golden('groups.parquet'), { from: 450 })
  assert.equal(values.length, 550)
  assert.equal((JSON.parse(values[0]!) as { i: number }).i, 450)
  assert.equal(batches[0]!.from, 450n)
})

test('rows-larger-than-a-batch-and-larger-than-may-be', async () => {
  const small = await read(golden('groups.parquet'), { batchBytes: 10 })
  assert.equal(small.values.length, 1000)
  assert.equal(small.values[999], JSON.stringify({ i: 999, name: 'n9', x: 999 / 7, y: 'value 999', z: 4 }))
  const { batches, values } = await read(golden('groups.parquet'), { batchBytes: 10, recordBytesMax: 40 })
  assert.equal(batches.length, 1000)
  for (const batch of batches) assert.deepEqual(batch.rejected?.map(({ row, stage, error }) => [row, stage, error.code]), [[0, 'source', 'SLUICE_RECORD_TOO_LARGE']])
  assert.equal(values[999], '{"i":999,"name":"n9","x":142.71428571428572,"y":"value 999","z":4}'.slice(0, 40))
})

test('batches-of-any-size', async () => {
  const { values } = await read(golden('groups.parquet'))
  for (let batchBytes = 60; batchBytes < 90; batchBytes++) assert.deepEqual((await read(golden('groups.parquet'), { batchBytes })).values, values, `batchBytes ${batchBytes}`)
})

test('position-behind-the-last-row', async () => {
  const source = await openFileSource({ path: golden('groups.parquet') }, testContext())
  await source.commit([{ partition: golden('groups.parquet'), offset: 1001n }])
  await assert.rejects(async () => { for await (const batch of source.read({ assigned() {}, async revoked() {}, lost() {} }, new AbortController().signal)) batch.release() }, { code: 'SLUICE_FILE_SHRUNK' })
})

for (const bytes of [0, 3, 8, 100, 5000]) test(`truncated-to-${bytes}-bytes`, async t => {
  const path = (await folder(t))('x.parquet')
  await copyFile(golden('groups.parquet'), path)
  await truncate(path, bytes)
  await assert.rejects(read(path), { code: 'SLUICE_FILE_FORMAT', severity: 'fatal' })
})

test('random-damage-is-a-named-error-or-other-values', { timeout: 120_000 }, async t => {
  const path = (await folder(t))('x.parquet')
  let state = 12_345
  const random = (most: number): number => { state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; return Math.floor(state / 2 ** 32 * most) }
  let errors = 0
  for (const name of ['groups.parquet', 'types.parquet', 'required.parquet']) {
    const whole = await readFile(golden(name))
    for (let i = 0; i < 60; i++) {
      const damaged = Buffer.from(whole)
      // half of the damage goes where the structure is
      for (let k = 0; k < 1 + i % 4; k++) damaged[i % 2 === 0 ? whole.length - 1 - random(Math.min(2000, whole.length)) : random(whole.length)] = random(256)
      await writeFile(path, damaged)
      try { await read(path) } catch (error) {
        errors++
        assert.match((error as { code?: string }).code ?? String(error), /^SLUICE_FILE_(FORMAT|SHRUNK)$/)
      }
    }
  }
  assert.ok(errors > 30, `only ${errors} of 180 damaged files were noticed`)
})

test('a-text-file-with-the-name', async t => {
  const path = (await folder(t))('x.parquet')
  await writeFile(path, '{"a":1}\n'.repeat(10))
  await assert.rejects(read(path), { code: 'SLUICE_FILE_FORMAT' })
})

sourceSuite('file source, parquet', async partitions => {
  const path = await mkdtemp(join(tmpdir(), 'sluice-'))
  for (const [i, values] of partitions.entries()) {
    const rows = values.map(value => JSON.parse(value) as { i: number; pad?: string })
    await writeFile(join(path, `${i}.parquet`), parquetOf({ i: rows.map(row => row.i), ...(rows[0]?.pad === undefined ? {} : { pad: rows.map(row => row.pad!) }) }))
  }
  return {
    open: context => openFileSource({ path: join(path, '*.parquet'), batchRows: 7, batchBytes: 500, recordBytesMax: 2000, position: join(path, 'position') }, context),
    close: () => rm(path, { recursive: true }),
  }
})
