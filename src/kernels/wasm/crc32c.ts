// CRC-32C (Castagnoli), slicing by 8; long inputs in three independent streams, joined by tables that advance a CRC over BLOCK zero bytes.

const TABLE: usize = memory.data(8 * 256 * 4, 16)
const ADVANCE: usize = memory.data(4 * 256 * 4, 16)
const BLOCK: i32 = 1024

/** Once, before crc32c. */
export function crcInit(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let c = i
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82f63b78 : c >> 1
    store<u32>(TABLE + (i << 2), c)
  }
  for (let i: u32 = 256; i < 8 * 256; i++) {
    const before = load<u32>(TABLE + ((i - 256) << 2))
    store<u32>(TABLE + (i << 2), (before >> 8) ^ at(0, before & 255))
  }
  for (let k: u32 = 0; k < 4; k++) {
    for (let i: u32 = 0; i < 256; i++) {
      let c = i << (8 * k)
      for (let z = 0; z < BLOCK; z++) c = (c >> 8) ^ at(0, c & 255)
      store<u32>(ADVANCE + (((k << 8) + i) << 2), c)
    }
  }
}

function at(table: usize, i: u32): u32 {
  return load<u32>(TABLE + (table << 10) + (i << 2))
}

/**
 * @inline
 */
function eight(crc: u32, p: usize): u32 {
  const v = load<u64>(p) ^ <u64>crc
  const lo = <u32>v
  const hi = u32(v >> 32)
  return at(7, lo & 255) ^ at(6, (lo >> 8) & 255) ^ at(5, (lo >> 16) & 255) ^ at(4, lo >> 24) ^ at(3, hi & 255) ^ at(2, (hi >> 8) & 255) ^ at(1, (hi >> 16) & 255) ^ at(0, hi >> 24)
}

function advance(c: u32): u32 {
  return load<u32>(ADVANCE + ((c & 255) << 2)) ^ load<u32>(ADVANCE + (((c >> 8) & 255) << 2), 1024) ^ load<u32>(ADVANCE + (((c >> 16) & 255) << 2), 2048) ^ load<u32>(ADVANCE + ((c >> 24) << 2), 3072)
}

export function crc32c(p: usize, length: u32): u32 {
  let c = u32.MAX_VALUE
  let n = length
  while (n >= 3 * BLOCK) {
    let b: u32 = 0
    let d: u32 = 0
    const end = p + BLOCK
    for (; p < end; p += 8) {
      c = eight(c, p)
      b = eight(b, p + BLOCK)
      d = eight(d, p + 2 * BLOCK)
    }
    c = advance(advance(c) ^ b) ^ d
    p += 2 * BLOCK
    n -= 3 * BLOCK
  }
  for (; n >= 8; n -= 8) {
    c = eight(c, p)
    p += 8
  }
  for (; n > 0; n--) c = (c >> 8) ^ at(0, (c ^ load<u8>(p++)) & 255)
  return ~c
}
