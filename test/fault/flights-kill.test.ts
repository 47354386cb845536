import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const ROOT = join(import.meta.dirname, '../..')
const DATA = 'node_modules/vega-datasets/data/flights-3m.parquet'
const FROM = 2_800_000, TO = 3_000_000           // flights of June
const KILLS = 20

const folder = await mkdtemp(join(tmpdir(), 'flights-kill-'))
after(() => rm(folder, { recursive: true }))

/** The main job as `npm start` runs it, on the slice. */
function start(name: string, args: readonly string[]) {
  const child = spawn(process.execPath, ['examples/flights/main.ts', ...args,
    '--set', `source.file.from=${FROM}`, '--set', `sink.file.path=${join(folder, `${name}.ndjson`)}`, '--set', `reject.file.path=${join(folder, `${name}.rejected.ndjson`)}`,
  ], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
  let error = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { error += text })
  return { child, ended: once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null, error })) }
}
const output = (name: string): string => join(folder, `${name}.ndjson`)
const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size
interface Checkpoint { readonly positions: { readonly [partition: string]: number }; readonly outputs: { readonly [name: string]: number } }
const checkpoint = async (): Promise<Checkpoint | undefined> => readFile(`${output('killed')}.position`, 'utf8').then((text) => JSON.parse(text) as Checkpoint, () => undefined)
const committed = async (): Promise<number> => (await checkpoint())?.positions[DATA] ?? FROM
const committedBytes = async (): Promise<number> => (await checkpoint())?.outputs['killed.ndjson'] ?? 0

test('the flights job, killed twenty times and restarted, leaves every record exactly once', { timeout: 120_000 }, async (t) => {
  const undisturbed = await start('undisturbed', []).ended
  assert.equal(undisturbed.code, 0, undisturbed.error)

  // Twenty random moments, one in each twentieth of the run: when the committed position has passed a row, and then some milliseconds. A run
  // that has passed its row before it begins is killed somewhere in its start. The rate leaves something to do after the last kill.
  const rows = Array.from({ length: KILLS }, (_, kill) => FROM + Math.floor((kill + Math.random()) / KILLS * 0.9 * (TO - FROM)))
  const at: number[] = []
  let behind = 0
  for (const [kill, row] of rows.entries()) {
    const { child, ended } = start('killed', ['--resume', '--set', 'source.file.ratePerSecond=60000'])
    const before = await committed()
    let isOver = false
    void ended.then(() => { isOver = true })
    if (before > row) await setTimeout(Math.random() * 600)
    else {
      while (!isOver && (await committed()) <= row) await setTimeout(5)
      await setTimeout(Math.random() * 120)
    }
    child.kill('SIGKILL')
    const { signal, error } = await ended
    assert.equal(signal, 'SIGKILL', `run ${kill} ended before it was killed: ${error}`)
    at.push(await committed())
    assert.ok(at.at(-1)! >= before, 'a position never goes back')
    if (await sizeOf(output('killed')) > await committedBytes()) behind++
  }
  t.diagnostic(`rows committed at each kill: ${at.map((row) => row - FROM).join(' ')}; ${behind} kills left output behind the committed position`)
  assert.ok(new Set(at).size >= KILLS / 2, 'the kills are spread over the work')

  const last = await start('killed', ['--resume']).ended
  assert.equal(last.code, 0, last.error)

  // one by one against the data, and the scores against those of the run that nobody disturbed
  const flights = await parquetReadObjects({ file: await asyncBufferFromFile(join(ROOT, DATA)), compressors, rowStart: FROM, rowEnd: TO })
  const lines = (await readFile(output('killed'), 'utf8')).split('\n'), expected = (await readFile(output('undisturbed'), 'utf8')).split('\n')
  assert.equal(lines.pop(), '', 'the last line is whole')
  assert.equal(lines.length, flights.length)
  for (const [i, line] of lines.entries()) {
    if (line !== expected[i]) assert.fail(`line ${i}: ${line} is not ${expected[i]}`)
    const { date, delay, distance, origin, destination, late, __sluice } = JSON.parse(line) as { [field: string]: unknown }
    const flight = flights[i] as { date: Date; delay: bigint; distance: bigint; origin: string; destination: string }
    const source = (__sluice as { source: string }).source
    if (source !== `${DATA}@${FROM + i}`) assert.fail(`line ${i} comes from ${source}`)
    if (date !== flight.date.toISOString() || delay !== Number(flight.delay) || distance !== Number(flight.distance) || origin !== flight.origin || destination !== flight.destination) assert.fail(`line ${i} is not the flight of row ${FROM + i}: ${line}`)
    if (!(typeof late === 'number' && late > 0 && late < 1)) assert.fail(`line ${i} has no score`)
  }
  assert.equal(await sizeOf(join(folder, 'killed.rejected.ndjson')), 0)
})
