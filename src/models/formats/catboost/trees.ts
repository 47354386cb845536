import type { TreeLeaf, TreeNode, TreeSource } from '../../trees.ts'
import type { Place, Value } from '../place.ts'
import type { Question } from './features.ts'
import { known } from './known.ts'

// CatBoost grows none deeper than 16
const DEPTH_MAX = 24

/** All nodes of a level ask the same: the leaf is the number whose bit k is the answer to splits[k]. The root asks the last one, so that the
    leaves of the binary tree come in order. leaf_values [2^depth, groups]. */
export function obliviousTree(file: string, tree: Place, index: number, questions: readonly Question[], groups: number): TreeSource {
  const asked = splitsOf(file, tree).map(split => questionOf(split.value, questions, split))
  const depth = asked.length, leaves = 2 ** depth, place = tree.at('leaf_values'), values = place.numbers()
  if (values.length !== leaves * groups) throw place.broken(`${values.length} values for ${depth} splits and ${groups} numbers a leaf`)
  const leaf = (at: number): TreeLeaf => ({ values: groups === 1 ? [values[at]!] : Array.from({ length: groups }, (_, g) => values[at * groups + g]!) })
  const node = (at: number): TreeNode => {
    const level = 31 - Math.clz32(at + 1), { node: asks } = asked[depth - 1 - level]!
    const child = (side: number): number => level < depth - 1 ? 2 * at + side : ~(2 * at + side - (leaves - 1))
    return nodeOf(asks, child(1), child(2))
  }
  return { name: `tree ${index}`, nodes: leaves - 1, leaves, root: depth === 0 ? ~0 : 0, node, leaf }
}

function splitsOf(file: string, tree: Place): readonly Place[] {
  known(file, tree, ['splits', 'leaf_values', 'leaf_weights'])
  const place = tree.maybe('splits')
  if (place === undefined || place.value === null) return []
  if (Array.isArray(place.value) && place.value.length > DEPTH_MAX) throw place.broken(`a tree of ${place.value.length} levels, more than ${DEPTH_MAX}`)
  return place.items()
}

/** Numbers a leaf, by the first tree. */
export function groupsOf(file: string, isOblivious: boolean, first: Place): number {
  if (isOblivious) {
    const values = first.at('leaf_values'), groups = values.numbers().length / 2 ** splitsOf(file, first).length
    if (!Number.isInteger(groups) || groups === 0) throw values.broken('its values do not fill the leaves')
    return groups
  }
  let at = first.value
  while (isObject(at) && Object.hasOwn(at, 'left')) at = at['left']!
  const value = isObject(at) ? at['value'] : undefined
  if (Array.isArray(value) && value.length > 0) return value.length
  if (typeof value !== 'number') throw first.broken('a leaf has no value')
  return 1
}

interface Node { readonly [key: string]: Value }
const isObject = (value: Value | undefined): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)

/** {split, left, right} or {value, weight}: nodes in each other, however deep. */
export function nestedTree(tree: Place, index: number, questions: readonly Question[], groups: number): TreeSource {
  const nodes: { readonly asks: Question['node']; left: number; right: number }[] = [], leaves: (readonly number[])[] = []
  const open: { readonly value: Value | undefined; readonly parent: number; readonly side: 'left' | 'right' }[] = [{ value: tree.value, parent: -1, side: 'left' }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, parent, side } = next
    if (!isObject(value)) throw tree.broken('a node is no object')
    const strange = Object.keys(value).find(key => !(Object.hasOwn(value, 'split') ? ['split', 'left', 'right'] : ['value', 'weight']).includes(key))
    if (strange !== undefined) throw tree.broken(`a node has a '${strange.slice(0, 40)}'`)
    let made: number
    if (Object.hasOwn(value, 'split')) {
      made = nodes.push({ asks: questionOf(value['split'], questions, tree).node, left: 0, right: 0 }) - 1
      open.push({ value: value['right'], parent: made, side: 'right' }, { value: value['left'], parent: made, side: 'left' })
    } else made = -leaves.push(leafOf(value['value'], groups, tree))
    if (parent >= 0) nodes[parent]![side] = made
  }
  return {
    name: `tree ${index}`, nodes: nodes.length, leaves: leaves.length, root: nodes.length === 0 ? ~0 : 0,
    node: at => nodeOf(nodes[at]!.asks, nodes[at]!.left, nodes[at]!.right), leaf: at => ({ values: leaves[at]! }),
  }
}

function leafOf(value: Value | undefined, groups: number, tree: Place): readonly number[] {
  const values = Array.isArray(value) ? value as readonly Value[] : [value]
  if (values.length !== groups || !values.every(number => typeof number === 'number')) throw tree.broken(`a leaf has not ${groups === 1 ? 'a number' : `${groups} numbers`}`)
  return values
}

/** split_index is what CatBoost goes by; what else the split says must agree. */
function questionOf(split: Value | undefined, questions: readonly Question[], place: Place): Question {
  if (!isObject(split)) throw place.broken('a split is no object')
  const question = questions[split['split_index'] as number]
  if (question === undefined) throw place.broken(`split_index ${JSON.stringify(split['split_index'])?.slice(0, 40)} of ${questions.length} splits`)
  const { type, index, value } = question, isNumber = type === 'FloatFeature'
  const told = isNumber ? split['border'] : split['value'], keys = isNumber ? ['split_type', 'split_index', 'float_feature_index', 'border'] : ['split_type', 'split_index', 'cat_feature_index', 'value']
  const agrees = split['split_type'] === type && split[keys[2]!] === index && typeof told === 'number' && (isNumber ? Math.fround(told) : told) === value
  if (!agrees || Object.keys(split).some(key => !keys.includes(key))) throw place.broken(`a split says other things than split ${JSON.stringify(split['split_index'])} of features_info`)
  return question
}

function nodeOf(asks: Question['node'], left: number, right: number): TreeNode {
  const { feature, threshold, flags, words } = asks
  return words === undefined ? { feature, threshold, flags, left, right } : { feature, threshold, flags, left, right, words }
}
