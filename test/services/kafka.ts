import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTopicsV7, listOffsetsV8 } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('../../services/kafka', import.meta.url))
const WATCH = fileURLToPath(new URL('watch.ts', import.meta.url))
const ENV = { SERVICES_JVM_OPTS: '-XX:TieredStopAtLevel=1', ...process.env }
const START_MS = 180_000
/** What would take a minute otherwise: a member that does not answer, a move of partitions, a compaction. */
const QUICK = {
  'group.consumer.heartbeat.interval.ms': '200', 'group.consumer.min.heartbeat.interval.ms': '50', 'group.consumer.session.timeout.ms': '3000',
  'group.consumer.min.session.timeout.ms': '500', 'group.consumer.assignment.interval.ms': '0', 'log.cleaner.backoff.ms': '200', 'log.initial.task.delay.ms': '500',
  'message.max.bytes': '33554432', 'replica.fetch.max.bytes': '33554432', 'transaction.max.timeout.ms': '900000',
}

export interface KafkaService {
  /** host:port, of all nodes. */
  readonly brokers: string
  /** Its partitions can be read and written when it resolves. */
  createTopic(name: string, partitions: number, configs?: { readonly [name: string]: string }): Promise<void>
}
/** One that may be broken. */
export interface OwnKafka extends KafkaService {
  /** Ends a node, from 1, at once, as if the machine had lost its power. */
  kill(node?: number): Promise<void>
  /** Starts what is not running, with the data it had. */
  restart(): Promise<void>
  close(): Promise<void>
}
export interface OwnOptions { readonly nodes?: number; /** In server.properties, beside what makes tests quick. */ readonly set?: { readonly [key: string]: string } }

/** The broker that all tests of a run share: the first that asks starts it, and it ends with the run (`node --test`, or the process itself if there is none).
    SLUICE_TEST_KAFKA names another. Where none can be had, for want of Java or Maven, a text says why; on CI that is an error. */
export async function startKafka(): Promise<KafkaService | string> {
  const given = process.env['SLUICE_TEST_KAFKA']
  if (given !== undefined) return serviceOf(given)
  const missing = await install()
  if (missing !== undefined) return missing
  const runner = process.env['NODE_TEST_CONTEXT'] === undefined ? process.pid : process.ppid
  const folder = join(tmpdir(), `sluice-kafka-${runner}-${await birthOf(runner)}`)
  try {
    mkdirSync(folder)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
    return serviceOf(await announced(folder))
  }
  try {
    watch(runner, folder)
    const { brokers } = await launch(folder, {})
    writeFileSync(join(folder, 'brokers.new'), brokers)
    await run('mv', [join(folder, 'brokers.new'), join(folder, 'brokers')])
    return serviceOf(brokers)
  } catch (error) {
    writeFileSync(join(folder, 'failed'), String(error))
    throw error
  }
}

/** A broker, or several, for one test alone. */
export async function startOwnKafka({ nodes = 1, set = {} }: OwnOptions = {}): Promise<OwnKafka | string> {
  // a node that was killed comes back only when its session is over
  const options = { nodes, set: { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '300', ...set } }
  const missing = await install()
  if (missing !== undefined) return missing
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kafka-'))
  watch(process.pid, folder)
  const { brokers, port } = await launch(folder, options)
  const args = ['--dir', folder, '--port', String(port)]
  return {
    ...serviceOf(brokers),
    async kill(node = 1) { await run(SCRIPT, ['kill', String(node), ...args], { env: ENV }) },
    async restart() { await run(SCRIPT, ['start', ...args, ...settings(options)], { env: ENV, timeout: START_MS }) },
    async close() {
      await run(SCRIPT, ['stop', ...args, '--wipe'], { env: ENV })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A class of Kafka's own command line, with its output; it may be fed on stdin. */
export async function kafkaTool(className: string, args: readonly string[], input = ''): Promise<Buffer> {
  const running = run(SCRIPT, ['tool', className, ...args], { env: { TIER: '1', ...ENV }, encoding: 'buffer', maxBuffer: 1 << 28, timeout: START_MS })
  running.child.stdin!.end(input)
  return (await running).stdout
}

function serviceOf(brokers: string): KafkaService {
  return {
    brokers,
    async createTopic(name, partitions, configs = {}) {
      const cluster = await openCluster({ brokers, clientId: 'test' }, testContext(), 'source')
      try {
        const { topics: [made] } = await cluster.request('any', createTopicsV7.api, [[{ name, numPartitions: partitions, replicationFactor: -1, assignments: [],
          configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })) }], 10_000, false])
        if (made?.errorCode !== 0) throw new Error(`${name}: ${made?.errorCode} ${made?.errorMessage}`)
        for (let i = 0; i < partitions; i++) await ready(cluster, name, i)
      } finally { await cluster.close() }
    },
  }
}

/** A leader that was just elected does not know it at once. */
async function ready(cluster: Cluster, topic: string, partition: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const { leader } = await cluster.leader(topic, partition)
    const answer = await cluster.request(leader, listOffsetsV8.api, [-1, 0, [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: -1n }] }]]).catch(() => undefined)
    if (answer?.topics[0]?.partitions[0]?.errorCode === 0) return
    await new Promise(resolve => { setTimeout(resolve, 10) })
  }
  throw new Error(`${topic}/${partition} does not get ready`)
}

let installed: Promise<string | undefined> | undefined
/** Why it cannot be; the jars are downloaded once. */
function install(): Promise<string | undefined> {
  return installed ??= run(SCRIPT, ['install'], { env: ENV, timeout: 600_000 }).then(() => undefined, (error: Error & { stderr?: string }) => {
    const why = `no Kafka broker: ${error.stderr?.trim().split('\n').at(-1) || error.message}`
    if (process.env['CI'] !== undefined) throw new Error(why, { cause: error })
    return why
  })
}

const settings = ({ nodes = 1, set = {} }: OwnOptions): string[] => ['--nodes', String(nodes), ...Object.entries({ ...QUICK, ...set }).flatMap(([key, value]) => ['--set', `${key}=${value}`])]

async function launch(folder: string, options: OwnOptions): Promise<{ brokers: string; port: number }> {
  for (let tries = 1; ; tries++) {
    const port = await freePorts(options.nodes ?? 1)
    writeFileSync(join(folder, 'port'), String(port))
    try {
      const { stdout } = await run(SCRIPT, ['start', '--dir', folder, '--port', String(port), ...settings(options)], { env: ENV, timeout: START_MS })
      return { brokers: stdout.trim().split('\n').at(-1)!, port }
    } catch (error) {
      if (tries === 5 || !/in use|Address already in use/.test((error as { stderr?: string }).stderr ?? '')) throw error      // somebody was quicker
      await run(SCRIPT, ['stop', '--dir', folder, '--port', String(port)], { env: ENV })
    }
  }
}

/** Node i listens on port + i - 1, its controller 1000 above. Below the ports that systems give to whoever calls. */
async function freePorts(nodes: number): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000)
    const wanted = Array.from({ length: nodes }, (_, i) => [port + i, port + 1000 + i]).flat()
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port
  }
}
const isFree = (port: number): Promise<boolean> => new Promise(resolve => {
  const server = createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
})

async function announced(folder: string): Promise<string> {
  const read = (name: string) => { try { return readFileSync(join(folder, name), 'utf8') } catch { return undefined } }
  for (const end = Date.now() + START_MS; Date.now() < end;) {
    const brokers = read('brokers'), failed = read('failed')
    if (brokers !== undefined) return brokers
    if (failed !== undefined) throw new Error(`the broker did not start: ${failed}`)
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  throw new Error('the broker did not start in time')
}

/** Ends the broker when the process is gone, however it went. */
function watch(pid: number, folder: string): void {
  // nobody's child: who ends a run with all its children would end the watch, but not the broker
  spawn('sh', ['-c', '"$@" &', 'sh', process.execPath, WATCH, String(pid), SCRIPT, folder], { detached: true, stdio: 'ignore', env: ENV }).unref()
}

/** Numbers of processes are used again. */
async function birthOf(pid: number): Promise<string> {
  const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)])
  return createHash('sha1').update(stdout).digest('hex').slice(0, 8)
}
