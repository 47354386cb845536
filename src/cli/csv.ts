import { csvCells } from '../codecs/csv.ts'
import { openFileSource } from '../connect/file/source.ts'
import { SluiceError } from '../core/index.ts'
import { context } from './score.ts'

/** The rows of a CSV file, its header first. */
export async function* rowsOf(path: string): AsyncGenerator<readonly (string | null)[], undefined> {
  const source = await openFileSource({ path, format: 'csv' }, context)
  let row = 0
  try {
    for await (const batch of source.read({ assigned: () => {}, revoked: async () => {}, lost: () => {} }, context.signal)) {
      if (row === 0) yield batch.columns!
      for (let i = 0; i < batch.rows; i++) {
        row++
        const cells = csvCells(Buffer.from(batch.bytes.subarray(batch.values.start[i]!, batch.values.end[i]!)).toString())
        if (cells.length !== batch.columns!.length) throw new SluiceError('SLUICE_CSV_BROKEN', `row ${row} has ${cells.length} cells, the header has ${batch.columns!.length}`, { at: path })
        yield cells
      }
      batch.release()
    }
  } finally { await source.close() }
}
