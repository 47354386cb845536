import { randomUUID } from 'node:crypto'
import { consumerGroupDescribeV0 } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context } from '../../core/index.ts'
import type { Cluster } from './cluster.ts'
import { KAFKA, protocolError } from './errors.ts'
import { heartbeat } from './heartbeat.ts'
import type { Heartbeat, TopicPartitions } from './heartbeat.ts'
import { partitionName } from './partitions.ts'

export interface MembershipOptions {
  readonly group: string
  readonly instance: string | undefined
  readonly topics: readonly string[] | undefined
  readonly pattern: string | undefined
  readonly rebalanceMs: number
}

/** Who reads the partitions. Is told one thing after the other; only `lost` may come while `revoked` has not resolved. */
export interface Assignee {
  assigned(partitions: readonly string[]): void
  /** They are given back when it resolves; heartbeats go on meanwhile. */
  revoked(partitions: readonly string[]): Promise<void>
  /** Somebody else may have them already. */
  lost(partitions: readonly string[]): void
  /** Not a member any more, and no way back. */
  ended(error: SluiceError): void
}

/** Who we are in the group, as commits must say. */
export interface GroupMetadata { readonly group: string; readonly memberId: string; readonly epoch: number; readonly instance: string | undefined }

/** What somebody wants to commit: refused when one of the partitions has changed hands since, even back to us. */
export interface Claim {
  /** Who we are now. @throws SLUICE_FENCED */
  member(): GroupMetadata
  /** Our epoch was refused: resolves when there is another, at the latest after `ms`. */
  renewed(epoch: number, ms: number): Promise<void>
}

const LEAVE = -1, LEAVE_FOR_NOW = -2
/** Until a broker has said better. */
const INTERVAL_MS = 1_000
/** A heartbeat that takes longer is sent again, perhaps to another coordinator. */
const ANSWER_MS = 10_000
const LEAVE_MS = 3_000
const RELEASES_MAX = 20

/** A member of a consumer group by KIP-848: the broker assigns, the member takes and gives back step by step. What is taken away is acknowledged only
    when the assignee has let go of it; that is why the library's own member is not used. */
export class Membership {
  readonly id = randomUUID()
  readonly #cluster: Cluster
  readonly #context: Context
  readonly #options: MembershipOptions
  readonly #assignee: Assignee
  readonly #over = new AbortController()
  /** Partitions that are ours, by topic id and number. */
  readonly #owned = new Map<string, Owned>()
  #epoch = 0
  #wanted: readonly TopicPartitions[] = []
  #generations = 0
  /** Everything is said anew: after an answer that did not come. */
  #full = true
  /** What is owned has changed since it was said. */
  #changed = false
  #joined = false
  #reconciling = false
  #running: Promise<void> | undefined
  #wake = () => {}
  readonly #waiting = new Set<() => void>()

  constructor(cluster: Cluster, options: MembershipOptions, assignee: Assignee, context: Context) {
    this.#cluster = cluster
    this.#options = options
    this.#assignee = assignee
    this.#context = context
  }

  /** Joins, and stays. */
  start(): void { this.#running ??= this.#run() }

  get partitions(): string[] { return Array.from(this.#owned.values(), ({ name }) => name) }
  get metadata(): GroupMetadata {
    const { group, instance } = this.#options
    return { group, memberId: this.id, epoch: this.#epoch, instance }
  }

  /** @throws SLUICE_FENCED when one of them is not ours */
  claim(partitions: readonly string[]): Claim {
    const before = partitions.map(name => this.#generationOf(name))
    const member = (): GroupMetadata => {
      const gone = partitions.find((name, i) => before[i] === undefined || this.#generationOf(name) !== before[i])
      if (gone !== undefined) throw new SluiceError('SLUICE_FENCED', `${gone} has changed hands`, { at: gone })
      return this.metadata
    }
    member()
    return {
      member,
      renewed: async (epoch, ms) => {
        if (this.#epoch !== epoch) return
        const over = new AbortController()
        const tell = () => over.abort()
        this.#waiting.add(tell)
        this.#wake()
        await this.#context.clock.sleep(ms, over.signal)
        this.#waiting.delete(tell)
      },
    }
  }
  #generationOf(name: string): number | undefined {
    for (const owned of this.#owned.values()) if (owned.name === name) return owned.generation
    return undefined
  }

  /** Leaves. A static member keeps its place for the session time-out, so that a restart moves nothing. */
  async close(): Promise<void> {
    if (this.#over.signal.aborted) return
    this.#over.abort()
    this.#wake()
    if (this.#running === undefined) return
    await this.#running
    this.#owned.clear()
    try {
      await this.#beat(this.id, this.#options.instance === undefined ? LEAVE : LEAVE_FOR_NOW, LEAVE_MS)
    } catch {
      // the session time-out does it
    }
  }

  // -- heartbeats --
  async #run(): Promise<void> {
    const { log } = this.#context
    let intervalMs = INTERVAL_MS, failures = 0, releases = 0
    while (!this.#over.signal.aborted) {
      try {
        const answer = await this.#say()
        if (this.#over.signal.aborted) return
        if (answer.errorCode === KAFKA.NONE) {
          failures = releases = 0
          intervalMs = answer.heartbeatIntervalMs
          this.#joined = true
          this.#heard(answer)
        } else if (answer.errorCode === KAFKA.FENCED_MEMBER_EPOCH || answer.errorCode === KAFKA.UNKNOWN_MEMBER_ID) {
          log.write('warn', `group '${this.#options.group}' has taken the partitions away; joining again`, { code: 'SLUICE_FENCED', member: this.id })
          this.#lose()
          if (++failures < 3) continue
        } else if (answer.errorCode === KAFKA.UNRELEASED_INSTANCE_ID && ++releases < RELEASES_MAX) {
          await this.#release()
          if (releases < 3) continue
        } else if (answer.errorCode === KAFKA.UNRELEASED_INSTANCE_ID || answer.errorCode === KAFKA.FENCED_INSTANCE_ID) {
          throw this.#taken()
        } else if (answer.errorCode === KAFKA.INVALID_REGULAR_EXPRESSION) {
          throw new SluiceError('SLUICE_CONFIG_INVALID', `pattern: ${answer.errorMessage}`, { why: 'the broker reads it as RE2', fix: 'correct the pattern, or list the topics' })
        } else {
          throw protocolError(answer.errorCode, 'source', { operation: 'Read', name: this.#options.group, doing: 'joining group' }, answer.errorMessage)
        }
      } catch (error) {
        if (this.#over.signal.aborted) return
        this.#full = true
        if (!(error instanceof SluiceError) || error.severity !== 'retry') {
          this.#lose()
          return this.#assignee.ended(error instanceof SluiceError ? error : new SluiceError('SLUICE_SOURCE_FAILED', `the heartbeat failed: ${String(error)}`, { cause: error }))
        }
        failures++
        log.write(failures === 1 ? 'info' : 'warn', `heartbeat of group '${this.#options.group}': ${error.message}`, { code: error.code, at: error.at })
      }
      const soon = failures > 0 ? Math.min(100 * 2 ** Math.min(failures, 6), intervalMs, 2_000) : this.#changed ? 0 : intervalMs
      await this.#sleep(soon)
    }
  }

  /** Until the next heartbeat is due, or there is something to say. */
  async #sleep(ms: number): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await this.#context.clock.sleep(ms, AbortSignal.any([woken.signal, this.#over.signal]))
    this.#wake = () => {}
  }

  async #say(): Promise<Heartbeat> {
    const full = this.#full || this.#epoch === 0
    const changed = full || this.#changed
    this.#full = this.#changed = false
    const { topics, pattern, rebalanceMs } = this.#options
    return full
      ? this.#beat(this.id, this.#epoch, ANSWER_MS, rebalanceMs, topics ?? [], pattern ?? null, this.#epoch === 0 ? [] : this.#said())
      : this.#beat(this.id, this.#epoch, ANSWER_MS, -1, null, null, changed ? this.#said() : null)
  }
  #beat(member: string, epoch: number, timeoutMs: number, rebalanceMs = -1, topics: readonly string[] | null = null, pattern: string | null = null, owned: TopicPartitions[] | null = null): Promise<Heartbeat> {
    const { group, instance } = this.#options
    return this.#cluster.request({ group }, heartbeat, [group, member, epoch, instance ?? null, null, rebalanceMs,
      topics === null ? null : [...topics], pattern, null, owned === null ? null : owned.map(({ topicId, partitions }) => ({ topicId, partitions: [...partitions] }))],
    { timeoutMs, ...(epoch < 0 ? {} : { signal: this.#over.signal }) })
  }
  #said(): TopicPartitions[] {
    const topics = new Map<string, number[]>()
    for (const { topicId, index } of this.#owned.values()) topics.set(topicId, [...topics.get(topicId) ?? [], index])
    return Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions }))
  }

  #heard({ memberEpoch, assignment }: Heartbeat): void {
    if (memberEpoch !== this.#epoch) {
      this.#epoch = memberEpoch
      for (const tell of this.#waiting) tell()
      this.#waiting.clear()
    }
    if (assignment !== null) this.#wanted = assignment
    if (!this.#reconciling) void this.#reconcile()
  }

  #taken(): SluiceError {
    return new SluiceError('SLUICE_INSTANCE_TAKEN', `another member of group '${this.#options.group}' has taken over instance '${this.#options.instance}'`)
  }

  /** The process before this one did not leave, and this one has its name: it is gone, or must go. */
  async #release(): Promise<void> {
    const { group, instance } = this.#options
    const { groups: [described] } = await this.#cluster.request({ group }, consumerGroupDescribeV0.api, [[group], false])
    const before = described?.members.find(member => member.instanceId === instance)
    if (before === undefined) return
    if (this.#joined && before.memberId !== this.id) throw this.#taken()
    this.#context.log.write('info', `taking over instance '${instance}' of group '${group}' from a member that has not left`, { member: before.memberId })
    await this.#beat(before.memberId, LEAVE_FOR_NOW, ANSWER_MS)
  }

  // -- what is owned --
  /** Step by step towards what the broker wants; it may want something else meanwhile. */
  async #reconcile(): Promise<void> {
    this.#reconciling = true
    try {
      for (;;) {
        const before = this.#wanted
        const wanted = new Map<string, Omit<Owned, 'generation'>>()
        for (const { topicId, partitions } of before) {
          const topic = await this.#cluster.topicById(topicId, this.#over.signal)
          if (topic === undefined) continue                                // deleted again, or not known yet: the next heartbeat comes back to it
          for (const index of partitions) wanted.set(`${topicId} ${index}`, { topicId, index, name: partitionName(topic.name, index) })
        }
        if (this.#over.signal.aborted) return
        if (this.#wanted !== before) continue
        const gone = [...this.#owned].filter(([key]) => !wants(before, key))
        if (gone.length > 0) {
          await this.#assignee.revoked(gone.map(([, { name }]) => name))
          for (const [key, owned] of gone) if (this.#owned.get(key) === owned) this.#owned.delete(key)
          this.#tell()
          continue
        }
        const added = [...wanted].filter(([key]) => !this.#owned.has(key))
        if (added.length === 0) return
        for (const [key, partition] of added) this.#owned.set(key, { ...partition, generation: ++this.#generations })
        this.#tell()
        this.#assignee.assigned(added.map(([, { name }]) => name))
      }
    } catch (error) {
      if (this.#over.signal.aborted) return
      this.#context.log.write('warn', `taking partitions of group '${this.#options.group}': ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      this.#reconciling = false
    }
  }
  #tell(): void {
    this.#changed = true
    this.#wake()
  }

  #lose(): void {
    const names = this.partitions
    this.#owned.clear()
    this.#wanted = []
    this.#epoch = 0
    this.#full = true
    if (names.length > 0) this.#assignee.lost(names)
  }
}

const wants = (wanted: readonly TopicPartitions[], key: string): boolean =>
  wanted.some(({ topicId, partitions }) => partitions.some(index => key === `${topicId} ${index}`))

interface Owned { readonly topicId: string; readonly index: number; readonly name: string; readonly generation: number }
