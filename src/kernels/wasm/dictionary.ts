import { DICTIONARY_MASK, DICTIONARY_SLOTS, SLOT_BYTES, SLOT_LENGTH, SLOT_VALUE } from './layout'
import { firstBytes } from './text'

export function hash(v: v128): u32 {
  return u32((<u64>i64x2.extract_lane(v, 0) * 0x9e3779b97f4a7c15 + <u64>i64x2.extract_lane(v, 1) * 0xc2b2ae3d27d4eb4f) >> 40)
}

/** Its 16 bytes one to the left, the first becomes the last: so that two halves that are alike do not cancel each other. */
export function rotated(v: v128): v128 {
  return i8x16.shuffle(v, v, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0)
}

/** The slot of the token of 1 to 32 bytes at p; 0: the dictionary does not have it. */
export function lookUp(dictionary: usize, p: usize, length: usize): usize {
  const slot = slotOf(dictionary, p, length)
  return load<u32>(slot, SLOT_LENGTH) ? slot : 0
}

/** Of two tokens that are alike, the last counts. A slot must stay free. */
export function addToken(dictionary: usize, p: usize, length: usize, value: f64): void {
  const slot = slotOf(dictionary, p, length)
  const whole = length <= 16
  v128.store(slot, whole ? firstBytes(v128.load(p), length) : v128.load(p))
  v128.store(slot, whole ? i8x16.splat(0) : firstBytes(v128.load(p, 16), length - 16), 16)
  store<f64>(slot, value, SLOT_VALUE)
  store<u32>(slot, length, SLOT_LENGTH)
}

/** Where it is, or where it would be. */
function slotOf(dictionary: usize, p: usize, length: usize): usize {
  let a = v128.load(p), b = i8x16.splat(0)
  if (length <= 16) a = firstBytes(a, length)
  else b = firstBytes(v128.load(p, 16), length - 16)
  const mask = load<u32>(dictionary, DICTIONARY_MASK)
  let i = hash(v128.xor(a, rotated(b))) & mask
  while (true) {
    const slot = dictionary + DICTIONARY_SLOTS + i * SLOT_BYTES
    const taken: usize = load<u32>(slot, SLOT_LENGTH)
    if (!taken) return slot
    if (taken == length && !v128.any_true(v128.or(v128.xor(a, v128.load(slot)), v128.xor(b, v128.load(slot, 16))))) return slot
    i = (i + 1) & mask
  }
}
