import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { test } from 'node:test'
import { kernelModule } from '../strategies/kernels.ts'
import { createArena } from './arena.ts'
import { kernelsOf } from './host.ts'
import type { Kernels } from './host.ts'

const module = (await kernelModule())!

test('blocks-and-regions-never-meet: blocks from above, regions from below, each in its own room', () => {
  const arena = createArena(65536, module, 65536), kernels = kernelsOf(arena)!
  const blocks = [kernels.block(20000)!, kernels.block(30000)!]
  const region = arena.reserve(65536)!
  assert.ok(region.bytes.byteOffset >= kernels.run.heapBase())
  for (const { bytes } of blocks) assert.ok(bytes.byteOffset >= region.bytes.byteOffset + region.bytes.length)
  assert.ok(blocks[0]!.bytes.byteOffset + 20000 + 256 <= kernels.bytes.length)
  blocks[0]!.release()
  assert.equal(kernels.block(20000)!.bytes.byteOffset, blocks[0]!.bytes.byteOffset)
  region.release()
  assert.throws(() => region.release(), TypeError)
})

test('regions-take-no-block-room: what is promised to blocks stays theirs', () => {
  const arena = createArena(65536, module, 65536)
  while (arena.reserve(4096) !== undefined) { /* until it is full */ }
  assert.notEqual(kernelsOf(arena)!.block(65536), undefined)
})

test('two-arenas-do-not-share: kernels work on the memory of their own', () => {
  const [a, b] = [createArena(65536, module, 1), createArena(65536, module, 1)].map(arena => kernelsOf(arena)!) as [Kernels, Kernels]
  assert.notEqual(a.memory.buffer, b.memory.buffer)
  assert.equal(kernelsOf(createArena(65536)), undefined)
})

test('managed-code: the kernels import their memory and nothing else', () => {
  const { imports } = (globalThis as unknown as { readonly WebAssembly: { readonly Module: { imports(of: object): readonly { readonly name: string }[] } } }).WebAssembly.Module
  assert.deepEqual(imports(module).map(({ name }) => name), ['memory'])
})

test('crc32c: by the bit-wise definition, whatever the length', () => {
  const arena = createArena(65536, module, 1), { run } = kernelsOf(arena)!
  const { bytes } = arena.reserve(20000)!
  for (let i = 0; i < bytes.length; i++) bytes[i] = crc32(String(i)) & 255
  for (const length of [0, 1, 7, 8, 9, 63, 100, 3072, 4095, 4096, 4097, 8192, 12_345, 19_999]) {
    for (const from of [0, 1]) assert.equal(run.crc32c(bytes.byteOffset + from, length) >>> 0, slowCrc32c(bytes.subarray(from, from + length)), `${length} from ${from}`)
  }
  bytes.set(Buffer.from('123456789'))
  assert.equal(run.crc32c(bytes.byteOffset, 9) >>> 0, 0xe3069283)
})
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

test('broken-utf8: accepted is what TextDecoder accepts, wherever it lies', () => {
  const arena = createArena(65536, module, 1), { run } = kernelsOf(arena)!
  const { bytes } = arena.reserve(400)!, decoder = new TextDecoder('utf-8', { fatal: true })
  const decodes = (of: Uint8Array): number => { try { decoder.decode(of); return 1 } catch { return 0 } }
  // sequences that are and are not, at the borders of each rule
  const parts = ['00', '7f', '80', 'bf', 'c0', 'c080', 'c1bf', 'c280', 'dfbf', 'df', 'e0', 'e080', 'e08080', 'e09fbf', 'e0a080', 'ed9fbf', 'eda080', 'edbfbf', 'ee8080', 'efbfbf', 'ef',
    'f0', 'f080', 'f08080', 'f0808080', 'f08fbfbf', 'f0908080', 'f48fbfbf', 'f4908080', 'f5808080', 'f7bfbfbf', 'f8888080', 'fe', 'ff', '61', '6161616161616161', '61'.repeat(16), '61'.repeat(64)]
    .map(hex => Buffer.from(hex, 'hex'))
  let seed = 1
  const random = (below: number): number => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor(seed / 2 ** 32 * below) }
  for (let round = 0; round < 20_000; round++) {
    let length = 0
    for (let k = random(12); k >= 0; k--) { const part = parts[random(parts.length)]!; if (length + part.length < 300) { bytes.set(part, length); length += part.length } }
    const from = random(Math.min(length, 20) + 1)
    // what follows must not matter
    bytes.fill([0x80, 0xc2, 0x61][round % 3]!, length)
    assert.equal(run.utf8(bytes.byteOffset + from, length - from), decodes(bytes.subarray(from, length)), Buffer.from(bytes.subarray(from, length)).toString('hex'))
  }
})
