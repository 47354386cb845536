import { Command } from 'commander'
import { table } from './print.ts'

export function command(): Command {
  return new Command('formats')
    .description('Lists the model formats that can be read. A format is recognised by what a file holds, not by its name.')
    .addHelpText('after', '\nExample:\n  sluice formats')
    .action(async () => {
      const { formats } = await import('../models/index.ts')
      process.stdout.write(`${table(formats.map(({ name, title }) => [name, title]))}\n`)
    })
}
