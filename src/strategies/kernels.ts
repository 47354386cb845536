import { readFile } from 'node:fs/promises'
import { compileKernels } from '../kernels/webassembly.ts'
import type { KernelModule } from '../kernels/webassembly.ts'

let compiled: Promise<KernelModule | undefined> | undefined

/** The kernels, compiled once a thread: from the package, or, where the sources run as they are, from their sources, if need be. undefined: this
    engine cannot run them. */
export const kernelModule = (): Promise<KernelModule | undefined> => compiled ??= bytesOf().then(compileKernels)

async function bytesOf(): Promise<Uint8Array> {
  if (!import.meta.url.endsWith('.ts')) return readFile(new URL('../kernels/kernels.wasm', import.meta.url))
  const builder = new URL('../../scripts/build-kernels.ts', import.meta.url)
  const { builtKernels } = await import(builder.href) as { builtKernels(): Promise<Uint8Array> }
  return builtKernels()
}
