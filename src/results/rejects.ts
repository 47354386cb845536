import { writeHeaders } from '../codecs/headers.ts'
import { Packer } from '../codecs/pack.ts'
import type { RecordBatch, Rejection, Rejects, SluiceError } from '../core/index.ts'
import type { RejectHeaders } from './options.ts'

/** Names of the headers of a reject; the values are UTF-8 text. */
const REJECT_PREFIX = '__sluice.errors.'

/** Rejected records: key, value, time and headers as they came, with `__sluice.errors.*` headers behind them that say where, at which stage
    and why; on request also those that the tools of others look for. */
export function rejects(pipeline: string, also?: RejectHeaders): Rejects {
  return {
    write(batch, rejected) {
      const { bytes, values, headers } = batch
      let size = 0
      for (const { row } of rejected) size += Math.max(values.end[row]! - values.start[row]!, 0) + 1024
      const packer = new Packer(rejected.length, size)
      for (const rejection of rejected) {
        const { row } = rejection
        packer.row(batch.timesMs[row]!)
        const keyAt = batch.keys.start[row]!
        if (keyAt >= 0) {
          const start = packer.length
          packer.append(bytes, keyAt, batch.keys.end[row]!)
          packer.setKey(start)
        }
        if (values.start[row]! >= 0) {
          const start = packer.length
          packer.append(bytes, values.start[row]!, values.end[row]!)
          packer.setValue(start)
        }
        const start = packer.length, headersAt = headers?.start[row] ?? -1
        writeHeaders(packer, headersOf(pipeline, batch, rejection, also), headersAt < 0 ? undefined : { bytes, start: headersAt, end: headers!.end[row]! })
        packer.setHeaders(start)
      }
      return packer.finish(batch.columns)
    },
  }
}

const encoder = new TextEncoder()
type Header = readonly [name: string, value: string | Uint8Array]

function headersOf(pipeline: string, batch: RecordBatch, rejection: Rejection, also: RejectHeaders | undefined): { name: string; value: Uint8Array }[] {
  const { row, stage, error: { code, message, why, fix, at } } = rejection
  const told = { partition: batch.partition, offset: String(batch.offsets[row]), stage: stage.toUpperCase(), code, message, ...(at === undefined ? {} : { at }), why, fix, pipeline }
  const headers: Header[] = Object.entries(told).map(([name, value]) => [REJECT_PREFIX + name, value])
  if (also !== undefined) headers.push(...OTHERS[also](pipeline, batch, rejection))
  return headers.map(([name, value]) => ({ name, value: typeof value === 'string' ? encoder.encode(value) : value }))
}

/** As Kafka Connect's DeadLetterQueueReporter, Kafka Streams 4 and Spring Kafka's DeadLetterPublishingRecoverer name them; Spring's numbers are big-endian. */
const OTHERS: { readonly [style in RejectHeaders]: (pipeline: string, batch: RecordBatch, rejection: Rejection) => Header[] } = {
  connect: (pipeline, batch, { row, stage, error }) => {
    const [topic, partition] = topicOf(batch.partition)
    return Object.entries({ topic, partition, offset: String(batch.offsets[row]), 'connector.name': pipeline, 'task.id': '0', stage: stage.toUpperCase(), 'class.name': 'sluice',
      'exception.class.name': error.code, 'exception.message': error.message, 'exception.stacktrace': reasonOf(error) }).map(([name, value]) => [`__connect.errors.${name}`, value])
  },
  streams: (_, batch, { row, error }) => {
    const [topic, partition] = topicOf(batch.partition)
    return Object.entries({ exception: error.code, stacktrace: reasonOf(error), message: error.message, topic, partition, offset: String(batch.offsets[row]) }).map(([name, value]) => [`__streams.errors.${name}`, value])
  },
  spring: (_, batch, { row, error }) => {
    const [topic, partition] = topicOf(batch.partition), int32 = new Uint8Array(4)
    new DataView(int32.buffer).setInt32(0, Number(partition))
    return [['kafka_dlt-original-topic', topic], ['kafka_dlt-original-partition', int32], ['kafka_dlt-original-offset', int64(batch.offsets[row]!)], ['kafka_dlt-original-timestamp', int64(batch.timesMs[row]!)],
      ['kafka_dlt-original-timestamp-type', 'CreateTime'], ['kafka_dlt-exception-fqcn', error.code], ['kafka_dlt-exception-message', error.message], ['kafka_dlt-exception-stacktrace', reasonOf(error)]]
  },
}
const reasonOf = ({ code, message, why, fix }: SluiceError): string => `${code}: ${message}\nwhy: ${why}\nfix: ${fix}`
/** `topic/3`; what is no topic has partition 0. */
function topicOf(partition: string): readonly [topic: string, partition: string] {
  const [, topic, index] = /^(.*)\/(\d+)$/.exec(partition) ?? [undefined, partition, '0']
  return [topic!, index!]
}
function int64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(Number.isFinite(value) ? Math.trunc(value) : -1))
  return bytes
}
