import { SluiceError } from '../core/index.ts'
import type { Code, RecordBatch, Rejection } from '../core/index.ts'

/** What a part threw. What is not ours is a programmer's mistake, and so is an error about one record where whole batches are handled: fatal. */
export function asError(error: unknown, code: Code): SluiceError {
  if (error instanceof SluiceError && error.severity !== 'record') return error
  return new SluiceError(code, error instanceof Error ? error.message : String(error), { cause: error })
}

export const backoff = (ms: number, tries: number): number => ms * 2 ** Math.min(tries - 1, 5)

/** The end at a record for which there is no reject sink. */
export function recordRejected(batch: RecordBatch, { row, stage, error }: Rejection): SluiceError {
  const at = `${batch.partition}@${batch.offsets[row]}`
  return new SluiceError('SLUICE_RECORD_REJECTED', `a record failed (${stage}): ${error.message}`,
    { at, cause: error, fix: `add \`reject:\` to the pipeline, mend the record, or pass it by with --skip ${at}` })
}
