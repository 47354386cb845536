import { readHeaders } from '../../src/codecs/headers.ts'
import { Packer, partOf } from '../../src/codecs/pack.ts'
import { writeHeaders } from '../../src/codecs/headers.ts'
import type { Cluster } from '../../src/connect/kafka/cluster.ts'
import { AbortedFilter, fetchApi, walkRecords } from '../../src/connect/kafka/wire/index.ts'
import type { Records } from '../../src/core/index.ts'
import { sleep } from './bed.ts'

/** A record as it is written and found. */
export interface Line {
  readonly key?: string | null
  readonly value: string | null
  readonly headers?: readonly (readonly [name: string, value: string | null])[]
  readonly timeMs?: number
}
export interface Found extends Required<Line> { readonly partition: number; readonly offset: number; readonly bytes: Uint8Array | null }

/** Brokers delete what is old. */
const NOW = Date.now()
const encoder = new TextEncoder(), decoder = new TextDecoder()

export function linesOf(lines: readonly Line[]): Records {
  const packer = new Packer(lines.length, 1024)
  for (const { key = null, value, headers = [], timeMs = NOW } of lines) {
    packer.row(timeMs)
    let at = packer.length
    if (key !== null) { packer.text(key); packer.setKey(at) }
    at = packer.length
    if (value !== null) { packer.text(value); packer.setValue(at) }
    at = packer.length
    if (headers.length > 0) { writeHeaders(packer, headers.map(([name, text]) => ({ name, value: text === null ? null : encoder.encode(text) }))); packer.setHeaders(at) }
  }
  return packer.finish()
}
export const numbered = (word: string, count: number, key = (i: number): string | null => `k${i}`): Line[] => Array.from({ length: count }, (_, i) => ({ key: key(i), value: `${word}${i}` }))

/** All that a topic holds, partition by partition. `committed`: as read_committed readers see it, once no transaction is open or being ended. */
export async function readTopic(cluster: Cluster, topic: string, committed = true): Promise<Found[]> {
  const found: Found[] = []
  const { id, partitions } = await cluster.topic(topic)
  for (const { index } of partitions) {
    for (let offset = 0, tries = 0; ;) {
      const { leader } = await cluster.leader(topic, index)
      const answer = await cluster.request(leader, fetchApi, [{ maxWaitMs: 10, minBytes: 1, maxBytes: 50_000_000, committed,
        topics: [{ topicId: id, partitions: [{ partition: index, leaderEpoch: -1, offset, maxBytes: 50_000_000 }] }] }])
      const { errorCode, records, abortedTransactions, highWatermark, lastStableOffset } = answer.topics[0]!.partitions[0]!
      if (errorCode !== 0) { cluster.stale(topic); await sleep(50); if (tries++ > 200) throw new Error(`${topic}/${index}: ${errorCode}`); continue }
      if (committed && lastStableOffset < highWatermark) { await sleep(10); if (tries++ > 1500) throw new Error(`${topic}/${index}: a transaction stays open`); continue }
      if (offset >= highWatermark) break
      const walked = walkRecords(records, 0, records.length, { partition: `${topic}/${index}`, from: offset, checkCrcs: true, aborted: committed ? new AbortedFilter(abortedTransactions) : undefined })
      const text = (part: Uint8Array | null) => part === null ? null : decoder.decode(part)
      const rows = { ...walked, release() {} }
      for (let row = 0; row < rows.rows; row++) {
        const headers = partOf(rows, rows.headers, row)
        const bytes = partOf(rows, rows.values, row)
        found.push({ partition: index, offset: rows.offsets[row]!, key: text(partOf(rows, rows.keys, row)), value: text(bytes), bytes, timeMs: rows.timesMs[row]!,
          headers: headers === null ? [] : readHeaders(headers, 0, headers.length).map(({ name, value }) => [name, text(value)]) })
      }
      offset = walked.next
    }
  }
  return found
}
export const valuesIn = async (cluster: Cluster, topic: string, committed = true): Promise<(string | null)[]> => (await readTopic(cluster, topic, committed)).map(({ value }) => value)
