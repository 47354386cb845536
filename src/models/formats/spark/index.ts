import { SluiceError } from '../../../core/errors.ts'
import type { Files, Format, ReadOptions } from '../../../core/models.ts'
import type { Program } from '../../program.ts'
import { compile } from '../../stages/compile.ts'
import { isZip, zipFiles } from '../zip.ts'
import { folderOf, rootOf } from './folder.ts'
import { pipelineIn } from './pipeline.ts'

/* Models saved by Spark ML (model.save: a folder, or a zip of it; tested with 3.5, 4.0 and 4.3): pipelines, single models, the best of a CrossValidator or TrainValidationSplit.

   Understood: the stages of ../../stages/stages.ts. The raw columns of the pipeline are the input, words as their categories; a vector that no stage makes is
   `features_0`, `features_1`, ... Which columns are vectors the files do not say: what a model or scaler reads is one, what a VectorAssembler reads is none.
   Refused by name: stages on texts, SQL, ALS, LDA, frequent patterns; leafCol and varianceCol; parameters that are not known; Parquet in another compression
   than Snappy or gzip. A row that Spark's job would stop at, or leave out (handleInvalid `error`, `skip`), is rejected.
   Exactness: float64, sums from the first feature to the last. */
export const spark: Format = {
  name: 'spark',
  title: 'Spark ML folders: pipelines, and models by themselves',
  inFolders: true,
  detect: async files => await find(files) !== undefined,
  read: async (files, options) => {
    const found = await find(files)
    if (found === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no model of Spark', { at: files.names[0] ?? '' })
    return readModel(found, options)
  },
}

interface Found { readonly name: string; readonly files: Files; readonly root: string }

async function find(files: Files): Promise<Found | undefined> {
  const [only] = files.names, bytes = files.names.length === 1 ? await files.read(only!) : undefined
  if (bytes === undefined || !isZip(bytes)) {
    const root = await rootOf(files, false)
    return root === undefined ? undefined : { name: root === '' ? 'the model' : root, files, root }
  }
  // an archive that is damaged is not ours for sure
  try {
    const inner = zipFiles(only!, bytes), root = await rootOf(inner, true)
    return root === undefined ? undefined : { name: only!, files: inner, root }
  } catch (error) {
    if (error instanceof SluiceError) return undefined
    throw error
  }
}

async function readModel({ name, files, root }: Found, options: ReadOptions): Promise<Program> {
  const { stages, classes, version } = await pipelineIn(folderOf(files, root))
  return compile(name, { stages }, { format: 'spark', facts: { library: `spark ${version}`, stages: classes.join(', ') } }, options)
}
