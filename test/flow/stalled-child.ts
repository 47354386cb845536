// A stream of 256 KiB batches, one sink that stalls for two seconds: prints what the memory did meanwhile.
import type { RecordBatch, Source } from '../../src/core/index.ts'
import { flowDefaults, run, systemClock } from '../../src/flow/index.ts'
import { batch, control, features, HandSink, Numbers, numbers, predictor, rejects, result } from './rig.ts'

const MiB = 2 ** 20
const values = numbers(100_000, 1000)
let batches = 0, written = 0, stalled = false
const used = () => { globalThis.gc!(); const { heapUsed, arrayBuffers } = process.memoryUsage(); return heapUsed + arrayBuffers }

const source: Source = {
  name: 'endless', batchBytesMax: MiB / 4,
  async *read(owner, signal): AsyncGenerator<RecordBatch> {
    owner.assigned([{ partition: 'p', offset: 0n }])
    for (let at = 0; !signal.aborted; at += values.length) {
      batches++
      const bytes = new Uint8Array(MiB / 4), made = batch('p', at, values)
      bytes.set(made.bytes)
      yield { ...made, bytes, release() {} }
    }
  },
  commit: async () => {}, close: async () => {},
}
const sink = new HandSink()
sink.write = async ({ rows }) => {
  while (stalled) await systemClock.sleep(20)
  await systemClock.sleep(1)
  written += rows
  return []
}

const stop = new AbortController()
const ended = run({ source, features, control: control(predictor()), result, rejects, sink, clock: systemClock, log: { write() {} }, metrics: new Numbers(),
  options: { ...flowDefaults, bytesMax: 8 * MiB } }, stop.signal)
const until = async (test: () => boolean) => { while (!test()) await systemClock.sleep(10) }

await until(() => written > 50_000)
stalled = true
await systemClock.sleep(300)           // all that may be in flight is
const before = used(), read = batches
let peak = before
for (let i = 0; i < 20; i++) { await systemClock.sleep(100); peak = Math.max(peak, used()) }
const after = used(), readMeanwhile = batches - read
stalled = false
await until(() => written > 250_000)
stop.abort()
const { records } = await ended
console.log(JSON.stringify({ before, after, peak, read: readMeanwhile, records, lost: records - written }))
