import type { Bench, Column } from './bench.ts'
import { constant } from './bench.ts'
import { javaDouble } from './raw.ts'
import type { StageOf } from './stages.ts'

export function stringIndexer({ input, output, labels, invalid, at }: StageOf<'string_indexer'>, bench: Bench): void {
  const column = bench.column(input, at)
  if (column.width !== 1) throw bench.broken(at, `it takes the column '${input.slice(0, 100)}' of ${column.width} numbers for a word`)
  const index = new Map(labels.map((label, i) => [label, i]))
  if (labels.length === 0 || index.size !== labels.length) throw bench.broken(at, 'it has no labels, or one of them twice')
  const otherwise = constant(invalid === 'keep' ? labels.length : NaN), of = bench.valueOf(column, at)
  const made = (): number => {
    if (column.words !== undefined) {
      const values = Float64Array.from(column.words, word => index.get(word) ?? otherwise[0]!)
      return bench.add({ op: 'lookup', of, width: 1, values, otherwise }, at)
    }
    const numbers = new Map<number, number>()
    for (const [i, label] of labels.entries()) {
      const number = javaDouble(label) ?? (label === 'Infinity' || label === '-Infinity' ? Number(label) : undefined)
      if (number !== undefined && !numbers.has(number)) numbers.set(number, i)
    }
    const keys = Float64Array.from(numbers.keys()).sort(), nan = index.get('NaN')
    const missing = nan === undefined ? otherwise : constant(nan)
    return keys.length === 0
      ? bench.where(bench.unary('isMissing', of, at), missing, otherwise, at)
      : bench.add({ op: 'lookup', of, keys, width: 1, values: keys.map(key => numbers.get(key)!), otherwise, missing }, at)
  }
  const value = made()
  if (invalid !== 'keep') bench.refuse(bench.unary('isMissing', value, at), `${input} is none of the words that ${output} was trained with`, at)
  const known = invalid === 'keep' ? [...labels, '__unknown'] : labels
  bench.put(output, { value, width: 1, isVector: false, labels: known, levels: [known.length] }, at)
}

export function indexToString({ input, output, labels, at }: StageOf<'index_to_string'>, bench: Bench): void {
  const { value, column } = bench.numbers(input, at, 1)
  const words = labels ?? column.labels
  if (words === undefined || words.length === 0) throw bench.unsupported(at, `the words of the column '${input.slice(0, 100)}' are not known`, 'the stage has no labels, and no string_indexer made its input', 'set the labels of IndexToString before saving')
  const isSure = isWithin(column, words.length), index = isSure ? value : bench.unary('truncate', value, at)
  if (!isSure) bench.refuse(bench.unary('not', within(index, words.length, at, bench), at), `${input} is no index of a word of ${output}`, at)
  bench.put(output, { value: index, width: 1, isVector: false, words }, at)
}

export function oneHot({ input, output, size, dropLast, invalid, at }: StageOf<'one_hot'>, bench: Bench): void {
  const keep = invalid === 'keep', all = size + (keep ? 1 : 0), width = dropLast ? all - 1 : all
  if (!(Number.isInteger(size) && size > 0 && width > 0)) throw bench.broken(at, `${size} categories make ${width} numbers`)
  // a row of the table for each category: bounded before it is made
  if (size > SIZE_MAX) throw bench.unsupported(at, `${size} categories as numbers of a vector`, `more than ${SIZE_MAX} are not taken`, 'index the column, and train trees on the index')
  const { value, column } = bench.numbers(input, at, 1)
  const indexOf = (): number => {
    if (isWithin(column, size)) return value
    const isKnown = within(value, size, at, bench)
    if (!keep) bench.refuse(bench.unary('not', isKnown, at), `${input} is none of the ${size} categories of ${output}`, at)
    return bench.where(isKnown, bench.unary('truncate', value, at), constant(size), at)
  }
  const hot = bench.binary('equal', indexOf(), Float64Array.from({ length: width }, (_, i) => i), at)
  bench.put(output, { value: hot, width, isVector: true }, at)
}

const SIZE_MAX = 2 ** 18

/** Known before any row is seen: the column holds indices below the count. */
const isWithin = ({ levels }: Column, count: number): boolean => levels !== undefined && levels[0]! > 0 && levels[0]! <= count
const within = (value: number, count: number, at: string, bench: Bench): number =>
  bench.binary('and', bench.binary('greaterEqual', value, constant(0), at), bench.binary('less', value, constant(count), at), at)
