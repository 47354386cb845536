import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/core/errors.ts'
import type { Files } from '../../src/core/models.ts'
import { readModel } from '../../src/models/index.ts'
import { inspectModel } from '../../src/strategies/embedded/index.ts'
import { zipOf } from '../zip.ts'
import { oneFile } from './golden.ts'

const stored = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`strangers/${name}`, import.meta.url)))
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0))
const archive = (...names: readonly string[]): Uint8Array => zipOf(names.map(name => ({ name, content: latin1('x') })))
const filesOf = (contents: { readonly [name: string]: string }): Files =>
  ({ names: Object.keys(contents), read: async name => latin1(contents[name]!) })

async function refusalOf(files: Files): Promise<SluiceError> {
  try { await readModel(files) } catch (error) {
    assert.ok(error instanceof SluiceError, String(error))
    return error
  }
  return assert.fail('it was read')
}

const MODEL = 'SLUICE_MODEL_UNSUPPORTED', OTHER = 'SLUICE_MODEL_UNKNOWN', BROKEN = 'SLUICE_MODEL_BROKEN'
/** A file, what is said of it, and what is to be done. */
const FILES: readonly (readonly [name: string, content: Uint8Array, code: string, message: RegExp, fix: RegExp])[] = [
  ...['p0.pkl', 'p2.pkl', 'p5.pkl'].map((name) => [name, stored(name), MODEL, /a pickle of Python: a model of scikit-learn/, new RegExp(`pickle\\.load\\(open\\("${name}", "rb"\\)\\)\n.*to_onnx\n.*to_onnx\\(model`)] as const),
  ['plain.joblib', stored('plain.joblib'), MODEL, /a model of scikit-learn/, /joblib\.load\("plain\.joblib"\)/],
  ['zlib.joblib', stored('zlib.joblib'), MODEL, /a pickle of Python that joblib packed/, /joblib\.load\("zlib\.joblib"\)/],
  ['xz.joblib', stored('xz.joblib'), MODEL, /a pickle of Python that joblib packed/, /joblib\.load/],
  ['model.bin', stored('p5.pkl'), MODEL, /model\.bin is a pickle of Python/, /pickle\.load/],
  ['xgb.pkl', stored('xgb.pkl'), MODEL, /a model of XGBoost/, /model\.save_model\("model\.json"\)/],
  ['lgb.pkl', stored('lgb.pkl'), MODEL, /a model of LightGBM/, /getattr\(model, "booster_", model\)\.save_model\("model\.txt"\)/],
  ['any.pkl', latin1('\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05mine.\x94.'), MODEL, /any\.pkl is a pickle of Python$/, /`sluice formats`/],
  ['old.model', stored('old.model'), MODEL, /XGBoost's old binary form/, /save_model\('model\.json'\)/],
  ['model.cbm', latin1('CBM1\0\0\0\0'), MODEL, /CatBoost's binary form/, /format='json'/],
  ['xdump.json', stored('xdump.json'), MODEL, /what dump_model of XGBoost writes/, /booster\.save_model/],
  ['dump.txt', latin1('booster[0]:\n0:[f0<0.06] yes=1,no=2,missing=1\n'), MODEL, /what dump_model of XGBoost writes/, /booster\.save_model/],
  ['ldump.json', stored('ldump.json'), MODEL, /what dump_model of LightGBM writes/, /booster\.save_model/],
  ['model.h5', stored('begin.h5'), MODEL, /a model of Keras in HDF5/, /load_model\("model\.h5"\)\.export\("saved"\)\n.*tf2onnx/],
  ['data.hdf', latin1('\x89HDF\r\n\x1a\n\0'), OTHER, /a file of HDF5/, /./],
  ['model.keras', archive('metadata.json', 'config.json', 'model.weights.h5'), MODEL, /a model of Keras 3/, /tf2onnx/],
  ['config.json', latin1('{"module": "keras", "class_name": "Sequential", "config": {}}'), MODEL, /layers of a Keras model without their weights/, /keras/],
  ['model.json', latin1('{"format": "layers-model", "modelTopology": {}}'), MODEL, /TensorFlow\.js/, /tf2onnx/],
  ['model.zip', archive('configuration.json', 'coefficients.bin', 'updaterState.bin'), MODEL, /Deeplearning4j/, /paramTable/],
  ['model.pt', archive('model/data.pkl', 'model/code/__torch__/net.py', 'model/constants.pkl', 'model/version'), MODEL, /TorchScript/, /torch\.jit\.load\("model\.pt"\)[^]*torch\.onnx\.export/],
  ['weights.pt', archive('archive/data.pkl', 'archive/data/0', 'archive/version'), MODEL, /what torch\.save writes/, /load_state_dict/],
  ['w.safetensors', stored('w.safetensors'), MODEL, /weights without a model \(safetensors\)/, /load_file\("w\.safetensors"\)/],
  ['model.tflite', latin1('\x1c\0\0\0TFL3\x14\0'), MODEL, /TensorFlow Lite/, /--tflite/],
  ['model.gguf', latin1('GGUF\x03\0\0\0'), MODEL, /a language model/, /./],
  ['saved.zip', archive('saved/saved_model.pb', 'saved/variables/variables.index'), MODEL, /a SavedModel of TensorFlow in an archive/, /unpack it/],
  ['saved_model.pb', latin1('\x08\x01\x12\x10'), MODEL, /a SavedModel of TensorFlow/, /--saved-model/],
  ['weka.model', latin1('\xac\xed\0\x05sr\0'), MODEL, /an object of Java/, /PMML/],
  ['model.rds', latin1('X\n\0\0\0\x03\0\x04'), MODEL, /objects of R/, /xgb\.save/],
  ['mojo.zip', archive('model.ini', 'domains/d00.txt'), MODEL, /MOJO of H2O/, /./],
  ['w.npz', stored('w.npz'), OTHER, /arrays of NumPy/, /./],
  ['model.json', latin1('version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n'), OTHER, /a pointer of Git LFS/, /git lfs pull/],
  ['model.onnx', latin1('\n <!DOCTYPE html><html>'), OTHER, /a web page/, /download/],
  ['model.json.gz', latin1('\x1f\x8b\x08\0'), OTHER, /packed by gzip/, /gunzip model\.json\.gz/],
  ['model.onnx', latin1('\0\0\0\0ir'), BROKEN, /does not begin as an ONNX model does/, /copy it again/],
  ['model.pmml', latin1('MML version="4.4"><Header/></PMML>'), BROKEN, /does not begin as PMML does/, /copy it again/],
  ['model.txt', new Uint8Array(0), OTHER, /model\.txt is empty/, /copy it again/],
  ['notes.txt', latin1('a forest of trees, to be planted'), OTHER, /^no format recognises notes\.txt$/, /sluice formats/],
]
for (const [name, content, code, message, fix] of FILES) {
  test(`told by name: ${String(message)}`, async () => {
    const error = await refusalOf(oneFile(name, content))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    assert.match(error.fix, fix)
    assert.equal(error.at, name)
    assert.notEqual(error.why, '')
  })
}

const FOLDERS: readonly (readonly [contents: { readonly [name: string]: string }, message: RegExp, fix: RegExp])[] = [
  [{ 'fingerprint.pb': '', 'saved_model.pb': '\x08\x01\x12', 'variables/variables.index': '', 'variables/variables.data-00000-of-00001': '' }, /^saved_model\.pb is a SavedModel of TensorFlow/, /tf2onnx\.convert --saved-model/],
  [{ MLmodel: 'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    pickled_model: model.pkl\n', 'model.pkl': '\x80\x04.' }, /^MLmodel is a model of MLflow: of scikit-learn/, /mlflow\.sklearn\.load_model\("FOLDER"\)\n[^]*to_onnx/],
  [{ MLmodel: 'flavors:\n  pytorch:\n    model_data: data\n', 'data/model.pth': 'PK' }, /MLflow: of PyTorch/, /mlflow\.pytorch\.load_model/],
  [{ metadata: '{"className":"org.apache.flink.ml.clustering.kmeans.KMeansModel","paramMap":{}}', 'data/part-0': '' }, /Flink ML \(KMeansModel\)/, /Spark ML/],
  [{ 'checkpoint': '', 'model.ckpt.index': '', 'model.ckpt.data-00000-of-00001': '' }, /weights of TensorFlow without a model/, /tf2onnx/],
  [{ 'README.md': 'read me', 'config.json': '{"vocab_size": 3}', 'model.pkl': '\x80\x04\x8c\x10sklearn.pipeline\x94.' }, /^model\.pkl is a pickle of Python: a model of scikit-learn/, /"model\.pkl"/],
]
for (const [contents, message, fix] of FOLDERS) {
  test(`a folder, told by name: ${String(message)}`, async (t) => {
    const error = await refusalOf(filesOf(contents))
    assert.deepEqual([error.code, message.test(error.message), fix.test(error.fix)], [MODEL, true, true], `${error.message}; ${error.fix}`)
    const path = await mkdtemp(join(tmpdir(), 'stranger-'))
    t.after(() => rm(path, { recursive: true }))
    for (const [name, text] of Object.entries(contents)) {
      await mkdir(dirname(join(path, name)), { recursive: true })
      await writeFile(join(path, name), latin1(text))
    }
    await assert.rejects(inspectModel(path), { code: MODEL, message })
  })
}

test('a repository of strangers says of the newest what it is', async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'stranger-'))
  t.after(() => rm(path, { recursive: true }))
  await mkdir(join(path, '2'))
  await writeFile(join(path, '2/model.pkl'), stored('p5.pkl'))
  await writeFile(join(path, 'README.md'), 'versions of one model')
  await assert.rejects(inspectModel(path), { code: MODEL, message: /a model of scikit-learn/ })
})

test('whatever the bytes are: an error with a name, at once', async () => {
  const begin = fc.constantFrom(...FILES.map(([, content]) => content)), name = fc.constantFrom('m.pkl', 'm.joblib', 'm.h5', 'm.zip', 'm.json', 'm.pb', 'm.bin', 'm')
  await fc.assert(fc.asyncProperty(begin, name, fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 4 }), fc.nat(), async (content, file, flips, cut) => {
    const damaged = content.slice(0, cut % 2 === 0 ? content.length : cut % (content.length + 1))
    for (const { at, to } of flips) if (damaged.length > 0) damaged[at % damaged.length] = to
    assert.match((await refusalOf(oneFile(file, damaged))).code, /^SLUICE_MODEL_(UNKNOWN|UNSUPPORTED|BROKEN)$/)
  }), { numRuns: 300, seed: 5 })
  for (const filler of [' ', '\n', '<', '{', '"', 'c', '\x80', '[[{', '<?xml ']) await refusalOf(oneFile('m', latin1(filler.repeat(200_000))))
})
