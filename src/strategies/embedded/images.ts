import { resolve } from 'node:path'
import type { ReadOptions } from '../../core/index.ts'
import { stampOf } from './files.ts'
import { readInThread } from './read.ts'
import type { Read } from './read.ts'

/** From this size on, on disk, a model lies once in a process, in memory that its threads share. */
export const SHARED_BYTES = 32 * 2 ** 20
/** Executors ask for the same version at about the same time. */
const KEPT_MS = 60_000

export type Images = (path: string, options: ReadOptions) => Promise<Read>

/** Reads models for all executors and pipelines of a process: who asks for what is being read, or has just been read, gets the same arrays. They live for as long as
    somebody uses them.
    @throws what `read` throws */
export function openImages(): Images {
  const images = new Map<string, Promise<Read>>()
  return async (path, { trees, categories }) => {
    const options: ReadOptions = { ...(trees === undefined ? {} : { trees }), ...(categories === undefined ? {} : { categories }) }
    const key = JSON.stringify([resolve(path), options, (await stampOf(path)).text])
    const known = images.get(key)
    if (known !== undefined) return known
    const image = readInThread(path, options, true), forget = (): void => { if (images.get(key) === image) images.delete(key) }
    images.set(key, image)
    image.then(() => setTimeout(forget, KEPT_MS).unref(), forget)
    return image
  }
}
