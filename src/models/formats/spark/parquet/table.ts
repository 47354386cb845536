import { SluiceError } from '../../../../core/errors.ts'
import { crc32 } from '../../../../kernels/crc.ts'
import { footerOf } from './footer.ts'
import type { Footer, Leaf } from './footer.ts'
import { Unknown, entriesOf } from './pages.ts'
import type { Budget, Cell, Decompress, Entries } from './pages.ts'

export type Nested = Cell | null | readonly Nested[]
/** The rows of all part files, by column. */
export interface Table {
  readonly rows: number
  /** What stands in the column, row by row: a value, null, or for lists an array. undefined: there is no such column. @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
  column(name: string): readonly Nested[] | undefined
  /** Names of columns, those within structs with a dot. */
  readonly names: readonly string[]
  /** Of the folder, for errors. */
  readonly at: string
}
export interface Part { readonly name: string; readonly bytes: Uint8Array }

/* Parquet (parquet.apache.org/docs/file-format), as Spark writes tables of models: pages of version 1 and 2, plain and by dictionaries; not compressed,
   Snappy or gzip. Not by hyparquet, which the reader of records uses: it believes the lengths in pages, and 13 bytes make it fill an array without end. */

/** @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export async function tableOf(parts: readonly Part[], at: string): Promise<Table> {
  const decompress = await decompressor(parts, at)
  const opened = parts.map(part => ({ ...part, ...guarded(part.name, () => footerOf(part.bytes)), budget: budgetOf(part.bytes) }))
  const names = [...new Set(opened.flatMap(({ leaves }) => leaves.map(({ name }) => name)))]
  const known = new Map<string, readonly Nested[]>()
  return {
    at, names, rows: opened.reduce((sum, { rows }) => sum + rows, 0),
    column(name) {
      if (!names.includes(name)) return undefined
      const held = known.get(name)
      if (held !== undefined) return held
      const all: Nested[] = []
      for (const file of opened) guarded(file.name, () => { for (const value of columnOf(file, name, decompress)) all.push(value) })
      known.set(name, all)
      return all
    },
  }
}

// runs make many values of few bytes, and so does compression: of what Spark writes, less than this
const budgetOf = (bytes: Uint8Array): Budget => ({ values: 2 ** 16 + bytes.length * 32, bytes: 2 ** 20 + bytes.length * 64 })

function columnOf({ bytes, leaves, groups, budget, name: file }: Part & Footer & { readonly budget: Budget }, name: string, decompress: Decompress): readonly Nested[] {
  const index = leaves.findIndex(leaf => leaf.name === name), leaf = leaves[index]
  if (leaf === undefined) throw new Error(`it has no column ${name}, and other files of its folder have one`)
  return groups.flatMap(({ rows, chunks }) => {
    const values = assemble(entriesOf(bytes, chunks[index]!, leaf, decompress, budget), leaf)
    if (values.length !== rows) throw new Error(`the column ${name} of ${file} has ${values.length} rows where ${rows} belong`)
    return values
  })
}

/** A repetition level r says: one more element of the list r, 0: the next row. The definition level says how far down something is there. */
function assemble({ repetition, definition, values }: Entries, { defined, lists }: Leaf): readonly Nested[] {
  const rows: Nested[] = [], open: (Nested[] | undefined)[] = lists.map(() => undefined)
  let next = 0
  const made = (level: number, from: number): Nested => {
    const element = lists[from]
    if (element === undefined) return level === defined ? values[next++]! : null
    if (level < element - 1) {
      open.fill(undefined, from)
      return null
    }
    const list: Nested[] = []
    open.fill(undefined, from)
    open[from] = list
    if (level >= element) list.push(made(level, from + 1))
    return list
  }
  for (let i = 0; i < repetition.length; i++) {
    const list = repetition[i]!
    if (list === 0) {
      rows.push(made(definition[i]!, 0))
      continue
    }
    const into = open[list - 1]
    if (into === undefined || definition[i]! < lists[list - 1]!) throw new Error('its levels go on with a list that is not there')
    into.push(made(definition[i]!, list))
  }
  return rows
}

/** The library throws plain errors, and so do our own steps: they know no file. */
function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    if (cause instanceof Unknown) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${cause.message} is not understood`, { at: file, fix: 'save the model with the Parquet settings that Spark has by default' })
    throw new SluiceError('SLUICE_MODEL_BROKEN', `${file} cannot be read as Parquet: ${cause instanceof Error ? cause.message : String(cause)}`, { at: file, cause })
  }
}

const CODECS = new Map([[1, 'SNAPPY'], [2, 'GZIP']] as const)

async function decompressor(parts: readonly Part[], at: string): Promise<Decompress> {
  if (parts.length === 0) throw new SluiceError('SLUICE_MODEL_BROKEN', `${at} has no Parquet files`, { at })
  const library = async (): Promise<typeof import('hyparquet-compressors')> => {
    try {
      return await import('hyparquet-compressors')
    } catch (cause) {
      throw new SluiceError('SLUICE_DEPENDENCY_MISSING', 'models of Spark need a package that is not installed', { fix: 'npm i hyparquet-compressors', cause })
    }
  }
  const { compressors } = await library()
  return (codec, bytes, length) => {
    const name = CODECS.get(codec as 1 | 2), decode = name === undefined ? undefined : compressors[name]
    if (decode === undefined) throw new Unknown(`the compression ${codec}`)
    const out = decode(bytes, length)
    // the library takes what is no gzip for zeros
    if (name === 'GZIP' && !(bytes[0] === 0x1f && bytes[1] === 0x8b && bytes.length > 8 && new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 4).getUint32(0, true) === crc32(out, 0, out.length))) throw new Error('a page is no gzip, or damaged')
    return out
  }
}
