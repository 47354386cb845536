import type { Kernels } from './host.ts'
import { layingFor, layLeaf, layLeaves, placed } from './leaf.ts'
import type { Leaf } from './leaf.ts'
import * as is from './wasm/layout.ts'

/** What is wanted of each column of CSV, and of columns that the file does not have (`absent`). */
export interface Cells { readonly columns: readonly (readonly Leaf[])[]; readonly absent: readonly Leaf[] }

/** Tables of a scan of CSV. undefined: there is no room for them, or something must not be absent. */
export function tableOf(kernels: Kernels, { columns, absent }: Cells, cellBytes: number): { readonly at: number; release(): void } | undefined {
  if (absent.some(leaf => leaf.absent === undefined)) return undefined
  const laying = layingFor(kernels, cellBytes), { image } = laying
  const table = image.take(is.CSV_COLUMNS + columns.length * 4)
  image.pointer(table + is.CSV_END, table + is.CSV_COLUMNS + columns.length * 4)
  columns.forEach((leaves, i) => {
    if (leaves.length === 0) return
    const field = image.take(is.FIELD_BYTES)
    layLeaves(laying, field, leaves)
    image.pointer(table + is.CSV_COLUMNS + i * 4, field)
  })
  let before = table + is.CSV_CONSTANTS
  for (const leaf of absent) {
    const field = image.take(is.FIELD_BYTES)
    layLeaf(laying, field, leaf)
    image.pointer(before, field)
    before = field + is.FIELD_NEXT
  }
  const block = placed(laying)
  return block === undefined ? undefined : { at: block.bytes.byteOffset + table, release: () => block.release() }
}
