import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { SluiceError } from '../core/index.ts'
import { parseAddress, serveOperating, type OperatingOptions } from './http.ts'
import { createMetrics } from './metrics.ts'

const fine = { live: () => ({ ok: true, reasons: [] }), ready: () => ({ ok: true, reasons: [] }) }

async function serve(t: TestContext, options: Partial<OperatingOptions> = {}) {
  const metrics = createMetrics({ pipeline: 'eta' })
  metrics.count('sluice_records_total', 2, { outcome: 'scored' })
  const operating = await serveOperating({ address: '127.0.0.1:0', metrics, health: fine, ...options })
  t.after(() => operating.close())
  return { ...operating, port: Number(new URL(operating.url).port) }
}

async function ask(url: string, method = 'GET', agent?: Agent) {
  const asked = request(url, { method, ...(agent === undefined ? {} : { agent }) }).end()
  const [answer] = await once(asked, 'response') as [IncomingMessage]
  let body = ''
  for await (const chunk of answer.setEncoding('utf8')) body += chunk
  return { status: answer.statusCode, headers: answer.headers, body, socket: asked.socket }
}

/** All that comes until the server closes. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('error', () => {})
  await new Promise((resolve) => socket.on('close', resolve))              // once() would reject when it ends by a reset
  return text
}

test('three paths are answered, others are not, and only to GET and HEAD', async (t) => {
  const { url } = await serve(t)
  const page = await ask(`${url}/metrics?x=1`)
  assert.equal(page.status, 200)
  assert.equal(page.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  assert.match(page.body, /^sluice_records_total\{outcome="scored",pipeline="eta"\} 2$/m)
  assert.match(page.body, /^process_cpu_seconds_total [\d.]+$/m)
  assert.deepEqual((await ask(`${url}/livez`)).body, '{"ok":true,"reasons":[]}\n')
  assert.equal((await ask(`${url}/readyz`)).status, 200)
  assert.equal((await ask(`${url}/`)).status, 404)
  assert.equal((await ask(`${url}/metrics/..`)).status, 404)
  const posted = await ask(`${url}/metrics`, 'POST')
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.allow, 'GET, HEAD')
  const head = await ask(`${url}/readyz`, 'HEAD')
  assert.equal(head.body, '')
  assert.equal(head.headers['content-length'], '25')
})

test('not live and not ready are 503 with the reason as JSON', async (t) => {
  const health = { live: () => ({ ok: false, reasons: ['stuck'] }), ready: () => ({ ok: false, reasons: ['draining'] }) }
  const { url } = await serve(t, { health })
  const live = await ask(`${url}/livez`)
  assert.deepEqual([live.status, live.headers['content-type'], JSON.parse(live.body)], [503, 'application/json', { ok: false, reasons: ['stuck'] }])
  assert.equal((await ask(`${url}/readyz`)).status, 503)
})

test('keep-alive: a scraper uses one connection again and again', async (t) => {
  const { url } = await serve(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const first = await ask(`${url}/metrics`, 'GET', agent)
  const second = await ask(`${url}/metrics`, 'GET', agent)
  assert.equal(first.socket, second.socket)
})

test('port-in-use is said with what to do', async (t) => {
  const { port } = await serve(t)
  await assert.rejects(serveOperating({ address: `127.0.0.1:${port}`, metrics: createMetrics(), health: fine }),
    (error: SluiceError) => error.code === 'SLUICE_PORT_IN_USE' && error.message.includes(String(port)) && error.why.includes('another process'))
  await assert.rejects(serveOperating({ address: '192.0.2.1:0', metrics: createMetrics(), health: fine }),
    (error: SluiceError) => error.code === 'SLUICE_PORT_IN_USE' && error.why.includes('does not have that address'))
})

test('address: a port alone is open to this machine only; IPv6 in brackets', async (t) => {
  assert.deepEqual(parseAddress('9464'), { host: '127.0.0.1', port: 9464 })
  assert.deepEqual(parseAddress(':9464'), { host: '127.0.0.1', port: 9464 })
  assert.deepEqual(parseAddress('0.0.0.0:80'), { host: '0.0.0.0', port: 80 })
  assert.deepEqual(parseAddress('localhost:0'), { host: 'localhost', port: 0 })
  assert.deepEqual(parseAddress('[::1]:9464'), { host: '::1', port: 9464 })
  for (const wrong of ['', 'localhost', 'localhost:', '::1:80', '1.2.3.4:65536', 'http://x:80', '[::1]', ' :80', '-1', 'a b:80']) {
    assert.throws(() => parseAddress(wrong), (error: SluiceError) => error.code === 'SLUICE_CONFIG_INVALID', wrong)
  }
  const v6 = await serveOperating({ address: '[::1]:0', metrics: createMetrics(), health: fine }).catch((error: SluiceError) => error)
  if (v6 instanceof SluiceError) return t.diagnostic('this machine has no IPv6')
  assert.match(v6.url, /^http:\/\/\[::1\]:\d+$/)
  assert.equal((await ask(`${v6.url}/livez`)).status, 200)
  await v6.close()
})

test('slow-client: who sends nothing, or a header without end, is let go', async (t) => {
  const { port } = await serve(t, { limits: { requestMs: 100 } })
  await untilClosed(connect(port, '127.0.0.1'))
  const slow = connect(port, '127.0.0.1')
  slow.write('GET /metrics HTTP/1.1\r\n')
  const drip = setInterval(() => slow.write('x: y\r\n'), 20)
  slow.on('close', () => clearInterval(drip))
  assert.doesNotMatch(await untilClosed(slow), /200 OK/)
})

test('client-that-does-not-read: a page it leaves lying is taken back', async (t) => {
  const large = 'x'.repeat(64 * 1024 * 1024)
  const { port } = await serve(t, { limits: { requestMs: 200 }, metrics: { page: () => large } })
  const deaf = connect(port, '127.0.0.1')
  deaf.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(deaf, 'readable')
  const got = await new Promise<number>((resolve) => {
    setTimeout(() => {
      let bytes = 0
      deaf.on('data', (chunk) => { bytes += chunk.length }).on('error', () => {}).on('close', () => resolve(bytes))
    }, 600)
  })
  assert.ok(got < large.length)
})

test('many-connections: more than the cap are not taken, and the others still answer', async (t) => {
  const { port, url } = await serve(t, { limits: { connections: 4 } })
  const held = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'))
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  assert.equal((await ask(`${url}/livez`)).status, 200)
  const more = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'))
  await Promise.race(more.map((socket) => untilClosed(socket)))
  for (const socket of [...held, ...more]) socket.destroy()
})

test('garbage and bodies: a broken request gets 400, a body is not read', async (t) => {
  const { port } = await serve(t)
  const broken = connect(port, '127.0.0.1')
  broken.write('\x16\x03\x01 nonsense\r\n\r\n')
  assert.match(await untilClosed(broken), /^HTTP\/1\.1 400 /)
  const large = connect(port, '127.0.0.1')
  large.write('POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n')
  assert.match(await untilClosed(large), /^HTTP\/1\.1 405 [^]*connection: close/i)
  const long = connect(port, '127.0.0.1')
  long.write(`GET /metrics HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
  assert.match(await untilClosed(long), /^HTTP\/1\.1 431 /)
})

test('close: does not wait for connections that are idle or hang', async () => {
  const operating = await serveOperating({ address: '0', metrics: createMetrics(), health: fine })
  const agent = new Agent({ keepAlive: true })
  await ask(`${operating.url}/livez`, 'GET', agent)
  const hanging = connect(Number(new URL(operating.url).port), '127.0.0.1')
  hanging.on('error', () => {})
  hanging.write('GET /met')
  await once(hanging, 'connect')
  await operating.close()
  agent.destroy()
  await assert.rejects(once(get(`${operating.url}/livez`), 'response'), { code: 'ECONNREFUSED' })
})
