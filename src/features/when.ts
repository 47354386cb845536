import { csvNumber } from '../codecs/csv.ts'
import { parsePath } from '../codecs/paths.ts'
import type { Path } from '../codecs/paths.ts'
import type { Values } from '../codecs/values.ts'
import type { Scalar, When } from './options.ts'

export type Test = (values: Values) => boolean

/** @throws SLUICE_CONFIG_INVALID for a path that is broken */
export function testOf(when: When, indexOf: (path: Path) => number): Test {
  const clauses = Object.entries(when).map(([path, wanted]) => ({ index: indexOf(parsePath(path)), wanted: Array.isArray(wanted) ? wanted as readonly Scalar[] : [wanted as Scalar] }))
  return values => clauses.every(({ index, wanted }) => {
    const value = values.at(index) ?? null
    return wanted.some(values.textual && value !== null ? one => same(String(value), one) : one => one === value)
  })
}

function same(cell: string, wanted: Scalar): boolean {
  return typeof wanted === 'number' ? csvNumber(cell) === wanted : wanted !== null && cell === String(wanted)
}
