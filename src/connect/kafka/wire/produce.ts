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
  /** Which records, if the broker says so. */
  readonly recordErrors: readonly { readonly row: number; readonly message: string | null }[]
  readonly message: string | null
}

/** Produce, version 11 (12 would add partitions to the transaction by itself), to be acknowledged by all replicas in sync. Error codes stand in the answer. */
export const produceApi = createAPI<[ProduceRequest], ProduceAnswer>(0, 11, ({ transactionalId, timeoutMs, topics }: ProduceRequest) => Writer.create()
  .appendString(transactionalId).appendInt16(-1).appendInt32(timeoutMs)
  .appendArray([...topics], (writer, { name, partitions }) => {
    writer.appendString(name).appendArray([...partitions], (writer, { partition, batch }) => { writer.appendInt32(partition).appendBytes(batch) })
  })
  .appendTaggedFields(),
(_correlation, _key, _version, reader) => ({
  topics: reader.readArray(reader => ({
    name: reader.readString(),
    partitions: reader.readArray(reader => {
      const partition = reader.readInt32(), errorCode = reader.readInt16(), baseOffset = Number(reader.readInt64())
      reader.readInt64()                             // log append time
      reader.readInt64()                             // log start offset
      const recordErrors = reader.readArray(reader => ({ row: reader.readInt32(), message: reader.readNullableString() }))
      return { partition, errorCode, baseOffset, recordErrors, message: reader.readNullableString() }
    }),
  })),
  throttleMs: reader.readInt32(),
}))
