import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { folder, golden, sluice, start } from './cli.ts'
import { parseCsv } from './golden/golden.ts'
import type { Table } from './golden/golden.ts'

const at = folder()
const MODEL = golden('xgboost/bin-cancer/model.json'), ROWS = golden('xgboost/bin-cancer/inputs.csv'), EXPECTED = golden('xgboost/bin-cancer/expected.csv')
function file(name: string, text: string): string {
  const path = join(at, name)
  writeFileSync(path, text)
  return path
}
const linesOf = (text: string): string[] => text.trimEnd().split('\n')

interface Compared { readonly rows: number; readonly raw: number; readonly predict: number; readonly inexact: number }
/** Raw scores to the last bit, the rest within the tolerance of meta.json. Rows without an answer are left out. Counts cells: raw ones, those
    of predict, and of these the ones that are not equal to the last bit. */
function compare(answers: Table, expected: Table, { rel, abs }: { readonly rel: number; readonly abs: number }): Compared {
  assert.deepEqual(answers.columns, expected.columns)
  assert.equal(answers.rows.length, expected.rows.length)
  let rows = 0, raw = 0, predict = 0, inexact = 0
  answers.rows.forEach((cells, row) => {
    if (cells.every((cell) => cell === '')) return
    rows++
    expected.columns.forEach((column, i) => {
      const answer = Number(cells[i]), wanted = Number(expected.rows[row]![i])
      const where = `row ${row + 1}, ${column}: ${answer} is not ${wanted}`
      if (column.startsWith('predict')) {
        predict++
        if (!Object.is(answer, wanted)) inexact++
        assert.ok(Math.abs(answer - wanted) <= abs + rel * Math.abs(wanted), where)
      } else {
        raw++
        assert.ok(Object.is(answer, wanted), where)
      }
    })
  })
  return { rows, raw, predict, inexact }
}

interface Meta {
  readonly tolerance: { readonly 'expected.csv': { readonly rel: number; readonly abs: number } }
  readonly categories?: object
}
const LOST = 'xgboost/cat-onehot-orders'
const metaOf = (name: string): Meta => JSON.parse(readFileSync(golden(`${name}/meta.json`), 'utf8')) as Meta
/** What is to be given beside a model whose file has lost names of its categories (dmlc/xgboost #12360). */
const categoriesFor = (name: string): string[] => name === LOST ? ['--categories', file('categories.json', JSON.stringify(metaOf(name).categories))] : []

// test/cli-golden.test.ts has all models, in one process
describe('predict --format csv --raw and verify agree with the origin library in every row', { concurrency: 2 }, () => {
  for (const name of [LOST, 'xgboost/multi-iris', 'lightgbm/cat-str-orders', 'lightgbm/poisson-orders']) {
    test(name, async (t) => {
      const here = golden(`${name}/`), rows = `${here}inputs.csv`
      const expected = parseCsv(readFileSync(`${here}expected.csv`, 'utf8'))
      const models = ['model.json', 'model.ubj', 'model.txt'].filter((of) => existsSync(here + of))
      assert.equal(models.length, name.startsWith('xgboost') ? 2 : 1)
      for (const model of models) {
        const { code, stdout, stderr } = await sluice(['predict', here + model, rows, '--format', 'csv', '--raw', ...categoriesFor(name)])
        assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
        const compared = compare(parseCsv(stdout), expected, metaOf(name).tolerance['expected.csv'])
        assert.equal(compared.rows, expected.rows.length)
        assert.ok(compared.raw >= compared.rows && compared.rows > 100)
        t.diagnostic(`${model}: ${compared.raw} raw scores equal to the last bit; ${compared.predict} predictions within the tolerance, ${compared.inexact} of them not to the last bit`)
        if (model === 'model.ubj') continue
        const verified = await sluice(['verify', here + model, rows, `${here}expected.csv`, ...categoriesFor(name)])
        assert.equal(verified.code, 0, verified.stderr)
        assert.match(verified.stdout, new RegExp(`^${expected.rows.length} rows compared\n`))
      }
    })
  }
})

test('lost-names: without --categories the rows of lost categories have an error that says what to do, all others are answered', async () => {
  const here = golden(`${LOST}/`), expected = parseCsv(readFileSync(`${here}expected.csv`, 'utf8'))
  const cities = parseCsv(readFileSync(`${here}inputs.csv`, 'utf8')).rows.map((cells) => cells[0]!)
  const lost = cities.filter((city) => city === '東京' || city === 'Łódź').length
  const { code, stdout, stderr } = await sluice(['predict', `${here}model.json`, `${here}inputs.csv`, '--format', 'csv', '--raw'])
  assert.equal(code, 1)
  assert.equal(compare(parseCsv(stdout), expected, metaOf(LOST).tolerance['expected.csv']).rows, expected.rows.length - lost)
  const errors = linesOf(stderr)
  assert.equal(errors.pop(), `${lost} of ${expected.rows.length} rows have an error in place of an answer`)
  for (const line of errors) assert.match(line, /^row \d+: SLUICE_CATEGORY_UNKNOWN: feature 'city': '(東京|Łódź)' is not among the model's 8 categories, 2 of which have lost their names in the model file$/)

  const one = await sluice(['predict', `${here}model.json`], { input: JSON.stringify({ city: '東京' }) })
  assert.match((JSON.parse(one.stdout) as { error: { fix: string } }).error.fix, /--categories FILE.json/)
  assert.match((await sluice(['inspect', `${here}model.json`])).stdout, /^category names lost +city: 2 of 8, .*--categories FILE.json/m)
  const inspected = JSON.parse((await sluice(['inspect', `${here}model.json`, '--json', ...categoriesFor(LOST)])).stdout) as { inputs: { columns: { categories?: string[] }[] }[] }
  assert.deepEqual(inspected.inputs[0]!.columns[0]!.categories!.slice(6), ['Łódź', '東京'])
})

test('categories of a file that has none make texts of its codes', async () => {
  const model = golden('xgboost/cat-partition-orders/model.json')
  const { columns, rows } = parseCsv(readFileSync(golden('xgboost/cat-partition-orders/inputs.csv'), 'utf8'))
  const codes = rows.filter((cells) => Number.isInteger(Number(cells[1])) && Number(cells[1]) >= 0 && Number(cells[1]) < 50).slice(0, 50)
  const object = (cells: readonly string[], channel: unknown): string =>
    JSON.stringify({ ...Object.fromEntries(columns.map((column, i) => [column, cells[i] === '' ? null : Number(cells[i])])), channel })
  const names = Array.from({ length: 50 }, (_, code) => `canal ${code}`)
  const byCode = await sluice(['predict', model], { input: codes.map((cells) => object(cells, Number(cells[1]))).join('\n') })
  const byName = await sluice(['predict', model, '--categories', file('names.json', JSON.stringify({ channel: names }))], { input: codes.map((cells) => object(cells, names[Number(cells[1])])).join('\n') })
  assert.equal(byName.code, 0, byName.stderr)
  assert.equal(linesOf(byName.stdout).length, 50)
  assert.equal(byName.stdout, byCode.stdout)
})

test('a pipeline has its categories in its file; ones that do not fit are refused by `check`', async () => {
  const here = golden(`${LOST}/`), expected = parseCsv(readFileSync(`${here}expected.csv`, 'utf8'))
  const pipeline = (city: readonly string[]): string => file('cities.yaml', `
name: cities
source: { file: { path: ${here}inputs.csv } }
strategy:
  embedded:
    model: ${here}model.json
    categories: { city: [${city.join(', ')}] }
result: { object: { margin: margin }, origin: false }
sink: { file: { path: ${join(at, 'cities.ndjson')} } }
`)
  const cities = (metaOf(LOST).categories as { city: string[] }).city
  const { code, stderr } = await sluice(['check', pipeline(cities.with(6, 'Lodz'))])
  assert.equal(code, 1)
  assert.match(stderr, /category 6, counted from 0, is given as 'Lodz'/)
  assert.equal((await sluice(['run', pipeline(cities)])).code, 0)
  const answers = linesOf(readFileSync(join(at, 'cities.ndjson'), 'utf8')).map((line) => (JSON.parse(line) as { margin: number }).margin)
  assert.deepEqual(answers, expected.rows.map((cells) => Number(cells[1])))
})

test('a file of categories that is missing, is no object or does not fit is refused before the first row', async () => {
  const model = golden(`${LOST}/model.json`)
  for (const [path, message] of [
    [join(at, 'nowhere.json'), /nowhere\.json.*\n {2}code: SLUICE_FILE_MISSING/],
    [file('broken.json', '{"city": ["Berlin"'), /broken\.json: the value is not valid JSON.*\n {2}code: SLUICE_CONFIG_INVALID/],
    [file('list.json', '["Berlin"]'), /list\.json: the value is an array, not an object\n {2}code: SLUICE_CONFIG_INVALID/],
    [file('other.json', '{"city": ["Berlin"]}'), /^SluiceError: model\.json: the categories given for 'city' do not fit: 1 are given, and the file has 8\n {2}code: SLUICE_CONFIG_INVALID/],
  ] as const) {
    const { code, stdout, stderr } = await sluice(['predict', model, '--categories', path], { input: '{}' })
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    assert.match(stderr, message)
  }
})

test('predict answers one line for each row, in order, with every output under its name', async () => {
  const { code, stdout } = await sluice(['predict', MODEL, ROWS])
  assert.equal(code, 0)
  const expected = parseCsv(readFileSync(EXPECTED, 'utf8'))
  const answers = linesOf(stdout).map((line) => JSON.parse(line) as { [output: string]: number })
  assert.deepEqual(answers.map(({ margin }) => margin), expected.rows.map((row) => Number(row[1])))
  assert.deepEqual(Object.keys(answers[0]!), ['prediction', 'margin', 'label', 'probabilities', 'probability'])
})

const NAMES = readFileSync(ROWS, 'utf8').split('\n')[0]!.split(',')
const objects = parseCsv(readFileSync(ROWS, 'utf8')).rows.slice(0, 5).map((cells) => Object.fromEntries(NAMES.map((column, i) => [column, Number(cells[i])])))
const margins = parseCsv(readFileSync(EXPECTED, 'utf8')).rows.slice(0, 5).map((row) => Number(row[1]))

test('bad-row: broken JSON, a missing feature, text for a number and invalid UTF-8 have their errors in their places', async () => {
  const { mean_radius: _, ...without } = objects[1]!
  const input = Buffer.concat([
    Buffer.from(`${JSON.stringify(objects[0])}\n{"broken\n${JSON.stringify(without)}\n${JSON.stringify({ ...objects[2], mean_radius: '12' })}\n[1]\n`),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), Buffer.from(JSON.stringify(objects[3])),
  ])
  const { code, stdout, stderr } = await sluice(['predict', MODEL, '-'], { input })
  assert.equal(code, 1)
  assert.match(stderr, /^5 of 7 rows have an error in place of an answer\n$/)
  const answers = linesOf(stdout).map((line) => JSON.parse(line) as { margin?: number; error?: { code: string; message: string; why: string; fix: string } })
  assert.deepEqual(answers.map(({ margin, error }) => margin ?? error?.code), [
    margins[0], 'SLUICE_JSON_BROKEN', 'SLUICE_FEATURE_MISSING', 'SLUICE_FEATURE_TYPE', 'SLUICE_JSON_NO_OBJECT', 'SLUICE_UTF8_BROKEN', margins[3],
  ])
  for (const { error } of answers) if (error !== undefined) assert.ok(error.message !== '' && error.why !== '' && error.fix !== '')
})

test('bad-row in CSV is an empty line in its place, with its error on the standard error', async () => {
  const rows = linesOf(readFileSync(ROWS, 'utf8')).slice(0, 4)
  rows.splice(2, 0, '1,2,3')
  const { code, stdout, stderr } = await sluice(['predict', MODEL, file('bad.csv', rows.join('\n')), '--format', 'csv', '--raw'])
  assert.equal(code, 1)
  assert.deepEqual(parseCsv(stdout).rows.map((cells) => cells[1]), [String(margins[0]), '', String(margins[1]), String(margins[2])])
  assert.match(stderr, /^row 2: SLUICE_CSV_BROKEN: the line has 3 cells, the header has 30\n1 of 4 rows/)
})

test('the input is known by its extension or by how it begins', async () => {
  const ndjson = objects.map((object) => JSON.stringify(object)).join('\n'), csv = linesOf(readFileSync(ROWS, 'utf8')).slice(0, 6).join('\r\n')
  const inputs: [string[], string?][] = [
    [[file('rows.ndjson', ndjson)]], [[file('rows.csv', `\uFEFF${csv}`)]], [[file('rows.txt', csv)]], [[file('rows', `\n ${ndjson}`)]], [[file('rows.dat', csv), '--input', 'csv']],
    [['-'], ndjson], [['-'], csv], [[], csv],
  ]
  for (const [args, input] of inputs) {
    const { code, stdout, stderr } = await sluice(['predict', MODEL, ...args], input === undefined ? {} : { input })
    assert.equal(code, 0, stderr)
    assert.deepEqual(linesOf(stdout).map((line) => (JSON.parse(line) as { margin: number }).margin), margins, args.join(' '))
  }
})

test('columns-in-another-order give the same answers, others are passed over, and a missing one is told once', async () => {
  const { columns, rows } = parseCsv(readFileSync(ROWS, 'utf8'))
  const turned = (of: readonly string[], id: string): string => [...of, id].toReversed().join(',')
  const { stdout } = await sluice(['predict', MODEL, file('turned.csv', [turned(columns, 'id'), ...rows.slice(0, 5).map((row) => turned(row, '"a,b"'))].join('\n'))])
  assert.deepEqual(linesOf(stdout).map((line) => (JSON.parse(line) as { margin: number }).margin), margins)
  const missing = await sluice(['predict', MODEL, file('missing.csv', readFileSync(ROWS, 'utf8').replace('mean_radius', 'mean_radiuss'))])
  assert.equal(missing.code, 1)
  assert.equal(missing.stdout, '')
  assert.match(missing.stderr, /^SluiceError: there is no column 'mean_radius' \(there is 'mean_radiuss'\)\n {2}code: SLUICE_FEATURE_MISSING/)
})

test('a model without names for its inputs takes a table by position, CSV and Parquet; by name where the names are those it was given', async () => {
  const here = golden('catboost/scaled-unnamed/'), { columns, rows } = parseCsv(readFileSync(`${here}inputs.csv`, 'utf8'))
  const expected = parseCsv(readFileSync(`${here}expected.csv`, 'utf8')).rows.map(([raw]) => raw)
  const raw = async (path: string): Promise<string[]> => {
    const { code, stdout, stderr } = await sluice(['predict', `${here}model.json`, path, '--format', 'csv', '--raw'])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    return parseCsv(stdout).rows.map(([cell]) => cell!)
  }
  const table = (name: string, header: readonly string[], of: (row: readonly string[]) => readonly string[]): string => file(name, [header, ...rows.map(of)].map((cells) => cells.join(',')).join('\n'))
  assert.deepEqual(await raw(table('other.csv', ['z', 'b', '"x, y"', 'a.b', '1'], (row) => row)), expected)
  assert.deepEqual(await raw(table('named.csv', ['id', ...columns.toReversed()], (row) => ['7', ...row.toReversed()])), expected)
  assert.deepEqual(await raw(`${here}rows.parquet`), expected.slice(0, 60))
  const { code, stderr } = await sluice(['predict', `${here}model.json`, table('more.csv', ['id', 'a', 'b', 'c', 'd', 'e'], (row) => ['7', ...row])])
  assert.equal(code, 1)
  assert.match(stderr, /^SluiceError: the model takes 5 columns by their order, and the table has 6\n {2}code: SLUICE_FEATURE_MISSING/)
  assert.match(stderr, /name the inputs in the header: features_0, features_1, features_2, \.\.\.\n/)
})

test('verify --absolute forgives a small difference of small numbers', async () => {
  const { columns, rows } = parseCsv(readFileSync(EXPECTED, 'utf8'))
  const path = file('small.csv', [columns.join(','), ...rows.map((cells) => [Number(cells[0]) + 1e-6, cells[1]].join(','))].join('\n'))
  assert.equal((await sluice(['verify', MODEL, ROWS, path])).code, 1)
  assert.equal((await sluice(['verify', MODEL, ROWS, path, '--absolute', '2e-6'])).code, 0)
})

test('an empty input has no answers', async () => {
  assert.deepEqual(await sluice(['predict', MODEL, '-'], { input: '' }), { code: 0, stdout: '', stderr: '' })
  assert.deepEqual(await sluice(['predict', MODEL, file('empty.ndjson', '')]), { code: 0, stdout: '', stderr: '' })
})

test('stalled-reader: predict reads no further than somebody reads its answers', async () => {
  const child = start(['predict', MODEL, '-'])
  // its first answer: it has begun
  const begun = once(child.stdout, 'readable')
  const row = Buffer.from(`${JSON.stringify(objects[0])}\n`.repeat(200))
  let written = 0, taken = false
  const feed = (): void => {
    while (written < 60_000_000) {
      written += row.length
      if (!child.stdin.write(row)) return void child.stdin.once('drain', feed)
    }
    taken = true
    child.stdin.end()
  }
  child.stdin.on('error', () => {})
  feed()
  await begun
  // it has come to rest when nothing was taken for a while
  for (let before = -1; before !== written; await new Promise((resolve) => setTimeout(resolve, 500))) before = written
  assert.deepEqual({ exit: child.exitCode, taken }, { exit: null, taken: false })
  assert.ok(written < 20_000_000, `${written} bytes were taken`)
  child.kill('SIGKILL')
  await once(child, 'exit')
})

const expectedRows = linesOf(readFileSync(EXPECTED, 'utf8'))

test('verify names the first row and column that differ, with both values, and the largest difference', async () => {
  const changed = [...expectedRows]
  changed[4] = `${changed[4]!.split(',')[0]},-2.25`
  changed[9] = '0.5,7'
  const { code, stdout, stderr } = await sluice(['verify', MODEL, ROWS, file('changed.csv', changed.join('\n'))])
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`^SluiceError: row 4, column 'margin': expected -2.25, the model answers ${margins[3]} .*\n {2}code: SLUICE_VERIFY_DIFFERS`))
  assert.match(stdout, /^326 rows compared\n\n {2}column .*\n {2}predict +\S+ in row 9 +1e-5\n {2}margin +\S+ in row 9 +1e-5/)
})

test('verify --bits finds one bit, which the tolerance forgives; column order is free and some columns are enough', async () => {
  const near = expectedRows.map((line, i) => i === 0 ? 'margin,probability' : line.split(',').toReversed().join(','))
  const value = Math.fround(margins[2]! * (1 + 2 ** -22))
  near[3] = `${value},${near[3]!.split(',')[1]}`
  const path = file('near.csv', near.join('\n'))
  assert.equal((await sluice(['verify', MODEL, ROWS, path])).code, 0)
  const { code, stderr } = await sluice(['verify', MODEL, ROWS, path, '--bits'])
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`row 3, column 'margin': expected ${value}, the model answers ${margins[2]} `))
  assert.equal((await sluice(['verify', MODEL, ROWS, path, '--tolerance', '1e-9'])).code, 1)
  const margin = file('margin.csv', expectedRows.map((line) => line.split(',')[1]).join('\n'))
  const { code: equal, stdout } = await sluice(['verify', MODEL, ROWS, margin, '--bits'])
  assert.equal(equal, 0)
  assert.match(stdout, /equal to the last bit\n$/)
})

test('verify takes the digits that a float32 needs for its double', async () => {
  const short = ['margin', ...parseCsv(expectedRows.join('\n')).rows.map((row) => Number(row[1]).toPrecision(9))]
  assert.equal((await sluice(['verify', MODEL, ROWS, file('short.csv', short.join('\n')), '--bits'])).code, 0)
})

test('verify refuses files that do not belong together', async () => {
  for (const [lines, message] of [
    [expectedRows.slice(0, 100), /inputs.csv has more rows than .*few.csv, which has 99/],
    [[...expectedRows, '1,1'], /few.csv has more rows than .*inputs.csv, which has 326/],
    [['predict,margn', ...expectedRows.slice(1)], /the model has no output for the column 'margn'; it has prediction, margin, .*predict/],
    [[expectedRows[0]!, 'a,b', ...expectedRows.slice(2)], /row 1 of .*few.csv: 'a' in column 'predict' is no number/],
    [[expectedRows[0]!], /inputs.csv has more rows than .*few.csv, which has 0/],
    [[], /few.csv holds no rows/],
  ] as const) {
    const { code, stderr } = await sluice(['verify', MODEL, ROWS, file('few.csv', lines.join('\n'))])
    assert.equal(code, 1)
    assert.match(stderr, message)
  }
})

test('trees: of an XGBoost model that stopped early, best as its scikit-learn wrapper and all as Booster.predict', async () => {
  const here = golden('early-stopping/xgboost-3.2.0-binary/')
  const verify = async (trees: string, expected: string): Promise<number | null> =>
    (await sluice(['verify', `${here}model.json`, `${here}inputs.csv`, `${here}expected-${expected}.csv`, '--trees', trees])).code
  assert.deepEqual([await verify('best', 'best'), await verify('all', 'all'), await verify('best', 'all'), await verify('all', 'best')], [0, 0, 1, 1])
})
