// The main file of the thread that reads a large model while another one serves.
import { parentPort, workerData } from 'node:worker_threads'
import { SluiceError } from '../../core/index.ts'
import { read, type Said, type Wanted } from './read.ts'

const { path, options } = workerData as Wanted
try {
  const said: Said = { read: await read(path, options) }
  parentPort!.postMessage(said, [...buffersOf(said)])
} catch (error) {
  if (!(error instanceof SluiceError)) throw error
  const { code, message, at, why, fix } = error
  parentPort!.postMessage({ failed: { code, message, at, why, fix } } satisfies Said)
}

/** The memory of all arrays in it: it changes hands instead of being copied. */
function buffersOf(value: unknown, into = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) { if (value.buffer instanceof ArrayBuffer) into.add(value.buffer) }
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, into)
  return into
}
