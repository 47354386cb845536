import { FLAG, forest } from '../trees.ts'
import type { Grown, TreeNode, TreeSource, Trees } from '../trees.ts'
import type { Bench } from './bench.ts'
import { constant } from './bench.ts'

/** Left where x <= threshold, NaN to the right. */
export const splitAt = (feature: number, threshold: number, left: number, right: number): TreeNode => ({ feature, threshold, left, right, flags: FLAG.missingNaN })

/** Left where x is one of the categories, or with `isLeft` false where it is none of them. What is no category, NaN too, is in no set. */
export function splitIn(feature: number, categories: Iterable<number>, isLeft: boolean, left: number, right: number): TreeNode {
  const words: number[] = []
  for (const category of categories) {
    while (words.length <= category >>> 5) words.push(0)
    words[category >>> 5]! |= 1 << (category & 31)
  }
  return { feature, threshold: 0, left, right, words: words.map(word => word >>> 0), flags: FLAG.set | FLAG.noNegative | (isLeft ? FLAG.membersLeft : 0) }
}

/** What the trees of a model say: their leaves, or the sum of them by their weights. `leaf`: what becomes of the numbers of a leaf. */
export function treesStep(features: string, { trees, width, at }: { readonly trees: readonly TreeSource[]; readonly width: number; readonly at: string }, leafWidth: number, weights: Float64Array | undefined, bench: Bench, leaf: (values: ArrayLike<number>) => ArrayLike<number> = values => values): number {
  const { value, column } = bench.numbers(features, at, width)
  if (trees.length === 0) throw bench.broken(at, 'it has no trees')
  if (weights !== undefined && weights.length !== trees.length) throw bench.broken(at, `${weights.length} weights for ${trees.length} trees`)
  const growing = forest(bench.file, width, leafWidth)
  for (const tree of trees) growing.grow({ name: `${at}, ${tree.name}`, nodes: tree.nodes, leaves: tree.leaves, root: tree.root, node: index => tree.node(index), leaf: index => ({ values: leaf(tree.leaf(index).values) }) })
  const { arrays, deepest } = growing.done()
  bench.facts['trees'] = (bench.facts['trees'] ?? 0) + trees.length
  bench.facts['deepest'] = Math.max(bench.facts['deepest'] ?? 0, deepest)
  bench.facts['leaves'] = (bench.facts['leaves'] ?? 0) + arrays.leaves.length / leafWidth
  const core: Trees = {
    ...arrays, width, groups: leafWidth, inputs: 'float64', sums: 'float64', start: new Float64Array(leafWidth), zero: 0,
    scale: weights, group: new Int32Array(trees.length),
  }
  return bench.add({ op: 'trees', of: wholeCategories(value, column.levels, arrays, width, at, bench), trees: core }, at)
}

/** A set holds whole numbers, and a tree cuts what it looks up: a fraction becomes -1, which is in no set. */
function wholeCategories(value: number, levels: readonly number[] | undefined, { feature, flags }: Grown['arrays'], width: number, at: string, bench: Bench): number {
  const isCategory = new Uint8Array(width), isNumber = new Uint8Array(width)
  for (let node = 0; node < flags.length; node++) ((flags[node]! & FLAG.set) === 0 ? isNumber : isCategory)[feature[node]!] = 1
  const both = isCategory.findIndex((is, i) => is === 1 && isNumber[i] === 1)
  if (both >= 0) throw bench.broken(at, `feature ${both} is a number in one node and a category in another`)
  if (isCategory.every((is, i) => is === 0 || (levels?.[i] ?? 0) > 0)) return value
  const isFine = bench.binary('or', bench.binary('equal', value, bench.unary('truncate', value, at), at), Float64Array.from(isCategory, is => is === 1 ? 0 : 1), at)
  return bench.where(isFine, value, constant(-1), at)
}
