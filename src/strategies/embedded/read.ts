import { Worker } from 'node:worker_threads'
import { SluiceError, type Files, type Model, type ReadOptions } from '../../core/index.ts'
import { readModel } from '../../models/index.ts'
import { hasOnnxRuntime } from '../onnxruntime.ts'
import { fileError, snapshotOf } from './files.ts'

/** A version's files, understood. */
export interface Read {
  readonly model: Model
  readonly digest: string
  readonly bytesOnDisk: number
  /** Its arrays lie once in the process. */
  readonly shared?: true
}

/** @throws SLUICE_MODEL_MISSING, SLUICE_MODEL_UNKNOWN, SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, SLUICE_FILE_DENIED */
export async function read(path: string, options: ReadOptions): Promise<Read> {
  const { files, digest, bytes: bytesOnDisk } = await snapshotOf(path).catch(error => { throw fileError(path, error) })
  return { model: await understood(files, options), digest, bytesOnDisk }
}

/** What is not understood may be something for ONNX Runtime, if that is installed. */
async function understood(files: Files, options: ReadOptions): Promise<Model> {
  try { return await readModel(files, options) } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'SLUICE_MODEL_UNSUPPORTED' || !hasOnnxRuntime()) throw error
    return readModel(files, { ...options, graphs: true })
  }
}

export interface Wanted { readonly path: string; readonly options: ReadOptions; readonly shared: boolean }
export type Said = { readonly read: Read } | { readonly failed: Pick<SluiceError, 'code' | 'message' | 'at' | 'why' | 'fix'> }

/** The same in a thread of its own: parsing holds the event loop (bench/swap.ts), and its garbage this thread's heap. `shared`: into memory that threads share. */
export async function readInThread(path: string, options: ReadOptions, shared = false): Promise<Read> {
  const wanted: Wanted = { path, options, shared }
  // the same file, as it runs here: .ts in the repository, .js when built
  const thread = new Worker(new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url), { workerData: wanted })
  try {
    const said = await new Promise<Said>((resolve, reject) => {
      thread.on('message', resolve)
      thread.on('error', reject)
      thread.on('exit', code => reject(new Error(`the thread that reads the model exited with ${code}`)))
    })
    if ('read' in said) return said.read
    const { code, message, at, why, fix } = said.failed
    throw new SluiceError(code, message, { ...(at === undefined ? {} : { at }), why, fix })
  } finally { await thread.terminate() }
}
