import { exp } from '../../../exp.ts'
import type { Binary, StepOf, Unary } from '../../../program.ts'
import { erf, normal, probit } from '../../../special.ts'
import { operandOf } from './bench.ts'
import type { Bench, Run } from './bench.ts'

const UNARY: Readonly<{ [fn in Unary]: (x: number) => number }> = {
  same: x => x, negate: x => -x, absolute: Math.abs, sign: Math.sign, not: x => x === 0 ? 1 : 0, isMissing: x => x === x ? 0 : 1,
  floor: Math.floor, ceiling: Math.ceil, truncate: Math.trunc,
  round: x => {
    const below = Math.floor(x), rest = x - below
    return rest < 0.5 || rest === 0.5 && below % 2 === 0 ? below : rest === rest ? below + 1 : x
  },
  reciprocal: x => 1 / x, square: x => x * x, sqrt: Math.sqrt, exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, log10: Math.log10,
  sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan, sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
  sigmoid: x => 1 / (1 + exp(-x)),
  relu: x => x < 0 ? 0 : x, softplus: x => x > 0 ? x + Math.log1p(exp(-x)) : Math.log1p(exp(x)), erf, normal, probit,
}

const truth = (is: boolean): number => is ? 1 : 0
const BINARY: Readonly<{ [fn in Binary]: (a: number, b: number) => number }> = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  // as C: 1 to any power, and -1 to an infinite one, is 1
  power: (a, b) => a === 1 || a === -1 && Math.abs(b) === Infinity ? 1 : a ** b,
  modulo: (a, b) => {
    const rest = a % b
    return rest !== 0 && (rest < 0) !== (b < 0) ? rest + b : rest
  },
  remainder: (a, b) => a % b, minimum: (a, b) => Math.min(a, b), maximum: (a, b) => Math.max(a, b),
  less: (a, b) => truth(a < b), lessEqual: (a, b) => truth(a <= b), greater: (a, b) => truth(a > b), greaterEqual: (a, b) => truth(a >= b),
  equal: (a, b) => truth(a === b), notEqual: (a, b) => truth(a !== b),
  and: (a, b) => truth(a !== 0 && b !== 0), or: (a, b) => truth(a !== 0 || b !== 0), xor: (a, b) => truth((a === 0) !== (b === 0)), atan2: Math.atan2,
}

export function unary({ fn, of, float32 = false }: StepOf<'unary'>, bench: Bench): Run {
  const { into, columns } = bench, from = bench.value(of), f = UNARY[fn]
  return rows => {
    for (let i = 0, end = rows * columns; i < end; i++) into[i] = float32 ? Math.fround(f(from[i]!)) : f(from[i]!)
  }
}

export function binary({ fn, a, b, float32 = false }: StepOf<'binary'>, bench: Bench): Run {
  const { into, columns } = bench, left = operandOf(bench, a), right = operandOf(bench, b), f = BINARY[fn]
  return rows => {
    for (let row = 0, i = 0; row < rows; row++) {
      let l = row * left.perRow, r = row * right.perRow
      for (let column = 0; column < columns; column++, i++, l += left.perColumn, r += right.perColumn) {
        const result = f(left.data[l]!, right.data[r]!)
        into[i] = float32 ? Math.fround(result) : result
      }
    }
  }
}

export function where({ of, yes, no }: StepOf<'where'>, bench: Bench): Run {
  const { into, columns } = bench, when = operandOf(bench, of), one = operandOf(bench, yes), other = operandOf(bench, no)
  return rows => {
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        const asked = when.data[row * when.perRow + column * when.perColumn]!, { data, perRow, perColumn } = asked !== 0 && asked === asked ? one : other
        into[i] = data[row * perRow + column * perColumn]!
      }
    }
  }
}
