import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { printError } from './print.ts'

/** What there is. Each module is loaded when its command is called: what is not needed costs no time. */
const COMMANDS: { readonly [name: string]: readonly [summary: string, load: () => Promise<{ command(): Command }>] } = {
  run: ['run pipelines until their sources end or a signal comes', () => import('./run.ts')],
  check: ['check everything that can be checked before the first record', () => import('./check.ts')],
  predict: ['answer for the rows of a CSV or NDJSON file', () => import('./predict.ts')],
  verify: ["compare a model's answers with those of the library it came from", () => import('./verify.ts')],
  inspect: ['say what a model is and needs', () => import('./inspect.ts')],
  convert: ['write a model as one file: a portable image, or ONNX', () => import('./convert.ts')],
  formats: ['list the model formats that can be read', () => import('./formats.ts')],
  rejects: ['look at rejected records, and play them again', () => import('./rejects.ts')],
  schema: ['print the JSON Schema of a pipeline, for editors', () => import('./schema.ts')],
}

const program = new Command('sluice')
  .description('Predictions over real-time data streams: records go in, each is scored by a model inside the pipeline, results come out.')
  .version((JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print help, also of each command: sluice run --help')
  .helpCommand(false)
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .addHelpText('after', `
Examples:
  sluice run flights.yaml
  sluice predict delay.json flights.csv
  sluice verify delay.json rows.csv expected.csv

Exit codes:
  0    all went well; also after a first Ctrl-C, when what was in flight is finished and committed
  1    something failed; the error says what, why and how to mend it
  2    the command was called in a wrong way
  130  a second Ctrl-C: stopped at once

SLUICE_DEBUG=1 prints the stack of errors.`)

// a reader that has seen enough (`sluice predict ... | head`) is no error
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

/** Errors of usage are ours to end with; they point at the help of their own command. */
function quiet(command: Command, name: string): void {
  command.exitOverride().showHelpAfterError(`${name} --help says more`)
  for (const inside of command.commands) quiet(inside, `${name} ${inside.name()}`)
}

const named = process.argv.slice(2).find((argument) => !argument.startsWith('-'))
try {
  for (const [name, [summary, load]] of Object.entries(COMMANDS)) {
    const command = name === named ? (await load()).command() : new Command(name).description(summary)
    program.addCommand(command.summary(summary))
  }
  quiet(program, 'sluice')
  if (process.argv.length <= 2) program.outputHelp()
  else await program.parseAsync()
} catch (error) {
  // help and the version come as errors with the code 0
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    process.exitCode = 1
    printError(error)
  }
}
