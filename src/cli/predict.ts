import { Command, Option } from 'commander'
import type { ReadOptions, SluiceError, Tensor } from '../core/index.ts'
import type { FileFormat } from '../connect/file/options.ts'
import { encodeCsvCell } from '../codecs/csv.ts'
import { elementsOf, jsonOf, widthOf } from '../results/outputs.ts'
import { fieldsOf, rawFieldsOf } from './fields.ts'
import type { Field } from './fields.ts'
import { categoriesOption, treesOption } from './options.ts'
import { out } from './print.ts'
import type { Answers } from './score.ts'

interface Flags extends ReadOptions { readonly format: 'csv' | 'ndjson'; readonly input?: FileFormat; readonly raw?: boolean }

export function command(): Command {
  return new Command('predict')
    .description("Answers for the rows of a file: one line for each, in order. A row's values are named as the model's inputs. A row that cannot be answered is a line {\"error\": ...} in its place (in CSV an empty one, with the error beside it on the standard error), and the exit code is 1.")
    .argument('<model>', 'a model file, a folder of one model, or a repository')
    .argument('[input]', 'CSV, NDJSON or Parquet; - is the standard input', '-')
    .addOption(new Option('--format <format>', 'what is written').choices(['ndjson', 'csv']).default('ndjson'))
    .addOption(new Option('--input <format>', 'what is read; left out: by the extension, or what the input begins with').choices(['csv', 'ndjson', 'parquet']))
    .option('--raw', "only what the origin library's own predict and raw score return, under its names: to be compared with it")
    .addOption(treesOption())
    .addOption(categoriesOption())
    .addHelpText('after', `
Examples:
  sluice predict delay.json flights.csv
  sluice predict delay.json flights.csv --format csv --raw > answers.csv
  echo '{"distance": 300, "hour": 17}' | sluice predict delay.json`)
    .action(predict)
}

async function predict(path: string, input: string, flags: Flags): Promise<void> {
  const texts = answersIn(path, input, flags)
  for (;;) {
    const { value, done } = await texts.next()
    if (done !== true) {
      await out(value)
      continue
    }
    if (value.failed === 0) return
    process.exitCode = 1
    process.stderr.write(`${value.failed} of ${value.rows} rows have an error in place of an answer\n`)
    return
  }
}

/** What is to be written, piece by piece; then how many rows there were, and how many of them have no answer. */
export async function* answersIn(path: string, input: string, { format, input: inputFormat, raw = false, ...options }: Flags): AsyncGenerator<string, { readonly rows: number; readonly failed: number }> {
  const { openInput, openScorer } = await import('./score.ts')
  const scorer = await openScorer(path, options)
  let rows = 0, failed = 0
  try {
    const { model } = scorer.model, fields = raw ? rawFieldsOf(model) : fieldsOf(model), read = await openInput(input, inputFormat)
    const writer = format === 'csv' ? csvWriter(fields) : jsonWriter(fields)
    try {
      if (writer.header !== '') yield writer.header
      for await (const answers of scorer.answers(read)) {
        yield writer.lines(answers, rows)
        rows += answers.rows
        failed += answers.errors.size
      }
    } finally { await read.source.close() }
  } finally { await scorer.close() }
  return { rows, failed }
}

interface Writer { readonly header: string; lines(answers: Answers, before: number): string }

function jsonWriter(fields: readonly Field[]): Writer {
  return {
    header: '',
    lines({ rows, at, outputs, errors }) {
      const texts = fields.map(({ name, output }, i) => ({ name: `${i === 0 ? '' : ','}${JSON.stringify(name)}:`, of: jsonOf(outputs.get(output.name)!) }))
      let lines = ''
      for (let row = 0; row < rows; row++) {
        const error = errors.get(row)
        if (error !== undefined) lines += `${JSON.stringify({ error: plain(error) })}\n`
        else if (at[row]! < 0) lines += 'null\n'
        else {
          lines += '{'
          for (const { name, of } of texts) lines += name + of(at[row]!)
          lines += '}\n'
        }
      }
      return lines
    },
  }
}
const plain = ({ code, message, at, why, fix }: SluiceError): object => ({ code, message, at, why, fix })

function csvWriter(fields: readonly Field[]): Writer {
  const names = fields.flatMap(({ columns }) => columns)
  const empty = `${','.repeat(names.length - 1)}\n`
  return {
    header: `${names.map(encodeCsvCell).join(',')}\n`,
    lines(answers, before) {
      const cells = fields.map(({ output }) => cellsOf(answers.outputs.get(output.name)!))
      let lines = ''
      for (let row = 0; row < answers.rows; row++) {
        const error = answers.errors.get(row)
        if (error !== undefined) process.stderr.write(`row ${before + row + 1}: ${error.code}: ${error.message}\n`)
        const at = answers.at[row]!
        lines += at < 0 ? empty : `${cells.map((of) => of(at)).join(',')}\n`
      }
      return lines
    },
  }
}

/** The shortest text of each double, so that it reads back the same; NaN is an empty cell, as in the files of other libraries. */
function cellsOf(tensor: Tensor): (row: number) => string {
  const element = elementsOf(tensor), width = widthOf(tensor) ?? 1
  const text = (i: number): string => {
    const value = element(i)
    if (typeof value === 'string' || value === null) return encodeCsvCell(value)
    return Number.isNaN(value) ? '' : Object.is(value, -0) ? '-0' : String(value)
  }
  return tensor.shape.length === 1 ? text : (row) => Array.from({ length: width }, (_, i) => text(row * width + i)).join(',')
}
