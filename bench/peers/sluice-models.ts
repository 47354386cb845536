/** The peers' logistic regression and forest in formats that Sluice reads to the last bit: XGBoost gblinear, LightGBM text whose trees are averaged; and the network, which is ONNX for all.
    node bench/peers/sluice-models.ts MODELS_DIR      reads lr.json, rf.json and ffnn.onnx there, writes lr.model, rf.model and ffnn.model */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]!, read = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
const names = Array.from({ length: 30 }, (_, i) => `f${i}`)

const { coef, intercept } = read<{ readonly coef: readonly number[]; readonly intercept: number }>('lr.json')
writeFileSync(join(folder, 'lr.model'), JSON.stringify({
  learner: {
    attributes: {}, feature_names: names, learner_model_param: { base_score: '[5E-1]', num_class: '0', num_feature: '30', num_target: '1' }, objective: { name: 'binary:logistic' },
    gradient_booster: { name: 'gblinear', model: { weights: [...coef, intercept].map(Math.fround) } },
  },
  version: [3, 2, 0],
}))

interface Tree { readonly feature: readonly number[]; readonly threshold: readonly number[]; readonly left: readonly number[]; readonly right: readonly number[]; readonly value: readonly (readonly [number, number])[] }
const blocks = read<{ readonly trees: readonly Tree[] }>('rf.json').trees.map(({ feature, threshold, left, right, value }, i) => {
  const number = new Map<number, number>()          // nodes and leaves are numbered apart
  let inner = 0, leaves = 0
  for (let node = 0; node < left.length; node++) number.set(node, left[node]! < 0 ? ~leaves++ : inner++)
  const nodes = [...number.keys()].filter(node => number.get(node)! >= 0), of = (pick: (node: number) => number): string => nodes.map(pick).join(' ')
  return `Tree=${i}
num_leaves=${leaves}
num_cat=0
split_feature=${of(node => feature[node]!)}
split_gain=${of(() => 1)}
threshold=${of(node => threshold[node]!)}
decision_type=${of(() => 2)}
left_child=${of(node => number.get(left[node]!)!)}
right_child=${of(node => number.get(right[node]!)!)}
leaf_value=${[...number.keys()].filter(node => number.get(node)! < 0).map(node => value[node]![1]).join(' ')}
is_linear=0
shrinkage=1

`
})
writeFileSync(join(folder, 'rf.model'), `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=29
objective=regression
average_output
feature_names=${names.join(' ')}
feature_infos=${names.map(() => '[-1e30:1e30]').join(' ')}
tree_sizes=${blocks.map(block => block.length).join(' ')}

${blocks.join('')}end of trees

pandas_categorical:null
`)

copyFileSync(join(folder, 'ffnn.onnx'), join(folder, 'ffnn.model'))
