import type { Records } from '../core/index.ts'

/** Makes nonsense of records that were released, for tests: who still reads them is found out. */
export function spoil({ bytes, keys, values, headers, timesMs, ...batch }: Records & { readonly offsets?: Float64Array }): void {
  bytes.fill(0x3f)
  for (const { start, end } of headers === undefined ? [keys, values] : [keys, values, headers]) { start.fill(0x3f3f3f3f); end.fill(-1) }
  timesMs.fill(Number.NaN)
  batch.offsets?.fill(Number.NaN)
}
