import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Code } from '../../core/index.ts'

/** Whose connection it is: what a source cannot reach has another code than what a sink cannot reach. */
export type Role = 'source' | 'sink'

/** Error codes of the protocol that somebody here asks for by name. */
export const KAFKA = {
  NONE: 0, OFFSET_OUT_OF_RANGE: 1, CORRUPT_MESSAGE: 2, UNKNOWN_TOPIC_OR_PARTITION: 3, LEADER_NOT_AVAILABLE: 5, NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7, MESSAGE_TOO_LARGE: 10, COORDINATOR_LOAD_IN_PROGRESS: 14, COORDINATOR_NOT_AVAILABLE: 15, NOT_COORDINATOR: 16,
  INVALID_TOPIC_EXCEPTION: 17, RECORD_LIST_TOO_LARGE: 18, NOT_ENOUGH_REPLICAS: 19, NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20, ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25, REBALANCE_IN_PROGRESS: 27, TOPIC_AUTHORIZATION_FAILED: 29, GROUP_AUTHORIZATION_FAILED: 30, CLUSTER_AUTHORIZATION_FAILED: 31,
  UNSUPPORTED_SASL_MECHANISM: 33, UNSUPPORTED_VERSION: 35, OUT_OF_ORDER_SEQUENCE_NUMBER: 45, DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47, INVALID_TXN_STATE: 48, INVALID_PRODUCER_ID_MAPPING: 49, INVALID_TRANSACTION_TIMEOUT: 50, CONCURRENT_TRANSACTIONS: 51,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53, KAFKA_STORAGE_ERROR: 56, SASL_AUTHENTICATION_FAILED: 58, UNKNOWN_PRODUCER_ID: 59,
  FENCED_LEADER_EPOCH: 74, UNKNOWN_LEADER_EPOCH: 75, UNSUPPORTED_COMPRESSION_TYPE: 76, OFFSET_NOT_AVAILABLE: 78, GROUP_MAX_SIZE_REACHED: 81,
  FENCED_INSTANCE_ID: 82, INVALID_RECORD: 87, UNSTABLE_OFFSET_COMMIT: 88, PRODUCER_FENCED: 90, UNKNOWN_TOPIC_ID: 100, INCONSISTENT_TOPIC_ID: 103,
  FENCED_MEMBER_EPOCH: 110, UNRELEASED_INSTANCE_ID: 111, UNSUPPORTED_ASSIGNOR: 112, STALE_MEMBER_EPOCH: 113, TRANSACTION_ABORTABLE: 120,
  INVALID_REGULAR_EXPRESSION: 128,
} as const

/** The coordinator has moved, or is not there yet: asked for anew. */
export const MOVED: ReadonlySet<number> = new Set([KAFKA.COORDINATOR_LOAD_IN_PROGRESS, KAFKA.COORDINATOR_NOT_AVAILABLE, KAFKA.NOT_COORDINATOR])

/** The partition has another leader, or none yet: metadata are asked for anew. */
export const LEADERLESS: ReadonlySet<number> = new Set([
  KAFKA.UNKNOWN_TOPIC_OR_PARTITION, KAFKA.LEADER_NOT_AVAILABLE, KAFKA.NOT_LEADER_OR_FOLLOWER, KAFKA.KAFKA_STORAGE_ERROR, KAFKA.FENCED_LEADER_EPOCH,
  KAFKA.UNKNOWN_LEADER_EPOCH, KAFKA.OFFSET_NOT_AVAILABLE, KAFKA.UNKNOWN_TOPIC_ID, KAFKA.INCONSISTENT_TOPIC_ID, 9 /* REPLICA_NOT_AVAILABLE */,
])

const REFUSED: { readonly [code: number]: string } = {
  [KAFKA.TOPIC_AUTHORIZATION_FAILED]: 'topic', [KAFKA.GROUP_AUTHORIZATION_FAILED]: 'group', [KAFKA.CLUSTER_AUTHORIZATION_FAILED]: 'cluster',
  [KAFKA.TRANSACTIONAL_ID_AUTHORIZATION_FAILED]: 'transactional id',
}

/** What was asked, for errors: `{ operation: 'Read', name: 'rides', doing: 'fetching from' }`. */
export interface Asked {
  /** As ACLs call it: Read, Write, Describe. */
  readonly operation: string
  /** Of the topic, the group, the transactional id. */
  readonly name: string
  /** A verb: 'committing to'. */
  readonly doing: string
  readonly at?: string
}

export const away = (role: Role): Code => role === 'source' ? 'SLUICE_SOURCE_AWAY' : 'SLUICE_SINK_AWAY'
const failed = (role: Role): Code => role === 'source' ? 'SLUICE_SOURCE_FAILED' : 'SLUICE_WRITE_FAILED'

export const codeName = (code: number): string => protocolErrorsCodesById[code] ?? `error ${code}`

/** A protocol error in our words. What has no name of its own is tried again if Kafka says that this may help, and fatal if not. */
export function protocolError(code: number, role: Role, { operation, name, doing, at }: Asked, detail?: string | null): SluiceError {
  const what = `${doing} '${name}': ${codeName(code)}${detail ? ` (${detail})` : ''}`
  const details = at === undefined ? {} : { at }
  const resource = REFUSED[code]
  if (resource !== undefined) {
    return new SluiceError('SLUICE_NOT_AUTHORIZED', `operation ${operation} on ${resource}${resource === 'cluster' ? '' : ` '${name}'`} is not allowed`,
      { ...details, why: `the broker answered ${codeName(code)}`, fix: `grant ${operation} on ${resource} ${resource === 'cluster' ? '' : `'${name}' `}to the user of this pipeline` })
  }
  switch (code) {
    case KAFKA.UNKNOWN_TOPIC_OR_PARTITION: case KAFKA.INVALID_TOPIC_EXCEPTION: case KAFKA.UNKNOWN_TOPIC_ID:
      return new SluiceError('SLUICE_TOPIC_MISSING', `there is no topic '${name}'`, { ...details, why: `the broker answered ${codeName(code)}` })
    case KAFKA.UNSUPPORTED_VERSION:
      return new SluiceError('SLUICE_BROKER_UNSUPPORTED', what, details)
    case KAFKA.PRODUCER_FENCED: case KAFKA.INVALID_PRODUCER_EPOCH:
      return new SluiceError('SLUICE_PRODUCER_FENCED', what, details)
    case KAFKA.CORRUPT_MESSAGE:
      return new SluiceError(role === 'source' ? 'SLUICE_BATCH_CORRUPT' : away(role), what, details)
    case KAFKA.UNSUPPORTED_COMPRESSION_TYPE:
      return new SluiceError('SLUICE_COMPRESSION_UNKNOWN', what, details)
    case KAFKA.FENCED_MEMBER_EPOCH: case KAFKA.STALE_MEMBER_EPOCH: case KAFKA.UNKNOWN_MEMBER_ID: case KAFKA.ILLEGAL_GENERATION: case KAFKA.REBALANCE_IN_PROGRESS:
      return new SluiceError('SLUICE_FENCED', what, details)
    default:
      return new SluiceError(protocolErrors[codeName(code)]?.canRetry === true ? away(role) : failed(role), what, details)
  }
}

interface Cause { readonly code?: string; readonly apiId?: string; readonly message: string; readonly cause?: unknown; readonly errors?: readonly unknown[] }

/** An error and all that led to it. */
function* causesOf(error: unknown, depth = 0): Generator<Cause> {
  if (!(error instanceof Error) || depth > 8) return
  const { cause, errors } = error as Cause
  yield error as Cause
  if (cause !== undefined) yield* causesOf(cause, depth + 1)
  for (const inner of errors ?? []) yield* causesOf(inner, depth + 1)
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/

/** What went wrong with a connection, or on it. `where`: host:port. */
export function connectionError(cause: unknown, role: Role, where: string): SluiceError {
  if (cause instanceof SluiceError) return cause
  const causes = [...causesOf(cause)]
  const last = causes.findLast(({ message }) => message !== '')
  const refused = causes.find(({ apiId }) => apiId === 'SASL_AUTHENTICATION_FAILED' || apiId === 'UNSUPPORTED_SASL_MECHANISM' || apiId === 'ILLEGAL_SASL_STATE')
  const broken = causes.some(({ code, cause: inner }) => code === 'PLT_KFK_NETWORK' && inner === undefined)
  if (refused !== undefined || (!broken && causes.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION'))) {
    const said = causes.find(each => 'serverErrorMessage' in each && typeof each.serverErrorMessage === 'string') as { serverErrorMessage: string } | undefined
    return new SluiceError('SLUICE_AUTHENTICATION_FAILED', `${where} refused the credentials: ${said?.serverErrorMessage ?? last?.message ?? refused?.apiId}`, { at: where, cause })
  }
  if (causes.some(({ code, message }) => CERTIFICATE.test(code ?? '') || message.includes('self-signed certificate'))) {
    return new SluiceError('SLUICE_AUTHENTICATION_FAILED', `the certificate of ${where} is not trusted: ${last?.message}`,
      { at: where, why: 'it is not signed by an authority that is known here, or carries another name', fix: 'name the authority in tls.caFile, the name in tls.servername', cause })
  }
  return new SluiceError(away(role), `${where} cannot be reached: ${last?.message ?? String(cause)}`, { at: where, cause })
}

/** The reader or writer has left: nobody sees this. */
export const givenUp = (role: Role): SluiceError => new SluiceError(away(role), 'given up: nobody waits for the answer any more')
