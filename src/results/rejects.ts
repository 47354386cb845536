import { writeHeaders } from '../codecs/headers.ts'
import { Packer } from '../codecs/pack.ts'
import type { RecordBatch, Rejection, Rejects } from '../core/index.ts'

/** Names of the headers of a reject; the values are UTF-8 text. */
const REJECT_PREFIX = '__sluice.errors.'

/** Rejected records: key, value, time and headers as they came, with `__sluice.errors.*` headers behind them that say where, at which stage
    and why. */
export function rejects(pipeline: string): Rejects {
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
        writeHeaders(packer, headersOf(pipeline, batch, rejection), headersAt < 0 ? undefined : { bytes, start: headersAt, end: headers!.end[row]! })
        packer.setHeaders(start)
      }
      return packer.finish(batch.columns)
    },
  }
}

const encoder = new TextEncoder()
function headersOf(pipeline: string, batch: RecordBatch, { row, stage, error }: Rejection): { name: string; value: Uint8Array }[] {
  const { code, message, why, fix, at } = error
  const told = { partition: batch.partition, offset: String(batch.offsets[row]), stage: stage.toUpperCase(), code, message, ...(at === undefined ? {} : { at }), why, fix, pipeline }
  return Object.entries(told).map(([name, value]) => ({ name: REJECT_PREFIX + name, value: encoder.encode(value) }))
}
