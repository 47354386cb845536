import { FLAG, forest } from '../../../../trees.ts'
import type { TreeNode, TreeSource } from '../../../../trees.ts'
import type { Call } from '../../call.ts'
import type { Type } from '../../values.ts'

export const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ', 'BRANCH_MEMBER'] as const
export type Mode = typeof MODES[number]

/** Nodes and leaves of all trees, in numbers of their own. A reference >= 0 is a node, < 0 the leaf ~reference. */
export interface Ensemble {
  readonly roots: readonly number[]
  readonly nodes: number
  readonly leaves: number
  mode(node: number): Mode
  readonly feature: ArrayLike<number>
  readonly threshold: ArrayLike<number>
  readonly yes: ArrayLike<number>
  readonly no: ArrayLike<number>
  /** NaN goes where the answer yes leads. */
  missingYes(node: number): boolean
  /** Of BRANCH_MEMBER. */
  members(node: number): readonly number[]
  /** What a leaf adds to which sums. */
  weights(leaf: number): readonly (readonly [group: number, weight: number])[]
}

/** Sums [groups] of a matrix [rows, width], from 0 in the order of the trees; `isPerTree`: each tree has a sum of its own. */
export function sums(call: Call, ensemble: Ensemble, trees: readonly Walked[], of: number, type: Type, groups: number, isPerTree: boolean): number {
  if (isPerTree && groups !== 1) throw call.refuse(`the smallest or largest of trees for ${groups} targets`)
  const isDouble = type === 'float64', columns = predicates(call, ensemble, of), width = call.width(columns.value)
  const leafWidth = !isPerTree && trees.some(tree => tree.group === undefined) ? groups : 1, count = isPerTree ? trees.length : groups
  call.budget.spend(ensemble.leaves * leafWidth, call.at)
  const grown = forest(call.file, width, leafWidth)
  for (const [i, tree] of trees.entries()) grown.grow(sourceOf(ensemble, tree, `${call.at}, tree ${i}`, columns.column, leafWidth))
  const { arrays } = grown.done()
  return call.add({ op: 'trees', of: columns.value, trees: {
    ...arrays, width, groups: count, inputs: isDouble ? 'float64' : 'float32', sums: isDouble ? 'float64' : 'float32', start: new Float64Array(count), zero: 0, scale: undefined,
    group: Int32Array.from(trees, (tree, i) => isPerTree ? i : tree.group ?? 0),
  } })
}

/** One tree in numbers of its own. group: the one sum that all its leaves add to. */
export interface Walked { readonly root: number; readonly nodes: readonly number[]; readonly yes: readonly number[]; readonly no: readonly number[]; readonly leaves: readonly number[]; readonly group: number | undefined }

/** Sums that some tree adds to whichever leaf is reached. */
export function certain(ensemble: Ensemble, trees: readonly Walked[]): ReadonlySet<number> {
  const found = new Set<number>()
  for (const { leaves } of trees) {
    const counts = new Map<number, number>()
    for (const leaf of leaves) for (const [group] of ensemble.weights(leaf)) counts.set(group, (counts.get(group) ?? 0) + 1)
    for (const [group, count] of counts) if (count === leaves.length) found.add(group)
  }
  return found
}

/** Every node belongs to one place of one tree; a leaf may be reached twice. */
export function walked(call: Call, ensemble: Ensemble): readonly Walked[] {
  const seen = new Uint8Array(ensemble.nodes)
  let leavesLeft = 2 * ensemble.nodes + ensemble.roots.length
  return ensemble.roots.map((root, tree) => {
    const nodes: number[] = [], yes: number[] = [], no: number[] = [], leaves: number[] = [], groups = new Set<number>()
    const refer = (at: number): number => {
      if (at >= 0) {
        if (!(at < ensemble.nodes)) throw call.broken(`node ${at} of ${ensemble.nodes} in tree ${tree}`)
        if (seen[at] === 1) throw call.broken(`node ${at} of tree ${tree} is reached twice: the tree has a cycle or two branches that meet`)
        seen[at] = 1
        return nodes.push(at) - 1
      }
      if (!(~at < ensemble.leaves) || --leavesLeft < 0) throw call.broken(`leaf ${~at} of ${ensemble.leaves} in tree ${tree}`)
      for (const [group] of ensemble.weights(~at)) groups.add(group)
      return ~(leaves.push(~at) - 1)
    }
    const first = refer(root)
    for (let i = 0; i < nodes.length; i++) {
      yes.push(refer(ensemble.yes[nodes[i]!]!))
      no.push(refer(ensemble.no[nodes[i]!]!))
    }
    return { root: first, nodes, yes, no, leaves, group: groups.size > 1 ? undefined : [...groups][0] ?? 0 }
  })
}

function sourceOf(ensemble: Ensemble, tree: Walked, name: string, column: (node: number) => number | undefined, leafWidth: number): TreeSource {
  const flagsOf = (missingLeft: boolean): number => FLAG.missingNaN | (missingLeft ? FLAG.missingLeft : 0)
  return {
    name, nodes: tree.nodes.length, leaves: tree.leaves.length, root: tree.root,
    node: (at): TreeNode => {
      const node = tree.nodes[at]!, yes = tree.yes[at]!, no = tree.no[at]!, mode = ensemble.mode(node), isMissingYes = ensemble.missingYes(node), asked = column(node)
      // a column of 1 and 0: 0 goes left
      if (asked !== undefined) return { feature: asked, threshold: 0, flags: 0, left: no, right: yes }
      const common = { feature: ensemble.feature[node]!, threshold: ensemble.threshold[node]! }
      if (mode === 'BRANCH_LEQ' || mode === 'BRANCH_LT') return { ...common, flags: flagsOf(isMissingYes) | (mode === 'BRANCH_LT' ? FLAG.strict : 0), left: yes, right: no }
      return { ...common, flags: flagsOf(!isMissingYes) | (mode === 'BRANCH_GTE' ? FLAG.strict : 0), left: no, right: yes }
    },
    leaf: at => {
      const weights = ensemble.weights(tree.leaves[at]!)
      if (leafWidth === 1) return { values: [weights[0]?.[1] ?? 0] }
      const values = new Float64Array(leafWidth)
      for (const [group, weight] of weights) values[group] = weight
      return { values }
    },
  }
}

/** A node that asks whether a number is among some is asked a column of its own: 1 where the answer is yes. */
function predicates(call: Call, ensemble: Ensemble, of: number): { readonly value: number; column(node: number): number | undefined } {
  const width = call.width(of), columns = new Map<string, number>(), byNode = new Map<number, number>(), values: number[] = []
  const ask = (node: number, mode: Mode): number => {
    const feature = ensemble.feature[node]!
    if (!Number.isInteger(feature) || feature < 0 || feature >= width) throw call.broken(`feature index ${feature} of ${width} features`)
    const x = call.add({ op: 'select', of, columns: Int32Array.of(feature) }), members = mode === 'BRANCH_MEMBER' ? ensemble.members(node) : [ensemble.threshold[node]!]
    const keys = Float64Array.from(new Set(members)).sort(), isOther = mode === 'BRANCH_NEQ', isMissingYes = isOther || ensemble.missingYes(node)
    if (keys.some(Number.isNaN) || keys.length === 0) throw call.broken('a node compares with nothing, or with what is not a number')
    return call.add({ op: 'lookup', of: x, width: 1, keys, values: new Float64Array(keys.length).fill(isOther ? 0 : 1), otherwise: Float64Array.of(isOther ? 1 : 0), missing: Float64Array.of(isMissingYes ? 1 : 0) })
  }
  for (let node = 0; node < ensemble.nodes; node++) {
    const mode = ensemble.mode(node)
    if (mode !== 'BRANCH_EQ' && mode !== 'BRANCH_NEQ' && mode !== 'BRANCH_MEMBER') continue
    const key = `${mode} ${ensemble.feature[node]} ${mode === 'BRANCH_MEMBER' ? ensemble.members(node).join(' ') : ensemble.threshold[node]} ${ensemble.missingYes(node)}`
    const known = columns.get(key)
    if (known === undefined) {
      values.push(ask(node, mode))
      columns.set(key, width + values.length - 1)
    }
    byNode.set(node, columns.get(key)!)
  }
  if (values.length === 0) return { value: of, column: () => undefined }
  return { value: call.add({ op: 'concat', of: [of, ...values] }), column: node => byNode.get(node) }
}
