import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../test/support/mutations.ts'
import { batchOf, Packer } from '../codecs/pack.ts'
import type { Tensor } from '../core/index.ts'
import { createArena } from '../kernels/arena.ts'
import { powersOfFive } from '../kernels/tables.ts'
import { kernelModule } from '../strategies/kernels.ts'
import { object } from './index.ts'

/** Numbers a kind; NUMBERS=10000000 for a long run, SEED for another. */
const NUMBERS = Number(process.env['NUMBERS'] ?? 40_000), SEED = Number(process.env['SEED'] ?? 1)
const ROWS = 64, WIDTH = 64

const arena = createArena(2 ** 20, (await kernelModule())!, 2 ** 22), result = object({ x: 'x' }, { arena, origin: false })
result.check({ inputs: [], outputs: [{ name: 'x', dtype: 'float64', shape: [-1, WIDTH] }] })
const packer = new Packer(ROWS, 64)
for (let row = 0; row < ROWS; row++) { packer.row(0); packer.setValue(0) }
const batch = batchOf(packer.finish(), { partition: 'p', offsets: new Float64Array(ROWS), from: 0n, next: 1n })
const part = new Int32Array(ROWS), at = Int32Array.from(part, (_, i) => i), decoder = new TextDecoder()

/** Of ROWS * WIDTH numbers. */
function compare(data: Float64Array | Float32Array | Int32Array, dtype: Tensor['dtype']): void {
  const outputs = { rows: ROWS, tensors: new Map<string, Tensor>([['x', { dtype, shape: [ROWS, WIDTH], data }]]), release() {} }
  const { records } = result.write(batch, { parts: [{ outputs, models: [{ name: 'm', version: '1' }], rejected: [] }], part, at })
  assert.equal(records.bytes.buffer, arenaBuffer)
  for (let row = 0; row < ROWS; row++) {
    const numbers = data.subarray(row * WIDTH, (row + 1) * WIDTH)
    const expected = `{"x":[${Array.from(numbers, x => Number.isFinite(x) ? String(x) : 'null').join()}]}`
    const text = decoder.decode(records.bytes.subarray(records.values.start[row], records.values.end[row]))
    if (text === expected) continue
    const texts = text.slice(6, -2).split(',')
    numbers.forEach((x, i) => { assert.equal(texts[i], Number.isFinite(x) ? String(x) : 'null') })
    assert.equal(text, expected)
  }
  records.release()
}
const probe = arena.reserve(1)!, arenaBuffer = probe.bytes.buffer
probe.release()

const view = new DataView(new ArrayBuffer(8))
function ofBits(high: number, low: number): number { view.setUint32(0, high); view.setUint32(4, low); return view.getFloat64(0) }
/** Some units in the last place away. */
function near(x: number, random: Random): number {
  view.setFloat64(0, x)
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(random.below(5) - 2))
  return view.getFloat64(0)
}
const signed = (x: number, random: Random): number => random.chance(0.3) ? -x : x
const kinds: { readonly [name: string]: (random: Random) => number } = {
  'any bits': random => ofBits(random.bits(), random.bits()),
  'floats widened': random => { view.setUint32(0, random.bits()); return view.getFloat32(0) },
  'probabilities as floats': random => Math.fround(random.bits() / 2 ** 32),
  'probabilities': random => 1 / (1 + Math.exp(random.bits() / 2 ** 28 - 8)),
  'integers': random => signed(Math.floor(random.bits() * 2 ** (random.below(64) - 32)), random),
  'few digits': random => signed(random.below(10 ** (1 + random.below(9))) / 10 ** random.below(30), random),
  'few digits, any magnitude': random => signed(Number(`${random.below(10 ** (1 + random.below(9)))}e${random.below(640) - 330}`), random),
  'near powers of ten': random => signed(near(Number(`1e${random.below(632) - 323}`), random), random),
  'near powers of two': random => near(2 ** (random.below(2098) - 1074), random),
  'halves of integers above 2^53, that end in 5': random => near((2 ** 53 + random.bits() * 10 + 5) * 2 ** random.below(12), random),
  'subnormals': random => signed(ofBits(random.below(2 ** 20) >>> random.below(21), random.bits() >>> random.below(32)), random),
  '1e21, 1e-7 and 1e-6': random => signed(near([1e21, 1e-7, 1e-6, 123456789012345680000][random.below(4)]!, random) * (random.chance(0.5) ? 1 : 1 + random.below(9)), random),
  'what has names': random => random.one([0, -0, NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 2 ** 53 - 1, 2 ** 53 + 2, 2.2250738585072014e-308, 1e23, 9.5367431640625e-7, 1e22]),
}
for (const [index, [name, make]] of Object.entries(kinds).entries()) {
  test(`written-otherwise, ${name}: the text of String`, () => {
    const random = new Random(SEED * 100 + index), data = new Float64Array(ROWS * WIDTH)
    for (let done = 0; done < NUMBERS; done += data.length) {
      for (let i = 0; i < data.length; i++) data[i] = make(random)
      compare(data, 'float64')
    }
  })
}

test('written-otherwise, other types: as the double that they are', () => {
  const random = new Random(SEED), bits = Int32Array.from({ length: ROWS * WIDTH }, () => random.bits() >> random.below(32))
  compare(bits, 'int32')
  compare(new Float32Array(bits.buffer), 'float32')
})

test('a-power-too-low: where the table is cut, one more is the power rounded up, without a carry', () => {
  const table = powersOfFive()
  for (let q = -292; q <= 324; q++) {
    const [high, low] = [table[2 * (q + 342)]!, table[2 * (q + 342) + 1]!], more = q < -27 || q > 55 ? 1n : 0n
    const power = 5n ** BigInt(Math.abs(q)), bits = BigInt(power.toString(2).length)
    const up = (a: bigint, b: bigint): bigint => (a + b - 1n) / b
    let exact = q >= 0 ? (bits <= 128n ? power << (128n - bits) : up(power, 1n << (bits - 128n))) : up(1n << (bits + 127n), power)
    if (exact >> 128n > 0n) exact = up(exact, 2n)
    assert.equal((high << 64n) + low + more, exact, `5^${q}`)
    assert.notEqual(low + more, 2n ** 64n)
  }
})
