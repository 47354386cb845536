// Static tables. memory.data() places them in the module's data segment; the host fills the ones computed with BigInt.

/** 10^0 .. 10^22, each exact in float64. */
export const POW10: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
], 16)

/** 10^0 .. 10^18 as integers. */
export const POW10_INT: usize = memory.data(19 * 8, 16)

/** 10^0, -10^0, 10^1, -10^1, .. 10^22, -10^22. */
export const POW10_SIGNED: usize = memory.data(23 * 16, 16)

/** [length][whole]: from which byte of a number each of its 16 digits comes, aligned to the right, without the dot, which stands at `whole`; above 127:
 *  from none. No dot: whole = length. */
export const ALIGN: usize = memory.data(17 * 16 * 16, 16)

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
  for (let length: i32 = 0; length <= 16; length++) {
    for (let whole: i32 = 0; whole < 16; whole++) {
      for (let lane: i32 = 0; lane < 16; lane++) {
        const from = lane + length - 16
        store<i8>(ALIGN + ((length << 8) | (whole << 4) | lane), i8(whole < length && from <= whole ? from - 1 : from))
      }
    }
  }
}

/** Top 128 bits (high, low) of 5^q for q in -342..324; filled by the host. */
export const POW5: usize = memory.data(2 * 8 * (324 + 342 + 1), 16)

export function pow5Table(): usize {
  return POW5
}
