// CRC-32C (Castagnoli). Long inputs in 32 streams side by side: a table of a byte is the sum of two tables of half a byte, each of which a vector holds, so that one
// shuffle looks up 16 of them. The four bytes of 16 checksums lie in four vectors. What is left goes eight bytes at a time by tables ("slicing").

const TABLE: usize = memory.data(8 * 256 * 4, 16)
/** Of each byte of TABLE's first 256: where the lower half of the index is set, then where the upper half is. */
const HALVES: usize = memory.data(8 * 16, 16)
/** By LANE bytes of zeros. */
const ADVANCE: usize = memory.data(4 * 256 * 4, 16)
/** Bytes of a stream. */
const LANE: usize = 128
const BLOCK: i32 = 4096
const COLUMNS: usize = memory.data(2 * 256, 16)
const LANES: usize = memory.data(4 * 16, 16)

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
    for (let i: u32 = 0; i < 16; i++) {
      store<u8>(HALVES + (k << 5) + i, u8(at(0, i) >> (k << 3)))
      store<u8>(HALVES + (k << 5) + i, u8(at(0, i << 4) >> (k << 3)), 16)
    }
    for (let i: u32 = 0; i < 256; i++) {
      let c = i << (8 * k)
      for (let z: usize = 0; z < LANE; z++) c = (c >> 8) ^ at(0, c & 255)
      store<u32>(ADVANCE + (((k << 8) + i) << 2), c)
    }
  }
}

function at(table: usize, i: u32): u32 {
  return load<u32>(TABLE + (table << 10) + (i << 2))
}

export function crc32c(p: usize, length: u32): u32 {
  let c = u32.MAX_VALUE
  let n = i32(length)
  for (; n >= BLOCK; n -= BLOCK) {
    c = block(c, p)
    p += BLOCK
  }
  for (; n >= 8; n -= 8) {
    c = eight(c, p)
    p += 8
  }
  for (; n > 0; n--) c = (c >> 8) ^ at(0, (c ^ load<u8>(p++)) & 255)
  return ~c
}

function eight(crc: u32, p: usize): u32 {
  const v = load<u64>(p) ^ <u64>crc
  const lo = <u32>v
  const hi = u32(v >> 32)
  return at(7, lo & 255) ^ at(6, (lo >> 8) & 255) ^ at(5, (lo >> 16) & 255) ^ at(4, lo >> 24) ^ at(3, hi & 255) ^ at(2, (hi >> 8) & 255) ^ at(1, (hi >> 16) & 255) ^ at(0, hi >> 24)
}

/** Two times 16 streams, of which none waits for the other. */
function block(crc: u32, p: usize): u32 {
  let a0 = i32x4(crc & 255, 0, 0, 0), a1 = i32x4((crc >> 8) & 255, 0, 0, 0), a2 = i32x4((crc >> 16) & 255, 0, 0, 0), a3 = i32x4(crc >> 24, 0, 0, 0)
  let b0 = i32x4.splat(0), b1 = b0, b2 = b0, b3 = b0
  const half = i8x16.splat(15)
  for (const last = p + LANE; p < last; p += 16) {
    turn(COLUMNS, p)
    turn(COLUMNS + 256, p + 16 * LANE)
    const l0 = v128.load(HALVES), h0 = v128.load(HALVES, 16), l1 = v128.load(HALVES, 32), h1 = v128.load(HALVES, 48)
    const l2 = v128.load(HALVES, 64), h2 = v128.load(HALVES, 80), l3 = v128.load(HALVES, 96), h3 = v128.load(HALVES, 112)
    for (let column = COLUMNS; column < COLUMNS + 256; column += 16) {
      const a = v128.xor(a0, v128.load(column)), b = v128.xor(b0, v128.load(column, 256))
      const al = v128.and(a, half), ah = v128.and(i16x8.shr_u(a, 4), half), bl = v128.and(b, half), bh = v128.and(i16x8.shr_u(b, 4), half)
      a0 = v128.xor(a1, looked(l0, al, h0, ah))
      b0 = v128.xor(b1, looked(l0, bl, h0, bh))
      a1 = v128.xor(a2, looked(l1, al, h1, ah))
      b1 = v128.xor(b2, looked(l1, bl, h1, bh))
      a2 = v128.xor(a3, looked(l2, al, h2, ah))
      b2 = v128.xor(b3, looked(l2, bl, h2, bh))
      a3 = looked(l3, al, h3, ah)
      b3 = looked(l3, bl, h3, bh)
    }
  }
  return joined(joined(0, a0, a1, a2, a3), b0, b1, b2, b3)
}

/**
 * @inline
 */
function looked(lows: v128, l: v128, highs: v128, h: v128): v128 {
  return v128.xor(i8x16.relaxed_swizzle(lows, l), i8x16.relaxed_swizzle(highs, h))
}

/** Behind `crc`, 16 streams one after the other. */
function joined(crc: u32, c0: v128, c1: v128, c2: v128, c3: v128): u32 {
  v128.store(LANES, c0)
  v128.store(LANES, c1, 16)
  v128.store(LANES, c2, 32)
  v128.store(LANES, c3, 48)
  for (let lane = LANES; lane < LANES + 16; lane++) {
    crc = advance(crc) ^ (<u32>load<u8>(lane) | (<u32>load<u8>(lane, 16) << 8) | (<u32>load<u8>(lane, 32) << 16) | (<u32>load<u8>(lane, 48) << 24))
  }
  return crc
}

function advance(c: u32): u32 {
  return load<u32>(ADVANCE + ((c & 255) << 2)) ^ load<u32>(ADVANCE + (((c >> 8) & 255) << 2), 1024) ^ load<u32>(ADVANCE + (((c >> 16) & 255) << 2), 2048) ^ load<u32>(ADVANCE + ((c >> 24) << 2), 3072)
}

/** 16 bytes of each of 16 streams, as 16 vectors of a byte of each: four times what lies 8 vectors apart is put side by side. */
function turn(to: usize, p: usize): void {
  const a0 = v128.load(p), a1 = v128.load(p + LANE), a2 = v128.load(p + 2 * LANE), a3 = v128.load(p + 3 * LANE)
  const a4 = v128.load(p + 4 * LANE), a5 = v128.load(p + 5 * LANE), a6 = v128.load(p + 6 * LANE), a7 = v128.load(p + 7 * LANE)
  const a8 = v128.load(p + 8 * LANE), a9 = v128.load(p + 9 * LANE), a10 = v128.load(p + 10 * LANE), a11 = v128.load(p + 11 * LANE)
  const a12 = v128.load(p + 12 * LANE), a13 = v128.load(p + 13 * LANE), a14 = v128.load(p + 14 * LANE), a15 = v128.load(p + 15 * LANE)
  const b0 = lows(a0, a8), b1 = highs(a0, a8)
  const b2 = lows(a1, a9), b3 = highs(a1, a9)
  const b4 = lows(a2, a10), b5 = highs(a2, a10)
  const b6 = lows(a3, a11), b7 = highs(a3, a11)
  const b8 = lows(a4, a12), b9 = highs(a4, a12)
  const b10 = lows(a5, a13), b11 = highs(a5, a13)
  const b12 = lows(a6, a14), b13 = highs(a6, a14)
  const b14 = lows(a7, a15), b15 = highs(a7, a15)
  const c0 = lows(b0, b8), c1 = highs(b0, b8)
  const c2 = lows(b1, b9), c3 = highs(b1, b9)
  const c4 = lows(b2, b10), c5 = highs(b2, b10)
  const c6 = lows(b3, b11), c7 = highs(b3, b11)
  const c8 = lows(b4, b12), c9 = highs(b4, b12)
  const c10 = lows(b5, b13), c11 = highs(b5, b13)
  const c12 = lows(b6, b14), c13 = highs(b6, b14)
  const c14 = lows(b7, b15), c15 = highs(b7, b15)
  const d0 = lows(c0, c8), d1 = highs(c0, c8)
  const d2 = lows(c1, c9), d3 = highs(c1, c9)
  const d4 = lows(c2, c10), d5 = highs(c2, c10)
  const d6 = lows(c3, c11), d7 = highs(c3, c11)
  const d8 = lows(c4, c12), d9 = highs(c4, c12)
  const d10 = lows(c5, c13), d11 = highs(c5, c13)
  const d12 = lows(c6, c14), d13 = highs(c6, c14)
  const d14 = lows(c7, c15), d15 = highs(c7, c15)
  const e0 = lows(d0, d8), e1 = highs(d0, d8)
  const e2 = lows(d1, d9), e3 = highs(d1, d9)
  const e4 = lows(d2, d10), e5 = highs(d2, d10)
  const e6 = lows(d3, d11), e7 = highs(d3, d11)
  const e8 = lows(d4, d12), e9 = highs(d4, d12)
  const e10 = lows(d5, d13), e11 = highs(d5, d13)
  const e12 = lows(d6, d14), e13 = highs(d6, d14)
  const e14 = lows(d7, d15), e15 = highs(d7, d15)
  v128.store(to, e0)
  v128.store(to, e1, 16)
  v128.store(to, e2, 32)
  v128.store(to, e3, 48)
  v128.store(to, e4, 64)
  v128.store(to, e5, 80)
  v128.store(to, e6, 96)
  v128.store(to, e7, 112)
  v128.store(to, e8, 128)
  v128.store(to, e9, 144)
  v128.store(to, e10, 160)
  v128.store(to, e11, 176)
  v128.store(to, e12, 192)
  v128.store(to, e13, 208)
  v128.store(to, e14, 224)
  v128.store(to, e15, 240)
}

/**
 * @inline
 */
function lows(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}

/**
 * @inline
 */
function highs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
}
