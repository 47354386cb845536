// Writes docs/formats.md from the list of formats and their pages (src/models/formats/<one>/page.ts): node scripts/formats-page.ts
// What somebody wrote by hand is kept: in a section what stands behind its table and its lines, and the sections of no format. A format
// without a page keeps its whole section.
import { readFileSync, writeFileSync } from 'node:fs'
import { factsOf } from '../src/models/formats/page.ts'
import type { FormatPage } from '../src/models/formats/page.ts'
import { pages } from '../src/models/formats/pages.ts'
import { formats } from '../src/models/index.ts'

/** The page that belongs in the place of `before`. */
export function formatsPage(before: string): string {
  const [head, ...sections] = before.split(/^(?=## )/m), kept = new Map(sections.map((section) => [keyOf(section), section]))
  const written = formats.map(({ name, title }) => {
    const body = (kept.get(keyOf(`## ${title}`)) ?? '').replace(/^## .*\n/, ''), page = pages[name]
    return `## ${title}\n${page === undefined ? body.trim() : [sectionOf(page), byHand(body)].filter((part) => part !== '').join('\n\n')}`.trim()
  })
  const others = sections.filter((section) => !formats.some(({ title }) => keyOf(`## ${title}`) === keyOf(section))).map((section) => section.trim())
  return `${[head!.replace(/^\| format .*\n(?:\|.*\n)*/m, '').trim(), index(), ...written, ...others].join('\n\n')}\n`
}

/** Titles begin with what the format is called: `## XGBoost .json and .ubj: ...`. */
const keyOf = (section: string): string => /^## ([^\s:]+)/.exec(section)![1]!
const byHand = (body: string): string => body.replace(/^(?:\|.*\n)+\n?(?:```(?:python|text)\n[^]*?\n```\n)*/, '').trim()
const index = (): string => ['| format | holds |', '|---|---|', ...formats.map(({ title }) => {
  const [name, ...more] = title.split(': ')
  return `| [${name}](#${anchorOf(title)}) | ${cell(more.join(': '))} |`
})].join('\n')
const anchorOf = (title: string): string => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')

function sectionOf(page: FormatPage): string {
  const table = ['| | |', '|---|---|', ...factsOf(page).map(([what, of]) => `| ${cell(what)} | ${cell(of)} |`)].join('\n')
  const lines = page.exports.map(({ language, text }) => `\`\`\`${language === 'python' ? language : 'text'}\n${language === 'r' ? '# R\n' : ''}${text}\n\`\`\``).join('\n')
  return lines === '' ? table : `${table}\n\n${lines}`
}
const cell = (text: string): string => text.replaceAll('|', '\\|')

if (import.meta.main) {
  const page = new URL('../docs/formats.md', import.meta.url)
  writeFileSync(page, formatsPage(readFileSync(page, 'utf8')))
}
