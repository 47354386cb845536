import type { Arena, RecordBatch } from '../core/index.ts'
import { kernelsOf } from '../kernels/host.ts'
import type { Kernels } from '../kernels/host.ts'
import { shapeOf } from '../kernels/shape.ts'
import type { Order, Shape, Wanted } from '../kernels/shape.ts'
import { tableOf } from '../kernels/table.ts'
import type { Cells } from '../kernels/table.ts'
import { orderOf } from './order.ts'

/** The numbers of records, filled in by kernels where these are sure. */
export interface Scanner {
  /** Row i of data becomes that of the batch's row rows[i], and state[i] DONE, where the kernels are sure; the others stay PLAIN, for the plain path. */
  scan(batch: RecordBatch, rows: Int32Array, data: Float32Array | Float64Array, state: Uint8Array): void
}
export const DONE = 0, PLAIN = 1, PASSED = 2

/** Numbers in the memory of the kernels, until the next scan. */
export function stagingOf(arena: Arena | undefined): Float64Array | undefined {
  const kernels = kernelsOf(arena), output = kernels === undefined ? undefined : scratchOf(kernels)?.output
  return output === undefined ? undefined : new Float64Array(output.buffer, output.byteOffset, output.length / 8)
}

/** So many at a time: a kernel becomes quicker between calls, never within one, and what it works on should stay in the cache. */
const ROWS_MAX = 512
/** For records that lie outside of the arena. */
const INPUT_BYTES = 1 << 20
/** For rows that do not lie in the arena. */
const OUTPUT_BYTES = 1 << 20
/** Kernels read over the end of what they are given. */
const PADDING = 64

interface Scratch { readonly spans: Uint32Array; readonly flags: Uint8Array; readonly input: Uint8Array; readonly output: Uint8Array }
const scratches = new WeakMap<Kernels, Scratch>()

/** One for all extractors of an arena, for a scan begins and ends in one call. undefined: no room. */
function scratchOf(kernels: Kernels): Scratch | undefined {
  const known = scratches.get(kernels)
  if (known !== undefined) return known
  const block = kernels.block(ROWS_MAX * 9 + INPUT_BYTES + OUTPUT_BYTES + PADDING)
  if (block === undefined) return undefined
  const { buffer, byteOffset } = block.bytes
  let at = byteOffset
  const next = (bytes: number): number => { at += bytes; return at - bytes }
  const made = {
    output: new Uint8Array(buffer, next(OUTPUT_BYTES), OUTPUT_BYTES), spans: new Uint32Array(buffer, next(ROWS_MAX * 8), ROWS_MAX * 2),
    flags: new Uint8Array(buffer, next(ROWS_MAX), ROWS_MAX), input: new Uint8Array(buffer, next(INPUT_BYTES + PADDING), INPUT_BYTES),
  }
  scratches.set(kernels, made)
  return made
}

/** Where the tables for a batch lie; undefined: none, the plain path does the batch. */
interface Tables {
  at(batch: RecordBatch, rows: Int32Array): number | undefined
  /** After the rows were scanned. */
  seen?(rows: number): void
}
type Scan = (spans: number, count: number, table: number, rows: number, stride: number, flags: number) => number

/** A scan of JSON for one matrix of `width` columns. undefined: without kernels there is none. */
export function jsonScanner(arena: Arena | undefined, wanted: Wanted, width: number, dtype: 'float32' | 'float64'): Scanner | undefined {
  return scannerOf(arena, width, dtype, kernels => {
    const learn = learning(wanted), held: Held<Shape> = {}
    return {
      scan: dtype === 'float32' ? kernels.run.scanJson32 : kernels.run.scanJson64, held,
      at(batch, rows) {
        const order = learn.order(batch, rows)
        if (held.tables === undefined || order !== undefined) {
          const shape = shapeOf(kernels, wanted, order, BYTES[dtype])
          if (shape !== undefined) { held.tables?.release(); held.tables = shape }
        }
        return held.tables?.at
      },
      seen: rows => learn.seen(rows, held.tables!.misses()),
    }
  })
}

/** A scan of CSV, given what is wanted of files with such columns; undefined: a scan cannot do it. */
export function csvScanner(arena: Arena | undefined, cellsOf: (columns: readonly string[]) => Cells | undefined, width: number, dtype: 'float32' | 'float64'): Scanner | undefined {
  return scannerOf(arena, width, dtype, kernels => {
    const held: Held<NonNullable<ReturnType<typeof tableOf>>> = {}
    let last: readonly string[] | undefined
    return {
      scan: dtype === 'float32' ? kernels.run.scanCsv32 : kernels.run.scanCsv64, held,
      at({ columns }) {
        if (columns === last) return held.tables?.at
        if (last === undefined || columns!.length !== last.length || columns!.some((name, i) => name !== last![i])) {
          held.tables?.release()
          const cells = cellsOf(columns!)
          held.tables = cells === undefined ? undefined : tableOf(kernels, cells, BYTES[dtype])
        }
        last = columns
        return held.tables?.at
      },
    }
  })
}

const BYTES = { float32: 4, float64: 8 } as const

/** Tables of extractors that nobody holds any more are released. */
interface Held<T extends { release(): void }> { tables?: T | undefined }
const forgotten = new FinalizationRegistry<Held<{ release(): void }>>(held => held.tables?.release())

function scannerOf(arena: Arena | undefined, width: number, dtype: 'float32' | 'float64', open: (kernels: Kernels) => Tables & { readonly scan: Scan; readonly held: Held<{ release(): void }> }): Scanner | undefined {
  const kernels = kernelsOf(arena), stride = width * BYTES[dtype]
  if (kernels === undefined || stride > OUTPUT_BYTES) return undefined
  const scratch = scratchOf(kernels)
  if (scratch === undefined) return undefined
  const { memory: { buffer } } = kernels, { spans, flags, output } = scratch, { held, scan, ...tables } = open(kernels)

  const scanner: Scanner = {
    scan(batch, rows, data, state) {
      const table = rows.length === 0 ? undefined : tables.at(batch, rows)
      if (table === undefined) return
      const isOutside = data.buffer !== buffer, most = isOutside ? Math.min(ROWS_MAX, Math.floor(OUTPUT_BYTES / stride)) : ROWS_MAX
      for (let from = 0; from < rows.length;) {
        const count = batch.bytes.buffer === buffer ? spansOf(batch, rows, from, most, spans) : copiedIn(batch, rows, from, most, scratch)
        // too long to be copied
        if (count === 0) { from++; continue }
        const at = isOutside ? output.byteOffset : data.byteOffset + from * stride
        const flagged = scan(spans.byteOffset, count, table, at, stride, flags.byteOffset)
        if (isOutside) data.set(dtype === 'float32' ? new Float32Array(buffer, at, count * width) : new Float64Array(buffer, at, count * width), from * width)
        if (flagged === 0) state.fill(DONE, from, from + count)
        else for (let i = 0; i < count; i++) state[from + i] = flags[i]!
        from += count
      }
      tables.seen?.(rows.length)
    },
  }
  forgotten.register(scanner, held)
  return scanner
}

function spansOf({ bytes: { byteOffset }, values: { start, end } }: RecordBatch, rows: Int32Array, from: number, most: number, spans: Uint32Array): number {
  const count = Math.min(most, rows.length - from)
  for (let i = 0; i < count; i++) {
    const row = rows[from + i]!
    spans[2 * i] = byteOffset + start[row]!
    spans[2 * i + 1] = byteOffset + end[row]!
  }
  return count
}

/** Rows that lie close together are copied at once, with what is between them. Answers how many. */
function copiedIn({ bytes, values: { start, end } }: RecordBatch, rows: Int32Array, from: number, most: number, { spans, input }: Scratch): number {
  const last = Math.min(rows.length, from + most), base = input.byteOffset
  let used = 0, row = from
  while (row < last) {
    const first = start[rows[row]!]!
    let until = row, to = first
    // in order, no more than a little between them, and no more than there is room for
    for (; until < last; until++) {
      const begin = start[rows[until]!]!, stop = end[rows[until]!]!
      if (begin < to || begin - to > 256 || used + stop - first > INPUT_BYTES) break
      to = stop
    }
    if (until === row) break
    input.set(bytes.subarray(first, to), used)
    for (; row < until; row++) {
      spans[2 * (row - from)] = base + used + start[rows[row]!]! - first
      spans[2 * (row - from) + 1] = base + used + end[rows[row]!]! - first
    }
    used += to - first
  }
  return row - from
}

/** Records per look at the order of their names, at first. */
const LEARN_ROWS = 1000

/** When to look at the order of names again: when many were not where they were expected, and less and less often, for they may have none. */
function learning(wanted: Wanted): { order(batch: RecordBatch, rows: Int32Array): Order | undefined; seen(rows: number, misses: number): void } {
  let due = true, since = 0, pause = LEARN_ROWS
  return {
    order({ bytes, values: { start, end } }, rows) {
      if (!due) return undefined
      due = false
      for (const row of rows.subarray(0, 10)) {
        const order = orderOf(bytes, start[row]!, end[row]!, wanted)
        if (order !== undefined) return order
      }
      return undefined
    },
    seen(rows, misses) {
      since += rows
      if (misses * 2 < rows || since < pause) return
      due = true
      since = 0
      pause *= 2
    },
  }
}
