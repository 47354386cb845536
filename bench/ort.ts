import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Of onnxruntime-node what the benches use. */
export interface Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: { readonly [name: string]: unknown }): Promise<{ readonly [name: string]: { readonly data: Float32Array } }>
}
interface Runtime {
  readonly InferenceSession: { create(model: string | Uint8Array, options: object): Promise<Session> }
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => unknown
}

const VERSION = '1.30.0', folder = join(import.meta.dirname, 'work')

/** ONNX Runtime, one thread. It is no dependency (290 MB): installed beside the benches, without its install script, when it is first wanted. */
export async function openOrt(model: string | Uint8Array): Promise<{ readonly session: Session; readonly version: string; tensor(data: Float32Array, shape: readonly number[]): unknown }> {
  if (!existsSync(join(folder, 'node_modules/onnxruntime-node'))) {
    console.error(`installing onnxruntime-node ${VERSION} into bench/work ...`)
    mkdirSync(folder, { recursive: true })
    execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', `onnxruntime-node@${VERSION}`], { stdio: 'inherit' })
  }
  const { InferenceSession, Tensor } = createRequire(join(folder, 'x.js'))('onnxruntime-node') as Runtime
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 })
  return { session, version: VERSION, tensor: (data, shape) => new Tensor('float32', data, shape) }
}
