import { createAPI, Writer } from '@platformatic/kafka'
import type { AbortedTransaction } from './aborted.ts'

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  /** Only up to the last stable offset, and with the transactions that were aborted. */
  readonly committed: boolean
  /** By the ids of topics. */
  readonly topics: readonly { readonly topicId: string; readonly partitions: readonly FetchPartition[] }[]
}
interface FetchPartition {
  readonly partition: number
  /** -1: not known. */
  readonly leaderEpoch: number
  readonly offset: number
  readonly maxBytes: number
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
  /** Record batches, the last perhaps incomplete; memory of its own. */
  readonly records: Uint8Array
}

/** Fetch, version 16: topics by their ids; without a fetch session. Error codes stand in the answer. */
export const fetchApi = createAPI<[FetchRequest], FetchAnswer>(1, 16, ({ maxWaitMs, minBytes, maxBytes, committed, topics }: FetchRequest) => Writer.create()
  .appendInt32(maxWaitMs).appendInt32(minBytes).appendInt32(maxBytes).appendInt8(committed ? 1 : 0)
  .appendInt32(0).appendInt32(-1)                    // no session
  .appendArray([...topics], (writer, { topicId, partitions }) => {
    writer.appendUUID(topicId).appendArray([...partitions], (writer, { partition, leaderEpoch, offset, maxBytes }) => {
      writer.appendInt32(partition).appendInt32(leaderEpoch).appendInt64(BigInt(offset))
        .appendInt32(-1).appendInt64(-1n)            // last fetched epoch and log start are for replicas
        .appendInt32(maxBytes)
    })
  })
  .appendArray([], () => {})                         // forgotten topics of a session
  .appendString('').appendTaggedFields(),
(_correlation, _key, _version, reader) => ({
  throttleMs: reader.readInt32(), errorCode: reader.readInt16(), sessionId: reader.readInt32(),
  topics: reader.readArray(reader => ({
    topicId: reader.readUUID(),
    partitions: reader.readArray(reader => ({
      partition: reader.readInt32(), errorCode: reader.readInt16(),
      highWatermark: Number(reader.readInt64()), lastStableOffset: Number(reader.readInt64()), logStartOffset: Number(reader.readInt64()),
      abortedTransactions: reader.readArray(reader => ({ producerId: Number(reader.readInt64()), firstOffset: Number(reader.readInt64()) })),
      preferredReadReplica: reader.readInt32(),
      // copied only where it lies in several pieces, as the socket brought them
      records: reader.readBytes(),
    })),
  })),
}))
