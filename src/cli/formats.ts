import { Command } from 'commander'
import { didYouMean } from '../codecs/paths.ts'
import { SluiceError } from '../core/index.ts'
import { table } from './print.ts'

export function command(): Command {
  return new Command('formats')
    .description('Lists the model formats that can be read. A format is recognised by what a file holds, not by its name.')
    .argument('[format]', 'what is understood of one of them, what is refused, and the lines that save such a model')
    .addHelpText('after', '\nExamples:\n  sluice formats\n  sluice formats catboost')
    .action(list)
}

async function list(name: string | undefined): Promise<void> {
  const { formats } = await import('../models/index.ts')
  if (name === undefined) {
    process.stdout.write(`${table(formats.map((format) => [format.name, format.title]))}\n`)
    return
  }
  const format = formats.find((one) => one.name === name), names = formats.map((one) => one.name)
  if (format === undefined) {
    const meant = didYouMean(name, names)
    throw new SluiceError('SLUICE_MODEL_UNKNOWN', `there is no format '${name}'; there are ${names.join(', ')}`, { at: name, why: 'a format is named as the first column of `sluice formats` does', ...(meant === undefined ? {} : { fix: `did you mean '${meant}'?` }) })
  }
  const [{ pages }, { factsOf }] = await Promise.all([import('../models/formats/pages.ts'), import('../models/formats/page.ts')]), page = pages[name]
  process.stdout.write(`${format.title}\n`)
  if (page === undefined) return
  process.stdout.write(`\n${factsOf(page).map(([what, of]) => `${what}\n${folded(of.replaceAll('`', ''))}`).join('\n')}\n`)
  for (const { language, text } of page.exports) process.stdout.write(`\nin ${LANGUAGES[language]}\n${text.split('\n').map((line) => `  ${line}`).join('\n')}\n`)
}

const LANGUAGES = { python: 'Python', r: 'R', scala: 'Scala' }
const WIDTH = 100
function folded(text: string): string {
  let line = ' ', all = ''
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH) {
      all += `${line}\n`
      line = ' '
    }
    line += ` ${word}`
  }
  return all + line
}
