import { made } from '../call.ts'
import type { Call } from '../call.ts'
import { sizeOf } from '../values.ts'
import type { Rows, Value } from '../values.ts'

/** Runs of `width` numbers times a matrix [width, groups], plus `start`. */
export function linear(call: Call, of: Rows, dims: readonly number[], width: number, groups: number, weights: Float64Array, start = new Float64Array(groups)): Rows {
  const core = { width, groups, sums: of.type === 'float64' ? 'float64' : 'float32', start, weights, skipsNaN: false } as const
  return { ...made(call, { dims, batch: of.batch }, of.type, { op: 'linear', of: of.value, linear: core }), linear: { of: of.value, linear: core } }
}

/** What a constant is added to is the sums of a layer: they begin with it. */
export function withBias(call: Call, values: readonly Value[]): Rows | undefined {
  const sums = values.find(value => value.kind === 'rows' && value.linear !== undefined), bias = values.find(value => value.kind === 'constant')
  if (sums?.kind !== 'rows' || bias?.kind !== 'constant' || sums.linear!.linear.start.some(start => start !== 0)) return undefined
  const { of, linear: core } = sums.linear!, last = bias.dims.at(-1) ?? 1
  if (bias.dims.length > sums.dims.length || sizeOf(bias.dims) !== last || last !== 1 && last !== core.groups || (sums.dims.at(-1) ?? 1) !== core.groups) return undefined
  const biased = { ...core, start: Float64Array.from(core.start, (_, i) => bias.data[last === 1 ? 0 : i]!) }
  return made(call, sums, sums.type, { op: 'linear', of, linear: biased })
}
