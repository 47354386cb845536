import type { Records } from '../../../core/index.ts'
import type { Kernels } from '../../../kernels/host.ts'
import * as is from '../../../kernels/wasm/layout.ts'

/** An index of some rows where kernels can read it. The records lie in the memory of the kernels already. */
export interface Stage {
  /** [ROWS_MAX] bytes of each row; the partition of its key, -1 without one. */
  readonly sizes: Int32Array
  readonly partitions: Int32Array
  /** Rows from `from` on; answers how many. */
  load(records: Records, from: number, partitions: number): number
  /** Appends staged rows to a batch, as appendRows says. */
  append(rows: readonly number[], to: number, first: number, baseMs: number): number
}

const stages = new WeakMap<Kernels, Stage>()

/** One for all producers of an executor: what is staged is used before anybody else stages. undefined: no room. */
export function stageOf(kernels: Kernels): Stage | undefined {
  const known = stages.get(kernels)
  if (known !== undefined) return known
  const block = kernels.block(is.INDEX_BYTES)
  if (block === undefined) return undefined
  const { buffer, byteOffset: index } = block.bytes
  const int32s = (at: number): Int32Array => new Int32Array(buffer, index + at, is.INDEX_ROWS)
  const timesMs = new Float64Array(buffer, index + is.INDEX_TIMES_MS, is.INDEX_ROWS)
  const starts = [int32s(is.INDEX_KEY_START), int32s(is.INDEX_VALUE_START), int32s(is.INDEX_HEADERS_START)]
  const ends = [int32s(is.INDEX_KEY_END), int32s(is.INDEX_VALUE_END), int32s(is.INDEX_HEADERS_END)]
  const taken = new Uint32Array(buffer, index + is.INDEX_TAKEN, is.INDEX_ROWS), { run } = kernels
  let base = 0
  const stage: Stage = {
    sizes: int32s(is.INDEX_SIZES), partitions: int32s(is.INDEX_PARTITIONS),
    load({ bytes, keys, values, headers, timesMs: times, rows }, from, partitions) {
      const count = Math.min(rows - from, is.INDEX_ROWS), to = from + count
      base = bytes.byteOffset
      timesMs.set(times.subarray(from, to))
      ;[keys, values, headers].forEach((slices, i) => {
        if (slices === undefined) { starts[i]!.fill(-1, 0, count); return }
        starts[i]!.set(slices.start.subarray(from, to))
        ends[i]!.set(slices.end.subarray(from, to))
      })
      run.placeRows(index, count, base, partitions)
      return count
    },
    append(rows, to, first, baseMs) {
      taken.set(rows)
      return run.appendRows(index, base, taken.byteOffset, rows.length, to, first, baseMs)
    },
  }
  stages.set(kernels, stage)
  return stage
}
