import { exported, keras, libraries, moduleIn, pickled, safeTensors, savedModel, torchScript, torchWeights } from './python.ts'

/** A file that is to be told by what it begins with, or an archive by what it holds. */
export interface Look {
  readonly name: string
  readonly bytes: Uint8Array
  /** One letter a byte, from the beginning: enough to tell what it is. */
  readonly text: string
  /** Less of it, without the blanks before. */
  readonly head: string
  /** Of an archive. */
  readonly entries: readonly string[]
}
/** `is a ...`, and what to do. */
export interface Stranger { readonly what: string; readonly fix: string; readonly kind?: 'model' | 'no model' | 'damaged' }
type Tell = (look: Look) => Stranger | undefined

const TEXT_BYTES = 65_536, HEAD = 4096

/** The archives that programs for models write. */
const archives: readonly Tell[] = [
  look => has(look, 'config.json') && look.entries.some(name => name.startsWith('model.weights.')) ? { what: 'a model of Keras 3', fix: keras(look.name) } : undefined,
  look => has(look, 'configuration.json') && has(look, 'coefficients.bin') ? { what: 'a model of Deeplearning4j', fix: 'Deeplearning4j writes no other form: give its weights (model.paramTable()) to the same layers in PyTorch or Keras, and export these as ONNX' } : undefined,
  look => look.entries.some(name => /(^|\/)code\/.*\.py$/.test(name)) && look.entries.some(name => /(^|\/)data\.pkl$/.test(name)) ? { what: 'a model of TorchScript', fix: torchScript(look.name) } : undefined,
  look => look.entries.some(name => /serialized_exported_program\.json$|(^|\/)archive_format$/.test(name)) ? { what: 'a program of torch.export', fix: 'in Python: torch.onnx.export(torch.export.load(FILE).module(), torch.zeros(1, N), "model.onnx")' } : undefined,
  look => look.entries.some(name => /(^|\/)data\.pkl$/.test(name)) ? { what: 'what torch.save writes: weights, or a pickled module, of PyTorch', fix: torchWeights(look.name) } : undefined,
  look => has(look, 'schema.json') && look.name.endsWith('.skops') ? { what: 'a model of scikit-learn, saved by skops', fix: exported(['import skops.io', `model = skops.io.load(${JSON.stringify(look.name)}, trusted=[])`], libraries['sklearn']!) } : undefined,
  look => look.entries.some(name => /(^|\/)saved_model\.(pb|pbtxt)$/.test(name)) ? { what: 'a SavedModel of TensorFlow in an archive', fix: `unpack it, and ${savedModel('FOLDER')}` } : undefined,
  look => has(look, 'model.ini') ? { what: 'a MOJO of H2O', fix: exported([], libraries['h2o']!) } : undefined,
  look => look.entries.length > 0 && look.entries.every(name => name.endsWith('.npy')) ? { what: 'a file of arrays of NumPy', fix: 'save the model, not its arrays', kind: 'no model' } : undefined,
]
const has = ({ entries }: Look, name: string): boolean => entries.includes(name)

/** What begins with marks of its own. */
const marked: readonly Tell[] = [
  ({ bytes }) => bytes.length === 0 ? { what: 'empty', fix: 'copy it again from where it was trained', kind: 'no model' } : undefined,
  ({ text }) => text.startsWith('version https://git-lfs.github.com/spec/') ? { what: 'a pointer of Git LFS, not the file itself', fix: 'git lfs pull', kind: 'no model' } : undefined,
  ({ head }) => /^<(!doctype html|html)/i.test(head) ? { what: 'a web page', fix: 'download the file itself: the address led to a page about it, or to a login', kind: 'no model' } : undefined,
  ({ name, text }) => text.startsWith('\x89HDF\r\n\x1a\n') ? text.includes('model_config') || /\.(h5|keras)$/.test(name) ? { what: 'a model of Keras in HDF5', fix: keras(name) } : { what: 'a file of HDF5', fix: 'save the model in a form that `sluice formats` lists', kind: 'no model' } : undefined,
  safetensors,
  ({ text }) => text.startsWith('GGUF') ? { what: 'a language model (GGUF)', fix: 'language models are not what this is for' } : undefined,
  ({ text }) => text.startsWith('TFL3', 4) ? { what: 'a model of TensorFlow Lite', fix: 'convert it: python -m tf2onnx.convert --tflite FILE --output model.onnx     (pip install tf2onnx)' } : undefined,
  ({ text }) => text.startsWith('ET12', 4) ? { what: 'a program of ExecuTorch', fix: 'export the module of PyTorch that it was made of: torch.onnx.export(module.eval(), torch.zeros(1, N), "model.onnx")' } : undefined,
  ({ text }) => text.startsWith('\x93NUMPY') ? { what: 'an array of NumPy', fix: 'save the model, not its arrays', kind: 'no model' } : undefined,
  ({ text }) => text.startsWith('\xac\xed\x00\x05') ? { what: 'an object of Java (of Weka, perhaps)', fix: 'save it as PMML where its program can; objects of Java are programs, and are not opened' } : undefined,
  ({ text }) => /^RD[XA][23]\n/.test(text) || text.startsWith('X\n\0\0\0\x02') || text.startsWith('X\n\0\0\0\x03') ? { what: 'objects of R', fix: 'save it as PMML: pmml::save_pmml(pmml::pmml(model), "model.pmml") in R; or xgb.save(model, "model.json"), lgb.save(model, "model.txt")' } : undefined,
  ({ text }) => text.startsWith('PAR1') ? { what: 'a Parquet file', fix: 'a model of Spark is the whole folder that `save` wrote', kind: 'no model' } : undefined,
]

/** u64 bytes of a header in JSON, then numbers. */
function safetensors({ name, bytes, text }: Look): Stranger | undefined {
  if (bytes.length < 10 || !/^\{\s*"/.test(text.slice(8, 80))) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8), size = view.getUint32(0, true)
  return view.getUint32(4, true) === 0 && size <= bytes.length - 8 ? { what: 'weights without a model (safetensors)', fix: safeTensors(name) } : undefined
}

/** Pickles of Python; a pickle is a program, and is not run. */
function pickle({ name, bytes, text }: Look): Stranger | undefined {
  const isNew = bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5, isOld = /^(?:[cL(]|\]|\})[^\0]{0,40}\n/.test(text) && bytes.at(-1) === 0x2e && moduleIn(text) !== undefined
  if (!isNew && !isOld) return undefined
  const module = moduleIn(text), library = module === undefined ? undefined : libraries[module]
  if (library === undefined) return { what: 'a pickle of Python', fix: 'save it in a form that `sluice formats` lists: ONNX or PMML (scikit-learn), model.save_model("model.json") (XGBoost, CatBoost)' }
  return { what: `a pickle of Python: a model of ${library.name}`, fix: exported(pickled(name, false), library) }
}

const PACKED: readonly (readonly [mark: string, by: string, unpack: string])[] = [['\x1f\x8b', 'gzip', 'gunzip'], ['BZh', 'bzip2', 'bunzip2'], ['\xfd7zXZ\0', 'xz', 'unxz'], ['\x28\xb5\x2f\xfd', 'zstd', 'unzstd'], ['\x04\x22\x4d\x18', 'lz4', 'unlz4']]
/** joblib packs its pickles, by zlib and by an older form of xz as well, which have no marks to speak of. */
const PACKED_BY_JOBLIB = ['x\x01', 'x\x5e', 'x\x9c', 'x\xda', ']\0\0', 'ZF']
function packed({ name, text }: Look): Stranger | undefined {
  const found = PACKED.find(([mark]) => text.startsWith(mark))
  if (/\.(joblib|pkl|pickle)$/i.test(name) && (found !== undefined || PACKED_BY_JOBLIB.some(mark => text.startsWith(mark)))) return { what: 'a pickle of Python that joblib packed', fix: exported(pickled(name, true), libraries['sklearn']!) }
  return found === undefined ? undefined : { what: `packed by ${found[1]}`, fix: `unpack it: ${found[2]} ${name}`, kind: 'no model' }
}

/** Texts: what libraries write of their models to be looked at, and models of others. */
const texts: readonly Tell[] = [
  ({ head }) => /^\{\s*"name"\s*:\s*"tree"\s*,\s*"version"/.test(head) ? { what: 'what dump_model of LightGBM writes, to be looked at', fix: 'booster.save_model("model.txt")' } : undefined,
  ({ head }) => /^\[\s*\{\s*"nodeid"\s*:/.test(head) || /^booster\[0\]:?\n/.test(head) ? { what: 'what dump_model of XGBoost writes, to be looked at', fix: 'booster.save_model("model.json")' } : undefined,
  ({ head }) => /^\{[^]{0,2000}?"format"\s*:\s*"(layers|graph)-model"/.test(head) ? { what: 'a model of TensorFlow.js', fix: 'convert the Keras model or SavedModel that it was made of: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx' } : undefined,
  ({ head }) => /^\{[^]{0,200}?"(?:class_name|module)"\s*:\s*"(?:Sequential|Functional|Model|keras[.\w]*)"/.test(head) ? { what: 'the layers of a Keras model without their weights', fix: keras('model.keras') } : undefined,
  ({ head }) => /^flavors:\s*$/m.test(head) ? { what: "MLflow's description of a model", fix: 'give the model itself, which lies beside it' } : undefined,
  ({ head }) => /^(?:<\?xml[^>]*>\s*)?<net\s/.test(head) ? { what: 'a model of OpenVINO', fix: 'export the model that it was made of as ONNX' } : undefined,
  ({ name, text }) => name.endsWith('.pb') && text.startsWith('\x08\x01\x12') ? { what: 'a SavedModel of TensorFlow', fix: savedModel('FOLDER') } : undefined,
  ({ name }) => name.endsWith('.pb') ? { what: 'a graph of TensorFlow', fix: 'convert it: python -m tf2onnx.convert --graphdef FILE --inputs x:0 --outputs y:0 --output model.onnx     (pip install tf2onnx)' } : undefined,
  ({ name }) => name.endsWith('.mlmodel') ? { what: 'a model of Core ML', fix: 'export the model that it was made of as ONNX' } : undefined,
]

/** What has the name of a format that is read, and not its beginning. */
const damage: readonly (readonly [end: RegExp, what: string])[] = [
  [/\.onnx$/i, 'an ONNX model does: a number, its producer, a graph'], [/\.pmml$/i, 'PMML does: <PMML version="4.4" ...>'], [/\.sluice$/i, 'an image does: sluice'], [/\.ubj$/i, 'UBJSON of XGBoost does'], [/\.cbm$/i, 'CatBoost does: CBM1'],
]
const damaged: Tell = ({ name }) => {
  const found = damage.find(([end]) => end.test(name))
  return found === undefined ? undefined : { what: `damaged, or something else under that name: it does not begin as ${found[1]}`, fix: 'copy it again from where it was made', kind: 'damaged' }
}

/** undefined: it is not known. */
export function strangeFile(look: Look): Stranger | undefined {
  for (const tell of [...look.entries.length > 0 ? archives : [], ...marked, pickle, packed, ...texts, damaged]) {
    const found = tell(look)
    if (found !== undefined) return found
  }
  return undefined
}

export function lookAt(name: string, bytes: Uint8Array, entries: readonly string[]): Look {
  let text = ''
  for (let at = 0; at < bytes.length && at < TEXT_BYTES; at += HEAD) text += String.fromCharCode(...bytes.subarray(at, at + HEAD))
  return { name, bytes, entries, text, head: text.slice(0, HEAD).replace(/^\xef\xbb\xbf/, '').trimStart() }
}
