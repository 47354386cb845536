import { Command } from 'commander'
import type { ReadOptions, TensorSpec } from '../core/index.ts'
import { categoriesOption, treesOption } from './options.ts'
import { table } from './print.ts'

export function command(): Command {
  return new Command('inspect')
    .description('Says what a model is: its format, inputs, outputs and size, and what executes it.')
    .argument('<model>', 'a model file, a folder of one model, or a repository')
    .option('--json', 'print JSON')
    .addOption(treesOption())
    .addOption(categoriesOption())
    .addHelpText('after', '\nExamples:\n  sluice inspect delay.json\n  sluice inspect models/eta --json')
    .action(inspect)
}

async function inspect(path: string, { json, ...options }: ReadOptions & { readonly json?: boolean }): Promise<void> {
  const { inspectModel } = await import('../strategies/embedded/index.ts')
  const model = await inspectModel(path, options)
  if (json === true) return void process.stdout.write(`${JSON.stringify(model, wellFormed, 2)}\n`)
  const facts = Object.entries(model.facts).map(([fact, value]) => [fact, String(value)])
  const versions = model.versions.map(({ version, bytesOnDisk, changedMs }) => [`  ${version}`, `${bytesOnDisk} bytes, ${new Date(changedMs).toISOString()}`])
  process.stdout.write(`${table([
    ['model', model.name], ['version', model.version], ['format', model.format], ...facts,
    ['on disk', `${model.bytesOnDisk} bytes`], ['in memory', `${model.bytesInMemory} bytes`], ['executed by', model.how === undefined ? model.evaluator : `${model.evaluator}: ${model.how}`],
    ...versions.length === 0 ? [] : [['versions', String(versions.length)], ...versions],
  ])}\n\ninputs\n${table(model.inputs.flatMap(inputLines), '  ')}\n\noutputs\n${table(model.outputs.map(({ name, dtype, shape }) => [name, `${dtype} ${shapeOf(shape)}`]), '  ')}\n`)
}

function inputLines({ name, dtype, shape, columns }: TensorSpec): string[][] {
  if (columns === undefined) return [[name, `${dtype} ${shapeOf(shape)}`]]
  return columns.map(({ name: column, categories, unknown, missing }) => [column, [
    categories === undefined ? dtype : `one of ${categories.length}: ${shortened(categories.map((category) => JSON.stringify(wellFormed('', category))).join(', '))}`,
    ...missing === true ? ['may be missing'] : [],
    ...categories !== undefined && unknown !== undefined ? ['may be unknown'] : [],
  ].join('; ')])
}
const shapeOf = (shape: readonly number[]): string => `[${['rows', ...shape.slice(1)].join(', ')}]`
const shortened = (text: string): string => text.length <= 80 ? text : `${text.slice(0, 77)}...`
/** What is lost of a name is half a letter; not every reader of JSON takes those. */
const wellFormed = (_: string, value: unknown): unknown => typeof value === 'string' ? value.toWellFormed() : value
