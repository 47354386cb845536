import type { Packer } from '../codecs/pack.ts'
import type { Arena, RecordBatch, Scored, Slices } from '../core/index.ts'
import { kernelsOf } from '../kernels/host.ts'
import type { Kernels } from '../kernels/host.ts'
import * as is from '../kernels/wasm/layout.ts'
import { placePlan, PLAN_ROOM } from './plan.ts'
import type { Simple } from './plan.ts'

/** Results of one batch, written by kernels as far as these can. */
export interface Quick {
  /** Writes results of rows from `row` on, and into `rows` which; answers the first row that it did not write: the plain path must. */
  write(row: number, packer: Packer, rows: Int32Array): number
  close(): void
}

/** Below it a plan costs more than it saves. */
const ROWS_MIN = 8
/** For records that lie outside of the arena. */
const INPUT_BYTES = 1 << 20
const PADDING = 64
/** When so many rows were left to the plain path, and these are most, the others are, too. */
const LEFT_MAX = 32

interface Index { readonly timesMs: Float64Array; readonly keys: Slices; readonly values: Slices; readonly headers: Slices }
interface Scratch { readonly plan: number; readonly from: number; readonly to: number; readonly input: Uint8Array; readonly source: Index; readonly made: Index; readonly taken: Uint32Array; readonly offsets: Float64Array; readonly part: Int32Array; readonly at: Int32Array; readonly model: Int32Array; readonly answer: Uint32Array }
const scratches = new WeakMap<Kernels, Scratch>()

/** One for all results of an executor, for a batch is written in one call. undefined: no room. */
function scratchOf(kernels: Kernels): Scratch | undefined {
  const known = scratches.get(kernels)
  if (known !== undefined) return known
  const block = kernels.block(PLAN_ROOM + is.FROM_BYTES + is.INDEX_BYTES + INPUT_BYTES + PADDING)
  if (block === undefined) return undefined
  const { buffer, byteOffset: plan } = block.bytes, from = plan + PLAN_ROOM, to = from + is.FROM_BYTES
  const int32s = (at: number): Int32Array => new Int32Array(buffer, at, is.INDEX_ROWS), float64s = (at: number): Float64Array => new Float64Array(buffer, at, is.INDEX_ROWS)
  const indexAt = (at: number): Index => ({
    timesMs: float64s(at + is.INDEX_TIMES_MS), keys: { start: int32s(at + is.INDEX_KEY_START), end: int32s(at + is.INDEX_KEY_END) },
    values: { start: int32s(at + is.INDEX_VALUE_START), end: int32s(at + is.INDEX_VALUE_END) }, headers: { start: int32s(at + is.INDEX_HEADERS_START), end: int32s(at + is.INDEX_HEADERS_END) },
  })
  const scratch: Scratch = {
    plan, from, to, input: new Uint8Array(buffer, to + is.INDEX_BYTES, INPUT_BYTES), source: indexAt(from), made: indexAt(to), taken: new Uint32Array(buffer, to + is.INDEX_TAKEN, is.INDEX_ROWS),
    offsets: float64s(from + is.FROM_OFFSETS), part: int32s(from + is.FROM_PART), at: int32s(from + is.FROM_AT), model: int32s(from + is.FROM_MODEL), answer: new Uint32Array(buffer, plan, is.PLAN_BYTES / 4),
  }
  scratches.set(kernels, scratch)
  return scratch
}

/** undefined: the plain path does the batch. */
export function quickOf(arena: Arena | undefined, batch: RecordBatch, scored: Scored, simple: Simple | undefined): Quick | undefined {
  const kernels = kernelsOf(arena)
  // what was delivered in halves is the plain path's
  if (kernels === undefined || arena === undefined || simple === undefined || batch.rows < ROWS_MIN || (batch.rejected?.length ?? 0) > 0) return undefined
  const scratch = scratchOf(kernels), held = scratch === undefined ? undefined : placePlan(kernels, arena, scratch.plan, batch, scored, simple)
  if (scratch === undefined || held === undefined) return undefined
  const { run, memory: { buffer } } = kernels, { answer } = scratch, most = answer[is.PLAN_MOST / 4]!, copies = answer[is.PLAN_COPIES / 4]!
  let first = 0, last = 0, base = 0, left = 0, gaveUp = false
  return {
    close: () => held.release(),
    write(row, packer, rows) {
      while (!gaveUp && row < batch.rows && packer.bytes.buffer === buffer) {
        if (row >= last) {
          const loaded = load(batch, scored, row, copies > 0, kernels, scratch)
          if (loaded === undefined) break
          first = row
          last = row + loaded.count
          base = loaded.base
        }
        const { bytes } = packer, start = bytes.byteOffset
        row = first + run.writeResults(scratch.plan, scratch.from, row - first, last - first, base, scratch.to, start + packer.length, start + bytes.length, start)
        const made = answer[is.PLAN_ROWS / 4]!, before = packer.rows
        if (made > 0) packer.adopt(scratch.made, made, answer[is.PLAN_TO / 4]! - start, answer[is.PLAN_HEADERS / 4] !== 0)
        for (let i = 0; i < made; i++) rows[before + i] = first + scratch.taken[i]!
        if (row === last) continue
        const needed = most + bytesOf(batch, row, copies)
        if (packer.length + needed > bytes.length) { packer.reserve(needed); continue }
        gaveUp = ++left > LEFT_MAX && left * 2 > row
        break
      }
      return row
    },
  }
}

function bytesOf({ keys, values, headers }: RecordBatch, row: number, copies: number): number {
  const of = ({ start, end }: Slices): number => end[row]! - start[row]!
  return of(keys) + of(values) * copies + (headers === undefined ? 0 : of(headers))
}

/** Rows from `row` on where kernels see them; undefined: they are too long to be copied. */
function load(batch: RecordBatch, { parts: [part], part: parts, at }: Scored, row: number, reads: boolean, { memory: { buffer } }: Kernels, scratch: Scratch): { readonly count: number; readonly base: number } | undefined {
  const { bytes, keys, values, headers, timesMs, offsets } = batch, { source, input } = scratch, by = part!.by
  let count = Math.min(is.INDEX_ROWS, batch.rows - row), base = bytes.byteOffset
  if (bytes.buffer !== buffer) {
    const copied = [keys, ...headers === undefined ? [] : [headers], ...reads ? [values] : []]
    for (; ; count >>= 1) {
      if (count === 0) return undefined
      const [from, to] = extent(copied, row, row + count)
      if (to - from > INPUT_BYTES) continue
      if (to > from) input.set(bytes.subarray(from, to))
      base = input.byteOffset - from
      break
    }
  }
  const end = row + count
  put(source.keys, keys, row, end)
  put(source.values, values, row, end)
  if (headers === undefined) source.headers.start.fill(-1, 0, count); else put(source.headers, headers, row, end)
  source.timesMs.set(timesMs.subarray(row, end))
  scratch.offsets.set(offsets.subarray(row, end))
  scratch.part.set(parts.subarray(row, end))
  scratch.at.set(at.subarray(row, end))
  if (by === undefined) scratch.model.fill(0, 0, count); else for (let i = 0; i < count; i++) scratch.model[i] = parts[row + i]! < 0 ? 0 : by[at[row + i]!]!
  return { count, base }
}

function put(to: Slices, { start, end }: Slices, row: number, last: number): void {
  to.start.set(start.subarray(row, last))
  to.end.set(end.subarray(row, last))
}

function extent(all: readonly Slices[], row: number, last: number): readonly [from: number, to: number] {
  let from = Infinity, to = 0
  for (const { start, end } of all) {
    for (let i = row; i < last; i++) {
      if (start[i]! < 0) continue
      if (start[i]! < from) from = start[i]!
      if (end[i]! > to) to = end[i]!
    }
  }
  return to === 0 ? [0, 0] : [from, to]
}
