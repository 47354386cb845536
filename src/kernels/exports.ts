/** What kernels.wasm exports (src/kernels/wasm). A pointer is a byte position in the memory, below 2 ** 32. Every input must be followed by 64
    bytes that may be read. */
export interface KernelExports {
  heapBase(): number
  crcInit(): void
  /** As a signed number. */
  crc32c(at: number, length: number): number
  /** 1: the bytes are valid UTF-8. */
  utf8(at: number, length: number): number
}
