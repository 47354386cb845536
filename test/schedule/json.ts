// JSON by paths with a ledger: features out of values, predictions into values, rejects. A value with `pass` is filtered out.
import { writeHeaders } from '../../src/codecs/headers.ts'
import { Packer, partOf } from '../../src/codecs/pack.ts'
import type { Ledger } from '../../src/connect/memory/weather.ts'
import { SluiceError } from '../../src/core/index.ts'
import type { Extracted, Features, Records, RecordBatch, Rejection, Rejects, Result, Signature, Tensor } from '../../src/core/index.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/** Paths by feature name: `{ km: 'trip.km' }`. An input with columns becomes one matrix, an input without them is one number a row. */
export function paths(named: Readonly<{ [name: string]: string }>, ledger: Ledger): Features {
  return {
    for(signature: Signature) {
      const inputs = signature.inputs.map(spec => ({ spec, columns: (spec.columns ?? [spec]).map(({ name }) => named[name]!.split('.')) }))
      return {
        extract(batch: RecordBatch, wanted: Int32Array): Extracted {
          const rows = new Int32Array(wanted.length)
          const rejected: Rejection[] = []
          const data = inputs.map(({ spec, columns }) => spec.dtype === 'float32' ? new Float32Array(wanted.length * columns.length) : new Float64Array(wanted.length * columns.length))
          let kept = 0
          for (const row of wanted) {
            if (batch.values.start[row]! < 0) continue
            try {
              const value = parse(batch, row)
              if (value['pass'] !== undefined) continue
              inputs.forEach(({ columns }, input) => columns.forEach((path, column) => { data[input]![kept * columns.length + column] = numberAt(value, path) }))
              rows[kept++] = row
            } catch (error) {
              rejected.push({ row, stage: 'features', error: error as SluiceError })
            }
          }
          const tensors = new Map(inputs.map(({ spec, columns }, input): [string, Tensor] => [spec.name, {
            dtype: spec.dtype, shape: spec.columns ? [kept, columns.length] : [kept], data: data[input]!.subarray(0, kept * columns.length) }]))
          return { features: { rows: kept, tensors, release: ledger.hold('features', data, false) }, rows: rows.subarray(0, kept), rejected }
        },
      }
    },
  }
}

/** Adds score and model to the record's own object; passes tombstones on; fails for a value with `unwritable`. */
export function merge(ledger: Ledger): Result {
  return {
    check() {},
    write(batch, { parts, part, at }) {
      const packer = new Packer(batch.rows, batch.bytes.length), rows: number[] = [], rejected: Rejection[] = []
      for (let row = 0; row < batch.rows; row++) {
        const from = part[row]!, tombstone = batch.values.start[row]! < 0
        if (from < 0 && !tombstone) continue
        const value = tombstone ? {} : parse(batch, row)
        if (value['unwritable'] !== undefined) {
          rejected.push({ row, stage: 'result', error: new SluiceError('SLUICE_RESULT_FAILED', 'unwritable') })
          continue
        }
        packer.row(batch.timesMs[row]!)
        packer.copyKeyAndHeaders(batch, row)
        rows.push(row)
        if (tombstone) continue
        const { outputs, models, by } = parts[from]!
        const start = packer.length
        packer.text(JSON.stringify({ ...value, score: (outputs.tensors.get('score')!.data as Float64Array)[at[row]!], model: models[by?.[at[row]!] ?? 0]!.name }))
        packer.setValue(start)
      }
      return { records: held(packer, 'results', ledger), rows: Int32Array.from(rows), rejected }
    },
  }
}

/** The original bytes; where and why in a header behind the record's own. */
export function rejects(ledger: Ledger): Rejects {
  return {
    write(batch, rejected) {
      const packer = new Packer(rejected.length, batch.bytes.length)
      for (const { row, stage, error } of rejected) {
        packer.row(batch.timesMs[row]!)
        packer.copyKeyAndHeaders(batch, row)
        const value = partOf(batch, batch.values, row)
        if (value !== null) { const start = packer.length; packer.append(value); packer.setValue(start) }
        const own = partOf(batch, batch.headers, row)
        const start = packer.length
        writeHeaders(packer, [{ name: 'why', value: encoder.encode(JSON.stringify({ partition: batch.partition, offset: batch.offsets[row], stage, code: error.code })) }],
          own === null ? undefined : { bytes: own, start: 0, end: own.length })
        packer.setHeaders(start)
      }
      return held(packer, 'rejects', ledger)
    },
  }
}

function held(packer: Packer, what: string, ledger: Ledger): Records {
  const records = packer.finish()
  return { ...records, release: ledger.holdRecords(what, records, false) }
}

function parse(batch: RecordBatch, row: number): { [name: string]: unknown } {
  try {
    return JSON.parse(decoder.decode(batch.bytes.subarray(batch.values.start[row]!, batch.values.end[row]!))) as { [name: string]: unknown }
  } catch (cause) {
    throw new SluiceError('SLUICE_JSON_BROKEN', 'not JSON', { cause })
  }
}

function numberAt(value: unknown, path: readonly string[]): number {
  let at = value
  for (const name of path) at = typeof at === 'object' && at !== null ? (at as { [name: string]: unknown })[name] : undefined
  if (typeof at !== 'number') throw new SluiceError('SLUICE_FEATURE_MISSING', `no '${path.join('.')}'`)
  return at
}
