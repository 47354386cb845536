import type { Call } from '../../call.ts'
import type { Type } from '../../values.ts'
import { sums, walked } from './ensemble.ts'
import type { Ensemble } from './ensemble.ts'
import { transformed } from './scores.ts'
import type { Transform } from './scores.ts'

export const AGGREGATES = ['SUM', 'AVERAGE', 'MIN', 'MAX'] as const
export type Aggregate = typeof AGGREGATES[number]

/** What the trees say together, plus `base`, through the post_transform. */
export function regression(call: Call, ensemble: Ensemble, of: number, type: Type, groups: number, aggregate: Aggregate, base: readonly number[], transform: Transform): number {
  const isPerTree = aggregate === 'MIN' || aggregate === 'MAX', float32 = type === 'float32'
  const each = sums(call, ensemble, walked(call, ensemble), of, type, groups, isPerTree)
  const all = isPerTree ? call.add({ op: 'reduce', fn: aggregate === 'MIN' ? 'minimum' : 'maximum', of: each, size: ensemble.roots.length }) : each
  const mean = aggregate === 'AVERAGE' ? call.add({ op: 'binary', fn: 'divide', a: all, b: Float64Array.of(ensemble.roots.length), float32 }) : all
  return transformed(call, transform, withBase(call, mean, base, groups, float32), groups)
}

export function withBase(call: Call, of: number, base: readonly number[], groups: number, float32: boolean): number {
  if (base.every(number => number === 0)) return of
  if (base.length !== groups) throw call.broken(`${base.length} base_values for ${groups} sums`)
  return call.add({ op: 'binary', fn: 'add', a: of, b: Float64Array.from(base), float32 })
}
