import { isUtf8 } from 'node:buffer'
import { Command, Option } from 'commander'
import { SluiceError } from '../core/index.ts'
import { rejectedIn } from './envelopes.ts'
import type { Rejected } from './envelopes.ts'
import { collect, wholeNumber } from './options.ts'
import { out, table } from './print.ts'

const EXAMPLES = `
Examples:
  sluice rejects list rejects.records.ndjson
  sluice rejects show rejects.records.ndjson 3
  sluice rejects replay rejects.records.ndjson --pipeline flights.yaml`

export function command(): Command {
  const rejects = new Command('rejects').description('Looks at the records that a pipeline rejected, and plays them again once the cause is mended.').addHelpText('after', EXAMPLES)
  rejects.command('list').summary('count them by stage and code').description('Counts rejected records by stage and code, with an example of each.')
    .argument('<file>', 'a file of rejects, format records').addHelpText('after', EXAMPLES).action(list)
  rejects.command('show').summary('show one whole').description('Shows one rejected record: where it came from, why it was rejected, its key, headers and value.')
    .argument('<file>', 'a file of rejects, format records').argument('<number>', 'which one, from 1', wholeNumber).addHelpText('after', EXAMPLES).action(show)
  rejects.command('replay').summary('play them again through a pipeline')
    .description('Runs a pipeline whose source is the file of rejects. What is rejected again goes into a file of its own beside it. What was played once is not played again.')
    .argument('<file>', 'a file of rejects, format records')
    .addOption(new Option('--pipeline <file>', 'the pipeline').makeOptionMandatory())
    .option('--set <path=value>', 'change the pipeline: any key by its path; may be repeated', collect, [])
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, { pipeline, set }: { readonly pipeline: string; readonly set: readonly string[] }) => (await import('./replay.ts')).replay(file, pipeline, set))
  return rejects
}

async function list(path: string): Promise<void> {
  const causes = new Map<string, { first: Rejected; count: number }>()
  let count = 0
  for await (const rejected of rejectedIn(path)) {
    count++
    const cause = `${rejected.errors.get('stage') ?? '?'}\0${rejected.errors.get('code') ?? '?'}`
    const known = causes.get(cause)
    if (known === undefined) causes.set(cause, { first: rejected, count: 1 })
    else known.count++
  }
  const rows = [...causes].sort(([, a], [, b]) => b.count - a.count).map(([cause, { first, count: times }]) =>
    [...cause.split('\0'), String(times), `#${first.number} ${originOf(first)}: ${shortened(first.errors.get('message') ?? '')}`].map(printable))
  process.stdout.write(`${path}: ${count} rejected record${count === 1 ? '' : 's'}\n`)
  if (count > 0) process.stdout.write(`\n${table([['stage', 'code', 'records', 'the first one'], ...rows], '  ')}\n\n\`sluice rejects show ${path} 1\` shows one whole\n`)
}

async function show(path: string, number: number): Promise<void> {
  let last = 0
  for await (const rejected of rejectedIn(path)) {
    last = rejected.number
    if (last === number) return void await out(whole(rejected))
  }
  throw new SluiceError('SLUICE_FILE_FORMAT', `${path} holds ${last} rejected record${last === 1 ? '' : 's'}; there is no number ${number}`, { at: path, why: '', fix: `choose one from 1 to ${last}` })
}

const SHOWN: readonly string[] = ['partition', 'offset', 'model.name', 'model.version']

function whole(rejected: Rejected): string {
  const { errors, headers, key, value, timeMs } = rejected
  const model = errors.get('model.name')
  const rows = [
    ['origin', originOf(rejected)],
    ...timeMs === undefined ? [] : [['time', new Date(timeMs).toISOString()]],
    ...[...errors].filter(([name]) => !SHOWN.includes(name)),
    ...model === undefined ? [] : [['model', `${model} ${errors.get('model.version') ?? ''}`]],
    ...headers.map(([name, held]) => [`header ${name}`, inLine(held)]),
    ['key', inLine(key)],
  ].map(([name, text]) => [printable(name!), printable(text!)])
  return `${table(rows)}\n\nvalue: ${value === null ? 'null' : `${value.length} bytes\n${blockOf(value)}`}\n`
}

const originOf = ({ errors }: Rejected): string => `${errors.get('partition') ?? '?'}@${errors.get('offset') ?? '?'}`
const inLine = (bytes: Buffer | null): string => bytes === null ? 'null' : isUtf8(bytes) ? bytes.toString() : `base64 ${bytes.toString('base64')}`
const shortened = (text: string): string => text.length <= 160 ? text : `${text.slice(0, 157)}...`

/** JSON with indents, other text as it is, else bytes in hexadecimal. */
function blockOf(value: Buffer): string {
  if (!isUtf8(value)) return hexadecimal(value)
  const text = value.toString()
  try {
    return printable(JSON.stringify(JSON.parse(text), null, 2))
  } catch { return printable(text) }
}

function hexadecimal(bytes: Buffer): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16)
    lines.push(`${at.toString(16).padStart(8, '0')}  ${part.toString('hex').replace(/../g, '$& ').padEnd(48)} ${part.toString('latin1').replace(/[^ -~]/g, '.')}`)
  }
  return lines.join('\n')
}

/** A record must not steer the terminal. */
const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
