import { columnsOf } from '../codecs/csv.ts'
import type { Path } from '../codecs/paths.ts'
import type { Leaf, Run } from '../kernels/leaf.ts'
import type { Wanted } from '../kernels/shape.ts'
import type { Cells } from '../kernels/table.ts'

/** Where in a record one number comes from, or a list of them, and what is made of what lies there. */
export type Place = { readonly path: Path } & ({ readonly leaf: Leaf } | { readonly run: Run })

interface Node { readonly leaves: Leaf[]; readonly runs: Run[]; readonly fields: Map<string, Node>; readonly elements: Map<number, Node> }
const node = (): Node => ({ leaves: [], runs: [], fields: new Map(), elements: new Map() })

/** All places as one tree. undefined: something is wanted both as a whole and in parts, or as an object and as an array. */
export function wantedOf(places: readonly Place[]): Wanted | undefined {
  const root = node()
  for (const place of places) {
    let at = root
    for (const step of place.path.steps) at = typeof step === 'number' ? child(at.elements, step) : child(at.fields, step)
    if ('run' in place) at.runs.push(place.run)
    else at.leaves.push(place.leaf)
  }
  return wanted(root)
}

/** By the columns of a file. undefined: it has one of them twice. */
export function cellsOf(places: readonly Place[], names: readonly string[]): Cells | undefined {
  const columns = names.map((): Leaf[] => []), absent: Leaf[] = []
  for (const [i, at] of columnsOf(names, places.map(({ path }) => path)).entries()) {
    if (at < -1) return undefined
    const leaves = at < 0 ? absent : columns[at]!, place = places[i]!
    if ('run' in place) return undefined
    leaves.push(place.leaf)
  }
  return { columns, absent }
}

function child<K>(of: Map<K, Node>, step: K): Node {
  let found = of.get(step)
  if (found === undefined) of.set(step, found = node())
  return found
}

function wanted({ leaves, runs, fields, elements }: Node): Wanted | undefined {
  if (Number(leaves.length > 0) + runs.length + Number(fields.size > 0) + Number(elements.size > 0) > 1) return undefined
  if (leaves.length > 0) return { leaves }
  if (runs[0] !== undefined) return { run: runs[0] }
  if (elements.size > 0) {
    const inside = all(elements)
    return inside === undefined ? undefined : { elements: inside }
  }
  const inside = all(fields)
  return inside === undefined ? undefined : { fields: inside }
}

function all<K>(nodes: ReadonlyMap<K, Node>): Map<K, Wanted> | undefined {
  const made = new Map<K, Wanted>()
  for (const [key, each] of nodes) {
    const of = wanted(each)
    if (of === undefined) return undefined
    made.set(key, of)
  }
  return made
}
