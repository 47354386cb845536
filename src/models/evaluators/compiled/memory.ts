import type { KernelExports } from '../../../kernels/exports.ts'
import type { Image } from '../../../kernels/image.ts'
import { instanceOf, memoryOf, PAGE } from '../../../kernels/webassembly.ts'
import type { KernelModule } from '../../../kernels/webassembly.ts'
import { expTables } from '../../exp.ts'

/** Kernels and one model: a memory of its own, as large as the model, that goes when nobody holds it any more. */
export interface ModelMemory {
  readonly run: KernelExports
  readonly buffer: ArrayBuffer
  /** The pointer to what was taken at 0 of the image. */
  readonly base: number
}

/** More than the kernels' own tables, and what they read over an end. */
const OWN_BYTES = 2 * PAGE, OVER = 256
const PAGES_MAX = 65536

/** undefined: it is too large for one memory. */
export function placed(image: Image, module: KernelModule): ModelMemory | undefined {
  let made: ModelMemory | undefined
  image.place({
    block(bytes) {
      const pages = Math.ceil((OWN_BYTES + bytes + OVER) / PAGE)
      if (pages > PAGES_MAX) return undefined
      // the tables that `instantiate` fills are for records: models need none of them
      const memory = memoryOf(pages), run = instanceOf(module, memory) as KernelExports, base = Math.ceil(run.heapBase() / 64) * 64
      for (const [i, table] of expTables.entries()) new Float64Array(memory.buffer, run.expTable() + i * 1024, 128).set(table)
      made = { run, buffer: memory.buffer, base }
      return { bytes: new Uint8Array(memory.buffer, base, bytes), release() {} }
    },
  })
  return made
}
