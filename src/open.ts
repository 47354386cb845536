import { SluiceError, type Clock, type Column, type ReadOptions, type Rejection, type Signature, type Tensor, type TensorBatch, type TensorSpec } from './core/index.ts'
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
  return {
    get name() { return model.version.ref.name },
    get version() { return model.version.ref.version },
    get inputs() { return model.version.model.signature.inputs.flatMap(columnsOf) },
    outputs: signature.outputs,
    async score(rows) {
      const serving = model.take()
      try {
        const predictor = serving.predictors[0]!
        const { outputs, rejected } = await predictor.predict(tensorsOf(rows, predictor.signature), undefined, signal)
        try {
          if (rejected.length > 0) throw inRow(rejected[0]!)
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

function tensorsOf(rows: readonly object[], signature: Signature): TensorBatch {
  if (!Array.isArray(rows)) throw new TypeError('score() takes an array of rows')
  const tensors = new Map<string, Tensor>()
  for (const spec of signature.inputs) {
    const columns = columnsOf(spec)
    const data = spec.dtype === 'float64' ? new Float64Array(rows.length * columns.length) : new Float32Array(rows.length * columns.length)
    columns.forEach((column, at) => fill(data, rows, column, at, columns.length))
    tensors.set(spec.name, { dtype: spec.dtype, shape: [rows.length, columns.length], data })
  }
  return { rows: rows.length, tensors, release() {} }
}

/** Column by column: one name is looked up in all rows. */
function fill(data: Float32Array | Float64Array, rows: readonly object[], column: Column, at: number, width: number): void {
  const { name } = column
  const codes = column.categories === undefined ? undefined : new Map(column.categories.map((category, code) => [category, code]))
  for (let row = 0; row < rows.length; row++, at += width) {
    const value = (rows[row] as { readonly [feature: string]: unknown })[name]
    data[at] = codes === undefined && typeof value === 'number' ? value : cellOf(value, column, codes, row)
  }
}

function cellOf(value: unknown, column: Column, codes: ReadonlyMap<unknown, number> | undefined, row: number): number {
  const { name } = column
  if (value === undefined) throw new SluiceError('SLUICE_FEATURE_MISSING', `row ${row} has no feature '${name}'`, { at: `row ${row}`, fix: 'give it a value, or null where it is missing' })
  if (value === null) {
    if (column.missing === true) return NaN
    throw new SluiceError('SLUICE_FEATURE_MISSING', `row ${row}: feature '${name}' is null, and the model has no rule for missing values of it`, { at: `row ${row}` })
  }
  if (codes !== undefined) {
    const code = codes.get(value) ?? column.unknown
    if (code !== undefined) return code
    throw new SluiceError('SLUICE_CATEGORY_UNKNOWN', `row ${row}: feature '${name}' has no category ${JSON.stringify(value)}`, { at: `row ${row}` })
  }
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  throw new SluiceError('SLUICE_FEATURE_TYPE', `row ${row}: feature '${name}' is ${typeof value}, not a number`, { at: `row ${row}` })
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

const inRow = ({ row, error }: Rejection): SluiceError =>
  new SluiceError(error.code, `row ${row}: ${error.message}`, { at: `row ${row}`, why: error.why, fix: error.fix, cause: error.cause })
