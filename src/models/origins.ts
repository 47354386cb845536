import type { Step } from './program.ts'

/** Of each value, and each of its numbers, the column of the input that it is, as it came; -1: it was computed. Empty: nothing is known of it. */
export function origins(width: number, steps: readonly Step[]): readonly Int32Array[] {
  const none = new Int32Array(0), found: Int32Array[] = [Int32Array.from({ length: width }, (_, column) => column)]
  const made = (step: Step): Int32Array => {
    switch (step.op) {
      case 'select': {
        const from = found[step.of]!
        return from.length > 0 ? step.columns.map(column => column < 0 ? -1 : from[column]!) : none
      }
      // where a part is unknown the places of all behind it are: it has to be as long as it is
      case 'concat': return step.of.every(part => typeof part !== 'number' || found[part]!.length > 0)
        ? Int32Array.from(step.of.flatMap(part => typeof part === 'number' ? [...found[part]!] : Array.from(part, () => -1))) : none
      case 'unary': return step.fn === 'same' ? found[step.of]! : none
      default: return none
    }
  }
  for (const step of steps) found.push(made(step))
  return found
}
