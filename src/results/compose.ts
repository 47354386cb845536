import { Packer } from '../codecs/pack.ts'
import { SluiceError } from '../core/index.ts'
import type { Arena, Predicted, RecordBatch, Rejection, Result, Scored, Signature } from '../core/index.ts'
import type { Simple } from './plan.ts'
import { quickOf } from './quick.ts'

/** How the values of one batch are written. */
export interface ValueWriter {
  /** Present: the records are CSV. */
  readonly columns?: readonly string[]
  /** Present: kernels may write the values, as this says. */
  readonly simple?: Simple
  /** Writes the value for a batch row that row `at` of `answer` answers; `part` is the index of the answer. false: no record is to be written.
      What it throws rejects the row, unless it is a SluiceError of another severity. */
  write(row: number, answer: Predicted, at: number, part: number, packer: Packer): boolean
}
/** A result whose records keep key, headers and time of those they come from; null values are passed on. */
export interface Composition {
  check(signature: Signature): void
  /** `rows`: those that have an answer. What kernels write needs none of them. */
  open(batch: RecordBatch, scored: Scored, rows: () => Int32Array): ValueWriter
}

/** Memory of results is used again: a new buffer of a MiB for every batch costs the garbage collector more than writing it costs. */
const SPARE_MAX = 16, SPARE_BYTES_MAX = 4 * 2 ** 20
/** What a result may take beside the record, at first. */
const ROW_BYTES = 192

export function compose({ check, open }: Composition, arena?: Arena): Result {
  const spare: Packer[] = []
  /** Bytes of a result, lately: what is reserved beyond need would make the memory that is in use wander. */
  let lately: number | undefined
  const packerOf = (rows: number, bytes: number): Packer => {
    const packer = spare.pop()
    if (packer === undefined) return new Packer(rows, bytes, arena)
    packer.reset(rows, bytes)
    return packer
  }
  const keep = (packer: Packer): void => {
    packer.free()
    if (spare.length < SPARE_MAX && packer.bytes.length <= SPARE_BYTES_MAX) spare.push(packer)
  }
  return {
    check,
    write(batch, scored) {
      const { parts, part, at } = scored
      let answered: Int32Array | undefined
      const writer = open(batch, scored, () => answered ??= answeredOf(batch, part))
      const packer = packerOf(batch.rows, lately === undefined ? batch.bytes.byteLength + batch.rows * ROW_BYTES : Math.ceil((lately + 8) * batch.rows) + 1024)
      const halves = batch.rejected === undefined || batch.rejected.length === 0 ? undefined : new Set(batch.rejected.map(({ row }) => row))
      const rows = new Int32Array(batch.rows), rejected: Rejection[] = []
      const quick = quickOf(arena, batch, scored, writer.simple)
      try {
        for (let row = 0; row < batch.rows; row++) {
          if (quick !== undefined) row = quick.write(row, packer, rows)
          if (row === batch.rows) break
          const tombstone = batch.values.start[row]! < 0
          if (tombstone ? halves?.has(row) === true : part[row]! < 0) continue
          const before = packer.length
          packer.row(batch.timesMs[row]!)
          packer.copyKeyAndHeaders(batch, row)
          if (!tombstone) {
            const start = packer.length
            try {
              if (!writer.write(row, parts[part[row]!]!, at[row]!, part[row]!, packer)) { packer.drop(before); continue }
            } catch (error) {
              packer.drop(before)
              rejected.push({ row, stage: 'result', error: ofRecord(error) })
              continue
            }
            packer.setValue(start)
          }
          rows[packer.rows - 1] = row
        }
      } catch (error) {
        packer.free()
        throw error
      } finally { quick?.close() }
      if (packer.rows > 0) lately = Math.max(packer.length / packer.rows, (lately ?? 0) * 0.95)
      return { records: packer.finish(writer.columns, () => keep(packer)), rows: rows.subarray(0, packer.rows), rejected }
    },
  }
}

function answeredOf({ rows, values: { start } }: RecordBatch, part: Int32Array): Int32Array {
  const answered = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) if (part[row]! >= 0 && start[row]! >= 0) answered[count++] = row
  return answered.subarray(0, count)
}

function ofRecord(error: unknown): SluiceError {
  if (error instanceof SluiceError) { if (error.severity === 'record') return error; throw error }
  return new SluiceError('SLUICE_RESULT_FAILED', `the result could not be made: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
