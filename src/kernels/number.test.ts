import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../test/support/mutations.ts'
import { kernelModule } from '../strategies/kernels.ts'
import { createArena } from './arena.ts'
import { kernelsOf } from './host.ts'
import { shapeOf } from './shape.ts'

/** Numbers a kind; NUMBERS=10000000 for a long run, SEED for another. */
const NUMBERS = Number(process.env['NUMBERS'] ?? 20_000), SEED = Number(process.env['SEED'] ?? 1)
const ROWS = 500

const kernels = kernelsOf(createArena(65536, (await kernelModule())!, 2 ** 22))!
const wanted = { fields: new Map([['x', { leaves: [{ cell: 0, numbers: true }] }]]) }
const { run, memory: { buffer } } = kernels
const shapes = { float32: shapeOf(kernels, wanted, undefined, 4)!, float64: shapeOf(kernels, wanted, undefined, 8)! }
const block = kernels.block(2 ** 20)!.bytes
const at = block.byteOffset, spans = new Uint32Array(buffer, at, ROWS * 2), flags = new Uint8Array(buffer, at + ROWS * 8, ROWS)
const rows = at + ROWS * 9 + 28, floats = new Float32Array(buffer, rows, ROWS), doubles = new Float64Array(buffer, rows + ROWS * 4, ROWS)
const input = at + ROWS * 24

/** Compares as many texts at once; answers how many were left to JSON.parse. */
function compare(texts: readonly string[]): number {
  const encoder = new TextEncoder()
  let end = input
  texts.forEach((text, i) => {
    spans[2 * i] = end
    end += encoder.encodeInto(`{"x":${text}}`, kernels.bytes.subarray(end)).written
    spans[2 * i + 1] = end
  })
  let left = 0
  for (const dtype of ['float32', 'float64'] as const) {
    const [scan, data, width] = dtype === 'float32' ? [run.scanJson32, floats, 4] as const : [run.scanJson64, doubles, 8] as const
    scan(spans.byteOffset, texts.length, shapes[dtype].at, data.byteOffset, width, flags.byteOffset)
    texts.forEach((text, i) => {
      let expected: unknown
      try { expected = JSON.parse(text) } catch { expected = undefined }
      if (flags[i] === 1) { left++; return }
      if (typeof expected !== 'number') assert.fail(`${text} is no number, and ${data[i]} was made of it`)
      if (!Object.is(data[i], dtype === 'float32' ? Math.fround(expected) : expected)) assert.fail(`${text} as ${dtype}: ${data[i]}`)
    })
  }
  return left / 2
}

const view = new DataView(new ArrayBuffer(8))
const digits = (random: Random, count: number): string => Array.from({ length: count }, () => random.below(10)).join('')
/** A double within some units in the last place of the middle between two neighbouring floats. */
function nearMiddle(random: Random): number {
  view.setUint32(0, random.bits())
  const float = view.getFloat32(0)
  view.setFloat64(0, float)
  view.setUint32(4, (view.getUint32(4) & 0xe0000000 | 0x10000000) + random.below(7) - 3)
  return view.getFloat64(0)
}
const kinds: { readonly [name: string]: readonly [most: number, text: (random: Random) => string] } = {
  'any bits': [0.06, random => { view.setUint32(0, random.bits()); view.setUint32(4, random.bits()); return String(view.getFloat64(0)) }],
  '17 digits': [0, random => String(random.bits() / 2 ** 30 + random.bits() / 2 ** 62 - 2)],
  '17 digits, any magnitude': [0.02, random => String((random.bits() / 2 ** 32 + random.bits() / 2 ** 64) * 10 ** (random.below(200) - 100))],
  'floats printed as doubles': [0, random => String(Math.fround(random.bits() / 2 ** 22 - 512))],
  'small': [0, random => String((random.bits() / 2 ** 32 - 0.5) * 1e-6)],
  'six decimals': [0, random => (random.bits() / 2 ** 28 - 8).toFixed(6)],
  'money': [0, random => (random.bits() / 2 ** 12 - 50_000).toFixed(2)],
  'integers': [0, random => String(Math.floor(random.bits() * 2 ** (random.below(53) - 32)))],
  'powers': [0.01, random => `${random.below(1e9)}e${random.below(80) - 40}`],
  'almost between two floats': [0.05, random => String(nearMiddle(random))],
  'almost between two floats, cut or longer': [0.85, random => { const text = nearMiddle(random).toPrecision(21); return text.slice(0, text.length - random.below(6)) }],
  'zeros behind the dot': [0.2, random => `${random.one(['', '-'])}${random.below(100)}.${'0'.repeat(random.below(16))}${digits(random, 1 + random.below(10))}`],
  'between 14 and 24 digits': [0.65, random => { const text = digits(random, 14 + random.below(11)).replace(/^0/, '7'), dot = 1 + random.below(13); return `${random.one(['', '-'])}${text.slice(0, dot)}.${text.slice(dot)}` }],
  'digits, a dot, an exponent': [0.65, random => {
    let text = digits(random, 1 + random.below(22))
    const dot = random.below(text.length + 3)
    if (dot > 0 && dot < text.length) text = `${text.slice(0, dot)}.${text.slice(dot)}`
    if (random.chance(0.3)) text += `${random.one(['e', 'E'])}${random.one(['', '+', '-'])}${random.below(30)}`
    return random.chance(0.3) ? `-${text}` : text
  }],
}
for (const [index, [name, [most, text]]] of Object.entries(kinds).entries()) {
  test(`rounded-otherwise, ${name}: the bits of JSON.parse and Math.fround`, t => {
    const random = new Random(SEED * 100 + index)
    let left = 0
    for (let done = 0; done < NUMBERS; done += ROWS) left += compare(Array.from({ length: ROWS }, () => text(random)))
    const share = left / Math.ceil(NUMBERS / ROWS) / ROWS
    t.diagnostic(`${(share * 100).toFixed(2)} % left to JSON.parse`)
    assert.ok(share <= most, `${share} are left to JSON.parse`)
  })
}

test('what is no number is never made one', () => {
  const none = ['01', '-', '.5', '1.', '1e', '+1', '1.e5', '0x10', '--1', '1e+', 'NaN', 'Infinity', '1.5.2', '00', '-01.5', '1.2.', '1a', '"1"', '', ' ', '-a', '1-', '1_000', '1e5.5', '0e', '-.5', '1 2', '1:2', '\u0661']
  assert.equal(compare(none), none.length)
})
