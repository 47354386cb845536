import { SluiceError } from '../../core/errors.ts'
import type { Column } from '../../core/tensors.ts'
import type { Pipeline, RawColumn, Stage } from './stages.ts'

/** Columns that a stage reads. Several times the same: once. */
export function readsOf(stage: Stage): readonly string[] {
  if ('inputs' in stage) return [...new Set(stage.inputs)]
  if ('input' in stage) return [stage.input]
  return stage.stage === 'glm' && stage.offset !== undefined ? [stage.features, stage.offset] : [stage.features]
}
/** Columns that a stage adds. */
export function makesOf(stage: Stage): readonly string[] {
  if ('output' in stage) return [stage.output]
  const made = [
    stage.prediction, 'probability' in stage ? stage.probability : undefined, 'raw' in stage ? stage.raw : undefined,
    stage.stage === 'glm' ? stage.linkPrediction : undefined, stage.stage === 'aft_survival' ? stage.quantiles?.column : undefined,
  ]
  return made.filter(name => name !== undefined)
}
export const isModel = (stage: Stage): boolean => 'features' in stage

/** The stages that have a part in the answer: all models, what follows from them, what those need; without a model all. */
export function stagesUsed({ stages }: Pipeline): readonly Stage[] {
  if (!stages.some(isModel)) return stages
  const answers = new Set<string>(), needed = new Set<string>()
  const used = stages.map(stage => {
    const follows = isModel(stage) || readsOf(stage).some(name => answers.has(name))
    if (follows) for (const name of makesOf(stage)) answers.add(name)
    return follows
  })
  for (let i = stages.length - 1; i >= 0; i--) {
    if (!used[i] && !makesOf(stages[i]!).some(name => needed.has(name))) continue
    used[i] = true
    for (const name of readsOf(stages[i]!)) needed.add(name)
  }
  return stages.filter((_, i) => used[i])
}

export interface Raw extends RawColumn {
  /** The columns of the input matrix. */
  readonly columns: readonly Column[]
  /** Of a column that is compared with words: what the categories are, as text. */
  readonly words?: readonly string[]
}

/** Columns that are read and made by no stage. @throws SLUICE_MODEL_BROKEN */
export function rawColumns(file: string, stages: readonly Stage[], known: readonly RawColumn[]): readonly Raw[] {
  const made = new Set(stages.flatMap(makesOf)), readers = new Map<string, Stage[]>()
  const order = new Set(known.map(({ name }) => name)), read = new Set<string>()
  for (const stage of stages) {
    for (const name of readsOf(stage)) {
      if (made.has(name)) continue
      read.add(name)
      order.add(name)
      const known = readers.get(name)
      if (known === undefined) readers.set(name, [stage])
      else known.push(stage)
    }
  }
  const needed = widthsNeeded(stages)
  for (const { name, width } of known) if (width !== undefined) needed.set(name, width)
  let total = 0
  const raw = [...order].filter(name => read.has(name)).map(name => {
    const width = needed.get(name), at = readers.get(name)![0]!.at
    if (width !== undefined && !(Number.isInteger(width) && width > 0)) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: the column '${name.slice(0, 100)}' would have ${width} numbers`, { at })
    total += width ?? 1
    if (total > WIDTH_MAX) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: it takes ${total} features`, { at, why: `more than ${WIDTH_MAX} are taken for a damaged file`, fix: 'use a smaller model' })
    return rawColumn(name, width, readers.get(name)!)
  })
  const names = new Set<string>()
  for (const { name } of raw.flatMap(({ columns }) => columns)) {
    if (names.has(name)) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: two columns of the input are called '${name.slice(0, 100)}'`, { at: 'stages' })
    names.add(name)
  }
  return raw
}

function rawColumn(name: string, width: number | undefined, readers: readonly Stage[]): Raw {
  const missing = readers.every(hasRuleForMissing) ? { missing: true } : {}
  if (width !== undefined) return { name, width, columns: Array.from({ length: width }, (_, i) => ({ name: `${name}_${i}`, ...missing })) }
  const indexers = readers.filter(stage => stage.stage === 'string_indexer')
  if (indexers.length < readers.length) return { name, columns: [{ name, ...missing }] }
  const words = [...new Set(indexers.flatMap(({ labels }) => labels))]
  return { name, words, columns: [{ name, categories: categoriesOf(words), ...(indexers.every(({ invalid }) => invalid === 'keep') ? { unknown: -1 } : {}), ...missing }] }
}

/** Spark writes a double as Java does before it looks for it among the words: what can be such a text is taken as a number too, behind all words. */
const categoriesOf = (words: readonly string[]): readonly (string | number)[] => [...words, ...new Set(words.map(javaDouble).filter(x => x !== undefined))]
/** The number that Java writes in this way. */
export const javaDouble = (text: string): number | undefined => /^-?\d+\.(?:0|\d*[1-9])(?:E-?\d+)?$/.test(text) ? Number(text) : undefined

function hasRuleForMissing(stage: Stage): boolean {
  switch (stage.stage) {
    case 'vector_assembler': case 'string_indexer': case 'one_hot': case 'bucketizer': return stage.invalid === 'keep'
    case 'computed': return stage.missing === true
    default: return stage.stage === 'imputer'
  }
}

// of the file's own counts, before anything is made of them
const WIDTH_MAX = 2 ** 18

/** By vector column how many numbers it must have, told from those that read it. */
function widthsNeeded(stages: readonly Stage[]): Map<string, number> {
  const needed = new Map<string, number>()
  for (const stage of stages.toReversed()) {
    const width = widthNeeded(stage, needed)
    const name = 'features' in stage ? stage.features : 'input' in stage ? stage.input : stage.inputs.length === 1 ? stage.inputs[0]! : undefined
    // one number put together is a scalar, as far as can be told
    if (name !== undefined && width !== undefined && !(width === 1 && 'inputs' in stage)) needed.set(name, width)
  }
  return needed
}

function widthNeeded(stage: Stage, needed: ReadonlyMap<string, number>): number | undefined {
  switch (stage.stage) {
    case 'vector_assembler': case 'normalizer': return needed.get(stage.output)
    case 'standard_scaler': return (stage.mean ?? stage.std)?.length ?? needed.get(stage.output)
    case 'robust_scaler': return (stage.median ?? stage.range)?.length ?? needed.get(stage.output)
    case 'min_max_scaler': return stage.low.length
    case 'max_abs_scaler': return stage.maxAbs.length
    case 'elementwise_product': return stage.weights.length
    case 'computed': case 'pca': case 'vector_indexer': case 'tree_classifier': case 'tree_regressor': case 'gbt_classifier': case 'gbt_regressor': case 'kmeans': case 'bisecting_kmeans': return stage.width
    case 'binary_logistic': case 'linear_svc': case 'linear_regression': case 'glm': case 'aft_survival': case 'fm_regressor': case 'fm_classifier': return stage.weights.length
    case 'multinomial_logistic': return stage.weights.length / stage.intercepts.length
    case 'naive_bayes': return stage.theta.length / stage.pi.length
    case 'mlp': return stage.layers[0]
    case 'gaussian_mixture': return stage.means.length / stage.weights.length
    case 'one_vs_rest': return stage.models[0] === undefined ? undefined : widthNeeded(stage.models[0], needed)
    case 'string_indexer': case 'index_to_string': case 'one_hot': case 'imputer': case 'bucketizer': case 'binarizer': case 'polynomial_expansion': case 'interaction': case 'vector_slicer': case 'isotonic': return undefined
  }
}
