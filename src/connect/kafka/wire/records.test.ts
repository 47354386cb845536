import { createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Packer, partOf } from '../../../codecs/pack.ts'
import { readHeaders, writeHeaders } from '../../../codecs/headers.ts'
import { SluiceError } from '../../../core/index.ts'
import type { Records } from '../../../core/index.ts'
import { AbortedFilter } from './aborted.ts'
import { COMPRESSIONS } from './compression.ts'
import type { Compression } from './compression.ts'
import { walkRecords } from './records.ts'
import type { Walked, WalkOptions } from './records.ts'
import { BatchWriter, stampBatch } from './write.ts'
import type { Stamp } from './write.ts'

interface Row { readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: readonly (readonly [string, Uint8Array | null])[]; readonly timeMs: number }
interface Read extends Row { readonly offset: number }

const NOBODY: Stamp = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }
const walk = (bytes: Uint8Array, options: Partial<WalkOptions> = {}, start = 0, end = bytes.length): Walked =>
  walkRecords(bytes, start, end, { partition: 'rides/3', from: 0, checkCrcs: true, ...options })

function recordsOf(rows: readonly Row[]): Records {
  const packer = new Packer(1, 0)
  const part = (bytes: Uint8Array | null, set: (at: number) => void) => { if (bytes !== null) { const at = packer.length; packer.append(bytes); set(at) } }
  for (const { key, value, headers, timeMs } of rows) {
    packer.row(timeMs)
    part(key, at => packer.setKey(at))
    part(value, at => packer.setValue(at))
    if (headers.length === 0) continue
    const at = packer.length
    writeHeaders(packer, headers.map(([name, value]) => ({ name, value })))
    packer.setHeaders(at)
  }
  return packer.finish()
}
function batchOf(rows: readonly Row[], { compression = 'none', at = 0, ...stamp }: Partial<Stamp> & { compression?: Compression; at?: number } = {}): Buffer {
  const writer = new BatchWriter(compression)
  const records = recordsOf(rows)
  writer.appendRange(records, 0, rows.length)
  return moved(writer.finish({ ...NOBODY, ...stamp }), at)
}
/** Where a broker would put it. */
function moved(batch: Buffer, offset: number): Buffer {
  batch.writeBigInt64BE(BigInt(offset), 0)
  return batch
}
const plain = (bytes: Uint8Array | null): Uint8Array | null => bytes === null ? null : new Uint8Array(bytes)
function rowsOf(walked: Walked): Read[] {
  const records = { ...walked, release() {} }
  return Array.from({ length: walked.rows }, (_, row) => ({
    key: plain(partOf(records, walked.keys, row)), value: plain(partOf(records, walked.values, row)),
    headers: (walked.headers?.start[row] ?? -1) < 0 ? [] : readHeaders(walked.bytes, walked.headers!.start[row]!, walked.headers!.end[row]!).map(({ name, value }) => [name, plain(value)] as const),
    timeMs: walked.timesMs[row]!, offset: walked.offsets[row]!,
  }))
}
const text = (text: string): Uint8Array => new TextEncoder().encode(text)
const row = (value: string | null, more: Partial<Row> = {}): Row => ({ key: null, value: value === null ? null : text(value), headers: [], timeMs: 1_700_000_000_000, ...more })
const values = (walked: Walked): (string | null)[] => rowsOf(walked).map(({ value }) => value === null ? null : new TextDecoder().decode(value))
const fails = (code: string, message?: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof SluiceError, String(error))
  assert.equal(error.code, code)
  assert.match(error.at ?? '', /^rides\/3@\d+$/)
  if (message !== undefined) assert.match(error.message, message)
  return true
}

const bytes = fc.uint8Array({ maxLength: 300 })
const anyRow = fc.record({
  key: fc.option(bytes), value: fc.option(bytes), headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.option(fc.uint8Array({ maxLength: 80 }))), { maxLength: 3 }),
  timeMs: fc.oneof(fc.integer({ min: 1_699_999_000_000, max: 1_700_001_000_000 }), fc.constant(-1), fc.integer({ min: 0, max: 2 ** 52 })),
})
const anyRows = fc.array(anyRow, { minLength: 1, maxLength: 40 })
const codec = fc.constantFrom(...COMPRESSIONS)
const SAFE = fc.integer({ min: 0, max: 2 ** 52 })

describe('records are read as they were written', () => {
  test('by our writer, one or several batches of any codec, anywhere in the bytes', () => {
    fc.assert(fc.property(fc.array(fc.tuple(anyRows, codec, fc.nat(1000)), { minLength: 1, maxLength: 4 }), SAFE, fc.nat(9), fc.boolean(), (batches, base, before, memory) => {
      const pieces: Uint8Array[] = [new Uint8Array(before)], expected: Read[] = []
      let at = base
      for (const [rows, compression, gap] of batches) {
        at += gap
        pieces.push(batchOf(rows, { compression, at }))
        for (const row of rows) expected.push({ ...row, offset: at++ })
      }
      const all = Buffer.concat(pieces)
      const walked = walk(all, { from: base, memory: memory ? bytes => new Uint8Array(bytes + 5) : undefined }, before)
      assert.deepEqual(rowsOf(walked), expected)
      assert.equal(walked.next, at)
      assert.equal(walked.end, all.length)
    }))
  })
  test('by the library, and its batches by us', () => {
    fc.assert(fc.property(anyRows, codec, SAFE, (rows, compression, timeMs) => {
      const known = rows.map((row, i) => ({ ...row, timeMs: timeMs + i * 1000 }))
      const [read] = readRecordsBatches(Reader.from(batchOf(known, { compression, producerId: 77n, producerEpoch: 3, baseSequence: 9, transactional: true })))
      assert.deepEqual(read!.records.map(({ key, value, headers, timestampDelta, offsetDelta }) => ({
        key: plain(key as Uint8Array | null), value: plain(value as Uint8Array | null), headers: headers.map(([name, value]) => [String(name), plain(value as Uint8Array | null)]),
        timeMs: Number(read!.firstTimestamp + timestampDelta), offset: offsetDelta })), known.map((row, offset) => ({ ...row, offset })))
      assert.deepEqual([read!.producerId, read!.producerEpoch, read!.firstSequence, read!.attributes & 48, Number(read!.maxTimestamp)], [77n, 3, 9, 16, known.at(-1)!.timeMs])

      // it writes no header without a value, and no name twice
      const simple = known.map(row => ({ ...row, headers: [...new Map(row.headers.map(([name, value]) => [name, value ?? new Uint8Array(1)]))] }))
      const theirs = createRecordsBatch(simple.map(({ key, value, headers, timeMs }) => ({ topic: 't', partition: 0, timestamp: BigInt(timeMs),
        key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value),
        headers: new Map(headers.map(([name, value]) => [Buffer.from(name), Buffer.from(value)])) })) as never, { compression } as never)
      assert.deepEqual(rowsOf(walk(theirs.buffer)), simple.map((row, offset) => ({ ...row, offset })))
    }))
  })
  test('rows picked from records, in a writer that is used again', () => {
    const records = recordsOf(['a', 'b', null, 'd'].map(value => row(value, { headers: [['n', text('v')]] })))
    const writer = new BatchWriter('none', 0)
    for (const rows of [[3, 0], [2], [0, 1, 2, 3]]) {
      let most = 0
      for (const row of rows) most += writer.bytesOf(records, row)
      const before = writer.length
      writer.appendRows(records, Int32Array.from(rows))
      assert.ok(writer.length - before <= most)
      assert.equal(writer.rows, rows.length)
      assert.deepEqual(values(walk(writer.finish(NOBODY))), rows.map(row => ['a', 'b', null, 'd'][row]))
      writer.reset()
    }
    assert.throws(() => writer.finish(NOBODY), TypeError)
  })
  test('a time that is not known, or has fractions', () => {
    const times = [1_700_000_000_000.75, NaN, -5, Infinity, 1_700_000_000_001]
    assert.deepEqual([...walk(batchOf(times.map(timeMs => row('x', { timeMs })))).timesMs], [1_700_000_000_000, -1, -1, -1, 1_700_000_000_001])
  })
  test('the time of the log, where the topic says so', () => {
    const batch = batchOf([row('a', { timeMs: 5 }), row('b', { timeMs: 6 })])
    batch[22] = 8
    batch.writeBigInt64BE(99n, 35)
    stampBatch(batch, NOBODY)
    assert.deepEqual([...walk(Buffer.concat([batch, moved(batchOf([row('c', { timeMs: 7 })]), 2)])).timesMs], [99, 99, 7])
  })
  test('another stamp changes nothing but who sends it', () => {
    const batch = batchOf([row('a')], { compression: 'zstd', transactional: true })
    stampBatch(batch, { producerId: 5n, producerEpoch: 2, baseSequence: 70, transactional: false })
    assert.deepEqual(values(walk(batch)), ['a'])
    assert.deepEqual(batch, batchOf([row('a')], { compression: 'zstd', producerId: 5n, producerEpoch: 2, baseSequence: 70 }))
  })
})

describe('positions', () => {
  const three = () => [['a', 'b'], ['c'], ['d', 'e', 'f']].map(values => values.map(value => row(value)))
  const log = (compression: Compression = 'none') => { let at = 0; return three().map(rows => { const batch = batchOf(rows, { compression, at }); at += rows.length; return batch }) }

  test('records before the one that was asked for are passed by', () => {
    const all = Buffer.concat(log())
    assert.deepEqual(values(walk(all, { from: 1 })), ['b', 'c', 'd', 'e', 'f'])
    assert.deepEqual(values(walk(all, { from: 4 })), ['e', 'f'])
    assert.deepEqual([walk(all, { from: 9 }).rows, walk(all, { from: 9 }).next, walk(all, { from: 9 }).end], [0, 9, all.length])
  })
  test('an incomplete batch at the end is left, wherever it is cut', () => {
    const [first, second, third] = log() as [Buffer, Buffer, Buffer]
    const all = Buffer.concat([first, second, third])
    for (let end = first.length + second.length; end < all.length; end++) {
      const walked = walk(Buffer.from(all.subarray(0, end)))
      assert.deepEqual([walked.rows, walked.next, walked.end], [3, 3, first.length + second.length])
      assert.deepEqual(walk(all, {}, 0, end).end, walked.end)
    }
    assert.deepEqual([walk(first, { from: 7 }, 0, 20).next, walk(first, {}, 0, 20).end, walk(new Uint8Array(0)).rows], [7, 0, 0])
  })
  for (const compression of ['none', 'lz4'] as const) test(`as many batches as fit are walked, the first always (${compression})`, () => {
    const all = Buffer.concat(log(compression))
    const turns: (string | null)[][] = []
    let next = 0
    for (let at = 0; at < all.length;) {
      const walked = walk(all, { from: next, bytesMax: 20 }, at)
      assert.ok(walked.end > at)
      turns.push(values(walked))
      ;({ next, end: at } = walked)
    }
    assert.deepEqual(turns, [['a', 'b'], ['c'], ['d', 'e', 'f']])
  })
  test('no more records at once than are wanted, in whole batches', () => {
    const all = Buffer.concat([[0, 'ab'], [2, 'c'], [3, 'def'], [6, 'g']].map(([at, texts]) => batchOf([...texts as string].map(text => row(text)), { at: at as number })))
    const turns: string[][] = []
    for (let at = 0, next = 0; at < all.length;) {
      const walked = walk(all, { from: next, rowsMax: 3 }, at)
      turns.push(values(walked) as string[])
      ;({ next, end: at } = walked)
    }
    assert.deepEqual(turns, [['a', 'b', 'c'], ['d', 'e', 'f'], ['g']])
  })
  test('gaps of compaction, and a batch of which nothing is left', () => {
    const batch = batchOf([row('a'), row('b')], { at: 10 })
    batch.writeInt32BE(6, 23)                        // its last records were removed
    stampBatch(batch, NOBODY)
    const empty = Buffer.from(batchOf([row('x')], { at: 20 }).subarray(0, 61))
    empty.writeInt32BE(49, 8)
    empty.writeInt32BE(0, 57)
    stampBatch(empty, NOBODY)
    const walked = walk(Buffer.concat([batch, empty]), { from: 3 })
    assert.deepEqual([[...walked.offsets], walked.next], [[10, 11], 21])
  })
})

/** A marker as a broker writes it. */
function marker(producerId: bigint, kind: 'abort' | 'commit', at: number): Buffer {
  const batch = batchOf([{ key: Uint8Array.of(0, 0, 0, kind === 'abort' ? 0 : 1), value: new Uint8Array(6), headers: [], timeMs: 1 }], { at, producerId, transactional: true })
  batch[22] = batch[22]! | 32
  stampBatch(batch, { producerId, producerEpoch: 0, baseSequence: -1, transactional: true })
  return batch
}

describe('transactions', () => {
  /** What a broker says of the answer that begins at `from` and holds all that is before `to`. */
  const PLOTS: { readonly [name: string]: readonly (readonly [producerId: bigint, value: string])[] } = {
    'one producer': [[7n, 'ok1'], [7n, 'BAD1'], [7n, 'ok2'], [7n, 'BAD2'], [7n, 'BIGBAD'], [7n, 'ok3']],
    'two producers in turns': [[7n, 'ok1'], [8n, 'BAD1'], [7n, 'ok2'], [8n, 'BAD2'], [7n, 'BIGBAD'], [8n, 'ok3']],
  }
  for (const [name, plot] of Object.entries(PLOTS)) for (const compression of ['none', 'gzip'] as const) test(`what was aborted is not read, cut into fetches anywhere: ${name}, ${compression}`, () => {
    const batches: Buffer[] = [], aborted: { producerId: number; firstOffset: number; lastOffset: number }[] = []
    let at = 0
    for (const [producerId, value] of plot) {
      const firstOffset = at
      for (let i = 0; i < (value === 'BIGBAD' ? 5 : 2); i++) { batches.push(batchOf([row(value), row(value)], { compression, at, producerId, transactional: true })); at += 2 }
      batches.push(batchOf([row('plain')], { at: at++ }))
      batches.push(marker(producerId, value.includes('BAD') ? 'abort' : 'commit', at))
      if (value.includes('BAD')) aborted.push({ producerId: Number(producerId), firstOffset, lastOffset: at })
      at++
    }
    const total = at
    for (let cut = 0; cut <= batches.length; cut++) {
      const read: (string | null)[] = []
      let next = 0
      for (const part of [batches.slice(0, cut), batches.slice(cut)]) {
        const all = Buffer.concat(part)
        const reaching = aborted.filter(({ lastOffset }) => lastOffset >= next).reverse()
        const filter = new AbortedFilter(reaching)
        for (let at = 0; at < all.length;) {
          const walked = walk(all, { from: next, aborted: filter, bytesMax: 60 }, at)
          read.push(...values(walked))
          ;({ next, end: at } = walked)
        }
      }
      assert.equal(next, total)
      assert.deepEqual(read.filter(value => value !== 'plain'), ['ok1', 'ok2', 'ok3'].flatMap(value => [value, value, value, value]), `cut at ${cut}`)
      assert.equal(read.length, 12 + plot.length)
    }
    assert.equal(walk(Buffer.concat(batches)).rows, total - plot.length, 'without a filter all but the markers')
  })
  test('a marker that cannot be read is damage', () => {
    const broken = marker(7n, 'abort', 0)
    broken.writeInt32BE(2, 57)
    stampBatch(broken, { producerId: 7n, producerEpoch: 0, baseSequence: -1, transactional: true })
    assert.throws(() => walk(broken, { aborted: new AbortedFilter([]) }), fails('SLUICE_BATCH_CORRUPT', /marker/))
    assert.equal(walk(broken).next, 1)
  })
})

describe('damage', () => {
  const good = () => batchOf([row('first', { key: text('k'), headers: [['name', text('value')], ['none', null]] }), row(null), row('third')])
  /** With a checksum that fits. */
  const changed = (change: (batch: Buffer) => void, batch = good()): Buffer => { change(batch); batch.writeUInt32BE(0, 17); stampBatch(batch, NOBODY); return batch }

  test('a checksum is compared if asked for, byte by byte', () => {
    const batch = good()
    for (let at = 21; at < batch.length; at++) {
      batch[at]! ^= 1
      assert.throws(() => walk(batch), fails('SLUICE_BATCH_CORRUPT', /checksum/))
      batch[at]! ^= 1
    }
    batch.writeUInt32BE(1, 17)
    assert.equal(walk(batch, { checkCrcs: false }).rows, 3)
  })
  test('what stands before it is delivered first', () => {
    for (const damage of [changed(batch => { batch[16] = 3 }), changed(batch => { batch[61] = 3 }), changed(batch => { batch.writeInt32BE(4, 57) })]) {
      const all = Buffer.concat([good(), moved(good(), 3), moved(damage, 6)])
      const walked = walk(all)
      assert.deepEqual([walked.rows, walked.next, walked.end], [6, 6, good().length * 2])
      assert.throws(() => walk(all, { from: walked.next }, walked.end), error => fails('SLUICE_BATCH_CORRUPT')(error) && (error as SluiceError).at === 'rides/3@6')
    }
  })
  test('an unknown codec, and formats of before Kafka 0.11', () => {
    for (const codec of [5, 6, 7]) assert.throws(() => walk(changed(batch => { batch[22] = codec })), fails('SLUICE_COMPRESSION_UNKNOWN', new RegExp(`codec ${codec}`)))
    for (const magic of [0, 1]) assert.throws(() => walk(changed(batch => { batch[16] = magic })), fails('SLUICE_BROKER_UNSUPPORTED'))
  })
  const DAMAGE: { readonly [name: string]: (batch: Buffer) => void } = {
    'an unknown format': batch => { batch[16] = 3 },
    'a negative length': batch => { batch.writeInt32BE(-1, 8) },
    'a length of less than its head': batch => { batch.writeInt32BE(48, 8) },
    'a negative offset': batch => { batch.writeBigInt64BE(-1n, 0) },
    'an offset beyond counting': batch => { batch.writeBigInt64BE(2n ** 60n, 0) },
    'a last offset before its first': batch => { batch.writeInt32BE(-1, 23) },
    'a record after its last offset': batch => { batch.writeInt32BE(1, 23) },
    'a negative count': batch => { batch.writeInt32BE(-1, 57) },
    'a count that would cost memory': batch => { batch.writeInt32BE(2_000_000_000, 57) },
    'one record too many': batch => { batch.writeInt32BE(4, 57) },
    'one record too few': batch => { batch.writeInt32BE(2, 57) },
    'a record that is too short': batch => { batch[61] = 2 },
    'a record that reaches out': batch => { batch[61] = 126 },
    'a number of more than five bytes': batch => { batch.fill(255, 61, 67) },
    'a time of more than ten bytes': batch => { batch.fill(255, 63, 74) },
    'a key of length -2': batch => { batch[65] = 3 },
    'a key that reaches out': batch => { batch[65] = 124 },
    'an offset that repeats': batch => { batch[61 + 1 + batch[61]! / 2 + 3] = 0 },
    'a negative count of headers': batch => { batch[73] = 1 },
    'a header without a name': batch => { batch[74] = 1 },
    'fewer headers than it says': batch => { batch[73] = 6 },
  }
  for (const [name, change] of Object.entries(DAMAGE)) test(name, () => assert.throws(() => walk(changed(change)), fails('SLUICE_BATCH_CORRUPT')))
  test('offsets that go back', () => {
    const walked = walk(Buffer.concat([moved(good(), 5), moved(good(), 7)]))
    assert.deepEqual([walked.rows, walked.next], [3, 8])
  })
  for (const compression of COMPRESSIONS.slice(1)) test(`content that is larger than may be, or damaged: ${compression}`, () => {
    const rows = [row('x'.repeat(1_000_000))]
    assert.equal(walk(batchOf(rows, { compression })).rows, 1)
    assert.throws(() => walk(batchOf(rows, { compression }), { decompressedMax: 999_999 }), fails('SLUICE_BATCH_CORRUPT', new RegExp(compression)))
    const cut = changed(batch => batch.writeInt32BE(batch.length - 12, 8), Buffer.from(batchOf(rows, { compression }).subarray(0, -9)))
    assert.throws(() => walk(cut), fails('SLUICE_BATCH_CORRUPT'))
    assert.throws(() => walk(changed(batch => batch.writeInt32BE(49, 8), Buffer.from(cut.subarray(0, 61)))), fails('SLUICE_BATCH_CORRUPT'))
  })
  test('whatever it is, it is said as an error of ours, and nothing outside is read', () => {
    const random = mulberry(42)
    const at = (length: number) => Math.floor(random() * length)
    const seeds = [...COMPRESSIONS.map(compression => batchOf(Array.from({ length: 8 }, (_, i) => row(`value ${i} ${'abc'.repeat(i)}`, { key: text(`key ${i}`), headers: i % 3 === 0 ? [['h', text('1')]] : [] })), { compression, transactional: true, producerId: 7n })),
      marker(7n, 'abort', 8), good()]
    let damaged = 0
    for (let i = 0; i < 100_000; i++) {
      const seed = seeds[i % seeds.length]!
      const around = 16
      const memory = Buffer.alloc(around * 2 + seed.length, 0x55)
      seed.copy(memory, around)
      const inside = memory.subarray(around, around + seed.length)
      for (let changes = at(4); changes >= 0; changes--) {
        const place = random() < 0.5 ? at(inside.length) : Math.min(inside.length - 1, 57 + at(20))
        inside[place] = random() < 0.5 ? at(256) : inside[place]! ^ 1 << at(8)
      }
      if (random() < 0.3) inside.writeInt32BE(Math.max(0, inside.length - 12 - at(30)), 8)
      const end = around + inside.length - (random() < 0.2 ? at(inside.length) : 0)
      try {
        const walked = walkRecords(memory, around, end, { partition: 'rides/3', from: at(4), aborted: new AbortedFilter([{ producerId: 7, firstOffset: at(12) }]), decompressedMax: 100_000 })
        assert.ok(walked.end >= around && walked.end <= end)
        const [first, last] = walked.bytes === memory ? [around, end] : [0, walked.bytes.length]
        for (const { start: starts, end: ends } of [walked.keys, walked.values, walked.headers ?? walked.keys]) {
          for (let row = 0; row < walked.rows; row++) assert.ok(starts[row] === -1 ? ends[row] === -1 : starts[row]! >= first && starts[row]! <= ends[row]! && ends[row]! <= last)
        }
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error
        damaged++
      }
    }
    assert.ok(damaged > 30_000, `${damaged} were damaged`)
  })
})

function mulberry(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
    return ((t ^ t >>> 14) >>> 0) / 4294967296
  }
}
