import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { apiVersionsV3 } from '@platformatic/kafka'
import type { API, Connection } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import { connectionError, givenUp } from './errors.ts'
import type { Role } from './errors.ts'
import type { KafkaConnection, KafkaSasl, KafkaTls } from './options.ts'
import { prove } from './sasl.ts'
import { Socket } from './socket.ts'
import type { Room } from './socket.ts'

export interface Address { readonly host: string; readonly port: number }

/** One socket to one broker, with what the broker can do. */
export interface Link {
  readonly closed: boolean
  /** Versions of each API, by its key. */
  readonly versions: ReadonlyMap<number, readonly [min: number, max: number]>
  /** The answer, with the error codes in it. Rejects when the connection ends, when there is no answer in time (then the connection is closed: its
      order is lost), or when the signal is aborted. The bytes of an answer lie in `room`, if given, and in memory of their own else.
      @throws SLUICE_SOURCE_AWAY, SLUICE_SINK_AWAY */
  call<A extends unknown[], R>(api: API<A, R>, args: A, timeoutMs: number, signal: AbortSignal | undefined, room?: Room): Promise<R>
  close(): void
}

export interface LinkOptions {
  readonly role: Role
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly tls: TlsOptions | undefined
  readonly sasl: KafkaSasl | undefined
}

const CONNECT_MS = 10_000

/** @throws SLUICE_SOURCE_AWAY, SLUICE_SINK_AWAY, SLUICE_AUTHENTICATION_FAILED, SLUICE_BROKER_UNSUPPORTED */
export async function openLink({ host, port }: Address, { role, clientId, tls, sasl, requestTimeoutMs }: LinkOptions): Promise<Link> {
  const where = `${host}:${port}`
  const pending = new Set<(error: unknown) => void>()
  let closed = false, cause: unknown, prolonging: ReturnType<typeof setTimeout> | undefined
  // a number is no name to ask for (RFC 6066)
  const socket = new Socket({ host, port, clientId, connectMs: CONNECT_MS, tls: tls === undefined ? undefined : { ...isIP(host) === 0 ? { servername: host } : {}, ...tls } }, error => {
    closed = true
    cause = error
    clearTimeout(prolonging)
    for (const fail of pending) fail(error)
  })

  const call: Link['call'] = (api, args, timeoutMs, signal, room) => new Promise((resolve, reject) => {
    const settle = () => { clearTimeout(timer); pending.delete(fail); signal?.removeEventListener('abort', leave) }
    const fail = (error: unknown) => { settle(); reject(connectionError(error, role, where)) }
    const leave = () => { settle(); reject(givenUp(role)) }
    const timer = setTimeout(() => { socket.destroy(new Error(`no answer within ${timeoutMs} ms`)) }, timeoutMs)
    if (signal?.aborted) return leave()
    if (closed) return fail(cause)
    pending.add(fail)
    signal?.addEventListener('abort', leave, { once: true })
    socket.withRoom(room, () => {
      api(socket as unknown as Connection, ...args, (error, response) => {
        if (!pending.has(fail)) return
        const answer = (error as { readonly response?: unknown } | null)?.response
        if (error === null) { settle(); resolve(response!) }
        else if (answer !== undefined) { settle(); resolve(answer as typeof response & {}) }
        else fail(error)
      })
    })
  })

  /** Some brokers end a session after a while, unless it is prolonged on the same connection (KIP-368). */
  const authenticate = async (credentials: KafkaSasl): Promise<void> => {
    const late = setTimeout(() => socket.destroy(new Error(`no answer to the credentials within ${requestTimeoutMs} ms`)), requestTimeoutMs)
    try {
      const sessionMs = await prove(socket, credentials)
      if (sessionMs > 0) prolonging = setTimeout(() => { socket.alone(() => authenticate(credentials)).catch((error: unknown) => socket.destroy(error as Error)) }, sessionMs * 0.8).unref()
    } finally {
      clearTimeout(late)
    }
  }

  try {
    await socket.open()
    const { errorCode, apiKeys } = await call(apiVersionsV3.api, ['sluice', '1'], requestTimeoutMs, undefined)
    if (errorCode !== 0) throw new SluiceError('SLUICE_BROKER_UNSUPPORTED', `${where} does not answer ApiVersions 3`, { at: where })
    if (sasl !== undefined) await authenticate(sasl)
    const versions = new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion] as const]))
    return { get closed() { return closed }, versions, call, close: () => socket.destroy(new Error('the connection was closed')) }
  } catch (error) {
    socket.destroy(error as Error)
    throw connectionError(error, role, where)
  }
}

/** Our options, with the files they name.
    @throws SLUICE_FILE_MISSING, SLUICE_FILE_DENIED, SLUICE_CONFIG_INVALID */
export async function linkOptions({ clientId = 'sluice', tls, sasl, requestTimeoutMs = 30_000 }: KafkaConnection, role: Role): Promise<LinkOptions> {
  if (sasl !== undefined) check(sasl)
  return { role, clientId, requestTimeoutMs, tls: tls === undefined || tls === false ? undefined : await tlsOf(tls === true ? {} : tls), sasl }
}

async function tlsOf({ caFile, certFile, keyFile, servername, rejectUnauthorized }: KafkaTls): Promise<TlsOptions> {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(path => path === undefined ? undefined : pem(path)))
  return {
    ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }), ...(servername === undefined ? {} : { servername }),
  }
}

async function pem(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new SluiceError(code === 'EACCES' || code === 'EPERM' ? 'SLUICE_FILE_DENIED' : 'SLUICE_FILE_MISSING', `reading '${path}' failed: ${message}`, { at: path, cause })
  }
}

/** @throws SLUICE_CONFIG_INVALID */
function check({ mechanism, username, password, token }: KafkaSasl): void {
  const needed = mechanism === 'oauthbearer' ? { token } : { username, password }
  for (const [name, value] of Object.entries(needed)) {
    if (value === undefined || value === '') throw new SluiceError('SLUICE_CONFIG_INVALID', `sasl.${name} is missing`, { why: `mechanism ${mechanism} needs it`, fix: `set sasl.${name}` })
  }
}

/** @throws SLUICE_CONFIG_INVALID */
export function addressesOf(brokers: string | readonly string[]): Address[] {
  const names = (typeof brokers === 'string' ? brokers.split(',') : brokers).map(name => name.trim()).filter(name => name !== '')
  if (names.length === 0) throw new SluiceError('SLUICE_CONFIG_INVALID', 'brokers is empty', { why: 'somebody must be asked first', fix: 'brokers: host:9092' })
  return names.map(name => {
    const [, bracketed, plain, port = '9092'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(name) ?? []
    const host = bracketed ?? plain
    if (host === undefined || Number(port) > 65535) throw new SluiceError('SLUICE_CONFIG_INVALID', `brokers: '${name}' is no host:port`, { why: 'it cannot be connected to', fix: 'write host:9092' })
    return { host, port: Number(port) }
  })
}
