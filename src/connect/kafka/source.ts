import { listOffsetsV8, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context, Source } from '../../core/index.ts'
import { kernelsOf } from '../../kernels/host.ts'
import { openCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { Frames } from './frames.ts'
import { heartbeat } from './heartbeat.ts'
import { Membership } from './membership.ts'
import type { Claim, GroupMetadata } from './membership.ts'
import { begin, commit, committed, timeOf } from './offsets.ts'
import type { Start } from './offsets.ts'
import type { KafkaConnection, KafkaSourceOptions } from './options.ts'
import { Reading } from './reading.ts'
import type { ReadSettings } from './reading.ts'
import { fetchApi } from './wire/index.ts'

/** What a transaction needs to commit positions for the group. */
export interface KafkaSource extends Source {
  readonly kafka: {
    readonly connection: KafkaConnection
    readonly group: string
    groupMetadata(): GroupMetadata
    /** Taken when a commit is called; its `member()` is asked just before positions are sent.
        @throws SLUICE_FENCED when one of the partitions is not ours */
    claim(partitions: readonly string[]): Claim
  }
}

/** So long one partition inside an open transaction may keep the others from being read. */
const STABLE_MS = 500

/** Reads topics as a member of a consumer group by KIP-848; it joins with the first `read`.
    @throws SLUICE_TOPIC_MISSING, SLUICE_NOT_AUTHORIZED, SLUICE_AUTHENTICATION_FAILED, SLUICE_BROKER_UNSUPPORTED, SLUICE_CONFIG_INVALID */
export async function openKafkaSource(options: KafkaSourceOptions, context: Context): Promise<KafkaSource> {
  const { group, topics, pattern, from = 'earliest', isolation = 'read_committed', rebalanceMs = 45_000 } = options
  const settings = settingsOf(options)
  const cluster = await openCluster(options, context, 'source')
  try {
    await check(cluster, topics)
  } catch (error) {
    await cluster.close()
    throw error
  }
  const instance = options.instance === undefined || context.executors === 1 ? options.instance : `${options.instance}-${context.executor}`
  const begun = new Map<string, bigint>()            // where `from` began, until something is committed: `latest` must not mean something later after a failure
  const frames = new Frames(kernelsOf(context.arena))
  let reading: Reading | undefined
  let ended: SluiceError | undefined

  const membership = new Membership(cluster, { group, instance, topics, pattern, rebalanceMs }, {
    assigned(partitions) {
      context.log.write('info', `assigned ${partitions.join(', ')}`, { group })
      void reading?.assigned(partitions)
    },
    async revoked(partitions) {
      context.log.write('info', `to give back ${partitions.join(', ')}`, { group })
      for (const partition of partitions) begun.delete(partition)
      await reading?.revoked(partitions)
    },
    lost(partitions) {
      context.log.write('warn', `lost ${partitions.join(', ')}`, { group })
      for (const partition of partitions) begun.delete(partition)
      reading?.lost(partitions)
    },
    ended(error) {
      ended = error
      reading?.fail(error)
    },
  }, context)

  async function locate(partitions: readonly string[], signal: AbortSignal): Promise<Start[]> {
    const known = await committed(cluster, group, partitions, STABLE_MS, signal)
    const fresh = [...known].filter(([partition, offset]) => offset === undefined && !begun.has(partition)).map(([partition]) => partition)
    if (fresh.length > 0) {
      const starts = await begin(cluster, fresh, from, isolation, context, signal)
      // the end moves: a crash before the first commit must not skip what came meanwhile
      if (from === 'latest') await commit(cluster, membership.claim(fresh), fresh.map(partition => ({ partition, offset: starts.get(partition)! })), context, settings.pattern)
      for (const [partition, offset] of starts) begun.set(partition, offset)
    }
    return Array.from(known, ([partition, offset]) => ({ partition, offset: offset ?? begun.get(partition)!, begun: offset === undefined }))
  }

  return {
    name: 'kafka',
    batchBytesMax: Math.max(settings.batchBytes, settings.recordBytesMax),

    async *read(owner, signal) {
      reading?.end()
      if (signal.aborted) return
      if (ended !== undefined) throw ended
      const now = reading = new Reading(cluster, owner, settings, locate, frames, context)
      membership.start()
      void now.assigned(membership.partitions)
      yield* now.batches(signal)
    },
    async commit(positions) {
      await commit(cluster, membership.claim(positions.map(({ partition }) => partition)), positions, context, settings.pattern)
    },
    lag: () => reading?.lag(context.clock.nowMs()) ?? [],
    async close() {
      reading?.end()
      reading = undefined
      await membership.close()
      await cluster.close()
      frames.close()
    },
    kafka: { connection: options, group, groupMetadata: () => membership.metadata, claim: partitions => membership.claim(partitions) },
  }
}

/** All that can be known before the first record. */
async function check(cluster: Cluster, topics: readonly string[] | undefined): Promise<void> {
  const missing = [heartbeat, fetchApi, offsetFetchV9.api, offsetCommitV9.api, listOffsetsV8.api].find(api => !cluster.supports(api))
  if (missing !== undefined) {
    throw new SluiceError('SLUICE_BROKER_UNSUPPORTED', `the broker does not know version ${missing.version} of API ${missing.key}${missing === heartbeat ? ', the consumer groups of KIP-848' : ''}`)
  }
  for (const topic of topics ?? []) await cluster.topic(topic)
}

function settingsOf(options: KafkaSourceOptions): ReadSettings {
  const { topics, pattern, group, from = 'earliest', instance } = options
  const wrong = (what: string, why: string, fix: string) => new SluiceError('SLUICE_CONFIG_INVALID', what, { why, fix })
  if ((topics === undefined || topics.length === 0) === (pattern === undefined)) throw wrong('topics or pattern: one of them', 'a source reads from topics', 'topics: [rides]')
  if (group === '') throw wrong('group is empty', 'the group keeps the positions', 'group: NAME')
  if (instance === '') throw wrong('instance is empty', 'it names a process for good', 'instance: NAME, or leave it out')
  if (from !== 'earliest' && from !== 'latest') timeOf(from)
  for (const name of ['batchBytes', 'fetchBytes', 'fetchWaitMs', 'fetchMinBytes', 'recordBytesMax', 'rebalanceMs', 'requestTimeoutMs'] as const) {
    const value = options[name]
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1 || value > 2_147_483_647)) throw new TypeError(`${name}: ${value} is not a whole number from 1`)
  }
  const { isolation = 'read_committed', checkCrcs = false, batchBytes = 1_048_576, fetchBytes = 8_388_608, fetchWaitMs = 500, fetchMinBytes = 1, recordBytesMax = 16_777_216 } = options
  return { isolation, checkCrcs, batchBytes, fetchBytes, fetchWaitMs, fetchMinBytes, recordBytesMax, pattern: pattern !== undefined }
}
