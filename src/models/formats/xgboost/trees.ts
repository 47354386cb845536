import { FLAG } from '../../trees.ts'
import type { TreeLeaf, TreeNode, TreeSource } from '../../trees.ts'
import type { Place } from '../place.ts'

// XGBoost takes categories from 16777216 on as invalid (float32 has no odd numbers there)
const CATEGORY_MAX = 16777215

/** left if x < split_conditions (float32), members of a categorical node's list go right, NaN goes where default_left says.
    Leaves: left_children is -1 and split_conditions is the value; of a vector leaf, right_children is its index in leaf_weights (from 3.2 on),
    or base_weights holds a vector for every node (before). Nodes that were pruned stay in the arrays, reached by no other. */
export function treeOf(tree: Place, index: number, width: number): TreeSource {
  const left = tree.at('left_children').integers()
  const count = left.length
  const full = (key: string, integers: boolean): ArrayLike<number> => {
    const place = tree.at(key), values = integers ? place.integers() : place.numbers()
    if (values.length !== count) throw place.broken(`${values.length} values for ${count} nodes`)
    return values
  }
  if (count === 0) throw tree.broken('the tree has no nodes')
  const right = full('right_children', true), feature = full('split_indices', true), condition = full('split_conditions', false)
  const defaultLeft = full('default_left', true)
  const sets = categoriesOf(tree, count)
  const leafOf = leavesOf(tree, right, condition, count, width)

  const ref = (child: number): number => child >= 0 && child < count && left[child] === -1 ? ~child : child
  const node = (at: number): TreeNode => {
    const missing = FLAG.missingNaN | (defaultLeft[at] === 0 ? 0 : FLAG.missingLeft)
    const words = sets?.get(at)
    const child = (side: ArrayLike<number>): number => {
      // a negative child would be taken for a leaf
      if (side[at]! < 0) throw tree.broken(`tree ${index}, node ${at}: a child is out of range (${side[at]})`)
      return ref(side[at]!)
    }
    const common = { feature: feature[at]!, left: child(left), right: child(right) }
    return words === undefined
      ? { ...common, threshold: Math.fround(condition[at]!), flags: missing | FLAG.strict }
      : { ...common, threshold: 0, flags: missing | FLAG.set | FLAG.noNegative, words }
  }
  return { name: `tree ${index}`, nodes: count, leaves: count, root: ref(0), node, leaf: leafOf }
}

function leavesOf(tree: Place, right: ArrayLike<number>, condition: ArrayLike<number>, count: number, width: number): (at: number) => TreeLeaf {
  if (width === 1) return at => ({ values: [Math.fround(condition[at]!)] })
  const place = tree.maybe('leaf_weights')
  const weights = (place ?? tree.at('base_weights')).numbers()
  if (place === undefined && weights.length !== count * width) throw tree.at('base_weights').broken(`${weights.length} values for ${count} nodes of ${width} targets`)
  return at => {
    const from = (place === undefined ? at : right[at]!) * width
    if (from < 0 || from + width > weights.length) throw tree.broken(`the vector of leaf ${at} lies outside of leaf_weights`)
    return { values: Array.from({ length: width }, (_, i) => Math.fround(weights[from + i]!)) }
  }
}

/** Bits of each categorical node. categories[categories_segments[i] ...] (categories_sizes[i] of them) belong to node categories_nodes[i]. */
function categoriesOf(tree: Place, count: number): Map<number, Uint32Array> | undefined {
  const types = tree.maybe('split_type')?.integers()
  if (types === undefined || tree.maybe('categories_nodes') === undefined) return undefined
  if (types.length !== 0 && types.length !== count) throw tree.at('split_type').broken(`${types.length} values for ${count} nodes`)
  const nodes = tree.at('categories_nodes').integers(), segments = tree.at('categories_segments').integers()
  const sizes = tree.at('categories_sizes').integers(), categories = tree.at('categories').integers()
  if (segments.length !== nodes.length || sizes.length !== nodes.length) throw tree.broken('categories_nodes, _segments and _sizes have different lengths')
  const sets = new Map<number, Uint32Array>()
  let words = 0
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!, from = segments[i]!, to = from + sizes[i]!
    if (types[node] !== 1 || sets.has(node)) throw tree.at('categories_nodes').broken(`node ${node} is not categorical, or named twice`)
    if (from < 0 || to <= from || to > categories.length) throw tree.at('categories_segments').broken(`categories ${from} to ${to} of node ${node} lie outside of the ${categories.length} there are`)
    let largest = 0
    for (let j = from; j < to; j++) {
      if (categories[j]! < 0 || categories[j]! > CATEGORY_MAX) throw tree.at('categories').broken(`category ${categories[j]} of node ${node}`)
      largest = Math.max(largest, categories[j]!)
    }
    const bits = new Uint32Array((largest >>> 5) + 1)
    words += bits.length
    if (words > 1 << 22) throw tree.at('categories').broken('the categorical sets of one tree need more than 16 MiB')
    for (let j = from; j < to; j++) bits[categories[j]! >>> 5]! |= 1 << (categories[j]! & 31)
    sets.set(node, bits)
  }
  for (let node = 0; node < types.length; node++) if (types[node] === 1 && !sets.has(node)) throw tree.at('split_type').broken(`categorical node ${node} has no categories`)
  return sets.size === 0 ? undefined : sets
}
