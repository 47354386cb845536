import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export const API = { PRODUCE: 0, FETCH: 1, METADATA: 3, FIND_COORDINATOR: 10, INIT_PRODUCER_ID: 22, ADD_PARTITIONS: 24, ADD_OFFSETS: 25, END_TXN: 26, TXN_OFFSET_COMMIT: 28 } as const

/** What becomes of a frame. cut: the client's connection ends instead; the request has then been carried out, or not, as it was met on its way there or back. */
export type Fate = 'pass' | 'cut' | 'lose'

/** Stands between client and broker, knows the frames of the protocol, and lets them through or not. */
export interface Proxy {
  readonly brokers: string
  /** Requests that came by, by the number of their API. */
  readonly seen: readonly number[]
  /** Asked for every request on its way to the broker, and for every answer on its way back. */
  request: (key: number) => Fate | Promise<Fate>
  answer: (key: number, frame: Buffer) => Fate | Promise<Fate>
  /** Answers a request in the broker's place, who does not see it; undefined: he answers. */
  rewrite: (key: number, frame: Buffer) => Buffer | undefined
  /** Ends the clients' connections; what has been read from them still goes to the broker. */
  dropClients(): void
  /** Ends all connections, and refuses new ones until `mend`. */
  break(): void
  mend(): void
  close(): Promise<void>
}

export async function openProxy(broker: string): Promise<Proxy> {
  const [host, port] = broker.split(':') as [string, string]
  const sockets = new Set<Socket>(), clients = new Set<Socket>()
  const seen: number[] = []
  let broken = false
  const server = createServer(client => {
    if (broken) { client.destroy(); return }
    const upstream = connect(Number(port), host)
    const keys = new Map<number, number>()
    clients.add(client)
    const end = () => {
      client.destroy()
      upstream.destroy()
      sockets.delete(client)
      sockets.delete(upstream)
      clients.delete(client)
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
    }
    upstream.on('close', end)
    client.on('close', () => { void sent.then(() => setTimeout(end, 1_000)) })
    const sent = frames(client, async frame => {
      const key = frame.readInt16BE(4)
      seen.push(key)
      keys.set(frame.readInt32BE(8), key)
      const answer = proxy.rewrite(key, frame)
      if (answer !== undefined) { client.write(answer); return }
      const fate = await proxy.request(key)
      if (fate === 'cut') end()
      else if (fate === 'pass') upstream.write(frame)
    })
    frames(upstream, async frame => {
      const key = keys.get(frame.readInt32BE(4))!
      if (key === API.METADATA || key === API.FIND_COORDINATOR) redirect(frame, host, Number(port), (server.address() as AddressInfo).port)
      const fate = await proxy.answer(key, frame)
      if (fate === 'cut') end()
      else if (fate === 'pass') client.write(frame)
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const proxy: Proxy = {
    brokers: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    request: () => 'pass',
    answer: () => 'pass',
    rewrite: () => undefined,
    dropClients() { for (const client of clients) client.destroy() },
    break() {
      broken = true
      for (const socket of sockets) socket.destroy()
    },
    mend() { broken = false },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => { server.close(resolve) })
    },
  }
  return proxy
}

/** Whole frames, one after the other; resolves when the socket has ended and the last one is taken. */
function frames(socket: Socket, take: (frame: Buffer) => Promise<void>): Promise<void> {
  let rest = Buffer.alloc(0)
  let queue = Promise.resolve()
  socket.on('data', chunk => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const frame = rest.subarray(0, 4 + rest.readInt32BE(0))
      rest = rest.subarray(frame.length)
      queue = queue.then(() => take(frame))
    }
  })
  return new Promise<void>(resolve => { socket.on('close', () => resolve()) }).then(() => queue)
}

/** The broker's address in an answer becomes ours: a compact string of the host, then the port. */
function redirect(frame: Buffer, host: string, from: number, to: number): void {
  const wanted = Buffer.alloc(host.length + 5)
  wanted[0] = host.length + 1
  wanted.write(host, 1)
  wanted.writeInt32BE(from, host.length + 1)
  for (let at = 0; (at = frame.indexOf(wanted, at)) >= 0; at += wanted.length) frame.writeInt32BE(to, at + host.length + 1)
}

/** NOT_LEADER_OR_FOLLOWER, as the answer to a Produce request (version 9 and later) of one partition. */
export function refuseProduce(request: Buffer): Buffer {
  const clientBytes = request.readInt16BE(12)
  let at = 14 + clientBytes + 1                       // header, with no tagged fields
  at += Math.max(1, request[at]!)                     // transactional id
  at += 2 + 4 + 1                                     // acks, time-out, one topic
  const nameBytes = request[at]!
  const name = request.subarray(at, at + nameBytes)
  const partition = request.readInt32BE(at + nameBytes + 1)
  const body = Buffer.alloc(4 + 2 + 8 + 8 + 8 + 1 + 1 + 1)
  body.writeInt32BE(partition, 0)
  body.writeInt16BE(6, 4)
  body.writeBigInt64BE(-1n, 6)
  body.writeBigInt64BE(-1n, 14)
  body.writeBigInt64BE(-1n, 22)
  body[30] = 1                                        // no record errors, no message, no tagged fields
  const parts = [request.subarray(8, 12), Buffer.from([0, 2]), name, Buffer.from([2]), body, Buffer.from([0, 0, 0, 0, 0, 0])]
  const length = Buffer.alloc(4)
  length.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0))
  return Buffer.concat([length, ...parts])
}
