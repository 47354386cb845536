import type { Records } from '../../../core/index.ts'
import type { Kernels } from '../../../kernels/host.ts'
import * as is from '../../../kernels/wasm/layout.ts'

/** An index of some rows where kernels can read it, and which of them go together. The records lie in the memory of the kernels already. */
export interface Stage {
  /** Bytes of each row. */
  readonly sizes: Int32Array
  /** Rows by groups, counted from the first one loaded. */
  readonly taken: Uint32Array
  /** How many groups there are; -1: some rows have a key and some have none, so that they are in none. */
  readonly groups: number
  /** Rows that are too large, and in no group. */
  readonly refused: number
  /** Of the others, in all. */
  readonly bytes: number
  /** Rows from `from` on, by the partitions of their keys; those larger than `most` are refused. Answers how many were loaded. */
  load(records: Records, from: number, partitions: number, most: number): number
  group(i: number): Group
  /** Appends `count` taken rows to a batch, as appendRows says. */
  append(first: number, count: number, to: number, number: number, baseMs: number): number
  /** The latest time of those appended last. */
  readonly maxMs: number
}
/** Rows of one partition, `rows` of those taken from `first` on. -1: they have no key. */
export interface Group { readonly partition: number; readonly first: number; readonly rows: number; readonly bytes: number }

const stages = new WeakMap<Kernels, Stage>()
const INT32_MAX = 0x7fffffff
/** About so many are staged at once. */
const BYTES = 1_048_576

/** One for all producers of an executor: what is staged is used before anybody else stages. undefined: no room. */
export function stageOf(kernels: Kernels): Stage | undefined {
  const known = stages.get(kernels)
  if (known !== undefined) return known
  const block = kernels.block(is.STAGE_BYTES)
  if (block === undefined) return undefined
  const { buffer, byteOffset: index } = block.bytes
  const int32s = (at: number): Int32Array => new Int32Array(buffer, index + at, is.INDEX_ROWS)
  const timesMs = new Float64Array(buffer, index + is.INDEX_TIMES_MS, is.INDEX_ROWS), view = new DataView(buffer, index, is.STAGE_BYTES)
  const starts = [int32s(is.INDEX_KEY_START), int32s(is.INDEX_VALUE_START), int32s(is.INDEX_HEADERS_START)]
  const ends = [int32s(is.INDEX_KEY_END), int32s(is.INDEX_VALUE_END), int32s(is.INDEX_HEADERS_END)]
  const { run } = kernels
  let base = 0, groups = 0
  const stage: Stage = {
    sizes: int32s(is.INDEX_SIZES), taken: new Uint32Array(buffer, index + is.INDEX_TAKEN, is.INDEX_ROWS),
    get groups() { return groups },
    get refused() { return view.getUint32(is.STAGE_REFUSED, true) },
    get bytes() { return view.getFloat64(is.STAGE_BYTES_HELD, true) },
    get maxMs() { return view.getFloat64(is.STAGE_MAX_MS, true) },
    load({ bytes, keys, values, headers, timesMs: times, rows }, from, partitions, most) {
      const count = Math.min(rows - from, is.INDEX_ROWS, Math.ceil(BYTES * rows / bytes.length)), to = from + count
      base = bytes.byteOffset
      timesMs.set(times.subarray(from, to))
      ;[keys, values, headers].forEach((slices, i) => {
        if (slices === undefined) { starts[i]!.fill(-1, 0, count); return }
        starts[i]!.set(slices.start.subarray(from, to))
        ends[i]!.set(slices.end.subarray(from, to))
      })
      groups = run.groupRows(index, count, base, partitions, Math.min(most, INT32_MAX))
      return count
    },
    group(i) {
      const at = is.STAGE_GROUPS + i * is.GROUP_SIZE
      return { partition: view.getInt32(at + is.GROUP_PARTITION, true), first: view.getUint32(at + is.GROUP_FIRST, true), rows: view.getUint32(at + is.GROUP_ROWS, true), bytes: view.getFloat64(at + is.GROUP_BYTES, true) }
    },
    append: (first, count, to, number, baseMs) => run.appendRows(index, base, first, count, to, number, baseMs),
  }
  stages.set(kernels, stage)
  return stage
}
