import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Region } from '../core/index.ts'
import { createArena } from './arena.ts'

// the same cases each time; others with SEED=n
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })

const SIZE = 4 * 65536

test('live-regions-never-overlap, and all freed leaves one hole', () => {
  const step = fc.oneof(
    fc.record({ reserve: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: SIZE })) }),
    fc.record({ release: fc.nat(1000) }))
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), steps => {
    const arena = createArena(SIZE)
    const live: { region: Region; mark: number }[] = []
    let mark = 0
    for (const one of steps) {
      if ('reserve' in one) {
        const region = arena.reserve(one.reserve)
        if (region === undefined) continue
        assert.equal(region.bytes.length, one.reserve)
        assert.equal(region.bytes.byteOffset % 64, 0)
        // every region holds its own mark to its ends: an overlap would overwrite another's
        region.bytes.fill(mark = (mark + 1) % 256)
        live.push({ region, mark })
      } else if (live.length > 0) {
        const [{ region, mark: expected }] = live.splice(one.release % live.length, 1) as [typeof live[number]]
        assert.ok(region.bytes.every(byte => byte === expected))
        region.release()
      }
      const spans = live.map(({ region: { bytes } }) => [bytes.byteOffset, bytes.byteOffset + Math.max(bytes.length, 1)] as const).sort((a, b) => a[0] - b[0])
      for (let i = 1; i < spans.length; i++) assert.ok(spans[i - 1]![1] <= spans[i]![0])
    }
    for (const { region } of live) region.release()
    assert.notEqual(arena.reserve(SIZE), undefined)
  }), { numRuns: 300 })
})

test('full-arena: undefined, and room again after any release', () => {
  const arena = createArena(65536)
  const regions = Array.from({ length: 4 }, () => arena.reserve(16384)!)
  assert.equal(arena.reserve(1), undefined)
  regions[2]!.release()
  assert.equal(arena.reserve(16385), undefined)
  assert.equal(arena.reserve(16384)!.bytes.byteOffset, regions[2]!.bytes.byteOffset)
})

test('holes-that-touch-join, in every order of release', () => {
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const arena = createArena(65536)
    const regions = [20000, 20000, 20000].map(size => arena.reserve(size)!)
    for (const i of order) regions[i]!.release()
    assert.equal(arena.reserve(65536)!.bytes.length, 65536)
  }
})

test('released-twice is a mistake of the program', () => {
  const region = createArena(65536).reserve(10)!
  region.release()
  assert.throws(() => region.release(), TypeError)
})

test('sizes-that-are-none are refused', () => {
  assert.throws(() => createArena(0), TypeError)
  assert.throws(() => createArena(1.5), TypeError)
  assert.throws(() => createArena(100).reserve(-1), TypeError)
  assert.throws(() => createArena(100).reserve(NaN), TypeError)
  assert.equal(createArena(100).reserve(0)!.bytes.length, 0)
})
