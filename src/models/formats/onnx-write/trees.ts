import type { Column } from '../../../core/tensors.ts'
import { FLAG } from '../../trees.ts'
import type { Trees } from '../../trees.ts'
import type { Graph, Real, Value } from './graph.ts'
import { cast, fits32, truncated } from './values.ts'
import type { Refuse } from './values.ts'

/* Trees as ONNX has them: a node asks one question, and NaN goes where the node says. */

const MODES = { LEQ: 0, LT: 1, EQ: 4, MEMBER: 6 } as const
/** Where yes leads to the left (`swapped`: to the right), and whether NaN goes there too. */
interface Question { readonly mode: keyof typeof MODES; readonly value: number; readonly members: readonly number[]; readonly swapped: boolean; readonly nanYes: boolean }

/** Sums [rows, groups] of the trees, `columns` of what they ask; without their `divisor` and link. */
export function treesOf(graph: Graph, features: Value, trees: Trees, columns: readonly Column[], refuse: Refuse): Value {
  const { groups, roots, leaves, scale, sums, start } = trees
  if (roots.length === 0) throw refuse('a model without trees')
  if (trees.linear !== undefined) throw refuse('leaves that are linear models')
  const questions = Array.from(trees.flags, (_, node) => questionOf(trees, node, columns, refuse))
  const factors = Float64Array.from(roots, (_, tree) => scale === undefined ? 1 : scale[tree]!)
  const leafOf = (tree: number, at: number): number => sums === 'float32' && factors[tree] !== 1 ? Math.fround(leaves[at]! * factors[tree]!) : leaves[at]! * factors[tree]!
  const isFloat = sums === 'float32' && trees.inputs === 'float32' && fits32(leaves) && fits32(start) && questions.every(({ value }) => fits32([value]))
  const type = isFloat ? 'float' : 'double', rounded = cast(graph, cast(graph, features, trees.inputs === 'float32' ? 'float' : 'double'), type)
  const given = wholeCodes(graph, rounded, trees, columns, refuse)
  const isOld = isFloat && questions.every(({ mode }) => mode !== 'MEMBER')
  const made: Value = { name: isOld ? regressor(graph, given.name, trees, questions, leafOf) : ensemble(graph, given.name, type, trees, questions, leafOf), type, width: groups }
  const sum = isOld || start.every(value => value === 0) ? made : { ...made, name: graph.node('Add', [made.name, graph.constant(type, [groups], start)]) }
  return cast(graph, sum, sums === 'float32' ? 'float' : 'double')
}

function questionOf({ feature, threshold, flags, sets, words, zero }: Trees, node: number, columns: readonly Column[], refuse: Refuse): Question {
  const flag = flags[node]!, column = columns[feature[node]!], name = column?.name ?? `column ${feature[node]}`
  if ((flag & FLAG.missingEnds) !== 0) throw refuse('trees without an answer where something is missing')
  const missingLeft = (flag & FLAG.missingLeft) !== 0, hasMissing = (flag & (FLAG.missingNaN | FLAG.missingZero)) !== 0, zeroIsMissing = (flag & FLAG.missingZero) !== 0
  if ((flag & FLAG.set) !== 0) {
    const members = membersOf(sets[threshold[node]!]!, sets[threshold[node]! + 1]!, words), membersLeft = (flag & FLAG.membersLeft) !== 0
    const zeroLeft = members.includes(0) === membersLeft
    if (zeroIsMissing && zeroLeft !== missingLeft) throw refuse(`zero as a missing value of '${name}'`)
    const nanYes = hasMissing && missingLeft === membersLeft
    return { mode: members.length > 1 ? 'MEMBER' : 'EQ', value: members.length > 1 ? 0 : members[0] ?? Infinity, members, swapped: !membersLeft, nanYes }
  }
  const asked = threshold[node]!, isStrict = (flag & FLAG.strict) !== 0, zeroLeft = isStrict ? 0 < asked : 0 <= asked
  if (zeroIsMissing && zeroLeft !== missingLeft) throw refuse(`zero as a missing value of '${name}'`)
  const nanYes = hasMissing ? missingLeft : zeroLeft
  const question = (mode: 'LEQ' | 'LT', value: number): Question => ({ mode, value, members: [], swapped: false, nanYes })
  // what is about 0 is 0: all of it lies on the side of 0
  if (zero > 0 && Math.abs(asked) <= zero) return zeroLeft ? question('LEQ', zero) : question('LT', -zero)
  return question(isStrict ? 'LT' : 'LEQ', asked)
}

/** Fractions are cut to integers before they are looked up in a set, by nodes here, and not by those of ONNX: there the columns are cut before. Columns of
    categories hold integers as they are. */
function wholeCodes(graph: Graph, given: Value, { width, feature, flags }: Trees, columns: readonly Column[], refuse: Refuse): Value {
  // what asks a column: nothing, thresholds, sets that cut -0.9 to 0, sets that cut it to -1
  const asked = new Uint8Array(width)
  for (const [node, flag] of flags.entries()) {
    const column = feature[node]!, asks = (flag & FLAG.set) === 0 ? 1 : (flag & FLAG.noNegative) === 0 ? 2 : 3
    if (columns[column]?.categories !== undefined) continue
    if (asked[column] !== 0 && asked[column] !== asks) throw refuse(`'${columns[column]?.name ?? `column ${column}`}', of which sets and thresholds are asked`)
    asked[column] = asks
  }
  const { name, type } = given, where = (asks: number): string => graph.constant('bool', [width], Array.from(asked, of => of === asks ? 1 : 0))
  const cut = !asked.includes(2) ? name : graph.node('Where', [where(2), truncated(graph, name), name])
  return { ...given, name: !asked.includes(3) ? cut : graph.node('Where', [where(3), graph.node('Floor', [name]), cut]), type }
}

function membersOf(from: number, to: number, words: Uint32Array): number[] {
  const members: number[] = []
  for (let code = 0; code < (to - from) * 32; code++) if (((words[from + (code >>> 5)]! >>> (code & 31)) & 1) === 1) members.push(code)
  return members
}

type LeafOf = (tree: number, at: number) => number
/** Calls for every node of a tree and every leaf, in walking order. */
function walk({ left, right }: Trees, root: number, node: (at: number) => void, leaf: (at: number) => void): void {
  const open = [root]
  while (open.length > 0) {
    const at = open.pop()!
    if (at < 0) { leaf(~at); continue }
    node(at)
    open.push(right[at]!, left[at]!)
  }
}

/** TreeEnsembleRegressor, since ai.onnx.ml 3 as it is: of float32, and what every runtime knows. Nodes are numbered in each tree, leaves among them. */
function regressor(graph: Graph, features: string, trees: Trees, questions: readonly Question[], leafOf: LeafOf): string {
  const { roots, left, right, feature, group, groups, leafWidth, start } = trees
  const ids: { tree: number[]; node: number[]; feature: number[]; yes: number[]; no: number[]; nan: number[] } = { tree: [], node: [], feature: [], yes: [], no: [], nan: [] }
  const modes: string[] = [], values: number[] = [], target: { tree: number[]; node: number[]; id: number[]; weight: number[] } = { tree: [], node: [], id: [], weight: [] }
  for (const [tree, root] of roots.entries()) {
    const numbers = new Map<number, number>()
    walk(trees, root, at => { numbers.set(at, numbers.size) }, at => { numbers.set(~at, numbers.size) })
    const add = (node: number, mode: string, column: number, value: number, yes: number, no: number, nan: number): void => {
      ids.tree.push(tree)
      ids.node.push(node)
      ids.feature.push(column)
      ids.yes.push(yes)
      ids.no.push(no)
      ids.nan.push(nan)
      modes.push(mode)
      values.push(value)
    }
    walk(trees, root, at => {
      const { mode, value, swapped, nanYes } = questions[at]!, [yes, no] = swapped ? [right[at]!, left[at]!] : [left[at]!, right[at]!]
      add(numbers.get(at)!, `BRANCH_${mode}`, feature[at]!, value, numbers.get(yes)!, numbers.get(no)!, nanYes ? 1 : 0)
    }, at => {
      const node = numbers.get(~at)!
      add(node, 'LEAF', 0, 0, 0, 0, 0)
      for (let k = 0; k < leafWidth; k++) {
        target.tree.push(tree)
        target.node.push(node)
        target.id.push(leafWidth > 1 ? k : group[tree]!)
        target.weight.push(leafOf(tree, at * leafWidth + k))
      }
    })
  }
  return graph.ml(3, 'TreeEnsembleRegressor', [features], {
    aggregate_function: { text: 'SUM' }, base_values: { floats: start }, n_targets: { int: groups }, nodes_falsenodeids: { ints: ids.no }, nodes_featureids: { ints: ids.feature },
    nodes_missing_value_tracks_true: { ints: ids.nan }, nodes_modes: { texts: modes }, nodes_nodeids: { ints: ids.node }, nodes_treeids: { ints: ids.tree }, nodes_truenodeids: { ints: ids.yes },
    nodes_values: { floats: values }, post_transform: { text: 'NONE' }, target_ids: { ints: target.id }, target_nodeids: { ints: target.node }, target_treeids: { ints: target.tree },
    target_weights: { floats: target.weight },
  })
}

/** TreeEnsemble of ai.onnx.ml 5: of float64 too, with sets. A leaf has one number, so trees of vectors are there once for each group. */
function ensemble(graph: Graph, features: string, type: Real, trees: Trees, questions: readonly Question[], leafOf: LeafOf): string {
  const { roots, left, right, feature, group, groups, leafWidth } = trees
  const column: number[] = [], modes: number[] = [], splits: number[] = [], nan: number[] = [], members: number[] = [], treeRoots: number[] = []
  const yes: { id: number[]; leaf: number[] } = { id: [], leaf: [] }, no: { id: number[]; leaf: number[] } = { id: [], leaf: [] }
  const targets: number[] = [], weights: number[] = []
  const addLeaf = (tree: number, at: number, k: number): number => {
    targets.push(leafWidth > 1 ? k : group[tree]!)
    return weights.push(leafOf(tree, at * leafWidth + k)) - 1
  }
  const addNode = (question: Question, of: number): void => {
    column.push(of)
    modes.push(MODES[question.mode])
    splits.push(question.value)
    nan.push(question.nanYes ? 1 : 0)
    // each set ends with a NaN
    if (question.mode === 'MEMBER') members.push(...question.members, NaN)
  }
  for (const [tree, root] of roots.entries()) {
    for (let k = 0; k < leafWidth; k++) {
      treeRoots.push(column.length)
      if (root < 0) {
        // a tree is nodes: one whose answer does not matter
        addNode({ mode: 'LEQ', value: 0, members: [], swapped: false, nanYes: false }, 0)
        for (const side of [yes, no]) { side.id.push(addLeaf(tree, ~root, k)); side.leaf.push(1) }
        continue
      }
      const numbers = new Map<number, number>()
      let next = column.length
      walk(trees, root, at => { numbers.set(at, next++) }, () => {})
      walk(trees, root, at => {
        const question = questions[at]!
        addNode(question, feature[at]!)
        for (const [side, to] of question.swapped ? [[yes, right[at]!], [no, left[at]!]] as const : [[yes, left[at]!], [no, right[at]!]] as const) {
          side.leaf.push(to < 0 ? 1 : 0)
          side.id.push(to < 0 ? addLeaf(tree, ~to, k) : numbers.get(to)!)
        }
      }, () => {})
    }
  }
  const tensor = (kind: Real | 'uint8', data: readonly number[]): { tensor: { kind: Real | 'uint8'; dims: readonly number[]; data: readonly number[] } } => ({ tensor: { kind, dims: [data.length], data } })
  return graph.ml(5, 'TreeEnsemble', [features], {
    aggregate_function: { int: 1 }, leaf_targetids: { ints: targets }, leaf_weights: tensor(type, weights), ...members.length === 0 ? {} : { membership_values: tensor(type, members) },
    n_targets: { int: groups }, nodes_falseleafs: { ints: no.leaf }, nodes_falsenodeids: { ints: no.id }, nodes_featureids: { ints: column }, nodes_missing_value_tracks_true: { ints: nan },
    nodes_modes: tensor('uint8', modes), nodes_splits: tensor(type, splits), nodes_trueleafs: { ints: yes.leaf }, nodes_truenodeids: { ints: yes.id }, post_transform: { int: 0 }, tree_roots: { ints: treeRoots },
  })
}
