// A pipeline of the simplest parts, each moved by hand: values are numbers as text, the model doubles them.
import { Packer, partOf } from '../../src/codecs/pack.ts'
import { SluiceError } from '../../src/core/index.ts'
import type { Control, Extracted, Features, Lag, Metrics, Ownership, Position, Predicted, Predictor, RecordBatch, Records, Rejection, Rejects, Result, Signature, Sink,
  Source, TensorBatch } from '../../src/core/index.ts'
import { flowDefaults, run } from '../../src/flow/index.ts'
import type { Ended, FlowOptions, FlowParts } from '../../src/flow/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'
import { spoil } from '../../src/codecs/spoil.ts'

const decoder = new TextDecoder()
const NONE: readonly Rejection[] = []

export const retry = (message = 'try again') => new SluiceError('TEST_RETRY', message, { severity: 'retry' })
export const away = () => new SluiceError('SLUICE_SINK_AWAY', 'gone fishing')
export const bad = (message = 'bad') => new SluiceError('TEST_BAD', message, { severity: 'record' })

/** A batch of texts (null: a tombstone) at consecutive offsets from `first`, unless said otherwise. Counts its releases and overwrites its bytes then. */
export interface HandBatch extends RecordBatch { releases: number }
export function batch(partition: string, first: number, texts: readonly (string | null)[], more: Partial<RecordBatch> & { key?: string } = {}): HandBatch {
  const packer = new Packer(texts.length, 64)
  for (const text of texts) {
    packer.row(first)
    if (more.key !== undefined) { const at = packer.length; packer.text(more.key); packer.setKey(at) }
    if (text === null) continue
    const at = packer.length
    packer.text(text)
    packer.setValue(at)
  }
  const records = packer.finish()
  const made: HandBatch = {
    ...records, partition, offsets: Float64Array.from(texts, (_, i) => first + i), from: BigInt(first), next: BigInt(first + texts.length), ...more, releases: 0,
    release() { made.releases++; spoil(made) },
  }
  return made
}
/** Texts '0', '1', ... equal to their offsets. */
export const numbers = (first: number, rows: number): string[] => Array.from({ length: rows }, (_, i) => String(first + i))

/** Gives the batches it is handed, in turn; waits when there are none, until it is ended or told to stop. */
export class HandSource implements Source {
  readonly name = 'hand'
  batchBytesMax = 1000
  reads = 0
  reading = 0
  closed = false
  lag?: () => readonly Lag[]
  owner: Ownership | undefined
  positions: Position[] = [{ partition: 'p', offset: 0n }]
  readonly commits: string[] = []
  /** What happens before a commit takes effect. */
  committing: (() => Promise<void>) | undefined
  /** What a read begins with. */
  begin: (() => void) | undefined
  #queue: (RecordBatch | Error | 'end')[] = []
  #wake: (() => void) | undefined

  give(...items: (RecordBatch | Error | 'end')[]): this {
    this.#queue.push(...items)
    this.#wake?.()
    return this
  }
  async *read(owner: Ownership, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    this.reads++
    if (this.reading++ > 0) throw new Error('two reads at once')
    try {
      this.owner = owner
      owner.assigned(this.positions)
      this.begin?.()
      while (!signal.aborted) {
        const item = this.#queue.shift()
        if (item === 'end') return
        if (item instanceof Error) throw item
        if (item !== undefined) { yield item; continue }
        await new Promise<void>(resolve => { this.#wake = resolve; signal.addEventListener('abort', () => resolve(), { once: true }) })
      }
    } finally { this.reading-- }
  }
  async commit(positions: readonly Position[]): Promise<void> {
    await this.committing?.()
    for (const { partition, offset } of positions) {
      this.commits.push(`${partition}@${offset}`)
      this.positions = this.positions.map(position => position.partition === partition ? { partition, offset } : position)
    }
  }
  async close(): Promise<void> { this.closed = true }
}

/** Keeps the texts. */
export class HandSink implements Sink {
  readonly name: string
  readonly texts: (string | null)[] = []
  /** What happens before a write takes effect. */
  writing: ((texts: readonly (string | null)[]) => Promise<void> | void) | undefined
  refuses: (text: string | null) => boolean = () => false
  delivery?: NonNullable<Sink['delivery']>
  constructor(name = 'hand') { this.name = name }
  async write(records: Records): Promise<readonly Rejection[]> {
    const refused: Rejection[] = []
    const before = textsOf(records)
    await this.writing?.(before)
    textsOf(records).forEach((text, row) => {
      if (this.refuses(text)) refused.push({ row, stage: 'sink', error: bad('the sink does not like it') })
      else this.texts.push(text)
    })
    return refused
  }
  async close(): Promise<void> {}
}
export const textsOf = (records: Records): (string | null)[] => Array.from({ length: records.rows }, (_, row) => {
  const value = partOf(records, records.values, row)
  return value === null ? null : decoder.decode(value)
})

export const signature: Signature = { inputs: [{ name: 'x', dtype: 'float64', shape: [-1] }], outputs: [{ name: 'y', dtype: 'float64', shape: [-1] }] }
const tensorOf = (name: string, data: Float64Array): TensorBatch =>
  ({ rows: data.length, tensors: new Map([[name, { dtype: 'float64', shape: [data.length], data }]]), release() { data.fill(Number.NaN) } })

/** 'bad' is rejected, '-' passed by. */
export const features: Features = {
  for: () => ({
    extract(from, wanted): Extracted {
      const rejected: Rejection[] = [], rows: number[] = []
      for (const row of wanted) {
        const value = partOf(from, from.values, row), text = value === null ? '-' : decoder.decode(value)
        if (text === '-') continue
        if (Number.isNaN(Number(text))) rejected.push({ row, stage: 'features', error: bad(`'${text}' is no number`) })
        else rows.push(row)
      }
      return { features: tensorOf('x', Float64Array.from(rows, row => Number(decoder.decode(partOf(from, from.values, row)!)))), rows: Int32Array.from(rows), rejected }
    },
  }),
}
export const double = ({ rows, tensors }: TensorBatch, rejected: readonly Rejection[] = NONE): Predicted =>
  ({ outputs: tensorOf('y', (tensors.get('x')!.data as Float64Array).slice(0, rows).map(x => 2 * x)), models: [{ name: 'm', version: '1' }], rejected })
export const predictor = (predict: Predictor['predict'] = x => double(x)): Predictor => ({ signature, predict, close: async () => {} })

/** One predictor; several are chosen by the number that is the key. */
export function control(...predictors: Predictor[]): Control & { taken: number } {
  const made = {
    taken: 0,
    take() {
      made.taken++
      return {
        predictors, release: () => { made.taken-- },
        router: {
          version: 1, routes: predictors.map(() => ({ answer: { name: 'm', version: '1' }, shadows: [] })),
          assign({ bytes, at }: { bytes: Uint8Array; at: { start: Int32Array; end: Int32Array } }, into: Int32Array) {
            for (let row = 0; row < into.length; row++) into[row] = at.start[row]! < 0 ? -1 : Number(decoder.decode(bytes.subarray(at.start[row]!, at.end[row]!)))
          },
        },
      }
    },
    close: async () => {},
  }
  return made
}

/** The doubled number; a result of 1998 cannot be written. */
export const result: Result = {
  check() {},
  write(from, { parts, part, at }) {
    const packer = new Packer(from.rows, 64), rows: number[] = [], rejected: Rejection[] = []
    for (let row = 0; row < from.rows; row++) {
      const tombstone = from.values.start[row]! < 0
      if (part[row]! < 0 && !tombstone) continue
      const text = tombstone ? '' : String((parts[part[row]!]!.outputs.tensors.get('y')!.data as Float64Array)[at[row]!])
      if (text === '1998') { rejected.push({ row, stage: 'result', error: bad('1998 is forbidden') }); continue }
      packer.row(0)
      rows.push(row)
      if (tombstone) continue
      const start = packer.length
      packer.text(text)
      packer.setValue(start)
    }
    return { records: packer.finish(), rows: Int32Array.from(rows), rejected }
  },
}
/** `offset stage code: the value`. */
export const rejects: Rejects = {
  write(from, rejected) {
    const packer = new Packer(rejected.length, 64)
    for (const { row, stage, error } of rejected) {
      const value = partOf(from, from.values, row)
      packer.row(0)
      const start = packer.length
      packer.text(`${from.offsets[row]} ${stage} ${error.code}: ${value === null ? null : decoder.decode(value)}`)
      packer.setValue(start)
    }
    return packer.finish()
  },
}

/** Adds up what it is told, by name and labels. */
export class Numbers implements Metrics {
  readonly counts: { [name: string]: number } = {}
  readonly gauges: { [name: string]: number } = {}
  readonly observed: { [name: string]: { sum: number; times: number; most: number } } = {}
  count(name: string, by: number, labels = {}): void { this.counts[nameOf(name, labels)] = (this.counts[nameOf(name, labels)] ?? 0) + by }
  gauge(name: string, value: number | undefined, labels = {}): void {
    if (value === undefined) delete this.gauges[nameOf(name, labels)]
    else this.gauges[nameOf(name, labels)] = value
  }
  observe(name: string, value: number, times: number, labels = {}): void {
    const seen = this.observed[nameOf(name, labels)] ??= { sum: 0, times: 0, most: 0 }
    seen.sum += value * times
    seen.times += times
    seen.most = Math.max(seen.most, value)
  }
}
const nameOf = (name: string, labels: object): string => Object.keys(labels).length === 0 ? name : `${name}{${Object.entries(labels).map(([label, value]) => `${label}=${value}`).join()}}`

export interface Rig {
  readonly source: HandSource
  readonly sink: HandSink
  readonly reject: HandSink
  readonly clock: FakeClock
  readonly numbers: Numbers
  readonly lines: string[]
  readonly stop: AbortController
  readonly ended: Promise<Ended>
  /** All microtasks, no time. */
  settle(): Promise<void>
}
/** Starts a pipeline. `reject: undefined`: none. */
export function rig({ options, ...parts }: { options?: Partial<FlowOptions> } & { readonly [part in keyof Omit<FlowParts, 'options'>]?: FlowParts[part] | undefined } = {}): Rig {
  const source = (parts.source ?? new HandSource()) as HandSource, sink = (parts.sink ?? new HandSink('results')) as HandSink
  const reject = 'reject' in parts ? parts.reject as HandSink : new HandSink('rejects')
  const clock = (parts.clock ?? new FakeClock()) as FakeClock, stop = new AbortController(), lines: string[] = [], numbers = new Numbers()
  const { guarantee, skips } = parts
  const ended = run({
    source, sink, ...(reject === undefined ? {} : { reject }), clock, metrics: parts.metrics ?? numbers,
    log: { write: (level, text) => { lines.push(`${level}: ${text}`) } },
    features: parts.features ?? features, control: parts.control ?? control(predictor()), result: parts.result ?? result, rejects: parts.rejects ?? rejects,
    ...(guarantee === undefined ? {} : { guarantee }), ...(skips === undefined ? {} : { skips }),
    options: { ...flowDefaults, bytesMax: 4000, ...options },
  }, stop.signal)
  ended.catch(() => {})                // a test awaits it later
  return { source, sink, reject, clock, numbers, lines, stop, ended, settle: () => clock.advance(0) }
}
