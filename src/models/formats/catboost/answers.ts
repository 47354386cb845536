import { SluiceError } from '../../../core/errors.ts'
import type { Model } from '../../../core/models.ts'
import type { Column, TensorSpec } from '../../../core/tensors.ts'
import type { ProgramBuilder } from '../../builder.ts'
import type { ProgramOutput } from '../../program.ts'
import type { Info } from './info.ts'

/** What CatBoost's own predict makes of the raw scores. `many`: scores a row. */
type Answer = 'raw' | 'exponent' | 'uncertainty' | 'two classes' | 'softmax' | 'one against all' | 'labels'

/** CatBoostRegressor, CatBoostClassifier and CatBoostRanker of 1.2: exponent for Poisson and Tweedie, RMSEWithUncertainty for itself,
    probabilities for losses of classes, else the raw score, which is all that there is for losses of your own. */
const answers: { readonly [loss: string]: Answer | undefined } = {
  Poisson: 'exponent', Tweedie: 'exponent', RMSEWithUncertainty: 'uncertainty',
  Logloss: 'two classes', CrossEntropy: 'two classes', Focal: 'two classes', MultiClass: 'softmax', MultiClassOneVsAll: 'one against all',
  MultiLogloss: 'labels', MultiCrossEntropy: 'labels',
  ...Object.fromEntries([
    'RMSE', 'MAE', 'Quantile', 'MultiQuantile', 'GroupQuantile', 'LogLinQuantile', 'Expectile', 'LogCosh', 'Lq', 'MAPE', 'RMSPE', 'Huber', 'MultiRMSE',
    'MultiRMSEWithMissingValues', 'SurvivalAft', 'Cox', 'PairLogit', 'PairLogitPairwise', 'YetiRank', 'YetiRankPairwise', 'QueryRMSE', 'QuerySoftMax',
    'QueryCrossEntropy', 'StochasticFilter', 'StochasticRank', 'LambdaMart', 'Combination', 'PythonUserDefinedPerObject', 'PythonUserDefinedMultiTarget',
    'UserPerObjMetric', 'UserQuerywiseMetric',
  ].map(loss => [loss, 'raw' as const])),
}

export interface Outputs { readonly outputs: readonly ProgramOutput[]; readonly specs: readonly TensorSpec[]; readonly raw: Model['raw'] }

/** `margin`: the value of the raw scores. @throws SLUICE_MODEL_UNSUPPORTED a loss that is not known */
export function answersOf(file: string, trained: number, built: ProgramBuilder, info: Info): Outputs {
  const { loss, threshold } = info, answer = loss === undefined ? 'raw' : Object.hasOwn(answers, loss) ? answers[loss] : undefined
  if (answer === undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: the loss function '${loss!.slice(0, 60)}' is not known`, { at: 'model_info.params.loss_function' })
  const groups = built.width(trained), fits = answer === 'two classes' ? groups === 1 : answer === 'uncertainty' ? groups === 2 : answer === 'softmax' || answer === 'one against all' ? groups > 1 : true
  if (!fits) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${groups} raw scores a row are not of ${loss}`, { at: loss! })

  const outputs: ProgramOutput[] = [], specs: TensorSpec[] = []
  const put = (name: string, value: number, spec: Partial<TensorSpec> = {}, labels?: ProgramOutput['labels']): void => {
    const width = built.width(value)
    specs.push({ name, dtype: 'float64', shape: width === 1 && spec.columns === undefined ? [-1] : [-1, width], ...spec })
    outputs.push({ value, ...(labels === undefined ? {} : { labels }) })
  }
  const sigmoid = (of: number): number => built.add({ op: 'unary', fn: 'sigmoid', of }, loss!)
  switch (answer) {
    case 'raw': case 'exponent': case 'uncertainty':
      put('prediction', answer === 'raw' ? trained : answer === 'exponent' ? built.add({ op: 'unary', fn: 'exp', of: trained }, loss!) : uncertainty(trained, built, loss!))
      put('margin', trained)
      return { outputs, specs, raw: { raw: 'margin', value: 'prediction' } }
    case 'labels':
      put('prediction', built.add({ op: 'binary', fn: 'greater', a: trained, b: Float64Array.of(logit(threshold)) }, loss!), { dtype: 'int32' })
      put('margin', trained)
      put('probabilities', sigmoid(trained))
      return { outputs, specs, raw: { raw: 'margin', label: 'prediction', p: 'probabilities' } }
    case 'two classes': {
      const names = namesOf(file, info, 2), second = sigmoid(trained), first = built.add({ op: 'binary', fn: 'subtract', a: Float64Array.of(1), b: second }, loss!)
      put('margin', trained)
      label(put, built.add({ op: 'binary', fn: 'greater', a: trained, b: Float64Array.of(logit(threshold)) }, loss!), names, file)
      put('probabilities', built.add({ op: 'concat', of: [first, second] }, loss!), { columns: columnsOf(names) })
      put('probability', second)
      return { outputs, specs, raw: rawOf(names) }
    }
    case 'softmax': case 'one against all': {
      const { places } = info, all = info.classes?.length ?? groups, names = namesOf(file, info, all)
      if ((places?.length ?? groups) !== groups) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${places!.length} classes were trained, and a leaf has ${groups} numbers`, { at: 'model_info.class_params.class_to_label' })
      const margin = all === groups ? trained : built.add({ op: 'select', of: trained, columns: spread(all, places!), fill: -Infinity }, loss!)
      put('margin', margin)
      label(put, built.add({ op: 'reduce', fn: 'argmax', of: margin, size: all }, loss!), names, file)
      const probabilities = answer === 'softmax' ? built.add({ op: 'softmax', of: margin, size: all }, loss!) : sigmoid(margin)
      put('probabilities', probabilities, { columns: columnsOf(names) })
      if (all === 2) put('probability', built.add({ op: 'select', of: probabilities, columns: Int32Array.of(1) }, loss!))
      return { outputs, specs, raw: rawOf(names) }
    }
  }
}

const logit = (p: number): number => -Math.log(1 / p - 1)

/** The mean, and the variance, whose half logarithm the second score is. */
function uncertainty(trained: number, built: ProgramBuilder, at: string): number {
  const [mean, spreadOf] = [0, 1].map(column => built.add({ op: 'select', of: trained, columns: Int32Array.of(column) }, at))
  const variance = built.add({ op: 'unary', fn: 'exp', of: built.add({ op: 'binary', fn: 'multiply', a: spreadOf!, b: Float64Array.of(2) }, at) }, at)
  return built.add({ op: 'concat', of: [mean!, variance] }, at)
}

/** A class that was not in the training data has no score. */
function spread(all: number, places: readonly number[]): Int32Array {
  const columns = new Int32Array(all).fill(-1)
  for (const [i, place] of places.entries()) columns[place] = i
  return columns
}

type Names = readonly (string | number | boolean)[]
function namesOf(file: string, { classes }: Info, count: number): Names {
  const names = classes === undefined || classes.length === 0 ? Array.from({ length: count }, (_, i) => i) : classes
  if (names.length !== count || new Set(names.map(String)).size !== count) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${names.length} names of ${count} classes, or some are the same`, { at: 'model_info.class_params' })
  return names
}
const columnsOf = (names: Names): readonly Column[] => names.map(name => ({ name: String(name) }))
const rawOf = (names: Names): Model['raw'] => ({ raw: 'margin', label: 'label', p: { output: 'probabilities', columns: names.map(name => `p_${name}`) } })

/** As what the classes are called. */
function label(put: (name: string, value: number, spec: Partial<TensorSpec>, labels?: ProgramOutput['labels']) => void, value: number, names: Names, file: string): void {
  if (names.every(name => typeof name === 'boolean')) put('label', value, { dtype: 'bool' }, names.map(Number))
  else if (names.every(name => typeof name === 'number')) {
    const whole = names.every(Number.isInteger), small = names.every(name => Math.abs(name) < 2 ** 31)
    if (whole && !names.every(Number.isSafeInteger)) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: labels beyond 2^53`, { at: 'model_info.class_params.class_names' })
    put('label', value, { dtype: !whole ? 'float64' : small ? 'int32' : 'int64' }, names.every((name, i) => name === i) ? undefined : names)
  } else put('label', value, { dtype: 'string' }, names.map(String))
}
