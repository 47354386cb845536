import { listOffsetsV8, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context, Position } from '../../core/index.ts'
import type { Cluster } from './cluster.ts'
import { KAFKA, LEADERLESS, protocolError } from './errors.ts'
import type { Claim } from './membership.ts'
import { byTopic, parsePartition, partitionName } from './partitions.ts'

/** Where a partition is read from. `begun`: nothing is committed, so it is the option `from` that says so. */
export interface Start extends Position { readonly begun: boolean }

/** Of read_committed readers: `latest` is then where the oldest open transaction begins. */
export const ISOLATION = { read_uncommitted: 0, read_committed: 1 } as const

const EARLIEST = -2n, LATEST = -1n
/** How often an epoch that was refused is renewed; each takes at most RENEW_MS. */
const RENEWALS_MAX = 5
const RENEW_MS = 6_000
/** A topic just made may be unknown to the coordinator for a moment. */
const UNKNOWN_MAX = 20

/** The committed positions of partitions; undefined: none. Positions inside a transaction that is just being ended are waited for, so those of partitions
    in one that stays open do not come within `timeoutMs`: they are missing in the answer.
    @throws SLUICE_SOURCE_AWAY, SLUICE_NOT_AUTHORIZED */
export async function committed(cluster: Cluster, group: string, partitions: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<Map<string, bigint | undefined>> {
  // no member id: which partitions are ours is asked again at the commit
  const topics = byTopic(partitions, index => index).map(({ name, partitions: indexes }) => ({ name, partitionIndexes: indexes }))
  const { groups: [answer] } = await cluster.request({ group }, offsetFetchV9.api, [[{ groupId: group, memberId: null, memberEpoch: -1, topics }], true],
    { signal, timeoutMs, retryOn: [KAFKA.UNSTABLE_OFFSET_COMMIT] })
  if (answer === undefined || answer.errorCode !== 0) throw protocolError(answer?.errorCode ?? -1, 'source', { operation: 'Read', name: group, doing: 'reading the positions of group' })
  const positions = new Map<string, bigint | undefined>()
  for (const { name, partitions: its } of answer.topics) {
    for (const { partitionIndex, committedOffset, errorCode } of its) {
      const partition = partitionName(name, partitionIndex)
      if (errorCode === KAFKA.UNSTABLE_OFFSET_COMMIT) continue
      if (errorCode !== 0) throw protocolError(errorCode, 'source', { operation: 'Read', name, doing: `reading the positions of group '${group}' in`, at: partition })
      positions.set(partition, committedOffset < 0n ? undefined : committedOffset)
    }
  }
  return positions
}

/** What `from` means in each partition. A time: the first record that is not older; where there is none, the end.
    @throws SLUICE_SOURCE_AWAY, SLUICE_NOT_AUTHORIZED, SLUICE_TOPIC_MISSING */
export async function begin(cluster: Cluster, partitions: readonly string[], from: string, isolation: keyof typeof ISOLATION, context: Context, signal: AbortSignal): Promise<Map<string, bigint>> {
  const timestamp = from === 'earliest' ? EARLIEST : from === 'latest' ? LATEST : BigInt(timeOf(from))
  const found = await list(cluster, partitions, timestamp, isolation, context, signal)
  const later = [...found].filter(([, offset]) => offset < 0n).map(([partition]) => partition)
  if (later.length > 0) for (const [partition, offset] of await list(cluster, later, LATEST, isolation, context, signal)) found.set(partition, offset)
  return found
}

/** The first offset that is there, and the one behind the last. */
export async function bounds(cluster: Cluster, partition: string, context: Context, signal: AbortSignal): Promise<readonly [first: number, end: number]> {
  const [first, end] = await Promise.all([EARLIEST, LATEST].map(timestamp => list(cluster, [partition], timestamp, 'read_uncommitted', context, signal)))
  return [Number(first!.get(partition)), Number(end!.get(partition))]
}

/** @throws SLUICE_CONFIG_INVALID */
export function timeOf(from: string): number {
  const ms = Date.parse(from)
  if (!/^\d{4}-\d\d-\d\d/.test(from) || Number.isNaN(ms)) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `from: '${from}' is no time`, { why: 'reading begins at the earliest record, the latest, or at a time', fix: "earliest, latest, or a time such as 2026-01-31T12:00:00Z" })
  }
  return ms
}

async function list(cluster: Cluster, partitions: readonly string[], timestamp: bigint, isolation: keyof typeof ISOLATION, { clock }: Context, signal: AbortSignal): Promise<Map<string, bigint>> {
  const found = new Map<string, bigint>()
  let left = partitions
  for (let tries = 0; left.length > 0; tries++) {
    const leaders = new Map<number, string[]>()
    for (const partition of left) {
      const { topic, index } = parsePartition(partition)
      const { leader } = await cluster.leader(topic, index, signal)
      leaders.set(leader, [...leaders.get(leader) ?? [], partition])
    }
    const again: string[] = []
    for (const [leader, its] of leaders) {
      const topics = byTopic(its, index => ({ partitionIndex: index, currentLeaderEpoch: -1, timestamp }))
      const answer = await cluster.request(leader, listOffsetsV8.api, [-1, ISOLATION[isolation], topics], { signal })
      for (const { name, partitions: each } of answer.topics) {
        for (const { partitionIndex, errorCode, offset } of each) {
          const partition = partitionName(name, partitionIndex)
          if (errorCode === 0) found.set(partition, offset)
          else if (LEADERLESS.has(errorCode) && tries < 50) { cluster.stale(name); again.push(partition) }
          else throw protocolError(errorCode, 'source', { operation: 'Describe', name, doing: 'asking for offsets of', at: partition })
        }
      }
    }
    left = again
    if (left.length > 0) await clock.sleep(100, signal)
  }
  return found
}

/** Commits, as the member that we are. `gone`: positions in topics that have been deleted meanwhile are passed by.
    @throws SLUICE_FENCED when one of the partitions has changed hands; SLUICE_SOURCE_AWAY, SLUICE_NOT_AUTHORIZED, SLUICE_TOPIC_MISSING */
export async function commit(cluster: Cluster, claim: Claim, positions: readonly Position[], { clock }: Context, gone: boolean): Promise<void> {
  const offsets = new Map(positions.map(({ partition, offset }) => [partition, offset]))
  for (let tries = 0; ; tries++) {
    const { group, memberId, epoch, instance } = claim.member()
    const topics = byTopic(offsets.keys(), (partitionIndex, name) => ({ partitionIndex, committedOffset: offsets.get(name)!, committedLeaderEpoch: -1, committedMetadata: null }))
    const answer = await cluster.request({ group }, offsetCommitV9.api, [group, epoch, memberId, instance ?? null, topics])
    const refused = answer.topics.flatMap(({ name, partitions }) => partitions.map(({ partitionIndex, errorCode }) => ({ name, partition: partitionName(name, partitionIndex), errorCode })))
      .filter(({ errorCode }) => errorCode !== 0).sort((a, b) => Number(a.errorCode === KAFKA.UNKNOWN_TOPIC_OR_PARTITION) - Number(b.errorCode === KAFKA.UNKNOWN_TOPIC_OR_PARTITION))[0]
    if (refused === undefined) return
    if (refused.errorCode === KAFKA.STALE_MEMBER_EPOCH && tries < RENEWALS_MAX) {            // the group moves on; the partitions may still be ours
      await claim.renewed(epoch, RENEW_MS)
      continue
    }
    if (refused.errorCode === KAFKA.UNKNOWN_TOPIC_OR_PARTITION) {
      if (tries < UNKNOWN_MAX) { await clock.sleep(100); continue }
      if (gone) return                                                     // the others were committed
    }
    throw protocolError(refused.errorCode, 'source', { operation: 'Read', name: refused.errorCode === KAFKA.TOPIC_AUTHORIZATION_FAILED || refused.errorCode === KAFKA.UNKNOWN_TOPIC_OR_PARTITION ? refused.name : group, doing: 'committing to group', at: refused.partition })
  }
}
