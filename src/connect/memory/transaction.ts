import type { Delivery } from '../../core/index.ts'
import type { MemorySink } from './sink.ts'
import type { MemorySource } from './source.ts'
import { step } from './weather.ts'
import type { MemoryParts } from './weather.ts'

/** Results, rejects and positions appear together or not at all. Fenced by ownership, as a Kafka group's generation does it. */
export async function transaction(source: MemorySource, sinks: readonly MemorySink[], parts: MemoryParts): Promise<Delivery> {
  for (const sink of sinks) await sink.settled()                           // of a transaction before
  let committing: Promise<void> = Promise.resolve()
  for (const sink of sinks) sink.unit = []
  return {
    guarantee: 'exactly-once',
    write: (to, records) => to.write(records),
    commit(positions) {
      const arrive = source.log.commit(source, positions)
      const commit = step(parts, 'commit', () => source.dead, () => {
        arrive()
        for (const sink of sinks) for (const entry of sink.unit!.splice(0)) sink.entries.push(entry)
      })
      committing = commit.catch(() => {})
      return commit
    },
    async abort() {
      await committing
      for (const sink of sinks) { await sink.settled(); sink.unit = [] }
    },
    close: async () => {},             // what still comes late must not land: the unit stays
  }
}
