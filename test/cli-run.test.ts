import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ended, folder, golden, sluice, start, until } from './cli.ts'
import { parseCsv } from './golden/golden.ts'

const MODEL = golden('xgboost/bin-cancer/model.json')
const { columns, rows } = parseCsv(readFileSync(golden('xgboost/bin-cancer/inputs.csv'), 'utf8'))
const records = rows.map((cells, id) => JSON.stringify({ id, ...Object.fromEntries(columns.map((column, i) => [column, Number(cells[i])])) }))
const base = folder()
let folders = 0

/** A folder of its own with a pipeline in it. */
function place(input: string | readonly string[], more = '', replace: (text: string) => string = (text) => text): string {
  const at = join(base, String(++folders))
  mkdirSync(at)
  writeFileSync(join(at, 'in.ndjson'), typeof input === 'string' ? input : input.map((line) => `${line}\n`).join(''))
  writeFileSync(join(at, 'p.yaml'), replace(`name: cancer
source: { file: { path: in.ndjson } }
strategy: { embedded: { model: ${MODEL} } }
result: { object: { id: id, malignant: probability } }
sink: { file: { path: out.ndjson } }
${more}`))
  return at
}
const REJECT = 'reject: { file: { path: rejects.records.ndjson }, stopAbove: false }\n'
const idsIn = (at: string, name = 'out.ndjson'): number[] => readFileSync(join(at, name), 'utf8').trimEnd().split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { id: number }).id)
const all = records.map((_, id) => id)

test('run writes a result for every record and reports what it did', async () => {
  const at = place(records)
  const { code, stdout, stderr } = await sluice(['run', 'p.yaml'], { cwd: at })
  assert.equal(code, 0, stderr)
  assert.deepEqual(idsIn(at), all)
  assert.match(stdout, /^cancer: the source has ended\n {2}records +326: 326 scored, 0 rejected\n/)
  assert.match(stdout, /\n {2}delivery +exactly once\n/)
  assert.match(stdout, /\n {2}output +out.ndjson\n/)
  // without a terminal the log is JSON
  for (const line of stderr.trimEnd().split('\n')) assert.equal((JSON.parse(line) as { pipeline: string }).pipeline, 'cancer')
})

test('--set changes the pipeline, and --limit goes on where the last run ended', async () => {
  const at = place(records)
  for (let i = 0; i < 2; i++) assert.equal((await sluice(['run', 'p.yaml', '--limit', '10', '--set', 'sink.file.path=other.ndjson'], { cwd: at })).code, 0)
  assert.deepEqual(idsIn(at, 'other.ndjson'), all.slice(0, 20))
  assert.ok(!existsSync(join(at, 'out.ndjson')))
})

test('--dry-run prints results and rejects, writes nothing and commits nothing', async () => {
  const at = place([records[0]!, '{', records[1]!], REJECT, (text) => text.replace('in.ndjson', 'in.ndjson, position: in.position'))
  const { code, stdout, stderr } = await sluice(['run', 'p.yaml', '--dry-run', '--log-level', 'error'], { cwd: at })
  assert.equal(code, 0, stderr)
  assert.deepEqual(stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { id: number }).id), [0, 1])
  assert.match(stderr, /"value":"\{".*SLUICE_JSON_BROKEN/)
  assert.match(stderr, /dry run: nothing was written, nothing committed/)
  for (const name of ['out.ndjson', 'out.ndjson.position', 'rejects.records.ndjson', 'in.position']) assert.ok(!existsSync(join(at, name)), name)
})

test('no-reject-sink: it stops at the first failure, names the record, and --skip is the way out', async () => {
  const at = place([records[0]!, '{', records[1]!])
  const { code, stderr } = await sluice(['run', 'p.yaml'], { cwd: at })
  assert.equal(code, 1)
  const skip = /--skip (in\.ndjson@\d+)/.exec(stderr)?.[1]
  assert.ok(skip !== undefined, stderr)
  assert.match(stderr, /code: SLUICE_RECORD_REJECTED/)
  assert.deepEqual(idsIn(at), [0])
  assert.equal((await sluice(['run', 'p.yaml', '--skip', skip], { cwd: at })).code, 0)
  assert.deepEqual(idsIn(at), [0, 1])
})

test('several pipelines run side by side; when one fails the others are stopped and committed', async () => {
  const at = place(records, '', (text) => text.replace('in.ndjson', 'in.ndjson, ratePerSecond: 20'))
  writeFileSync(join(at, 'q.yaml'), readFileSync(join(at, 'p.yaml'), 'utf8').replaceAll('in.ndjson', 'nothing.ndjson').replace('out.ndjson', 'q.ndjson').replace('cancer', 'second'))
  const { code, stdout, stderr } = await sluice(['run', 'p.yaml', 'q.yaml'], { cwd: at })
  assert.equal(code, 1)
  assert.match(stderr, /code: SLUICE_FILE_MISSING/)
  assert.match(stdout, /^cancer: stopped\n/)
})

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  test(`${name} finishes and commits what is in flight and exits with 0; a second run does the rest`, async () => {
    const at = place(records, '', (text) => text.replace('in.ndjson', 'in.ndjson, ratePerSecond: 100'))
    const child = start(['run', 'p.yaml'], { cwd: at })
    const end = ended(child)
    await until(child, () => existsSync(join(at, 'out.ndjson')) && idsIn(at).length > 0)
    child.kill(name)
    const { code, stdout, stderr } = await end
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^cancer: stopped\n/)
    assert.match(stderr, new RegExp(`${name}: finishing what is in flight; once more stops at once`))
    const before = idsIn(at).length
    assert.ok(before > 0 && before < all.length)
    assert.equal((await sluice(['run', 'p.yaml', '--set', 'source.file={ path: in.ndjson }'], { cwd: at })).code, 0)
    assert.deepEqual(idsIn(at), all)
  })
}

test('a second signal stops at once with 130', async () => {
  // the predictor never answers, so that the drain cannot end
  const at = place(records)
  writeFileSync(join(at, 'p.mjs'), `
    const stuck = { name: 'stuck', write: () => new Promise(() => { process.stderr.write('STUCK\\n'); setInterval(() => {}, 1000) }), close: async () => {} }
    export default { name: 'stuck', source: { file: { path: 'in.ndjson' } }, strategy: { embedded: { model: ${JSON.stringify(MODEL)} } }, result: { object: { id: 'id' } },
      sink: { kind: 'stuck', options: {}, open: async () => stuck } }`)
  const child = start(['run', 'p.mjs'], { cwd: at })
  let stderr = ''
  child.stderr.on('data', (part: Buffer) => { stderr += part.toString() })
  const said = (text: string): Promise<void> => until(child, () => stderr.includes(text))
  const end = ended(child)
  await said('STUCK')
  child.kill('SIGTERM')
  await said('once more stops at once')
  child.kill('SIGTERM')                // what the terminal sent, passed on by a parent: the same one
  await setTimeout(600)
  assert.equal(child.exitCode, null)
  child.kill('SIGTERM')
  assert.equal((await end).code, 130)
})

test('--http serves metrics while it runs, and a second listener is told that the port is in use', async () => {
  const at = place(records, '', (text) => text.replace('in.ndjson', 'in.ndjson, ratePerSecond: 50'))
  const child = start(['run', 'p.yaml', '--http', '127.0.0.1:0'], { cwd: at })
  let stderr = ''
  child.stderr.on('data', (part: Buffer) => { stderr += part.toString() })
  const end = ended(child)
  let url = ''
  await until(child, () => (url = /"http":"(http:[^"]+)"/.exec(stderr)?.[1] ?? '') !== '')
  await until(child, async () => (await (await fetch(new URL('/metrics', url))).text()).includes('sluice_records_total{'))
  const other = await sluice(['run', 'p.yaml', '--http', new URL(url).host], { cwd: at })
  assert.equal(other.code, 1)
  assert.match(other.stderr, /code: SLUICE_PORT_IN_USE/)
  child.kill('SIGTERM')
  assert.equal((await end).code, 0)
})

test('the standard input goes to the standard output, and nothing else is in it', async () => {
  const at = place([], '', (text) => text.replace('{ file: { path: in.ndjson } }', '\n  stdin:').replace('{ file: { path: out.ndjson } }', '\n  stdout:'))
  const { code, stdout, stderr } = await sluice(['run', 'p.yaml'], { cwd: at, input: `${records.join('\n')}\n` })
  assert.equal(code, 0, stderr)
  assert.deepEqual(stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { id: number }).id), all)
  assert.match(stderr, /cancer: the source has ended/)
})

test('a pipeline in a program runs, also in two executors', async () => {
  const at = place(records)
  for (const name of ['a', 'b']) writeFileSync(join(at, `${name}.ndjson`), records.map((line) => `${line}\n`).join(''))
  writeFileSync(join(at, 'p.mjs'), `
    export default { name: 'program', source: { file: { path: ['a.ndjson', 'b.ndjson'] } }, strategy: { embedded: { model: ${JSON.stringify(MODEL)} } },
      result: (value, prediction) => ({ id: value.id, score: prediction.margin }), sink: { file: { path: 'out.ndjson' } } }`)
  const { code, stderr } = await sluice(['run', 'p.mjs', '--executors', 'auto'], { cwd: at })
  assert.equal(code, 0, stderr)
  const names = existsSync(join(at, 'out.ndjson')) ? ['out.ndjson'] : ['out.0.ndjson', 'out.1.ndjson']
  assert.deepEqual(names.flatMap((name) => idsIn(at, name)).toSorted((a, b) => a - b), [...all, ...all].toSorted((a, b) => a - b))
})

test('check finds what does not fit the model, and with --connect tries the first records', async () => {
  const at = place([records[0]!, '{'])
  const good = await sluice(['check', 'p.yaml', '--connect'], { cwd: at })
  assert.equal(good.code, 0, good.stderr)
  assert.match(good.stdout, /tried +2 records of in.ndjson, 1 rejected\nresult +\{"id":0,.*\nrejected +in.ndjson@\d+: SLUICE_JSON_BROKEN/)
  assert.ok(!existsSync(join(at, 'out.ndjson.position')))
  for (const [set, code] of [
    ['result={ object: { x: $.id, y: probabilitty } }', undefined], ['result={ merge: { x: probabilitty } }', 'SLUICE_OUTPUT_UNKNOWN'],
    ['features={ mean_radius: r }', 'SLUICE_FEATURE_UNKNOWN'], ['strategy.embedded.model=nope.json', 'SLUICE_MODEL_MISSING'],
  ] as const) {
    const { code: exit, stderr } = await sluice(['check', 'p.yaml', '--set', set], { cwd: at })
    assert.equal(exit, code === undefined ? 0 : 1, stderr)
    if (code !== undefined) assert.match(stderr, new RegExp(`code: ${code}\n`))
  }
})

test('rejects list counts by cause, show shows one whole and binary safe, replay plays them once and keeps what fails again beside', async () => {
  const binary = Buffer.from([0x7b, 0xff, 0x00, 0x1b, 0x7d])
  const at = place('', REJECT)
  writeFileSync(join(at, 'in.ndjson'), Buffer.concat([Buffer.from(`${records[0]}\n{"id": 1, "mean_radius": "x"}\n`), binary, Buffer.from(`\n${records[2]!.replace('"mean_radius":', '"mean_radios":')}\n${records[3]}\n`)]))
  assert.equal((await sluice(['run', 'p.yaml'], { cwd: at })).code, 0)
  const list = await sluice(['rejects', 'list', 'rejects.records.ndjson'], { cwd: at })
  assert.equal(list.code, 0)
  assert.match(list.stdout, /^rejects.records.ndjson: 3 rejected records\n/)
  assert.match(list.stdout, /FEATURES +SLUICE_UTF8_BROKEN +1 +#2 in.ndjson@\d+: /)

  const show = await sluice(['rejects', 'show', 'rejects.records.ndjson', '2'], { cwd: at })
  assert.equal(show.code, 0)
  assert.match(show.stdout, /^origin +in.ndjson@\d+\ntime /)
  assert.match(show.stdout, /\ncode +SLUICE_UTF8_BROKEN\n[\s\S]*\nkey +null\n\nvalue: 5 bytes\n00000000 {2}7b ff 00 1b 7d +\{\.\.\.\}\n$/)
  assert.match((await sluice(['rejects', 'show', 'rejects.records.ndjson', '3'], { cwd: at })).stdout, /\{\n {2}"id": 2,\n {2}"mean_radios": /)
  const beyond = await sluice(['rejects', 'show', 'rejects.records.ndjson', '4'], { cwd: at })
  assert.equal(beyond.code, 1)
  assert.match(beyond.stderr, /holds 3 rejected records; there is no number 4/)

  // one of the three is mended
  const path = join(at, 'rejects.records.ndjson')
  writeFileSync(path, readFileSync(path, 'utf8').replace('mean_radios', 'mean_radius'))
  const replay = (): ReturnType<typeof sluice> => sluice(['rejects', 'replay', 'rejects.records.ndjson', '--pipeline', 'p.yaml'], { cwd: at })
  const first = await replay()
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /3: 1 scored, 2 rejected/)
  assert.deepEqual(idsIn(at), [0, 3, 2])
  assert.match((await sluice(['rejects', 'list', 'rejects.2.records.ndjson'], { cwd: at })).stdout, /^rejects.2.records.ndjson: 2 rejected records\n/)
  const second = await replay()
  assert.match(second.stdout, /0: 0 scored, 0 rejected/)
  assert.deepEqual(idsIn(at), [0, 3, 2])
  // the pipeline itself still knows where it was
  assert.match((await sluice(['run', 'p.yaml'], { cwd: at })).stdout, /0: 0 scored, 0 rejected/)
  assert.deepEqual(idsIn(at), [0, 3, 2])
})

test('rejected lines of CSV are played with the header of their file', async () => {
  const at = place('', REJECT, (text) => text.replace('in.ndjson', 'in.csv').replace('id: id', 'id: mean_radius'))
  writeFileSync(join(at, 'in.csv'), [columns.join(','), rows[0]!.join(','), ['x', ...rows[1]!.slice(1)].join(',')].join('\n'))
  assert.equal((await sluice(['run', 'p.yaml'], { cwd: at })).code, 0)
  const path = join(at, 'rejects.records.ndjson')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"value":"x,', '"value":"7.5,'))
  assert.equal((await sluice(['rejects', 'replay', 'rejects.records.ndjson', '--pipeline', 'p.yaml'], { cwd: at })).code, 0)
  assert.deepEqual(idsIn(at).map(Number), [Number(rows[0]![0]), 7.5])
})

test('a file that holds no rejects is refused with its line', async () => {
  const at = place('{"a": 1}\n')
  for (const args of [['list', 'in.ndjson'], ['show', 'in.ndjson', '1']]) {
    const { code, stderr } = await sluice(['rejects', ...args], { cwd: at })
    assert.equal(code, 1)
    assert.match(stderr, /code: SLUICE_FILE_FORMAT\n {2}at: {3}in.ndjson:1\n/)
  }
  assert.match((await sluice(['rejects', 'list', 'nope'], { cwd: at })).stderr, /code: SLUICE_FILE_MISSING/)
})

test('the terminal is not steered by a record', async () => {
  const at = place('')
  writeFileSync(join(at, 'r.ndjson'), `${JSON.stringify({ timeMs: 0, key: '\u001b[2J', value: 'a\u009b31m', headers: [['__sluice.errors.code', 'X\u0007']] })}\n`)
  for (const args of [['list', 'r.ndjson'], ['show', 'r.ndjson', '1']]) assert.doesNotMatch((await sluice(['rejects', ...args], { cwd: at })).stdout, /[^\P{Cc}\n\t]/u)
})

test('quiet-source: a batch that is joined waits no longer than a moment, also when only its rows are said', async () => {
  const at = place([], 'flow: { batch: { rows: 50 } }\n', (text) => text.replace('{ file: { path: in.ndjson } }', '{ stdin: {} }').replace('{ file: { path: out.ndjson } }', '{ stdout: {} }'))
  const child = start(['run', 'p.yaml'], { cwd: at })
  let stdout = ''
  child.stdout.on('data', (part: Buffer) => { stdout += part.toString() })
  child.stdin.write(`${records[0]!}\n`)
  await until(child, () => stdout.includes('malignant'))      // while its input stays open
  child.stdin.end()
  assert.equal((await ended(child)).code, 0)
})
