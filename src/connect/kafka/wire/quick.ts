import type { Arena, Region } from '../../../core/index.ts'
import { kernelsOf } from '../../../kernels/host.ts'
import type { Kernels } from '../../../kernels/host.ts'
import * as is from '../../../kernels/wasm/layout.ts'
import type { AbortedFilter } from './aborted.ts'
import { columnsOf, resultOf } from './records.ts'
import type { Walked } from './records.ts'

export interface QuickOptions {
  readonly from: number
  readonly aborted: AbortedFilter | undefined
  readonly checkCrcs: boolean
  readonly bytesMax: number
  readonly rowsMax: number
}

interface Answer { readonly at: number; readonly u32: Uint32Array; readonly f64: Float64Array }
const answers = new WeakMap<Kernels, Answer>()

function answerOf(kernels: Kernels): Answer | undefined {
  const known = answers.get(kernels)
  if (known !== undefined) return known
  const block = kernels.block(is.WALK_BYTES)
  if (block === undefined) return undefined
  const { buffer, byteOffset: at } = block.bytes
  const answer = { at, u32: new Uint32Array(buffer, at, is.WALK_BYTES / 4), f64: new Float64Array(buffer, at, is.WALK_BYTES / 8) }
  answers.set(kernels, answer)
  return answer
}

/** What walkRecords does, by kernels, with the records where they lie in the memory of the arena; `columns` are released with the records. undefined: what begins
    at `start` is for walkRecords: it is damaged, compressed, or of a transaction that may have been aborted, or there is no room for columns. */
export function walkInPlace(bytes: Uint8Array, start: number, end: number, { from, aborted, checkCrcs, bytesMax, rowsMax }: QuickOptions, arena: Arena): { readonly walked: Walked; readonly columns: Region | undefined } | undefined {
  const kernels = kernelsOf(arena)
  if (kernels === undefined || bytes.buffer !== kernels.memory.buffer || aborted?.isEmpty === false) return undefined
  const answer = answerOf(kernels)
  if (answer === undefined) return undefined
  const { run, memory: { buffer } } = kernels, { at, u32, f64 } = answer, origin = bytes.byteOffset
  run.planRecords(at, origin + start, origin + end, from, Math.min(bytesMax, UINT32_MAX), Math.min(rowsMax, UINT32_MAX), (checkCrcs ? is.WALK_CHECKSUMS : 0) | (aborted === undefined ? 0 : is.WALK_MARKERS))
  const planned = u32[is.WALK_ROWS / 4]!
  if (u32[is.WALK_STOP / 4] === origin + start) return undefined
  const region = planned === 0 ? undefined : arena.reserve(planned * is.WALK_ROW_BYTES), columns = region?.bytes.byteOffset ?? 0
  if (planned > 0 && region?.bytes.buffer !== buffer) { region?.release(); return undefined }
  run.walkRecords(at, origin + start, from, columns)
  const stop = u32[is.WALK_STOP / 4]! - origin, rows = u32[is.WALK_ROWS / 4]!
  if (stop === start) { region?.release(); return undefined }

  const first = u32[is.WALK_START / 4]! - origin
  const walked: Walked = {
    ...resultOf(columnsOf(planned, buffer, columns), rows, u32[is.WALK_HEADERS / 4] !== 0),
    bytes: rows === 0 ? bytes.subarray(0, 0) : bytes.subarray(first, u32[is.WALK_END / 4]! - origin), next: f64[is.WALK_NEXT / 8]!, end: stop,
  }
  return { walked, columns: region }
}

const UINT32_MAX = 0xffffffff
