import type { Bench, Column } from './bench.ts'
import { constant } from './bench.ts'
import type { StageOf } from './stages.ts'

/** A vector of as many numbers as another, under the same names. */
const like = (value: number, { width, isVector, names }: Column): Column => ({ value, width, isVector, ...(names === undefined ? {} : { names }) })

/** Columns of the same value are taken at once, so that columns of the input in their own order cost nothing. */
export function vectorAssembler({ inputs, output, invalid, at }: StageOf<'vector_assembler'>, bench: Bench): void {
  const columns = inputs.map(name => ({ name, ...bench.numbersOf(name, at) }))
  const width = columns.reduce((sum, column) => sum + column.width, 0)
  bench.claim(width, at)
  const isNamed = bench.mayName(columns.reduce((sum, { name, width, names }) => sum + width * (name.length + (names?.[0]?.length ?? 0) + 8), 0))
  const names = isNamed ? columns.flatMap(({ name, width, isVector, names }) => isVector ? Array.from({ length: width }, (_, i) => `${name}_${names?.[i] ?? i}`) : [name]) : undefined
  const levels = columns.flatMap(({ levels, width }) => levels ?? Array.from({ length: width }, () => 0))
  const column: Column = { ...together(columns, at, bench), width, isVector: true, ...(names === undefined ? {} : { names }), ...(levels.some(count => count > 0) ? { levels } : {}) }
  const scalars = columns.filter(({ isVector }) => !isVector)
  if (invalid !== 'keep' && scalars.length > 0) bench.refuse(bench.unary('isMissing', bench.valueOf({ ...together(scalars, at, bench), width: scalars.length, isVector: true }, at), at), `a value is missing, and ${output} needs it`, at)
  bench.put(output, column, at)
}

function together(columns: readonly Column[], at: string, bench: Bench): Pick<Column, 'value' | 'at'> {
  const groups: { value: number; at: number[] }[] = []
  for (const column of columns) {
    const from = column.at ?? Array.from({ length: column.width }, (_, i) => i)
    const last = groups.at(-1)
    if (last?.value === column.value) for (const index of from) last.at.push(index)
    else groups.push({ value: column.value, at: [...from] })
  }
  if (groups.length === 0) throw bench.broken(at, 'it puts no columns together')
  if (groups.length === 1) return groups[0]!
  return { value: bench.add({ op: 'concat', of: groups.map(group => bench.valueOf({ ...group, width: group.at.length, isVector: true }, at)) }, at) }
}

const inverse = (scale: Float64Array, ofZero: number): Float64Array => scale.map(x => x === 0 ? ofZero : 1 / x)

/** (x - shift) * scale, either may be absent. */
function scaled(input: string, output: string, shift: Float64Array | undefined, scale: Float64Array | undefined, at: string, bench: Bench): void {
  const { value, column } = bench.numbers(input, at, (shift ?? scale)?.length)
  const moved = shift === undefined ? value : bench.binary('subtract', value, shift, at)
  bench.put(output, like(scale === undefined ? moved : bench.binary('multiply', moved, scale, at), column), at)
}
export const standardScaler = ({ input, output, mean, std, at }: StageOf<'standard_scaler'>, bench: Bench): void => scaled(input, output, mean, std === undefined ? undefined : inverse(std, 0), at, bench)
export const robustScaler = ({ input, output, median, range, at }: StageOf<'robust_scaler'>, bench: Bench): void => scaled(input, output, median, range === undefined ? undefined : inverse(range, 0), at, bench)
export const maxAbsScaler = ({ input, output, maxAbs, at }: StageOf<'max_abs_scaler'>, bench: Bench): void => scaled(input, output, undefined, inverse(maxAbs, 1), at, bench)
export const elementwiseProduct = ({ input, output, weights, at }: StageOf<'elementwise_product'>, bench: Bench): void => scaled(input, output, undefined, weights, at, bench)

export function minMaxScaler({ input, output, low, high, min, max, at }: StageOf<'min_max_scaler'>, bench: Bench): void {
  if (low.length !== high.length) throw bench.broken(at, `${low.length} smallest values and ${high.length} largest`)
  const { value, column } = bench.numbers(input, at, low.length)
  const scale = low.map((x, i) => high[i]! - x === 0 ? 0 : (max - min) / (high[i]! - x))
  let made = bench.binary('add', bench.binary('multiply', bench.binary('subtract', value, low, at), scale, at), constant(min), at)
  if (scale.includes(0)) {
    const same = bench.where(bench.unary('isMissing', value, at), value, constant((min + max) / 2), at)
    made = bench.add({ op: 'select', of: bench.add({ op: 'concat', of: [made, same] }, at), columns: Int32Array.from(scale, (x, i) => x === 0 ? i + scale.length : i) }, at)
  }
  bench.put(output, like(made, column), at)
}

export function normalizer({ input, output, p, at }: StageOf<'normalizer'>, bench: Bench): void {
  if (!(p >= 1)) throw bench.broken(at, `p is ${p}`)
  const { value, column } = bench.numbers(input, at)
  const norm = (): number => {
    if (p === 1) return bench.reduce('sumAbsolute', value, at)
    if (p === 2) return bench.unary('sqrt', bench.reduce('sumSquares', value, at), at)
    const absolute = bench.unary('absolute', value, at)
    if (p === Infinity) return bench.reduce('maximum', absolute, at)
    return bench.binary('power', bench.reduce('sum', bench.binary('power', absolute, constant(p), at), at), constant(1 / p), at)
  }
  const made = norm()
  bench.put(output, like(bench.binary('divide', value, bench.where(bench.binary('equal', made, constant(0), at), constant(1), made, at), at), column), at)
}

export function binarizer({ input, output, threshold, at }: StageOf<'binarizer'>, bench: Bench): void {
  const { value, column } = bench.numbers(input, at)
  bench.put(output, like(bench.binary('greater', value, constant(threshold), at), column), at)
}

export function imputer({ input, output, surrogate, missing, at }: StageOf<'imputer'>, bench: Bench): void {
  const { value, column } = bench.numbers(input, at)
  const isMissing = bench.unary('isMissing', value, at)
  const isAsked = Number.isNaN(missing) ? isMissing : bench.binary('or', isMissing, bench.binary('equal', value, constant(missing), at), at)
  bench.put(output, like(bench.where(isAsked, constant(surrogate), value, at), column), at)
}

export function bucketizer({ input, output, splits, invalid, at }: StageOf<'bucketizer'>, bench: Bench): void {
  if (splits.length < 3 || splits.some((split, i) => !(i === 0 || split > splits[i - 1]!) || split !== split)) throw bench.broken(at, 'its splits do not ascend')
  const { value, column } = bench.numbers(input, at, 1)
  const last = splits.length - 1, zero = splits.findIndex(split => Object.is(split, 0))
  const asked = bench.binary('or', bench.binary('less', value, constant(splits[0]!), at), bench.binary('greater', value, constant(splits[last]!), at), at)
  bench.refuse(asked, `${input} lies outside of the buckets of ${output}`, at)
  const isMissing = bench.unary('isMissing', value, at)
  if (invalid !== 'keep') bench.refuse(isMissing, `${input} is missing, and ${output} has no bucket for it`, at)
  // the last bucket is closed: an edge at its end is left out
  let made = bench.add({ op: 'bucket', of: value, edges: splits.subarray(1, last), closed: 'left' }, at)
  if (zero > 0 && zero < last) {
    const isBelow = bench.binary('and', bench.binary('equal', value, constant(0), at), bench.binary('less', bench.unary('reciprocal', value, at), constant(0), at), at)
    made = bench.binary('subtract', made, isBelow, at)
  } else if (zero === 0) {
    bench.refuse(bench.binary('and', bench.binary('equal', value, constant(0), at), bench.binary('less', bench.unary('reciprocal', value, at), constant(0), at), at), `${input} lies outside of the buckets of ${output}`, at)
  }
  bench.put(output, { ...like(invalid === 'keep' ? bench.where(isMissing, constant(last), made, at) : made, column), levels: [invalid === 'keep' ? last + 1 : last] }, at)
}

export function computed({ inputs, output, width, make, at }: StageOf<'computed'>, bench: Bench): void {
  const columns = inputs.map(name => bench.numbers(name, at, width)), value = make(bench, columns.map(({ value }) => value))
  bench.put(output, { value, width: bench.builder.width(value), isVector: columns.some(({ column }) => column.isVector) }, at)
}
