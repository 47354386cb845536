/** Random numbers that are the same each time, quick. */
export class Random {
  #state: number
  constructor(seed: number) { this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1 }
  bits(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return this.#state = x >>> 0
  }
  below(limit: number): number { return this.bits() % limit }
  one<T>(of: readonly T[]): T { return of[this.below(of.length)]! }
  chance(of: number): boolean { return this.bits() < of * 2 ** 32 }
}

/** What parsers stumble over. */
const HOSTILE: readonly string[] = ['', ' ', '\t', '\n', '\r', '\v', '\u00a0', '\ufeff', '"', '\\', '\\"', '\\\\', '\\u', '\\u00', '\\u0061', '\\ud800', '\\x', '/', '//', '/**/', ',', ',,', ':', '::', '{', '}', '[', ']', '{}', '[]', '[[]]',
  '{"a":1}', '{"a":1,}', '[1,]', '[,1]', 'null', 'nul', 'nulll', 'Null', 'true', 'truee', 'tru', 'false', 'falsee', 'fals', 'NaN', 'nan', 'Infinity', '-Infinity', 'undefined', '0', '-0', '-0.0', '00', '01', '-01', '1.', '.5', '-', '--1', '+1', '1e', '1e+',
  '1e5', '1E5', '1e+05', '1e-5', '1.5e3', '1e400', '-1e400', '1e-400', '1e9999', '5e-324', '2.2250738585072011e-308', '2.2250738585072014e-308', '1.7976931348623157e308', '1.7976931348623159e308', '9007199254740993', '9007199254740992', '9007199254740991', '18446744073709551615', '18446744073709551616',
  '123456789012345', '1234567890123456', '12345678901234567', '123456789012345678', '1234567890123456789', '12345678901234567890', '0.1234567890123456', '0.12345678901234567', '-0.123456789012345678', '0.1234567890123456789', '0.12345678901234567890', '0.000000000000000000001', '0.00000000000000000000000000012345678901234567',
  '1.0000000596046448', '1.00000005960464477539062', '1.00000005960464477539063', '16777217', '33554435', '0.30000000000000004', '123456.7890123456', '1'.repeat(40), `0.${'3'.repeat(40)}`, `1${'0'.repeat(400)}`, '"5"', '""', '"x"', '"\\u0041A"', '"A\\u0041"', '"AA"', '"UA"', 'AA', '__proto__', '"__proto__":', '"constructor":1', '"toString"', '"\u0000"', '"\n"', '"\u001f"',
  '"\u007f"', '"\u00e9"', '"\ud83d\ude00"', `"${'z'.repeat(13)}"`, `"${'z'.repeat(14)}"`, `"${'z'.repeat(15)}"`, `"${'z'.repeat(29)}"`, `"${'z'.repeat(30)}"`, `"${'z'.repeat(31)}"`, `"${'z'.repeat(100)}"`, '[[[[[[[[1]]]]]]]]', `${'['.repeat(70)}${']'.repeat(70)}`, `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`, '[', '{', `${'['.repeat(300)}`]

const encoder = new TextEncoder()
const HOSTILE_BYTES = [...HOSTILE.map(text => encoder.encode(text)), ...['80', 'bf', 'c0', 'c080', 'c2', 'e0', 'e08080', 'e0a0', 'eda080', 'f0', 'f09f98', 'f4908080', 'f8', 'ff', '00', '1f', '7f'].map(hex => Uint8Array.from(hex.match(/../g)!, byte => parseInt(byte, 16)))]

const VALUES = HOSTILE.filter(text => { try { JSON.parse(text); return true } catch { return false } }).map(text => encoder.encode(text))

/** A record that something happened to, mostly one thing. */
export function mutate(random: Random, record: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let bytes = record
  do {
    const at = random.below(bytes.length + 1), more = Math.min(random.below(random.chance(0.8) ? 4 : 40), bytes.length - at)
    switch (random.below(16)) {
      case 0: bytes = bytes.slice(0, at); break
      case 1: bytes = joined(bytes.subarray(0, at), bytes.subarray(at + more)); break
      case 2: bytes = joined(bytes.subarray(0, at + more), bytes.subarray(at)); break
      case 3: bytes = bytes.slice(); if (at < bytes.length) bytes[at]! ^= 1 << random.below(8); break
      case 4: bytes = bytes.slice(); if (at < bytes.length) bytes[at] = random.below(256); break
      case 5: bytes = joined(bytes.subarray(0, at), random.one(HOSTILE_BYTES), bytes.subarray(at)); break
      case 6: bytes = joined(bytes.subarray(0, at), random.one(others).subarray(at)); break
      default: bytes = replacedValue(random, bytes)
    }
  } while (random.chance(0.25) && bytes.length > 0)
  return bytes
}

/** What stands between two of the signs that separate values or cells, replaced. */
function replacedValue(random: Random, bytes: Uint8Array): Uint8Array {
  const isBorder = (byte: number | undefined): boolean => byte === 44 || byte === 58 || byte === 91 || byte === 93 || byte === 123 || byte === 125
  let from = random.below(bytes.length + 1)
  while (from > 0 && !isBorder(bytes[from - 1])) from--
  let to = from
  while (to < bytes.length && !isBorder(bytes[to])) to++
  return joined(bytes.subarray(0, from), random.one(random.chance(0.7) ? VALUES : HOSTILE_BYTES), bytes.subarray(to))
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) { whole.set(part, at); at += part.length }
  return whole
}
