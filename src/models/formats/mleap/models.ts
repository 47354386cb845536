import type { BinaryClassifier, GlmFamily, GlmLink, Stage } from '../../stages/stages.ts'
import type { TreeSource } from '../../trees.ts'
import { readCenters } from './centers.ts'
import { rowMajor } from './reading.ts'
import type { Reading, ReadStep } from './reading.ts'

const answer = (step: Reading): { at: string; features: string; prediction?: string } => ({ at: step.at, features: step.input('features'), ...named('prediction', step.maybeOutput('prediction')) })
const named = <K extends string>(key: K, name: string | undefined): { [key in K]?: string } => name === undefined ? {} : { [key]: name } as { [key in K]: string }

interface Scores { readonly at: string; readonly features: string; readonly prediction?: string; readonly raw?: string; readonly probability?: string; readonly thresholds?: Float64Array }

function classified(step: Reading, classes?: number): Scores {
  return { ...answer(step), ...named('raw', step.maybeOutput('raw_prediction')), ...named('probability', step.maybeOutput('probability')), ...thresholdsOf(step, classes) }
}
function thresholdsOf({ attributes }: Reading, classes: number | undefined): { thresholds?: Float64Array } {
  if (!attributes.has('thresholds')) return {}
  const thresholds = Float64Array.from(attributes.numbers('thresholds'))
  if (classes !== undefined && thresholds.length !== classes) throw attributes.broken(`${thresholds.length} thresholds for ${classes} classes`)
  return { thresholds }
}

function twoClasses({ attributes, op }: Reading): void {
  const classes = attributes.count('num_classes')
  if (classes !== 2) throw attributes.unsupported(`${classes} classes`, `${op} is of two classes in MLeap too`)
}

/** Trees in folders of their own, with their weights. */
async function treesOf(step: Reading, ops: readonly string[]): Promise<{ width: number; trees: TreeSource[]; weights: Float64Array }> {
  const { attributes } = step, names = attributes.texts('trees'), weights = Float64Array.from(attributes.numbers('tree_weights'))
  if (names.length === 0 || names.length !== weights.length) throw attributes.broken(`${names.length} trees with ${weights.length} weights`)
  if (new Set(names).size !== names.length) throw attributes.broken('a tree comes twice')
  const trees: TreeSource[] = [], width = attributes.count('num_features')
  for (const name of names) {
    if (name === '' || name.includes('/')) throw attributes.broken(`'${name.slice(0, 60)}' is no name of a tree`)
    const tree = await step.inner(name)
    if (!ops.includes(tree.op)) throw tree.attributes.broken('it is no tree of this kind')
    if (tree.attributes.count('num_features') !== width) throw tree.attributes.broken(`it has other features than the ${width} of the model`)
    if (tree.attributes.has('num_classes')) tree.attributes.count('num_classes')
    trees.push(await tree.tree())
    tree.done()
  }
  return { width, trees, weights }
}
const REGRESSION = ['decision_tree_regression'], CLASSIFICATION = ['decision_tree_classifier']

const classifiers: { readonly [op: string]: (step: Reading) => BinaryClassifier | Promise<BinaryClassifier> } = {
  logistic_regression(step) {
    const { attributes } = step, classes = attributes.count('num_classes')
    if (classes > 2) return multinomial(step, classes)
    return { stage: 'binary_logistic', each: true, ...classified(step, 2), weights: attributes.vector('coefficients'), intercept: attributes.number('intercept'), threshold: attributes.number('threshold', 0.5) }
  },
  linear_svc(step) {
    twoClasses(step)
    const { attributes } = step
    return { stage: 'linear_svc', ...answer(step), ...named('raw', step.maybeOutput('raw_prediction')), weights: attributes.vector('coefficients'), intercept: attributes.number('intercept'), threshold: attributes.number('threshold') }
  },
  support_vector_machine(step) {
    twoClasses(step)
    const { attributes } = step, [first = 1, second = 1] = attributes.has('thresholds') ? attributes.numbers('thresholds') : []
    if (first !== second || !(first > 0)) throw attributes.unsupported('thresholds that are not equal')
    if (step.maybeOutput('probability') !== undefined) throw attributes.unsupported('a probability', 'MLeap gives the margins once more under that name: leave the probability column out')
    return { stage: 'linear_svc', ...answer(step), ...named('raw', step.maybeOutput('raw_prediction')), weights: attributes.vector('coefficients'), intercept: attributes.number('intercept'), threshold: 0 }
  },
  async decision_tree_classifier(step) {
    const classes = step.attributes.count('num_classes')
    return { stage: 'tree_classifier', ...classified(step, classes), classes, forest: false, width: step.attributes.count('num_features'), trees: [await step.tree()] }
  },
  async random_forest_classifier(step) {
    const classes = step.attributes.count('num_classes'), { width, trees } = await treesOf(step, CLASSIFICATION)
    return { stage: 'tree_classifier', ...classified(step, classes), classes, forest: true, width, trees }
  },
  async gbt_classifier(step) {
    twoClasses(step)
    const loss = step.attributes.text('lossType', 'logistic')
    if (loss !== 'logistic') throw step.attributes.unsupported(`the loss '${loss.slice(0, 40)}'`)
    return { stage: 'gbt_classifier', ...classified(step, 2), ...await treesOf(step, REGRESSION) }
  },
  naive_bayes(step) {
    const { attributes } = step, classes = attributes.count('num_classes'), width = attributes.count('num_features')
    // mleap-runtime writes them with a capital, which it cannot read
    const type = attributes.text('model_type').toLowerCase()
    if (type !== 'multinomial' && type !== 'bernoulli') throw attributes.unsupported(`the model type '${type.slice(0, 40)}'`, 'MLeap knows multinomial and bernoulli')
    const theta = attributes.tensor('theta'), pi = attributes.vector('pi')
    if (theta.dims.length !== 2 || theta.dims[0] !== classes || theta.dims[1] !== width || pi.length !== classes) throw attributes.broken(`its numbers are not of ${classes} classes and ${width} features`)
    return { stage: 'naive_bayes', ...classified(step, classes), type, pi, theta: rowMajor(theta) }
  },
  multi_layer_perceptron_classifier(step) {
    const { attributes } = step, layers = attributes.counts('layers')
    return { stage: 'mlp', ...classified(step, layers.at(-1)), layers, weights: attributes.vector('weights') }
  },
}

/** MLeap's matrix lies column by column, although its dimensions are [classes, features]. The writer in Python lets scikit-learn's lie row by row:
    MLeap then takes it for another one, and saves it so again. */
function multinomial(step: Reading, classes: number): BinaryClassifier {
  const { attributes } = step, matrix = attributes.tensor('coefficient_matrix'), intercepts = attributes.vector('intercept_vector'), scores = classified(step, classes)
  if (matrix.dims.length !== 2 || matrix.dims[0] !== classes || intercepts.length !== classes || matrix.values.length === 0) throw attributes.broken(`its matrix of ${matrix.dims.slice(0, 4).join(' by ')} has no row for each of ${classes} classes`)
  // the writer in Python gives it no such columns: MLeap has read the bundle, and written it once more
  if (step.python && (scores.raw !== undefined || scores.probability !== undefined)) throw attributes.unsupported('a matrix whose order is not certain: the names are those of PyPI mleap, the columns those of MLeap', 'use the bundle as PyPI mleap wrote it')
  return { stage: 'multinomial_logistic', ...scores, intercepts, weights: step.python ? Float64Array.from(matrix.values) : rowMajor(matrix) }
}

const FAMILIES: readonly GlmFamily[] = ['gaussian', 'binomial', 'poisson', 'gamma'], LINKS = ['identity', 'log', 'inverse', 'logit', 'probit', 'cloglog', 'sqrt'] as const
const DEFAULT: { readonly [family in GlmFamily]?: GlmLink } = { gaussian: 'identity', binomial: 'logit', poisson: 'log', gamma: 'inverse' }

const others: { readonly [op: string]: ReadStep } = {
  linear_regression: step => [{ stage: 'linear_regression', ...answer(step), weights: step.attributes.vector('coefficients'), intercept: step.attributes.number('intercept') }],
  generalized_linear_regression(step) {
    const { attributes } = step, family = FAMILIES.find(of => of === attributes.text('family')), link = attributes.has('link') ? LINKS.find(of => of === attributes.text('link')) : family && DEFAULT[family]
    if (family === undefined || link === undefined) throw attributes.unsupported('a family or a link that MLeap does not know')
    return [{ stage: 'glm', ...answer(step), family, link, weights: attributes.vector('coefficients'), intercept: attributes.number('intercept'), ...named('linkPrediction', step.maybeOutput('link_prediction')) }]
  },
  aft_survival_regression(step) {
    const { attributes } = step, probabilities = Float64Array.from(attributes.numbers('quantile_probabilities')), column = step.maybeOutput('quantiles')
    return [{
      stage: 'aft_survival', ...answer(step), weights: attributes.vector('coefficients'), intercept: attributes.number('intercept'), scale: attributes.number('scale'),
      ...column === undefined ? {} : { quantiles: { column, probabilities } },
    }]
  },
  async decision_tree_regression(step) {
    return [{ stage: 'tree_regressor', ...answer(step), width: step.attributes.count('num_features'), trees: [await step.tree()] }]
  },
  async random_forest_regression(step) {
    // MLeap takes the mean whatever the weights are
    const { width, trees } = await treesOf(step, REGRESSION)
    return [{ stage: 'tree_regressor', ...answer(step), width, trees }]
  },
  gbt_regression: async step => [{ stage: 'gbt_regressor', ...answer(step), ...await treesOf(step, REGRESSION) }],
  k_means(step) {
    const centers = step.attributes.tensors('cluster_centers'), width = centers[0]?.values.length ?? 0
    const features = step.attributes.has('num_features') ? step.attributes.count('num_features') : width
    if (width === 0 || features !== width || centers.some(({ values }) => values.length !== width)) throw step.attributes.broken(`its ${centers.length} centers are not of ${features} features`)
    return [{ stage: 'kmeans', ...answer(step), centers: Float64Array.from(centers.flatMap(({ values }) => values)), width, distance: 'euclidean' }]
  },
  async bisecting_k_means(step) {
    const nodes = await readCenters(step.bundle, step)
    return [{ stage: 'bisecting_kmeans', ...answer(step), nodes, width: nodes[0]!.center.length, distance: 'euclidean' }]
  },
  gaussian_mixture(step) {
    const { attributes } = step, weights = Float64Array.from(attributes.numbers('weights')), means = attributes.tensors('means'), covariances = attributes.tensors('covs'), width = means[0]?.values.length ?? 0
    if (width === 0 || means.length !== weights.length || covariances.length !== weights.length || means.some(({ values }) => values.length !== width) || covariances.some(({ values }) => values.length !== width * width)) throw attributes.broken(`its distributions are not ${weights.length} of ${width} features`)
    const all = (of: typeof means): Float64Array => Float64Array.from(of.flatMap(({ values }) => values))
    return [{ stage: 'gaussian_mixture', ...answer(step), ...named('probability', step.maybeOutput('probability')), weights, means: all(means), covariances: all(covariances) }]
  },
  isotonic_regression(step) {
    const { attributes } = step
    attributes.boolean('isotonic', true)          // rising or falling: the predictions say it
    return [{ stage: 'isotonic', ...answer(step), boundaries: Float64Array.from(attributes.numbers('boundaries')), predictions: Float64Array.from(attributes.numbers('predictions')), index: attributes.count('feature_index', 0) }]
  },
}

/** Of the classifiers the one whose probability is the largest; Spark asks for the largest score. */
async function oneVsRest(step: Reading): Promise<Stage[]> {
  const { attributes } = step, classes = attributes.count('num_classes'), width = attributes.count('num_features'), inner: BinaryClassifier[] = []
  if (step.maybeOutput('probability') !== undefined) throw attributes.unsupported('a column for the largest of its probabilities', 'leave the probability column out')
  for (let i = 0; i < classes; i++) {
    const model = await step.inner(`model${i}`), read = Object.hasOwn(classifiers, model.op) ? classifiers[model.op] : undefined
    if (read === undefined || model.op === 'linear_svc' || model.op === 'support_vector_machine') throw attributes.unsupported(`a classifier of the kind '${model.op.slice(0, 60)}'`, 'use one that has probabilities')
    inner.push(await read(model))
    model.done()
  }
  if (inner.some(of => 'weights' in of && of.stage === 'binary_logistic' && of.weights.length !== width)) throw attributes.broken(`a classifier is not of its ${width} features`)
  return [{ stage: 'one_vs_rest', ...answer(step), ...named('raw', step.maybeOutput('raw_prediction')), models: inner, byProbability: true }]
}

export const models: { readonly [op: string]: ReadStep } = {
  ...Object.fromEntries(Object.entries(classifiers).map(([op, read]) => [op, async (step: Reading): Promise<Stage[]> => [await read(step)]])),
  ...others, one_vs_rest: oneVsRest,
}
