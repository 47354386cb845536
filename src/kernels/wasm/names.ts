import { hash, rotated } from './dictionary'
import { FIELD_KEY, FIELD_KEY_LENGTH, FIELD_KEY_LITERAL, FIELD_LENGTH, FIELD_LITERAL, FIELD_MASK, SHAPE_MISSES, SHAPE_SLOT_MASK, SHAPE_SLOTS } from './layout'
import { firstBytes, QUOTE, same, stopMask } from './text'

// Names of fields: whether the one that is expected is there, with all that lies between two values, and by a hash where it is another.

export function matches(head: v128, field: usize): bool {
  return !v128.any_true(v128.xor(v128.and(head, v128.load(field, FIELD_MASK)), v128.load(field)))
}

/** All of what is expected: whole vectors from 16 on, the last one overlapping. */
export function longMatches(p: usize, field: usize): bool {
  return restMatches(p, load<u32>(field, FIELD_LITERAL), load<u32>(field, FIELD_LENGTH))
}

function restMatches(p: usize, literal: usize, length: usize): bool {
  for (let i: usize = 16; i + 16 < length; i += 16) if (!same(p + i, literal + i)) return false
  return same(p + length - 16, literal + length - 16)
}

/** After the key at p. 0: it holds an escape (it might be one that is wanted), or is none. */
export function keyEnd(p: usize, end: usize): usize {
  let at = p + 1
  let stops = stopMask(at)
  while (!stops) {
    at += 16
    if (at >= end) return 0
    stops = stopMask(at)
  }
  at += ctz(stops)
  return load<u8>(at) == QUOTE ? at + 1 : 0
}

/** Keys in any order, by a hash over the first and the last 16 bytes of `"key"`. */
export function find(p: usize, after: usize, shape: usize): usize {
  store<u32>(shape, load<u32>(shape, SHAPE_MISSES) + 1, SHAPE_MISSES)
  const length = after - p
  const head = length < 16 ? firstBytes(v128.load(p), length) : v128.load(p)
  const mask = load<u32>(shape, SHAPE_SLOT_MASK)
  const slots: usize = load<u32>(shape, SHAPE_SLOTS)
  let i = keyHash(head, after, length) & mask
  while (true) {
    const field: usize = load<u32>(slots + (i << 2))
    if (!field) return 0
    if (
      <usize>load<u32>(field, FIELD_KEY_LENGTH) == length && !v128.any_true(v128.xor(head, v128.load(field, FIELD_KEY))) &&
      (length <= 16 || restMatches(p, load<u32>(field, FIELD_KEY_LITERAL), length))
    ) return field
    i = (i + 1) & mask
  }
}

function keyHash(head: v128, after: usize, length: usize): u32 {
  return hash(length <= 16 ? head : v128.xor(head, rotated(v128.load(after - 16))))
}

/** Lets a field be found. A slot must stay free. */
export function addField(shape: usize, field: usize): void {
  const length: usize = load<u32>(field, FIELD_KEY_LENGTH)
  const mask = load<u32>(shape, SHAPE_SLOT_MASK)
  const slots: usize = load<u32>(shape, SHAPE_SLOTS)
  let i = keyHash(v128.load(field, FIELD_KEY), <usize>load<u32>(field, FIELD_KEY_LITERAL) + length, length) & mask
  while (load<u32>(slots + (i << 2))) i = (i + 1) & mask
  store<u32>(slots + (i << 2), field)
}
