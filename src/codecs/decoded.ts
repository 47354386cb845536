import { SluiceError } from '../core/index.ts'
import type { Decoder, RecordBatch, Records, Slices } from '../core/index.ts'
import { Packer } from './pack.ts'
import { follow } from './paths.ts'
import type { Path } from './paths.ts'
import type { Value, Values } from './values.ts'

/** Values as a decoder gives them. */
export function decodedValues(records: Records, decoder: Decoder, paths: readonly Path[]): Values {
  let current: Value = {}
  return {
    textual: false,
    open(row) {
      const value = decoder.decode(records, row)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new SluiceError('SLUICE_JSON_NO_OBJECT', `the value is ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}, not an object`, {
          why: 'a record has named values; its schema declares another kind', fix: 'let the schema be a record' })
      }
      current = value as Value
    },
    at: path => follow(current, paths[path]!.steps),
    value: () => current,
  }
}

/** The batch with its values as JSON, for who works on the bytes of JSON; itself, where they are. Else it has neither keys nor headers. `wanted`:
    the rows that are, which have been decoded before. NaN and infinities are null. */
export function asJson(batch: RecordBatch, wanted: () => Int32Array): RecordBatch {
  if (batch.decoder === undefined) return batch
  const { decoder, headers: _, ...bare } = batch, rows = wanted()
  const start = new Int32Array(batch.rows).fill(-1), end = new Int32Array(batch.rows).fill(-1)
  if (decoder.jsonAt !== undefined) {
    for (const row of rows) {
      start[row] = decoder.jsonAt(batch, row)
      end[row] = batch.values.end[row]!
    }
    return { ...bare, keys: none(batch.rows), values: { start, end } }
  }
  const packer = new Packer(rows.length, batch.bytes.length * 2)
  for (const row of rows) {
    start[row] = packer.length
    packer.text(JSON.stringify(decoder.decode(batch, row)))
    end[row] = packer.length
  }
  return { ...bare, bytes: packer.bytes, keys: none(batch.rows), values: { start, end } }
}

function none(rows: number): Slices {
  const start = new Int32Array(rows).fill(-1)
  return { start, end: start }
}
