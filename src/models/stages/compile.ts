import type { ReadOptions } from '../../core/models.ts'
import { programBuilder } from '../builder.ts'
import { difference, withCategories } from '../categories.ts'
import type { Program } from '../program.ts'
import { Bench } from './bench.ts'
import { classifier } from './classifiers.ts'
import { bisectingKMeans, gaussianMixture, kmeans } from './clusters.ts'
import { binarizer, bucketizer, computed, elementwiseProduct, imputer, maxAbsScaler, minMaxScaler, normalizer, robustScaler, standardScaler, vectorAssembler } from './features.ts'
import { outputsOf } from './outputs.ts'
import { javaDouble, rawColumns, stagesUsed } from './raw.ts'
import { aftSurvival, fmRegressor, gbtRegressor, glm, isotonic, linearRegression, treeRegressor } from './regressors.ts'
import type { Pipeline, Stage } from './stages.ts'
import { interaction, pca, polynomialExpansion, vectorIndexer, vectorSlicer } from './vectors.ts'
import { indexToString, oneHot, stringIndexer } from './words.ts'

/** The program of a pipeline: `features` are its raw columns, outputs are those of its last model (of what it ends in, where it has none), `raw` the columns
    under the names that the pipeline gives them. `facts`: what the reader knows; what the stages tell is added.
    @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, SLUICE_CONFIG_INVALID when categories are given that do not fit */
export function compile(file: string, pipeline: Pipeline, about: Pick<Program, 'format' | 'facts'>, options: ReadOptions = {}): Program {
  const stages = stagesUsed(pipeline), raw = rawColumns(file, stages, pipeline.columns ?? [])
  const columns = withCategories(file, raw.flatMap(({ columns }) => columns), options.categories, (i, list) => {
    const own = raw.flatMap(({ columns }) => columns)[i]!.categories
    return own === undefined ? 'the model takes numbers for this feature' : difference(own, list)
  })
  const builder = programBuilder(file, columns.length), bench = new Bench(file, builder)
  let first = 0
  for (const { name, width, words, columns: own } of raw) {
    const column = { value: 0, at: own.map((_, i) => first + i), width: own.length, isVector: width !== undefined }
    bench.put(name, words === undefined ? column : { ...column, words: wordsOf(words, own[0]!.categories!) }, 'stages')
    first += own.length
  }
  for (const stage of stages) compileStage(stage, bench)
  const { outputs, specs, names } = outputsOf(stages, bench)
  return {
    kind: 'program', format: about.format, width: columns.length, inputs: 'float64', steps: builder.steps, outputs, refusals: bench.refusals, bytes: builder.bytes(), raw: names,
    signature: { inputs: [{ name: 'features', dtype: 'float64', shape: [-1, columns.length], columns, ...(raw.every(({ width }) => width !== undefined) ? { unnamed: true } : {}) }], outputs: specs },
    facts: { ...about.facts, features: columns.length, ...bench.facts },
  }
}

/** The text of each category: a number stands for the words that Java writes for it. */
function wordsOf(words: readonly string[], categories: readonly (string | number | boolean)[]): readonly string[] {
  const byNumber = new Map(words.map(word => [javaDouble(word), word]))
  return categories.map(category => typeof category === 'number' ? byNumber.get(category) ?? '' : String(category))
}

function compileStage(stage: Stage, bench: Bench): void {
  switch (stage.stage) {
    case 'vector_assembler': return vectorAssembler(stage, bench)
    case 'standard_scaler': return standardScaler(stage, bench)
    case 'robust_scaler': return robustScaler(stage, bench)
    case 'min_max_scaler': return minMaxScaler(stage, bench)
    case 'max_abs_scaler': return maxAbsScaler(stage, bench)
    case 'normalizer': return normalizer(stage, bench)
    case 'string_indexer': return stringIndexer(stage, bench)
    case 'index_to_string': return indexToString(stage, bench)
    case 'one_hot': return oneHot(stage, bench)
    case 'imputer': return imputer(stage, bench)
    case 'bucketizer': return bucketizer(stage, bench)
    case 'binarizer': return binarizer(stage, bench)
    case 'computed': return computed(stage, bench)
    case 'pca': return pca(stage, bench)
    case 'polynomial_expansion': return polynomialExpansion(stage, bench)
    case 'interaction': return interaction(stage, bench)
    case 'elementwise_product': return elementwiseProduct(stage, bench)
    case 'vector_slicer': return vectorSlicer(stage, bench)
    case 'vector_indexer': return vectorIndexer(stage, bench)
    case 'linear_regression': return linearRegression(stage, bench)
    case 'glm': return glm(stage, bench)
    case 'aft_survival': return aftSurvival(stage, bench)
    case 'tree_regressor': return treeRegressor(stage, bench)
    case 'gbt_regressor': return gbtRegressor(stage, bench)
    case 'kmeans': return kmeans(stage, bench)
    case 'bisecting_kmeans': return bisectingKMeans(stage, bench)
    case 'gaussian_mixture': return gaussianMixture(stage, bench)
    case 'isotonic': return isotonic(stage, bench)
    case 'fm_regressor': return fmRegressor(stage, bench)
    case 'binary_logistic': case 'multinomial_logistic': case 'linear_svc': case 'tree_classifier': case 'gbt_classifier': case 'naive_bayes': case 'mlp': case 'one_vs_rest': case 'fm_classifier':
      return classifier(stage, bench)
  }
}
