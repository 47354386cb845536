import { sinkSuite, sourceSuite } from '../../conformance/index.ts'
import type { Clock } from '../../core/index.ts'
import { MemoryLog } from './log.ts'
import type { MemoryEntry } from './options.ts'
import { MemorySink } from './sink.ts'
import { MemorySource } from './source.ts'
import type { Weather } from './weather.ts'

function logOf(partitions: readonly (readonly string[])[]): MemoryLog {
  const log = new MemoryLog()
  partitions.forEach((values, i) => log.append(`p${i}`, values.map(value => ({ value }))))
  return log
}
/** A member that owns everything, as after a restart. */
function ownerOf(log: MemoryLog, clock: Clock): MemorySource {
  const source = new MemorySource(log, { clock }, { batchRows: 10, batchBytesMax: Math.max(1000, log.recordBytesMax), follow: false })
  for (const partition of log.partitions) log.give(partition, source)
  return source
}

sourceSuite('memory source', async partitions => {
  const log = logOf(partitions)
  return { open: async ({ clock }) => ownerOf(log, clock) }
})

const decoder = new TextDecoder()
sinkSuite('memory sink', async partitions => {
  const log = logOf(partitions), entries: [MemoryEntry[], MemoryEntry[]] = [[], []]
  let broken = false
  const weather: Weather = { delayMs: () => 0, fails: step => broken && step === 'write' ? 'before' : undefined }
  return {
    async open({ clock }) {
      const sinkOf = (i: 0 | 1) => new MemorySink(`memory ${i}`, entries[i], { clock, weather }, { transactional: true, recordBytesMax: 1e6 })
      return { source: ownerOf(log, clock), sinks: [sinkOf(0), sinkOf(1)] }
    },
    read: async sink => entries[sink].map(({ value }) => decoder.decode(value!)),
    crash: async () => {},             // what is not committed is in the sinks alone
    async fail() { broken = true; return async () => { broken = false } },
    refused: `{"v":"${'x'.repeat(1e6)}"}`,
  }
})
