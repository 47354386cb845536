import { createPartitionsV3, createTopicsV7, Producer } from '@platformatic/kafka'
import type { MessageToProduce, ProducerOptions } from '@platformatic/kafka'
import { testContext } from '../../src/conformance/context.ts'
import { openCluster } from '../../src/connect/kafka/cluster.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'
import type { LogLevel } from '../../src/core/index.ts'
import { startKafka } from '../services/kafka.ts'

const service = await startKafka()
/** Why there is no broker, for `describe` and `test`. */
export const skip: string | false = typeof service === 'string' ? service : false

/** A broker, with topics and groups of this test's own. */
export interface Bed {
  readonly brokers: string
  readonly cluster: Cluster
  /** A name that nobody has used. */
  name(word: string): string
  topic(partitions: number, configs?: { readonly [name: string]: string }, name?: string): Promise<string>
  /** The library's producer, of bytes; without idempotence it writes twice when a partition has just been made. */
  producer(options?: Partial<ProducerOptions<Buffer, Buffer, Buffer, Buffer>>): Producer
  /** One batch to each partition that the messages name. */
  produce(messages: readonly Message[], options?: Partial<ProducerOptions<Buffer, Buffer, Buffer, Buffer>>): Promise<void>
  morePartitions(topic: string, count: number): Promise<void>
  close(): Promise<void>
}

export type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>
/** Numbered values, all for one partition. */
export const values = (topic: string, partition: number, from: number, to: number, text = (i: number) => `{"i":${i}}`): Message[] =>
  Array.from({ length: to - from }, (_, i) => ({ topic, partition, value: Buffer.from(text(from + i)) }))

let count = 0

/** On the broker that all tests share, or on one of the test's own. */
export async function openBed(brokers = typeof service === 'string' ? '' : service.brokers): Promise<Bed> {
  const cluster = await openCluster({ brokers, clientId: 'test' }, testContext(), 'source')
  const name = (word: string) => `${word}-${process.pid}-${count++}`
  const producers: Producer[] = []
  const producer: Bed['producer'] = options => {
    const made = new Producer({ clientId: 'test', bootstrapBrokers: brokers.split(','), idempotent: true, retries: 30, retryDelay: 20, ...options })
    producers.push(made)
    return made
  }
  return {
    brokers, cluster, name, producer,
    async produce(messages, options) {
      const made = producer(options)
      await made.send({ messages: [...messages] })
      await made.close()
    },
    async topic(partitions, configs = {}, topic = name('topic')) {
      const { topics: [made] } = await cluster.request('any', createTopicsV7.api, [[{ name: topic, numPartitions: partitions, replicationFactor: 1, assignments: [],
        configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })) }], 10_000, false])
      if (made?.errorCode !== 0) throw new Error(`${topic}: ${made?.errorCode} ${made?.errorMessage}`)
      for (let i = 0; i < partitions; i++) await cluster.leader(topic, i)
      return topic
    },
    async morePartitions(topic, all) {
      const { results: [made] } = await cluster.request('any', createPartitionsV3.api, [[{ name: topic, count: all, assignments: null as never }], 10_000, false])
      if (made?.errorCode !== 0) throw new Error(`${topic}: ${made?.errorCode} ${made?.errorMessage}`)
    },
    async close() {
      for (const each of producers) await each.close(true).catch(() => {})
      await cluster.close()
    },
  }
}

/** Waits until it is true; 20 seconds are more than any broker needs that is not just coming or going. */
export async function until(what: string, holds: () => boolean, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !holds();) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await sleep(20)
  }
}
export const sleep = (ms: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, ms) })

export const loud = process.env.LOUD === undefined ? {} : { log: { write: (level: LogLevel, text: string, fields?: object) => console.error(level, text, JSON.stringify(fields)) } }
