import type { Bench, Column } from './bench.ts'
import { constant } from './bench.ts'
import type { StageOf } from './stages.ts'

export function pca({ input, output, width, k, components, at }: StageOf<'pca'>, bench: Bench): void {
  if (components.length !== width * k || k === 0) throw bench.broken(at, `${components.length} numbers for ${k} components of ${width} features`)
  const { value } = bench.numbers(input, at, width)
  const made = bench.add({ op: 'linear', of: value, linear: { width, groups: k, sums: 'float64', start: new Float64Array(k), weights: components, skipsNaN: false } }, at)
  bench.put(output, { value: made, width: k, isVector: true }, at)
}

export function vectorSlicer({ input, output, indices, names, at }: StageOf<'vector_slicer'>, bench: Bench): void {
  const column = bench.numbersOf(input, at)
  bench.claim(indices.length + names.length, at)
  const chosen = [...indices, ...names.map(name => {
    const index = column.names?.indexOf(name) ?? -1
    if (index < 0) throw bench.unsupported(at, `no number of '${input.slice(0, 100)}' is known as '${name.slice(0, 100)}'`, 'names are known of what a VectorAssembler put together', 'set the indices of VectorSlicer in place of the names')
    return index
  })]
  const wrong = chosen.find(index => !(Number.isInteger(index) && index >= 0 && index < column.width))
  if (wrong !== undefined || chosen.length === 0) throw bench.broken(at, `it takes number ${wrong} of ${column.width}`)
  const pick = <T>(of: readonly T[] | undefined): T[] | undefined => of === undefined ? undefined : chosen.map(index => of[index]!)
  const levels = pick(column.levels), known = pick(column.names)
  const sliced: Column = { value: column.value, at: chosen.map(index => column.at?.[index] ?? index), width: chosen.length, isVector: true }
  bench.put(output, { ...sliced, ...(levels === undefined ? {} : { levels }), ...(known === undefined ? {} : { names: known }) }, at)
}

export function vectorIndexer({ input, output, width, maps, invalid, at }: StageOf<'vector_indexer'>, bench: Bench): void {
  const { value, column } = bench.numbers(input, at, width)
  bench.claim(width, at)
  const features = [...maps.keys()].sort((a, b) => a - b)
  const wrong = features.find(feature => !(Number.isInteger(feature) && feature >= 0 && feature < width))
  if (wrong !== undefined) throw bench.broken(at, `feature ${wrong} of ${width}`)
  const levels = Array.from({ length: width }, () => 0), parts = [value]
  for (const feature of features) {
    const known = maps.get(feature)!
    const order = Array.from(known.keys()).sort((a, b) => known[a]! - known[b]!), keys = Float64Array.from(order, i => known[i]!)
    levels[feature] = known.length
    const otherwise = constant(invalid === 'keep' ? known.length : NaN)
    const made = bench.add({ op: 'lookup', of: bench.select(value, [feature], at), keys, width: 1, values: Float64Array.from(order), otherwise }, at)
    if (invalid !== 'keep') bench.refuse(bench.unary('isMissing', made, at), `feature ${feature} of ${input} is no value that ${output} was trained with`, at)
    else levels[feature]!++
    parts.push(made)
  }
  const places = new Map(features.map((feature, i) => [feature, width + i]))
  const made = parts.length === 1 ? value : bench.select(bench.add({ op: 'concat', of: parts }, at), Array.from({ length: width }, (_, i) => places.get(i) ?? i), at)
  bench.put(output, { value: made, width, isVector: true, levels, ...(column.names === undefined ? {} : { names: column.names }) }, at)
}

// of a vector of n numbers (n + degree over degree) come out
const EXPANDED_MAX = 2 ** 18

export function polynomialExpansion({ input, output, degree, at }: StageOf<'polynomial_expansion'>, bench: Bench): void {
  const { value, width } = bench.numbers(input, at)
  if (!(Number.isInteger(degree) && degree >= 1)) throw bench.broken(at, `degree ${degree}`)
  const size = Array.from({ length: Math.min(degree, width) }, (_, i) => i + 1).reduce((product, i) => product * (Math.max(degree, width) + i) / i, 1)
  if (!(size <= EXPANDED_MAX) || degree > 64) throw bench.unsupported(at, `degree ${degree} of ${width} features`, `more than ${EXPANDED_MAX} products are not taken`, 'lower the degree')
  if (degree === 1) return bench.put(output, { value, width, isVector: true }, at)
  // a product is another one, shorter by its last factor, times that feature: those of one factor first, then of two, ...
  const products = productsOf(width, degree), places = new Map<string, number>(), parts: number[] = []
  let before = bench.add({ op: 'select', of: value, columns: Int32Array.of(-1), fill: 1 }, at), known = new Map([['', 0]])
  for (let factors = 1; factors <= degree; factors++) {
    const made = products.filter(({ length }) => length === factors)
    const left = bench.select(before, made.map(product => known.get(product.slice(0, -1).join())!), at), right = bench.select(value, made.map(product => product.at(-1)!), at)
    // a product that is 0 stays so, whatever follows
    before = bench.where(bench.binary('equal', left, constant(0), at), constant(0), bench.binary('multiply', left, right, at), at)
    known = new Map(made.map((product, i) => [product.join(), i]))
    for (const key of known.keys()) places.set(key, places.size)
    parts.push(before)
  }
  bench.put(output, { value: bench.select(bench.add({ op: 'concat', of: parts }, at), products.map(product => places.get(product.join())!), at), width: products.length, isVector: true }, at)
}

/** All products of 1 to `degree` features, as lists of them, the last feature first: those without the feature v, then v times those of lower ones, then v², ... */
function productsOf(width: number, degree: number): readonly (readonly number[])[] {
  const upTo: number[][][] = Array.from({ length: degree + 1 }, () => [[]])
  for (let v = 0; v < width; v++) {
    // from the longest: what is taken over has no v in it yet
    for (let most = degree; most >= 1; most--) {
      for (let power = 1; power <= most; power++) {
        const own = Array.from({ length: power }, () => v)
        for (const lower of upTo[most - power]!) upTo[most]!.push([...own, ...lower])
      }
    }
  }
  return upTo[degree]!.slice(1)
}

export function interaction({ inputs, output, levels, at }: StageOf<'interaction'>, bench: Bench): void {
  if (inputs.length < 2 || levels !== undefined && levels.length !== inputs.length) throw bench.broken(at, `${inputs.length} inputs`)
  let made: number | undefined, width = 1
  for (const [i, name] of inputs.entries()) {
    const { value, column } = bench.numbers(name, at), counts = levels?.[i] ?? column.levels ?? Array.from({ length: column.width }, () => 0)
    if (counts.length !== column.width) throw bench.broken(at, `${counts.length} numbers of levels for ${column.width} numbers`)
    if (levels === undefined && column.isVector && counts.some(count => count > 1)) {
      throw bench.unsupported(at, `the vector '${name.slice(0, 100)}' holds categories and is crossed with others`, 'Spark passes over category 0 where a vector happens to be stored sparse', 'cross the columns before a VectorAssembler puts them together')
    }
    const part = encoded(value, counts, name, at, bench), size = bench.builder.width(part)
    if (width * size > EXPANDED_MAX) throw bench.unsupported(at, `${width * size} products`, `more than ${EXPANDED_MAX} are not taken`, 'interact fewer columns')
    if (made === undefined) made = part
    else {
      const all = Array.from({ length: width * size }, (_, k) => k)
      made = bench.binary('multiply', bench.select(made, all.map(k => Math.floor(k / size)), at), bench.select(part, all.map(k => k % size), at), at)
    }
    width *= size
  }
  bench.put(output, { value: made!, width, isVector: true }, at)
}

/** Numbers as they are, categories (of which there are two at least) as 0 and 1. What is no category rejects the row. */
function encoded(value: number, counts: readonly number[], name: string, at: string, bench: Bench): number {
  if (counts.every(count => count <= 1)) return value
  const total = counts.reduce((sum, count) => sum + Math.max(1, count), 0)
  if (!(total <= EXPANDED_MAX)) throw bench.unsupported(at, `${total} categories`, `more than ${EXPANDED_MAX} are not taken`, 'interact fewer columns')
  const from = counts.flatMap((count, i) => Array.from({ length: Math.max(1, count) }, () => i))
  const codes = Float64Array.from(counts.flatMap(count => Array.from({ length: Math.max(1, count) }, (_, k) => k)))
  const repeated = bench.select(value, from, at), isOne = bench.binary('equal', repeated, codes, at)
  const categories = Float64Array.from(counts, count => count)
  const isOutside = bench.unary('not', bench.binary('and', bench.binary('greaterEqual', value, constant(0), at), bench.binary('less', value, categories, at), at), at)
  bench.refuse(bench.binary('and', isOutside, categories.map(count => count > 1 ? 1 : 0), at), `${name.slice(0, 100)} is none of its categories`, at)
  return bench.select(bench.add({ op: 'concat', of: [isOne, repeated] }, at), from.map((i, k) => counts[i]! > 1 ? k : k + total), at)
}
