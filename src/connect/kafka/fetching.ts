import type { Cluster } from './cluster.ts'
import type { Frame, Frames } from './frames.ts'
import type { ReadSettings, Reader } from './reading.ts'
import { fetchApi } from './wire/index.ts'
import type { FetchedPartition } from './wire/index.ts'

/** What a broker answered for one partition; `records` lie in the frame. */
export interface Fetched extends FetchedPartition { readonly reader: Reader; readonly frame: Frame; /** What was asked for. */ readonly from: number }

/** One fetch of all these partitions from the broker that leads them; they are filled in this order. The caller releases the frame, if there is one.
    @throws SLUICE_SOURCE_AWAY */
export async function fetchFrom(cluster: Cluster, node: number, readers: readonly Reader[], maxBytes: number, settings: ReadSettings, frames: Frames, signal: AbortSignal): Promise<Fetched[]> {
  const { batchBytes, fetchWaitMs, fetchMinBytes, isolation } = settings
  const asked = new Map<string, { readonly reader: Reader; readonly from: number }>()
  const topics = new Map<string, { partition: number; leaderEpoch: number; offset: number; maxBytes: number }[]>()
  for (const reader of readers) {
    const { topicId, index, fetchAt } = reader
    asked.set(`${topicId} ${index}`, { reader, from: fetchAt })
    const partition = { partition: index, leaderEpoch: -1, offset: fetchAt, maxBytes: batchBytes }
    const its = topics.get(topicId)
    if (its === undefined) topics.set(topicId, [partition])
    else its.push(partition)
  }
  const request = { maxWaitMs: fetchWaitMs, minBytes: fetchMinBytes, maxBytes, committed: isolation === 'read_committed',
    topics: Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions })) }
  let frame: Frame | undefined
  const answer = await cluster.request(node, fetchApi, [request], { purpose: 'fetch', signal, room: bytes => (frame = frames.take(bytes)).bytes })
  return answer.topics.flatMap(({ topicId, partitions }) => partitions.flatMap(partition => {
    const which = asked.get(`${topicId} ${partition.partition}`)
    return which === undefined ? [] : [{ ...partition, ...which, frame: frame!, errorCode: partition.errorCode || answer.errorCode }]
  }))
}
