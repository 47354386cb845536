import { SluiceError } from '../../../core/errors.ts'
import type { Model } from '../../../core/models.ts'
import type { Tensor } from '../../../core/tensors.ts'
import { plain } from '../../evaluators/plain/index.ts'
import { ArrayList } from './arrays.ts'
import { LITTLE_ENDIAN } from '../../../kernels/crc.ts'
import { headerText } from './header.ts'
import type { Answer } from './header.ts'
import { frame } from './layout.ts'
import { referenceRows } from './reference.ts'
import { isKnown } from './shapes.ts'
import type { AnyModel } from './shapes.ts'

/** The fact that names the format from which an image was made. */
export const IMAGE_OF = 'image of'

/** The model as an image, docs/image.md: the same model gives the same bytes. `rows`: how many reference rows it has.
    @throws SLUICE_MODEL_UNSUPPORTED */
export async function writeImage(model: Model): Promise<{ readonly bytes: Uint8Array; readonly rows: number }> {
  if (!isKnown(model)) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `an image holds no model of kind '${model.kind}'`)
  if (!LITTLE_ENDIAN) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', 'images are not written on big-endian machines', { why: 'arrays stand in them as they lie in memory' })
  const original = originalOf(model), list = new ArrayList()
  const { rows, inputs } = referenceRows(original)
  const { answers, rejected } = await answersOf(original, rows, inputs)
  const header = headerText({ model: original, reference: { inputs, outputs: answers.map(numbersOf), rejected } }, list)
  return { bytes: frame(header, list.length, into => { list.put(into) }), rows }
}

/** An image of an image is the same one. */
function originalOf(model: AnyModel): AnyModel {
  const { [IMAGE_OF]: format, ...facts } = model.facts
  return format === undefined ? model : { ...model, format: String(format), facts }
}

const numbersOf = ({ data }: Tensor): Answer => 'codes' in data ? data.codes : data

/** What the plain evaluator answers: the outputs in the order of the signature. */
export async function answersOf(model: AnyModel, rows: number, inputs: Float32Array | Float64Array): Promise<{ readonly answers: readonly Tensor[]; readonly rejected: Uint8Array }> {
  const { inputs: [input], outputs: specs } = model.signature
  const features: Tensor = { dtype: input!.dtype, shape: [rows, model.width], data: inputs }
  const predictor = await plain.open(model, { name: 'image', version: '1' })
  const { outputs, rejected } = await predictor.predict({ rows, tensors: new Map([[input!.name, features]]), release() {} }, undefined, new AbortController().signal)
  await predictor.close()
  const without = new Uint8Array(rows)
  for (const { row } of rejected) without[row] = 1
  return { answers: specs.map(({ name }) => outputs.tensors.get(name)!), rejected: without }
}
