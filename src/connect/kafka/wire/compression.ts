import { compressionsAlgorithms } from '@platformatic/kafka'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { SLACK } from './copy.ts'
import { unlz4 } from './lz4.ts'
import { snappyLength, unsnappy } from './snappy.ts'

/** In the order of their numbers on the wire. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** The bytes as Kafka holds them: gzip, raw Snappy, an LZ4 frame, a zstd frame. */
export function compress(bytes: Buffer, compression: Compression): Uint8Array {
  return compressionsAlgorithms[compression].compressSync(bytes)
}

/** What was compressed, in memory of its own. Snappy is read raw and in the blocks of the Java library (xerial). The library's own ways have
    no bound, and its WebAssembly is broken for good by some damaged blocks.
    @throws Error when it is damaged, or larger than `bytesMax` */
export function decompress(bytes: Uint8Array, compression: Compression, bytesMax: number): Uint8Array {
  switch (compression) {
    case 'none': return bytes
    case 'gzip': return gunzipSync(bytes, { maxOutputLength: bytesMax, chunkSize: chunk(bytes) })
    case 'snappy': return unsnappyAny(bytes, bytesMax)
    case 'lz4': return unlz4(bytes, bytesMax)
    case 'zstd': return zstdDecompressSync(bytes, { maxOutputLength: bytesMax, chunkSize: chunk(bytes) })
  }
}

/** What zlib asks for at a time: at best all at once. */
const chunk = (bytes: Uint8Array): number => Math.min(Math.max(bytes.length * 4, 1024), 1_048_576)

const XERIAL = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]
const XERIAL_HEAD = 16

/** Xerial: its name, two versions of 4 bytes, then raw blocks, each behind its length in 4 bytes. */
function unsnappyAny(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const blocks: { readonly at: number; readonly end: number }[] = []
  if (bytes.length >= XERIAL_HEAD && XERIAL.every((byte, i) => bytes[i] === byte)) {
    for (let at = XERIAL_HEAD; at < bytes.length;) {
      const length = at + 4 > bytes.length ? Infinity : (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0
      at += 4
      if (length > bytes.length - at) throw new RangeError('a Snappy block ends too soon')
      blocks.push({ at, end: at += length })
    }
  } else blocks.push({ at: 0, end: bytes.length })
  let size = 0
  for (const { at, end } of blocks) size += snappyLength(bytes, at, end)
  if (size > bytesMax) throw new RangeError(`it holds more than ${bytesMax} bytes`)
  // a copy makes at most 64 bytes of two; what claims more is damaged, and must not cost memory
  if (size > bytes.length * 32) throw new RangeError('the Snappy block is damaged')
  const out = new Uint8Array(size + SLACK)
  let to = 0
  for (const { at, end } of blocks) {
    unsnappy(bytes, at, end, out, to)
    to += snappyLength(bytes, at, end)
  }
  return out.subarray(0, size)
}
