// Static tables. memory.data() places them in the module's data segment; the host fills the ones computed with BigInt.

/** 10^0 .. 10^22, each exact in float64. */
export const POW10: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
], 16)

/** 10^0 .. 10^8 as u64. */
export const POW10_INT: usize = memory.data<u64>([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000], 16)

/** 0,1,..15: lane numbers, the identity swizzle. */
export const LANES: usize = memory.data<u8>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 16)

/** Top 128 bits (high, low) of 5^q for q in -342..308; filled by the host. */
export const POW5: usize = memory.data(2 * 8 * (308 + 342 + 1), 16)

export function pow5Table(): usize {
  return POW5
}
