// Writes docs/errors.md from the table of codes: node scripts/errors-page.ts
// What somebody wrote by hand in a section, behind its fix, is kept: an example, or more to say.
import { readFileSync, writeFileSync } from 'node:fs'
import { CODES } from '../src/core/index.ts'

const TITLES = {
  record: 'this record is rejected, the others go on',
  retry: 'it is tried again, slower each time; nothing is lost',
  fatal: 'what is done is committed, then the pipeline stops',
}

/** The page that belongs in the place of `before`. */
export function errorsPage(before: string): string {
  const [head, ...sections] = before.split(/^(?=## )/m)
  const kept = new Map(sections.map((section) => [/^## (.*)$/m.exec(section)![1]!, section.split(/^- fix: .*\n/m)[1]?.trim() ?? '']))
  const index = ['| code | severity | why |', '|---|---|---|',
    ...Object.entries(CODES).map(([code, { severity, why }]) => `| [${code}](#${code.toLowerCase()}) | ${severity} | ${cell(why)} |`)]
  return [
    `${head!.replace(/^\| code .*\n(?:\|.*\n)*/m, '').trim()}\n\n${index.join('\n')}\n`,
    ...Object.entries(CODES).map(([code, { severity, why, fix }]) => {
      const more = kept.get(code) ?? ''
      return `\n## ${code}\n\`${severity}\`: ${TITLES[severity]}.\n- why: ${why}\n- fix: ${fix}\n${more === '' ? '' : `\n${more}\n`}`
    }),
  ].join('')
}
const cell = (text: string): string => text.replaceAll('|', '\\|')

if (import.meta.main) {
  const page = new URL('../docs/errors.md', import.meta.url)
  writeFileSync(page, errorsPage(readFileSync(page, 'utf8')))
}
