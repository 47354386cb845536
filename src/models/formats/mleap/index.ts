import { SluiceError } from '../../../core/errors.ts'
import type { Files, Format } from '../../../core/models.ts'
import { compile } from '../../stages/compile.ts'
import { bundleFiles, looksLikeBundle, readBundle } from './bundle.ts'
import type { Bundle } from './bundle.ts'
import { features } from './features.ts'
import { mathOperations } from './math.ts'
import { models } from './models.ts'
import { isPython, python } from './python.ts'
import { pipelineOf } from './reading.ts'
import type { ReadStep } from './reading.ts'

/* Bundles of MLeap 0.16 to 0.23, JSON or protocol buffers, as an archive or a folder, and those that PyPI mleap writes of scikit-learn
   (tested with mleap-runtime 0.20 and PyPI mleap 0.25.3).

   Truth is what MLeap answers, and for the writer in Python what scikit-learn answered: MLeap takes its matrices of several classes for
   others. Inputs are the columns that no step makes, in the order in which they are read. */
export const mleap: Format = {
  name: 'mleap',
  title: 'MLeap bundles: pipelines of Spark and of scikit-learn',
  async detect(files) {
    const found = await unpacked(files)
    return found !== undefined && looksLikeBundle(await found.files.read('bundle.json'))
  },
  async read(files, options) {
    const found = await bundleFiles(files)
    if (found === undefined) throw new SluiceError('SLUICE_MODEL_UNKNOWN', 'these files hold no MLeap bundle', { at: files.names[0] ?? '' })
    const bundle = await readBundle(found.file, found.files), ofPython = isPython(bundle), table = ofPython ? python : jvm
    const pipeline = await pipelineOf(bundle, ofPython, op => Object.hasOwn(table, op) ? table[op] : undefined)
    return compile(found.file, pipeline, { format: 'mleap', facts: factsOf(bundle, ofPython) }, options)
  },
}

const jvm: { readonly [op: string]: ReadStep } = { ...features, ...models, ...mathOperations }

/** An archive that is damaged is not ours for sure; who reads it says what is wrong with it. */
async function unpacked(files: Files): ReturnType<typeof bundleFiles> {
  try { return await bundleFiles(files) } catch (error) {
    if (error instanceof SluiceError) return undefined
    throw error
  }
}

const factsOf = ({ version, format, steps }: Bundle, ofPython: boolean): { [fact: string]: string | number } => ({
  library: `${ofPython ? 'scikit-learn by PyPI mleap' : 'mleap'} ${version}`.replaceAll(/\s+/g, ' ').slice(0, 60), bundle: format, steps: steps.map(({ op }) => op).join(', ').slice(0, 200),
})
