import type { StepOf } from '../../../program.ts'
import { operandOf } from './bench.ts'
import type { Bench, Run } from './bench.ts'

export function select({ of, columns: which, fill = 0 }: StepOf<'select'>, bench: Bench): Run {
  const { into, columns } = bench, from = bench.value(of), width = bench.width(of)
  return rows => {
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        const at = which[column]!
        into[i] = at < 0 ? fill : from[row * width + at]!
      }
    }
  }
}

export function concat({ of }: StepOf<'concat'>, bench: Bench): Run {
  const { into, columns } = bench
  const parts = of.map(operand => ({ ...operandOf(bench, operand), width: typeof operand === 'number' ? bench.width(operand) : operand.length }))
  return rows => {
    let first = 0
    for (const { data, perRow, width } of parts) {
      for (let row = 0; row < rows; row++) for (let column = 0; column < width; column++) into[row * columns + first + column] = data[row * perRow + column]!
      first += width
    }
  }
}

export function take({ of, at }: StepOf<'take'>, bench: Bench): Run {
  const { into, columns } = bench, from = bench.value(of), width = bench.width(of), which = bench.value(at)
  return rows => {
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        const index = which[i]!
        into[i] = index >= 0 && index < width && Number.isInteger(index) ? from[row * width + index]! : NaN
      }
    }
  }
}
