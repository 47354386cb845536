import { compressionsAlgorithms, crc32c as theirCrc32c, murmur2 as theirMurmur2 } from '@platformatic/kafka'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compress, COMPRESSIONS, decompress } from './compression.ts'
import type { Compression } from './compression.ts'
import { crc32c } from '../../../kernels/crc.ts'
import { murmur2, partitionOf } from './murmur2.ts'

const MAX = 10_000_000
/** Runs, repeats from near and far, and noise. */
const content = fc.array(fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(300)).map(([part, times]) => Buffer.concat(Array.from({ length: times }, () => part)))),
  { maxLength: 30 }).chain(parts => fc.array(fc.nat(Math.max(0, parts.length - 1)), { maxLength: 60 }).map(order => Buffer.concat(order.map(i => parts[i] ?? Buffer.alloc(0)))))
const noise = (length: number): Buffer => { let seed = 7; return Buffer.from(Array.from({ length }, () => (seed = Math.imul(seed, 1_103_515_245) + 12_345 >>> 0) >>> 16 & 255)) }
const same = (actual: Uint8Array, expected: Uint8Array) => assert.ok(Buffer.compare(actual, expected) === 0)

describe('compression', () => {
  for (const codec of COMPRESSIONS.slice(1) as readonly Exclude<Compression, 'none'>[]) {
    const theirs = compressionsAlgorithms[codec]
    test(`${codec}: there and back, and the library's both ways`, () => {
      fc.assert(fc.property(content, bytes => {
        same(decompress(compress(bytes, codec), codec, MAX), bytes)
        same(decompress(theirs.compressSync(bytes), codec, MAX), bytes)
        same(theirs.decompressSync(Buffer.from(compress(bytes, codec))), bytes)
      }), { numRuns: 300 })
    })
    test(`${codec}: what does not compress, what compresses to nothing, and several blocks`, () => {
      for (const bytes of [noise(200_000), Buffer.alloc(5_000_000, 'a'), Buffer.concat([noise(70_000), Buffer.alloc(300_000, 'xyz'), noise(70_000)])]) {
        same(decompress(compress(bytes, codec), codec, MAX), bytes)
        same(decompress(compress(bytes, codec), codec, bytes.length), bytes)
        assert.throws(() => decompress(compress(bytes, codec), codec, bytes.length - 1))
      }
    })
    test(`${codec}: cut anywhere`, () => {
      const bytes = Buffer.from(compress(Buffer.concat([noise(300), Buffer.alloc(500, 'abc')]), codec))
      for (let end = 0; end < bytes.length; end++) {
        try { assert.ok(decompress(Buffer.from(bytes.subarray(0, end)), codec, MAX).length < 800) } catch (error) { assert.ok(error instanceof Error && error.name !== 'AssertionError', String(error)) }
      }
    })
  }
  test('Snappy in blocks, as Java writes it', () => {
    const parts = [noise(100), Buffer.alloc(40_000, 'abcde'), Buffer.from('end')]
    const blocks = parts.flatMap(part => { const block = Buffer.from(compress(part, 'snappy')), length = Buffer.alloc(4); length.writeUInt32BE(block.length); return [length, block] })
    const all = Buffer.concat([Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1]), ...blocks])
    same(decompress(all, 'snappy', MAX), Buffer.concat(parts))
    assert.throws(() => decompress(all, 'snappy', 40_000), /more than 40000/)
    for (const end of [all.length - 1, all.length - 8, 18]) assert.throws(() => decompress(all.subarray(0, end), 'snappy', MAX))
  })
  test('Snappy that claims to be longer than it can be costs no memory', () => {
    assert.throws(() => decompress(Buffer.from([0xff, 0xff, 0xff, 0x3f, 0, 65]), 'snappy', 1e9), RangeError)
  })
  // the token of a block: literals in the upper half, the copy's length - 4 in the lower
  const frame = (flags: number, head: readonly number[], ...blocks: readonly (readonly number[])[]) =>
    Buffer.from([4, 0x22, 0x4d, 0x18, flags, 0x40, ...head, 0, ...blocks.flatMap(block => [block.length, 0, 0, 0, ...block]), 0, 0, 0, 0])
  const first = [0x40, 97, 98, 99, 100], again = [0x00, 4, 0, 0x10, 33]
  test('LZ4: blocks that reach into those before, where the frame allows it', () => {
    same(decompress(frame(0x40, [], first, again), 'lz4', MAX), Buffer.from('abcdabcd!'))
    assert.throws(() => decompress(frame(0x60, [], first, again), 'lz4', MAX), /broken/)
  })
  test('LZ4: two frames, a size, checksums of blocks and of the whole', () => {
    same(decompress(Buffer.concat([frame(0x68, [4, 0, 0, 0, 0, 0, 0, 0], first), frame(0x60, [], first)]), 'lz4', MAX), Buffer.from('abcdabcd'))
    const summed = Buffer.concat([frame(0x70, [], [...first]).subarray(0, -4), Buffer.alloc(8)])
    same(decompress(summed, 'lz4', MAX), Buffer.from('abcd'))
    same(decompress(Buffer.concat([frame(0x64, [], first), Buffer.alloc(4)]), 'lz4', MAX), Buffer.from('abcd'))
    assert.throws(() => decompress(frame(0x64, [], first), 'lz4', MAX), /checksum/)
  })
  test('LZ4: a copy of nothing, of what is not there, and of more than may be', () => {
    for (const block of [[0x10, 97, 0, 0], [0x10, 97, 2, 0, 0], [0x10, 97, 1], [0xf0, 255], [0x50, 97]]) assert.throws(() => decompress(frame(0x60, [], block), 'lz4', MAX), /broken/)
    assert.throws(() => decompress(frame(0x60, [], [0x1f, 97, 1, 0, ...Array.from({ length: 100 }, () => 255), 0, 0]), 'lz4', 1_000), /more than 1000/)
  })
})

describe('checksum and hash', () => {
  test('CRC-32C of the RFC, of nothing, and as the library, wherever the bytes lie', () => {
    assert.equal(crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283)
    assert.equal(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa)
    assert.equal(crc32c(new Uint8Array(0), 0, 0), 0)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(20), (bytes, start, end) => {
      const from = Math.min(start, bytes.length), to = Math.max(from, bytes.length - end)
      assert.equal(crc32c(bytes, from, to), theirCrc32c(Buffer.from(bytes.subarray(from, to))))
    }))
  })
  test('murmur2 as the library, and the partitions of Java', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), bytes => assert.equal(murmur2(Buffer.concat([Buffer.from('..'), bytes, Buffer.from('.')]), 2, 2 + bytes.length), theirMurmur2(Buffer.from(bytes)))))
    assert.equal(murmur2(Buffer.from('21'), 0, 2), -973932308)
    assert.equal(murmur2(Buffer.from('foobar'), 0, 6), -790332482)
    assert.equal(partitionOf(Buffer.from('foobar'), 0, 6, 1000), (-790332482 & 0x7fffffff) % 1000)
  })
})
