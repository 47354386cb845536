import { SluiceError } from '../../../core/errors.ts'
import type { Format, Model, ReadOptions } from '../../../core/models.ts'
import { difference, withCategories } from '../../categories.ts'
import { findFile } from '../files.ts'
import { ArrayViews } from './arrays.ts'
import { checkModel, checkReference } from './check.ts'
import { LITTLE_ENDIAN } from '../../../kernels/crc.ts'
import { readHeader } from './header.ts'
import type { Reference } from './header.ts'
import { isImage, unframe } from './layout.ts'
import { Place } from './place.ts'
import { firstDifference } from './reference.ts'
import type { AnyModel, Written } from './shapes.ts'
import { answersOf, IMAGE_OF } from './write.ts'

/* Models that `sluice convert` wrote, of any format: what they are in memory, byte for byte (docs/image.md).

   Understood: version 1, all of it. Refused: other versions, and whatever this version does not know.
   Exactness: the arrays are those of the model; reference rows are answered when it is opened and must come out to the last bit. */
export const image: Format = {
  name: 'image',
  title: 'Portable image .sluice: what `sluice convert` makes of any other',
  detect: async files => await findFile(files, EXTENSIONS, isImage) !== undefined,
  read: async (files, options) => {
    const file = await findFile(files, EXTENSIONS, isImage)
    if (file === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no image of a model', { at: files.names[0] ?? '' })
    return readImage(file.name, file.bytes, options)
  },
}

const EXTENSIONS = ['sluice']

async function readImage(file: string, given: Uint8Array, options: ReadOptions): Promise<Model> {
  if (!LITTLE_ENDIAN) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: images are not read on big-endian machines`, { at: file, why: 'arrays stand in them as they lie in memory', fix: 'use the file that it was made of' })
  if (options.trees !== undefined) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${file}: which trees are used was said when the image was made`, { at: 'trees', why: 'an image holds only the trees that are used', fix: 'leave `trees` out, or give --trees to `sluice convert`' })
  }
  const { bytes, header: text, arraysAt } = unframe(file, given)
  const place = new Place(file, '', parse(file, text)), views = new ArrayViews(place.members().get('arrays') ?? place.within('arrays'), bytes, arraysAt)
  const { model: written, reference } = readHeader(place, views)
  views.checkUsed()
  checkModel(place.within('model'), written)
  checkReference(place.within('reference'), written, reference)
  const model: AnyModel = { ...written, bytes: bytes.length }
  await checkAnswers(file, model, reference)
  return opened(file, model, written, options)
}

function parse(file: string, text: string): unknown {
  try { return JSON.parse(text) } catch { throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: the header is not JSON`, { at: 'header' }) }
}

async function checkAnswers(file: string, model: AnyModel, { inputs, outputs, rejected }: Reference): Promise<void> {
  const { answers, rejected: without } = await answersOf(model, rejected.length, inputs)
  const differs = model.signature.outputs.map((spec, i) => firstDifference(spec, answers[i]!, outputs[i]!)).find(found => found !== undefined)
    ?? (without.every((is, row) => is === rejected[row]) ? undefined : `row ${without.findIndex((is, row) => is !== rejected[row])}: it has an answer where it should have none, or none where it should have one`)
  if (differs === undefined) return
  throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: it does not answer as when it was made: reference ${differs}`, {
    at: 'reference', why: 'the file was changed, or this engine rounds a function (sin, tanh, power, ...) otherwise than the one that made the image', fix: 'convert the model again, where it is used',
  })
}

function opened(file: string, model: AnyModel, { format, facts }: Written, { categories }: ReadOptions): Model {
  const [input] = model.signature.inputs, columns = input!.columns ?? []
  const differs = (i: number, list: Parameters<typeof difference>[1]): string | undefined => {
    const own = columns[i]!.categories
    return own === undefined ? 'the image has no names for it; give them to `sluice convert`' : difference(own, list)
  }
  withCategories(file, columns, categories, differs)
  return { ...model, format: image.name, facts: { [IMAGE_OF]: format, ...facts } }
}
