import { createAPI, Writer } from '@platformatic/kafka'
import type { AbortedTransaction } from './aborted.ts'

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly committed: boolean
  /** By the ids of topics. */
  readonly topics: readonly { readonly topicId: string; readonly partitions: readonly {
    readonly partition: number
    /** -1: not known. */
    readonly leaderEpoch: number
    readonly offset: number
    readonly maxBytes: number
  }[] }[]
}
export interface FetchAnswer {
  readonly errorCode: number
  readonly throttleMs: number
  readonly topics: readonly { readonly topicId: string; readonly partitions: readonly FetchedPartition[] }[]
}
export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** -1: none. */
  readonly preferredReadReplica: number
  /** Record batches, the last perhaps incomplete. */
  readonly records: Uint8Array
}

/** Fetch, version 16: topics by their ids; without a fetch session. Error codes stand in the answer. */
export const fetchApi = createAPI<[FetchRequest], FetchAnswer>(1, 16, () => Writer.create(), () => { throw new Error('not written yet') })
