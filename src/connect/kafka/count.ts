import type { Context } from '../../core/index.ts'
import { openCluster } from './cluster.ts'
import type { KafkaSourceOptions } from './options.ts'

/** How many partitions the topics have. A pattern is the broker's to read, and topics come later: as many as may be.
    @throws what openKafkaSource throws */
export async function partitionsOf(options: KafkaSourceOptions, context: Pick<Context, 'clock' | 'log' | 'signal'>): Promise<number> {
  const { topics } = options
  if (topics === undefined) return Infinity
  const cluster = await openCluster(options, context, 'source')
  try {
    let count = 0
    for (const topic of topics) count += (await cluster.topic(topic)).partitions.length
    return count
  } finally {
    await cluster.close()
  }
}
