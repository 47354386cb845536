import { SluiceError } from '../../../core/errors.ts'
import type { Format, Model, ReadOptions } from '../../../core/models.ts'
import type { LinearModel } from '../../linear.ts'
import { groupsFit, signatureOf } from '../../objectives.ts'
import { forest, largestMembers } from '../../trees.ts'
import type { TreeEnsemble } from '../../trees.ts'
import { beginning, findFile } from '../files.ts'
import type { Place } from '../place.ts'
import { columnsOf, widthOf } from './columns.ts'
import { documentOf } from './document.ts'
import { marginOf, objectiveOf } from './objectives.ts'
import { treeOf } from './trees.ts'

/* Models saved by XGBoost as .json or .ubj (read since 1.0; tested with 1.7, 2.1 and 3.2).

   Understood: the boosters gbtree, dart and gblinear; all objectives of 3.2; forests (num_parallel_tree), several classes or targets, vector
   leaves; categorical splits (one-hot and by sets) and the category names in the file, or given where the file has lost them or has none;
   base_score as one number or one a class; early stopping (attribute best_iteration).
   Refused by name: objectives of later versions or made by users under another name; the binary form from before 1.0 (.model, .deprecated);
   more than 1,048,576 features. base_margin is not part of a model file and is not used.
   Exactness: inputs are rounded to float32 and compared as such; leaves are added to the base margin in the order of the trees, each sum
   rounded to float32. */
export const xgboost: Format = {
  name: 'xgboost',
  title: 'XGBoost .json and .ubj: gbtree, dart, gblinear',
  detect: async files => await findFile(files, EXTENSIONS, looksRight) !== undefined,
  read: async (files, options) => {
    const file = await findFile(files, EXTENSIONS, looksRight)
    if (file === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no XGBoost model', { at: files.names[0] ?? '' })
    if (isOldBinary(file.bytes)) {
      throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file.name} is of XGBoost's old binary form`, {
        at: file.name, fix: "load it with the XGBoost that wrote it and save it again: booster.save_model('model.json')",
      })
    }
    return readModel(file.name, documentOf(file.name, file.bytes), options)
  },
}

const EXTENSIONS = ['json', 'ubj', 'model', 'bin', 'xgb']
const isOldBinary = (bytes: Uint8Array): boolean => beginning(bytes, 4) === 'binf'
// the first key, with JSON's quotes or with UBJSON's length
const looksRight = (bytes: Uint8Array): boolean => /^\s*\{(?:\s*"|[iUIulmLM]\W+)(?:learner|version)/.test(beginning(bytes, 64)) || isOldBinary(bytes)

const RAW = { predict: 'prediction', margin: 'margin' }

// of the file's own counts, before anything is made of them
const GROUPS_MAX = 1 << 16

/** What all boosters share. */
interface Head {
  readonly file: string
  readonly learner: Place
  readonly parameters: Place
  readonly version: string
  /** [groups] the base margin */
  readonly start: readonly number[]
  readonly facts: { readonly [fact: string]: string }
  readonly common: Pick<TreeEnsemble, 'format' | 'groups' | 'inputs' | 'sums' | 'objective' | 'raw'>
}

function readModel(file: string, document: Place, options: ReadOptions): Model {
  const learner = document.at('learner')
  const parameters = learner.at('learner_model_param')
  const groups = Math.max(1, parameters.maybe('num_class')?.count() ?? 0, parameters.maybe('num_target')?.count() ?? 0)
  if (groups > GROUPS_MAX) throw parameters.broken(`${groups} classes or targets`)

  const name = learner.at('objective').at('name').text()
  const known = objectiveOf(name, groups)
  if (known === undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: the objective '${name.slice(0, 60)}' is not known`, { at: 'learner.objective.name' })

  const booster = learner.at('gradient_booster')
  const boosting = booster.at('name').text()
  const version = versionOf(document)
  const head: Head = {
    file, learner, parameters, version,
    start: startOf(parameters.at('base_score'), groups).map(score => marginOf(score, known.base)),
    facts: { library: `xgboost ${version}`, objective: name, boosting },
    common: { format: 'xgboost', groups, inputs: 'float32', sums: 'float32', objective: known.objective, raw: RAW },
  }
  switch (boosting) {
    case 'gbtree': return readTrees(head, booster.at('model'), undefined, options)
    case 'dart': return readTrees(head, booster.at('gbtree').at('model'), booster.at('weight_drop'), options)
    case 'gblinear': return readLinear(head, booster.at('model'), options)
    default: throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: the booster '${boosting.slice(0, 60)}' is not known`, { at: booster.path })
  }
}

function readTrees({ file, learner, parameters, version, start, facts, common }: Head, model: Place, weights: Place | undefined, options: ReadOptions): TreeEnsemble {
  const { groups, objective } = common
  const inputs = widthOf(learner)
  const trees = model.at('trees').items()
  const group = model.at('tree_info').integers()
  if (group.length !== trees.length) throw model.at('tree_info').broken(`${group.length} values for ${trees.length} trees`)
  const scale = weights?.numbers()
  if (scale !== undefined && scale.length !== trees.length) throw weights!.broken(`${scale.length} values for ${trees.length} trees`)

  const width = trees.length === 0 ? 1 : leafWidthOf(trees[0]!)
  if (width !== 1 && (width !== groups || scale !== undefined)) throw model.broken(`leaves of ${width} values in a model of ${groups} groups`)
  if (width === 1 && !groupsFit(groups, trees.length)) throw parameters.broken(`${groups} classes or targets, and ${trees.length} trees`)
  const cut = treesUsed(learner, model, trees.length, width > 1 ? 1 : groups, options)
  const grown = forest(file, inputs, width)
  for (let i = 0; i < cut.trees; i++) {
    const own = leafWidthOf(trees[i]!)
    if (own !== width) throw trees[i]!.broken(`leaves of ${own} values among trees with leaves of ${width}`)
    if (group[i]! < 0 || group[i]! >= groups) throw model.at('tree_info').broken(`tree ${i} belongs to group ${group[i]} of ${groups}`)
    grown.grow(treeOf(trees[i]!, i, width))
  }
  const { arrays, deepest, bytes } = grown.done()
  const { columns, facts: more } = columnsOf(file, learner, model, version, options, largestMembers(arrays))
  return {
    ...common, ...arrays, kind: 'trees', width: inputs, zero: 0, divisor: 1, bytes,
    start: Float64Array.from(start),
    group: Int32Array.from({ length: cut.trees }, (_, i) => group[i]!),
    scale: scale === undefined ? undefined : Float64Array.from({ length: cut.trees }, (_, i) => Math.fround(scale[i]!)),
    signature: signatureOf(columns, 'float32', groups, objective),
    facts: {
      ...facts, features: inputs, ...(groups > 1 ? { groups } : {}), trees: trees.length, 'trees used': cut.words,
      deepest, leaves: arrays.leaves.length / width, 'base margin': start.join(', '), ...more,
    },
  }
}

/** "0" before 2.1. */
const leafWidthOf = (tree: Place): number => Math.max(1, tree.at('tree_param').maybe('size_leaf_vector')?.count() ?? 1)

/** weights [features + 1, groups], the last row is the bias. The sum starts at bias + base_score[0], whatever the group: XGBoost 3.2 does so. */
function readLinear({ file, learner, version, start, facts, common }: Head, model: Place, options: ReadOptions): LinearModel {
  const { groups, objective } = common
  const { columns } = columnsOf(file, learner, model, version, options, () => undefined)
  const place = model.at('weights'), weights = place.numbers(), width = columns.length
  if (weights.length !== (width + 1) * groups) throw place.broken(`${weights.length} values for ${width} features, a bias and ${groups} groups`)
  const all = Float64Array.from(weights, Math.fround)
  if (all.some(Number.isNaN)) throw place.broken('a weight is not a number')
  return {
    ...common, kind: 'linear', width, bytes: all.byteLength, skipsNaN: true,
    start: all.subarray(width * groups).map(bias => Math.fround(bias + start[0]!)),
    weights: all.slice(0, width * groups),
    signature: signatureOf(columns, 'float32', groups, objective),
    facts: { ...facts, features: width, ...(groups > 1 ? { groups } : {}), 'base margin': start[0]! },
  }
}

/** "5E-1" before 3.1, since then "[5E-1]" or one a group. */
function startOf(place: Place, groups: number): number[] {
  const text = place.text()
  let scores: unknown
  try {
    scores = JSON.parse(text)
  } catch {
    scores = Number(text)
  }
  const list = (Array.isArray(scores) ? scores : [scores]).map(score => Math.fround(Number(score)))
  if (list.some(score => !Number.isFinite(score))) throw place.broken(`'${text.slice(0, 60)}' is no finite number`)
  if (list.length !== 1 && list.length !== groups) throw place.broken(`${list.length} values for ${groups} groups`)
  return list.length === groups ? list : Array.from({ length: groups }, () => list[0]!)
}

function versionOf(document: Place): string {
  const version = document.maybe('version')?.integers()
  return version === undefined || version.length === 0 ? 'unknown' : Array.from(version).join('.')
}

/** An iteration adds trees for every group, and several where trees are grown in parallel; best_iteration counts iterations from 0. */
function treesUsed(learner: Place, model: Place, trees: number, groups: number, options: ReadOptions): { trees: number; words: string } {
  const best = learner.maybe('attributes')?.maybe('best_iteration')
  if (best === undefined) return { trees, words: `all ${trees}` }
  const iteration = best.count()
  if (options.trees === 'all') return { trees, words: `all ${trees} (best iteration ${iteration})` }
  const pointers = model.maybe('iteration_indptr')?.integers()
  const used = pointers !== undefined && pointers.length > 0 ? pointers[iteration + 1] : (iteration + 1) * groups * parallelTrees(learner, model, iteration)
  if (used === undefined || used < 0 || used > trees) throw best.broken(`the best iteration ${iteration} lies outside of the ${trees} trees`)
  return { trees: used, words: `${used} of ${trees} (best iteration ${iteration})` }
}

function parallelTrees(learner: Place, model: Place, iteration: number): number {
  const parallel = model.at('gbtree_model_param').maybe('num_parallel_tree')?.count()
  if (parallel !== undefined && parallel > 0) return parallel
  // before 1.4 the file has only what the Python package noted: (best_iteration + 1) * num_parallel_tree
  const limit = learner.at('attributes').maybe('best_ntree_limit')?.count()
  return limit === undefined ? 1 : limit / (iteration + 1)
}
