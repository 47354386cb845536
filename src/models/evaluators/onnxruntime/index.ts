import { SluiceError } from '../../../core/errors.ts'
import type { Evaluator, Model } from '../../../core/models.ts'
import type { Tensor, TensorBatch, TensorData } from '../../../core/tensors.ts'
import type { Feed, Graph } from '../../graph.ts'
import { arrayOf } from '../plain/program.ts'

/** Of onnxruntime-node (or -web) what is needed here. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(file: Uint8Array, options: object): Promise<Session> }
  readonly Tensor: new (type: string, data: unknown, shape: readonly number[]) => unknown
  readonly env: { readonly versions: { readonly common?: string; readonly node?: string; readonly web?: string } }
}
interface Session { run(feeds: { readonly [name: string]: unknown }): Promise<{ readonly [name: string]: { readonly data: unknown; readonly dims: readonly number[] } }>; release(): Promise<void> }

const isGraph = (model: Model): model is Graph => model.kind === 'graph'

/** ONNX Runtime, for graphs that are none of ours. `load`: the package, if it is installed. One thread: executors are what runs side by side. */
export function onnxruntime(load: () => Promise<OnnxRuntime | undefined>): Evaluator {
  return {
    name: 'onnxruntime',
    async open(model, ref) {
      if (!isGraph(model)) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `no evaluator executes a model of kind '${model.kind}'`, { at: ref.name })
      const runtime = await load()
      if (runtime === undefined) {
        throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', model.reason, { at: ref.name, why: 'it is read by none of our own evaluators, and ONNX Runtime, which may execute it, is not installed', fix: 'npm install onnxruntime-node' })
      }
      let session: Session
      try { session = await runtime.InferenceSession.create(model.file, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 }) } catch (cause) {
        throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${model.reason}; and ONNX Runtime: ${(cause as Error).message}`, { at: ref.name, cause })
      }
      const models = [ref], { versions } = runtime.env
      return {
        signature: model.signature, how: `ONNX Runtime ${versions.node ?? versions.web ?? versions.common ?? ''}: ${model.reason}`, bytes: model.bytes,
        async predict(features) { return { outputs: await answer(runtime, session, model, features), models, rejected: [] } },
        close: () => session.release(),
      }
    },
  }
}

async function answer({ Tensor: RuntimeTensor }: OnnxRuntime, session: Session, { feeds, fetches, single, signature }: Graph, features: TensorBatch): Promise<TensorBatch> {
  const input = signature.inputs[0]!, { data } = features.tensors.get(input.name)!, width = input.shape[1]!, { rows } = features
  const outputs = signature.outputs.map(({ shape }, i) => arrayOf(fetches[i]!.type, rows * (shape[1] ?? 1)))
  for (let from = 0; from < rows; from += single ? 1 : rows) {
    const count = single ? 1 : rows
    const given = Object.fromEntries(feeds.map(feed => [feed.name, new RuntimeTensor(feed.type, columnsOf(feed, data as Float32Array, width, from, count), [...single && feed.shape.length < 2 ? [] : [count], ...feed.shape])]))
    const found = await session.run(given)
    for (const [i, { name }] of fetches.entries()) {
      const got = found[name]!, perRow = signature.outputs[i]!.shape[1] ?? 1
      if ((got.data as ArrayLike<unknown>).length !== count * perRow) throw new SluiceError('SLUICE_PREDICT_FAILED', `the graph answers ${count} rows with ${(got.data as ArrayLike<unknown>).length} numbers of '${name}', not ${count * perRow}`, { why: 'its output has no row for each record' })
      put(outputs[i]!, from * perRow, got.data as ArrayLike<number | bigint | string>)
    }
  }
  const tensors = new Map(signature.outputs.map(({ name, dtype, shape }, i): [string, Tensor] => [name, { dtype, shape: [rows, ...shape.slice(1)], data: outputs[i]! }]))
  return { rows, tensors, release() {} }
}

function columnsOf({ type, first, size }: Feed, data: Float32Array | Float64Array, width: number, from: number, rows: number): unknown {
  const length = rows * size, at = (i: number): number => data[(from + Math.floor(i / size)) * width + first + i % size]!
  // all of it, as it is
  if (size === width && (type === 'float32' && data instanceof Float32Array || type === 'float64' && data instanceof Float64Array)) return data.slice(from * width, (from + rows) * width)
  switch (type) {
    case 'float32': return Float32Array.from({ length }, (_, i) => at(i))
    case 'float64': return Float64Array.from({ length }, (_, i) => at(i))
    case 'int32': return Int32Array.from({ length }, (_, i) => at(i))
    case 'int64': return BigInt64Array.from({ length }, (_, i) => BigInt(Math.trunc(at(i))))
    case 'bool': return Uint8Array.from({ length }, (_, i) => at(i) === 0 ? 0 : 1)
  }
}

function put(into: TensorData, at: number, values: ArrayLike<number | bigint | string>): void {
  if (!('words' in into)) return (into as Float64Array).set(values as ArrayLike<number>, at)
  const words = into.words as string[]
  for (let i = 0; i < values.length; i++) {
    const word = String(values[i]), known = words.indexOf(word)
    into.codes[at + i] = known >= 0 ? known : words.push(word) - 1
  }
}
