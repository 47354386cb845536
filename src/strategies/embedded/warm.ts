import { SluiceError, type Clock, type Predictor, type Tensor, type TensorBatch, type TensorSpec } from '../../core/index.ts'

const CALLS = 4
const ROWS = 16

/** A few calls on plausible rows, so that neither the first batch pays for what is done once nor a model is put before records that answers
    no row at all. */
export async function warm(predictor: Predictor, clock: Clock): Promise<void> {
  const features = plausible(predictor.signature.inputs)
  const { signal } = new AbortController()
  for (let call = 0; call < CALLS; call++) {
    const { outputs } = await predictor.predict(features, undefined, signal)
    for (const { name } of predictor.signature.outputs) {
      if (outputs.rows !== ROWS || !outputs.tensors.has(name)) throw new SluiceError('SLUICE_MODEL_BROKEN', `the model does not answer with its output '${name}'`)
    }
    outputs.release()
    await clock.sleep(0)
  }
}

/** Every category in turn; numbers of both signs and several sizes. The same rows every time. */
function plausible(inputs: readonly TensorSpec[]): TensorBatch {
  const tensors = new Map<string, Tensor>()
  for (const { name, dtype, shape, columns = [] } of inputs) {
    const width = shape[1] ?? 1
    if (dtype !== 'float32' && dtype !== 'float64') throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `input '${name}' is of type ${dtype}: strategy embedded has no features for it`)
    const data = dtype === 'float32' ? new Float32Array(ROWS * width) : new Float64Array(ROWS * width)
    let random = 1
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < width; column++) {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
        const categories = columns[column]?.categories
        data[row * width + column] = categories === undefined ? (random / 2 ** 31 - 1) * 10 ** (row % 4) : row % Math.max(categories.length, 1)
      }
    }
    tensors.set(name, { dtype, shape: [ROWS, width], data })
  }
  return { rows: ROWS, tensors, release() {} }
}
