import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SluiceError } from '../../src/core/errors.ts'
import { readModel } from '../../src/models/index.ts'
import type { TreeEnsemble } from '../../src/models/index.ts'
import { bytesOf, load, oneFile } from './golden.ts'

// the tests reach into whatever is there
type Json = ReturnType<typeof JSON.parse>
const encoder = new TextEncoder()

async function refused(file: string, bytes: Uint8Array, code: string, what: RegExp, at?: RegExp): Promise<void> {
  await assert.rejects(readModel(oneFile(file, bytes)), (error: unknown) => {
    assert.ok(error instanceof SluiceError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, what)
    if (at !== undefined) assert.match(error.at ?? '', at)
    return true
  })
}

/** The XGBoost model with something changed. */
const xgboost = (name: string, change: (learner: Json, document: Json) => void): Uint8Array => {
  const document = JSON.parse(new TextDecoder().decode(bytesOf(`xgboost/${name}/model.json`))) as Json
  change(document['learner'], document)
  return encoder.encode(JSON.stringify(document))
}
const tree = (learner: Json, i: number): Json => learner['gradient_booster'].model.trees[i]

const XGBOOST: [string, string, RegExp, RegExp | undefined, (learner: Json, document: Json) => void][] = [
  ['a child beyond the tree', 'bin-cancer', /node 9999 of/, /tree 3, node 9999/, l => { tree(l, 3)['left_children'][0] = 9999 }],
  ['a child that is its own parent', 'bin-cancer', /cycle/, /tree 2, node 0/, l => { tree(l, 2)['right_children'][0] = 0 }],
  ['a cycle further down', 'bin-cancer', /reached twice/, /tree 2/, l => { tree(l, 2)['left_children'][2] = 1 }],
  ['a negative child', 'bin-cancer', /tree 1, node 0: a child is out of range/, /trees\[1\]/, l => { tree(l, 1)['right_children'][0] = -7 }],
  ['a feature beyond the features', 'bin-cancer', /feature index 30 of 30/, /tree 0, node 0/, l => { tree(l, 0)['split_indices'][0] = 30 }],
  ['a threshold that is not a number', 'bin-cancer', /threshold is not a number/, /tree 0, node 0/, l => { tree(l, 0)['split_conditions'][0] = null }],
  ['a text for a threshold', 'bin-cancer', /element 0 is not a number/, /trees\[0\]\.split_conditions/, l => { tree(l, 0)['split_conditions'][0] = 'x' }],
  ['a leaf that is not a number', 'bin-cancer', /leaf is not a number/, /tree 0, leaf/, l => { const t = tree(l, 0); t['split_conditions'][t['left_children'].lastIndexOf(-1)] = null }],
  ['an array that is missing', 'bin-cancer', /'default_left' is missing/, /trees\[4\]/, l => { delete tree(l, 4)['default_left'] }],
  ['an array that is too short', 'bin-cancer', /values for \d+ nodes/, /trees\[4\]\.split_indices/, l => { tree(l, 4)['split_indices'].pop() }],
  ['a tree without nodes', 'bin-cancer', /no nodes/, /trees\[4\]/, l => { tree(l, 4)['left_children'] = [] }],
  ['a number for an array', 'bin-cancer', /a list belongs here/, /trees\[4\]\.left_children/, l => { tree(l, 4)['left_children'] = 3 }],
  ['a negative count of features', 'bin-cancer', /not a count/, /num_feature/, l => { l['learner_model_param'].num_feature = '-3' }],
  ['a huge count of features', 'bin-cancer', /more than 1048576/, /num_feature/, l => { l['learner_model_param'].num_feature = '2147483647'; l['feature_names'] = [] }],
  ['a huge count of classes', 'bin-cancer', /classes/, /learner_model_param/, l => { l['learner_model_param'].num_class = '2147483647' }],
  ['names for other features', 'bin-cancer', /29 names for 30/, /feature_names/, l => { l['feature_names'].pop() }],
  ['a base_score that is not a number', 'bin-cancer', /no finite number/, /base_score/, l => { l['learner_model_param'].base_score = '[abc]' }],
  ['base_scores for other classes', 'bin-cancer', /2 values for 1/, /base_score/, l => { l['learner_model_param'].base_score = '[1,2]' }],
  ['a tree of a class that is not there', 'multi-iris', /group 3 of 3/, /tree_info/, l => { l['gradient_booster'].model.tree_info[0] = 3 }],
  ['a best iteration beyond the trees', 'bin-cancer', /best iteration 77/, /best_iteration/, l => { l['attributes'].best_iteration = '77' }],
  ['weights for other trees', 'dart-cancer', /19 values for 20 trees/, /weight_drop/, l => { l['gradient_booster'].weight_drop.pop() }],
  ['weights for other features', 'gblinear-diabetes', /10 values for 10 features/, /weights/, l => { l['gradient_booster'].model.weights.pop() }],
  ['a vector leaf beyond the weights', 'multitree-vector-leaf-trump', /outside of leaf_weights/, /trees\[0\]/, l => { tree(l, 0)['leaf_weights'].pop() }],
  ['leaves of another width', 'multitree-vector-leaf-trump', /leaves of 1 values/, /trees\[1\]/, l => { tree(l, 1)['tree_param'].size_leaf_vector = '1' }],
  ['categories beyond their array', 'cat-partition-orders', /lie outside/, /categories_segments/, l => { const t = withCategories(l); t['categories_sizes'][0] = 9999 }],
  ['a negative category', 'cat-partition-orders', /category -1/, /categories/, l => { withCategories(l)['categories'][0] = -1 }],
  ['a category that takes a gigabyte of bits', 'cat-partition-orders', /category 2147483647/, /categories/, l => { withCategories(l)['categories'][0] = 2147483647 }],
  ['a categorical node without categories', 'cat-partition-orders', /different lengths/, /trees/, l => { withCategories(l)['categories_nodes'].pop() }],
  ['names of categories beyond their bytes', 'cat-onehot-orders', /lies outside/, /enc\[1\]\.offsets/, l => { l['gradient_booster'].model.cats.enc[1].offsets[2] = 9999 }],
  ['no learner', 'bin-cancer', /'learner' is missing/, undefined, (_, d) => { delete d['learner'] }],
]
const withCategories = (learner: Json): Json => learner['gradient_booster'].model.trees.find((t: Json) => t['categories_nodes'].length > 0)

for (const [danger, name, what, at, change] of XGBOOST) {
  test(`XGBoost refuses ${danger}`, async () => {
    // the key is in front, as XGBoost has it, so that the file is recognised without its learner
    const bytes = danger === 'no learner' ? encoder.encode('{"version":[3,2,0]}') : xgboost(name, change)
    await refused('model.json', bytes, 'SLUICE_MODEL_BROKEN', what, at)
  })
}

test('XGBoost refuses what it does not know by its name', async () => {
  await refused('m.json', xgboost('bin-cancer', l => { l['objective'].name = 'reg:secret' }), 'SLUICE_MODEL_UNSUPPORTED', /'reg:secret'/)
  await refused('m.json', xgboost('bin-cancer', l => { l['objective'].name = 'constructor' }), 'SLUICE_MODEL_UNSUPPORTED', /'constructor'/)
  await refused('m.json', xgboost('bin-cancer', l => { l['gradient_booster'].name = 'gbforest' }), 'SLUICE_MODEL_UNSUPPORTED', /'gbforest'/)
  await refused('m.model', encoder.encode('binf\0\0\0\0'), 'SLUICE_MODEL_UNSUPPORTED', /old binary form/)
})

test('XGBoost writes NaN and Infinity as bare words: those that are not used do no harm', async () => {
  const text = new TextDecoder().decode(bytesOf('xgboost/bin-cancer/model.json')).replace(/"loss_changes":\[[^,]+,[^,]+/, '"loss_changes":[NaN,-Infinity')
  assert.match(text, /\[NaN,-Infinity/)
  const model = await readModel(oneFile('model.json', encoder.encode(text)))
  assert.deepEqual({ ...model }, { ...(await load('xgboost/bin-cancer/model.json')).model })
})

/** The LightGBM model with its text changed; the change must find what it changes. */
const lightgbm = (name: string, from: string | RegExp, to: string): Uint8Array => {
  const text = new TextDecoder().decode(bytesOf(`lightgbm/${name}/model.txt`)), changed = text.replace(from, to)
  assert.notEqual(changed, text)
  return encoder.encode(changed)
}

const LIGHTGBM: [string, string, RegExp, RegExp | undefined, string | RegExp, string][] = [
  ['a child beyond the tree', 'bin-cancer', /node 999 of/, /tree 0, node 999/, /left_child=\S+/, 'left_child=999'],
  ['a leaf beyond the tree', 'bin-cancer', /leaf 998 of/, /tree 0, leaf 998/, /left_child=\S+/, 'left_child=-999'],
  ['a leaf number that wraps around', 'bin-cancer', /out of range/, /tree 0/, /left_child=\S+/, 'left_child=-4294967297'],
  ['a cycle', 'bin-cancer', /reached twice/, /tree 0, node 0/, /right_child=\S+/, 'right_child=0'],
  ['a feature beyond the features', 'bin-cancer', /feature index 30 of 30/, /tree 0, node 0/, /split_feature=\d+/, 'split_feature=30'],
  ['a threshold that is not a number', 'bin-cancer', /'nan' in 'threshold'/, /tree 0/, /threshold=\S+/, 'threshold=nan'],
  ['a missing array', 'bin-cancer', /'right_child' is missing/, /tree 0/, 'right_child=', 'wrong_child='],
  ['a huge count of leaves', 'bin-cancer', /belong/, /tree 0/, /num_leaves=\d+/, 'num_leaves=999999999999'],
  ['a tree of no leaves', 'bin-cancer', /no leaves/, /tree 0/, /num_leaves=\d+/, 'num_leaves=0'],
  ['a negative count', 'bin-cancer', /not a count/, /tree 0/, /num_leaves=\d+/, 'num_leaves=-5'],
  ['other names than features', 'bin-cancer', /feature names/, /header/, /max_feature_idx=\d+/, 'max_feature_idx=99'],
  ['a tree that is left out', 'bin-cancer', /where tree 1 belongs/, /tree 1/, 'Tree=1\n', 'Tree=2\n'],
  ['other trees than classes', 'multi-iris', /for 5 groups/, /header/, 'num_tree_per_iteration=3', 'num_tree_per_iteration=5'],
  ['no classes', 'multi-iris', /for 0 groups/, /header/, 'num_tree_per_iteration=3', 'num_tree_per_iteration=0'],
  ['other trees than sizes', 'bin-cancer', /tree_sizes says/, /header/, 'tree_sizes=', 'tree_sizes=1 '],
  ['a set beyond the sets', 'cat-str-orders', /set 6.77\S+ of node 0 lies outside of the 1 sets/, /tree 0/, 'decision_type=2', 'decision_type=1'],
  ['a set of a negative size', 'cat-code-orders', /'cat_threshold' has/, /tree/, /cat_boundaries=0 \d+/, 'cat_boundaries=0 -1'],
  ['words beyond the words', 'cat-code-orders', /'cat_threshold' has/, /tree/, /(cat_threshold=)\d+ ?/, '$1'],
  ['an unknown missing type', 'bin-cancer', /missing type 3/, /tree 0/, /decision_type=\d+/, 'decision_type=14'],
  ['a linear leaf of a feature beyond the features', 'linear-tree-diabetes', /feature index 99 of 10/, /leaf/, /leaf_features=\d+/, 'leaf_features=99'],
  ['pandas_categorical that is cut', 'cat-str-orders', /cut off/, /header/, /(pandas_categorical:.{20}).*/, '$1'],
  ['parameters that are cut', 'bin-cancer', /ends before its parameters/, /parameters/, /end of parameters[^]*/, ''],
  ['trees that are cut', 'bin-cancer', /ends before the trees/, /tree 29/, /end of trees[^]*/, ''],
]
for (const [danger, name, what, at, from, to] of LIGHTGBM) test(`LightGBM refuses ${danger}`, () => refused('model.txt', lightgbm(name, from, to), 'SLUICE_MODEL_BROKEN', what, at))

test('LightGBM writes inf for a bin without an upper end: all but NaN goes left', async () => {
  const model = await readModel(oneFile('model.txt', lightgbm('bin-cancer', /threshold=\S+/, 'threshold=inf'))) as TreeEnsemble
  assert.equal(model.threshold[model.roots[0]!], Infinity)
})

test('LightGBM refuses what it does not know by its name', async () => {
  await refused('m.txt', lightgbm('bin-cancer', 'objective=binary', 'objective=secret'), 'SLUICE_MODEL_UNSUPPORTED', /'secret sigmoid:1'/)
  await refused('m.txt', lightgbm('bin-cancer', 'version=v4', 'version=v9'), 'SLUICE_MODEL_UNSUPPORTED', /'v9'/)
  await refused('m.txt', lightgbm('cat-str-orders', 'pandas_categorical:[', 'pandas_categorical:[["x"], '), 'SLUICE_MODEL_UNSUPPORTED', /cannot be told/)
})

test('what is no model is unknown', async () => {
  for (const text of ['', '{', '{}', '{"oblivious_trees":[]}', 'tree', 'hello\n', '[1,2]']) await refused('model.json', encoder.encode(text), 'SLUICE_MODEL_UNKNOWN', text === '' ? /model.json is empty/ : /no format recognises model.json/)
})
