import { metadataV12 } from '@platformatic/kafka'
import { SluiceError } from '../../core/index.ts'
import type { Context, Delivery, Records, Rejection, Sink, Source } from '../../core/index.ts'
import type { Outlet } from './batch.ts'
import { openCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { openKafkaDelivery } from './delivery.ts'
import { idempotent } from './identity.ts'
import type { KafkaConnection, KafkaSinkOptions } from './options.ts'
import { Producer } from './producer.ts'
import type { KafkaSource } from './source.ts'

/** What the pipeline knows of itself. */
export interface SinkPlace {
  /** Of the pipeline. Default: the group of the source. */
  readonly name?: string
}

/** Records into a topic: at least once by themselves, exactly once together with a source of the same cluster.
    @throws SLUICE_TOPIC_MISSING, SLUICE_NOT_AUTHORIZED, SLUICE_AUTHENTICATION_FAILED, SLUICE_BROKER_UNSUPPORTED, SLUICE_CONFIG_INVALID */
export async function openKafkaSink(options: KafkaSinkOptions, context: Context, place: SinkPlace = {}): Promise<Sink> {
  check(options)
  const cluster = await openCluster(options, context, 'sink')
  try {
    const { lingerMs = 5, requestTimeoutMs = 30_000 } = options
    const producer = new Producer(cluster, idempotent(cluster), { lingerMs, requestTimeoutMs, deliveryMs: DELIVERIES * requestTimeoutMs }, context)
    return new KafkaSink(options, place, cluster, producer, await patiently(context, () => producer.outlet(options)), context)
  } catch (error) {
    await cluster.close()
    throw error
  }
}

/** A batch is tried again for as long as so many requests may take. */
const DELIVERIES = 4

class KafkaSink implements Sink {
  readonly name: string
  readonly options: KafkaSinkOptions
  readonly #place: SinkPlace
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #outlet: Outlet
  readonly #context: Context

  constructor(options: KafkaSinkOptions, place: SinkPlace, cluster: Cluster, producer: Producer, outlet: Outlet, context: Context) {
    this.name = `kafka ${options.topic}`
    this.options = options
    this.#place = place
    this.#cluster = cluster
    this.#producer = producer
    this.#outlet = outlet
    this.#context = context
  }

  write(records: Records): Promise<readonly Rejection[]> { return this.#producer.write(this.#outlet, records) }

  async delivery(source: Source, sinks: readonly Sink[]): Promise<Delivery | undefined> {
    if (!isKafka(source)) return undefined
    const mine = sinks.filter(sink => sink instanceof KafkaSink)
    if (mine.length !== sinks.length) return undefined
    const home = await clusterId(this.#cluster)
    const connections = [source.kafka.connection, ...mine.map(({ options }) => options)].filter(connection => !isSame(connection, this.options))
    for (const connection of connections) if (await this.#clusterIdOf(connection) !== home) return undefined
    const { lingerMs = 5, requestTimeoutMs = 30_000, transactionTimeoutMs = 15_000 } = this.options
    return openKafkaDelivery({
      cluster: this.#cluster, source: source.kafka, topics: new Map(mine.map(sink => [sink, sink.options])),
      transactionalId: `sluice-${this.#place.name ?? source.kafka.group}-${this.options.topic}-${this.#slot(source.kafka)}`,
      transactionTimeoutMs, lingerMs, requestTimeoutMs, deliveryMs: DELIVERIES * requestTimeoutMs,
    }, this.#context)
  }

  /** Who has a name keeps it: a restart shuts out what was left of the process before it. Others must not shut out each other. */
  #slot({ groupMetadata }: KafkaSource['kafka']): string {
    const { instance, memberId } = groupMetadata()
    return instance ?? memberId
  }

  async #clusterIdOf(connection: KafkaConnection): Promise<string | null> {
    const cluster = await openCluster(connection, this.#context, 'sink')
    try {
      return await clusterId(cluster)
    } finally {
      await cluster.close()
    }
  }

  async close(): Promise<void> {
    this.#producer.close()
    await this.#cluster.close()
  }
}

/** While it is away, again and again: whoever starts first waits for the other. */
async function patiently<T>({ clock, log, signal }: Context, work: () => Promise<T>): Promise<T> {
  for (let ms = 250; ; ms = Math.min(2 * ms, 10_000)) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof SluiceError) || error.severity !== 'retry' || signal.aborted) throw error
      log.write('warn', `${error.message}; trying again in ${ms} ms`, { code: error.code, at: error.at })
      await clock.sleep(ms, signal)
    }
  }
}
const clusterId = async (cluster: Cluster): Promise<string | null> => (await cluster.request('any', metadataV12.api, [[], false, false])).clusterId ?? null
const isSame = (a: KafkaConnection, b: KafkaConnection): boolean => String(a.brokers) === String(b.brokers)
const isKafka = (source: Source): source is KafkaSource => 'kafka' in source

/** @throws SLUICE_CONFIG_INVALID */
function check({ topic }: KafkaSinkOptions): void {
  if (topic === '') throw new SluiceError('SLUICE_CONFIG_INVALID', 'topic is empty', { why: 'a sink writes to one', fix: 'topic: NAME' })
}
