import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { Packer, partOf } from '../../codecs/pack.ts'
import { countingArena } from '../../conformance/context.ts'
import type { Arena, RecordBatch } from '../../core/index.ts'
import { createArena } from '../../kernels/arena.ts'
import { kernelsOf } from '../../kernels/host.ts'
import { kernelModule } from '../../strategies/kernels.ts'
import { Chunk } from './chunk.ts'
import { Frames } from './frames.ts'
import type { Frame } from './frames.ts'
import { BatchWriter } from './wire/index.ts'

fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1), numRuns: 100 })
const MiB = 2 ** 20, kernels = await kernelModule()
const settings = { isolation: 'read_committed', checkCrcs: true, batchBytes: 2_000, fetchBytes: 1, fetchWaitMs: 1, fetchMinBytes: 1, recordBytesMax: 10_000, pattern: false } as const
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }

/** Record batches of so many rows, whose values say where they are from. */
function fetched(frame: Frame, word: string, batches: readonly { readonly rows: number; readonly gzip: boolean }[]): Uint8Array {
  let at = 0, offset = 0
  for (const { rows, gzip } of batches) {
    const packer = new Packer(rows, rows * 40)
    for (let i = 0; i < rows; i++) {
      packer.row(1)
      const start = packer.length
      packer.text(`${word}@${offset + i}`)
      packer.setValue(start)
    }
    const writer = new BatchWriter(gzip ? 'gzip' : 'none')
    writer.appendRange(packer.finish(), 0, rows)
    const batch = writer.finish(NOBODY)
    batch.writeBigInt64BE(BigInt(offset), 0)
    frame.bytes.set(batch, at)
    at += batch.length
    offset += rows
  }
  return frame.bytes.subarray(0, at)
}

/** Fetches, batches handed out and batches given back, in any order: until it is given back each is what it was. */
const run = (arena: Arena): void => fc.assert(fc.property(
  fc.array(fc.oneof(fc.record({ batches: fc.array(fc.record({ rows: fc.integer({ min: 1, max: 90 }), gzip: fc.nat(5).map(n => n === 0) }), { minLength: 1, maxLength: 5 }), size: fc.constantFrom(70_000, 3 * MiB) }), fc.record({ take: fc.nat() }), fc.record({ give: fc.nat() })), { maxLength: 60 }),
  steps => {
    const frames = new Frames(kernelsOf(arena)), held: { readonly batch: RecordBatch; readonly word: string }[] = []
    const chunks: { readonly chunk: Chunk; readonly word: string; at: number }[] = []
    const check = ({ batch, word }: typeof held[number]): void => {
      for (let row = 0; row < batch.rows; row++) assert.equal(Buffer.from(partOf(batch, batch.values, row)!).toString(), `${word}@${batch.offsets[row]}`)
    }
    let fetches = 0
    for (const step of steps) {
      if ('batches' in step) {
        const frame = frames.take(step.size), word = `fetch ${fetches++}`
        frame.bytes.fill(0x3f)
        chunks.push({ chunk: new Chunk('rides/3', 0, fetched(frame, word, step.batches), frame, [], settings, arena), word, at: 0 })
        frame.release()
      } else if ('take' in step && chunks.length > 0) {
        const at = step.take % chunks.length, from = chunks[at]!, batch = from.chunk.take(from.at, false)
        if (batch !== undefined) {
          assert.equal(batch.offsets[0], from.at)
          assert.ok(batch.bytes.byteLength <= settings.recordBytesMax)
          from.at = Number(batch.next)
          held.push({ batch, word: from.word })
        }
        if (from.chunk.empty) chunks.splice(at, 1)
      } else if ('give' in step && held.length > 0) {
        const [given] = held.splice(step.give % held.length, 1)
        check(given!)
        given!.batch.release()
      }
      for (const each of held) check(each)
    }
    for (const { chunk } of chunks) chunk.release()
    for (const { batch } of held) batch.release()
    frames.close()
  }))

test('batches that lie in the answers of brokers stay as they are until they are given back', () => {
  const arena = createArena(16 * MiB, kernels, 32 * MiB)
  run(arena)
  // all of it was given back
  assert.ok(arena.reserve(16 * MiB - 64) !== undefined)
})

test('so do those that are copied, for want of kernels', () => {
  const arena = countingArena()
  run(arena)
  assert.deepEqual([arena.held, arena.errors], [0, []])
})

test('frames are used again, the smallest that will do, and what they hold of the kernels is given back', () => {
  const arena = createArena(MiB, kernels, 80 * MiB), inside = kernelsOf(arena)!, frames = new Frames(inside)
  const lies = ({ bytes }: Frame): boolean => bytes.buffer === inside.memory.buffer
  const large = frames.take(5 * MiB + 1), small = frames.take(100)
  assert.deepEqual([large.bytes.length, small.bytes.length, lies(large), lies(small)], [6 * MiB, 65_536, true, true])
  small.retain()
  for (const frame of [large, small, small]) frame.release()
  const again = frames.take(60_000), other = frames.take(4 * MiB)
  assert.deepEqual([again.bytes.byteOffset, other.bytes.byteOffset], [small.bytes.byteOffset, large.bytes.byteOffset])
  // no more than 64 MiB lie there at once
  const many = Array.from({ length: 20 }, () => frames.take(4 * MiB))
  assert.equal(many.filter(lies).length, 14)
  for (const frame of many) frame.release()
  // spare ones make room for one that is larger than each
  const larger = frames.take(32 * MiB)
  assert.ok(lies(larger))
  for (const frame of [again, other]) frame.release()
  frames.close()
  assert.equal(inside.block(60 * MiB), undefined)
  larger.release()
  assert.ok(inside.block(79 * MiB) !== undefined)
})

test('a frame that nobody holds any more, because its answer never came, is given back too', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const arena = createArena(MiB, kernels, 40 * MiB), inside = kernelsOf(arena)!, frames = new Frames(inside)
  ;(() => { frames.take(30 * MiB) })()
  assert.equal(inside.block(20 * MiB), undefined)
  for (let tries = 0; ; tries++) {
    gc()
    await new Promise(resolve => { setImmediate(resolve) })
    if (inside.block(20 * MiB) !== undefined) break
    assert.ok(tries < 100)
  }
  frames.close()
})
