import { Command } from 'commander'

export function command(): Command {
  return new Command('schema')
    .description('Prints the JSON Schema of a pipeline. Editors check and complete a pipeline whose first line names it:\n\n  # yaml-language-server: $schema=./schema.json')
    .addHelpText('after', '\nExample:\n  sluice schema > schema.json')
    .action(async () => {
      const { definitionSchema } = await import('../pipeline/schema.ts')
      process.stdout.write(`${JSON.stringify(definitionSchema(), null, 2)}\n`)
    })
}
