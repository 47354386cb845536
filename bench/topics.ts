import { createTopicsV7 } from '@platformatic/kafka'
import { Packer } from '../src/codecs/pack.ts'
import type { Cluster } from '../src/connect/kafka/cluster.ts'
import type { Sink } from '../src/core/index.ts'

export const PARTITIONS = 4

/** Makes a topic, and waits until all of its partitions have a leader. */
export async function makeTopic(cluster: Cluster, name: string): Promise<string> {
  const { topics: [made] } = await cluster.request('any', createTopicsV7.api, [[{ name, numPartitions: PARTITIONS, replicationFactor: -1, assignments: [], configs: [] }], 10_000, false])
  if (made?.errorCode !== 0) throw new Error(`${name}: ${made?.errorMessage}`)
  for (let i = 0; i < PARTITIONS; i++) await cluster.leader(name, i)
  return name
}

/** So many records; answers their bytes, with their keys. The sink is closed. */
export async function fill(sink: Sink, records: number, record: (at: number) => { readonly key: string; readonly value: string }): Promise<number> {
  let bytes = 0
  for (let at = 0; at < records;) {
    const rows = Math.min(4000, records - at), packer = new Packer(rows, rows * 600)
    for (let row = 0; row < rows; row++, at++) {
      const { key, value } = record(at)
      packer.row(Date.now())
      let start = packer.length
      packer.text(key)
      packer.setKey(start)
      start = packer.length
      packer.text(value)
      packer.setValue(start)
    }
    bytes += packer.length
    await sink.write(packer.finish())
  }
  await sink.close()
  return bytes
}
