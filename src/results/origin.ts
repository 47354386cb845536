import { encodeCsvCell } from '../codecs/csv.ts'
import { SluiceError } from '../core/index.ts'
import type { ModelRef, Predicted, RecordBatch } from '../core/index.ts'
import type { Origin } from './options.ts'

export const ORIGIN = '__sluice'
export const ORIGIN_COLUMNS = ['model', 'version', 'source'].map(name => `${ORIGIN}.${name}`)

/** Refuses a field that would stand where the origin is written. @throws SLUICE_CONFIG_INVALID */
export function checkFields(fields: readonly string[], origin: boolean): void {
  if (!origin) return
  const taken = fields.find(field => field === ORIGIN || ORIGIN_COLUMNS.includes(field))
  if (taken !== undefined) throw new SluiceError('SLUICE_CONFIG_INVALID', `a field of the result is named '${taken}', where the origin is written`, { fix: 'give it another name, or say `origin: false`' })
}

const answeredBy = ({ models, by }: Predicted, at: number): ModelRef => models[by === undefined ? 0 : by[at]!]!

export function originOf(batch: RecordBatch): (row: number, answer: Predicted, at: number) => Origin {
  return (row, answer, at) => {
    const { name, version } = answeredBy(answer, at)
    return { model: name, version, source: `${batch.partition}@${batch.offsets[row]}` }
  }
}

/** `"__sluice":{...@`: the offset follows, and `"}`. */
export const originStart = ({ partition }: RecordBatch, { name, version }: ModelRef): string =>
  `"${ORIGIN}":{"model":${JSON.stringify(name)},"version":${JSON.stringify(version)},"source":${JSON.stringify(`${partition}@`).slice(0, -1)}`

/** The member `"__sluice":{...}`; only the offset is new in each row. */
export function originJson(batch: RecordBatch): (row: number, answer: Predicted, at: number) => string {
  const before = remembered(model => originStart(batch, model))
  return (row, answer, at) => `${before(answeredBy(answer, at))}${batch.offsets[row]}"}`
}

/** The cells of ORIGIN_COLUMNS. */
export function originCsv(batch: RecordBatch): (row: number, answer: Predicted, at: number) => string {
  const start = encodeCsvCell(`${batch.partition}@`), quoted = start.startsWith('"')
  const before = remembered(({ name, version }) => `${encodeCsvCell(name)},${encodeCsvCell(version)},${quoted ? start.slice(0, -1) : start}`)
  return (row, answer, at) => `${before(answeredBy(answer, at))}${batch.offsets[row]}${quoted ? '"' : ''}`
}

function remembered(make: (model: ModelRef) => string): (model: ModelRef) => string {
  const known = new Map<ModelRef, string>()
  return model => {
    let text = known.get(model)
    if (text === undefined) known.set(model, text = make(model))
    return text
  }
}
