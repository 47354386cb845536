import type { Region } from '../core/index.ts'
import type { Kernels } from './host.ts'

/** Tables for kernels, put together before it is known where in the memory they will lie: pointers are put right when it is. */
export interface Image {
  /** So many bytes of zeros, aligned to 16; answers where, from the start of the image. */
  take(bytes: number): number
  u32(at: number, value: number): void
  /** To a u32 that is there. */
  add(at: number, value: number): void
  f32(at: number, value: number): void
  f64(at: number, value: number): void
  bytes(at: number, value: Uint8Array): void
  pointer(at: number, to: number): void
  /** Puts it into the memory; undefined: no room. What was `at` in the image is now at `block.bytes.byteOffset + at`. */
  place(kernels: Pick<Kernels, 'block'>): Region | undefined
}

export function createImage(): Image {
  let bytes = new Uint8Array(4096), view = new DataView(bytes.buffer), length = 0
  const pointers: number[] = []
  return {
    take(size) {
      const at = length
      length += Math.ceil(size / 16) * 16
      if (length > bytes.length) {
        const grown = new Uint8Array(Math.max(length, bytes.length * 2))
        grown.set(bytes)
        bytes = grown
        view = new DataView(bytes.buffer)
      }
      return at
    },
    u32: (at, value) => view.setUint32(at, value, true),
    add: (at, value) => view.setUint32(at, view.getUint32(at, true) + value, true),
    f32: (at, value) => view.setFloat32(at, value, true),
    f64: (at, value) => view.setFloat64(at, value, true),
    bytes: (at, value) => bytes.set(value, at),
    pointer(at, to) {
      view.setUint32(at, to, true)
      pointers.push(at)
    },
    place(kernels) {
      const block = kernels.block(length)
      if (block === undefined) return undefined
      block.bytes.set(bytes.subarray(0, length))
      const { buffer, byteOffset } = block.bytes, placed = new DataView(buffer, byteOffset, length)
      for (const at of pointers) placed.setUint32(at, placed.getUint32(at, true) + byteOffset, true)
      return block
    },
  }
}
