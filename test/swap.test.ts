import { test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { batchOf, Packer } from '../src/codecs/pack.ts'
import { memorySink } from '../src/connect/memory/sink.ts'
import type { MemoryEntry } from '../src/connect/memory/options.ts'
import type { LogLevel, Part, RecordBatch, Sink, Source } from '../src/core/index.ts'
import { open } from '../src/open.ts'
import { runPipeline } from '../src/pipeline/run.ts'
import { bytesOf, readCsv } from './golden/golden.ts'
import { stump } from './support/xgboost.ts'

const VERSIONS = 20
const ROWS = 200

test('a pipeline under full load exchanges 20 versions: nothing fails, nothing starts again, each answer is its version\'s', { timeout: 120_000 }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-swap-'))
  t.after(() => rm(folder, { recursive: true }))
  const repository = join(folder, 'cancer')
  const rows = goldenRows()
  const models = Array.from({ length: VERSIONS }, (_, i) => retrained(i + 1))
  const expected = await Promise.all(models.map((model, i) => answersOf(join(folder, `${i + 1}.json`), model, rows)))
  for (const row of rows.keys()) assert.equal(new Set(expected.map(answers => answers[row])).size, VERSIONS, 'every version answers differently')

  const enough = new AbortController(), out: MemoryEntry[] = [], lines: { level: LogLevel; text: string }[] = []
  t.after(() => enough.abort())
  const source = endless(rows, enough.signal)
  const sink: Part<Sink> = { kind: 'memory', options: {}, open: async ({ clock }) => memorySink({ records: out }, clock) }
  await write(join(repository, '1/model.json'), models[0]!)
  let over = false
  const running = runPipeline({
    name: 'cancer', source: source.part, strategy: { embedded: { model: repository, pollMs: 10 } },
    result: { object: { row: '$.row', margin: 'margin' } }, sink, delivery: { guarantee: 'at-least-once' },
  }, { log: { write: (level, text) => { lines.push({ level, text }) } } }).finally(() => { over = true })

  const served: number[] = []
  let checked = 0
  /** What has come out since the last call: in order, and equal to the answer of the version it names. */
  function check(): void {
    for (const { value } of out.splice(0)) {
      const { row, margin, __sluice: origin } = JSON.parse(new TextDecoder().decode(value!)) as { row: number; margin: number; __sluice: { model: string; version: string; source: string } }
      const version = Number(origin.version)
      assert.equal(origin.model, 'cancer')
      assert.equal(origin.source, `rows@${checked}`)
      assert.equal(margin, expected[version - 1]![row], `record ${checked} is explained by version ${version}`)
      if (served.at(-1) !== version) {
        assert.equal(row, 0, 'a batch is answered by one version')
        served.push(version)
      }
      checked++
    }
  }
  async function until(version: number): Promise<void> {
    while (served.at(-1) !== version && !over) {
      check()
      await sleep(1)
    }
  }

  await until(1)
  await write(join(repository, '998/model.json'), models[0]!.slice(0, -1000))
  await write(join(repository, '999/model.json'), stump())
  for (let version = 2; version <= VERSIONS; version++) {
    const path = join(repository, String(version), 'model.json'), model = models[version - 1]!
    if (version % 2 === 0) {
      await write(join(folder, 'next/model.json'), model)
      await rename(join(folder, 'next'), join(repository, String(version)))
    } else {
      await write(path, model.slice(0, model.length / 2))
      await sleep(5)
      await write(path, model)
    }
    await until(version)
  }
  enough.abort()
  const report = await running
  check()

  assert.deepEqual(served, Array.from({ length: VERSIONS }, (_, i) => i + 1))
  assert.equal(checked, source.sent())
  assert.equal(report.records, checked)
  assert.equal(source.reads(), 1)
  assert.ok(checked > VERSIONS * ROWS)
  assert.deepEqual(lines.filter(({ level }) => level === 'warn'), [])
  const refused = lines.filter(({ level }) => level === 'error').map(({ text }) => text)
  assert.deepEqual([...new Set(refused)].sort(), ["model 'cancer': version '998' is refused", "model 'cancer': version '999' is refused"])
  assert.equal(refused.length, 2)
  const total = (name: string, label: string): number[] => report.snapshot.filter(family => family.name === name).flatMap(({ cells }) => cells).filter(({ labels }) => Object.values(labels).includes(label)).map(({ value }) => value)
  assert.deepEqual(total('sluice_records_total', 'scored'), [checked])
  assert.deepEqual(total('sluice_model_swaps_total', 'cancer'), [VERSIONS - 1])
  const info = report.snapshot.find(({ name }) => name === 'sluice_model_info')!.cells
  assert.deepEqual(info.map(({ labels, value }) => [labels['version'], value]), [[String(VERSIONS), 1]])
})

type Row = { readonly [feature: string]: number | null }

/** What the model was tested with; numbers that JSON has no word for are left out. */
function goldenRows(): Row[] {
  const { columns, rows } = readCsv('xgboost/bin-cancer/inputs.csv')
  return rows.filter(cells => cells.every(cell => cell === '' || Number.isFinite(Number(cell)))).slice(0, ROWS)
    .map(cells => Object.fromEntries(columns.map((name, i) => [name, cells[i] === '' ? null : Number(cells[i])])))
}

/** The golden model with all leaves a little larger in each version. */
function retrained(version: number): string {
  const model = JSON.parse(new TextDecoder().decode(bytesOf('xgboost/bin-cancer/model.json'))) as {
    learner: { gradient_booster: { model: { trees: { left_children: number[]; split_conditions: number[] }[] } } }
  }
  for (const tree of model.learner.gradient_booster.model.trees) {
    tree.split_conditions = tree.split_conditions.map((value, node) => (tree.left_children[node] === -1 ? Math.fround(value * (1 + version / 100)) : value))
  }
  return JSON.stringify(model)
}

async function answersOf(path: string, model: string, rows: readonly Row[]): Promise<number[]> {
  await write(path, model)
  const opened = await open<Row, { margin: number }>(path)
  const answers = await opened.score(rows)
  await opened.close()
  return answers.map(({ margin }) => margin)
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
}

/** The same batch again and again, as fast as it is asked for; each takes a turn of the event loop, as it would from a file or a socket. */
function endless(rows: readonly Row[], enough: AbortSignal): { readonly part: Part<Source>; sent(): number; reads(): number } {
  const packer = new Packer(rows.length, 1024)
  for (const [row, features] of rows.entries()) {
    packer.row(0)
    const at = packer.length
    packer.text(JSON.stringify({ row, ...features }))
    packer.setValue(at)
  }
  const records = packer.finish()
  let sent = 0, reads = 0
  async function* read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    while (!enough.aborted && !signal.aborted) {
      await turn()
      const from = sent
      sent += rows.length
      yield batchOf(records, { partition: 'rows', offsets: Float64Array.from(rows, (_, i) => from + i), from: BigInt(from), next: BigInt(sent) })
    }
  }
  const source: Source = {
    name: 'endless', batchBytesMax: records.bytes.length,
    read(owner, signal) {
      reads++
      owner.assigned([{ partition: 'rows', offset: BigInt(sent) }])
      return read(signal)
    },
    async commit() {}, async close() {},
  }
  return { part: { kind: 'endless', options: {}, open: async () => source }, sent: () => sent, reads: () => reads }
}
