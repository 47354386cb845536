// Two logistic models with different signatures, a predictor that answers at once and one that takes its time, a router by key.
import { SluiceError } from '../../src/core/index.ts'
import type { Clock, Control, Keys, ModelRef, Predicted, Predictor, Rejection, Router, Signature, TensorBatch } from '../../src/core/index.ts'
import type { Ledger } from '../../src/connect/memory/weather.ts'

export interface Logistic { readonly ref: ModelRef; readonly weights: readonly (readonly [string, number])[]; readonly layout: 'matrix' | 'scalars' }
/** Of the predictors: `predict` may be tried again, `key` not. */
export interface ServerWeather { delayMs(what: 'predict' | 'settle'): number; fails(what: 'predict' | 'key'): 'before' | 'after' | undefined }

export const sigmoid = (sum: number): number => 1 / (1 + Math.exp(-sum))

function signatureOf({ weights, layout }: Logistic): Signature {
  const columns = weights.map(([name]) => ({ name }))
  return {
    inputs: layout === 'matrix' ? [{ name: 'x', dtype: 'float32', shape: [-1, columns.length], columns }]
      : columns.map(({ name }) => ({ name, dtype: 'float64', shape: [-1] })),
    outputs: [{ name: 'score', dtype: 'float64', shape: [-1] }],
  }
}

function score({ weights, layout }: Logistic, features: TensorBatch, into: Float64Array): void {
  const width = weights.length
  const matrix = layout === 'matrix' ? features.tensors.get('x')!.data as Float32Array : undefined
  for (let row = 0; row < features.rows; row++) {
    let sum = 0                        // of weight[i] * x[row, i], as float64
    for (let i = 0; i < width; i++) {
      const [name, weight] = weights[i]!
      sum += weight * (matrix ? matrix[row * width + i]! : (features.tensors.get(name)!.data as Float64Array)[row]!)
    }
    into[row] = sigmoid(sum)
  }
}

const outputsOf = (scores: Float64Array, ledger: Ledger): TensorBatch =>
  ({ rows: scores.length, tensors: new Map([['score', { dtype: 'float64', shape: [scores.length], data: scores }]]), release: ledger.hold('outputs', [scores], false) })

export function immediate(model: Logistic, ledger: Ledger): Predictor {
  return {
    signature: signatureOf(model),
    predict(features) {
      const scores = new Float64Array(features.rows)
      score(model, features, scores)
      return { outputs: outputsOf(scores, ledger), models: [model.ref], rejected: [] }
    },
    close: async () => {},
  }
}

const refusedBy = (text: string) => new SluiceError('TEST_SERVER_REFUSED', text, { severity: 'record' })

/** Reads the features only when its delay is over, also after abort: who released them early gets nonsense. A key that is `poison` breaks
    the whole call without naming the row; a key that is `bad` is named. */
export function delayed(model: Logistic, clock: Clock, weather: ServerWeather, ledger: Ledger): Predictor {
  const decoder = new TextDecoder()
  const keyAt = ({ bytes, at }: Keys, row: number) => at.start[row]! < 0 ? '' : decoder.decode(bytes.subarray(at.start[row]!, at.end[row]!))
  return {
    signature: signatureOf(model),
    async predict(features, keys, signal): Promise<Predicted> {
      await clock.sleep(weather.delayMs('predict'), signal)
      if (signal.aborted) await clock.sleep(weather.delayMs('settle'))     // a socket takes its time to close
      if (weather.fails('predict')) throw new SluiceError('TEST_SERVER_BUSY', 'try again', { severity: 'retry' })
      if (weather.fails('key')) throw new SluiceError('TEST_SERVER_FORBIDS', 'the key was withdrawn', { severity: 'fatal' })
      const rejected: Rejection[] = []
      for (let row = 0; row < features.rows; row++) {
        const key = keyAt(keys!, row)
        if (key.startsWith('poison')) throw refusedBy('bad input somewhere')
        if (key.startsWith('bad')) rejected.push({ row, stage: 'predict', error: refusedBy('bad input') })
      }
      const scores = new Float64Array(features.rows)
      score(model, features, scores)
      for (const { row } of rejected) scores[row] = Number.NaN
      return { outputs: outputsOf(scores, ledger), models: [model.ref], rejected }
    },
    close: async () => {},
  }
}

export function hash(bytes: Uint8Array, start: number, end: number): number {      // FNV-1a
  let h = 0x811c9dc5
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
  return h >>> 0
}

/** Keys are spread over the models by hash; records without a key have no model. */
export function byKeyHash(models: readonly ModelRef[]): Router {
  return {
    version: 1,
    routes: models.map(answer => ({ answer, shadows: [] })),
    assign({ bytes, at }, into) {
      for (let row = 0; row < into.length; row++) into[row] = at.start[row]! < 0 ? -1 : hash(bytes, at.start[row]!, at.end[row]!) % models.length
    },
  }
}

/** `taken`: how many servings are out. */
export function fixed(router: Router, predictors: readonly Predictor[], taken: { count: number }): Control {
  return {
    take() {
      taken.count++
      let held = true
      return { router, predictors, release() { if (!held) throw new TypeError('serving released twice'); held = false; taken.count-- } }
    },
    close: async () => {},
  }
}
