import { Command } from 'commander'
import { collect } from './options.ts'
import { hide, table } from './print.ts'

export function command(): Command {
  return new Command('check')
    .description('Checks everything that can be checked before the first record: the definition, the model, and that its features and outputs fit. With --connect also that source and sinks can be opened, and what the first records become; nothing is written, no position moves.')
    .argument('<file>', 'a pipeline: .yaml, or .ts and .js with a default export')
    .option('--set <path=value>', 'change the pipeline: any key by its path; may be repeated', collect, [])
    .option('--connect', 'open source and sinks, and try the first records')
    .addHelpText('after', '\nExamples:\n  sluice check flights.yaml\n  sluice check flights.yaml --connect')
    .action(check)
}

async function check(file: string, { set, connect = false }: { readonly set: readonly string[]; readonly connect?: boolean }): Promise<void> {
  const [{ loadDefinition }, { checkPipeline }, { redactor }] = await Promise.all([import('../pipeline/load.ts'), import('../pipeline/check.ts'), import('../operating/redact.ts')])
  const { definition, secrets } = await loadDefinition(file, set)
  const redact = redactor(secrets)
  hide(redact)
  const { pipeline, model, sample } = await checkPipeline(definition, { connect })
  const rows = [['pipeline', pipeline], ['model', `${model.ref.name} ${model.ref.version}, ${model.model.format}, executed by ${model.evaluator}`]]
  if (sample !== undefined) {
    const { rejected } = sample
    rows.push(['tried', `${sample.records} records of ${sample.partition}, ${rejected.length} rejected`])
    if (sample.first !== undefined) rows.push(['result', sample.first])
    for (const { offset, error } of rejected.slice(0, 3)) rows.push(['rejected', `${sample.partition}@${offset}: ${error.code}: ${error.message}`])
  }
  const allRejected = sample !== undefined && sample.records > 0 && sample.rejected.length >= sample.records
  if (allRejected) process.exitCode = 1
  process.stdout.write(redact(`${table(rows)}\n${allRejected ? 'Not one of these records can be scored: source and pipeline do not fit together.' : connect ? 'It is ready to run.' : 'The definition fits the model. --connect tries source and sinks too.'}\n`))
}
