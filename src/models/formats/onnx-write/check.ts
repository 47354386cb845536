import { SluiceError } from '../../../core/errors.ts'
import type { Model } from '../../../core/models.ts'
import type { Tensor } from '../../../core/tensors.ts'
import { referenceRows } from '../image/reference.ts'
import { isKnown } from '../image/shapes.ts'
import type { AnyModel } from '../image/shapes.ts'
import { answersOf } from '../image/write.ts'
import { onnx } from '../onnx/index.ts'
import { REJECTED } from './index.ts'

// of float32 and float64: what sums in another order lose, and the last digits of exp
const TOLERANCES = { float32: 1e-5, float64: 1e-10 } as const

/** Reads what was written and compares its answers with those of the model, on rows that ask as much of it as few rows can. Gives how many.
    @throws SLUICE_VERIFY_DIFFERS, and SLUICE_MODEL_UNSUPPORTED where the reader lacks an operator */
export async function checkOnnx(model: Model, file: string, bytes: Uint8Array): Promise<number> {
  const back = await onnx.read({ names: [file], read: async () => bytes }, {})
  if (!isKnown(model) || !isKnown(back)) throw new TypeError(`a ${model.kind} was written and a ${back.kind} is read`)
  const { rows, inputs } = referenceRows(model), tolerance = TOLERANCES[roundsTo32(model) ? 'float32' : 'float64']
  const [wanted, given] = [await answersOf(model, rows, inputs), await answersOf(back, rows, inputs)]
  const answered = (name: string): Tensor | undefined => {
    const raw = back.raw[name], own = typeof raw === 'string' ? raw : raw?.output, at = back.signature.outputs.findIndex(output => output.name === own)
    return given.answers[at]
  }
  const refused: Tensor = { dtype: 'bool', shape: [rows], data: wanted.rejected }, answers = new Map(model.signature.outputs.map((spec, i) => [spec.name, wanted.answers[i]!]))
  if (model.kind === 'program' && model.refusals.length > 0) answers.set(REJECTED, refused)
  for (const [name, expected] of answers) {
    const own = answered(name), row = own === undefined ? 0 : firstRow(expected, own, rows, tolerance, name === REJECTED ? undefined : wanted.rejected)
    if (row < 0) continue
    throw new SluiceError('SLUICE_VERIFY_DIFFERS', `${file}: read back, the output '${name}' ${own === undefined ? 'is not there' : `differs in reference row ${row}`}`, {
      at: name, why: 'what is written as ONNX must mean the same there', fix: 'write an image; this is a mistake in Sluice',
    })
  }
  return rows
}

const roundsTo32 = (model: AnyModel): boolean => model.inputs === 'float32' || (model.kind === 'program'
  ? model.steps.some(step => 'float32' in step && step.float32 === true || step.op === 'linear' && step.linear.sums === 'float32' || step.op === 'trees' && step.trees.sums === 'float32')
  : model.sums === 'float32')

/** The first row that is not the same within the tolerance, relative to numbers above 1; -1: there is none. Rows without an answer are passed over. */
function firstRow(wanted: Tensor, given: Tensor, rows: number, tolerance: number, without: Uint8Array | undefined): number {
  const expected = elementsOf(wanted), answered = elementsOf(given), width = expected.length / rows
  if (answered.length !== expected.length) return 0
  const at = expected.findIndex((value, i) => {
    if (without?.[Math.floor(i / width)] === 1) return false
    const other = answered[i]!
    if (typeof value !== 'number' || typeof other !== 'number') return value !== other
    return !Object.is(value, other) && value !== other && !(Math.abs(value - other) <= tolerance * Math.max(1, Math.abs(value)))
  })
  return at < 0 ? -1 : Math.floor(at / width)
}
const elementsOf = ({ data }: Tensor): readonly (number | string)[] => 'codes' in data ? Array.from(data.codes, code => data.words[code] ?? '') : Array.from(data as ArrayLike<number | bigint>, Number)
