import type { Invalid, Stage } from '../../stages/stages.ts'
import { rowMajor } from './reading.ts'
import type { Reading, ReadStep } from './reading.ts'

const mapping = (step: Reading): { at: string; input: string; output: string } => ({ at: step.at, input: step.input('input'), output: step.output('output') })

function invalidOf({ attributes }: Reading, otherwise: Invalid = 'error', known: readonly string[] = ['error', 'skip', 'keep']): Invalid {
  const text = attributes.text('handle_invalid', otherwise)
  if (!known.includes(text)) throw attributes.broken(`handle_invalid is '${text.slice(0, 40)}'`)
  return text as Invalid
}

/** By operation, as mleap-runtime 0.16 to 0.23 writes it (mleap-runtime/src/main/scala/ml/combust/mleap/bundle/ops). */
export const features: { readonly [op: string]: ReadStep } = {
  vector_assembler(step) {
    const inputs = step.inputs('input'), shapes = step.attributes.shapes('input_shapes')
    if (shapes.length !== inputs.length) throw step.attributes.broken(`${shapes.length} shapes for ${inputs.length} columns`)
    for (const [i, { base, dims }] of shapes.entries()) {
      if (base === 'list') throw step.attributes.broken('a list is no vector')
      if (base === 'scalar') continue
      if (dims?.length !== 1 || dims[0]! < 1) throw step.attributes.unsupported('a vector of unknown size', 'export the bundle with a data frame that the pipeline has transformed')
      step.wide(inputs[i]!, dims[0]!)
    }
    // MLeap has no rule for null: it fails
    return [{ stage: 'vector_assembler', at: step.at, inputs, output: step.output('output'), invalid: 'error' }]
  },
  standard_scaler(step) {
    const { attributes } = step, mean = attributes.has('mean') ? attributes.vector('mean') : undefined, std = attributes.has('std') ? attributes.vector('std') : undefined
    if (mean === undefined && std === undefined) throw attributes.broken('neither a mean nor a deviation')
    if (mean !== undefined && std !== undefined && mean.length !== std.length) throw attributes.broken(`${mean.length} means and ${std.length} deviations`)
    return [{ stage: 'standard_scaler', ...mapping(step), ...mean === undefined ? {} : { mean }, ...std === undefined ? {} : { std } }]
  },
  string_indexer(step) {
    const { attributes } = step, inputs = step.inputs('input'), outputs = step.outputs('output'), invalid = invalidOf(step)
    if (inputs.length !== outputs.length) throw attributes.broken(`${inputs.length} columns in and ${outputs.length} out`)
    // of the writer in Python, which says what a reader cannot need
    if (attributes.has('nullable_input')) attributes.boolean('nullable_input')
    // 0.20 to 0.25 write the length 1 whatever it is
    if (attributes.has('labels_length')) {
      const length = attributes.count('labels_length')
      if (length !== inputs.length && length !== 1) throw attributes.broken(`labels for ${length} columns, and there are ${inputs.length}`)
    } else if (inputs.length > 1) throw attributes.broken(`labels for one column, and there are ${inputs.length}`)
    return inputs.map((input, i): Stage => ({
      stage: 'string_indexer', at: step.at, input, output: outputs[i]!, labels: attributes.texts(attributes.has('labels_length') ? `labels_array_${i}` : 'labels'), invalid,
    }))
  },
  reverse_string_indexer(step) {
    // a vector of indices would be a vector of words
    if (step.attributes.has('input_shape')) scalarShape(step, 'input_shape')
    return [{ stage: 'index_to_string', ...mapping(step), labels: step.attributes.texts('labels') }]
  },
  one_hot_encoder(step) {
    const { attributes } = step, inputs = step.inputs('input'), outputs = step.outputs('output'), dropLast = attributes.boolean('drop_last')
    const isOld = attributes.has('size'), sizes = isOld ? [attributes.count('size')] : attributes.counts('category_sizes')
    if (inputs.length !== outputs.length || inputs.length !== sizes.length) throw attributes.broken(`${inputs.length} columns in, ${outputs.length} out and ${sizes.length} sizes`)
    // what the first versions did is told by drop_last alone
    if (!isOld && !attributes.has('handle_invalid')) throw attributes.broken("the attribute 'handle_invalid' is missing")
    const invalid = invalidOf(step, isOld && dropLast ? 'keep' : 'error', ['error', 'keep'])
    return inputs.map((input, i): Stage => ({ stage: 'one_hot', at: step.at, input, output: outputs[i]!, size: sizes[i]!, dropLast, invalid }))
  },
  imputer(step) {
    const { attributes } = step
    attributes.text('strategy', '')       // how the surrogate was found
    for (const name of ['nullable_input', 'nullableInput']) if (attributes.has(name)) attributes.boolean(name)
    return [{ stage: 'imputer', ...mapping(step), surrogate: attributes.number('surrogate_value'), missing: attributes.number('missing_value', NaN) }]
  },
  bucketizer(step) {
    const splits = Float64Array.from(step.attributes.numbers('splits'))
    // infinities are written as NaN
    if (Number.isNaN(splits[0])) splits[0] = -Infinity
    if (Number.isNaN(splits.at(-1))) splits[splits.length - 1] = Infinity
    return [{ stage: 'bucketizer', ...mapping(step), splits, invalid: invalidOf(step) }]
  },
  binarizer(step) {
    if (step.attributes.has('input_shapes')) step.attributes.shapes('input_shapes')
    return [{ stage: 'binarizer', ...mapping(step), threshold: step.attributes.number('threshold') }]
  },
  normalizer(step) {
    const size = step.attributes.count('input_size', 0), stage: Stage = { stage: 'normalizer', ...mapping(step), p: step.attributes.number('p_norm') }
    if (size > 0) step.wide(stage.input, size)
    return [stage]
  },
  pca(step) {
    const components = step.attributes.tensor('principal_components'), [width = 0, k = 0] = components.dims
    if (components.dims.length !== 2 || width < 1 || k < 1) throw step.attributes.broken('its components are no matrix')
    return [{ stage: 'pca', ...mapping(step), width, k, components: rowMajor(components) }]
  },
  polynomial_expansion(step) {
    const size = step.attributes.count('input_size', 0), stage: Stage = { stage: 'polynomial_expansion', ...mapping(step), degree: step.attributes.count('degree') }
    if (size > 0) step.wide(stage.input, size)
    return [stage]
  },
  interaction(step) {
    const { attributes } = step, inputs = step.inputs('input'), count = attributes.count('num_inputs')
    if (count !== inputs.length || attributes.shapes('input_shapes').length !== count) throw attributes.broken(`${count} inputs, and columns for ${inputs.length}`)
    const levels = inputs.map((_, i) => attributes.counts(`num_features${i}`).map(levels => levels > 1 ? levels : 0))
    return [{ stage: 'interaction', at: step.at, inputs, output: step.output('output'), levels }]
  },
  elementwise_product: step => [{ stage: 'elementwise_product', ...mapping(step), weights: step.attributes.vector('scaling_vec') }],
  vector_slicer(step) {
    const { attributes } = step, names = attributes.texts('names'), named = attributes.counts('named_indices'), size = attributes.count('input_size', 0)
    if (names.length !== named.length) throw attributes.broken(`${names.length} names for ${named.length} indices`)
    const stage: Stage = { stage: 'vector_slicer', ...mapping(step), indices: [...attributes.counts('indices'), ...named], names: [] }
    if (size > 0) step.wide(stage.input, size)
    return [stage]
  },
  chi_sq_selector(step) {
    const size = step.attributes.count('input_size', 0), stage: Stage = { stage: 'vector_slicer', ...mapping(step), indices: step.attributes.counts('filter_indices'), names: [] }
    if (size > 0) step.wide(stage.input, size)
    return [stage]
  },
  vector_indexer(step) {
    const { attributes } = step, maps = new Map<number, Float64Array>()
    for (const key of attributes.counts('keys')) {
      const keys = attributes.numbers(`key_${key}_keys`), indices = attributes.counts(`key_${key}_values`), values = new Float64Array(keys.length).fill(NaN)
      for (const [i, index] of indices.entries()) values[index] = keys[i]!
      if (indices.length !== keys.length || values.length === 0 || values.some(Number.isNaN)) throw attributes.broken(`the categories of feature ${key} have no indices from 0 to ${keys.length - 1}`)
      if (maps.has(key)) throw attributes.broken(`feature ${key} comes twice`)
      maps.set(key, values)
    }
    return [{ stage: 'vector_indexer', ...mapping(step), width: attributes.count('num_features'), maps, invalid: invalidOf(step) }]
  },
}

function scalarShape({ attributes }: Reading, name: string): void {
  if (attributes.shape(name).base !== 'scalar') throw attributes.unsupported(`the input is no single number`)
}
