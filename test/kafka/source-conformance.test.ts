import { after, before, test } from 'node:test'
import { sourceSuite } from '../../src/conformance/index.ts'
import type { SourceBed } from '../../src/conformance/index.ts'
import { openKafkaSource } from '../../src/connect/kafka/source.ts'
import type { RecordBatch, Source } from '../../src/core/index.ts'
import { openBed, skip, sleep, values } from './bed.ts'
import type { Bed } from './bed.ts'

let bed: Bed
if (skip !== false) test('kafka', { skip })
else {
  before(async () => { bed = await openBed() })
  after(() => bed.close())
  sourceSuite('kafka', make)
}

async function make(partitions: readonly (readonly string[])[]): Promise<SourceBed> {
  const topic = await bed.topic(partitions.length), group = bed.name('group')
  const producer = bed.producer()
  for (const [partition, lines] of partitions.entries()) {
    for (let i = 0; i < lines.length; i += 20) await producer.send({ messages: values(topic, partition, i, Math.min(lines.length, i + 20), each => lines[each]!) })
  }
  await producer.close()
  return {
    open: async context => ending(await openKafkaSource({ brokers: bed.brokers, topics: [topic], group, batchBytes: 2_000, fetchWaitMs: 50 }, context), partitions.length),
  }
}

/** A topic has no end; here it ends when all that is in it has been read. */
function ending(source: Source, partitions: number): Source {
  return {
    ...source,
    async *read(owner, signal) {
      const stop = new AbortController()
      const leave = () => stop.abort()
      signal.addEventListener('abort', leave)
      if (signal.aborted) leave()
      const batches = source.read(owner, stop.signal)[Symbol.asyncIterator]()
      let coming: Promise<IteratorResult<RecordBatch>> | undefined
      try {
        for (;;) {
          coming ??= batches.next()
          const next = await Promise.race([coming, sleep(20)])
          if (next === undefined) {
            const lag = source.lag!()
            if (lag.length === partitions && lag.every(({ records }) => records === 0)) stop.abort()
            continue
          }
          coming = undefined
          if (next.done === true) return
          yield next.value
        }
      } finally {
        signal.removeEventListener('abort', leave)
        stop.abort()
        const late = await coming
        if (late !== undefined && late.done !== true) late.value.release()
        await batches.return?.()
      }
    },
  }
}
