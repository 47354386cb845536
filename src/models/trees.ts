import type { Model } from '../core/models.ts'
import { SluiceError } from '../core/errors.ts'
import type { Objective } from './objectives.ts'

/** Bits of `Trees.flags`, one byte a node. */
export const FLAG = {
  /** The node asks whether the value, cut to an integer, is in the node's set; `threshold` is then the set's index. */
  set: 1,
  /** Missing values go left, else right. */
  missingLeft: 2,
  /** What counts as missing: NaN. Without one of the two missing bits NaN counts as 0, and nothing is missing. */
  missingNaN: 4,
  /** What counts as missing: 0 (any magnitude up to `Trees.zero`) and NaN. */
  missingZero: 8,
  /** Left if value < threshold; else left if value <= threshold. */
  strict: 16,
  /** Members of the set go left, all others right; else the other way round. */
  membersLeft: 32,
  /** No value below 0 is a member; else -0.9 is cut to 0. */
  noNegative: 64,
  /** NaN ends the walk: the tree adds Infinity. */
  missingEnds: 128,
} as const

/** Trees whose leaves are summed, as flat arrays for the whole ensemble: nodes of all trees, then leaves of all trees, in walking order (the
    left child of a node follows it). A reference >= 0 is a node, < 0 the leaf ~reference. Checked when it was built: every reference leads
    down, so a walk ends.

    margin[g] = start[g] + the leaves of the trees of group g in tree order, rounded to `sums` after each step */
export interface Trees {
  /** Columns of the input. */
  readonly width: number
  /** Sums a row: classes, targets, or 1. */
  readonly groups: number
  /** What the inputs are rounded to before they are compared. */
  readonly inputs: 'float32' | 'float64'
  readonly sums: 'float32' | 'float64'
  /** [groups] */
  readonly start: Float64Array
  /** An input of this magnitude or less counts as 0, before anything else. */
  readonly zero: number

  /** [trees] reference to each tree's root. */
  readonly roots: Int32Array
  /** [trees] the sum each tree adds to; not used where leaves are vectors. */
  readonly group: Int32Array
  /** [trees] factor of each tree's leaves; the product is rounded to `sums`. */
  readonly scale: Float64Array | undefined

  /** [nodes] column */
  readonly feature: Int32Array
  /** [nodes] */
  readonly threshold: Float64Array
  /** [nodes] references */
  readonly left: Int32Array
  readonly right: Int32Array
  readonly flags: Uint8Array

  /** [sets + 1] set i has the words sets[i] to sets[i + 1]; member v is bit v % 32 of word v / 32. */
  readonly sets: Int32Array
  readonly words: Uint32Array

  /** Numbers a leaf: 1, or `groups` where each leaf adds to every sum. */
  readonly leafWidth: number
  /** [leaves, leafWidth] */
  readonly leaves: Float64Array
  /** Leaves that are linear models of the row; absent where none is. */
  readonly linear: LinearLeaves | undefined
}

/** A model that is trees and nothing else. */
export interface TreeEnsemble extends Model, Trees {
  readonly kind: 'trees'
  /** The prediction is made of margin / divisor: the number of trees a group where trees are averaged, else 1. */
  readonly divisor: number
  readonly objective: Objective
}

/** The value of leaf i is constant[i] + the sum of coefficient[j] * input[feature[j]], j from at[i] to at[i + 1] in order. Where one of
    these inputs is NaN, or where the leaf is not linear (constant is NaN), it is the leaf's plain value. */
export interface LinearLeaves {
  readonly constant: Float64Array
  readonly at: Int32Array
  readonly feature: Int32Array
  readonly coefficient: Float64Array
}

/** One tree as a file gives it, in the file's own numbering. */
export interface TreeSource {
  /** For errors: 'tree 3'. */
  readonly name: string
  /** How many nodes and leaves there are at most: references are checked against them. */
  readonly nodes: number
  readonly leaves: number
  readonly root: number
  node(at: number): TreeNode
  leaf(at: number): TreeLeaf
}
/** words: the set of a categorical node. */
export interface TreeNode {
  readonly feature: number
  readonly threshold: number
  readonly flags: number
  readonly left: number
  readonly right: number
  readonly words?: ArrayLike<number>
}
export interface TreeLeaf {
  readonly values: ArrayLike<number>
  readonly linear?: { readonly constant: number; readonly features: ArrayLike<number>; readonly coefficients: ArrayLike<number> }
}

export interface Grown {
  readonly arrays: Pick<Trees, 'roots' | 'feature' | 'threshold' | 'left' | 'right' | 'flags' | 'sets' | 'words' | 'leafWidth' | 'leaves' | 'linear'>
  readonly deepest: number
  /** Bytes of the arrays. */
  readonly bytes: number
}

// 64 MiB of bits: a file of a few bytes may name category 16,777,215 in every node.
const WORDS_MAX = 1 << 24

/** Collects trees, checking what a hostile file could use to make a walk endless or leave its arrays. `model` names the file in errors. */
export function forest(model: string, width: number, leafWidth: number): { grow(tree: TreeSource): void; done(): Grown } {
  const roots: number[] = [], feature: number[] = [], threshold: number[] = [], left: number[] = [], right: number[] = [], flags: number[] = []
  const leaves: number[] = [], sets: number[] = [0], words: number[] = []
  const constant: number[] = [], at: number[] = [0], linearFeature: number[] = [], coefficient: number[] = []
  let deepest = 0, anyLinear = false

  const broken = (what: string, where: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${model}: ${what}`, { at: where })

  const checkFeature = (index: number, where: string): number => {
    if (!Number.isInteger(index) || index < 0 || index >= width) throw broken(`feature index ${index} of ${width} features`, where)
    return index
  }

  const addNode = (node: TreeNode, where: string): number => {
    const index = feature.length
    feature.push(checkFeature(node.feature, where))
    flags.push(node.flags)
    left.push(0)
    right.push(0)
    if ((node.flags & FLAG.set) === 0) {
      if (Number.isNaN(node.threshold)) throw broken('a threshold is not a number', where)
      threshold.push(node.threshold)
      return index
    }
    const set = node.words ?? []
    if (words.length + set.length > WORDS_MAX) throw broken('the categorical sets need more than 64 MiB', where)
    threshold.push(sets.length - 1)
    for (let i = 0; i < set.length; i++) words.push(set[i]!)
    sets.push(words.length)
    return index
  }

  const addLeaf = (leaf: TreeLeaf, where: string): number => {
    if (leaf.values.length !== leafWidth) throw broken(`a leaf has ${leaf.values.length} values where ${leafWidth} belong`, where)
    const index = constant.length
    for (let i = 0; i < leafWidth; i++) {
      if (Number.isNaN(leaf.values[i]!)) throw broken('a leaf is not a number', where)
      leaves.push(leaf.values[i]!)
    }
    constant.push(leaf.linear?.constant ?? NaN)
    if (leaf.linear !== undefined) {
      anyLinear = true
      for (let i = 0; i < leaf.linear.features.length; i++) {
        linearFeature.push(checkFeature(leaf.linear.features[i]!, where))
        coefficient.push(leaf.linear.coefficients[i]!)
      }
    }
    at.push(linearFeature.length)
    return index
  }

  const grow = (tree: TreeSource): void => {
    const seenNode = new Uint8Array(tree.nodes), seenLeaf = new Uint8Array(tree.leaves)
    // what is still to be visited: the reference in the file, whose child it is (-1: the root), on which side, how deep
    const refs = [tree.root], parents = [-1], sides = [0], depths = [0]
    while (refs.length > 0) {
      const ref = refs.pop()!, parent = parents.pop()!, side = sides.pop()!, depth = depths.pop()!
      const isNode = ref >= 0, index = isNode ? ref : -1 - ref, seen = isNode ? seenNode : seenLeaf
      const where = `${tree.name}, ${isNode ? 'node' : 'leaf'} ${index}`
      if (!Number.isInteger(ref) || index >= seen.length) throw broken(`a child is out of range: ${isNode ? 'node' : 'leaf'} ${index} of ${seen.length}`, where)
      if (seen[index] === 1) throw broken(`${isNode ? 'a node' : 'a leaf'} is reached twice: the tree has a cycle or two branches that meet`, where)
      seen[index] = 1
      let made: number
      if (isNode) {
        const node = tree.node(index)
        made = addNode(node, where)
        refs.push(node.right, node.left)
        parents.push(made, made)
        sides.push(1, 0)
        depths.push(depth + 1, depth + 1)
      } else {
        made = ~addLeaf(tree.leaf(index), where)
        if (depth > deepest) deepest = depth
      }
      if (parent < 0) roots.push(made)
      else if (side === 0) left[parent] = made
      else right[parent] = made
    }
  }

  const done = (): Grown => {
    const linear = anyLinear
      ? { constant: Float64Array.from(constant), at: Int32Array.from(at), feature: Int32Array.from(linearFeature), coefficient: Float64Array.from(coefficient) }
      : undefined
    const arrays = {
      roots: Int32Array.from(roots), feature: Int32Array.from(feature), threshold: Float64Array.from(threshold), left: Int32Array.from(left),
      right: Int32Array.from(right), flags: Uint8Array.from(flags), sets: Int32Array.from(sets), words: Uint32Array.from(words), leafWidth,
      leaves: Float64Array.from(leaves), linear,
    }
    let bytes = 0
    for (const array of [...Object.values(arrays), ...Object.values(linear ?? {})]) if (ArrayBuffer.isView(array)) bytes += array.byteLength
    return { arrays, deepest, bytes }
  }
  return { grow, done }
}

/** Of each column the largest member of any set that it is looked up in; undefined: there is none. Looks when it is first asked. */
export function largestMembers({ feature, threshold, flags, sets, words }: Grown['arrays']): (column: number) => number | undefined {
  const find = (): Map<number, number> => {
    const largest = new Map<number, number>()
    for (let node = 0; node < flags.length; node++) {
      if ((flags[node]! & FLAG.set) === 0) continue
      const from = sets[threshold[node]!]!
      let last = sets[threshold[node]! + 1]! - 1
      while (last >= from && words[last] === 0) last--
      if (last >= from) largest.set(feature[node]!, Math.max(largest.get(feature[node]!) ?? 0, (last - from) * 32 + 31 - Math.clz32(words[last]!)))
    }
    return largest
  }
  let found: Map<number, number> | undefined
  return column => (found ??= find()).get(column)
}
