import type { Keys, RecordBatch, Slices } from '../core/index.ts'

/** Some rows of a batch, without a copy; to be released instead of it. Where rows are left out at its end, the position is the first of them. */
export function rowsOf(batch: RecordBatch, first: number, end: number): RecordBatch {
  const cut = ({ start, end: to }: Slices): Slices => ({ start: start.subarray(first, end), end: to.subarray(first, end) })
  const { partition, bytes, headers, columns, decoder, rejected, offsets } = batch
  return {
    partition, rows: end - first, bytes, keys: cut(batch.keys), values: cut(batch.values), timesMs: batch.timesMs.subarray(first, end),
    ...(headers === undefined ? {} : { headers: cut(headers) }), ...(columns === undefined ? {} : { columns }), ...(decoder === undefined ? {} : { decoder }),
    offsets: offsets.subarray(first, end),
    from: first === 0 ? batch.from : first < batch.rows ? BigInt(offsets[first]!) : batch.next,
    next: end === batch.rows ? batch.next : BigInt(offsets[end]!),
    ...(rejected === undefined ? {} : {
      rejected: rejected.filter(({ row }) => row >= first && row < end).map(rejection => ({ ...rejection, row: rejection.row - first })) }),
    release: () => batch.release(),
  }
}

/** The first row at or behind an offset; the number of rows when there is none. */
export function rowAt({ offsets, rows }: RecordBatch, offset: number): number {
  let row = 0
  while (row < rows && offsets[row]! < offset) row++
  return row
}

export function keysOf({ bytes, keys, rows: all }: RecordBatch, rows: Int32Array): Keys {
  if (rows.length === all) return { bytes, at: keys }
  const at: Slices = { start: new Int32Array(rows.length), end: new Int32Array(rows.length) }
  for (let i = 0; i < rows.length; i++) { at.start[i] = keys.start[rows[i]!]!; at.end[i] = keys.end[rows[i]!]! }
  return { bytes, at }
}
