import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeHeaders } from '../../../codecs/headers.ts'
import { Packer } from '../../../codecs/pack.ts'
import type { Arena, Records } from '../../../core/index.ts'
import { createArena } from '../../../kernels/arena.ts'
import { kernelsOf } from '../../../kernels/host.ts'
import * as is from '../../../kernels/wasm/layout.ts'
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

const keyless = fc.record({ key: fc.constant(null), value: some(140), headers: fc.constantFrom(0, 1), timeMs: fc.nat() })
const keyed = row.map(each => ({ ...each, key: each.key ?? new Uint8Array(3) }))

test('batches that kernels write are to the byte those that are written without them, a batch for each partition', () => {
  fc.assert(fc.property(fc.oneof(fc.array(keyed, { minLength: 1, maxLength: 60 }), fc.array(keyless, { minLength: 1, maxLength: 20 })), fc.constantFrom(1, 2, 12, 5000), fc.constantFrom(Infinity, 300, 100), fc.nat(5), fc.boolean(), (rows, partitions, most, cut, grows) => {
    const records = recordsOf(rows, arena)
    assert.equal(records.bytes.buffer, kernels.memory.buffer)
    const plain = new Map<number, BatchWriter>(), quick = new Map<number, BatchWriter>()
    const writerOf = (of: typeof plain, partition: number, kernelsOf?: typeof kernels): BatchWriter => {
      const known = of.get(partition) ?? new BatchWriter('none', grows ? 0 : undefined, kernelsOf)
      of.set(partition, known)
      return known
    }
    const from = Math.min(cut, rows.length - 1), count = stage.load(records, from, partitions, most)
    let refused = 0, held = 0
    for (let i = 0; i < count; i++) {
      const { keys } = records, at = keys.start[from + i]!, { key, value } = rows[from + i]!
      const size = (key?.length ?? 0) + (value?.length ?? 0) + (records.headers === undefined || records.headers.start[from + i]! < 0 ? 0 : records.headers.end[from + i]! - records.headers.start[from + i]!)
      assert.equal(stage.sizes[i], size)
      if (size > most) { refused++; continue }
      held += size
      writerOf(plain, at < 0 ? -1 : partitionOf(records.bytes, at, keys.end[from + i]!, partitions)).append(records, from + i)
    }
    assert.deepEqual([stage.refused, stage.bytes], [refused, held])
    for (let i = 0; i < stage.groups; i++) {
      const { partition, first, rows: its, bytes } = stage.group(i), half = its >> 1, writer = writerOf(quick, partition, kernels)
      // in two parts
      const halfBytes = stage.taken.subarray(first, first + half).reduce((sum, row) => sum + stage.sizes[row]!, 0)
      if (half > 0) writer.appendStaged(stage, records, from, first, half, halfBytes)
      writer.appendStaged(stage, records, from, first + half, its - half, bytes - halfBytes)
      assert.equal(writer.rows, its)
    }
    assert.deepEqual(new Set(quick.keys()), new Set(plain.keys()))
    for (const [partition, writer] of quick) assert.ok(writer.finish(stamp).equals(plain.get(partition)!.finish(stamp)))
    records.release()
  }), { numRuns: 300 })
})

test('rows with and without a key are in no groups together', () => {
  const records = recordsOf([new Uint8Array(2), null].map(key => ({ key, value: null, headers: 0, timeMs: 1 })), arena)
  stage.load(records, 0, 3, Infinity)
  assert.equal(stage.groups, -1)
  records.release()
})

test('more rows than are staged at once, of a MiB, with every length of a key', () => {
  const rows = Array.from({ length: 2 * is.INDEX_ROWS + 300 }, (_, i): Row => ({ key: new Uint8Array(i % 40).fill(i), value: new Uint8Array(i % 7 === 0 ? 9000 : i % 600).fill(i), headers: 0, timeMs: 1.75e12 + i * i }))
  const records = recordsOf(rows, arena), plain = new BatchWriter('none'), quick = new BatchWriter('none', 0, kernels)
  for (let from = 0; from < rows.length;) {
    const count = stage.load(records, from, 1, Infinity)
    assert.ok(stage.groups === 1 && count > 0 && count <= is.INDEX_ROWS && (stage.bytes < 2 ** 20 || count < is.INDEX_ROWS))
    quick.appendStaged(stage, records, from, 0, count, stage.bytes)
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
  stage.load(records, 0, 1, Infinity)
  quick.appendStaged(stage, records, 0, 0, 1, stage.bytes)
  plain.append(records, 0)
  assert.ok(quick.finish(stamp).equals(plain.finish(stamp)))
  records.release()
})
