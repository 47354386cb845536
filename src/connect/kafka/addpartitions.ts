import { addPartitionsToTxnV3, createAPI } from '@platformatic/kafka'

type Args = Parameters<typeof addPartitionsToTxnV3.createRequest>

/**
 * AddPartitionsToTxn, version 3: later ones are for brokers. The request is the library's; its answer names the error codes otherwise than all other
 * answers do, and they would not be seen.
 *
 * Answer => throttle_time_ms [results_by_topic] TAG_BUFFER
 *   results_by_topic => name [results_by_partition] TAG_BUFFER
 *     results_by_partition => partition_index error_code TAG_BUFFER
 */
export const addPartitions = createAPI<Args, readonly { readonly name: string; readonly partitions: readonly { readonly index: number; readonly errorCode: number }[] }[]>(
  addPartitionsToTxnV3.api.key, addPartitionsToTxnV3.api.version, addPartitionsToTxnV3.createRequest, (_correlation, _key, _version, reader) => {
    reader.readInt32()
    return reader.readArray(topic => ({
      name: topic.readString(),
      partitions: topic.readArray(partition => ({ index: partition.readInt32(), errorCode: partition.readInt16() })),
    }))
  })
