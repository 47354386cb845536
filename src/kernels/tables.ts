/** The upper 128 bits of 5^q for q from -342 to 324, the higher half first, as Eisel and Lemire want them: those of negative powers are rounded up. */
export const powersOfFive = (): BigUint64Array => powers ??= computed()
let powers: BigUint64Array | undefined

const LEAST = -342, MOST = 324

function computed(): BigUint64Array {
  const table = new BigUint64Array(2 * (MOST - LEAST + 1))
  for (let q = LEAST; q <= MOST; q++) {
    const power = 5n ** BigInt(Math.abs(q)), bits = bitsOf(power)
    let upper: bigint
    if (q >= 0) upper = bits <= 128n ? power << (128n - bits) : power >> (bits - 128n)
    else {
      upper = (1n << (q >= -27 ? bits + 127n : 2n * bits + 128n)) / power + 1n
      const more = bitsOf(upper) - 128n
      if (more > 0n) upper >>= more
    }
    table[2 * (q - LEAST)] = upper >> 64n
    table[2 * (q - LEAST) + 1] = BigInt.asUintN(64, upper)
  }
  return table
}

const bitsOf = (value: bigint): bigint => BigInt(value.toString(2).length)
