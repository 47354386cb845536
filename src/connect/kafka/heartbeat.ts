import { consumerGroupHeartbeatV1, createAPI } from '@platformatic/kafka'

export interface TopicPartitions { readonly topicId: string; readonly partitions: readonly number[] }
export interface Heartbeat {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** null: as before. */
  readonly assignment: readonly TopicPartitions[] | null
}

type Args = Parameters<typeof consumerGroupHeartbeatV1.createRequest>

/**
 * ConsumerGroupHeartbeat, version 1. The request is the library's; its reader of the answer throws on error codes that are newer than it
 * (INVALID_REGULAR_EXPRESSION), and the code is lost.
 *
 * Answer => throttle_time_ms error_code error_message member_id member_epoch heartbeat_interval_ms assignment TAG_BUFFER
 *   assignment => (-1: null) [topic_partitions] TAG_BUFFER
 *     topic_partitions => topic_id [partitions] TAG_BUFFER
 */
export const heartbeat = createAPI<Args, Heartbeat>(consumerGroupHeartbeatV1.api.key, consumerGroupHeartbeatV1.api.version,
  consumerGroupHeartbeatV1.createRequest, (_correlation, _key, _version, reader) => {
    reader.readInt32()
    const errorCode = reader.readInt16(), errorMessage = reader.readNullableString()
    reader.readNullableString()
    return {
      errorCode, errorMessage, memberEpoch: reader.readInt32(), heartbeatIntervalMs: reader.readInt32(),
      assignment: reader.readNullableStruct(() => {
        const assignment = reader.readArray(topic => ({ topicId: topic.readUUID(), partitions: topic.readArray(each => each.readInt32(), true, false) }))
        reader.readTaggedFields()
        return assignment
      }),
    }
  })
