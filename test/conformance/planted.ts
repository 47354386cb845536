/* Parts with one fault each, under the suites. planted.test.ts runs this file and looks which tests find them. */
import { codecSuite, evaluatorSuite, formatSuite } from '../../src/conformance/index.ts'
import type { CodecBed, EvaluatorBed, FormatBed } from '../../src/conformance/index.ts'
import { jsonValues } from '../../src/codecs/json.ts'
import { Packer } from '../../src/codecs/pack.ts'
import type { Values } from '../../src/codecs/values.ts'
import { SluiceError } from '../../src/core/index.ts'
import type { Files, Format, Model, Predicted, Predictor, Tensor, TensorBatch } from '../../src/core/index.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { xgboost } from '../../src/models/formats/xgboost/index.ts'
import { bytesOf, featuresOf, oneFile, readCsv } from '../golden/golden.ts'

const AT = 'xgboost/reg-diabetes'
const rows = (path: string) => { const table = readCsv(path); return { ...table, rows: table.rows.slice(0, 12) } }
const files = oneFile('model.json', bytesOf(`${AT}/model.json`))
const model = await xgboost.read(files, {})
const features = { rows: 12, tensors: new Map([['features', featuresOf(model, rows(`${AT}/inputs.csv`))]]), release() {} }
const expected = { outputs: { margin: rows(`${AT}/expected.csv`).rows.map(cells => Number(cells[1])) } }

/** A predictor in the place of the plain one. */
type Change = (predictor: Predictor, features: TensorBatch, signal: AbortSignal) => Promise<Predicted> | Predicted
const evaluator = (change: Change, more: Partial<EvaluatorBed['evaluator']> = {}): EvaluatorBed => ({
  model, features, expected,
  evaluator: {
    name: 'planted',
    async open(model, ref) {
      const predictor = await plain.open(model, ref)
      return { ...predictor, predict: (given, _, signal) => change(predictor, given, signal) }
    },
    ...more,
  },
})
const answer = (predictor: Predictor, given: TensorBatch): Predicted => predictor.predict(given, undefined, new AbortController().signal) as Predicted
const changed = (predicted: Predicted, change: (tensor: Tensor, name: string) => Tensor): Predicted =>
  ({ ...predicted, outputs: { ...predicted.outputs, tensors: new Map([...predicted.outputs.tensors].map(([name, tensor]) => [name, change(tensor, name)])) } })
const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array
const matrix = (given: TensorBatch): Tensor => given.tensors.get('features')!

let calls = 0, last: TensorBatch = features
const kept = new Float32Array(10_000)
const EVALUATORS: { readonly [fault: string]: EvaluatorBed } = {
  'no fault': evaluator(answer),
  'answers lie in the memory of the features': evaluator((predictor, given) => changed(answer(predictor, given), tensor => {
    floats(matrix(given)).set(floats(tensor))
    return { ...tensor, data: floats(matrix(given)).subarray(0, given.rows) }
  })),
  'one memory for the answers of all calls': evaluator((predictor, given) => changed(answer(predictor, given), tensor => {
    kept.set(floats(tensor))
    return { ...tensor, data: kept.subarray(0, given.rows) }
  })),
  'features are read from the beginning of their buffer': evaluator((predictor, given) => {
    const { data, ...tensor } = matrix(given)
    return answer(predictor, { ...given, tensors: new Map([['features', { ...tensor, data: new Float32Array((data as Float32Array).buffer as ArrayBuffer, 0, floats(matrix(given)).length) }]]) })
  }),
  'the answer depends on the row\'s place': evaluator((predictor, given) => changed(answer(predictor, given), tensor => ({ ...tensor, data: floats(tensor).map((value, row) => value + row) }))),
  'the answer depends on the call': evaluator((predictor, given) => changed(answer(predictor, given), tensor => ({ ...tensor, data: floats(tensor).map(value => value + calls++) }))),
  'features are kept in a field while it waits': evaluator(async (predictor, given) => {
    last = given
    await new Promise(resolve => setImmediate(resolve))
    return answer(predictor, last)
  }),
  'only as many rows as its memory holds': evaluator((predictor, given) => changed(answer(predictor, given), tensor => ({ ...tensor, data: floats(tensor).map((value, row) => row < 2048 ? value : 0) }))),
  'no rows are an error': evaluator((predictor, given) => { if (given.rows === 0) throw new RangeError('no rows'); return answer(predictor, given) }),
  'a shape of its own': evaluator((predictor, given) => changed(answer(predictor, given), tensor => ({ ...tensor, shape: [given.rows, 1] }))),
  'doubles where floats were promised': evaluator((predictor, given) => changed(answer(predictor, given), tensor => ({ ...tensor, data: Float64Array.from(floats(tensor)) }))),
  'an output is missing': evaluator((predictor, given) => {
    const predicted = answer(predictor, given)
    return { ...predicted, outputs: { ...predicted.outputs, tensors: new Map([...predicted.outputs.tensors].slice(1)) } }
  }),
  'another model is named': evaluator((predictor, given) => ({ ...answer(predictor, given), models: [{ name: 'another', version: '1' }] })),
  'infinities throw': evaluator((predictor, given) => { if (floats(matrix(given)).some(value => Math.abs(value) === Infinity)) throw new Error('infinite'); return answer(predictor, given) }),
  'every kind is executed': evaluator(answer, { open: (model, ref) => plain.open({ ...model, kind: 'trees' }, ref) }),
  'closing one closes all': (() => {
    let closed = false
    return evaluator(answer, {
      async open(model, ref) {
        const predictor = await plain.open(model, ref)
        closed = false
        return { ...predictor, predict(given, keys, signal) { if (closed) throw new Error('closed'); return predictor.predict(given, keys, signal) }, async close() { closed = true } }
      },
    })
  })(),
  'last bits are lost': evaluator((predictor, given) => changed(answer(predictor, given), tensor => ({ ...tensor, data: floats(tensor).map(value => value * (1 + 2 ** -23)) }))),
}

const format = (change: Partial<Format>, bed: Partial<FormatBed> = {}): FormatBed =>
  ({ format: { ...xgboost, ...change }, files, others: [oneFile('model.txt', bytesOf('lightgbm/reg-diabetes/model.txt'))], evaluator: plain, features, expected, ...bed })
const reading = (change: (model: Model) => object): FormatBed => format({ read: async (files, options) => ({ ...await xgboost.read(files, options), ...change(model) }) })
const only = async (files: Files): Promise<Uint8Array> => files.read(files.names[0]!)
const FORMATS: { readonly [fault: string]: FormatBed } = {
  'no fault': format({}),
  'detects by the extension': format({ detect: async files => files.names.some(name => name.endsWith('.json')) }),
  'detects whatever there is': format({ detect: async () => true }),
  'detect throws on an empty file': format({ detect: async files => { if ((await only(files)).length === 0) throw new RangeError('empty'); return xgboost.detect(files) } }),
  'reads differently the second time': reading(() => ({ facts: { library: String(calls++) } })),
  'reads what it wants to': reading(() => ({ start: Float64Array.of(7) })),
  'changes the files': format({ read: async (files, options) => { const read = await xgboost.read(files, options); (await only(files))[0] = 0; return read } }),
  'a cut file is a smaller model': format({ read: async (files, options) => await xgboost.read(files, options).catch(() => ({ ...model, start: Float64Array.of(7) })) }),
  'a cut file is an error without a name': format({ read: async (files, options) => { try { return await xgboost.read(files, options) } catch { throw new RangeError('Offset is outside the bounds of the DataView') } } }),
  'a fixed number of rows': reading(({ signature }) => ({ signature: { ...signature, inputs: signature.inputs.map(spec => ({ ...spec, shape: [100, ...spec.shape.slice(1)] })) } })),
  'two columns of one name': reading(({ signature }) => ({ signature: { ...signature, inputs: signature.inputs.map(spec => ({ ...spec, columns: spec.columns!.map(column => ({ ...column, name: 'x' })) })) } })),
  'raw names no output': reading(() => ({ raw: { predict: 'predictions' } })),
  'needs no memory': reading(() => ({ bytes: 0 })),
  'categories are passed over': format({ read: files => xgboost.read(files, {}) }),
}

function toRecords(texts: readonly string[]) {
  const packer = new Packer(texts.length, 1024)
  for (const text of texts) {
    packer.row(0)
    const at = packer.length
    packer.text(text)
    packer.setValue(at)
  }
  return packer.finish()
}
const codec = (change: (values: Values, wanted: Int32Array | undefined) => Partial<Values>): CodecBed => ({
  encode: values => toRecords(values.map(value => JSON.stringify(value))),
  decode(records, paths, wanted) {
    const values = jsonValues(records, paths, wanted)
    return { ...values, ...change(values, wanted) }
  },
  broken: [new TextEncoder().encode('{')],
})
const CODECS: { readonly [fault: string]: CodecBed } = {
  'no fault': codec(() => ({})),
  'null is absent': codec(values => ({ at: path => values.at(path) ?? undefined })),
  'what objects inherit is there': codec(values => ({ at: path => values.at(path) ?? (path === 2 ? Object : undefined) })),
  'the whole is made anew': codec(values => ({ value: () => ({ ...values.value() }) })),
  'rows only forwards': codec(values => { let at = -1; return { open(row) { if (row >= at) values.open(at = row) } } }),
  'all rows are taken for wanted': codec((values, wanted) => ({ open(row) { values.open(wanted === undefined ? row : wanted.indexOf(row)) } })),
  'broken values are empty ones': codec(values => ({ open(row) { try { values.open(row) } catch { /* the fault */ } } })),
  'broken values stop the pipeline': codec(values => ({ open(row) { try { values.open(row) } catch (cause) { throw new SluiceError('SLUICE_FILE_FORMAT', 'broken', { cause }) } } })),
  'texts are trimmed': codec(values => ({ at(path) { const value = values.at(path); return typeof value === 'string' ? value.trim() : value } })),
}

for (const [fault, bed] of Object.entries(EVALUATORS)) evaluatorSuite(`evaluator, ${fault}`, async () => bed)
for (const [fault, bed] of Object.entries(FORMATS)) formatSuite(`format, ${fault}`, async () => ({ ...bed, files: oneFile('model.json', (await only(files)).slice()) }))
for (const [fault, bed] of Object.entries(CODECS)) codecSuite(`codec, ${fault}`, async () => bed)
