import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'
import { openKafkaDelivery } from '../../src/connect/kafka/delivery.ts'
import { committed } from '../../src/connect/kafka/offsets.ts'
import type { Delivery, Rejection, Sink } from '../../src/core/index.ts'
import { loud } from './bed.ts'
import { linesOf } from './topics.ts'
import type { Line } from './topics.ts'

export interface UnitsOptions {
  readonly brokers: string
  readonly id: string
  readonly group: string
  readonly topics: readonly string[]
  readonly timeoutMs?: number
  readonly requestTimeoutMs?: number
  readonly lingerMs?: number
}
/** Units of delivery without a source: positions, in partition 0 of the first topic, are committed as a group without members allows it. */
export interface Units {
  readonly delivery: Delivery
  write(topic: number, lines: readonly Line[]): Promise<readonly Rejection[]>
  commit(offset: number): Promise<void>
  close(): Promise<void>
}
export async function openUnits({ brokers, id, group, topics, timeoutMs = 60_000, requestTimeoutMs = 10_000, lingerMs = 1 }: UnitsOptions): Promise<Units> {
  const context = testContext(loud)
  const cluster = await openCluster({ brokers, requestTimeoutMs }, context, 'sink')
  const sinks = topics.map(() => ({}) as Sink)
  const member = () => ({ group, memberId: '', epoch: -1, instance: undefined })
  try {
    const delivery = await openKafkaDelivery({
      cluster, topics: new Map(sinks.map((sink, i) => [sink, { topic: topics[i]! }])), transactionalId: id, transactionTimeoutMs: timeoutMs, lingerMs, requestTimeoutMs, deliveryMs: requestTimeoutMs,
      source: { connection: { brokers }, group, groupMetadata: member, claim: () => ({ member, renewed: async () => {} }) },
    }, context)
    return {
      delivery,
      write: (topic, lines) => delivery.write(sinks[topic]!, linesOf(lines)),
      commit: offset => delivery.commit([{ partition: `${topics[0]}/0`, offset: BigInt(offset) }]),
      async close() {
        await delivery.close()
        await cluster.close()
      },
    }
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/** The position that was committed last; 0: none. The partition is named: asked for all it has, a group leaves out those that have only a position in a
    transaction just being ended. */
export async function positionOf(cluster: Cluster, group: string, topic: string): Promise<number> {
  const partition = `${topic}/0`
  const found = await committed(cluster, group, [partition], 20_000, new AbortController().signal)
  if (!found.has(partition)) throw new Error(`${group}: the position of ${partition} stays in an open transaction`)
  return Number(found.get(partition) ?? 0n)
}
