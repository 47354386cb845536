import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { dayOfWeek, hourOfDay, wallMsOf } from '../../src/features/time.ts'
import { zoneOf } from '../../src/features/zone.ts'
import { open } from '../../src/open.ts'
import { loadDefinition } from '../../src/pipeline/load.ts'

const here = (name: string): string => join(import.meta.dirname, name)
const { definition } = await loadDefinition(here('flights.yaml'))
const source = definition.source as { file: { path: string; from: number } }
const provenance = JSON.parse(await readFile(here('delay.json'), 'utf8')) as {
  model: { sha256: string }; data: { sha256: string; rows: number }; unseen: { from: number; rows: number }; answers: { everyNth: number; then: number[] }
}

interface Flight { readonly date: Date; readonly delay: bigint; readonly distance: bigint; readonly origin: string; readonly destination: string }
const data = await asyncBufferFromFile(here('../../node_modules/vega-datasets/data/flights-3m.parquet'))
const flights = async (rowStart: number, rowEnd: number) => await parquetReadObjects({ file: data, compressors, rowStart, rowEnd }) as unknown as Flight[]

test('scoring begins with the first flight of May: the model has seen none of what it scores', async () => {
  const { from } = source.file
  const [last, first] = await flights(from - 1, from + 1)
  assert.equal(last?.date.toISOString().slice(0, 10), '2001-04-30')
  assert.equal(first?.date.toISOString().slice(0, 10), '2001-05-01')
  assert.equal(from, provenance.unseen.from)
  assert.equal(from + provenance.unseen.rows, provenance.data.rows)
})

test('data and model are those of which the provenance speaks', async () => {
  const digest = async (path: string) => createHash('sha256').update(await readFile(path)).digest('hex')
  assert.equal(await digest(here('delay.txt')), provenance.model.sha256)
  assert.equal(await digest(here(`../../${source.file.path}`)), provenance.data.sha256)
})

test('hour and weekday mean the same in Python and here', async () => {
  const { everyNth, then } = provenance.answers
  const all = await flights(source.file.from, provenance.data.rows)
  const chosen = [...all.filter((_, i) => i % everyNth === 0), ...then.map((row) => all[row - source.file.from]!)]
  const rows = chosen.map(({ date, distance, origin, destination }) => {
    const wallMs = wallMsOf(date.toISOString(), zoneOf('UTC'))
    return [hourOfDay(wallMs), dayOfWeek(wallMs), distance, origin, destination].join()
  })
  assert.deepEqual(rows, (await readFile(here('rows.csv'), 'utf8')).trim().split('\n').slice(1))
})

test('scores are those of LightGBM: raw to the last bit, also of airports that the training never saw', async () => {
  const cells = async (name: string) => (await readFile(here(name), 'utf8')).trim().split('\n').slice(1).map((line) => line.split(','))
  const model = await open<object, { prediction: number; margin: number }>(here('delay.txt'))
  const answers = await model.score((await cells('rows.csv')).map(([hour, weekday, distance, origin, destination]) =>
    ({ hour: Number(hour), weekday: Number(weekday), distance: Number(distance), origin, destination })))
  await model.close()
  const expected = await cells('expected.csv')
  assert.equal(answers.length, expected.length)
  assert.ok(expected.length > 300)
  assert.deepEqual(answers.map(({ margin }) => margin), expected.map(([, raw]) => Number(raw)))
  // exp is not the same in every language: the last place may differ
  answers.forEach(({ prediction }, i) => assert.ok(Math.abs(prediction / Number(expected[i]![0]) - 1) < 1e-15, `row ${i}`))
})
