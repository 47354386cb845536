// What the pages say is done here for real. How a block of code is treated stands in its first line, behind the language:
//   sh             runs in the page's own folder, where the files of examples/pipeline lie; `fails`: ends with an error
//   text out       what the sh block before it printed, whole lines, `...` for what differs from run to run
//   yaml           is a pipeline that fits the schema; `part`: a part of one; `file: NAME`: is also put into the folder
//   ts             is type-checked and runs there; `file: NAME`: is put into the folder
//   python from: FILE     lines of that file
//   ... no-run: REASON    is not run
// Other languages (python, ini, no language at all) show what is not ours to run.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { after, describe, test } from 'node:test'
import { batchOf, Packer } from '../src/codecs/pack.ts'
import { CODES, SluiceError, type RecordBatch } from '../src/core/index.ts'
import { columns } from '../src/features/index.ts'
import type { FeatureSpec, FeatureSpecs } from '../src/features/options.ts'
import { pages as pagesOfFormats } from '../src/models/formats/pages.ts'
import { formats } from '../src/models/index.ts'
import { FAMILIES } from '../src/operating/families.ts'
import { loadDefinition } from '../src/pipeline/load.ts'
import { definitionSchema, mistakesIn } from '../src/pipeline/schema.ts'
import { errorsPage } from '../scripts/errors-page.ts'
import { formatsPage } from '../scripts/formats-page.ts'
import { parse } from 'yaml'
import { compare, featuresOf, folder as goldenFolder, goldenNames, load, readCsv, score } from './golden/golden.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pagesIn = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
/** Those that a user works along. */
const guides = ['README.md', ...pagesIn('docs'), 'examples/README.md']
const pages = [...guides, 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'deploy/README.md', ...pagesIn('examples').filter((page) => page !== 'examples/README.md')]

// links

const withoutCode = (text: string): string => text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
const linksOf = (page: string): string[] => [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to!).filter((to) => !/^[a-z]+:/.test(to))
/** GitHub's anchors of the headings; the second of a name has -1 behind it. */
function anchorsOf(page: string): string[] {
  const times = new Map<string, number>()
  return [...read(page).replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, title]) => {
    const anchor = title!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'), before = times.get(anchor) ?? 0
    times.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
}
const targetOf = (page: string, link: string): string => link.startsWith('#') ? page : posix.normalize(posix.join(dirname(page), link.split('#')[0]!)).replace(/\/$/, '')

test('every link leads somewhere, and to a heading that is there', () => {
  const broken = pages.flatMap((page) => linksOf(page).filter((link) => {
    const target = targetOf(page, link), [, anchor] = link.split('#')
    return target.startsWith('..') || !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
  }).map((link) => `${page} -> ${link}`))
  assert.deepEqual(broken, [])
})

test('every page is found from the README', () => {
  const seen = new Set(['README.md'])
  for (const page of seen) {
    for (const link of linksOf(page)) {
      const target = targetOf(page, link)
      for (const next of pages) if (next === target || (!target.endsWith('.md') && target !== '' && dirname(next) === target)) seen.add(next)
    }
  }
  assert.deepEqual(pages.filter((page) => !seen.has(page)), [])
})

// tables that say what the code says

test('the errors page is what the table of codes says', () => {
  const page = read('docs/errors.md')
  assert.equal(page, errorsPage(page), 'node scripts/errors-page.ts writes it; what is written by hand in a section is kept')
  assert.deepEqual([...page.matchAll(/^## (.+)$/gm)].map(([, code]) => code), Object.keys(CODES))
})

interface Key { readonly path: string; readonly default?: unknown; readonly values: readonly unknown[] }
interface Schema {
  readonly properties?: { readonly [key: string]: Schema }
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
}
/** Every key of a pipeline: `source.file.path`, `features.NAME.as`. What is the same at several places is told once. */
function keysOf(schema: Schema, path = ''): Key[] {
  const inside = path === '' ? '' : `${path}.`
  return [schema, ...schema.anyOf ?? []].flatMap(({ properties = {}, additionalProperties }) => [
    ...Object.entries(properties).flatMap(([key, of]): Key[] => [
      { path: inside + key, values: of.enum ?? [], ...of.default === undefined ? {} : { default: of.default } }, ...keysOf(of, inside + key),
    ]),
    ...typeof additionalProperties === 'object' ? keysOf(additionalProperties, `${path}.NAME`) : [],
  ]).filter(({ path: key }) => !/^reject\.(?!stopAbove|headers)\w+\.|^sink\.kafka\.(clientId|requestTimeoutMs|tls|sasl)\b/.test(key))
    .map((key) => ({ ...key, path: key.path.replace(/^(source|sink)\.kafka\.codec\./, 'codec.').replace(/^codec\.\w+\./, 'codec.NAME.') }))
}

test('the definition page has every key of the schema, its default and its values, and no other key', () => {
  const rows = new Map(tablesOf('docs/definition.md').filter(({ header }) => header[0] === 'key').flatMap(({ rows: all }) => all.map((cells) => [code(cells[0]!), cells.join(' ')] as const)))
  const keys = keysOf(definitionSchema())
  assert.ok(keys.length > 50)
  assert.deepEqual(keys.filter(({ path }) => !rows.has(path)).map(({ path }) => path), [], 'keys without a row')
  assert.deepEqual([...rows.keys()].filter((key) => !keys.some(({ path }) => path === key)), [], 'rows without a key')
  for (const { path, default: given, values } of keys) {
    for (const said of given === undefined ? values : [...values, given]) assert.ok(rows.get(path)!.includes(`\`${String(said)}\``), `${path} does not tell of \`${String(said)}\``)
  }
})

test('the operating page tells of every metric, and of no other', () => {
  const told = new Set([...read('docs/operating.md').matchAll(/sluice_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))
  assert.deepEqual([...told].sort(), Object.keys(FAMILIES).sort())
})

test('the formats page is what the formats say of themselves', () => {
  const page = read('docs/formats.md')
  assert.equal(page, formatsPage(page), 'tables and lines of a section come from src/models/formats/<one>/page.ts: change them there, then `node scripts/formats-page.ts`; what is written by hand behind them is kept')
  assert.deepEqual([...page.matchAll(/^## (.+: .+)$/gm)].map(([, title]) => title), formats.map(({ title }) => title))
  assert.deepEqual(Object.keys(pagesOfFormats).filter((name) => !formats.some((format) => format.name === name)), [], 'pages of no format')
  for (const of of Object.values(pagesOfFormats)) assert.ok(of!.supported.length > 0 && of!.refused.length > 0)
})

test('a page of formats that is written again keeps what was written by hand, and the order of the list', () => {
  const page = read('docs/formats.md'), sections = page.split(/^(?=## )/m)
  const spoiled = [sections[0]!.replace(/^\| format .*\n(?:\|.*\n)*/m, ''), ...sections.slice(1).toReversed().map((section) => section.replace(/^\| tested with .*\n/m, '').replace(/^## (\S+) .*: .*$/m, '## $1 of old: another title'))].join('')
  const again = formatsPage(spoiled), headings = (of: string): (string | undefined)[] => [...of.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
  assert.deepEqual(headings(again).slice(0, formats.length), headings(page).slice(0, formats.length))
  assert.deepEqual(headings(again).slice(formats.length).toReversed(), headings(page).slice(formats.length))
  for (const line of page.split('\n')) assert.ok(again.includes(line), line)
})

test('formats page and README count what the golden models count', async () => {
  const [told] = tablesOf('docs/formats.md').filter(({ header }) => header[0] === 'library').map(({ rows }) => rows)
  const totals = [0, 0, 0]
  for (const [library, ...figures] of told!) {
    const counted = await golden(library!)
    assert.deepEqual(figures.map((figure) => Number(figure.replaceAll(',', ''))), counted, library)
    totals.forEach((_, i) => { totals[i]! += counted[i]! })
  }
  const [models, , scores] = totals, libraries = told!.map(([library]) => library!)
  assert.deepEqual(libraries, ['xgboost', 'lightgbm', 'catboost'])
  assert.match(read('README.md'), new RegExp(`\\| ${models} models .*\\| ${scores!.toLocaleString('en-US')}, of which 0 `))
})
/** Models, files, raw scores and how many differ, predictions and how many differ. */
async function golden(library: string): Promise<number[]> {
  const models = new Set<string>()
  let files = 0
  const raw = { cells: 0, differing: 0 }, predictions = { cells: 0, differing: 0 }
  for (const at of [library, 'more', 'early-stopping'].flatMap((set) => goldenNames(set).map((name) => `${set}/${name}`)).filter((at) => at.includes(library))) {
    for (const name of readdirSync(new URL(`${at}/`, goldenFolder)).filter((file) => file.startsWith('model'))) {
      models.add(at)
      files++
      for (const trees of ['best', 'all'] as const) {
        const expected = [`${at}/expected-${trees}.csv`, ...trees === 'best' ? [`${at}/expected.csv`] : []].find((path) => existsSync(new URL(path, goldenFolder)))
        if (expected === undefined || (name.includes('-') && !name.includes(trees))) continue
        const { model, predictor } = await load(`${at}/${name}`, { trees })
        const differences = Object.entries(compare(model, score(predictor, featuresOf(model, readCsv(`${at}/inputs.csv`))), readCsv(expected)))
        for (const [column, { cells, differing }] of differences) {
          const isRaw = column === 'margin' || column === 'raw', sum = isRaw ? raw : predictions
          sum.cells += cells
          sum.differing += differing
          assert.ok(!isRaw || differing === 0, `${at}: ${column}`)
        }
      }
    }
  }
  return [models.size, files, raw.cells, raw.differing, predictions.cells, predictions.differing]
}

/** As a model has it that takes numbers with a rule for missing values, and one that knows the categories clear, rain and snow. */
const COLUMNS = { number: { name: 'x', missing: true }, category: { name: 'x', missing: true, categories: ['clear', 'rain', 'snow'] } }

test('the features page: what stands in a table of examples is what comes out', () => {
  const examples = tablesOf('docs/features.md').filter(({ header }) => header[0] === 'feature' && header.at(-1) === 'gives').flatMap(({ rows }) => rows)
  assert.ok(examples.length > 20)
  for (const [feature, record, gives] of examples) {
    const column = gives!.includes('category') ? COLUMNS.category : COLUMNS.number
    const value = code(record!), isCsv = !/^[{[]/.test(value)
    const [header, line] = value.split('⏎')
    let got: string
    try {
      const batch = batchWith(isCsv ? line! : value, isCsv ? header!.split(',') : undefined)
      const extractor = columns({ x: parse(code(feature!)) as FeatureSpec }).for({ inputs: [{ name: 'features', dtype: 'float64', shape: [-1, 1], columns: [column] }], outputs: [] })
      const { features, rejected } = extractor.extract(batch, Int32Array.of(0))
      got = rejected[0]?.error.code ?? String((features.tensors.get('features')!.data as Float64Array)[0])
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      got = error.code
    }
    assert.equal(got, code(gives!), `${feature!} of ${record!}`)
  }
})

test('the features page: whole lists', () => {
  const examples = tablesOf('docs/features.md').filter(({ header }) => header[0] === 'features' && header.at(-1) === 'gives').flatMap(({ rows }) => rows)
  assert.ok(examples.length > 10)
  const input = { name: 'input_1', dtype: 'float64', shape: [-1, 4], columns: Array.from({ length: 4 }, (_, i) => ({ name: `input_1_${i}` })), unnamed: true } as const
  for (const [features, record, gives] of examples) {
    let got: string
    try {
      const specs = features === 'nothing' ? undefined : parse(code(features!)) as FeatureSpecs
      const extracted = columns(specs).for({ inputs: [input], outputs: [] }).extract(batchWith(code(record!), undefined), Int32Array.of(0))
      got = extracted.rejected[0]?.error.code ?? (extracted.features.tensors.get('input_1')!.data as Float64Array).join(' ')
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      got = error.code
    }
    assert.equal(got, code(gives!), `${features!} of ${record!}`)
  }
})

function batchWith(value: string, names: readonly string[] | undefined): RecordBatch {
  const packer = new Packer(1, value.length)
  packer.row(0)
  packer.text(value)
  packer.setValue(0)
  return batchOf(packer.finish(names), { partition: 'page', offsets: new Float64Array(1), from: 0n, next: 1n })
}

interface Table { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] }
function tablesOf(page: string): Table[] {
  return [...read(page).matchAll(/(?:^\|.*\|\n)+/gm)].map(([text]) => {
    const [header, , ...rows] = text.trim().split('\n').map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')))
    return { header: header!, rows }
  })
}
/** What stands in the first `...` of a cell. */
const code = (cell: string): string => /`([^`]*)`/.exec(cell)?.[1] ?? cell

// blocks of code

interface Block { readonly language: string; readonly info: string; readonly text: string; readonly at: string }
function blocksOf(page: string): Block[] {
  const text = read(page)
  return [...text.matchAll(/^```(\w*)([^\n]*)\n([^]*?)^```/gm)].map(({ index, 1: language, 2: info, 3: content }) => ({
    language: language!, info: info!.trim(), text: content!, at: `${page}:${text.slice(0, index).split('\n').length}`,
  }))
}
const runs = ({ info }: Block): boolean => !info.startsWith('no-run')
const fileOf = ({ info }: Block): string | undefined => /(?:^|\s)file: (\S+)/.exec(info)?.[1]

test('a block that is not run says why, and none is of a kind that nobody knows', () => {
  const known = /^(?:no-run: \S.*|part|out|fails|(?:part )?file: \S+|from: \S+)?$/
  const languages = ['sh', 'text', 'yaml', 'ts', 'python', 'ini', '']
  assert.deepEqual(guides.flatMap(blocksOf).filter(({ language, info }) => !known.test(info) || !languages.includes(language)).map(({ at, language, info }) => `${at}: ${language} ${info}`), [])
})

mkdirSync(join(root, 'out'), { recursive: true })
const work = mkdtempSync(join(root, 'out', 'docs-'))         // inside of the repository: there the compiler finds its types
after(() => rmSync(work, { recursive: true }))
const programs = guides.flatMap(blocksOf).filter((block) => block.language === 'ts' && runs(block)).map((block, i) => ({ ...block, path: join(work, `program-${i}.ts`) }))
/** `sluice` is this repository. */
const here = (text: string, path: string): string => text.replace(/'sluice(\/[a-z]+)?'/g, (_, part: string | undefined) => {
  return `'${relative(dirname(path), join(root, 'src', part ?? '', 'index.ts')).replaceAll('\\', '/')}'`
})

const run = (command: string, args: readonly string[], cwd: string): Promise<{ readonly output: string; readonly failed: boolean }> => new Promise((resolve) => {
  const child = execFile(command, args, { cwd, timeout: 120_000, env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' } }, (error, stdout, stderr) => { resolve({ output: stdout + stderr, failed: error !== null }) })
  child.stdin?.end()
})

describe('pages are true', { concurrency: 2 }, () => {
  test('every program that is shown is one for the compiler', async () => {
    assert.ok(programs.length > 5)
    for (const { path, text } of programs) writeFileSync(path, here(text, path))
    writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: { typeRoots: ['../../node_modules/@types'] }, include: ['program-*.ts'] }))
    const { output, failed } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', work], root)
    assert.ok(!failed, output.replace(/program-(\d+)\.ts/g, (_, i: string) => programs[Number(i)]!.at))
  })

  test('the guarantee of each source and sink is what the pipeline says', async () => {
    const pairs = tablesOf('docs/delivery.md').filter(({ header }) => header[0] === 'from').flatMap(({ rows }) => rows)
    assert.ok(pairs.length >= 4)
    const folder = join(work, 'guarantees')
    cpSync(join(root, 'examples/pipeline'), folder, { recursive: true })
    for (const [i, [from, to, guarantee]] of pairs.entries()) {
      const sets = [`source=${PARTS[code(from!)]!}`, `sink=${PARTS[code(to!)]!.replace('rides', `out${i}`)}`, `reject.file.path=rejected${i}.ndjson`]
      const { output } = await run(process.execPath, [join(root, 'bin/sluice.js'), 'run', 'rides.yaml', ...sets.flatMap((set) => ['--set', set])], folder)
      assert.match(output, new RegExp(`^  delivery  ${guarantee}$`, 'm'), `${from!} -> ${to!}`)
    }
  })

  for (const page of guides) {
    const blocks = blocksOf(page).filter(runs)
    if (!blocks.some(({ language }) => ['sh', 'ts', 'yaml', 'python'].includes(language))) continue
    test(`${page} is what happens`, async () => {
      const folder = join(work, page.replace(/\W/g, '-'))
      cpSync(join(root, 'examples/pipeline'), folder, { recursive: true, filter: (path) => !/\.(test\.ts|md)$/.test(path) })
      let last = ''
      for (const block of blocks) last = await truth(block, folder, last)
    })
  }
})

/** What was printed, when it is a command. */
async function truth(block: Block, folder: string, before: string): Promise<string> {
  const { language, info, text, at } = block
  const path = join(folder, fileOf(block) ?? `block${/\d+$/.exec(at)![0]}.${language}`)
  switch (language) {
    case 'sh': {
      const script = `set -euo pipefail; exec 2>&1; sluice() { '${process.execPath}' '${root}/bin/sluice.js' "$@"; }\n${text}`
      const { output, failed } = await run('bash', ['-c', script], folder)
      assert.equal(failed, info === 'fails', `${at}\n${text}\n${output}`)
      return output
    }
    case 'text': {
      for (const line of info === 'out' ? text.split('\n') : []) {
        const pattern = new RegExp(`^${line.trimEnd().split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}\\s*$`, 'm')
        assert.match(before, pattern, `${at}: ${line}`)
      }
      return before
    }
    case 'yaml': {
      if (info.startsWith('part')) assert.deepEqual(mistakesIn({ ...BASE, ...parse(text) as object }), [], `${at}\n${text}`)
      else {
        writeFileSync(path, text)
        await loadDefinition(path)
      }
      return before
    }
    case 'ts': {
      writeFileSync(path, here(text, path))
      if (fileOf(block) !== undefined) return before
      const { output, failed } = await run(process.execPath, [path], folder)
      assert.ok(!failed, `${at}\n${text}\n${output}`)
      return output
    }
    case 'python': {
      const from = /^from: (\S+)/.exec(info)?.[1]
      for (const line of from === undefined ? [] : text.split('\n')) assert.ok(read(from!).includes(line.trim()), `${at}: ${from} has no line: ${line}`)
      return before
    }
    default: return before
  }
}
const PARTS: { readonly [name: string]: string } = { file: '{file: {path: rides.ndjson}}', stdin: '{stdin: {}}', stdout: '{stdout: {}}' }
const BASE = { name: 'part', source: { file: { path: 'a.ndjson' } }, strategy: { embedded: { model: 'm' } }, result: { merge: {} }, sink: { file: { path: 'b.ndjson' } } }
