import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Who may import what lies in a folder of src (or a file in src itself). ARCHITECTURE.md draws this. */
const IMPORTED_BY: { readonly [layer: string]: readonly string[] } = {
  core: ['everything'],
  kernels: ['codecs', 'features', 'results', 'models', 'connect', 'strategies', 'pipeline'],
  codecs: ['features', 'results', 'connect', 'pipeline', 'conformance'],
  features: ['pipeline', 'open.ts'],
  results: ['pipeline'],
  models: ['strategies', 'serve', 'pipeline', 'open.ts'],
  control: ['strategies', 'pipeline'],
  strategies: ['serve', 'pipeline', 'open.ts'],
  wire: ['serve'],
  serve: [],
  flow: ['pipeline', 'measure'],
  connect: ['pipeline'],
  operating: ['pipeline'],
  measure: [],
  pipeline: [],
  conformance: [],
  'open.ts': [],
  testing: [],
  cli: [],
  'index.ts': [],
}
/** They put the parts together and may import every folder. */
const TOGETHER = ['cli', 'index.ts', 'testing']
/** They run in a browser or at the edge as they are: nothing of `node:`, no globals of Node. */
const PORTABLE = ['core', 'kernels', 'codecs', 'features', 'results', 'models', 'wire']
/** They know the words and nothing else of the world: nothing of `node:` either. */
const WORDS_ONLY = ['flow', 'control']
/** Packages are imported in the one place that needs them. */
const PACKAGES: { readonly [name: string]: readonly string[] } = {
  '@platformatic/kafka': ['connect/kafka'],
  ajv: ['codecs'],
  commander: ['cli'],
  hyparquet: ['connect/file'],
  'hyparquet-compressors': ['connect/file', 'models/formats/spark'],
  protobufjs: ['codecs'],
  yaml: ['pipeline'],
  zod: ['pipeline'],
}
/** Programs of users, and what builds the kernels, are the only things imported under a name that is not written down here. */
const COMPUTED = ['pipeline', 'strategies']

const NODE_GLOBALS = /(?<![.\w$])(?:process|Buffer|NodeJS|setImmediate|clearImmediate|global|require|__dirname|__filename)(?![\w$])(?!\s*\??:(?!:))/g

/** What is wrong with a file of src, given as its path from there. Empty: nothing. */
function violations(file: string, source: string): readonly string[] {
  const layer = layerOf(file)
  if (!(layer in IMPORTED_BY)) return [`src/${file}: src/${layer} has no row in IMPORTED_BY of test/layers.test.ts`]
  const { code, words } = scan(source)
  const wrong: string[] = []
  for (const specifier of importsOf(code, words)) {
    const problem = problemOf(file, layer, specifier)
    if (problem !== undefined) wrong.push(`src/${file} imports '${specifier}': ${problem}`)
  }
  if (PORTABLE.includes(layer)) {
    for (const [name] of words.matchAll(NODE_GLOBALS)) wrong.push(`src/${file} uses '${name}': src/${layer} must run without Node`)
  }
  return wrong
}

function problemOf(file: string, layer: string, specifier: string): string | undefined {
  if (specifier === COMPUTED_NAME) return COMPUTED.includes(layer) ? undefined : 'the name must be written down'
  if (specifier.startsWith('node:')) return [...PORTABLE, ...WORDS_ONLY].includes(layer) ? `src/${layer} imports nothing of Node` : undefined
  if (!specifier.startsWith('.')) {
    const folders = PACKAGES[specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')]
    if (folders === undefined) return 'the package has no row in PACKAGES of test/layers.test.ts'
    return folders.some((folder) => file.startsWith(`${folder}/`)) ? undefined : `only src/${folders.join(', src/')} may import it`
  }
  const target = posix.join(posix.dirname(file), specifier)
  if (target.startsWith('..')) return ['../package.json', '../scripts/build-kernels.ts'].includes(target) ? undefined : 'it lies outside of src'
  const to = layerOf(target)
  if (to === layer) return layer === 'connect' ? betweenConnectors(file, target) : undefined
  const by = IMPORTED_BY[to]
  if (by === undefined) return `src/${to} has no row in IMPORTED_BY of test/layers.test.ts`
  if (by.includes('everything') || by.includes(layer) || TOGETHER.includes(layer)) return undefined
  return `src/${to} is imported by ${[...by, ...TOGETHER].join(', ')} only`
}

/** connect/<x> imports its own files and those that lie in connect itself, which import none of them. */
function betweenConnectors(file: string, target: string): string | undefined {
  const folderOf = (path: string): string => path.split('/').length > 2 ? path.split('/')[1]! : ''
  const [from, to] = [folderOf(file), folderOf(target)]
  return to === '' || from === to ? undefined : `outside systems do not know each other, and src/connect itself knows none of them`
}

const layerOf = (file: string): string => file.split('/')[0]!

const COMPUTED_NAME = '<computed>'
/** Static, type and dynamic imports, export-from, and files named by new URL(..., import.meta.url). */
function importsOf(code: string, words: string): readonly string[] {
  const found: string[] = []
  const matches = (pattern: RegExp): readonly RegExpExecArray[] => [...code.matchAll(pattern)].filter(({ index }) => words[index] === code[index])
  for (const [, , specifier] of matches(/\b(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])(.*?)\1/g)) found.push(specifier!)
  for (const [, , specifier] of matches(/\bimport\s*(['"])(.*?)\1/g)) found.push(specifier!)
  for (const [, argument] of matches(/(?<![.\w$])import\s*\(\s*([^)]*)/g)) found.push(/^(['"`])([^$]*?)\1/.exec(argument!)?.[2] ?? COMPUTED_NAME)
  for (const [, argument] of matches(/\bnew URL\(([^;]*?),\s*import\.meta\.url/g)) {
    for (const [, , path] of argument!.matchAll(/(['"`])(.*?)\1/g)) if (path!.includes('/')) found.push(path!.startsWith('.') ? path! : `./${path!}`)
  }
  return found
}

/** `code`: without comments. `words`: of the same length, also without what stands in strings, templates and regular expressions. */
function scan(source: string): { readonly code: string; readonly words: string } {
  let code = ''
  let words = ''
  const braces: number[] = []      // open braces within each ${ that is not closed yet
  const put = (text: string, isWord: boolean): void => {
    code += text
    words += isWord ? text : text.replaceAll(/[^\n]/g, ' ')
  }
  const next = (pattern: RegExp, at: number): string => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0] ?? ''
  }
  for (let at = 0; at < source.length;) {
    const character = source[at]!
    let text: string
    if ((text = next(/\/\/.*|\/\*[^]*?\*\//y, at)) !== '') put(' ', true)
    else if ((text = next(/'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y, at)) !== '') put(text, false)
    else if (character === '/' && isRegexNext(words) && (text = next(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y, at)) !== '') put(text, false)
    else if (character === '`' || (character === '}' && braces.at(-1) === 0)) {
      if (character === '}') braces.pop()
      text = character + next(/(?:[^`\\$]|\\[^]|\$(?!\{))*/y, at + 1)
      const end = source.slice(at + text.length, at + text.length + 2)
      if (end === '${') braces.push(0)
      put(text += end === '${' ? end : '`', false)
    } else {
      if (braces.length > 0) braces[braces.length - 1]! += character === '{' ? 1 : character === '}' ? -1 : 0
      put(text = character, true)
    }
    at += text.length
  }
  return { code, words }
}

/** A slash after an operator, an opening bracket or such a word begins a regular expression; after a value it divides. */
const isRegexNext = (before: string): boolean => /(?:^|[([{,;=:?!&|+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|throw|await|yield))\s*$/.test(before.slice(-40))

const src = fileURLToPath(new URL('../src/', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))

test('arrows: every import of src goes the way the table says', () => {
  assert.ok(files.length > 50, `only ${files.length} files were read`)
  const wrong = files.flatMap((file) => violations(file, readFileSync(join(src, file), 'utf8')))
  assert.deepEqual(wrong, [])
})

test('table: every folder of src has a row, and every name in a row is a row', () => {
  for (const file of files) assert.ok(layerOf(file) in IMPORTED_BY, `src/${layerOf(file)}`)
  for (const name of [...Object.values(IMPORTED_BY).flat(), ...TOGETHER, ...PORTABLE, ...WORDS_ONLY]) assert.ok(name === 'everything' || name in IMPORTED_BY, name)
  for (const folder of Object.values(PACKAGES).flat()) assert.ok(layerOf(folder) in IMPORTED_BY, folder)
})

test('planted-violations: each of them is found, and its twin that is allowed is not', () => {
  const cases: readonly (readonly [file: string, allowed: string, forbidden: string])[] = [
    ['flow/run.ts', "import { a } from '../core/index.ts'", "import { a } from '../codecs/json.ts'"],
    ['flow/run.ts', 'setImmediate(a)', "import { setImmediate } from 'node:timers'"],
    ['flow/run.ts', "import type { A } from '../core/index.ts'", "import type { A } from '../models/index.ts'"],
    ['flow/run.ts', "import {\n  a,\n  type B,\n} from './rows.ts'", "import {\n  a,\n  type B,\n} from '../connect/memory/log.ts'"],
    ['core/index.ts', "export * from './errors.ts'", "export * from '../flow/index.ts'"],
    ['core/index.ts', "export type { A } from './errors.ts'", "export type { A } from '../flow/index.ts'"],
    ['pipeline/a.ts', "const a = await import('../connect/file/index.ts')", "const a = await import('../cli/main.ts')"],
    ['models/a.ts', "type A = typeof import('../core/index.ts')", "type A = typeof import('../strategies/index.ts')"],
    ['pipeline/a.ts', "new Worker(new URL('./thread.ts', import.meta.url))", "new Worker(new URL('../cli/main.ts', import.meta.url))"],
    ['pipeline/a.ts', "new URL(x ? './a.ts' : './a.js', import.meta.url)", "new URL(x ? './a.ts' : '../cli/a.js', import.meta.url)"],
    ['cli/main.ts', "import '../pipeline/run.ts'", "import '../nowhere/run.ts'"],
    ['cli/main.ts', "new URL('../../package.json', import.meta.url)", "new URL('../../test/layers.test.ts', import.meta.url)"],
    ['connect/file/a.ts', "import { b } from '../framing.ts'", "import { b } from '../memory/log.ts'"],
    ['connect/a.ts', "import { b } from './framing.ts'", "import { b } from './memory/log.ts'"],
    ['connect/file/a.ts', "import { readFile } from 'node:fs/promises'", "import { readFile } from 'fs-extra'"],
    ['connect/file/a.ts', "import { parquet } from 'hyparquet/src/types.js'", "import { Command } from 'commander'"],
    ['pipeline/a.ts', 'await import(path)', "await import('lodash')"],
    ['cli/a.ts', "await import('commander')", 'await import(path)'],
    ['cli/a.ts', "await import('commander')", 'await import(`./${name}.ts`)'],
    ['codecs/a.ts', "const a = '/*'\nimport { b } from '../core/index.ts' // */", "const a = '/*'\nimport { b } from '../flow/index.ts' // */"],
    ['codecs/a.ts', "// import { b } from '../flow/index.ts'", "const a = 'http://x', b = import('../flow/index.ts')"],
    ['codecs/a.ts', "const a = `import { b } from '../flow/index.ts'`.length", "const a = `${await import('../flow/index.ts')}`"],
    ['models/a.ts', 'const a = model.process, b = { process: 1 }', 'const a = process.env'],
    ['models/a.ts', "const a = 'process' + `Buffer` // process", 'const a: Buffer = b'],
    ['models/a.ts', 'const a = /Buffer/.test(b)', 'const a = b / Buffer.length / c'],
    ['models/a.ts', 'const a = `x ${b} process ${{ c }} Buffer`', 'const a = `x ${{ b }} ${process.pid}`'],
    ['features/a.ts', "import { b } from './time.ts'", "import { b } from 'node:util'"],
    ['features/a.ts', "import { b } from '../codecs/paths.ts'", "import { z } from 'zod'"],
  ]
  for (const [file, allowed, forbidden] of cases) {
    assert.notDeepEqual(violations(file, forbidden), [], `${file}: ${forbidden}`)
    assert.deepEqual(violations(file, allowed), [], `${file}: ${allowed}`)
  }
  assert.match(violations('newfolder/a.ts', '')[0]!, /no row in IMPORTED_BY/)
})
