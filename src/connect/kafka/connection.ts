import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { apiVersionsV3, Connection } from '@platformatic/kafka'
import type { API, ConnectionOptions } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import { connectionError, givenUp } from './errors.ts'
import type { Role } from './errors.ts'
import type { KafkaConnection, KafkaSasl, KafkaTls } from './options.ts'

export interface Address { readonly host: string; readonly port: number }

/** One socket to one broker, with what the broker can do. */
export interface Link {
  readonly closed: boolean
  /** Versions of each API, by its key. */
  readonly versions: ReadonlyMap<number, readonly [min: number, max: number]>
  /** The answer, with the error codes in it. Rejects when the connection ends, when there is no answer in time (then the connection is closed: its
      order is lost), or when the signal is aborted.
      @throws SLUICE_SOURCE_AWAY, SLUICE_SINK_AWAY */
  call<A extends unknown[], R>(api: API<A, R>, args: A, timeoutMs: number, signal: AbortSignal | undefined): Promise<R>
  close(): void
}

export interface LinkOptions { readonly role: Role; readonly clientId: string; readonly requestTimeoutMs: number; readonly library: ConnectionOptions }

const CONNECT_MS = 10_000
const LONGEST_MS = 2_147_483_647

/** @throws SLUICE_SOURCE_AWAY, SLUICE_SINK_AWAY, SLUICE_AUTHENTICATION_FAILED, SLUICE_BROKER_UNSUPPORTED */
export async function openLink({ host, port }: Address, { role, clientId, library, requestTimeoutMs }: LinkOptions): Promise<Link> {
  const where = `${host}:${port}`
  // a number is no name to ask for (RFC 6066)
  const connection = new Connection(clientId, library.tls === undefined ? library : { tlsServerName: isIP(host) === 0, ...library })
  const pending = new Set<(error: unknown) => void>()
  let closed = false, cause: unknown
  const end = (error?: unknown) => {
    cause ??= error
    if (closed) return
    closed = true
    connection.socket?.destroy()
    for (const fail of pending) fail(cause ?? new Error('the connection was closed'))
  }
  connection.on('error', end)          // without a listener it would end the process
  connection.on('close', () => end())

  const call: Link['call'] = (api, args, timeoutMs, signal) => new Promise((resolve, reject) => {
    const settle = () => { clearTimeout(timer); pending.delete(fail); signal?.removeEventListener('abort', leave) }
    const fail = (error: unknown) => { settle(); reject(connectionError(error, role, where)) }
    const leave = () => { settle(); reject(givenUp(role)) }
    const timer = setTimeout(() => { fail(new Error(`no answer within ${timeoutMs} ms`)); end() }, timeoutMs)
    if (signal?.aborted) return leave()
    if (closed) return fail(cause ?? new Error('the connection was closed'))
    pending.add(fail)
    signal?.addEventListener('abort', leave, { once: true })
    api(connection, ...args, (error, response) => {
      if (!pending.has(fail)) return
      const answer = (error as { readonly response?: unknown } | null)?.response
      if (error === null) { settle(); resolve(response!) }
      else if (answer !== undefined) { settle(); resolve(answer as typeof response & {}) }
      else fail(error)
    })
  })

  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS + 1000) })
    await Promise.race([connection.connect(host, port), late])
    const { errorCode, apiKeys } = await call(apiVersionsV3.api, ['sluice', '1'], requestTimeoutMs, undefined)
    if (errorCode !== 0) throw new SluiceError('SLUICE_BROKER_UNSUPPORTED', `${where} does not answer ApiVersions 3`, { at: where })
    const versions = new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion] as const]))
    return { get closed() { return closed }, versions, call, close: () => end() }
  } catch (error) {
    end()
    throw connectionError(error, role, where)
  } finally {
    clearTimeout(timer)
  }
}

const MECHANISMS = { 'plain': 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512', 'oauthbearer': 'OAUTHBEARER' } as const

/** Our options as the library calls them.
    @throws SLUICE_FILE_MISSING, SLUICE_FILE_DENIED, SLUICE_CONFIG_INVALID */
export async function linkOptions({ clientId = 'sluice', tls, sasl, requestTimeoutMs = 30_000 }: KafkaConnection, role: Role): Promise<LinkOptions> {
  return {
    role, clientId, requestTimeoutMs,
    library: {
      connectTimeout: CONNECT_MS, requestTimeout: LONGEST_MS,              // ours are in call
      maxInflights: 64,                                                    // a queue of the library's would only hide them
      ...(tls === undefined || tls === false ? {} : await tlsOf(tls === true ? {} : tls)),
      ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
    },
  }
}

async function tlsOf({ caFile, certFile, keyFile, servername, rejectUnauthorized }: KafkaTls): Promise<Pick<ConnectionOptions, 'tls' | 'tlsServerName'>> {
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(path => path === undefined ? undefined : pem(path)))
  return {
    tls: { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }) },
    ...(servername === undefined ? {} : { tlsServerName: servername }),
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

function saslOf({ mechanism, username, password, token }: KafkaSasl): NonNullable<ConnectionOptions['sasl']> {
  const needed = mechanism === 'oauthbearer' ? { token } : { username, password }
  for (const [name, value] of Object.entries(needed)) {
    if (value === undefined || value === '') throw new SluiceError('SLUICE_CONFIG_INVALID', `sasl.${name} is missing`, { why: `mechanism ${mechanism} needs it`, fix: `set sasl.${name}` })
  }
  return { mechanism: MECHANISMS[mechanism], ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...(token === undefined ? {} : { token }) }
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
