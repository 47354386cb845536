// The main file of the thread that reads a large model while another one serves.
import { parentPort, workerData } from 'node:worker_threads'
import { SluiceError } from '../../core/index.ts'
import { read, type Said, type Wanted } from './read.ts'

const { path, options, shared } = workerData as Wanted
try {
  const found = await read(path, options), said: Said = { read: shared ? { ...inSharedMemory(found), shared } : found }
  parentPort!.postMessage(said, [...buffersOf(said)])
} catch (error) {
  if (!(error instanceof SluiceError)) throw error
  const { code, message, at, why, fix } = error
  parentPort!.postMessage({ failed: { code, message, at, why, fix } } satisfies Said)
}

/** The same, with copies of all arrays in it: they are sent without their memory, which others may hold too. */
function inSharedMemory<T>(value: T, made = new Map<unknown, unknown>()): T {
  if (typeof value !== 'object' || value === null) return value
  const known = made.get(value)
  if (known !== undefined) return known as T
  if (ArrayBuffer.isView(value)) {
    const view = value as unknown as Uint8Array, copy = new (view.constructor as Uint8ArrayConstructor)(new SharedArrayBuffer(view.byteLength), 0, view.length)
    copy.set(view)
    made.set(value, copy)
    return copy as unknown as T
  }
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {}
  made.set(value, copy)
  for (const [name, part] of Object.entries(value)) (copy as Record<string, unknown>)[name] = inSharedMemory(part, made)
  return copy as T
}

/** The memory of all arrays in it: it changes hands instead of being copied. */
function buffersOf(value: unknown, into = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) { if (value.buffer instanceof ArrayBuffer) into.add(value.buffer) }
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, into)
  return into
}
