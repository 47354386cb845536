import type { BinaryClassifier, BisectingNode, Distance, GlmFamily, GlmLink, ModelStage, StageOf } from '../../stages/stages.ts'
import type { Folder } from './folder.ts'
import { broken, jsonOf } from './metadata.ts'
import type { Metadata, Parameters } from './metadata.ts'
import { treeIn, treesIn } from './trees.ts'

export type ModelReader = (folder: Folder, metadata: Metadata) => Promise<ModelStage>

interface Answering { readonly at: string; readonly features: string; readonly prediction?: string }
function answering({ at }: Folder, parameters: Parameters): Answering {
  const prediction = parameters.column('predictionCol'), features = parameters.text('featuresCol')
  return { at, features, ...(prediction === undefined ? {} : { prediction }) }
}
function scoring(folder: Folder, parameters: Parameters): Answering & { readonly raw?: string } {
  const raw = parameters.column('rawPredictionCol')
  return { ...answering(folder, parameters), ...(raw === undefined ? {} : { raw }) }
}
function classifying(folder: Folder, parameters: Parameters): Answering & { readonly raw?: string; readonly probability?: string; readonly thresholds?: Float64Array } {
  const probability = parameters.column('probabilityCol')
  return { ...scoring(folder, parameters), ...(probability === undefined ? {} : { probability }), ...(parameters.has('thresholds') ? { thresholds: Float64Array.from(parameters.numbers('thresholds')) } : {}) }
}
/** Columns that models add only when asked, and that are not made here. */
function without(parameters: Parameters, ...columns: readonly string[]): void {
  for (const name of columns) if (parameters.column(name) !== undefined) throw parameters.unknown(`the column '${name}' (leave it empty)`)
}
const distanceOf = (parameters: Parameters, name: string): Distance => {
  if (name !== 'euclidean' && name !== 'cosine') throw parameters.unknown(`the distance '${name.slice(0, 40)}'`)
  return name
}

const CLASSIFIERS = {
  async 'classification.LogisticRegressionModel'(folder, { parameters }) {
    const data = await folder.table('data'), { rows, values } = data.matrix('coefficientMatrix'), intercepts = data.vector('interceptVector')
    const answer = classifying(folder, parameters), threshold = parameters.number('threshold')
    if (intercepts.length !== rows) throw data.broken(`${intercepts.length} intercepts for ${rows} rows of coefficients`)
    if (data.flag('isMultinomial')) return { stage: 'multinomial_logistic', ...answer, weights: values, intercepts }
    if (rows !== 1) throw data.broken(`${rows} rows of coefficients for two classes`)
    return { stage: 'binary_logistic', ...answer, weights: values, intercept: intercepts[0]!, threshold }
  },
  async 'classification.LinearSVCModel'(folder, { parameters }) {
    const data = await folder.table('data')
    return { stage: 'linear_svc', ...scoring(folder, parameters), weights: data.vector('coefficients'), intercept: data.number('intercept'), threshold: parameters.number('threshold') }
  },
  async 'classification.DecisionTreeClassificationModel'(folder, metadata) {
    without(metadata.parameters, 'leafCol')
    const classes = metadata.count('numClasses')
    return { stage: 'tree_classifier', ...classifying(folder, metadata.parameters), ...await treeIn(folder, metadata, classes), classes, forest: false }
  },
  async 'classification.RandomForestClassificationModel'(folder, metadata) {
    without(metadata.parameters, 'leafCol')
    const classes = metadata.count('numClasses')
    return { stage: 'tree_classifier', ...classifying(folder, metadata.parameters), ...await treesIn(folder, metadata, classes), classes, forest: true }
  },
  async 'classification.GBTClassificationModel'(folder, metadata) {
    without(metadata.parameters, 'leafCol')
    return { stage: 'gbt_classifier', ...classifying(folder, metadata.parameters), ...await treesIn(folder, metadata, undefined) }
  },
  async 'classification.NaiveBayesModel'(folder, { parameters }) {
    const data = await folder.table('data'), type = parameters.text('modelType')
    if (type !== 'multinomial' && type !== 'bernoulli' && type !== 'gaussian' && type !== 'complement') throw parameters.unknown(`the model type '${type.slice(0, 40)}'`)
    return { stage: 'naive_bayes', ...classifying(folder, parameters), type, pi: data.vector('pi'), theta: data.matrix('theta').values, ...(type === 'gaussian' ? { sigma: data.matrix('sigma').values } : {}) }
  },
  async 'classification.MultilayerPerceptronClassificationModel'(folder, { parameters }) {
    const data = await folder.table('data')
    return { stage: 'mlp', ...classifying(folder, parameters), layers: data.has('layers') ? data.list('layers') : parameters.numbers('layers'), weights: data.vector('weights') }
  },
  async 'classification.FMClassificationModel'(folder, { parameters }) {
    const data = await folder.table('data'), { columns, values } = data.matrix('factors')
    return { stage: 'fm_classifier', ...classifying(folder, parameters), intercept: data.number('intercept'), weights: data.vector('linear'), factors: values, size: columns }
  },
} satisfies { readonly [className: string]: (folder: Folder, metadata: Metadata) => Promise<BinaryClassifier> }

export const MODELS: { readonly [className: string]: ModelReader } = {
  ...CLASSIFIERS,
  'classification.OneVsRestModel': oneVsRest,
  async 'regression.LinearRegressionModel'(folder, { parameters }) {
    const data = await folder.table('data')
    return { stage: 'linear_regression', ...answering(folder, parameters), weights: data.vector('coefficients'), intercept: data.number('intercept') }
  },
  'regression.GeneralizedLinearRegressionModel': glm,
  async 'regression.AFTSurvivalRegressionModel'(folder, { parameters }) {
    const data = await folder.table('data'), column = parameters.column('quantilesCol'), probabilities = Float64Array.from(parameters.numbers('quantileProbabilities'))
    return {
      stage: 'aft_survival', ...answering(folder, parameters), weights: data.vector('coefficients'), intercept: data.number('intercept'), scale: data.number('scale'),
      ...(column === undefined ? {} : { quantiles: { column, probabilities } }),
    }
  },
  async 'regression.DecisionTreeRegressionModel'(folder, metadata) {
    without(metadata.parameters, 'leafCol', 'varianceCol')
    return { stage: 'tree_regressor', ...answering(folder, metadata.parameters), ...await treeIn(folder, metadata, undefined) }
  },
  async 'regression.RandomForestRegressionModel'(folder, metadata) {
    without(metadata.parameters, 'leafCol')
    return { stage: 'tree_regressor', ...answering(folder, metadata.parameters), ...await treesIn(folder, metadata, undefined) }
  },
  async 'regression.GBTRegressionModel'(folder, metadata) {
    without(metadata.parameters, 'leafCol')
    return { stage: 'gbt_regressor', ...answering(folder, metadata.parameters), ...await treesIn(folder, metadata, undefined) }
  },
  async 'regression.IsotonicRegressionModel'(folder, { parameters }) {
    const data = await folder.table('data')
    return { stage: 'isotonic', ...answering(folder, parameters), boundaries: Float64Array.from(data.list('boundaries')), predictions: Float64Array.from(data.list('predictions')), index: parameters.number('featureIndex') }
  },
  async 'regression.FMRegressionModel'(folder, { parameters }) {
    const data = await folder.table('data'), { columns, values } = data.matrix('factors')
    return { stage: 'fm_regressor', ...answering(folder, parameters), intercept: data.number('intercept'), weights: data.vector('linear'), factors: values, size: columns }
  },
  async 'clustering.KMeansModel'(folder, { parameters }) {
    const data = await folder.table('data'), indices = data.numbers('clusterIdx'), rows = data.vectors('clusterCenter'), width = rows[0]?.length ?? 0
    const order = [...indices.keys()].sort((a, b) => indices[a]! - indices[b]!)
    if (order.some((row, i) => indices[row] !== i || rows[row]!.length !== width) || width === 0) throw data.broken('its centers are not numbered from 0, or not of one width')
    const centers = new Float64Array(rows.length * width)
    for (const [i, row] of order.entries()) centers.set(rows[row]!, i * width)
    return { stage: 'kmeans', ...answering(folder, parameters), centers, width, distance: distanceOf(parameters, parameters.text('distanceMeasure')) }
  },
  'clustering.BisectingKMeansModel': bisectingKMeans,
  async 'clustering.GaussianMixtureModel'(folder, { parameters }) {
    const data = await folder.table('data'), probability = parameters.column('probabilityCol')
    const weights = Float64Array.from(data.list('weights')), means = joined(data.vectorsOf('mus')), covariances = joined(data.matricesOf('sigmas').map(({ values }) => values))
    return { stage: 'gaussian_mixture', ...answering(folder, parameters), ...(probability === undefined ? {} : { probability }), weights, means, covariances }
  },
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const FAMILIES = ['gaussian', 'binomial', 'poisson', 'gamma', 'tweedie'] as const, LINKS = ['identity', 'log', 'inverse', 'logit', 'probit', 'cloglog', 'sqrt'] as const
const DEFAULT_LINK = { gaussian: 'identity', binomial: 'logit', poisson: 'log', gamma: 'inverse' } as const

async function glm(folder: Folder, { parameters }: Metadata): Promise<StageOf<'glm'>> {
  const data = await folder.table('data'), offset = parameters.column('offsetCol'), linkPrediction = parameters.column('linkPredictionCol')
  const word = parameters.text('family').toLowerCase(), named = FAMILIES.find(family => family === word)
  if (named === undefined) throw parameters.unknown(`the family '${word.slice(0, 40)}'`)
  const variance = parameters.has('variancePower') ? parameters.number('variancePower') : 0
  const family: GlmFamily = named !== 'tweedie' ? named : variance === 0 ? 'gaussian' : variance === 1 ? 'poisson' : variance === 2 ? 'gamma' : 'tweedie'
  const link = (): GlmLink => {
    if (named === 'tweedie') return parameters.isSet('linkPower') ? ofPower(parameters.number('linkPower')) : family === 'tweedie' ? { power: 1 - variance } : DEFAULT_LINK[family]
    if (!parameters.isSet('link')) return DEFAULT_LINK[named]
    const known = LINKS.find(link => link === parameters.text('link').toLowerCase())
    if (known === undefined) throw parameters.unknown(`the link '${parameters.text('link').slice(0, 40)}'`)
    return known
  }
  parameters.has('link')
  parameters.has('linkPower')
  return {
    stage: 'glm', ...answering(folder, parameters), family, link: link(), weights: data.vector('coefficients'), intercept: data.number('intercept'),
    ...(offset === undefined ? {} : { offset }), ...(linkPrediction === undefined ? {} : { linkPrediction }),
  }
}
const ofPower = (power: number): GlmLink => power === 0 ? 'log' : power === 1 ? 'identity' : power === -1 ? 'inverse' : power === 0.5 ? 'sqrt' : { power }

/** `data` is a model of the older library: `data/metadata` and `data/data`. */
async function bisectingKMeans(folder: Folder, { parameters }: Metadata): Promise<StageOf<'bisecting_kmeans'>> {
  const older = folder.inner('data'), line = jsonOf(await older.line('metadata'), `${older.at}/metadata`), data = await older.table('data')
  const measure = line['distanceMeasure'] ?? parameters.text('distanceMeasure'), root = line['rootId']
  parameters.has('distanceMeasure')
  if (typeof measure !== 'string' || typeof root !== 'number') throw broken(older.at, 'its metadata names no distance or no root')
  const ids = data.numbers('index'), centers = data.vectors('center'), children = data.lists('children')
  const place = new Map(ids.map((id, i) => [id, i])), from = place.get(root)
  if (from === undefined || place.size !== ids.length) throw data.broken('its nodes are numbered twice, or there is no root')
  // leaves are numbered from the left
  const nodes: BisectingNode[] = [], rows = [from], seen = new Set(rows), childrenOf: number[][] = []
  for (let at = 0; at < rows.length; at++) {
    childrenOf.push(children[rows[at]!]!.map(id => {
      const row = place.get(id)
      if (row === undefined || seen.has(row)) throw data.broken(`node ${id} is not there, or reached twice`)
      seen.add(row)
      return rows.push(row) - 1
    }))
  }
  for (const [at, row] of rows.entries()) nodes.push({ center: centers[row]!, index: -1, children: childrenOf[at]! })
  const stack = [0]
  for (let leaves = 0; stack.length > 0;) {
    const at = stack.pop()!, node = nodes[at]!
    if (node.children.length === 0) nodes[at] = { ...node, index: leaves++ }
    stack.push(...node.children.toReversed())
  }
  return { stage: 'bisecting_kmeans', ...answering(folder, parameters), nodes, width: nodes[0]!.center.length, distance: distanceOf(parameters, measure) }
}

const MODELS_MAX = 1000

async function oneVsRest(folder: Folder, { parameters }: Metadata): Promise<StageOf<'one_vs_rest'>> {
  const answer = scoring(folder, parameters), models: BinaryClassifier[] = []
  while (folder.has(`model_${models.length}`) && models.length < MODELS_MAX) {
    const inner = folder.inner(`model_${models.length}`), metadata = await inner.metadata(), { className } = metadata
    if (!isClassifier(className)) throw parameters.unknown(`a model of class ${className.slice(0, 100)} in it`)
    models.push({ ...await CLASSIFIERS[className](inner, metadata), features: answer.features })
    metadata.parameters.done()
  }
  return { stage: 'one_vs_rest', ...answer, models }
}
const isClassifier = (className: string): className is keyof typeof CLASSIFIERS => Object.hasOwn(CLASSIFIERS, className)
