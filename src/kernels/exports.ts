/** What kernels.wasm exports (src/kernels/wasm). A pointer is a byte position in the memory, below 2 ** 32. Every input must be followed by 64
    bytes that may be read. */
export interface KernelExports {
  heapBase(): number
  crcInit(): void
  /** As a signed number. */
  crc32c(at: number, length: number): number
  /** 1: the bytes are valid UTF-8. */
  utf8(at: number, length: number): number
  numberInit(): void
  /** Where powersOfFive belongs. */
  pow5Table(): number
  /** For who lays tables out (shape.ts). */
  addField(shape: number, field: number): void
  addToken(dictionary: number, entry: number): void
  /** Rows of float32 (or 64) from JSON records, `stride` bytes apart. spans: begin and end of each, u32; flags: a byte each, 1 where the plain path
      must decide. Answers how many are flagged. */
  scanJson32(spans: number, count: number, shape: number, rows: number, stride: number, flags: number): number
  scanJson64(spans: number, count: number, shape: number, rows: number, stride: number, flags: number): number
  scanCsv32(spans: number, count: number, table: number, rows: number, stride: number, flags: number): number
  scanCsv64(spans: number, count: number, table: number, rows: number, stride: number, flags: number): number
  /** How far record batches can be walked, and what walkRecords needs for it; then their columns (walk.ts, layout.ts). Flags: WALK_. Numbers u32. */
  planRecords(answer: number, at: number, end: number, from: number, bytesMax: number, rowsMax: number, flags: number): void
  walkRecords(answer: number, at: number, from: number, columns: number): void
  /** The first `count` rows of an index (layout.ts), whose bytes are counted from `base`, by the partitions of their keys, in groups; those with more than `most`
      bytes are in none. Answers how many groups; -1: some rows have a key and some have none. */
  groupRows(index: number, count: number, base: number, partitions: number, most: number): number
  /** Appends `count` of the rows that are taken to a record batch in which `first` records are; answers its new end. Writes up to 15 bytes further. */
  appendRows(index: number, base: number, taken: number, count: number, to: number, first: number, baseMs: number): number
  /** Rows from..count of an index, whose bytes are counted from `base`, as results by a plan (layout.ts), written from `to` to below `limit` and counted from
      `outBase`. Answers the row it stopped at: count, one that the plain path must write, or one for which there is no room. */
  writeResults(plan: number, index: number, from: number, count: number, base: number, out: number, to: number, limit: number, outBase: number): number
  /** Sums [rows, groups] of rows of the input of a forest (trees-layout.ts), as many as there is room for their cells; walking from node to node, or asking all
      nodes. `ask` reads and writes as many rows as make the next multiple of 32. */
  walk32(forest: number, inputs: number, rows: number, sums: number): void
  walk64(forest: number, inputs: number, rows: number, sums: number): void
  ask32(forest: number, inputs: number, rows: number, sums: number): void
  ask64(forest: number, inputs: number, rows: number, sums: number): void
  /** Once, before a forest is asked. */
  askInit(forest: number): void
  /** Sums [rows, groups] of inputs [rows, columns] of the same type by a linear model (linear-layout.ts). Reads 3 rows further. */
  linear32(model: number, inputs: number, rows: number, sums: number): void
  linear64(model: number, inputs: number, rows: number, sums: number): void
  /** Where the two tables of models/exp.ts belong, one after the other. */
  expTable(): number
  /** Of numbers in place, one more may be read and written: the links of models/links.ts, to the last bit. */
  exp32(at: number, count: number): void
  exp64(at: number, count: number): void
  sigmoid32(at: number, count: number, slope: number): void
  sigmoid64(at: number, count: number, slope: number): void
  softmax32(at: number, rows: number, groups: number): void
  softmax64(at: number, rows: number, groups: number): void
}
