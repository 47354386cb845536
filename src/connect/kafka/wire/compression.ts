/** In the order of their numbers on the wire. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** The bytes as Kafka holds them: gzip, raw snappy, an LZ4 frame, a zstd frame. */
export function compress(_bytes: Uint8Array, _compression: Compression): Uint8Array { throw new Error('not written yet') }

/** What was compressed, in memory of its own. Snappy is read raw and in the blocks of the Java library (xerial).
    @throws RangeError when it is damaged, or larger than `bytesMax` */
export function decompress(_bytes: Uint8Array, _compression: Compression, _bytesMax: number): Uint8Array { throw new Error('not written yet') }
