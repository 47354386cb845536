import type { FeatureStage } from '../../stages/stages.ts'
import { vectorOf } from './data.ts'
import type { Data } from './data.ts'
import type { Folder } from './folder.ts'
import { broken } from './metadata.ts'
import type { Metadata, Parameters } from './metadata.ts'

/** A stage of Spark becomes one of ours for each column that it makes. */
export type FeatureReader = (folder: Folder, metadata: Metadata) => Promise<readonly FeatureStage[]>

const mapping = (parameters: Parameters): { readonly input: string; readonly output: string } => ({ input: parameters.text('inputCol'), output: parameters.text('outputCol') })
const dataFolder = (folder: Folder): Promise<Data> => folder.table('data')

/** The columns in and out, one to one. */
function pairs(parameters: Parameters): readonly { readonly input: string; readonly output: string }[] {
  const inputs = parameters.columns('inputCol', 'inputCols'), outputs = parameters.isSet('inputCols') ? parameters.columns('outputCol', 'outputCols') : [parameters.text('outputCol')]
  if (outputs.length !== inputs.length) throw broken(parameters.at, `${inputs.length} columns go in, and ${outputs.length} come out`)
  for (const name of ['inputCol', 'outputCol', 'inputCols', 'outputCols']) parameters.has(name)
  return inputs.map((input, i) => ({ input, output: outputs[i]! }))
}
/** One of each column, or of a list that must have as many. */
function each<T>(list: readonly T[], count: number, what: string, at: string): readonly T[] {
  if (list.length !== count) throw broken(at, `${list.length} ${what} for ${count} columns`)
  return list
}

export const FEATURES: { readonly [className: string]: FeatureReader } = {
  'feature.VectorAssembler': async ({ at }, { parameters }) => [{ stage: 'vector_assembler', at, inputs: parameters.texts('inputCols'), output: parameters.text('outputCol'), invalid: parameters.has('handleInvalid') ? parameters.invalid() : 'error' }],
  async 'feature.StandardScalerModel'(folder, { parameters }) {
    const data = await dataFolder(folder), withMean = parameters.flag('withMean'), withStd = parameters.flag('withStd')
    return [{ stage: 'standard_scaler', at: folder.at, ...mapping(parameters), ...(withMean ? { mean: data.vector('mean') } : {}), ...(withStd ? { std: data.vector('std') } : {}) }]
  },
  async 'feature.RobustScalerModel'(folder, { parameters }) {
    const data = await dataFolder(folder), withMedian = parameters.flag('withCentering'), withRange = parameters.flag('withScaling')
    return [{ stage: 'robust_scaler', at: folder.at, ...mapping(parameters), ...(withMedian ? { median: data.vector('median') } : {}), ...(withRange ? { range: data.vector('range') } : {}) }]
  },
  async 'feature.MinMaxScalerModel'(folder, { parameters }) {
    const data = await dataFolder(folder)
    return [{ stage: 'min_max_scaler', at: folder.at, ...mapping(parameters), low: data.vector('originalMin'), high: data.vector('originalMax'), min: parameters.number('min'), max: parameters.number('max') }]
  },
  'feature.MaxAbsScalerModel': async (folder, { parameters }) => [{ stage: 'max_abs_scaler', at: folder.at, ...mapping(parameters), maxAbs: (await dataFolder(folder)).vector('maxAbs') }],
  'feature.Normalizer': async ({ at }, { parameters }) => [{ stage: 'normalizer', at, ...mapping(parameters), p: parameters.number('p') }],
  async 'feature.StringIndexerModel'(folder, { parameters }) {
    const data = await dataFolder(folder), columns = pairs(parameters), invalid = parameters.invalid()
    // before Spark 3 there was one column
    const lists = data.has('labelsArray') ? data.nested('labelsArray')[0] : [data.nested('labels')[0]]
    if (!Array.isArray(lists) || !lists.every(isTexts)) throw data.broken('its labels are no texts')
    return each(lists, columns.length, 'lists of labels', folder.at).map((labels, i) => ({ stage: 'string_indexer', at: folder.at, ...columns[i]!, labels, invalid }))
  },
  async 'feature.IndexToString'({ at }, { parameters }) {
    const labels = parameters.has('labels') ? parameters.texts('labels') : []
    return [{ stage: 'index_to_string', at, ...mapping(parameters), ...(labels.length === 0 ? {} : { labels }) }]
  },
  async 'feature.OneHotEncoderModel'(folder, { parameters }) {
    const data = await dataFolder(folder), columns = pairs(parameters), dropLast = parameters.flag('dropLast'), invalid = parameters.invalid()
    return each(data.list('categorySizes'), columns.length, 'sizes', folder.at).map((size, i) => ({ stage: 'one_hot', at: folder.at, ...columns[i]!, size, dropLast, invalid }))
  },
  async 'feature.ImputerModel'(folder, { parameters }) {
    const data = await dataFolder(folder), missing = parameters.number('missingValue')
    return pairs(parameters).map(pair => ({ stage: 'imputer', at: folder.at, ...pair, surrogate: data.number(pair.input), missing }))
  },
  async 'feature.Bucketizer'({ at }, { parameters }) {
    const columns = pairs(parameters), invalid = parameters.invalid()
    const splits = parameters.isSet('inputCols') ? parameters.lists('splitsArray') : [parameters.numbers('splits')]
    return each(splits, columns.length, 'lists of splits', at).map((list, i) => ({ stage: 'bucketizer', at, ...columns[i]!, splits: Float64Array.from(list), invalid }))
  },
  async 'feature.Binarizer'({ at }, { parameters }) {
    const columns = pairs(parameters), one = parameters.number('threshold')
    const thresholds = parameters.isSet('inputCols') && parameters.isSet('thresholds') ? parameters.numbers('thresholds') : columns.map(() => one)
    return each(thresholds, columns.length, 'thresholds', at).map((threshold, i) => ({ stage: 'binarizer', at, ...columns[i]!, threshold }))
  },
  async 'feature.PCAModel'(folder, { parameters }) {
    const { rows, columns, values } = (await dataFolder(folder)).matrix('pc')
    return [{ stage: 'pca', at: folder.at, ...mapping(parameters), width: rows, k: columns, components: values }]
  },
  'feature.PolynomialExpansion': async ({ at }, { parameters }) => [{ stage: 'polynomial_expansion', at, ...mapping(parameters), degree: parameters.number('degree') }],
  'feature.Interaction': async ({ at }, { parameters }) => [{ stage: 'interaction', at, inputs: parameters.texts('inputCols'), output: parameters.text('outputCol') }],
  async 'feature.ElementwiseProduct'({ at }, { parameters }) {
    const fields = parameters.object('scalingVec') as { readonly [field: string]: never }
    return [{ stage: 'elementwise_product', at, ...mapping(parameters), weights: vectorOf(fields, 'scalingVec', what => broken(at, what)) }]
  },
  'feature.VectorSlicer': async ({ at }, { parameters }) => [{
    stage: 'vector_slicer', at, ...mapping(parameters), indices: parameters.has('indices') ? parameters.numbers('indices') : [], names: parameters.has('names') ? parameters.texts('names') : [],
  }],
  async 'feature.VectorIndexerModel'(folder, { parameters }) {
    const data = await dataFolder(folder), width = data.number('numFeatures')
    const features = data.list('categoryMaps.key'), values = data.nested('categoryMaps.value.key')[0], indices = data.nested('categoryMaps.value.value')[0]
    const maps = new Map(features.map((feature, i) => [feature, inOrder(listAt(values, i), listAt(indices, i), data)]))
    return [{ stage: 'vector_indexer', at: folder.at, ...mapping(parameters), width, maps, invalid: parameters.invalid() }]
  },
  'feature.ChiSqSelectorModel': selector,
  'feature.UnivariateFeatureSelectorModel': selector,
  'feature.VarianceThresholdSelectorModel': selector,
}

async function selector(folder: Folder, { parameters }: Metadata): Promise<readonly FeatureStage[]> {
  // the features in the order of the vector, however they were chosen
  const indices = (await dataFolder(folder)).list('selectedFeatures').toSorted((a, b) => a - b)
  return [{ stage: 'vector_slicer', at: folder.at, input: parameters.text('featuresCol'), output: parameters.text('outputCol'), indices, names: [] }]
}

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(text => typeof text === 'string')
const listAt = (list: unknown, at: number): unknown => Array.isArray(list) ? list[at] : undefined

/** The values of a map in the order of their indices. */
function inOrder(values: unknown, indices: unknown, data: Data): Float64Array {
  const isNumbers = (list: unknown): list is readonly number[] => Array.isArray(list) && list.every(value => typeof value === 'number')
  if (!isNumbers(values) || !isNumbers(indices) || values.length !== indices.length || new Set(indices).size !== indices.length || indices.some(index => !(index >= 0 && index < indices.length))) throw data.broken('its maps of categories do not count from 0')
  const ordered = new Float64Array(values.length)
  for (const [i, index] of indices.entries()) ordered[index] = values[i]!
  return ordered
}
