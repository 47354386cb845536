import type { StepOf } from '../../../program.ts'
import type { Bench, Run } from './bench.ts'

export function lookup({ of, keys, width, values, otherwise, missing = otherwise }: StepOf<'lookup'>, bench: Bench): Run {
  const { into } = bench, from = bench.value(of), columns = bench.width(of), count = values.length / width
  const rowOf = keys === undefined
    ? (x: number): number => x >= 0 && x < count && Number.isInteger(x) ? x : -1
    : (x: number): number => {
      const at = countBelow(keys, x, false)
      return keys[at] === x ? at : -1
    }
  return rows => {
    for (let i = 0, to = 0, end = rows * columns; i < end; i++, to += width) {
      const x = from[i]!, at = x === x ? rowOf(x) : -1
      const table = at >= 0 ? values : x === x ? otherwise : missing, first = Math.max(0, at) * width
      for (let k = 0; k < width; k++) into[to + k] = table[first + k]!
    }
  }
}

export function bucket({ of, edges, closed }: StepOf<'bucket'>, bench: Bench): Run {
  const { into, columns } = bench, from = bench.value(of)
  return rows => {
    for (let i = 0, end = rows * columns; i < end; i++) into[i] = Number.isNaN(from[i]!) ? NaN : countBelow(edges, from[i]!, closed === 'left')
  }
}

/** How many of an ascending list are below x, or equal too. */
function countBelow(list: Float64Array, x: number, orEqual: boolean): number {
  let low = 0, high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]! < x || orEqual && list[middle] === x) low = middle + 1
    else high = middle
  }
  return low
}
