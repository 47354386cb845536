/** The hash by which Java's producer spreads keys, as a signed number. */
export function murmur2(_bytes: Uint8Array, _start: number, _end: number): number { throw new Error('not written yet') }

/** The partition that Java's producer takes for this key. */
export const partitionOf = (bytes: Uint8Array, start: number, end: number, partitions: number): number => (murmur2(bytes, start, end) & 0x7fffffff) % partitions
