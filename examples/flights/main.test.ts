import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { linesOf } from './truth.ts'

const folder = await mkdtemp(join(tmpdir(), 'flights-'))
after(() => rm(folder, { recursive: true }))
const output = join(folder, 'flights.ndjson'), rejects = join(folder, 'rejected.ndjson')
const here = (name: string): string => join(import.meta.dirname, name)

interface Ran { readonly code: number | null; readonly out: string; readonly error: string }
/** The job as a process of its own, without a terminal, writing into the folder. */
function job(args: readonly string[], started: (child: ChildProcess) => unknown = () => {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [here('main.ts'), '--set', `sink.file.path=${output}`, '--set', `reject.file.path=${rejects}`, ...args], { cwd: folder })
    let out = '', error = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { error += text })
    child.on('close', (code) => { resolve({ code, out, error }) })
    void started(child)
  })
}

interface Result { readonly date: string; readonly delay: number; readonly late: number; readonly __sluice: { readonly model: string; readonly version: string; readonly source: string } }
async function results(): Promise<Result[]> {
  const all: Result[] = []
  for await (const line of linesOf(output)) all.push(JSON.parse(line) as Result)
  return all
}
const FROM = 1978941, PARTITION = 'node_modules/vega-datasets/data/flights-3m.parquet'
function inOrder(all: readonly Result[]): void {
  all.forEach(({ __sluice }, i) => { if (__sluice.source !== `${PARTITION}@${FROM + i}`) assert.fail(`line ${i} comes from ${__sluice.source}`) })
}

test('the job says how good it was, and writes each record once, in order', async () => {
  const { code, out, error } = await job(['--limit', '20000'])
  assert.equal(code, 0, error)
  assert.match(out, /^flights: the limit is reached$/m)
  assert.match(out, /records +20,000: 20,000 scored, 0 rejected/)
  assert.match(out, /delivery +exactly once/)
  assert.match(out, /20,000 scores against what really happened/)
  assert.ok(Number(/AUC (0\.\d{4})/.exec(out)?.[1]) > 0.6, out)
  const [, model, without] = /log loss (0\.\d{4}); without a model (0\.\d{4})/.exec(out) ?? []
  assert.ok(Number(model) < Number(without), out)
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(out + error, /[\u001b\r]/, 'without a terminal: plain lines')
  const all = await results()
  assert.equal(all.length, 20_000)
  inOrder(all)
  assert.equal(all[0]!.date.slice(0, 10), '2001-05-01')
})

test('what the pipeline makes of the records is what LightGBM made of them', async () => {
  const all = await results()
  const expected = (await readFile(here('expected.csv'), 'utf8')).split('\n').slice(1).map((line) => Number(line.split(',')[0]))
  const { answers: { everyNth } } = JSON.parse(await readFile(here('delay.json'), 'utf8')) as { answers: { everyNth: number } }
  const shared = all.filter((_, i) => i % everyNth === 0)
  assert.equal(shared.length, 8)
  shared.forEach(({ late }, i) => assert.ok(Math.abs(late / expected[i]! - 1) < 1e-15, `${late} is not ${expected[i]}`))
})

test('stopped by Ctrl-C it finishes what it has read and says how to go on; with --resume it does, without it begins anew', async () => {
  await rm(output)
  let second: Ran | undefined
  const stopped = await job(['--set', 'source.file.ratePerSecond=20000'], async (child) => {
    while (child.exitCode === null && (await stat(output).catch(() => ({ size: 0 }))).size === 0) await setTimeout(20)
    second = await job([])
    child.kill('SIGINT')
  })
  assert.equal(second?.code, 1, 'a second job leaves the output of the one under way alone')
  assert.match(second?.error ?? '', /SLUICE_FILE_IN_USE/)
  assert.equal(stopped.code, 0, stopped.error)
  assert.match(stopped.out, /^flights: stopped; what was read is written$/m)
  assert.match(stopped.out, /next +npm start -- --resume/)
  const before = (await results()).length
  assert.ok(before > 0 && before < 1_021_059)

  const resumed = await job(['--resume', '--limit', '5000'])
  assert.equal(resumed.code, 0, resumed.error)
  const all = await results()
  assert.equal(all.length, before + 5000)
  inOrder(all)

  await job(['--limit', '1000'])
  assert.equal((await results()).length, 1000)
})

test('a wrong argument is said in one line', async () => {
  assert.deepEqual(await job(['--limit', 'many']), { code: 2, out: '', error: '--limit many is not a whole number from 1\n' })
  assert.equal((await job(['--recume'])).code, 2)
})
