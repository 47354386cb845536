import { SluiceError } from '../../core/index.ts'
import type { Context, Delivery, Position } from '../../core/index.ts'
import type { Outlet } from './batch.ts'
import type { Cluster } from './cluster.ts'
import { Producer } from './producer.ts'
import type { OutletOptions } from './producer.ts'
import type { KafkaSource } from './source.ts'
import { Transaction } from './transaction.ts'

export interface DeliveryParts {
  readonly cluster: Cluster
  readonly source: KafkaSource['kafka']
  /** Topics of the sinks, by the sink. */
  readonly topics: ReadonlyMap<object, OutletOptions>
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  readonly lingerMs: number
  readonly requestTimeoutMs: number
  readonly deliveryMs: number
}

/** Results, rejects and positions in one transaction after the other.
    @throws SLUICE_SINK_AWAY, SLUICE_NOT_AUTHORIZED, SLUICE_TOPIC_MISSING, SLUICE_CONFIG_INVALID */
export async function openKafkaDelivery({ cluster, source, topics, transactionalId, transactionTimeoutMs, deliveryMs, ...options }: DeliveryParts, context: Context): Promise<Delivery> {
  const transaction = new Transaction(cluster, { id: transactionalId, timeoutMs: transactionTimeoutMs, group: source.group }, context)
  const producer = new Producer(cluster, transaction, { ...options, deliveryMs: Math.min(deliveryMs, transactionTimeoutMs) }, context)
  const outlets = new Map<object, Outlet>()
  for (const [sink, topic] of topics) outlets.set(sink, await producer.outlet(topic))
  await transaction.open()
  context.log.write('info', `transactional id '${transactionalId}'`)

  let committing: Promise<void> = Promise.resolve()
  const commit = async (positions: readonly Position[]): Promise<void> => {
    // whose partitions they are is asked now: an assignment that changes while this waits must not be overtaken
    const claim = positions.length === 0 ? undefined : source.claim(positions.map(({ partition }) => partition))
    await producer.flush()
    await transaction.commit(positions, claim)
  }
  const abort = async (): Promise<void> => {
    transaction.cancel()
    await producer.abort(new SluiceError('SLUICE_WRITE_BEFORE_FAILED', 'the transaction was aborted'))
    await committing
    await transaction.abort()
  }
  return {
    guarantee: 'exactly-once',
    write: (to, records) => producer.write(outlets.get(to)!, records),
    commit(positions) {
      const work = commit(positions)
      committing = work.catch(() => {})
      return work
    },
    abort,
    async close() {
      // an open transaction would hold readers up until its time-out
      await abort().catch((error: unknown) => context.log.write('debug', `aborting '${transactionalId}' at the end: ${String(error)}`))
      producer.close()
    },
  }
}
