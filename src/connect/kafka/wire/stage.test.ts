import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeHeaders } from '../../../codecs/headers.ts'
import { Packer } from '../../../codecs/pack.ts'
import type { Arena, Records } from '../../../core/index.ts'
import { createArena } from '../../../kernels/arena.ts'
import { kernelsOf } from '../../../kernels/host.ts'
import { kernelModule } from '../../../strategies/kernels.ts'
import { partitionOf } from './murmur2.ts'
import { stageOf } from './stage.ts'
import { BatchWriter } from './write.ts'

fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })
const arena = createArena(32 * 2 ** 20, await kernelModule()), kernels = kernelsOf(arena)!, stage = stageOf(kernels)!

interface Row { readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: number; readonly timeMs: number }
const some = (maxLength: number) => fc.option(fc.oneof(fc.uint8Array({ maxLength }), fc.uint8Array({ minLength: 250, maxLength: 262 })))
const row: fc.Arbitrary<Row> = fc.record({
  key: some(20), value: some(140), headers: fc.constantFrom(0, 0, 1, 3),
  timeMs: fc.oneof(fc.constantFrom(0, -1, NaN, Infinity, 1e300, Number.MAX_SAFE_INTEGER, 2 ** 53, 1.75e12, 1.75e12 + 0.7, 63, 64, 2 ** 31), fc.integer({ min: 0, max: 2 ** 45 })),
})

function recordsOf(rows: readonly Row[], place: Arena | undefined): Records {
  const packer = new Packer(rows.length, 1 << 16, place)
  for (const { key, value, headers, timeMs } of rows) {
    packer.row(timeMs)
    let at = packer.length
    if (key !== null) { packer.append(key); packer.setKey(at) }
    at = packer.length
    if (value !== null) { packer.append(value); packer.setValue(at) }
    at = packer.length
    if (headers > 0) { writeHeaders(packer, Array.from({ length: headers }, (_, i) => ({ name: `h${i}`, value: i === 0 ? null : value }))); packer.setHeaders(at) }
  }
  return packer.finish(undefined, () => packer.free())
}

const stamp = { producerId: 7n, producerEpoch: 3, baseSequence: 12, transactional: true }

test('a batch that kernels write is to the byte the one that is written without them', () => {
  fc.assert(fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), fc.infiniteStream(fc.boolean()), fc.boolean(), (rows, keep, grows) => {
    const records = recordsOf(rows, arena)
    assert.equal(records.bytes.buffer, kernels.memory.buffer)
    const plain = new BatchWriter('none'), quick = new BatchWriter('none', grows ? 0 : undefined, kernels)
    for (let from = 0; from < rows.length;) {
      const count = stage.load(records, from, 12), taken = Array.from({ length: count }, (_, i) => i).filter(() => keep.next().value === true)
      let bytes = 0
      for (const i of taken) {
        bytes += stage.sizes[i]!
        plain.append(records, from + i)
      }
      if (taken.length > 0) quick.appendStaged(stage, records, from, taken, bytes)
      from += count
    }
    assert.deepEqual([quick.rows, quick.length], [plain.rows, plain.length])
    if (plain.rows > 0) assert.ok(quick.finish(stamp).equals(plain.finish(stamp)))
    records.release()
  }), { numRuns: 300 })
})

test('more rows than are staged at once, of a MiB, with every length of a key', () => {
  const rows = Array.from({ length: 1700 }, (_, i): Row => ({ key: new Uint8Array(i % 40).fill(i), value: new Uint8Array(i % 7 === 0 ? 9000 : i % 600).fill(i), headers: 0, timeMs: 1.75e12 + i * i }))
  const records = recordsOf(rows, arena), plain = new BatchWriter('none'), quick = new BatchWriter('none', 0, kernels)
  for (let from = 0; from < rows.length;) {
    const count = stage.load(records, from, 5)
    for (let i = 0; i < count; i++) assert.equal(stage.partitions[i], partitionOf(records.bytes, records.keys.start[from + i]!, records.keys.end[from + i]!, 5))
    quick.appendStaged(stage, records, from, Array.from({ length: count }, (_, i) => i), stage.sizes.subarray(0, count).reduce((sum, size) => sum + size, 0))
    from += count
  }
  plain.appendRange(records, 0, rows.length)
  assert.ok(quick.finish(stamp).equals(plain.finish(stamp)))
  // and again, in the same memory, with another stamp
  quick.reset()
  plain.reset()
  quick.append(records, 3)
  plain.append(records, 3)
  const [a, b] = [quick.finish(stamp), plain.finish(stamp)], newer = { ...stamp, producerEpoch: 4 }
  quick.stamp(a, newer)
  plain.stamp(b, newer)
  assert.ok(a.equals(b))
  records.release()
})

test('without room in the memory of the kernels it goes on outside', () => {
  const small = createArena(1 << 20, undefined), full = { ...kernels, block: () => undefined }
  const records = recordsOf([{ key: null, value: new Uint8Array(100), headers: 1, timeMs: 5 }], arena)
  assert.equal(kernelsOf(small), undefined)
  const quick = new BatchWriter('none', 16, full), plain = new BatchWriter('none')
  stage.load(records, 0, 1)
  quick.appendStaged(stage, records, 0, [0], stage.sizes[0]!)
  plain.append(records, 0)
  assert.ok(quick.finish(stamp).equals(plain.finish(stamp)))
  records.release()
})
