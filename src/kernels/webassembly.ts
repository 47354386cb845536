/** The part of WebAssembly that is used here; the type libraries that are loaded declare none of it. */
export interface KernelMemory { readonly buffer: ArrayBuffer }
/** Compiled kernels: can be posted to a thread. */
export interface KernelModule { readonly __compiled?: never }

declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => KernelMemory
  readonly Module: new (bytes: Uint8Array) => KernelModule
  readonly Instance: new (module: KernelModule, imports: { readonly env: { readonly memory: KernelMemory } }) => { readonly exports: object }
}

export const PAGE = 65536
/** Never grown, so views of it never detach. */
export const memoryOf = (pages: number): KernelMemory => new WebAssembly.Memory({ initial: pages, maximum: pages })
export const instanceOf = (module: KernelModule, memory: KernelMemory): object => new WebAssembly.Instance(module, { env: { memory } }).exports

/** From the bytes of kernels.wasm, wherever the caller has them from (beside this file: kernels.wasm). undefined: this engine lacks vectors. */
export function compileKernels(bytes: Uint8Array): KernelModule | undefined {
  try { return new WebAssembly.Module(bytes) } catch { return undefined }
}
