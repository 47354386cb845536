import { FLAG } from '../../trees.ts'
import type { TreeLeaf, TreeNode, TreeSource } from '../../trees.ts'
import type { Section } from './text.ts'

// bits of decision_type; bits 2 and 3: 0 nothing is missing, 1 zero is, 2 NaN is
const CATEGORICAL = 1, DEFAULT_LEFT = 2
const MISSING = [0, FLAG.missingZero, FLAG.missingNaN]

/** num_leaves - 1 nodes; a child >= 0 is a node, < 0 the leaf ~child. Left if x <= threshold. Of a categorical node the threshold is the index
    of a set: 32-bit words of cat_threshold from cat_boundaries[index] to cat_boundaries[index + 1]; its members go left. */
export function treeOf(tree: Section, width: number): TreeSource {
  const leaves = tree.count('num_leaves')
  if (leaves < 1) throw tree.broken('a tree has no leaves')
  const values = tree.numbers('leaf_value', leaves)
  const linear = tree.maybe('is_linear') === '1' ? linearLeaves(tree, leaves, width) : undefined
  const leaf = (at: number): TreeLeaf => linear === undefined ? { values: [values[at]!] } : { values: [values[at]!], linear: linear(at) }
  const nodes = leaves - 1
  if (nodes === 0) return { name: tree.name, nodes, leaves, root: ~0, node: () => { throw new TypeError('a tree of one leaf has no nodes') }, leaf }

  const left = tree.integers('left_child', nodes), right = tree.integers('right_child', nodes)
  const feature = tree.integers('split_feature', nodes), threshold = tree.numbers('threshold', nodes)
  const decision = tree.has('decision_type') ? tree.integers('decision_type', nodes) : Array.from({ length: nodes }, () => 0)
  const sets = tree.has('num_cat') ? tree.count('num_cat') : 0
  const boundaries = sets > 0 ? tree.integers('cat_boundaries', sets + 1) : []
  const wordCount = boundaries.at(-1) ?? 0
  const words = sets > 0 ? tree.integers('cat_threshold', wordCount) : []

  const node = (at: number): TreeNode => {
    const common = { feature: feature[at]!, left: left[at]!, right: right[at]! }
    const type = decision[at]!
    if ((type & CATEGORICAL) === 0) {
      const missing = MISSING[(type >> 2) & 3]
      if (missing === undefined) throw tree.broken(`node ${at} has the unknown missing type 3`)
      return { ...common, threshold: threshold[at]!, flags: missing | ((type & DEFAULT_LEFT) === 0 ? 0 : FLAG.missingLeft) }
    }
    const index = threshold[at]!, from = boundaries[index], to = boundaries[index + 1]
    if (from === undefined || to === undefined || from < 0 || to < from || to > wordCount) throw tree.broken(`the set ${index} of node ${at} lies outside of the ${sets} sets there are`)
    return { ...common, threshold: 0, flags: FLAG.set | FLAG.membersLeft, words: words.slice(from, to) }
  }
  return { name: tree.name, nodes, leaves, root: 0, node, leaf }
}

/** num_features says how many features each leaf's model has; leaf_features and leaf_coeff hold those of all leaves, one after the other. */
function linearLeaves(tree: Section, leaves: number, width: number): (at: number) => NonNullable<TreeLeaf['linear']> {
  const constants = tree.numbers('leaf_const', leaves), counts = tree.integers('num_features', leaves)
  const from = [0]
  for (const [leaf, count] of counts.entries()) {
    if (count < 0 || count > width) throw tree.broken(`leaf ${leaf} has ${count} features of ${width}`)
    from.push(from[leaf]! + count)
  }
  const features = tree.integers('leaf_features', from[leaves]!), coefficients = tree.numbers('leaf_coeff', from[leaves]!)
  return at => ({
    constant: constants[at]!, features: features.slice(from[at]!, from[at + 1]!), coefficients: coefficients.slice(from[at]!, from[at + 1]!),
  })
}
