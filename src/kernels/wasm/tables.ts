// Static tables. memory.data() places them in the module's data segment; the host fills the ones computed with BigInt.

// Vectors: the engine makes one that stands in the code anew by three instructions each time, and loads one of these by one (a scan of 30 numbers: 5 %).
export const CHARS_ZERO: usize = memory.data<u8>([48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48], 16)
export const CHARS_MINUS: usize = memory.data<u8>([45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45], 16)
export const CHARS_QUOTE: usize = memory.data<u8>([34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34], 16)
export const CHARS_BACKSLASH: usize = memory.data<u8>([92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92], 16)
export const CHARS_CONTROL: usize = memory.data<u8>([31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31], 16)
export const BYTES_9: usize = memory.data<u8>([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], 16)
export const BYTES_12: usize = memory.data<u8>([12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12], 16)
export const WEIGHTS_10: usize = memory.data<u8>([10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1], 16)
export const WEIGHTS_100: usize = memory.data<i16>([100, 1, 100, 1, 100, 1, 100, 1], 16)
export const WEIGHTS_10000: usize = memory.data<i16>([10000, 1, 10000, 1, 10000, 1, 10000, 1], 16)
export const WEIGHTS_100000000: usize = memory.data<f64>([100000000, 1], 16)

/** 10^0 .. 10^22, each exact in float64. */
export const POW10: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
], 16)

/** 10^0 .. 10^18 as integers. */
export const POW10_INT: usize = memory.data(19 * 8, 16)

/** 10^0, -10^0, 10^1, -10^1, .. 10^22, -10^22. */
export const POW10_SIGNED: usize = memory.data(23 * 16, 16)

/** 10^0 .. 10^22, each as the sum of two with half as many bits. */
export const POW10_HALVES: usize = memory.data(23 * 16, 16)

/** [length][whole]: from which byte of a number each of its 16 digits comes, aligned to the right, without the dot, which stands at `whole`; above 127:
 *  from none, as the last one where there is no such number. No dot: whole = length. Then 10^digits after the dot as f64, and the same below 0.
 *  ALIGN_LONG: of 16 bytes of a longer one. */
export const ALIGN: usize = memory.data(19 * 16 * 32, 16)
export const ALIGN_LONG: usize = ALIGN + 18 * 512

/** Once, before the first number. */
export function numberInit(): void {
  let power: u64 = 1
  for (let k: usize = 0; k < 19; k++) {
    store<u64>(POW10_INT + (k << 3), power)
    power *= 10
  }
  for (let k: usize = 0; k < 23; k++) {
    store<f64>(POW10_SIGNED + (k << 4), load<f64>(POW10 + (k << 3)))
    store<f64>(POW10_SIGNED + (k << 4), -load<f64>(POW10 + (k << 3)), 8)
  }
  for (let k: usize = 0; k < 23; k++) {
    const x = load<f64>(POW10 + (k << 3))
    const t = x * 134217729
    const high = t - (t - x)
    store<f64>(POW10_HALVES + (k << 4), high)
    store<f64>(POW10_HALVES + (k << 4), x - high, 8)
  }
  for (let row: i32 = 0; row <= 18; row++) {
    const length = row < 18 ? row : 16
    for (let whole: i32 = 0; whole < 16; whole++) {
      const entry = ALIGN + ((row << 9) | (whole << 5))
      for (let lane: i32 = 0; lane < 16; lane++) {
        const from = lane + length - 16
        store<i8>(entry + lane, i8(whole < length && from <= whole ? from - 1 : from))
      }
      // nothing after the dot, or more bytes than one vector has
      if (whole == length - 1 || row == 16 || row == 17) store<i8>(entry, -1, 15)
      if (whole < length) memory.copy(entry + 16, POW10_SIGNED + ((length - whole - 1) << 4), 16)
    }
  }
}

/** Top 128 bits (high, low) of 5^q for q in -342..324; filled by the host. */
export const POW5: usize = memory.data(2 * 8 * (324 + 342 + 1), 16)

export function pow5Table(): usize {
  return POW5
}
