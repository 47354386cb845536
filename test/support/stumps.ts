/** A model of one question, whose answer can be seen: the margin is `base` + (feature < threshold ? left : right); missing values go left. */
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

/** The file that XGBoost 3.2 would write. */
export function stump(stump: Stump = {}): string {
  const { features = ['distance'], asks = 0, threshold = 100, left = -1, right = 1, base = 0, categories = {}, objective = 'reg:squarederror', trees = 1 } = stump
  const tree = (id: number) => ({
    base_weights: [0, left, right], categories: [], categories_nodes: [], categories_segments: [], categories_sizes: [], default_left: [1, 0, 0], id,
    left_children: [1, -1, -1], loss_changes: [1, 0, 0], parents: [2147483647, 0, 0], right_children: [2, -1, -1], split_conditions: [threshold, left, right],
    split_indices: [asks, 0, 0], split_type: [0, 0, 0], sum_hessian: [2, 1, 1],
    tree_param: { num_deleted: '0', num_feature: String(features.length), num_nodes: '3', size_leaf_vector: '1' },
  })
  const encoded = features.map((_, index) => encode(categories[index] ?? []))
  const segments = encoded.reduce<number[]>((ends, { offsets }) => [...ends, ends.at(-1)! + Math.max(0, offsets.length - 1)], [0])
  return JSON.stringify({
    learner: {
      attributes: {}, feature_names: features, feature_types: features.map((_, index) => (categories[index] === undefined ? 'float' : 'c')),
      gradient_booster: {
        model: {
          cats: { enc: encoded, feature_segments: segments, sorted_idx: encoded.flatMap(({ offsets }) => offsets.slice(1).map((_, i) => i)) },
          gbtree_model_param: { num_parallel_tree: '1', num_trees: String(trees) }, iteration_indptr: Array.from({ length: trees + 1 }, (_, i) => i),
          tree_info: Array.from({ length: trees }, () => 0), trees: Array.from({ length: trees }, (_, id) => tree(id)),
        },
        name: 'gbtree',
      },
      learner_model_param: { base_score: `[${base}]`, boost_from_average: '0', num_class: '0', num_feature: String(features.length), num_target: '1' },
      objective: { name: objective, reg_loss_param: { scale_pos_weight: '1' } },
    },
    version: [3, 2, 0],
  })
}

function encode(words: readonly string[]): { offsets: number[]; values: number[] } {
  if (words.length === 0) return { offsets: [], values: [] }
  const offsets = [0], values: number[] = []
  for (const word of words) {
    values.push(...new Int8Array(new TextEncoder().encode(word)))
    offsets.push(values.length)
  }
  return { offsets, values }
}
