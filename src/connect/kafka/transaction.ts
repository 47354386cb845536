import { addOffsetsToTxnV4, describeTransactionsV0, endTxnV4, initProducerIdV5, txnOffsetCommitV4 } from '@platformatic/kafka'
import type { API, Callback, Connection } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context, Position } from '../../core/index.ts'
import { addPartitions } from './addpartitions.ts'
import type { Cluster, RequestOptions, Target } from './cluster.ts'
import { codeName, KAFKA, protocolError } from './errors.ts'
import type { Author, Identity } from './identity.ts'
import type { Claim } from './membership.ts'
import { byTopic, partitionName } from './partitions.ts'

export interface TransactionOptions {
  /** The transactional id: who comes last with it shuts out all before. */
  readonly id: string
  /** An open transaction is aborted by the broker after so long. */
  readonly timeoutMs: number
  /** The group whose positions are committed. */
  readonly group: string
}

/** Once the offsets of a group are asked for, an epoch that was refused is renewed so often, each time for at most RENEW_MS. */
const RENEWALS_MAX = 5
const RENEW_MS = 6_000
const TRANSACTIONAL_ID_NOT_FOUND = 105
const ABORTED: ReadonlySet<string> = new Set(['PrepareEpochFence', 'PrepareAbort', 'CompleteAbort'])

/** The transactions of one transactional id, one after the other: what their coordinator is told. Batches are the producer's.
    The requests are those of Kafka before KIP-890: partitions and offsets are added by us, and the epoch stays. A request whose answer never came may
    still be carried out, in the middle of a later transaction; so after one of these a newer epoch is asked for, which shuts the older out. */
export class Transaction implements Author {
  readonly transactionalId: string
  readonly #cluster: Cluster
  readonly #context: Context
  readonly #options: TransactionOptions
  #identity: Identity | undefined
  #partitions = new Set<string>()
  #asked: Promise<void> | undefined                  // for partitions to be added: one request at a time
  #offsets: Promise<void> | undefined                // the group's offsets are to be added
  /** Something was asked for since the last end; something was granted. */
  #open = false
  #granted = false
  /** A newer epoch is needed before anything else. */
  #stale = false
  #renewing: Promise<Identity> | undefined
  #fatal: SluiceError | undefined
  #over = new AbortController()

  constructor(cluster: Cluster, options: TransactionOptions, context: Context) {
    this.#cluster = cluster
    this.#context = context
    this.#options = options
    this.transactionalId = options.id
  }

  /** Shuts out whoever had this transactional id; his open transaction is aborted when it resolves.
      @throws SLUICE_SINK_AWAY, SLUICE_NOT_AUTHORIZED, SLUICE_CONFIG_INVALID */
  async open(): Promise<void> { this.#identity ??= await this.#init() }

  // in mid-transaction a newer epoch would abort what is there; it is for the next one
  get identity(): Identity | undefined { return this.#stale && !this.#open || this.#fatal !== undefined ? undefined : this.#identity }
  identify(): Promise<Identity> {
    if (this.#fatal !== undefined) return Promise.reject(this.#fatal)
    if (this.identity !== undefined) return Promise.resolve(this.identity)
    return this.#renewing ??= this.#init(this.#identity).then(identity => {
      this.#stale = false
      return this.#identity = identity
    }).finally(() => { this.#renewing = undefined })
  }
  renounce(): void { this.#stale = true }

  isAdmitted(partition: string): boolean { return this.#partitions.has(partition) }
  admit(partitions: readonly string[]): Promise<void> {
    return this.#asked ??= this.#add(partitions).finally(() => { this.#asked = undefined })
  }
  async #add(names: readonly string[]): Promise<void> {
    const { id, epoch } = await this.identify()
    this.#open = true
    const topics = byTopic(names, index => index)
    const answer = await this.#ask(this.#coordinator, addPartitions, [[{ transactionalId: this.transactionalId, producerId: id, producerEpoch: epoch, verifyOnly: false, topics }]])
    for (const { name, partitions } of answer) {
      for (const { index, errorCode } of partitions) {
        if (errorCode === KAFKA.TOPIC_AUTHORIZATION_FAILED || errorCode === KAFKA.UNKNOWN_TOPIC_OR_PARTITION) throw protocolError(errorCode, 'sink', { operation: 'Write', name, doing: 'adding to the transaction', at: partitionName(name, index) })
        await this.#check(errorCode, 'adding partitions to')
      }
    }
    this.#granted = true
    for (const name of names) this.#partitions.add(name)
    this.#addOffsets().catch(() => {})               // along with the first batches, so that the commit need not; who commits sees its error
  }
  #addOffsets(): Promise<void> {
    return this.#offsets ??= (async () => {
      const { id, epoch } = await this.identify()
      this.#open = true
      const { errorCode } = await this.#ask(this.#coordinator, addOffsetsToTxnV4.api, [this.transactionalId, id, epoch, this.#options.group])
      if (errorCode === KAFKA.GROUP_AUTHORIZATION_FAILED) throw protocolError(errorCode, 'sink', { operation: 'Read', name: this.#options.group, doing: 'adding offsets of group' })
      await this.#check(errorCode, 'adding offsets to')
      this.#granted = true
    })()
  }

  /** Every batch has been acknowledged. Positions, all in one request, then the end.
      @throws SLUICE_FENCED, SLUICE_TRANSACTION_FAILED, SLUICE_SINK_AWAY (it may have happened: abort finds out), SLUICE_PRODUCER_FENCED */
  async commit(positions: readonly Position[], claim: Claim | undefined): Promise<void> {
    if (claim !== undefined && positions.length > 0) {
      await this.#addOffsets()
      await this.#commitOffsets(positions, claim)
    }
    if (this.#open) await this.#end(true)
  }

  async #commitOffsets(positions: readonly Position[], claim: Claim): Promise<void> {
    const { id, epoch } = await this.identify()
    const offsets = new Map(positions.map(({ partition, offset }) => [partition, offset]))
    const topics = byTopic(offsets.keys(), (partitionIndex, name) => ({ partitionIndex, committedOffset: offsets.get(name)!, committedLeaderEpoch: -1, committedMetadata: null }))
    for (let tries = 0; ; tries++) {
      const { group, memberId, epoch: generation, instance } = claim.member()
      const answer = await this.#ask({ group }, txnOffsetCommitV4.api, [this.transactionalId, group, id, epoch, generation, memberId, instance ?? null, topics])
      const refused = answer.topics.flatMap(({ name, partitions }) => partitions.map(({ partitionIndex, errorCode }) => ({ name, errorCode, at: partitionName(name, partitionIndex) })))
        .find(({ errorCode }) => errorCode !== 0)
      if (refused === undefined) return
      const { errorCode, at, name } = refused
      if ((errorCode === KAFKA.STALE_MEMBER_EPOCH || errorCode === KAFKA.ILLEGAL_GENERATION) && tries < RENEWALS_MAX) {          // the group moves on; the partitions may still be ours
        await claim.renewed(generation, RENEW_MS)
        continue
      }
      if (errorCode === KAFKA.FENCED_INSTANCE_ID) throw new SluiceError('SLUICE_FENCED', `committing ${at}: ${codeName(errorCode)}`, { at })
      if (TRANSACTION.has(errorCode)) await this.#check(errorCode, 'committing offsets in')
      const ofTopic = errorCode === KAFKA.TOPIC_AUTHORIZATION_FAILED || errorCode === KAFKA.UNKNOWN_TOPIC_OR_PARTITION
      throw protocolError(errorCode, 'sink', { operation: 'Read', name: ofTopic ? name : group, doing: 'committing to group', at })
    }
  }

  /** Gives up what is asked for, but for an end that is on its way. */
  cancel(): void { this.#over.abort() }

  /** Nothing that was asked for before can be seen afterwards; but a commit may have happened that had no answer. Called when `commit` has settled.
      @throws SLUICE_SINK_AWAY: it must be called again; SLUICE_PRODUCER_FENCED */
  async abort(): Promise<void> {
    this.cancel()
    await Promise.allSettled([this.#asked, this.#offsets, this.#renewing])
    this.#over = new AbortController()
    if (this.#open && this.#fatal === undefined) await this.#end(false)
    if (this.#fatal === undefined) this.#ended()
  }

  async #end(committed: boolean): Promise<void> {
    const { id, epoch } = this.#identity!
    const { errorCode } = await this.#ask(this.#coordinator, endTxnV4.api, [this.transactionalId, id, epoch, committed], { signal: undefined })
    // nothing to abort: it was never begun, or the commit before has happened
    if (committed || errorCode !== KAFKA.INVALID_TXN_STATE) await this.#check(errorCode, committed ? 'committing' : 'aborting').catch((error: SluiceError) => { if (committed || error.code !== 'SLUICE_TRANSACTION_FAILED') throw error })
    this.#ended()
  }
  #ended(): void {
    this.#open = this.#granted = false
    this.#partitions.clear()
    this.#offsets = undefined
  }

  disowned(code: number): Promise<SluiceError> { return this.#failureOf(code, 'writing in') }

  // -- errors --
  async #check(code: number, doing: string): Promise<void> {
    if (code === KAFKA.NONE) return
    if (TRANSACTION.has(code)) throw await this.#failureOf(code, doing)
    throw protocolError(code, 'sink', { operation: 'Write', name: this.transactionalId, doing: `${doing} transaction` })
  }

  async #failureOf(code: number, doing: string): Promise<SluiceError> {
    if (FENCED.has(code)) return this.#fenced()
    return new SluiceError('SLUICE_TRANSACTION_FAILED', `${doing} transaction '${this.transactionalId}': ${codeName(code)}`)
  }

  /** Brokers refuse our epoch. When they themselves have aborted a transaction that took too long, theirs is newer by one; whoever takes the id over from an
      open transaction makes it newer by two. */
  async #fenced(): Promise<SluiceError> {
    if (this.#fatal !== undefined) return this.#fatal
    const { id, epoch } = this.#identity!
    const { transactionStates: [now] } = await this.#cluster.request(this.#coordinator, describeTransactionsV0.api, [[this.transactionalId]])
    if (now?.errorCode === TRANSACTIONAL_ID_NOT_FOUND) {
      this.#identity = undefined
      this.#ended()
      return new SluiceError('SLUICE_TRANSACTION_FAILED', `the broker has forgotten transactional id '${this.transactionalId}'`)
    }
    if (this.#granted && now?.errorCode === 0 && now.producerId === id && now.producerEpoch === epoch + 1 && ABORTED.has(now.transactionState)) {
      this.#identity = { id, epoch: epoch + 1 }
      this.#stale = true
      this.#ended()
      this.#context.log.write('warn', `the broker has aborted transaction '${this.transactionalId}': it was open for more than ${this.#options.timeoutMs} ms`)
      return new SluiceError('SLUICE_TRANSACTION_FAILED', `transaction '${this.transactionalId}' was open for more than ${this.#options.timeoutMs} ms, so the broker has aborted it`,
        { why: 'what it held back must become visible to readers some time', fix: 'nothing: it is read again; raise transactionTimeoutMs if it happens often' })
    }
    return this.#fatal = new SluiceError('SLUICE_PRODUCER_FENCED', `another process has taken over transactional id '${this.transactionalId}'${
      now?.errorCode === 0 ? ` (it has epoch ${now.producerEpoch} of producer ${now.producerId}; we had ${epoch} of ${id})` : ''}`, {
      at: this.transactionalId, why: 'it runs the same pipeline in the same place, and started later',
      fix: 'stop one of the two; if both are meant to run, give each its own `instance`',
    })
  }

  // -- requests --
  get #coordinator(): Target { return { transaction: this.transactionalId } }

  async #init(before?: Identity): Promise<Identity> {
    const { timeoutMs } = this.#options
    const { errorCode, producerId, producerEpoch } = await this.#ask(this.#coordinator, initProducerIdV5.api, [this.transactionalId, timeoutMs, before?.id ?? -1n, before?.epoch ?? -1])
    if (errorCode === KAFKA.INVALID_TRANSACTION_TIMEOUT) {
      throw new SluiceError('SLUICE_CONFIG_INVALID', `transactionTimeoutMs is ${timeoutMs}`, { why: 'the broker allows less: transaction.max.timeout.ms', fix: 'lower it' })
    }
    if (before !== undefined && FENCED.has(errorCode)) throw await this.#fenced()
    if (errorCode !== 0) throw protocolError(errorCode, 'sink', { operation: 'Write', name: this.transactionalId, doing: 'opening transactional id' })
    return { id: producerId, epoch: producerEpoch }
  }

  /** A request that is given up by `abort`, or by its time-out, may still arrive: then the epoch is stale. */
  async #ask<A extends unknown[], R>(target: Target, api: API<A, R>, args: A, options: RequestOptions = {}): Promise<R> {
    let unanswered = 0
    const counted = Object.assign((connection: Connection, ...rest: [...A, ...Partial<[Callback<R>]>]) => {
      const callback = rest.at(-1) as Callback<R>
      unanswered++
      api(connection, ...rest.slice(0, -1) as A, ...[(error, answer) => {
        if (error === null || 'response' in error) unanswered--
        callback(error, answer)
      }] as [Callback<R>])
    }, { async: api.async, key: api.key, version: api.version }) as API<A, R>
    try {
      return await this.#cluster.request(target, counted, args, { retryOn: [KAFKA.CONCURRENT_TRANSACTIONS], signal: this.#over.signal, ...options })
    } finally {
      if (unanswered > 0) this.#stale = true
    }
  }
}

const FENCED: ReadonlySet<number> = new Set([KAFKA.INVALID_PRODUCER_EPOCH, KAFKA.PRODUCER_FENCED, KAFKA.INVALID_PRODUCER_ID_MAPPING])
const TRANSACTION: ReadonlySet<number> = new Set([...FENCED, KAFKA.INVALID_TXN_STATE, KAFKA.TRANSACTION_ABORTABLE, KAFKA.UNKNOWN_PRODUCER_ID, KAFKA.OUT_OF_ORDER_SEQUENCE_NUMBER])
