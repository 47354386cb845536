import { SluiceError } from '../core/errors.ts'
import type { Operand, Step } from './program.ts'

export interface ProgramBuilder {
  /** Checks the step and gives the number of its value. `at`: what of the file it was made of, for errors. @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
  add(step: Step, at: string): number
  /** Numbers a row of a value. */
  width(value: number): number
  readonly steps: readonly Step[]
  /** Of the arrays of all steps. */
  bytes(): number
}

// a value of 8 MiB a row, and of all values 64 MiB: a file of a few bytes may ask for any number
const WIDTH_MAX = 2 ** 20, WIDTHS_MAX = 2 ** 23, STEPS_MAX = 2 ** 17

/** Collects the steps of a program whose input has `width` columns. `file` names it in errors. */
export function programBuilder(file: string, width: number): ProgramBuilder {
  const steps: Step[] = [], widths = [width]
  let total = width
  return {
    steps,
    width: value => widths[value]!,
    add(step, at) {
      const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at })
      const made = widthOf(step, widths, broken)
      total += made
      if (made > WIDTH_MAX || total > WIDTHS_MAX || steps.length >= STEPS_MAX) {
        throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: it computes ${made > WIDTH_MAX ? `${made} numbers in one step` : `${total} numbers in ${steps.length + 1} steps`} for each row`, {
          at, why: `more than ${WIDTH_MAX} in one step, ${WIDTHS_MAX} in all, and ${STEPS_MAX} steps are taken for a damaged file`, fix: 'use a smaller model',
        })
      }
      widths.push(made)
      return steps.push(step)
    },
    bytes() {
      let bytes = 0
      const seen = new Set<ArrayBufferLike>()
      const count = (part: unknown): void => {
        if (ArrayBuffer.isView(part)) {
          if (!seen.has(part.buffer)) bytes += part.byteLength
          seen.add(part.buffer)
        } else if (typeof part === 'object' && part !== null) for (const inner of Object.values(part)) count(inner)
      }
      count(steps)
      return bytes + steps.length * 64
    },
  }
}

function widthOf(step: Step, widths: readonly number[], broken: (what: string) => SluiceError): number {
  const of = (value: number): number => {
    const width = widths[value]
    if (width === undefined) throw broken(`step ${widths.length} reads the value ${value}, which is not there yet`)
    return width
  }
  const widthOfOperand = (operand: Operand): number => {
    const width = typeof operand === 'number' ? of(operand) : operand.length
    if (width === 0) throw broken(`${step.op} of nothing`)
    return width
  }
  const together = (operands: readonly Operand[]): number => {
    const all = operands.map(widthOfOperand), widest = Math.max(...all)
    if (!all.every(width => width === widest || width === 1)) throw broken(`${step.op} of ${all.join(', ')} columns`)
    return widest
  }
  const runs = (value: number, size: number): number => {
    const width = of(value)
    if (!(Number.isInteger(size) && size > 0) || width % size !== 0) throw broken(`${step.op} of ${width} columns, ${size} at a time`)
    return width / size
  }
  const rowsOf = (value: number, matrix: Float64Array): number => {
    const width = of(value)
    if (matrix.length === 0 || matrix.length % width !== 0) throw broken(`${matrix.length} numbers are no rows of ${width} columns`)
    return matrix.length / width
  }
  switch (step.op) {
    case 'select': {
      const width = of(step.of), wrong = step.columns.find(column => column < -1 || column >= width)
      if (wrong !== undefined) throw broken(`column ${wrong} of ${width}`)
      return step.columns.length
    }
    case 'concat': return step.of.reduce<number>((sum, operand) => sum + widthOfOperand(operand), 0)
    case 'unary': return of(step.of)
    case 'binary': return together([step.a, step.b])
    case 'where': return together([step.of, step.yes, step.no])
    case 'lookup': {
      const { keys, width, values, otherwise, missing } = step
      if (!(Number.isInteger(width) && width > 0) || values.length % width !== 0 || otherwise.length !== width || (missing ?? otherwise).length !== width) throw broken(`a table of ${values.length} numbers, ${width} a row`)
      if (keys !== undefined && keys.length !== values.length / width) throw broken(`${keys.length} keys for ${values.length / width} rows`)
      if (keys?.some((key, i) => !(i === 0 || key > keys[i - 1]!) || key !== key) === true) throw broken('keys do not ascend')
      return of(step.of) * width
    }
    case 'bucket': {
      if (step.edges.some((edge, i) => !(i === 0 || edge >= step.edges[i - 1]!) || edge !== edge)) throw broken('edges do not ascend')
      return of(step.of)
    }
    case 'reduce': return runs(step.of, step.size)
    case 'softmax': return runs(step.of, step.size) * step.size
    case 'linear': {
      const { width, groups, start, weights } = step.linear
      if (start.length !== groups || weights.length !== width * groups) throw broken(`${weights.length} weights for ${width} inputs and ${groups} outputs`)
      return runs(step.of, width) * groups
    }
    case 'trees': {
      if (of(step.of) !== step.trees.width) throw broken(`trees of ${step.trees.width} columns over ${of(step.of)}`)
      return step.trees.groups
    }
    case 'distance': return rowsOf(step.of, step.points)
    case 'kernel': return rowsOf(step.of, step.vectors)
    case 'nearest': {
      const width = of(step.of)
      if (!(Number.isInteger(step.count) && step.count > 0 && step.count <= width)) throw broken(`the nearest ${step.count} of ${width}`)
      return step.count
    }
    case 'take': {
      of(step.of)
      return of(step.at)
    }
  }
}
