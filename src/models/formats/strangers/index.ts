import { SluiceError } from '../../../core/errors.ts'
import type { Files } from '../../../core/models.ts'
import { isZip, zipFiles } from '../zip.ts'
import { lookAt, strangeFile } from './files.ts'
import type { Stranger } from './files.ts'
import { exported, libraries, savedModel } from './python.ts'

/* Models that are known, and not read: what they are, and how they become what is read. Of a file its first 64 KiB are looked at, of an archive
   the names in it; nothing is unpacked or run. */

// a folder of many files is not looked through
const FILES_MAX = 16
const LIKELY = /\.(pkl|pickle|joblib|skops|h5|hdf5|keras|pt|pth|pt2|bin|safetensors|gguf|tflite|pte|onnx|pmml|sluice|ubj|cbm|cb|zip|pb|mlmodel|rds|rdata|json|txt|gz|xz|bz2|zst|model)$/i

/** What is said of files that no format recognises. */
export async function stranger(files: Files): Promise<SluiceError> {
  const folder = await strangeFolder(files)
  if (folder !== undefined) return folder
  const likely = files.names.length === 1 ? files.names : files.names.filter(name => LIKELY.test(name)).sort((a, b) => rank(a) - rank(b)).slice(0, FILES_MAX)
  for (const name of likely) {
    const bytes = await files.read(name), found = strangeFile(lookAt(name, bytes, isZip(bytes) ? namesIn(name, bytes, files.names.length === 1) : []))
    if (found !== undefined) return refusal(name, found)
  }
  return new SluiceError('SLUICE_MODEL_UNKNOWN', `no format recognises ${files.names.slice(0, 5).join(', ') || 'an empty folder'}`, { at: files.names[0] ?? '' })
}
const rank = (name: string): number => name.split('/').length + (/(^|\/)model\./.test(name) ? 0 : 1)

/** An archive that is damaged is told to be so where it is all there is. */
function namesIn(name: string, bytes: Uint8Array, isAll: boolean): readonly string[] {
  try { return zipFiles(name, bytes).names } catch (error) {
    if (isAll || !(error instanceof SluiceError)) throw error
    return []
  }
}

function refusal(name: string, { what, fix, kind = 'model' }: Stranger): SluiceError {
  const code = kind === 'model' ? 'SLUICE_MODEL_UNSUPPORTED' : kind === 'damaged' ? 'SLUICE_MODEL_BROKEN' : 'SLUICE_MODEL_UNKNOWN'
  return new SluiceError(code, `${name} is ${what}`, { at: name, fix, ...(kind === 'model' ? { why: 'models of this kind are known, and not read' } : {}) })
}

/** Models that are folders: by the names in it, and what few small files say. undefined: it is none of them. */
export async function strangeFolder(files: Files): Promise<SluiceError | undefined> {
  const { names } = files, ends = (end: string): string | undefined => names.find(name => name === end || name.endsWith(`/${end}`))
  const saved = ends('saved_model.pb') ?? ends('saved_model.pbtxt')
  if (saved !== undefined) return refusal(saved, { what: 'a SavedModel of TensorFlow', fix: savedModel('FOLDER') })
  const mlflow = ends('MLmodel')
  if (mlflow !== undefined) return refusal(mlflow, mlflowOf(new TextDecoder().decode((await files.read(mlflow)).subarray(0, 65_536))))
  const coreml = names.find(name => name.includes('com.apple.CoreML'))
  if (coreml !== undefined) return refusal(coreml, { what: 'a model of Core ML', fix: 'export the model that it was made of as ONNX' })
  const weights = names.find(name => name.endsWith('.index'))
  if (weights !== undefined && names.some(name => /\.data-\d+-of-\d+$/.test(name))) return refusal(weights, { what: 'weights of TensorFlow without a model', fix: 'save the whole model: model.export("saved"), then: python -m tf2onnx.convert --saved-model saved --output model.onnx' })
  const metadata = names.includes('metadata') ? new TextDecoder().decode((await files.read('metadata')).subarray(0, 4096)) : ''
  const flink = /"className"\s*:\s*"org\.apache\.flink\.ml\.(?:\w+\.)*(\w+)"/.exec(metadata)?.[1]
  return flink === undefined ? undefined : refusal('metadata', { what: `a model of Flink ML (${flink})`, fix: 'train it in Spark ML or scikit-learn, whose models are read' })
}

/** `flavors` lists the libraries that can load it. */
function mlflowOf(text: string): Stranger {
  const flavors = Array.from(text.matchAll(/^ {2}([a-z0-9_]+):/gm), ([, name]) => name!), known = flavors.find(name => Object.hasOwn(libraries, FLAVORS[name] ?? name))
  if (known === undefined) return { what: `a model of MLflow (${flavors.slice(0, 5).join(', ')})`, fix: 'give the model itself, or export it from the library that made it' }
  const library = libraries[FLAVORS[known] ?? known]!
  return { what: `a model of MLflow: of ${library.name}`, fix: exported([`import mlflow.${known}`, `model = mlflow.${known}.load_model("FOLDER")`], library) }
}
const FLAVORS: { readonly [flavor: string]: string } = { pytorch: 'torch', tensorflow: 'keras' }
