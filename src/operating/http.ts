import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SluiceError } from '../core/index.ts'
import type { Health, Verdict } from './health.ts'
import type { Registry } from './metrics.ts'
import { PAGE_TYPE, writePage } from './page.ts'
import { processFamilies } from './process.ts'

export interface OperatingOptions {
  /** `HOST:PORT`, `:PORT` or `PORT` (then only from this machine), `[::1]:PORT`. Port 0: a free one. */
  readonly address: string
  readonly metrics: Pick<Registry, 'page'>
  readonly health: Pick<Health, 'live' | 'ready'>
  /** How long a client may take, for tests. */
  readonly limits?: { readonly requestMs?: number; readonly connections?: number }
}

export interface Operating {
  /** `http://127.0.0.1:9464`, with the port that was given. */
  readonly url: string
  /** Answers what has been asked, then closes; what takes longer than a second is cut off. */
  close(): Promise<void>
}

/** /metrics, /livez and /readyz. No other thing is answered, nothing is read from a request but its first line.
    @throws SLUICE_PORT_IN_USE, SLUICE_CONFIG_INVALID */
export async function serveOperating({ address, metrics, health, limits = {} }: OperatingOptions): Promise<Operating> {
  const { host, port } = parseAddress(address)
  const requestMs = limits.requestMs ?? 10_000
  const server = createServer({
    // Whoever sends or reads slowly loses the connection: nobody can hold all of them.
    headersTimeout: requestMs, requestTimeout: requestMs, keepAliveTimeout: requestMs, connectionsCheckingInterval: Math.min(1000, requestMs),
    maxHeaderSize: 8192,
  }, (request, response) => {
    const late = setTimeout(() => response.destroy(), requestMs)
    response.on('close', () => clearTimeout(late))
    answer(request, response, metrics, health)
  })
  server.timeout = requestMs
  server.maxConnections = limits.connections ?? 64
  await listen(server, host, port, address)
  const bound = server.address() as AddressInfo
  return {
    url: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: () => new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), 1000)
      server.close(() => { clearTimeout(cut); resolve() })
      server.closeIdleConnections()
    }),
  }
}

function answer(request: IncomingMessage, response: ServerResponse, metrics: Pick<Registry, 'page'>, health: Pick<Health, 'live' | 'ready'>): void {
  const path = (request.url ?? '').split('?', 1)[0]!
  const found = path === '/metrics' || path === '/livez' || path === '/readyz'
  if (!found) return send(request, response, 404, 'text/plain; charset=utf-8', 'There are /metrics, /livez and /readyz.\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return send(request, response, 405, 'text/plain; charset=utf-8', 'Only GET and HEAD.\n')
  }
  if (path === '/metrics') return send(request, response, 200, PAGE_TYPE, metrics.page() + writePage(processFamilies(), {}))
  const verdict: Verdict = path === '/livez' ? health.live() : health.ready()
  send(request, response, verdict.ok ? 200 : 503, 'application/json', `${JSON.stringify(verdict)}\n`)
}

function send(request: IncomingMessage, response: ServerResponse, status: number, type: string, body: string): void {
  // A body that was sent along is not read: the connection cannot be used again.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) response.setHeader('Connection', 'close')
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' })
  response.end(body)      // node:http leaves the body out of the answer to HEAD
}

async function listen(server: Server, host: string, port: number, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  try {
    await promise
  } catch (cause) {
    const why = REASONS[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message
    throw new SluiceError('SLUICE_PORT_IN_USE', `cannot listen on ${address}`, { at: 'operating.http', why, cause })
  }
  server.off('error', reject)
}

const REASONS: { readonly [code: string]: string } = {
  EADDRINUSE: 'another process listens there, perhaps an earlier start of this pipeline',
  EACCES: 'this user may not listen on that port',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no host of that name',
}

/** @throws SLUICE_CONFIG_INVALID */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^:[\]\s/]+))?:)?(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `'${address}' is no address to listen on`,
      { at: 'operating.http', why: 'an address is HOST:PORT, [IPv6]:PORT or PORT', fix: 'for example 127.0.0.1:9464' })
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}
