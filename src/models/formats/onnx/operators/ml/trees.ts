import { made } from '../../call.ts'
import type { Call, Operator, Operators } from '../../call.ts'
import type { Rows, Type } from '../../values.ts'
import { MODES, sums } from './ensemble.ts'
import type { Ensemble, Mode } from './ensemble.ts'
import { labelCount, labelled, labelsOf, one, transformed, transformOf } from './scores.ts'
import type { Transform } from './scores.ts'

/** The matrix as trees compare it: doubles as they are, all else as float32. */
function features(call: Call): { readonly value: number; readonly type: Type; readonly batch: number } {
  const rows = call.rows(0), { dims, batch, type } = rows
  if (type === 'string') throw call.refuse(`${call.op} of words`)
  if (dims.length > 2 || batch > 0 || dims.length === 2 && dims[0] !== 1) throw call.refuse(`${call.op} of [${dims.join(', ')}]`, { why: 'a matrix with a row a record belongs here' })
  return { value: rows.value, type: type === 'float64' ? type : 'float32', batch }
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

const AGGREGATES = ['SUM', 'AVERAGE', 'MIN', 'MAX'] as const
export type Aggregate = typeof AGGREGATES[number]

/** What the trees say together, plus `base`, through the post_transform. */
export function regression(call: Call, ensemble: Ensemble, of: number, type: Type, groups: number, aggregate: Aggregate, base: readonly number[], transform: Transform): number {
  const isPerTree = aggregate === 'MIN' || aggregate === 'MAX', float32 = type === 'float32'
  const each = sums(call, ensemble, of, type, groups, isPerTree)
  const all = isPerTree ? call.add({ op: 'reduce', fn: aggregate === 'MIN' ? 'minimum' : 'maximum', of: each, size: ensemble.roots.length }) : each
  const mean = aggregate === 'AVERAGE' ? call.add({ op: 'binary', fn: 'divide', a: all, b: Float64Array.of(ensemble.roots.length), float32 }) : all
  return transformed(call, transform, withBase(call, mean, base, groups, float32), groups)
}

function withBase(call: Call, of: number, base: readonly number[], groups: number, float32: boolean): number {
  if (base.every(number => number === 0)) return of
  if (base.length !== groups) throw call.broken(`${base.length} base_values for ${groups} sums`)
  return call.add({ op: 'binary', fn: 'add', a: of, b: Float64Array.from(base), float32 })
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
  const ensemble = ensembleOf(call, 'class', type === 'float64', count), base = baseOf(call), ids = new Set(call.attributes.ints('class_ids'))
  const scores = sums(call, ensemble, value, type, count, false), float32 = type === 'float32'
  const give = (index: number, probabilities: number): readonly (Rows | undefined)[] => {
    const rounded = float32 ? probabilities : call.add({ op: 'unary', fn: 'same', of: probabilities, float32: true })
    return [call.wants(0) ? labelled(call, labels, index, batch) : undefined, { kind: 'rows', type: 'float32', dims: [1, count], batch, value: rounded }]
  }
  if (count > 2 || ids.size > 1) {
    if (count === 2 && base.length > 0) throw call.refuse('base_values for two classes, both with weights of their own')
    const all = withBase(call, scores, base, count, float32)
    return give(call.add({ op: 'reduce', fn: 'argmax', of: all, size: count }), transformed(call, transform, all, count))
  }
  return give(...binary(call, scores, ids, base, transform, float32))
}

/** Two classes with weights for one of them. */
function binary(call: Call, scores: number, ids: ReadonlySet<number>, base: readonly number[], transform: Transform, float32: boolean): readonly [number, number] {
  if (base.length > 1) throw call.refuse('base_values for both of two classes, and weights for one')
  const own = call.add({ op: 'select', of: scores, columns: Int32Array.of([...ids][0] ?? 0) }), score = withBase(call, own, base, 1, float32)
  const isProbability = call.attributes.floats('class_weights', []).every(weight => weight >= 0) && call.attributes.tensor('class_weights_as_tensor')?.data.every(weight => weight >= 0) !== false
  const label = call.add({ op: 'binary', fn: 'greater', a: score, b: one(isProbability ? 0.5 : 0) })
  const pair = (first: number, second: number): number => call.add({ op: 'concat', of: [first, second] })
  const rest = (of: number): number => call.add({ op: 'binary', fn: 'subtract', a: one(1), b: of, float32 })
  if (isProbability) return [label, pair(rest(score), score)]
  const negative = call.add({ op: 'unary', fn: 'negate', of: score })
  return [label, transform === 'LOGISTIC' ? transformed(call, transform, pair(negative, score), 2) : pair(negative, score)]
}

export const ensembles: Operators = { TreeEnsembleRegressor: regressor, TreeEnsembleClassifier: classifier }
export const rowsOf = (call: Call, value: number, groups: number, type: Type, batch: number): Rows => ({ ...made(call, { dims: [1, groups], batch }, type, { op: 'unary', fn: 'same', of: value }), value })
