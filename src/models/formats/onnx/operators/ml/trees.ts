import type { Call, Operator, Operators } from '../../call.ts'
import type { Rows, Type } from '../../values.ts'
import { AGGREGATES, regression, withBase } from './aggregate.ts'
import { certain, MODES, sums, walked } from './ensemble.ts'
import type { Ensemble, Mode } from './ensemble.ts'
import { labelCount, labelled, labelsOf, one, table, transformed, transformOf } from './scores.ts'
import type { Transform } from './scores.ts'

/** The matrix as trees compare it: doubles as they are, all else as float32. */
function features(call: Call): { readonly value: number; readonly type: Type; readonly batch: number } {
  const { value, batch, type } = table(call, 0)
  return { value, type: type === 'float64' ? type : 'float32', batch }
}

/** nodes_*, and with `target` or `class` the weights of leaves: parallel arrays. */
function ensembleOf(call: Call, what: 'target' | 'class', isDouble: boolean, groups: number): Ensemble {
  const { attributes } = call
  const numbers = (name: string): ArrayLike<number> => {
    const tensor = attributes.tensor(`${name}_as_tensor`)
    if (tensor !== undefined && (tensor.type === 'float64') !== isDouble) throw call.refuse(`${name}_as_tensor of ${tensor.type} for an input of another type`)
    return tensor?.data ?? attributes.floats(name, []).map(Math.fround)
  }
  attributes.ignore('nodes_hitrates', 'nodes_hitrates_as_tensor')
  const treeIds = attributes.ints('nodes_treeids'), nodeIds = attributes.ints('nodes_nodeids'), feature = attributes.ints('nodes_featureids'), threshold = numbers('nodes_values')
  const words = attributes.texts('nodes_modes'), yesIds = attributes.ints('nodes_truenodeids'), noIds = attributes.ints('nodes_falsenodeids'), missing = attributes.ints('nodes_missing_value_tracks_true', [])
  const count = treeIds.length
  for (const [name, list] of Object.entries({ nodes_nodeids: nodeIds, nodes_featureids: feature, nodes_values: threshold, nodes_modes: words, nodes_truenodeids: yesIds, nodes_falsenodeids: noIds })) {
    if (list.length !== count) throw call.broken(`${list.length} ${name} for ${count} nodes`)
  }
  if (count === 0) throw call.broken('no trees')
  if (missing.length !== 0 && missing.length !== count) throw call.broken(`${missing.length} nodes_missing_value_tracks_true for ${count} nodes`)

  const trees = new Map<number, Map<number, number>>(), roots: number[] = []
  const modes = words.map((word): Mode | 'LEAF' => {
    const mode = word === 'LEAF' ? word : MODES.find(known => known === word && known !== 'BRANCH_MEMBER')
    if (mode === undefined) throw call.refuse(`the mode ${word.slice(0, 40)} of a node`)
    return mode
  })
  for (let i = 0; i < count; i++) {
    const tree = treeIds[i]!, isNew = i === 0 || treeIds[i - 1] !== tree
    if (isNew && trees.has(tree)) throw call.refuse('trees whose nodes do not lie together')
    if (isNew) {
      trees.set(tree, new Map())
      roots.push(modes[i] === 'LEAF' ? ~i : i)
    }
    if (trees.get(tree)!.has(nodeIds[i]!)) throw call.broken(`node ${nodeIds[i]} of tree ${tree} is there twice`)
    trees.get(tree)!.set(nodeIds[i]!, i)
  }
  const place = (tree: number, node: number): number => {
    const found = trees.get(tree)?.get(node)
    if (found === undefined) throw call.broken(`tree ${tree} has no node ${node}`)
    return found
  }
  const child = (i: number, id: number): number => {
    if (modes[i] === 'LEAF') return 0
    const at = place(treeIds[i]!, id)
    return modes[at] === 'LEAF' ? ~at : at
  }
  const weights = weightsOf(call, what, numbers(`${what}_weights`), groups, place)
  return {
    roots, nodes: count, leaves: count, feature, threshold, yes: Int32Array.from(yesIds, (id, i) => child(i, id)), no: Int32Array.from(noIds, (id, i) => child(i, id)),
    mode: i => modes[i] as Mode, missingYes: i => missing[i] === 1, members: () => [], weights: i => weights.get(i) ?? [],
  }
}

function weightsOf(call: Call, what: 'target' | 'class', weights: ArrayLike<number>, groups: number, place: (tree: number, node: number) => number): ReadonlyMap<number, readonly (readonly [number, number])[]> {
  const trees = call.attributes.ints(`${what}_treeids`), nodes = call.attributes.ints(`${what}_nodeids`), ids = call.attributes.ints(`${what}_ids`)
  if (trees.length !== weights.length || nodes.length !== weights.length || ids.length !== weights.length) throw call.broken(`${weights.length} weights, ${trees.length} trees, ${nodes.length} nodes and ${ids.length} ids of ${what}`)
  const found = new Map<number, [number, number][]>()
  for (const [i, id] of ids.entries()) {
    if (id < 0 || id >= groups) throw call.broken(`${what} ${id} of ${groups}`)
    const leaf = place(trees[i]!, nodes[i]!), list = found.get(leaf)
    if (list?.some(([group]) => group === id) === true) throw call.refuse(`a leaf with two weights for the same ${what}`)
    if (list === undefined) found.set(leaf, [[id, weights[i]!]])
    else list.push([id, weights[i]!])
  }
  return found
}

function baseOf(call: Call): readonly number[] {
  const tensor = call.attributes.tensor('base_values_as_tensor')
  return tensor === undefined ? call.attributes.floats('base_values', []).map(Math.fround) : [...tensor.data]
}

const regressor: Operator = call => {
  const { attributes } = call, { value, type, batch } = features(call), groups = attributes.int('n_targets', 1)
  if (groups < 1 || groups > Math.max(1024, attributes.ints('target_ids').length)) throw call.broken(`${groups} targets`)
  const given = attributes.text('aggregate_function', 'SUM'), aggregate = AGGREGATES.find(name => name === given)
  if (aggregate === undefined) throw call.refuse(`the aggregate_function ${given.slice(0, 40)}`)
  const result = regression(call, ensembleOf(call, 'target', type === 'float64', groups), value, type, groups, aggregate, baseOf(call), transformOf(call))
  // what is summed as doubles is still given as floats
  const rounded = type === 'float64' ? call.add({ op: 'unary', fn: 'same', of: result, float32: true }) : result
  return { kind: 'rows', type: 'float32', dims: [1, groups], batch, value: rounded }
}

const classifier: Operator = call => {
  const { value, type, batch } = features(call), labels = labelsOf(call, 'classlabels_strings', 'classlabels_int64s'), count = labelCount(labels), transform = transformOf(call)
  if (count < 2) throw call.refuse('a classifier of one class')
  const ensemble = ensembleOf(call, 'class', type === 'float64', count), trees = walked(call, ensemble), base = baseOf(call), ids = new Set(call.attributes.ints('class_ids')), weights = weightsIn(call)
  const scores = sums(call, ensemble, trees, value, type, count, false), float32 = type === 'float32', isPositive = weights.every(weight => weight >= 0)
  const give = (index: number, probabilities: number): readonly (Rows | undefined)[] => {
    const rounded = float32 ? probabilities : call.add({ op: 'unary', fn: 'same', of: probabilities, float32: true })
    return [call.wants(0) ? labelled(call, labels, index, batch) : undefined, { kind: 'rows', type: 'float32', dims: [1, count], batch, value: rounded }]
  }
  if (count === 2 && ids.size === 1) return give(...ofOne(call, scores, ids, base, transform, isPositive, float32))
  // a class that no leaf of a row speaks of is passed over
  const isCertain = isPositive || base.length === count || certain(ensemble, trees).size === count
  if (!isCertain) throw call.refuse('classes that only some leaves have weights for', { why: 'their scores would be compared with those of classes that were not spoken of' })
  // numbers are given as 0 and 1 whatever the labels are
  const isPair = count === 2, isPlain = 'words' in labels || labels.numbers[0] === 0 && labels.numbers[1] === 1
  if (isPair && (base.length > 0 || isPositive || !isPlain)) {
    throw call.refuse('two classes that both have weights of their own', { why: 'ONNX Runtime does not choose the one with the larger sum', fix: 'give weights for the first class id alone' })
  }
  const all = withBase(call, scores, base, count, float32)
  const index = isPair ? call.add({ op: 'binary', fn: 'greater', a: call.add({ op: 'select', of: all, columns: Int32Array.of(1) }), b: one(0) }) : call.add({ op: 'reduce', fn: 'argmax', of: all, size: count })
  return give(index, transformed(call, transform, all, count))
}

function weightsIn(call: Call): ArrayLike<number> & { every(is: (weight: number) => boolean): boolean } {
  return call.attributes.tensor('class_weights_as_tensor')?.data ?? call.attributes.floats('class_weights', [])
}

/** Two classes with weights for one of them, as ONNX Runtime reads it: a probability where no weight is below 0, else a score around 0. With
    weights for the second class the first has none. */
function ofOne(call: Call, scores: number, ids: ReadonlySet<number>, base: readonly number[], transform: Transform, isPositive: boolean, float32: boolean): readonly [number, number] {
  const [id = 0] = ids
  if (base.length > (id === 0 ? 1 : 0) || transform === 'PROBIT') throw call.refuse(`two classes with weights for one, and ${transform === 'PROBIT' ? transform : `${base.length} base_values`}`)
  const own = call.add({ op: 'select', of: scores, columns: Int32Array.of(id) }), score = withBase(call, own, base, 1, float32)
  const label = call.add({ op: 'binary', fn: 'greater', a: score, b: one(isPositive ? 0.5 : 0) })
  if (id === 1) return [label, transformed(call, transform, scores, 2)]
  const pair = (first: number): number => call.add({ op: 'concat', of: [first, score] })
  const negative = (): number => call.add({ op: 'unary', fn: 'negate', of: score })
  if (transform === 'LOGISTIC') return [label, transformed(call, transform, pair(negative()), 2)]
  return [label, pair(isPositive ? call.add({ op: 'binary', fn: 'subtract', a: one(1), b: score, float32 }) : negative())]
}

// 1 is SOFTMAX and 2 is LOGISTIC by the specification, and the other way round in ONNX Runtime
const TRANSFORMS_5: readonly (Transform | undefined)[] = ['NONE', undefined, undefined, 'SOFTMAX_ZERO', 'PROBIT']
const AGGREGATES_5 = ['AVERAGE', 'SUM', 'MIN', 'MAX'] as const

/** TreeEnsemble of version 5: nodes and leaves in arrays of their own, sets of members one after the other with a NaN behind each. */
const ensemble5: Operator = call => {
  const { attributes } = call, { value, type, batch } = features(call), groups = attributes.int('n_targets')
  const splits = tensorOf(call, 'nodes_splits', type), weights = tensorOf(call, 'leaf_weights', type), targets = attributes.ints('leaf_targetids'), codes = attributes.bytes('nodes_modes')
  const aggregate = AGGREGATES_5[attributes.int('aggregate_function', 1)], transform = TRANSFORMS_5[attributes.int('post_transform', 0)]
  if (aggregate === undefined || transform === undefined) throw call.refuse(`the aggregate_function ${attributes.int('aggregate_function', 1)} with the post_transform ${attributes.int('post_transform', 0)}`, { why: 'of transforms 1 and 2 the specification and ONNX Runtime say different things; numbers beyond 4 are not known' })
  if (groups < 1 || groups > Math.max(1024, targets.length) || targets.length !== weights.length || targets.some(target => target < 0 || target >= groups)) throw call.broken(`${targets.length} leaves for ${groups} targets`)
  attributes.ignore('nodes_hitrates')
  const count = splits.length, list = (name: string): readonly number[] => {
    const found = attributes.ints(name)
    if (found.length !== count) throw call.broken(`${found.length} ${name} for ${count} nodes`)
    return found
  }
  const feature = list('nodes_featureids'), missing = attributes.has('nodes_missing_value_tracks_true') ? list('nodes_missing_value_tracks_true') : []
  const side = (name: string): readonly number[] => {
    const isLeaf = list(`nodes_${name}leafs`), ids = list(`nodes_${name}nodeids`), wrong = ids.find(id => id < 0)
    if (wrong !== undefined) throw call.broken(`a branch to ${wrong}`)
    return ids.map((id, i) => isLeaf[i] === 0 ? id : ~id)
  }
  if (codes.length !== count || count === 0) throw call.broken(`${codes.length} nodes_modes for ${count} nodes`)
  const modes = codes.map((code): Mode => {
    if (MODES[code] === undefined) throw call.refuse(`the mode ${code} of a node`)
    return MODES[code]
  })
  const members = membersOf(call, modes), yes = side('true'), no = side('false'), roots = attributes.ints('tree_roots')
  if (roots.some(root => root < 0)) throw call.broken('a root that is no node')
  const ensemble: Ensemble = {
    roots, nodes: count, leaves: targets.length, feature, threshold: splits, yes, no, mode: i => modes[i]!, missingYes: i => missing[i] === 1, members: i => members.get(i) ?? [],
    weights: leaf => [[targets[leaf]!, weights[leaf]!]],
  }
  return { kind: 'rows', type, dims: [1, groups], batch, value: regression(call, ensemble, value, type, groups, aggregate, [], transform) }
}

function tensorOf(call: Call, name: string, type: Type): Float64Array {
  const tensor = call.attributes.tensor(name)
  if (tensor === undefined || tensor.type !== type) throw call.refuse(`${name} of ${tensor?.type ?? 'no type'} for an input of ${type}`)
  return tensor.data
}

function membersOf(call: Call, modes: readonly Mode[]): ReadonlyMap<number, readonly number[]> {
  const sets: number[][] = [[]], found = new Map<number, readonly number[]>()
  for (const value of call.attributes.tensor('membership_values')?.data ?? []) {
    if (Number.isNaN(value)) sets.push([])
    else sets.at(-1)!.push(value)
  }
  let set = 0
  for (const [node, mode] of modes.entries()) if (mode === 'BRANCH_MEMBER') {
    if (set >= sets.length || sets[set]!.length === 0) throw call.broken('a node without members')
    found.set(node, sets[set++]!)
  }
  return found
}

export const ensembles: Operators = { TreeEnsembleRegressor: regressor, TreeEnsembleClassifier: classifier, TreeEnsemble: ensemble5 }
