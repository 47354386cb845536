/** Made-up XGBoost models, for what is to be measured without training. */

const text = (names: readonly string[], booster: object): string => JSON.stringify({
  learner: {
    attributes: {}, feature_names: names, learner_model_param: { base_score: '[5E-1]', num_class: '0', num_feature: String(names.length), num_target: '1' },
    objective: { name: 'binary:logistic' }, gradient_booster: booster,
  },
  version: [3, 2, 0],
})

/** Full trees. `random`: from 0 to 1. */
export function forestOf(names: readonly string[], trees: number, depth: number, random: () => number): string {
  const nodes = 2 ** (depth + 1) - 1, inner = 2 ** depth - 1
  const each = (of: (node: number) => number): number[] => Array.from({ length: nodes }, (_, i) => of(i))
  const tree = (): unknown => ({
    left_children: each(i => i < inner ? 2 * i + 1 : -1), right_children: each(i => i < inner ? 2 * i + 2 : -1), split_indices: each(i => i < inner ? Math.floor(random() * names.length) : 0),
    split_conditions: each(i => Math.fround(i < inner ? random() : random() / 10 - 0.05)), default_left: each(() => random() < 0.5 ? 1 : 0), split_type: each(() => 0), tree_param: { size_leaf_vector: '1' },
  })
  return text(names, { name: 'gbtree', model: { gbtree_model_param: {}, tree_info: Array.from({ length: trees }, () => 0), trees: Array.from({ length: trees }, tree) } })
}

export const logisticOf = (names: readonly string[], random: () => number): string =>
  text(names, { name: 'gblinear', model: { weights: Array.from({ length: names.length + 1 }, () => Math.fround((random() - 0.5) / 10)) } })
