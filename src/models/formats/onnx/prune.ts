import { programBuilder } from '../../builder.ts'
import type { ProgramBuilder } from '../../builder.ts'
import type { Operand, Step } from '../../program.ts'

/** Values that a step reads. */
function readBy(step: Step): readonly number[] {
  const values = (operands: readonly Operand[]): number[] => operands.filter(operand => typeof operand === 'number')
  switch (step.op) {
    case 'concat': return values(step.of)
    case 'binary': return values([step.a, step.b])
    case 'where': return values([step.of, step.yes, step.no])
    case 'take': return [step.of, step.at]
    default: return [step.of]
  }
}

function renumbered(step: Step, number: (value: number) => number): Step {
  const operand = (of: Operand): Operand => typeof of === 'number' ? number(of) : of
  switch (step.op) {
    case 'concat': return { ...step, of: step.of.map(operand) }
    case 'binary': return { ...step, a: operand(step.a), b: operand(step.b) }
    case 'where': return { ...step, of: number(step.of), yes: operand(step.yes), no: operand(step.no) }
    case 'take': return { ...step, of: number(step.of), at: number(step.at) }
    default: return { ...step, of: number(step.of) }
  }
}

/** The steps that some values are made of, without those that nothing reads. */
export function pruned(file: string, width: number, steps: readonly Step[], wanted: readonly number[]): { readonly builder: ProgramBuilder; value(old: number): number } {
  const isNeeded = new Uint8Array(steps.length + 1)
  for (const value of wanted) isNeeded[value] = 1
  for (let i = steps.length - 1; i >= 0; i--) if (isNeeded[i + 1] === 1) for (const value of readBy(steps[i]!)) isNeeded[value] = 1
  const builder = programBuilder(file, width), numbers = new Int32Array(steps.length + 1), value = (old: number): number => numbers[old]!
  for (const [i, step] of steps.entries()) if (isNeeded[i + 1] === 1) numbers[i + 1] = builder.add(renumbered(step, value), `step ${i + 1}`)
  return { builder, value }
}
