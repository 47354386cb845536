import { splitAt, splitIn } from '../../stages/trees.ts'
import type { TreeNode, TreeSource } from '../../trees.ts'
import type { Data } from './data.ts'
import type { Folder } from './folder.ts'
import type { Metadata } from './metadata.ts'

// categories a node; Spark has as many as maxBins, 32 where nobody asks for more
const CATEGORIES_MAX = 2 ** 16

export interface Trees { readonly trees: readonly TreeSource[]; readonly weights: Float64Array; readonly width: number }

/** The tree of a DecisionTree model. */
export async function treeIn(folder: Folder, metadata: Metadata, classes: number | undefined): Promise<Trees> {
  const data = await folder.table('data')
  const rows = rowsOf(data, '', data.numbers('id').map(() => 0))
  return { trees: [treeOf(rows, [...rows.id.keys()], 'the tree', classes)], weights: Float64Array.of(1), width: metadata.count('numFeatures') }
}

/** The trees of a forest, with their weights. */
export async function treesIn(folder: Folder, metadata: Metadata, classes: number | undefined): Promise<Trees> {
  const data = await folder.table('data'), about = await folder.table('treesMetadata')
  // Spark 4.3 leaves their names out
  const isNamed = about.has('treeID'), ids = about.numbers(isNamed ? 'treeID' : '_1'), weights = about.numbers(isNamed ? 'weights' : '_3'), tree = data.numbers('treeID')
  const order = [...ids.keys()].sort((a, b) => ids[a]! - ids[b]!)
  if (order.some((at, i) => ids[at] !== i) || ids.length !== metadata.count('numTrees')) throw about.broken(`${ids.length} trees, which are not numbered from 0 to ${metadata.count('numTrees') - 1}`)
  const of = ids.map((): number[] => [])
  for (const [row, id] of tree.entries()) {
    if (of[id] === undefined) throw data.broken(`a node belongs to tree ${id} of ${ids.length}`)
    of[id].push(row)
  }
  const rows = rowsOf(data, 'nodeData.', tree)
  return { trees: of.map((own, id) => treeOf(rows, own, `tree ${id}`, classes)), weights: Float64Array.from(order, at => weights[at]!), width: metadata.count('numFeatures') }
}

interface Rows {
  readonly data: Data
  readonly id: readonly number[]
  readonly prediction: readonly number[]
  readonly stats: readonly (readonly number[])[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  readonly feature: readonly number[]
  readonly values: readonly (readonly number[])[]
  readonly categories: readonly number[]
}

function rowsOf(data: Data, prefix: string, tree: readonly number[]): Rows {
  const numbers = (name: string): readonly number[] => data.numbers(`${prefix}${name}`)
  const rows = {
    data, id: numbers('id'), prediction: numbers('prediction'), stats: data.lists(`${prefix}impurityStats`), left: numbers('leftChild'), right: numbers('rightChild'),
    feature: numbers('split.featureIndex'), values: data.lists(`${prefix}split.leftCategoriesOrThreshold`), categories: numbers('split.numCategories'),
  }
  if (tree.length !== rows.id.length) throw data.broken(`${rows.id.length} nodes in ${tree.length} rows`)
  return rows
}

/** Rows of one tree in any order; ids count from 0, the root. A node without children (-1) is a leaf. */
function treeOf(rows: Rows, own: number[], name: string, classes: number | undefined): TreeSource {
  const { id, left, right, data } = rows
  own.sort((a, b) => id[a]! - id[b]!)
  if (own.length === 0 || own.some((row, i) => id[row] !== i)) throw data.broken(`the nodes of ${name} are not numbered from 0 to ${own.length - 1}`)
  const reference = (child: number): number => {
    const row = own[child]
    if (row === undefined) throw data.broken(`${name} has no node ${child}`)
    return left[row]! < 0 ? ~child : child
  }
  return {
    name, nodes: own.length, leaves: own.length, root: reference(0),
    node: at => splitOf(rows, own[at]!, `${name}, node ${at}`, reference),
    leaf(at) {
      const row = own[at]!
      if (right[row]! >= 0) throw data.broken(`${name}, node ${at} has one child`)
      return { values: classes === undefined ? [rows.prediction[row]!] : rows.stats[row]! }
    },
  }
}

/** Spark's sets hold the smaller side: the categories that go left if they are at most half of all, else those that go right. What is no category at all goes
    the other way than the set. */
function splitOf({ data, left, right, feature, values, categories }: Rows, row: number, name: string, reference: (child: number) => number): TreeNode {
  const to: [number, number] = [reference(left[row]!), reference(right[row]!)], own = values[row]!, count = categories[row]!
  if (count === -1) {
    if (own.length !== 1) throw data.broken(`${name} has ${own.length} thresholds`)
    return splitAt(feature[row]!, own[0]!, ...to)
  }
  if (!(Number.isInteger(count) && count > 0 && own.every(category => Number.isInteger(category) && category >= 0 && category < count))) throw data.broken(`${name} names a category that is none of ${count}`)
  if (count > CATEGORIES_MAX) throw data.broken(`${name} has ${count} categories`)
  const members = new Set(own), isLeft = own.length <= Math.floor(count / 2)
  return splitIn(feature[row]!, isLeft ? members : Array.from({ length: count }, (_, i) => i).filter(i => !members.has(i)), isLeft, ...to)
}
