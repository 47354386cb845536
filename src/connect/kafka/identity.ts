import { initProducerIdV5 } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Cluster } from './cluster.ts'
import { codeName, KAFKA, protocolError } from './errors.ts'

/** Who a batch is from, as brokers know it. Sequence numbers count the records of one identity in each partition; a newer epoch shuts out the older. */
export interface Identity { readonly id: bigint; readonly epoch: number }

/** As whom a producer sends. */
export interface Author {
  /** null: none, batches are seen at once. */
  readonly transactionalId: string | null
  /** Who we are; undefined: it has to be asked for first. */
  readonly identity: Identity | undefined
  identify(): Promise<Identity>
  /** Whether batches may be sent to this partition. */
  isAdmitted(partition: string): boolean
  /** Asks leave to; perhaps not for all of them at once. */
  admit(partitions: readonly string[]): Promise<void>
  /** A broker does not know us as who we say we are, or not any more. */
  disowned(code: number): Promise<SluiceError>
  /** A batch was given up: it may land or not, and what comes after it must shut it out. */
  renounce(): void
}

const EPOCH_MAX = 32_767
/** Outside a transaction nothing runs out. */
const NO_TIMEOUT_MS = 60_000

/** Without a transaction: batches land once however often they are sent. */
export function idempotent(cluster: Cluster): Author {
  let identity: Identity | undefined
  return {
    transactionalId: null,
    get identity() { return identity },
    async identify() {
      if (identity === undefined) {
        const answer = await cluster.request('any', initProducerIdV5.api, [null, NO_TIMEOUT_MS, -1n, -1],
          { retryOn: [KAFKA.COORDINATOR_LOAD_IN_PROGRESS, KAFKA.COORDINATOR_NOT_AVAILABLE] })
        if (answer.errorCode !== 0) throw protocolError(answer.errorCode, cluster.role, { operation: 'IdempotentWrite', name: 'cluster', doing: 'asking for a producer id of' })
        identity = { id: answer.producerId, epoch: answer.producerEpoch }
      }
      return identity
    },
    isAdmitted: () => true,
    async admit() {},
    async disowned(code) {
      return new SluiceError('SLUICE_SINK_AWAY', `the broker has lost what was written before: ${codeName(code)}`)
    },
    renounce() {
      if (identity !== undefined) identity = identity.epoch < EPOCH_MAX - 1 ? { id: identity.id, epoch: identity.epoch + 1 } : undefined
    },
  }
}
