import type { Bench } from '../../stages/bench.ts'
import type { Stage } from '../../stages/stages.ts'
import type { Bundle } from './bundle.ts'
import { features } from './features.ts'
import { mathOperations } from './math.ts'
import { models } from './models.ts'
import type { Reading, ReadStep } from './reading.ts'

/* What PyPI mleap writes of scikit-learn, where scikit-learn computes otherwise than MLeap does. */

/** Names of steps and of the pipeline that `mlinit` gives: with the UUID of a time, which the names that MLeap and Spark make up never have. */
const MADE_BY_PYTHON = /^[a-z_]+_[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const isPython = ({ name, steps }: Bundle): boolean => [name, ...steps.map(step => step.name)].some(of => MADE_BY_PYTHON.test(of))

const computed = (step: Reading, input: string, output: string, width: number | undefined, make: (bench: Bench, value: number) => number): Stage =>
  ({ stage: 'computed', at: step.at, inputs: [input], output, ...width === undefined ? {} : { width }, make: (bench, [value]) => make(bench, value!) })

/** Trees compare what was rounded to float32 (sklearn/tree/_tree.pyx). */
const rounded = (read: ReadStep): ReadStep => async step => {
  const stages = await read(step), features = step.input('features'), output = `${features} as float32 of ${step.at}`
  const before = computed(step, features, output, step.attributes.count('num_features'), (bench, of) => bench.add({ op: 'unary', fn: 'same', of, float32: true }, step.at))
  // of a forest for regression too it names columns that are none
  for (const port of ['raw_prediction', 'probability']) step.maybeOutput(port)
  return [before, ...stages.map((stage): Stage => 'features' in stage ? { ...stage, features: output } : stage)]
}

/** scikit-learn has probabilities, for which the bundle may have no column, and no other scores. */
const probable = (read: ReadStep): ReadStep => async step => (await read(step)).map((stage): Stage => {
  if (stage.stage !== 'binary_logistic' && stage.stage !== 'multinomial_logistic' && stage.stage !== 'tree_classifier') return stage
  const { raw: _, ...rest } = stage
  return { ...rest, probability: stage.probability ?? 'probability' }
})

export const python: { readonly [op: string]: ReadStep } = {
  ...features, ...models, ...mathOperations,
  /** (x - mean) / std, and 1 in the place of a std of 0. */
  standard_scaler(step) {
    const mean = step.attributes.vector('mean'), std = step.attributes.vector('std').map(x => x === 0 ? 1 : x)
    if (mean.length !== std.length) throw step.attributes.broken(`${mean.length} means and ${std.length} deviations`)
    return [computed(step, step.input('input'), step.output('output'), mean.length, (bench, of) => bench.binary('divide', bench.binary('subtract', of, mean, step.at), std, step.at))]
  },
  /** x * s - low * s with s = 1 / (high - low), and 1 in the place of a range of 0. */
  min_max_scaler(step) {
    const low = step.attributes.vector('min'), high = step.attributes.vector('max')
    if (low.length !== high.length) throw step.attributes.broken(`${low.length} smallest values and ${high.length} largest`)
    const scale = low.map((x, i) => 1 / (high[i]! - x === 0 ? 1 : high[i]! - x)), shift = low.map((x, i) => 0 - x * scale[i]!)
    return [computed(step, step.input('input'), step.output('output'), low.length, (bench, of) => bench.binary('add', bench.binary('multiply', of, scale, step.at), shift, step.at))]
  },
  pca(step) {
    throw step.attributes.unsupported('a PCA of scikit-learn: the bundle does not hold the mean that it takes off first', 'write it as PMML or ONNX')
  },
  decision_tree_regression: rounded(models['decision_tree_regression']!), random_forest_regression: rounded(models['random_forest_regression']!),
  decision_tree_classifier: probable(rounded(models['decision_tree_classifier']!)), random_forest_classifier: probable(rounded(models['random_forest_classifier']!)),
  logistic_regression: probable(models['logistic_regression']!), svm: models['support_vector_machine']!,
}
