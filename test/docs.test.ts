import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { test } from 'node:test'
import { CODES } from '../src/core/index.ts'
import { formats } from '../src/models/index.ts'
import { FAMILIES } from '../src/operating/families.ts'
import { definitionSchema } from '../src/pipeline/schema.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)]

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')
const linksOf = (page: string): string[] => [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to!).filter(to => !/^[a-z]+:/.test(to))
/** GitHub's anchor of a heading. */
const anchorsOf = (page: string): string[] => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
const targetOf = (page: string, link: string): string => posix.normalize(posix.join(dirname(page), link.split('#')[0]!))

test('every link leads somewhere, and to a heading that is there', () => {
  const broken = pages.flatMap(page => linksOf(page).filter(link => {
    const target = link.startsWith('#') ? page : targetOf(page, link), [, anchor] = link.split('#')
    return !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
  }).map(link => `${page} -> ${link}`))
  assert.deepEqual(broken, [])
})

test('every page is found from the README', () => {
  const seen = new Set(['README.md']), left = ['README.md']
  for (let page; (page = left.pop()) !== undefined;) {
    for (const link of linksOf(page)) {
      const target = targetOf(page, link)
      const found = target === 'docs/decisions' ? pages.filter(other => other.startsWith('docs/decisions/')) : [target]
      for (const next of found) if (pages.includes(next) && !seen.has(next)) { seen.add(next); left.push(next) }
    }
  }
  assert.deepEqual(pages.filter(page => !seen.has(page)), [])
})

test('the errors page has every code, its severity, why and fix, and no other', () => {
  const sections = new Map(read('docs/errors.md').split(/^## /m).slice(1).map(section => [section.slice(0, section.indexOf('\n')), section]))
  assert.deepEqual([...sections.keys()], Object.keys(CODES))
  for (const [code, { severity, why, fix }] of Object.entries(CODES)) {
    for (const said of [`\`${severity}\``, `- why: ${why}`, `- fix: ${fix}`]) assert.ok(sections.get(code)!.includes(said), `${code}: ${said}; run node scripts/errors-page.ts`)
  }
})

test('the definition page tells of every key of the schema', () => {
  const page = read('docs/definition.md')
  const missing = keysOf(definitionSchema()).filter(key => !new RegExp(`\`(?:[\\w.]*\\.)?${key}\``).test(page))
  assert.deepEqual(missing, [])
})
function keysOf(schema: object): string[] {
  const found = new Set<string>()
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if ('properties' in node) for (const key of Object.keys(node.properties as object)) found.add(key)
    for (const value of Object.values(node)) walk(value)
  }
  walk(schema)
  return [...found]
}

test('the operating page tells of every metric, and of no other', () => {
  const page = read('docs/operating.md')
  const told = new Set([...page.matchAll(/sluice_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))
  assert.deepEqual([...told].sort(), Object.keys(FAMILIES).sort())
})

test('the formats page tells of every format', () => {
  const page = read('docs/formats.md')
  for (const { name, title } of formats) assert.ok(page.includes(title), `${name}: ${title}`)
})

interface Block { readonly page: string; readonly language: string; readonly info: string; readonly text: string }
const blocksOf = (page: string): Block[] => [...read(page).matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```/gm)]
  .map(([, language, info, text]) => ({ page, language: language!, info: info!.trim(), text: text! }))
const blocks = pages.flatMap(blocksOf)

test('every pipeline that is shown fits the schema', async () => {
  const { mistakesIn } = await import('../src/pipeline/schema.ts')
  const { parse } = await import('yaml')
  const shown = blocks.filter(({ language, info, text }) => language === 'yaml' && !info.includes('part') && /^name:/m.test(text))
  assert.ok(shown.length >= 3)
  for (const { page, text } of shown) assert.deepEqual(mistakesIn(parse(text)), [], `${page}:\n${text}`)
})

test('every command that is shown runs', () => {
  const shown = blocks.filter(({ language, info }) => language === 'sh' && !info.includes('no-run'))
  assert.ok(shown.length >= 3)
  mkdirSync(join(root, 'out'), { recursive: true })
  for (const { page, text } of shown) {
    const script = `set -euo pipefail\nsluice() { '${process.execPath}' bin/sluice.js "$@"; }\n${text}`
    try {
      execFileSync('bash', ['-c', script], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
    } catch (error) {
      assert.fail(`${page}:\n${text}\n${(error as { stderr?: string }).stderr ?? String(error)}`)
    }
  }
})

test('every program that is shown runs', async () => {
  const shown = blocks.filter(({ language, info }) => language === 'ts' && !info.includes('no-run'))
  assert.ok(shown.length >= 3)
  const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs')
  const folder = mkdtempSync(join(root, 'test/docs-'))        // inside, so that types are stripped and imports are found
  try {
    shown.forEach(({ text }, i) => writeFileSync(join(folder, `example-${i}.ts`), text.replace(/'sluice(\/[a-z]+)?'/g, (_, part: string | undefined) => `'../../src${part ?? ''}/index.ts'`)))
    shown.forEach(({ page, text }, i) => {
      try {
        execFileSync(process.execPath, [join(folder, `example-${i}.ts`)], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
      } catch (error) {
        assert.fail(`${page}:\n${text}\n${(error as { stderr?: string }).stderr ?? String(error)}`)
      }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
