/** Model files as XGBoost 3.2 writes them, made by rule, so that their answers can be seen or their size chosen. */

export interface Stump {
  readonly features?: readonly string[]
  /** Index of the feature that is asked. */
  readonly asks?: number
  readonly threshold?: number
  readonly left?: number
  readonly right?: number
  readonly base?: number
  /** Categories of the features that have some, by index. */
  readonly categories?: { readonly [feature: number]: readonly string[] }
  readonly objective?: string
  /** The same tree so often. */
  readonly trees?: number
}
/** One question; the margin is `base` + (feature < threshold ? left : right), missing values go left. */
export function stump(options: Stump = {}): string {
  const { features = ['distance'], asks = 0, threshold = 100, left = -1, right = 1, base = 0, categories = {}, objective = 'reg:squarederror', trees = 1 } = options
  const tree: Tree = { feature: [asks, 0, 0], value: [threshold, left, right], missingLeft: [1, 0, 0] }
  return file({ features, categories, objective, base, trees: Array.from({ length: trees }, () => tree) })
}

/** Full trees of random questions. */
export function forest({ trees, depth, width, seed = 1 }: { readonly trees: number; readonly depth: number; readonly width: number; readonly seed?: number }): string {
  let state = seed
  const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32
  const inner = 2 ** depth - 1
  const list = (of: (node: number) => number): number[] => Array.from({ length: 2 * inner + 1 }, (_, node) => of(node))
  const tree = (): Tree => ({
    feature: list(node => (node < inner ? Math.floor(random() * width) : 0)),
    value: list(node => Number(((random() - 0.5) * (node < inner ? 20 : 0.2)).toPrecision(8))), missingLeft: list(() => (random() < 0.5 ? 0 : 1)),
  })
  const features = Array.from({ length: width }, (_, i) => `f${i}`)
  return file({ features, categories: {}, objective: 'binary:logistic', base: 0.5, trees: Array.from({ length: trees }, tree) })
}

/** A full tree, level by level: first the questions, then the leaves. */
interface Tree { readonly feature: readonly number[]; readonly value: readonly number[]; readonly missingLeft: readonly number[] }
type File = Required<Pick<Stump, 'features' | 'categories' | 'objective' | 'base'>> & { readonly trees: readonly Tree[] }

function file({ features, categories, objective, base, trees }: File): string {
  const encoded = features.map((_, index) => encode(categories[index] ?? []))
  const segments = [0]
  for (const { offsets } of encoded) segments.push(segments.at(-1)! + Math.max(0, offsets.length - 1))
  return JSON.stringify({
    learner: {
      attributes: {}, feature_names: features, feature_types: features.map((_, index) => (categories[index] === undefined ? 'float' : 'c')),
      gradient_booster: {
        model: {
          cats: { enc: encoded, feature_segments: segments, sorted_idx: encoded.flatMap(({ offsets }) => offsets.slice(1).map((_, i) => i)) },
          gbtree_model_param: { num_parallel_tree: '1', num_trees: String(trees.length) }, iteration_indptr: [0, ...trees.map((_, i) => i + 1)],
          tree_info: trees.map(() => 0), trees: trees.map((tree, id) => treeOf(tree, id, features.length)),
        },
        name: 'gbtree',
      },
      learner_model_param: { base_score: `[${base}]`, boost_from_average: '0', num_class: '0', num_feature: String(features.length), num_target: '1' },
      objective: { name: objective, reg_loss_param: { scale_pos_weight: '1' } },
    },
    version: [3, 2, 0],
  })
}

function treeOf({ feature, value, missingLeft }: Tree, id: number, width: number): object {
  const inner = (value.length - 1) / 2
  const list = (of: (node: number) => number): number[] => value.map((_, node) => of(node))
  return {
    base_weights: value, categories: [], categories_nodes: [], categories_segments: [], categories_sizes: [], default_left: missingLeft, id,
    left_children: list(node => (node < inner ? 2 * node + 1 : -1)), loss_changes: list(node => (node < inner ? 1 : 0)),
    parents: list(node => (node === 0 ? 2_147_483_647 : (node - 1) >> 1)), right_children: list(node => (node < inner ? 2 * node + 2 : -1)),
    split_conditions: value, split_indices: feature, split_type: list(() => 0), sum_hessian: list(() => 1),
    tree_param: { num_deleted: '0', num_feature: String(width), num_nodes: String(value.length), size_leaf_vector: '1' },
  }
}

/** UTF-8 as signed bytes, one word after the other. */
function encode(words: readonly string[]): { offsets: number[]; values: number[] } {
  if (words.length === 0) return { offsets: [], values: [] }
  const offsets = [0], values: number[] = []
  for (const word of words) {
    values.push(...new Int8Array(new TextEncoder().encode(word)))
    offsets.push(values.length)
  }
  return { offsets, values }
}
