import { after, before, test } from 'node:test'
import { sinkSuite } from '../../src/conformance/index.ts'
import type { SinkBed } from '../../src/conformance/index.ts'
import { openKafkaSink, openKafkaSource } from '../../src/connect/kafka/index.ts'
import type { RecordBatch, Sink, Source } from '../../src/core/index.ts'
import { openBed, skip, sleep, values } from './bed.ts'
import type { Bed } from './bed.ts'
import { openProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'
import { valuesIn } from './topics.ts'

let bed: Bed, proxy: Proxy
if (skip !== false) test('kafka', { skip })
else {
  before(async () => {
    bed = await openBed()
    proxy = await openProxy(bed.brokers)
  })
  after(async () => {
    await proxy.close()
    await bed.close()
  })
  sinkSuite('kafka', make)
}

async function make(partitions: readonly (readonly string[])[]): Promise<SinkBed> {
  const topic = await bed.topic(partitions.length), outputs = [await bed.topic(1, { 'max.message.bytes': '100000' }), await bed.topic(1)] as const, group = bed.name('group')
  await bed.produce(partitions.flatMap((lines, partition) => values(topic, partition, 0, lines.length, i => lines[i]!)))
  return {
    async open(context) {
      const source = await openKafkaSource({ brokers: bed.brokers, topics: [topic], group, instance: 'one' }, context)
      const sinks: Sink[] = []
      for (const output of outputs) sinks.push(await openKafkaSink({ brokers: proxy.brokers, topic: output, lingerMs: 1, requestTimeoutMs: 1_000 }, context))
      return { source: ending(source, partitions.length), sinks: sinks as [Sink, Sink] }
    },
    read: async sink => (await valuesIn(bed.cluster, outputs[sink])).map(value => value!),
    crash: async () => {},                           // the transaction stays open: who comes next with its id has to abort it
    async fail() {
      proxy.break()
      return async () => proxy.mend()
    },
    refused: 'x'.repeat(100_000),
  }
}

/** A topic has no end; here it ends when all that is in it has been read. Asked with a signal that is aborted it only says what is assigned. */
function ending(source: Source, partitions: number): Source {
  return {
    ...source,
    async *read(owner, signal) {
      const stop = new AbortController()
      let owned = 0
      const batches = source.read({ ...owner, assigned(positions) { owned += positions.length; owner.assigned(positions) } }, stop.signal)[Symbol.asyncIterator]()
      let coming: Promise<IteratorResult<RecordBatch>> | undefined
      try {
        for (;;) {
          coming ??= batches.next()
          const next = await Promise.race([coming, sleep(20)])
          if (signal.aborted) {
            if (owned < partitions) continue
            return
          }
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
        stop.abort()
        const late = await coming
        if (late !== undefined && late.done !== true) late.value.release()
        await batches.return?.()
      }
    },
  }
}
