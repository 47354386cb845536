import { Command, InvalidArgumentError, Option } from 'commander'
import { SluiceError } from '../core/index.ts'
import type { DType, ReadOptions } from '../core/index.ts'
import type { Version } from '../strategies/embedded/index.ts'
import { elementsOf, widthOf } from '../results/outputs.ts'
import { fieldsOf, numbered, rawFieldsOf } from './fields.ts'
import { categoriesOption, treesOption } from './options.ts'
import { table } from './print.ts'

interface Flags extends ReadOptions { readonly bits?: boolean; readonly tolerance?: number; readonly absolute?: number }

export function command(): Command {
  return new Command('verify')
    .description("Compares a model's answers with those of the library it came from. The columns of expected.csv are named as the library names them (predict, margin, raw, predict_0, ...) or as the model's outputs, in any order, all or some.")
    .argument('<model>', 'a model file, a folder of one model, or a repository')
    .argument('<rows.csv>', "the model's inputs")
    .argument('<expected.csv>', 'what the library answers for these rows')
    .addOption(new Option('--bits', 'every number must be equal to the last bit').conflicts('tolerance'))
    .addOption(new Option('--tolerance <rel>', 'the largest relative difference; left out: 1e-5 for float32, 1e-12 for float64').argParser(tolerance))
    .addOption(new Option('--absolute <difference>', 'a difference that is allowed whatever the number: of probabilities near 0 the relative one says little').argParser(tolerance).conflicts('bits'))
    .addOption(treesOption())
    .addOption(categoriesOption())
    .addHelpText('after', `
Examples:
  sluice verify delay.json rows.csv expected.csv
  sluice verify delay.json rows.csv expected.csv --bits

In Python these lines write both files, of a pandas DataFrame (docs/verify.md has more):
  rows.to_csv("rows.csv", index=False)
  answers = {"prediction": model.predict(rows)}             # a regressor of scikit-learn's kind; or, of a classifier:
  answers = pandas.DataFrame(model.predict_proba(rows)).add_prefix("probabilities_")
  pandas.DataFrame(answers).to_csv("expected.csv", index=False, float_format="%.17g")`)
    .action(verify)
}

function tolerance(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0) || value === Infinity) throw new InvalidArgumentError('It is a number from 0, such as 1e-6.')
  return value
}

/** A column that is compared. */
interface Compared {
  readonly name: string
  readonly output: string
  readonly element: number
  readonly dtype: DType
  readonly tolerance: number
  largest: number
  largestAt: number
}

async function verify(path: string, rowsPath: string, expectedPath: string, flags: Flags): Promise<void> {
  const { report, first } = await comparison(path, rowsPath, expectedPath, flags)
  process.stdout.write(report)
  if (first !== undefined) throw differs(first, expectedPath)
  process.stdout.write(flags.bits === true ? 'equal to the last bit\n' : 'equal within what is allowed\n')
}

/** `first`: what differs. @throws SLUICE_VERIFY_DIFFERS the files do not belong together */
export async function comparison(path: string, rowsPath: string, expectedPath: string, { bits = false, tolerance: given, absolute = 0, ...options }: Flags): Promise<{ readonly report: string; readonly first: string | undefined }> {
  const [{ openScorer, openInput }, { rowsOf }] = await Promise.all([import('./score.ts'), import('./csv.ts')])
  const scorer = await openScorer(path, options)
  const input = await openInput(rowsPath, undefined)
  const expected = rowsOf(expectedPath)
  let rows = 0, first: string | undefined, compared: Compared[] = []
  try {
    const header = (await expected.next()).value
    if (header === undefined) throw new SluiceError('SLUICE_FILE_FORMAT', `${expectedPath} holds no rows`, { at: expectedPath, why: 'there is nothing to compare with', fix: 'write the answers of the library there' })
    compared = columnsIn(header, scorer.model, expectedPath, bits ? 0 : given)
    for await (const { rows: count, at, outputs, errors } of scorer.answers(input)) {
      const elements = compared.map(({ output }) => ({ of: elementsOf(outputs.get(output)!), width: widthOf(outputs.get(output)!) ?? 1 }))
      for (let row = 0; row < count; row++) {
        const cells = (await expected.next()).value
        rows++
        if (cells === undefined) throw differs(`${rowsPath} has more rows than ${expectedPath}, which has ${rows - 1}`, rowsPath)
        const error = errors.get(row)
        if (error !== undefined || at[row]! < 0) {
          first ??= `row ${rows}: expected ${cells[header.indexOf(compared[0]!.name)]}, but the row has no answer: ${error?.message ?? 'it is null'}`
          continue
        }
        compared.forEach((column, i) => {
          const cell = cells[header.indexOf(column.name)] ?? null, given = elements[i]!.of(at[row]! * elements[i]!.width + column.element)
          if (column.dtype === 'string') {
            if (cell !== given) {
              column.largest = Infinity
              column.largestAt = rows
              first ??= `row ${rows}, column '${column.name}': expected ${word(cell)}, the model answers ${word(given as string | null)}`
            }
            return
          }
          const wanted = numberIn(cell, column, rows, expectedPath), answer = Number(given)
          const difference = Math.abs(wanted - answer) <= absolute ? 0 : differenceOf(wanted, answer, column.dtype)
          if (difference > column.largest) { column.largest = difference; column.largestAt = rows }
          const equal = bits ? sameBits(wanted, answer, column.dtype) : difference <= column.tolerance
          if (!equal) first ??= `row ${rows}, column '${column.name}': expected ${text(wanted)}, the model answers ${text(answer)} (relative difference ${difference.toPrecision(3)})`
        })
      }
    }
    if (first === undefined && !(await expected.next()).done) throw differs(`${expectedPath} has more rows than ${rowsPath}, which has ${rows}`, expectedPath)
  } finally {
    await expected.return(undefined)
    await input.source.close()
    await scorer.close()
  }
  const report = `${rows} rows compared\n\n${table([
    ['column', 'largest relative difference', 'allowed'],
    ...compared.map(({ name, dtype, largest, largestAt, tolerance: allowed }) => dtype === 'string' ? [name, largest === 0 ? 'equal words' : `another word in row ${largestAt}`, 'none'] : [name, largest === 0 ? '0' : `${largest.toPrecision(3)} in row ${largestAt}`, bits ? 'none' : allowed === 0 ? '0' : allowed.toExponential()]),
  ], '  ')}\n\n`
  return { report, first }
}

const differs = (message: string, at: string): SluiceError => new SluiceError('SLUICE_VERIFY_DIFFERS', message, { at })

/** Names of the origin library first, then the model's outputs. */
function columnsIn(header: readonly (string | null)[], { model }: Version, path: string, given: number | undefined): Compared[] {
  const known = new Map<string, Pick<Compared, 'output' | 'element' | 'dtype'>>()
  for (const { name, output, columns } of [...fieldsOf(model), ...rawFieldsOf(model)]) {
    for (const names of [numbered(name, output), columns]) names.forEach((column, element) => known.set(column, { output: output.name, element, dtype: output.dtype }))
  }
  return header.map((name): Compared => {
    const found = known.get(name ?? '')
    if (found === undefined) {
      throw new SluiceError('SLUICE_OUTPUT_UNKNOWN', `the model has no output for the column '${name ?? ''}'; it has ${[...known.keys()].join(', ')}`, { at: path, fix: 'name the columns as the library or the model does' })
    }
    return { name: name!, ...found, tolerance: given ?? (found.dtype === 'float32' ? 1e-5 : 1e-12), largest: 0, largestAt: 0 }
  })
}

/** Empty is NaN; and as Python writes infinities. */
function numberIn(cell: string | null, { name }: Compared, row: number, path: string): number {
  if (cell === null || /^nan$/i.test(cell)) return NaN
  const infinity = /^([-+]?)inf(inity)?$/i.exec(cell)
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity
  if (/^(true|false)$/i.test(cell)) return cell.length === 4 ? 1 : 0
  const value = Number(cell)
  if (Number.isNaN(value) || cell.trim() === '') throw new SluiceError('SLUICE_FILE_FORMAT', `row ${row} of ${path}: '${cell}' in column '${name}' is no number`, { at: path, why: 'expected values are numbers', fix: 'correct the file' })
  return value
}

/** A float32 may be written with the digits that a float32 needs. */
const rounded = (wanted: number, dtype: DType): number => dtype === 'float32' ? Math.fround(wanted) : wanted
const sameBits = (wanted: number, answer: number, dtype: DType): boolean => Object.is(rounded(wanted, dtype), answer)
function differenceOf(wanted: number, answer: number, dtype: DType): number {
  const value = rounded(wanted, dtype)
  if (value === answer || (Number.isNaN(value) && Number.isNaN(answer))) return 0
  const difference = Math.abs(value - answer) / Math.max(Math.abs(value), Math.abs(answer))
  return Number.isNaN(difference) ? Infinity : difference
}
const word = (value: string | null): string => value === null ? 'nothing' : `'${value}'`
const text = (value: number): string => Object.is(value, -0) ? '-0' : String(value)
