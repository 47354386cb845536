import { exp } from '../../../exp.ts'
import type { StepOf } from '../../../program.ts'
import type { Bench, Run } from './bench.ts'

type Round = (x: number) => number
/** Of the row that begins at i and the point that begins at j. */
type Between = (a: Float64Array, i: number, b: Float64Array, j: number, width: number, round: Round) => number

const sumOf = (term: (a: number, b: number, round: Round) => number): Between => (a, i, b, j, width, round) => {
  let sum = 0
  for (let k = 0; k < width; k++) sum = round(sum + term(a[i + k]!, b[j + k]!, round))
  return sum
}
const dot = sumOf((a, b, round) => round(a * b))
const squared = sumOf((a, b, round) => {
  const difference = round(a - b)
  return round(difference * difference)
})
const manhattan = sumOf((a, b, round) => Math.abs(round(a - b)))
const chebyshev: Between = (a, i, b, j, width, round) => {
  let largest = 0
  for (let k = 0; k < width; k++) largest = Math.max(largest, Math.abs(round(a[i + k]! - b[j + k]!)))
  return largest
}

function eachPoint(of: number, points: Float64Array, bench: Bench, round: Round, f: Between): Run {
  const { into, columns } = bench, from = bench.value(of), width = bench.width(of)
  return rows => {
    for (let row = 0, to = 0; row < rows; row++) for (let point = 0; point < columns; point++, to++) into[to] = f(from, row * width, points, point * width, width, round)
  }
}

export function distance({ of, metric, points, p = 2, float32 = false }: StepOf<'distance'>, bench: Bench): Run {
  const round: Round = float32 ? Math.fround : x => x
  const between = (): Between => {
    switch (metric) {
      case 'squared': return squared
      case 'euclidean': return (...all) => round(Math.sqrt(squared(...all)))
      case 'manhattan': return manhattan
      case 'chebyshev': return chebyshev
      case 'minkowski': {
        const powers = sumOf((a, b) => round(Math.abs(round(a - b)) ** p))
        return (...all) => round(powers(...all) ** (1 / p))
      }
      case 'cosine': return (a, i, b, j, width) => {
        const product = dot(a, i, b, j, width, round), lengths = round(Math.sqrt(dot(a, i, a, i, width, round)) * Math.sqrt(dot(b, j, b, j, width, round)))
        return round(1 - round(product / lengths))
      }
    }
  }
  return eachPoint(of, points, bench, round, between())
}

export function kernel({ of, kernel: kind, vectors, gamma, coef0, degree, float32 = false }: StepOf<'kernel'>, bench: Bench): Run {
  const round: Round = float32 ? Math.fround : x => x
  const between = (): Between => {
    switch (kind) {
      case 'linear': return dot
      case 'polynomial': return (...all) => round(round(round(gamma * dot(...all)) + coef0) ** degree)
      case 'rbf': return (...all) => round(exp(round(-gamma * squared(...all))))
      case 'sigmoid': return (...all) => round(Math.tanh(round(round(gamma * dot(...all)) + coef0)))
    }
  }
  return eachPoint(of, vectors, bench, round, between())
}

export function nearest({ of, count, largest = false }: StepOf<'nearest'>, bench: Bench): Run {
  const { into } = bench, from = bench.value(of), width = bench.width(of), sign = largest ? -1 : 1
  const key = (x: number): number => x === x ? x * sign : Infinity
  const found = new Int32Array(count)
  return rows => {
    for (let row = 0; row < rows; row++) {
      const first = row * width
      let held = 0
      for (let column = 0; column < width; column++) {
        const x = key(from[first + column]!), isMissing = Number.isNaN(from[first + column]!)
        const isBehind = (other: number): boolean => {
          const y = key(from[first + other]!)
          return y > x || y === x && !isMissing && Number.isNaN(from[first + other]!)
        }
        if (held === count && !isBehind(found[count - 1]!)) continue
        let at = held < count ? held++ : count - 1
        for (; at > 0 && isBehind(found[at - 1]!); at--) found[at] = found[at - 1]!
        found[at] = column
      }
      for (let i = 0; i < count; i++) into[row * count + i] = found[i]!
    }
  }
}
