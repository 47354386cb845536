import { SluiceError } from '../../../core/errors.ts'
import type { Invalid } from '../../stages/stages.ts'

type Json = { readonly [key: string]: unknown }

/** The metadata of a stage: `metadata/part-00000`, one line of JSON. */
export interface Metadata {
  /** Without org.apache.spark.ml: 'feature.StandardScalerModel'. */
  readonly className: string
  readonly uid: string
  readonly version: string
  readonly parameters: Parameters
  /** What stands in the line beside what every line has: numFeatures. @throws SLUICE_MODEL_BROKEN */
  count(name: string): number
}

// what only Python can write, as a pipeline with a OneVsRest in it, is called by its name there
const PREFIX = /^(?:org\.apache\.spark\.ml\.|pyspark\.ml\.(?:pipeline\.)?)/

/** Is it the line of something of Spark ML? */
export function isMetadata(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes.subarray(0, 4096))
  return text.startsWith('{') && /"class":"(?:org\.apache\.spark|pyspark)\.ml\./.test(text) && bytes.length < 2 ** 26
}

/** @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export function metadataOf(bytes: Uint8Array, at: string): Metadata {
  const line = jsonOf(bytes, at)
  const text = (name: string): string => {
    const value = line[name]
    if (typeof value !== 'string') throw broken(at, `'${name}' is no text`)
    return value
  }
  const className = text('class'), version = text('sparkVersion')
  if (!/^(?:2\.[34]|3\.|4\.)/.test(version)) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${at}: it was saved by Spark ${version.slice(0, 20)}`, { at, why: 'versions 2.3 to 4 are understood', fix: 'load it with Spark 3.5 and save it again' })
  return {
    className: className.replace(PREFIX, ''), uid: text('uid'), version,
    parameters: new Parameters(at, mapOf(line['paramMap'], 'paramMap', at), mapOf(line['defaultParamMap'] ?? {}, 'defaultParamMap', at)),
    count(name) {
      const value = line[name]
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw broken(at, `'${name}' is no count`)
      return value
    },
  }
}

/** A line of JSON with an object. */
export function jsonOf(bytes: Uint8Array, at: string): Json {
  try {
    return mapOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), 'the line', at)
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    throw broken(at, 'it is no line of JSON: it is cut off or damaged', cause)
  }
}
export const broken = (at: string, what: string, cause?: unknown): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${at}: ${what}`, { at, cause })

function mapOf(value: unknown, name: string, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken(at, `${name} is no object`)
  return value as Json
}

/** Say how a model was trained, and nothing of how it answers. */
const OF_TRAINING = new Set([
  'maxIter', 'regParam', 'elasticNetParam', 'fitIntercept', 'tol', 'standardization', 'aggregationDepth', 'maxBlockSizeInMB', 'labelCol', 'weightCol', 'solver', 'loss', 'epsilon', 'seed',
  'maxDepth', 'maxBins', 'minInstancesPerNode', 'minWeightFractionPerNode', 'minInfoGain', 'maxMemoryInMB', 'cacheNodeIds', 'checkpointInterval', 'impurity', 'numTrees', 'featureSubsetStrategy',
  'subsamplingRate', 'bootstrap', 'stepSize', 'lossType', 'validationIndicatorCol', 'validationTol', 'initMode', 'initSteps', 'k', 'smoothing', 'blockSize', 'initialWeights', 'censorCol',
  'stringOrderType', 'strategy', 'relativeError', 'maxCategories', 'lower', 'upper', 'initStd', 'fitLinear', 'factorSize', 'miniBatchFraction', 'lowerBoundsOnCoefficients',
  'upperBoundsOnCoefficients', 'lowerBoundsOnIntercepts', 'upperBoundsOnIntercepts', 'minDivisibleClusterSize', 'numTopFeatures', 'percentile', 'fpr', 'fdr', 'fwe', 'selectorType',
  'featureType', 'labelType', 'selectionMode', 'selectionThreshold', 'varianceThreshold', 'numBuckets', 'numBucketsArray', 'parallelism', 'classifier', 'isotonic', 'family', 'pruneTree',
])

/** What is set of a stage, and what Spark takes where nothing is. Each is asked for by name; `done` refuses what nobody asked for. */
export class Parameters {
  readonly at: string
  readonly #set: Json
  readonly #defaults: Json
  readonly #asked = new Set<string>()

  constructor(at: string, set: Json, defaults: Json) {
    this.at = at
    this.#set = set
    this.#defaults = defaults
  }

  #value(name: string): unknown {
    this.#asked.add(name)
    return Object.hasOwn(this.#set, name) ? this.#set[name] : Object.hasOwn(this.#defaults, name) ? this.#defaults[name] : undefined
  }
  /** Set, not by default. */
  isSet(name: string): boolean { return Object.hasOwn(this.#set, name) }
  has(name: string): boolean { return this.#value(name) !== undefined }

  text(name: string): string {
    const value = this.#value(name)
    if (typeof value !== 'string') throw broken(this.at, `the parameter '${name}' is no text`)
    return value
  }
  /** The name of a column that is made or not: undefined where it is empty or not there. */
  column(name: string): string | undefined { return this.has(name) && this.text(name) !== '' ? this.text(name) : undefined }
  /** One of several columns: `inputCols`, or the one of `inputCol`. */
  columns(one: string, several: string): readonly string[] { return this.isSet(several) ? this.texts(several) : [this.text(one)] }
  texts(name: string): readonly string[] { return this.#list(name, (value): value is string => typeof value === 'string', 'texts') }

  number(name: string): number {
    const value = numberOf(this.#value(name))
    if (value === undefined) throw broken(this.at, `the parameter '${name}' is no number`)
    return value
  }
  numbers(name: string): readonly number[] { return this.#list(name, (value): value is number | string => numberOf(value) !== undefined, 'numbers').map(value => numberOf(value)!) }
  lists(name: string): readonly (readonly number[])[] {
    return this.#list(name, (value): value is (number | string)[] => Array.isArray(value) && value.every(each => numberOf(each) !== undefined), 'lists of numbers').map(list => list.map(each => numberOf(each)!))
  }
  flag(name: string): boolean {
    const value = this.#value(name)
    if (typeof value !== 'boolean') throw broken(this.at, `the parameter '${name}' is neither true nor false`)
    return value
  }
  object(name: string): Json { return mapOf(this.#value(name), `the parameter '${name}'`, this.at) }
  invalid(name = 'handleInvalid'): Invalid {
    const value = this.text(name)
    if (value !== 'error' && value !== 'skip' && value !== 'keep') throw this.unknown(`${name}: ${value.slice(0, 40)}`)
    return value
  }
  unknown(what: string): SluiceError { return new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${this.at}: ${what} is not understood`, { at: this.at }) }

  /** @throws SLUICE_MODEL_UNSUPPORTED when there is one that nobody asked for */
  done(): void {
    for (const name of [...Object.keys(this.#set), ...Object.keys(this.#defaults)]) if (!this.#asked.has(name) && !OF_TRAINING.has(name)) throw this.unknown(`the parameter '${name.slice(0, 60)}'`)
  }

  #list<T>(name: string, is: (value: unknown) => value is T, what: string): readonly T[] {
    const value = this.#value(name)
    if (!Array.isArray(value) || !value.every(is)) throw broken(this.at, `the parameter '${name}' is no list of ${what}`)
    return value
  }
}

/** JSON has no Infinity and no NaN: Spark writes them as words. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return value === 'Inf' ? Infinity : value === '-Inf' ? -Infinity : value === 'NaN' ? NaN : undefined
}
