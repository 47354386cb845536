// murmur2 (Austin Appleby, public domain) with the seed of Kafka's producers, so that a key goes to the partition where Java would put it.
const SEED = 0x9747b28c | 0
const M = 0x5bd1e995

/** The hash of bytes[start, end): 32 bits, signed. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED ^ (end - start), at = start
  for (; at + 4 <= end; at += 4) {
    let word = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24
    word = Math.imul(word, M)
    word ^= word >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(word, M)
  }
  const left = end - at
  if (left > 2) hash ^= bytes[at + 2]! << 16
  if (left > 1) hash ^= bytes[at + 1]! << 8
  if (left > 0) hash = Math.imul(hash ^ bytes[at]!, M)
  hash ^= hash >>> 13
  hash = Math.imul(hash, M)
  return hash ^ hash >>> 15
}

/** The partition that Java's producer takes for this key. */
export const partitionOf = (bytes: Uint8Array, start: number, end: number, partitions: number): number => (murmur2(bytes, start, end) & 0x7fffffff) % partitions
