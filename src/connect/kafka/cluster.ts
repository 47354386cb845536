import { findCoordinatorV4, metadataV12 } from '@platformatic/kafka'
import type { API } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context } from '../../core/index.ts'
import { addressesOf, linkOptions, openLink } from './connection.ts'
import type { Address, Link } from './connection.ts'
import { away, codeName, givenUp, KAFKA, LEADERLESS, MOVED, protocolError } from './errors.ts'
import type { Role } from './errors.ts'
import type { KafkaConnection } from './options.ts'
import type { Room } from './socket.ts'

export interface Partition { readonly index: number; /** -1: none now. */ readonly leader: number; readonly leaderEpoch: number }
export interface Topic { readonly name: string; readonly id: string; /** By index. */ readonly partitions: readonly Partition[] }

/** Who is asked: the broker of that number, any broker, the coordinator of a group or of a transactional id. */
export type Target = number | 'any' | { readonly group: string } | { readonly transaction: string }

export interface RequestOptions {
  /** Each purpose has its own connection: brokers answer in order, so a long poll would hold up a commit. Default `control`. */
  readonly purpose?: 'control' | 'fetch' | 'produce'
  readonly signal?: AbortSignal | undefined
  /** For the answer, and for all that is tried again. Default: requestTimeoutMs of the options. */
  readonly timeoutMs?: number
  /** Codes upon which it is asked again, after a wait of 5 ms that doubles up to 100 ms; those of a coordinator that has moved always are. */
  readonly retryOn?: readonly number[]
  /** Where the answer is to lie. */
  readonly room?: Room
}

/** The brokers. Who opens it closes it. */
export interface Cluster {
  readonly role: Role
  /** Whether every broker met so far knows this version. */
  supports(api: { readonly key: number; readonly version: number }): boolean
  /** Sends a request: `request({ group }, offsetCommitV9.api, [...])`. Error codes stand in the answer, for the caller to look at. What does not arrive is
      asked again of another broker ('any'), or of the coordinator, wherever it is then; not of a broker given by its number: who asks a leader finds the
      new one first. An abandoned request may still be carried out.
      @throws SLUICE_SOURCE_AWAY or SLUICE_SINK_AWAY (also when the signal was aborted), SLUICE_AUTHENTICATION_FAILED, SLUICE_BROKER_UNSUPPORTED,
      SLUICE_NOT_AUTHORIZED (looking for a coordinator) */
  request<A extends unknown[], R>(target: Target, api: API<A, R>, args: A, options?: RequestOptions): Promise<R>
  /** From memory if it is not older than `ageMs` (default 5 minutes) and nobody has called it stale. A topic just created is not known at once, so it is
      looked for during some seconds.
      @throws SLUICE_TOPIC_MISSING, SLUICE_NOT_AUTHORIZED */
  topic(name: string, options?: { readonly ageMs?: number; readonly signal?: AbortSignal | undefined }): Promise<Topic>
  /** undefined: no topic has this id. */
  topicById(id: string, signal?: AbortSignal): Promise<Topic | undefined>
  /** The broker that leads it, waiting while there is none.
      @throws SLUICE_SOURCE_AWAY, SLUICE_SINK_AWAY after requestTimeoutMs; what `topic` throws */
  leader(topic: string, partition: number, signal?: AbortSignal): Promise<Partition>
  /** What is known of a topic is not true any more: upon NOT_LEADER_OR_FOLLOWER and the like. */
  stale(topic: string): void
  close(): Promise<void>
}

const AGE_MS = 300_000
/** How long a topic may be unknown to the brokers before it is missing. */
const GRACE_MS = 5_000
/** Between two looks at the same topic. */
const LOOK_MS = 100

/** While no broker can be reached it goes on trying, and says so, until the context's signal is aborted.
    @throws SLUICE_AUTHENTICATION_FAILED, SLUICE_BROKER_UNSUPPORTED, SLUICE_CONFIG_INVALID, SLUICE_FILE_MISSING; SLUICE_SOURCE_AWAY, SLUICE_SINK_AWAY when
    it was stopped */
export async function openCluster(connection: KafkaConnection, context: Pick<Context, 'clock' | 'log' | 'signal'>, role: Role): Promise<Cluster> {
  const { clock, log, signal } = context
  const bootstrap = addressesOf(connection.brokers)
  const options = await linkOptions(connection, role)
  const { requestTimeoutMs } = options
  const nodes = new Map<number, Address>()
  const links = new Map<string, Opening>()           // by address and purpose
  const versions = new Map<string, Link['versions']>()
  const coordinators = new Map<string, number>()
  const topics = new Map<string, Known>()
  const names = new Map<string, string>()            // of topics, by their ids
  const over = new AbortController()
  let turn = 0

  // -- connections --
  const link = ({ host, port }: Address, purpose: string): Promise<Link> => {
    const where = `${host}:${port}`, key = `${where} ${purpose}`
    const known = links.get(key)
    if (known !== undefined && known.link?.closed !== true) return known.opening
    const entry: Opening = { opening: openLink({ host, port }, options), link: undefined }
    links.set(key, entry)
    entry.opening.then(opened => { entry.link = opened; versions.set(where, opened.versions) }, () => { if (links.get(key) === entry) links.delete(key) })
    return entry.opening
  }
  const call = async <A extends unknown[], R>(address: Address, api: API<A, R>, args: A, { purpose = 'control', signal, timeoutMs = requestTimeoutMs, room }: RequestOptions): Promise<R> => {
    if (over.signal.aborted) throw givenUp(role)
    const opened = await unlessAborted(link(address, purpose), signal)
    if (over.signal.aborted) { opened.close(); throw givenUp(role) }
    const [min, max] = opened.versions.get(api.key) ?? [-1, -1]
    if (api.version < min || api.version > max) {
      throw new SluiceError('SLUICE_BROKER_UNSUPPORTED', `${address.host}:${address.port} does not know version ${api.version} of API ${api.key}`,
        { at: `${address.host}:${address.port}`, why: max < 0 ? 'the broker does not have this API' : `the broker speaks versions ${min} to ${max} of it` })
    }
    try {
      return await opened.call(api, args, timeoutMs, signal, room)
    } finally {
      if (purpose === 'fetch' && signal?.aborted === true) opened.close()  // a long poll would hold up the next one
    }
  }
  const unlessAborted = (opening: Promise<Link>, signal: AbortSignal | undefined): Promise<Link> => signal === undefined ? opening : new Promise((resolve, reject) => {
    const leave = () => reject(givenUp(role))
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    opening.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
  const closeAll = async () => {
    for (const { opening } of links.values()) await opening.then(opened => opened.close(), () => {})
    links.clear()
  }

  // -- metadata --
  /** Asks the brokers known, the bootstrap addresses after them, one after the other. */
  const any = async <A extends unknown[], R>(api: API<A, R>, args: A, request: RequestOptions): Promise<R> => {
    const known = [...nodes.values()]
    const start = turn++
    let first: unknown
    for (const address of [...known.map((_, i) => known[(start + i) % known.length]!), ...bootstrap]) {
      try {
        return await call(address, api, args, request)
      } catch (error) {
        if (!isAway(error) || request.signal?.aborted === true || over.signal.aborted) throw error
        first ??= error
      }
    }
    throw first
  }

  const metadata = async (asked: readonly { readonly name: string }[] | readonly { readonly topicId: string }[], signal?: AbortSignal) => {
    const answer = await any(metadataV12.api, [[...asked], false, false], { signal })
    if (answer.brokers.length > 0) nodes.clear()
    for (const { nodeId, host, port } of answer.brokers) nodes.set(nodeId, { host, port })
    for (const { errorCode, name, topicId, partitions } of answer.topics) {
      if (typeof name !== 'string' || errorCode !== 0) continue
      names.set(topicId, name)
      topics.set(name, { name, id: topicId, atMs: clock.nowMs(), stale: false,
        partitions: partitions.map(({ partitionIndex, leaderId, leaderEpoch }) => ({ index: partitionIndex, leader: leaderId, leaderEpoch })).sort((a, b) => a.index - b.index) })
    }
    return answer.topics
  }

  const looks = new Map<string, Promise<number>>()
  /** One look at a time; its error code. */
  const look = (name: string): Promise<number> => {
    let looking = looks.get(name)
    if (looking === undefined) {
      looking = metadata([{ name }], over.signal).then(([topic]) => topic?.errorCode ?? KAFKA.UNKNOWN_TOPIC_OR_PARTITION).finally(() => looks.delete(name))
      looks.set(name, looking)
    }
    return looking
  }

  const topic: Cluster['topic'] = async (name, { ageMs = AGE_MS, signal } = {}) => {
    const began = clock.nowMs()
    for (;;) {
      const known = topics.get(name)
      if (known !== undefined && !known.stale && known.atMs + ageMs >= began) return known
      const code = await look(name)
      if (code === KAFKA.NONE) continue
      if (signal?.aborted === true || over.signal.aborted) throw givenUp(role)
      if (!LEADERLESS.has(code) || clock.nowMs() - began > GRACE_MS) {
        topics.delete(name)
        throw protocolError(code, role, { operation: 'Describe', name, doing: 'looking for topic' })
      }
      await clock.sleep(LOOK_MS, signal)
    }
  }

  // -- coordinators --
  const coordinator = async (type: 0 | 1, key: string, { signal, timeoutMs = requestTimeoutMs }: RequestOptions): Promise<number> => {
    const known = coordinators.get(`${type} ${key}`)
    if (known !== undefined && nodes.has(known)) return known
    const { coordinators: [found] } = await any(findCoordinatorV4.api, [type, [key]], { signal, timeoutMs })
    if (found === undefined || MOVED.has(found.errorCode)) return -1
    if (found.errorCode !== 0) {
      throw protocolError(found.errorCode, role, { operation: type === 0 ? 'Read' : 'Write', name: key, doing: `looking for the coordinator of ${type === 0 ? 'group' : 'transactional id'}` }, found.errorMessage)
    }
    nodes.set(found.nodeId, { host: found.host, port: found.port })
    coordinators.set(`${type} ${key}`, found.nodeId)
    return found.nodeId
  }

  const request: Cluster['request'] = async (target, api, args, { retryOn = [], ...rest } = {}) => {
    const { signal, timeoutMs = requestTimeoutMs } = rest
    const untilMs = clock.nowMs() + timeoutMs
    const wanted = typeof target !== 'object' ? undefined : 'group' in target ? { type: 0, key: target.group } as const : { type: 1, key: target.transaction } as const
    const gone = () => { if (wanted !== undefined) coordinators.delete(`${wanted.type} ${wanted.key}`) }
    let last: SluiceError | undefined
    for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
      if (last !== undefined && clock.nowMs() >= untilMs) throw last
      const left = { ...rest, timeoutMs: Math.max(1, untilMs - clock.nowMs()) }
      last = undefined
      try {
        const node = wanted === undefined ? undefined : await coordinator(wanted.type, wanted.key, left)
        if (node === undefined || node >= 0) {
          const answer = target === 'any' ? await any(api, args, left) : await call(await addressOf(node ?? target as number, signal), api, args, left)
          const moved = wanted !== undefined && codesOf(answer).some(code => MOVED.has(code))
          if (moved) gone()
          if (clock.nowMs() >= untilMs || !(moved || (retryOn.length > 0 && codesOf(answer).some(code => retryOn.includes(code))))) return answer
        } else last = new SluiceError(away(role), `'${wanted?.key}' has no coordinator now: ${codeName(KAFKA.COORDINATOR_NOT_AVAILABLE)}`)
      } catch (error) {
        if (!isAway(error) || wanted === undefined) throw error
        gone()
        last = error
      }
      if (signal?.aborted === true || over.signal.aborted) throw givenUp(role)
      await clock.sleep(wait, signal)
    }
  }
  const addressOf = async (node: number, signal: AbortSignal | undefined): Promise<Address> => {
    if (!nodes.has(node)) await metadata([], signal)
    const address = nodes.get(node)
    if (address === undefined) throw new SluiceError(away(role), `broker ${node} is not in the cluster now`)
    return address
  }

  // -- the first answer --
  for (let tries = 1; ; tries++) {
    try {
      await metadata([])
      break
    } catch (error) {
      if (!isAway(error) || signal.aborted) {
        await closeAll()
        throw error
      }
      const ms = Math.min(250 * 2 ** Math.min(tries - 1, 6), 10_000)
      const without = [...connection.sasl === undefined ? ['sasl'] : [], ...connection.tls === undefined || connection.tls === false ? ['tls'] : []]
      const doubt = error.message.endsWith('closed') && without.length > 0 ? ` (does its listener want ${without.join(' or ')}?)` : ''
      log.write('warn', `${error.message}${doubt}; trying again in ${ms} ms`, { code: error.code, at: error.at, tries })
      await clock.sleep(ms, signal)
    }
  }

  return {
    role, request, topic,
    supports: ({ key, version }) => [...versions.values()].every(known => { const [min, max] = known.get(key) ?? [-1, -1]; return version >= min && version <= max }),
    async topicById(id, signal) {
      const name = names.get(id)
      if (name !== undefined && topics.get(name)?.id === id) return topics.get(name)
      const [found] = await metadata([{ topicId: id }], signal)
      return typeof found?.name === 'string' ? topics.get(found.name) : undefined
    },
    async leader(name, index, signal) {
      const untilMs = clock.nowMs() + requestTimeoutMs
      for (let ageMs = AGE_MS; ; ageMs = 0) {
        const found = (await topic(name, { ageMs, signal })).partitions.find(partition => partition.index === index)
        if (found !== undefined && found.leader >= 0 && nodes.has(found.leader)) return found
        if (signal?.aborted === true || over.signal.aborted) throw givenUp(role)
        if (clock.nowMs() >= untilMs) throw new SluiceError(away(role), `${name}/${index} has no leader now`, { at: `${name}/${index}` })
        await clock.sleep(LOOK_MS, signal)
      }
    },
    stale(name) {
      const known = topics.get(name)
      if (known !== undefined) known.stale = true
    },
    async close() {
      over.abort()
      await closeAll()
    },
  }
}

interface Opening { readonly opening: Promise<Link>; link: Link | undefined }
interface Known extends Topic { readonly atMs: number; stale: boolean }

const isAway = (error: unknown): error is SluiceError => error instanceof SluiceError && error.code.endsWith('_AWAY')

/** All error codes of an answer, wherever they stand in it. */
function codesOf(answer: unknown, into: number[] = []): number[] {
  if (Array.isArray(answer)) for (const part of answer) codesOf(part, into)
  else if (typeof answer === 'object' && answer !== null && !ArrayBuffer.isView(answer)) {
    for (const [name, value] of Object.entries(answer)) {
      if (name === 'errorCode' && typeof value === 'number') { if (value !== 0) into.push(value) }
      else if (typeof value === 'object') codesOf(value, into)
    }
  }
  return into
}
