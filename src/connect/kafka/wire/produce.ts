import { createAPI, Writer } from '@platformatic/kafka'

export interface ProduceRequest {
  readonly transactionalId: string | null
  /** How long the leader may wait for its followers. */
  readonly timeoutMs: number
  readonly topics: readonly { readonly name: string; readonly partitions: readonly ProducePartition[] }[]
}
/** One batch: a broker takes no more than one of each partition in a request. Its bytes must stay as they are until the answer is there. */
export interface ProducePartition { readonly partition: number; readonly batch: Buffer }

export interface ProduceAnswer {
  readonly throttleMs: number
  readonly topics: readonly { readonly name: string; readonly partitions: readonly ProducedPartition[] }[]
}
export interface ProducedPartition {
  readonly partition: number
  readonly errorCode: number
  /** Of the batch's first record; -1: not known. */
  readonly baseOffset: number
  readonly recordErrors: readonly { readonly row: number; readonly message: string | null }[]
  readonly message: string | null
}

/** Produce, version 11, to be acknowledged by all replicas in sync. Error codes stand in the answer. */
export const produceApi = createAPI<[ProduceRequest], ProduceAnswer>(0, 11, () => Writer.create(), () => { throw new Error('not written yet') })
