import { DICTIONARY_MASK, DICTIONARY_SLOTS, ENTRY_LENGTH } from './layout'
import { firstBytes } from './text'

export function hash(v: v128): u32 {
  const h = <u64>i64x2.extract_lane(v, 0) * 0x9e3779b97f4a7c15 + <u64>i64x2.extract_lane(v, 1) * 0xc2b2ae3d27d4eb4f
  // the last bytes of a lane are in the upper bits only
  return u32(h >> 52) ^ u32(h >> 40)
}

/** Its 16 bytes one to the left, the first becomes the last: so that two halves that are alike do not cancel each other. */
export function rotated(v: v128): v128 {
  return i8x16.shuffle(v, v, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0)
}

/** The entry of the token of 1 to 32 bytes at p; 0: the dictionary does not have it. */
export function lookUp(dictionary: usize, p: usize, length: usize): usize {
  let a = v128.load(p), b = i8x16.splat(0)
  if (length <= 16) a = firstBytes(a, length)
  else b = firstBytes(v128.load(p, 16), length - 16)
  const mask = load<u32>(dictionary, DICTIONARY_MASK)
  let i = hash(v128.xor(a, rotated(b))) & mask
  while (true) {
    const entry: usize = load<u32>(dictionary + (i << 2), DICTIONARY_SLOTS)
    if (!entry) return 0
    if (<usize>load<u32>(entry, ENTRY_LENGTH) == length && !v128.any_true(v128.or(v128.xor(a, v128.load(entry)), v128.xor(b, v128.load(entry, 16))))) return entry
    i = (i + 1) & mask
  }
}

/** Lets an entry be found. A slot must stay free. */
export function addToken(dictionary: usize, entry: usize): void {
  const mask = load<u32>(dictionary, DICTIONARY_MASK)
  let i = hash(v128.xor(v128.load(entry), rotated(v128.load(entry, 16)))) & mask
  while (load<u32>(dictionary + (i << 2), DICTIONARY_SLOTS)) i = (i + 1) & mask
  store<u32>(dictionary + (i << 2), entry, DICTIONARY_SLOTS)
}
