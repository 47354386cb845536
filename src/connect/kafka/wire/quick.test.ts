import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeHeaders } from '../../../codecs/headers.ts'
import { Packer } from '../../../codecs/pack.ts'
import { createArena } from '../../../kernels/arena.ts'
import { kernelsOf } from '../../../kernels/host.ts'
import { kernelModule } from '../../../strategies/kernels.ts'
import { AbortedFilter } from './aborted.ts'
import { crc32c } from '../../../kernels/crc.ts'
import { walkInPlace } from './quick.ts'
import type { QuickOptions } from './quick.ts'
import { walkRecords } from './records.ts'
import type { Walked } from './records.ts'
import { BatchWriter } from './write.ts'

fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1), numRuns: 300 })
const ROOM = 65_536, BLOCKS = 65_536
const arena = createArena(3 * ROOM, await kernelModule(), BLOCKS), kernels = kernelsOf(arena)!
/** All but the blocks. */
const regions = kernels.bytes.subarray(0, kernels.bytes.length - BLOCKS - 256)
/** What is walked lies here, with others around it. */
const { bytes: memory } = arena.reserve(ROOM)!

interface Row { readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: number; readonly timeMs: number }
interface Some { readonly rows: readonly Row[]; readonly gap: number; readonly kind: 'data' | 'appended' | 'gzip' | 'commit' | 'abort' | 'odd marker'; readonly lastDelta: number }
const part = fc.option(fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 60, maxLength: 200 })))
const row: fc.Arbitrary<Row> = fc.record({
  key: part, value: part, headers: fc.constantFrom(0, 0, 0, 1, 3),
  timeMs: fc.oneof(fc.integer({ min: 1_699_999_000_000, max: 1_700_001_000_000 }), fc.constantFrom(-1, 0, 2 ** 52), fc.integer({ min: 0, max: 2 ** 52 })),
})
const some = (kinds: readonly Some['kind'][]): fc.Arbitrary<Some> => fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 12 }), gap: fc.constantFrom(0, 0, 1, 70, 20_000), kind: fc.constantFrom(...kinds), lastDelta: fc.constantFrom(0, 0, 3, 300) })
const sound = some(['data', 'data', 'data', 'appended', 'commit', 'abort']), any = some(['data', 'data', 'data', 'appended', 'gzip', 'commit', 'abort', 'odd marker'])

/** A batch as a broker holds it; compaction has left out what stood behind its last record. */
function batchOf({ rows, kind, lastDelta }: Some, offset: number): Buffer {
  const packer = new Packer(1, 0), isMarker = kind === 'commit' || kind === 'abort' || kind === 'odd marker'
  const put = (bytes: Uint8Array | null, set: (at: number) => void) => { if (bytes !== null) { const at = packer.length; packer.append(bytes); set(at) } }
  for (const { key, value, headers, timeMs } of isMarker ? [{ key: kind === 'odd marker' ? new Uint8Array(3) : Uint8Array.of(0, 0, 0, kind === 'commit' ? 1 : 0), value: new Uint8Array(6), headers: 0, timeMs: 5 }] : rows) {
    packer.row(timeMs)
    put(key, at => packer.setKey(at))
    put(value, at => packer.setValue(at))
    if (headers === 0) continue
    const at = packer.length
    writeHeaders(packer, Array.from({ length: headers }, (_, i) => ({ name: 'h'.repeat(i * 40), value: i === 0 ? null : value })))
    packer.setHeaders(at)
  }
  const writer = new BatchWriter(kind === 'gzip' ? 'gzip' : 'none'), records = packer.finish()
  writer.appendRange(records, 0, records.rows)
  const batch = writer.finish({ producerId: 7n, producerEpoch: 0, baseSequence: 0, transactional: isMarker })
  batch.writeBigInt64BE(BigInt(offset), 0)
  batch[22] = batch[22]! | (isMarker ? 32 : 0) | (kind === 'appended' ? 8 : 0)
  batch.writeInt32BE(records.rows - 1 + lastDelta, 23)
  return sealed(batch)
}
function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  return batch
}
function topicOf(batches: readonly Some[]): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  const pieces: Buffer[] = [], ends: number[] = []
  let offset = 0
  for (const each of batches) {
    const batch = batchOf(each, offset += each.gap)
    pieces.push(batch)
    ends.push((ends.at(-1) ?? 0) + batch.length)
    offset += batch.readInt32BE(23) + 1
  }
  return { bytes: Buffer.concat(pieces), ends }
}

const ANY: Omit<QuickOptions, 'aborted'> = { from: 0, checkCrcs: true, bytesMax: Infinity, rowsMax: Infinity }
const optionsOf = fc.record({ from: fc.constantFrom(0, 0, 1, 7, 30, 1000), checkCrcs: fc.boolean(), bytesMax: fc.constantFrom(Infinity, 0, 300, 3000), rowsMax: fc.constantFrom(Infinity, 0, 10, 40) })
const rowsOf = (walked: Walked): unknown => {
  const { rows, bytes, keys, values, headers, offsets, timesMs } = walked
  const part = (slices: Walked['keys'] | undefined, row: number) => slices === undefined || slices.start[row]! < 0 ? null : Buffer.from(bytes.subarray(slices.start[row], slices.end[row])).toString('latin1')
  return Array.from({ length: rows }, (_, row) => [part(keys, row), part(values, row), part(headers, row), offsets[row], timesMs[row]])
}
const filterOf = (reads: boolean): AbortedFilter | undefined => reads ? new AbortedFilter([]) : undefined

/** Walks it among bytes of this kind; whatever else there is in memory must stay as it was. */
function walkAmong(bytes: Uint8Array, around: number, options: QuickOptions, start = 0): Walked & { readonly seen: unknown } | undefined {
  memory.fill(around)
  memory.set(bytes, 100)
  const data = memory.subarray(100, 100 + bytes.length), before = Buffer.from(regions)
  const found = walkInPlace(data, start, data.length, options, arena), after = Buffer.from(regions)
  if (found === undefined) return undefined
  const { walked, columns } = found
  if (columns !== undefined) for (const each of [before, after]) each.fill(0, columns.bytes.byteOffset, columns.bytes.byteOffset + columns.bytes.length)
  assert.ok(before.equals(after), 'only columns are written')
  assert.ok(walked.bytes.byteOffset >= data.byteOffset && walked.bytes.byteOffset + walked.bytes.length <= data.byteOffset + data.length)
  const seen = rowsOf(walked)
  columns?.release()
  return { ...walked, seen }
}

test('batches that are sound are walked where they lie, to the end, as the plain walk does it', () => {
  fc.assert(fc.property(fc.array(sound, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.boolean(), fc.nat(400), (batches, reads, checkCrcs, from) => {
    const { bytes } = topicOf(batches)
    const plain = walkRecords(bytes, 0, bytes.length, { partition: 'rides/3', ...ANY, from, aborted: filterOf(reads) })
    const quick = walkAmong(bytes, 0, { ...ANY, from, checkCrcs, aborted: filterOf(reads) })
    assert.ok(quick !== undefined)
    assert.deepEqual(quick.seen, rowsOf(plain))
    assert.deepEqual([quick.rows, quick.next, quick.end, quick.headers === undefined], [plain.rows, plain.next, plain.end, plain.headers === undefined])
  }))
})

test('limits count from the second batch on, with what lies between the records', () => {
  fc.assert(fc.property(fc.array(sound, { minLength: 1, maxLength: 6 }), optionsOf, (batches, options) => {
    const { bytes } = topicOf(batches)
    let at = 0
    while (at < bytes.length) {
      const quick = walkAmong(bytes, 0, { ...options, aborted: undefined }, at)
      assert.ok(quick !== undefined)
      const plain = walkRecords(bytes, at, quick.end, { partition: 'rides/3', ...ANY, from: options.from })
      assert.deepEqual(quick.seen, rowsOf(plain))
      assert.equal(quick.next, plain.next)
      if (delivering(bytes, at, quick.end, options.from) > 1) assert.ok(quick.bytes.length <= options.bytesMax && quick.rows <= options.rowsMax)
      at = quick.end
    }
  }))
})
function delivering(bytes: Buffer, from: number, to: number, offset: number): number {
  let count = 0
  for (let at = from; at < to; at += 12 + bytes.readInt32BE(at + 8)) if ((bytes[at + 22]! & 32) === 0 && Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23) >= offset) count++
  return count
}

const change = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), to: fc.constantFrom(0, 1, 2, 127, 128, 254, 255) }),
  fc.record({ kind: fc.constant('length' as const), at: fc.nat(), to: fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff, 0, 49, 60, 1000) }),
  fc.record({ kind: fc.constant('varint' as const), at: fc.nat(), to: fc.constantFrom(0, 5, 9, 10) }),
)
test('what is damaged, cut off or lies about its lengths gives what the plain walk gives before it, whatever lies around it', () => {
  fc.assert(fc.property(fc.array(any, { minLength: 1, maxLength: 4 }), fc.array(change, { maxLength: 3 }), fc.option(fc.nat()), fc.boolean(), fc.boolean(), optionsOf, (batches, changes, cut, seal, reads, options) => {
    const { bytes: whole, ends } = topicOf(batches)
    for (const { kind, at, to } of changes) {
      if (kind === 'flip') whole[at % whole.length] = to
      else if (kind === 'length') whole.writeUInt32BE(to, at % (whole.length - 4))
      else for (let i = 0; i <= to; i++) whole[at % whole.length + i] = i === to ? 1 : 255
    }
    // so that the checksum does not find it
    if (seal) for (const [i, end] of ends.entries()) { const start = ends[i - 1] ?? 0; sealed(whole.subarray(start, end)) }
    const bytes = cut === null ? whole : whole.subarray(0, cut % whole.length)
    const now = { ...options, aborted: filterOf(reads) }
    const quick = walkAmong(bytes, 0, now)
    for (const around of [1, 0x7f, 0xff]) {
      const other = walkAmong(bytes, around, now)
      assert.deepEqual([other?.rows, other?.next, other?.end, other?.seen], [quick?.rows, quick?.next, quick?.end, quick?.seen])
    }
    if (quick === undefined) return
    const plain = walkRecords(bytes, 0, quick.end, { partition: 'rides/3', ...ANY, from: options.from, checkCrcs: options.checkCrcs, aborted: filterOf(reads) })
    assert.deepEqual([quick.seen, quick.next, quick.end], [rowsOf(plain), plain.next, plain.end])
  }), { numRuns: 2000 })
})

test('times and offsets at the ends of what is exact; what is beyond them is left', () => {
  const one: Some = { rows: [{ key: null, value: Uint8Array.of(1), headers: 0, timeMs: 5 }], gap: 0, kind: 'data', lastDelta: 0 }
  for (const [offset, timeMs, sure] of [[2 ** 53 - 1, 0, true], [0, 2 ** 53 - 1, true], [0, 2 ** 53, false], [2 ** 53, 0, false], [0, -(2 ** 53 - 1), true], [0, -(2 ** 60), false]] as const) {
    const batch = batchOf(one, 0)
    batch.writeBigInt64BE(BigInt(offset), 0)
    batch.writeBigInt64BE(BigInt(timeMs), 27)
    const quick = walkAmong(sealed(batch), 0, { ...ANY, aborted: undefined })
    assert.equal(quick !== undefined, sure)
    if (quick !== undefined) assert.deepEqual(quick.seen, rowsOf(walkRecords(batch, 0, batch.length, { partition: 'rides/3', from: 0 })))
  }
})

test('without room for columns, with aborted transactions, or outside of the arena it is left to the plain walk', () => {
  const { bytes } = topicOf([{ rows: Array.from({ length: 10 }, () => ({ key: null, value: new Uint8Array(10), headers: 0, timeMs: 5 })), gap: 0, kind: 'data', lastDelta: 0 }])
  assert.equal(walkInPlace(bytes, 0, bytes.length, { ...ANY, aborted: undefined }, arena), undefined)
  assert.equal(walkAmong(bytes, 0, { ...ANY, aborted: new AbortedFilter([{ producerId: 7, firstOffset: 0 }]) }), undefined)
  const full: Parameters<typeof walkInPlace>[4] = createArena(65_536, undefined)
  assert.equal(walkInPlace(memory.subarray(100, 100 + bytes.length), 0, bytes.length, { ...ANY, aborted: undefined }, full), undefined)
  const rest: { release(): void }[] = []
  for (let size = 1 << 20; size >= 64; size >>= 1) for (let region = arena.reserve(size); region !== undefined; region = arena.reserve(size)) rest.push(region)
  assert.equal(walkAmong(bytes, 0, { ...ANY, aborted: undefined }), undefined)
  for (const region of rest) region.release()
  assert.equal(walkAmong(bytes, 0, { ...ANY, aborted: undefined })?.rows, 10)
})
