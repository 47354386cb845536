import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket as NetSocket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Writer } from '@platformatic/kafka'
import type { Reader } from '@platformatic/kafka'
import { Socket } from './socket.ts'
import type { Room } from './socket.ts'

interface Broker { readonly socket: Socket; readonly peer: NetSocket; readonly ends: Error[]; ask(room?: Room): Promise<Buffer>; request(): Promise<Buffer> }

/** A socket and what is at its other end, which answers as the test says. */
async function meet(t: TestContext): Promise<Broker> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ends: Error[] = [], met = once(server, 'connection')
  const socket = new Socket({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, clientId: 'me', connectMs: 5000 }, error => ends.push(error))
  await socket.open()
  const [peer] = await met as [NetSocket]
  peer.setNoDelay(true)
  peer.on('error', () => {})
  t.after(() => { socket.destroy(new Error('done')); peer.destroy(); server.close() })
  let got = Buffer.alloc(0), wake = (): void => {}
  peer.on('data', data => { got = Buffer.concat([got, data]); wake() })
  return {
    socket, peer, ends,
    ask: room => new Promise((resolve, reject) => {
      socket.withRoom(room, () => {
        socket.send(3, 7, () => Writer.create().appendInt32(99), (_correlation, _key, _version, reader: Reader) => reader.buffer.slice(reader.position), true, false, (error, answer) => {
          if (error === null) resolve(Buffer.from(answer!))
          else reject(error)
        })
      })
    }),
    async request() {
      while (got.length < 4 || got.length < 4 + got.readInt32BE(0)) await new Promise<void>(resolve => { wake = resolve })
      const length = 4 + got.readInt32BE(0), request = got.subarray(0, length)
      got = got.subarray(length)
      return request
    },
  }
}
const answerTo = (request: Buffer, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + payload.length)
  request.copy(head, 4, 8, 12)
  return Buffer.concat([head, payload])
}
const bytes = (length: number, seed = 1): Buffer => Buffer.from(Uint8Array.from({ length }, (_, i) => i * 31 + seed))

test('a request has size, key, version, correlation, client and payload', async t => {
  const { ask, request, peer } = await meet(t)
  const asked = ask(), sent = await request()
  assert.deepEqual([...sent], [0, 0, 0, 17, 0, 3, 0, 7, 0, 0, 0, 1, 0, 2, 0x6d, 0x65, 0, 0, 0, 0, 99])
  peer.write(answerTo(sent, bytes(5)))
  assert.deepEqual(await asked, bytes(5))
})

test('answers byte by byte, many at once, and out of the order of the questions', async t => {
  const { ask, request, peer } = await meet(t)
  const slow = ask(), sent = await request()
  for (const byte of answerTo(sent, bytes(40))) { peer.write(Buffer.of(byte)); await new Promise(resolve => { setImmediate(resolve) }) }
  assert.deepEqual(await slow, bytes(40))
  const asked = Array.from({ length: 200 }, () => ask()), requests: Buffer[] = []
  for (const _ of asked) requests.push(await request())
  peer.write(Buffer.concat(requests.map((each, i) => answerTo(each, bytes(i * 7, i))).toReversed()))
  for (const [i, answer] of (await Promise.all(asked)).entries()) assert.deepEqual(answer, bytes(i * 7, i))
})

test('large answers lie in the memory that was given for them, small ones beside them stay whole', async t => {
  const { ask, request, peer } = await meet(t)
  const rooms: Uint8Array[] = [], room: Room = length => { rooms.push(new Uint8Array(length + 100)); return rooms.at(-1)! }
  const sizes = [3_000_000, 10, 65_528, 65_532, 65_533, 65_540, 131_072, 1, 70_000]
  const asked = sizes.map((_, i) => ask(i % 2 === 0 ? room : undefined)), requests: Buffer[] = []
  for (const _ of asked) requests.push(await request())
  peer.write(Buffer.concat(requests.map((each, i) => answerTo(each, bytes(sizes[i]!, i)))))
  for (const [i, answer] of (await Promise.all(asked)).entries()) assert.ok(answer.equals(bytes(sizes[i]!, i)), `answer ${i}`)
  assert.equal(rooms.length, 5)
  assert.ok(Buffer.from(rooms[0]!.buffer, 4, 3_000_000).equals(bytes(3_000_000, 0)))
})

for (const [danger, reply, message] of [
  ['an answer to no question', () => Buffer.from([0, 0, 0, 8, 0, 0, 9, 9, 1, 2, 3, 4]), /does not speak the protocol/],
  ['a length that is negative', (request: Buffer) => { const lie = answerTo(request, bytes(4)); lie.writeInt32BE(-5); return lie }, /does not speak the protocol/],
  ['a length of 2 GiB', (request: Buffer) => { const lie = answerTo(request, bytes(4)); lie.writeInt32BE(0x7fffffff); return lie }, /does not speak the protocol/],
  ['a page of HTTP', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak the protocol/],
  ['an alert of TLS', () => Buffer.from([0x15, 3, 3, 0, 2, 2, 70, 0, 0]), /speaks TLS/],
] as const) {
  test(`${danger} ends the connection, and whoever waits is told`, async t => {
    const { ask, request, peer, ends } = await meet(t)
    const asked = [ask(), ask()], first = await request()
    peer.write(reply(first))
    for (const each of asked) await assert.rejects(each, { message })
    assert.equal(ends.length, 1)
    await assert.rejects(ask(), { message })
  })
}

test('an end in the middle of an answer', async t => {
  const { ask, request, peer } = await meet(t)
  const asked = [ask(), ask()], first = await request()
  peer.end(answerTo(first, bytes(200_000)).subarray(0, 150_000))
  for (const each of asked) await assert.rejects(each, /closed/)
})

test('an answer that its parser does not understand fails its own question alone', async t => {
  const { socket, request, peer, ask } = await meet(t)
  const broken = new Promise((resolve, reject) => {
    socket.send(1, 1, () => Writer.create(), (_c, _k, _v, reader) => reader.readInt64(), true, true, (error, answer) => { if (error === null) resolve(answer); else reject(error) })
  })
  peer.write(answerTo(await request(), Buffer.of(0, 1, 2)))
  await assert.rejects(broken)
  const next = ask()
  peer.write(answerTo(await request(), bytes(3)))
  assert.deepEqual(await next, bytes(3))
})

test('while the session is prolonged other requests wait, and then go out', async t => {
  const { socket, ask, request, peer } = await meet(t)
  let over = (): void => {}
  const alone = socket.alone(() => new Promise<void>(resolve => { over = resolve }))
  const asked = ask()
  let sent = false
  const seen = request().then(got => { sent = true; return got })
  await new Promise(resolve => { setTimeout(resolve, 20) })
  assert.equal(sent, false)
  over()
  await alone
  peer.write(answerTo(await seen, bytes(3)))
  assert.deepEqual(await asked, bytes(3))
})
