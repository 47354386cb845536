import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, golden, sluice, start } from './cli.ts'

const COMMANDS = ['run', 'check', 'predict', 'verify', 'inspect', 'convert', 'formats', 'rejects', 'schema']
const MODEL = golden('xgboost/bin-cancer/model.json')
const at = folder()
const GOOD = `name: cancer
source: { file: { path: rows.csv } }
strategy: { embedded: { model: ${MODEL} } }
result: { merge: { malignant: probability } }
sink: { file: { path: out.ndjson } }
`
function file(name: string, text: string): string {
  writeFileSync(join(at, name), text)
  return name
}

test('help names every command, the exit codes and examples', async () => {
  for (const args of [[], ['--help'], ['-h']]) {
    const { code, stdout, stderr } = await sluice(args)
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, 'm'))
    assert.match(stdout, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}130 /)
    assert.match(stdout, /Examples:\n {2}sluice run /)
  }
})

for (const command of [...COMMANDS, 'rejects list', 'rejects show', 'rejects replay']) {
  test(`help of ${command} describes every option and shows an example`, async () => {
    const { code, stdout, stderr } = await sluice([...command.split(' '), '--help'])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    assert.match(stdout, new RegExp(`^Usage: sluice ${command}`))
    assert.match(stdout, /\nExamples?:\n {2}(echo .* \| )?sluice /)
    assert.doesNotMatch(stdout, /^ {2}--\S+( <\S+>)?$/m)
  })
}

test('version is the one of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  assert.deepEqual(await sluice(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

for (const [args, message] of [
  [['runn'], /unknown command 'runn'\n\(Did you mean run\?\)/],
  [['rejects', 'lst'], /unknown command 'lst'\n\(Did you mean list\?\)/],
  [['rejects'], /Usage: sluice rejects/],
  [['run'], /missing required argument 'file'/],
  [['run', 'x.yaml', '--limitt', '5'], /unknown option '--limitt'\n\(Did you mean --limit\?\)/],
  [['run', 'x.yaml', '--limit', '0'], /'--limit <n>' argument '0' is invalid. It is a whole number from 1/],
  [['run', 'x.yaml', '--executors', 'many'], /It is a whole number from 1, or auto/],
  [['run', 'x.yaml', '--log-level', 'loud'], /Allowed choices are debug, info, warn, error/],
  [['run', 'x.yaml', 'y.yaml', '--http', '127.0.0.1:0'], /--http serves one pipeline/],
  [['predict'], /missing required argument 'model'/],
  [['predict', 'm', 'i', 'more'], /too many arguments/],
  [['verify', 'm', 'r', 'e', '--bits', '--tolerance', '1'], /cannot be used with/],
  [['verify', 'm', 'r', 'e', '--tolerance', '-1'], /It is a number from 0/],
  [['rejects', 'show', 'f', '0'], /It is a whole number from 1.\nsluice rejects show --help says more/],
  [['rejects', 'replay', 'f'], /required option '--pipeline <file>' not specified/],
] as const) {
  test(`wrong usage exits with 2: sluice ${args.join(' ')}`, async () => {
    const { code, stdout, stderr } = await sluice(args)
    assert.equal(code, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, message)
  })
}

test('an error is printed with line, column and caret, without a stack, and with it when asked for', async () => {
  file('bad.yaml', `${GOOD}featurs: { a: b }\n`)
  const quiet = await sluice(['check', 'bad.yaml'], { cwd: at })
  assert.deepEqual(quiet, {
    code: 1, stdout: '', stderr: `SluiceError: unknown key 'featurs'; did you mean 'features'?
    6 | featurs: { a: b }
      | ^^^^^^^
  code: SLUICE_CONFIG_INVALID
  at:   bad.yaml:6:1
  why:  the pipeline file does not fit the schema
  fix:  correct the line that is named
`,
  })
  const loud = await sluice(['check', 'bad.yaml'], { cwd: at, env: { SLUICE_DEBUG: '1' } })
  assert.match(loud.stderr, /\n {4}at .*load\.ts:/)
})

test('a sink of a later version is refused by name', async () => {
  file('later.yaml', GOOD.replace('sink: { file: { path: out.ndjson } }', 'sink: { cassandra: { table: flights } }'))
  const { code, stderr } = await sluice(['run', 'later.yaml'], { cwd: at })
  assert.equal(code, 1)
  assert.match(stderr, /cassandra is not in this version; known here: file, kafka, stdout\n.*\n.*\n {2}code: SLUICE_CONFIG_INVALID\n {2}at: {3}later.yaml:5:9/)
})

test('secret-in-error: what a reference stands for is in no output of a pipeline that fails, whenever it fails', async () => {
  const env = { SLUICE_TEST_KEY: 'pa55-w0rd/x', SLUICE_DEBUG: '1' }
  const withKey = (from: string, to: string): string => GOOD.replace(from, to)
  const texts = [
    withKey('name: cancer', 'name: "${SLUICE_TEST_KEY}"\nfeaturs: 1'),
    withKey('path: rows.csv', 'path: "${SLUICE_TEST_KEY}.csv"'),
    withKey('path: rows.csv', 'path: rows.csv, format: "${SLUICE_TEST_KEY}"'),
    withKey(MODEL, '"${SLUICE_TEST_KEY}"'),
    withKey('malignant: probability', 'malignant: "${SLUICE_TEST_KEY}"'),
    withKey('path: out.ndjson', 'path: "missing/${SLUICE_TEST_KEY}/\\0"'),
    `${GOOD}features: { "x": "\${SLUICE_TEST_KEY}" }\n`,
    `${GOOD}operating: { http: "\${SLUICE_TEST_KEY}" }\n`,
    `${GOOD}executors: "\${SLUICE_TEST_KEY}"\n`,
  ]
  await Promise.all(texts.map(async (text, i) => {
    file(`secret-${i}.yaml`, text)
    for (const command of ['check', 'run']) {
      const { code, stdout, stderr } = await sluice([command, `secret-${i}.yaml`], { cwd: at, env })
      if (command === 'run') assert.equal(code, 1, `${text}\n${stdout}${stderr}`)
      assert.ok(!`${stdout}${stderr}`.includes('pa55-w0rd'), `${text}\n${stdout}${stderr}`)
    }
  }))
})

test('inspect says format, inputs with their categories, outputs, sizes and what executes it', async () => {
  const path = golden('lightgbm/cat-str-orders/model.txt')
  const { code, stdout } = await sluice(['inspect', path])
  assert.equal(code, 0)
  for (const line of [/^format +lightgbm$/m, /^on disk +\d+ bytes$/m, /^in memory +\d+ bytes$/m, /^executed by +compiled: \d+ trees, .+$/m, /^ {2}city +one of \d+: /m, /^ {2}amount +float64/m, /^ {2}prediction +float64 \[rows\]$/m]) assert.match(stdout, line)
  const json = JSON.parse((await sluice(['inspect', path, '--json'])).stdout) as { format: string; bytesOnDisk: number }
  assert.equal(json.format, 'lightgbm')
  assert.equal(json.bytesOnDisk, readFileSync(path).length)
})

test('truncated-model, unknown-model and missing-model are told apart', async () => {
  file('half.json', readFileSync(MODEL, 'utf8').slice(0, 9000))
  file('text.txt', 'hello')
  mkdirSync(join(at, 'empty'), { recursive: true })
  for (const [path, code] of [['half.json', 'SLUICE_MODEL_BROKEN'], ['text.txt', 'SLUICE_MODEL_UNKNOWN'], ['nope.json', 'SLUICE_MODEL_MISSING'], ['empty', 'SLUICE_MODEL_MISSING|SLUICE_MODEL_UNKNOWN']] as const) {
    const ran = await sluice(['inspect', path], { cwd: at })
    assert.equal(ran.code, 1)
    assert.match(ran.stderr, new RegExp(`code: (${code})\n`))
  }
})

test('formats lists every format with its title', async () => {
  const { formats } = await import('../src/models/index.ts')
  const { stdout } = await sluice(['formats'])
  assert.deepEqual(stdout.trim().split('\n').map((line) => line.split(/ {2,}/)), formats.map(({ name, title }) => [name, title]))
})

test('formats NAME tells what is understood, what is refused and how such a model is saved; a name that there is not, what was meant', async () => {
  const { code, stdout } = await sluice(['formats', 'catboost'])
  assert.equal(code, 0)
  assert.match(stdout, /^CatBoost \.json: .*\n\ntested with\n {2}1\.2[^]*\nrefused\n {2}[^]*\nin Python\n {2}[^]*model\.save_model\("eta\.json", format="json"/)
  assert.ok(stdout.split('\n').every((line) => line.length <= 120))
  const other = await sluice(['formats', 'catbost'])
  assert.equal(other.code, 1)
  assert.match(other.stderr, /there is no format 'catbost'; there are xgboost, .*\n[^]*did you mean 'catboost'\?/)
})

test('the JSON Schema accepts what the schema accepts, and describes every key', async () => {
  const { stdout } = await sluice(['schema'])
  const schema = JSON.parse(stdout) as Schema
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(schema.required?.toSorted(), ['name', 'result', 'sink', 'source', 'strategy'])
  assert.equal(schema.additionalProperties, false)
  for (const [name, property] of Object.entries(schema.properties ?? {})) assert.ok(property.description !== undefined, name)
  // what only a program can say is not in it
  assert.doesNotMatch(stdout, /memory":\s*\{\}|programOnly|"required": \[\s*"memory"/)
  assert.deepEqual(emptyIn(schema), [])
})
interface Schema { readonly $schema?: string; readonly required?: string[]; readonly additionalProperties?: unknown; readonly description?: string; readonly properties?: { readonly [name: string]: Schema } }
/** Places that would accept anything. */
function emptyIn(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  if (!Array.isArray(schema) && Object.keys(schema).every((key) => key === 'description')) return [path]
  return Object.entries(schema).flatMap(([key, inside]) => emptyIn(inside, `${path}/${key}`))
}

test('closed-pipe: a reader that has seen enough is no error', async () => {
  for (const args of [['schema'], ['predict', MODEL, golden('xgboost/bin-cancer/inputs.csv')]]) {
    const child = start(args)
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (part: Buffer) => { stderr += part.toString() })
    const code = await new Promise((resolve) => child.on('close', resolve))
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  }
})
