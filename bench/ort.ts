import { ort, ORT_VERSION } from '../test/support/ort.ts'

/** Of a session of ONNX Runtime what the benches use. */
export interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: { readonly [name: string]: unknown }): Promise<{ readonly [name: string]: { readonly data: Float32Array } }>
}

/** ONNX Runtime, one thread. */
export async function openOrt(model: Uint8Array): Promise<{ readonly session: Session; readonly version: string; tensor(data: Float32Array, shape: readonly number[]): unknown }> {
  const runtime = ort()
  if (typeof runtime === 'string') throw new Error(runtime)
  const session = await runtime.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 }) as unknown as Session
  return { session, version: ORT_VERSION, tensor: (data, shape) => new runtime.Tensor('float32', data, shape) }
}
