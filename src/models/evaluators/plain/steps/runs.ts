import { exp } from '../../../exp.ts'
import type { Reduction, StepOf } from '../../../program.ts'
import type { Bench, Run } from './bench.ts'

type Round = (x: number) => number
type Reduce = (from: Float64Array, first: number, size: number, round: Round) => number

/** From the first to the last, what is added is rounded too. */
const sumOf = (term: (x: number) => number): Reduce => (from, first, size, round) => {
  let sum = 0
  for (let i = first; i < first + size; i++) sum = round(sum + round(term(from[i]!)))
  return sum
}
const sum = sumOf(x => x)
const extreme = (isBetter: (x: number, than: number) => boolean): Reduce => (from, first, size) => {
  let best = from[first]!
  for (let i = first + 1; i < first + size && best === best; i++) if (isBetter(from[i]!, best) || Number.isNaN(from[i]!)) best = from[i]!
  return best
}
const place = (isBetter: (x: number, than: number) => boolean): Reduce => (from, first, size) => {
  let best = -1
  for (let i = 0; i < size; i++) if (!Number.isNaN(from[first + i]!) && (best < 0 || isBetter(from[first + i]!, from[first + best]!))) best = i
  return Math.max(0, best)
}
const isLess = (x: number, than: number): boolean => x < than, isMore = (x: number, than: number): boolean => x > than
const maximum = extreme(isMore)

const REDUCTIONS: Readonly<{ [fn in Reduction]: Reduce }> = {
  sum, sumAbsolute: sumOf(Math.abs), sumSquares: sumOf(x => x * x),
  mean: (from, first, size, round) => round(sum(from, first, size, round) / size),
  product: (from, first, size, round) => {
    let product = 1
    for (let i = first; i < first + size; i++) product = round(product * from[i]!)
    return product
  },
  minimum: extreme(isLess), maximum, argmin: place(isLess), argmax: place(isMore),
  logSumExp: (from, first, size, round) => {
    const largest = maximum(from, first, size, round), shift = Number.isFinite(largest) ? largest : 0
    let total = 0
    for (let i = first; i < first + size; i++) total = round(total + round(exp(round(from[i]! - shift))))
    return round(round(Math.log(total)) + shift)
  },
  median: (from, first, size, round) => {
    const sorted = from.slice(first, first + size).sort(), middle = size >>> 1
    return sorted.some(Number.isNaN) ? NaN : size % 2 === 1 ? sorted[middle]! : round((sorted[middle - 1]! + sorted[middle]!) / 2)
  },
  count: (from, first, size) => {
    let count = 0
    for (let i = first; i < first + size; i++) if (!Number.isNaN(from[i]!)) count++
    return count
  },
}

export function reduce({ fn, of, size, float32 = false }: StepOf<'reduce'>, bench: Bench): Run {
  const { into, columns } = bench, from = bench.value(of), f = REDUCTIONS[fn], round: Round = float32 ? Math.fround : x => x
  return rows => {
    for (let i = 0, end = rows * columns; i < end; i++) into[i] = f(from, i * size, size, round)
  }
}

export function softmax({ of, size, float32 = false }: StepOf<'softmax'>, bench: Bench): Run {
  const { into, columns } = bench, from = bench.value(of), round: Round = float32 ? Math.fround : x => x
  return rows => {
    for (let first = 0, end = rows * columns; first < end; first += size) {
      const largest = maximum(from, first, size, round)
      let total = 0
      for (let i = first; i < first + size; i++) total = round(total + (into[i] = round(exp(round(from[i]! - largest)))))
      for (let i = first; i < first + size; i++) into[i] = round(into[i]! / total)
    }
  }
}
