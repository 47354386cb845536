import { SluiceError, type Clock, type Column, type ReadOptions, type Signature, type Tensor, type TensorBatch, type TensorSpec } from './core/index.ts'
import { cellOf, type Cell } from './features/cells.ts'
import { zoneOf } from './features/zone.ts'
import { embedded, type EmbeddedOptions } from './strategies/embedded/index.ts'

export interface OpenOptions extends ReadOptions, Pick<EmbeddedOptions, 'version' | 'name' | 'pollMs'> {
  /** A new version of the file, or in the repository, answers the calls that follow. Default false. */
  readonly watch?: boolean
}
/** Features by the model's own names. null: a missing value, where the model has a rule for it. */
export interface Row { readonly [feature: string]: string | number | boolean | null | undefined }
/** The model's outputs by name. */
export interface Answer {
  /** What the library's own predict returns. */
  readonly prediction: number | readonly number[]
  /** The score before the link function. */
  readonly margin: number | readonly number[]
  readonly label?: number
  /** Of each class. */
  readonly probabilities?: readonly number[]
  /** Of class 1, of two. */
  readonly probability?: number
}
export interface OpenModel<R, A> {
  readonly name: string
  /** Of what answers the next call. */
  readonly version: string
  readonly inputs: readonly Column[]
  readonly outputs: readonly TensorSpec[]
  /** An answer for each row, in order.
      @throws SLUICE_FEATURE_MISSING, SLUICE_FEATURE_TYPE, SLUICE_CATEGORY_UNKNOWN: for the whole call, naming the first row and its feature */
  score(rows: readonly R[]): Promise<A[]>
  /** Waits for the calls that are under way. */
  close(): Promise<void>
}

/** Opens the model at a path (a file, a bundle or a repository) for use in a program.
    ```ts
    const model = await open('delay.json')
    const [answer] = await model.score([{ distance: 300, origin: 'ABE' }])
    console.log(answer?.probability)
    await model.close()
    ```
    The types of rows and answers may be named: `open<Flight, { probability: number }>('delay.json')`.
    @throws SLUICE_MODEL_MISSING, SLUICE_MODEL_UNKNOWN, SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED, SLUICE_FILE_DENIED */
export async function open<R extends object = Row, A = Answer>(path: string, options: OpenOptions = {}): Promise<OpenModel<R, A>> {
  const { signal } = new AbortController()
  const model = await embedded({ watch: false, ...options, model: path }, { clock, log: { write() {} }, metrics: { count() {}, gauge() {}, observe() {} }, signal, executors: 1 })
  const { signature } = model
  const readers = new WeakMap<Signature, (rows: readonly object[]) => TensorBatch>()
  function read(signature: Signature, rows: readonly object[]): TensorBatch {
    let reader = readers.get(signature)
    if (reader === undefined) readers.set(signature, reader = readerOf(signature))
    return reader(rows)
  }
  return {
    get name() { return model.version.ref.name },
    get version() { return model.version.ref.version },
    get inputs() { return model.version.model.signature.inputs.flatMap(columnsOf) },
    outputs: signature.outputs,
    async score(rows) {
      const serving = model.take()
      try {
        const predictor = serving.predictors[0]!
        const { outputs, rejected } = await predictor.predict(read(predictor.signature, rows), undefined, signal)
        try {
          if (rejected.length > 0) throw inRow(rejected[0]!.row, rejected[0]!.error)
          return answersOf(outputs, rows.length) as A[]
        } finally { outputs.release() }
      } finally { serving.release() }
    },
    close: () => model.close(),
  }
}

/** Does not keep the process alive: nobody waits for a look at the model's file. */
const clock: Clock = {
  nowMs: Date.now,
  sleep: (ms, signal) => new Promise(resolve => {
    if (signal?.aborted === true) return resolve()
    const end = (): void => { clearTimeout(timer); signal?.removeEventListener('abort', end); resolve() }
    const timer = setTimeout(end, ms)
    if (ms > 0) timer.unref()
    signal?.addEventListener('abort', end)
  }),
}

const columnsOf = ({ name, columns }: TensorSpec): readonly Column[] => columns ?? [{ name }]

/** Once for each signature: later versions may order their columns otherwise, or know other categories. */
function readerOf({ inputs }: Signature): (rows: readonly object[]) => TensorBatch {
  const plans = inputs.map(spec => ({
    spec, cells: columnsOf(spec).map(column => ({ name: column.name, cell: cellOf({ title: `feature '${column.name}'`, column, zone: zoneOf('UTC'), textual: false }) })),
  }))
  return rows => {
    if (!Array.isArray(rows)) throw new TypeError('score() takes an array of rows')
    const tensors = new Map(plans.map(({ spec: { name, dtype, shape }, cells }): [string, Tensor] => {
      const width = cells.length, data = dtype === 'float32' ? new Float32Array(rows.length * width) : new Float64Array(rows.length * width)
      cells.forEach((cell, column) => fill(data, rows, column, width, cell))
      return [name, { dtype, shape: [rows.length, ...shape.slice(1)], data }]
    }))
    return { rows: rows.length, tensors, release() {} }
  }
}

/** Column by column: one name is looked up in all rows. */
function fill(data: Float32Array | Float64Array, rows: readonly object[], column: number, width: number, { name, cell }: { readonly name: string; readonly cell: Cell }): void {
  for (let row = 0, at = column; row < rows.length; row++, at += width) {
    try {
      data[at] = cell.encode((rows[row] as { readonly [feature: string]: unknown })[name])
    } catch (error) { throw error instanceof SluiceError ? inRow(row, error) : error }
  }
}

function answersOf(outputs: TensorBatch, rows: number): object[] {
  const answers: { [output: string]: unknown }[] = Array.from({ length: rows }, () => ({}))
  for (const [name, { shape, data }] of outputs.tensors) {
    const width = shape[1]
    if ('codes' in data) for (let row = 0; row < rows; row++) answers[row]![name] = data.words[data.codes[row]!] ?? null
    else if (width === undefined) for (let row = 0; row < rows; row++) answers[row]![name] = data[row]
    else for (let row = 0; row < rows; row++) answers[row]![name] = Array.from<unknown>(data.subarray(row * width, (row + 1) * width))
  }
  return answers
}

const inRow = (row: number, { code, message, why, fix, cause }: SluiceError): SluiceError => new SluiceError(code, `row ${row}: ${message}`, { at: `row ${row}`, why, fix, cause })
