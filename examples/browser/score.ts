// Scores the rows of a CSV file with a model file, by the code that pipelines run: in a browser, or anywhere else.
import { csvCells, encodeCsvLine, endOfCsvRecord } from '../../src/codecs/csv.ts'
import type { RecordBatch } from '../../src/core/index.ts'
import { columns } from '../../src/features/index.ts'
import { createArena } from '../../src/kernels/arena.ts'
import { compileKernels } from '../../src/kernels/webassembly.ts'
import { openModel, readModel } from '../../src/models/index.ts'
import { object } from '../../src/results/index.ts'

export interface Scored {
  /** CSV with a header: a line for each row, empty where it could not be scored. */
  readonly csv: string
  readonly rows: number
  readonly rejected: readonly { readonly row: number; readonly message: string }[]
  readonly model: string
  readonly evaluator: string
  readonly ms: number
}

const ROWS_MAX = 4096

/** `kernels`: the content of kernels.wasm; without it, and where the engine cannot run it, JavaScript does the work, with the same result. */
export async function score(file: { readonly name: string; readonly bytes: Uint8Array }, csv: Uint8Array, kernels?: Uint8Array): Promise<Scored> {
  const startMs = performance.now()
  const model = await readModel({ names: [file.name], read: async () => file.bytes })
  const module = kernels === undefined ? undefined : compileKernels(kernels)
  const { predictor, evaluator } = await openModel(model, { name: file.name, version: '1' }, module)
  const arena = createArena(64 * 2 ** 20, module)
  const extractor = columns(undefined, { arena }).for(predictor.signature)
  const outputs = predictor.signature.outputs.map(({ name }) => name)
  const result = object(Object.fromEntries(outputs.map(name => [name, name])), { codec: 'csv', origin: false, arena })
  result.check(predictor.signature)

  const decoder = new TextDecoder(), lines: string[] = [], rejected: { row: number; message: string }[] = []
  let done = 0
  for (const batch of batchesOf(csv)) {
    const extracted = extractor.extract(batch, Int32Array.from({ length: batch.rows }, (_, row) => row))
    const predicted = await predictor.predict(extracted.features, undefined, new AbortController().signal)
    const part = new Int32Array(batch.rows).fill(-1), at = new Int32Array(batch.rows)
    extracted.rows.forEach((row, i) => { part[row] = 0; at[row] = i })
    const { records, rows, rejected: unwritten } = result.write(batch, { parts: [predicted], part, at })
    if (lines.length === 0) lines.push(encodeCsvLine(records.columns!))
    const first = lines.length
    for (let row = 0; row < batch.rows; row++) lines.push('')
    rows.forEach((row, i) => { lines[first + row] = decoder.decode(records.bytes.subarray(records.values.start[i]!, records.values.end[i]!)) })
    for (const { row, error } of [...extracted.rejected, ...unwritten]) rejected.push({ row: done + row, message: error.message })
    done += batch.rows
    records.release()
    predicted.outputs.release()
    extracted.features.release()
  }
  await predictor.close()
  const facts = Object.entries(model.facts).map(([fact, value]) => `${fact} ${value}`)
  return { csv: `${lines.join('\n')}\n`, rows: done, rejected, model: [model.format, ...facts].join(', '), evaluator, ms: performance.now() - startMs }
}

/** The first line names the columns. */
function* batchesOf(csv: Uint8Array): Generator<RecordBatch> {
  const lineEnd = (start: number): number => { const end = endOfCsvRecord(csv, start, csv.length); return end < 0 ? csv.length : end }
  const withoutReturn = (start: number, end: number): number => end > start && csv[end - 1] === 13 ? end - 1 : end
  const headerEnd = lineEnd(0), names = csvCells(new TextDecoder().decode(csv.subarray(0, withoutReturn(0, headerEnd)))).map(name => name ?? '')
  for (let at = headerEnd + 1, offset = 0; at < csv.length;) {
    const start: number[] = [], end: number[] = []
    for (; at < csv.length && start.length < ROWS_MAX; at = Math.min(lineEnd(at) + 1, csv.length)) {
      start.push(at)
      end.push(withoutReturn(at, lineEnd(at)))
    }
    const rows = start.length, nothing = { start: new Int32Array(rows).fill(-1), end: new Int32Array(rows).fill(-1) }
    yield {
      partition: 'csv', rows, bytes: csv, keys: nothing, values: { start: Int32Array.from(start), end: Int32Array.from(end) }, timesMs: new Float64Array(rows), columns: names,
      offsets: Float64Array.from({ length: rows }, (_, i) => offset + i), from: BigInt(offset), next: BigInt(offset += rows), release() {},
    }
  }
}
