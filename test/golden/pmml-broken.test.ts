import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/core/errors.ts'
import { pmml } from '../../src/models/formats/pmml/index.ts'
import { openModel } from '../../src/models/index.ts'
import { bytesOf, oneFile, score } from './golden.ts'

/** A damaged document is refused with a name and a place, or is a model that answers; never anything else. */
async function survives(bytes: Uint8Array): Promise<'answers' | 'refused'> {
  try {
    const model = await pmml.read(oneFile('model.pmml', bytes), {}), input = model.signature.inputs[0]!, width = input.shape[1]!
    const { predictor } = await openModel(model, { name: 'damaged', version: '1' }), rows = 5
    const numbers = Array.from({ length: rows * width }, (_, i) => input.columns![i % width]!.categories !== undefined ? i % 3 : i % 7 === 0 ? NaN : i % 11 - 3.5)
    const batch = { dtype: input.dtype, shape: [rows, width], data: input.dtype === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers) }
    const outputs = score(predictor, batch)
    for (const { name } of model.signature.outputs) assert.equal(outputs.get(name)!.shape[0], rows)
    return 'answers'
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED|UNKNOWN)$/)
    return 'refused'
  }
}

for (const name of ['dtree-iris', 'gb-clf-wine', 'pipe-orders-rf-tier', 'mlp-clf-cancer', 'svc-rbf-iris', 'knn-iris', 'kmeans-iris', 'gaussiannb-wine', 'isoforest-cancer', 'logreg-ovr-wine', 'more/glm-ordinal-logit', 'more/card-shared-codes', 'more/ruleset-weightedSum-id', 'more/association-categories', 'more/segments-nested', 'more/expressions-map', 'more/clusters-minkowski']) {
  const bytes = bytesOf(`${name.startsWith('more/') ? `pmml-${name}` : `pmml/${name}`}/model.pmml`), text = new TextDecoder().decode(bytes), encoder = new TextEncoder()

  test(`cut anywhere: ${name}`, async () => {
    // what follows the last tag is a line break
    const end = bytes.lastIndexOf(62)
    for (let i = 0; i < 40; i++) assert.equal(await survives(bytes.subarray(0, Math.floor(end * i / 40))), 'refused', `cut at ${i} of 40`)
  })

  test(`names and values exchanged, left out, doubled: ${name}`, async () => {
    const tokens = [...new Set(text.match(/"[^"]{1,40}"|<\/?[A-Za-z]+|[A-Za-z]+=/g))], edit = fc.record({ at: fc.nat(text.length - 1), length: fc.nat(60), to: fc.constantFrom(...tokens, '"-1"', '"1e999"', '"NaN"', '""', '"999999999"', '<', '>', '&amp;', ' ') })
    let answers = 0
    await fc.assert(fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 2 }), async edits => {
      let damaged = text
      for (const { at, length, to } of edits) {
        // where a token begins, so that the rest stays a document more often
        const from = Math.max(0, damaged.slice(0, at).search(/[<"][^<"]*$/))
        damaged = damaged.slice(0, from) + to + damaged.slice(from + (to.startsWith('"') ? Math.max(0, damaged.slice(from).indexOf('"', 1) + 1) : length))
      }
      if (await survives(encoder.encode(damaged)) === 'answers') answers++
    }), { numRuns: 60, seed: 5 })
    // and single values by others of the document, which leaves it well-formed
    const values = [...text.matchAll(/="([^"]*)"/g)].filter((_, i, all) => i % Math.max(1, Math.floor(all.length / 120)) === 0)
    for (const [i, { index, 1: value }] of values.entries()) {
      const other = values[(i * 7 + 3) % values.length]![1]!, from = index + 2
      if (await survives(encoder.encode(text.slice(0, from) + other + text.slice(from + value!.length))) === 'answers') answers++
    }
    assert.ok(answers > 0, 'no damaged document was read at all')
  })

  test(`bytes flipped: ${name}`, async () => {
    const flip = fc.record({ at: fc.nat(bytes.length - 1), to: fc.oneof(fc.nat(255), fc.constantFrom(...'0123456789-+.eE<>="/& '.split('').map(c => c.charCodeAt(0)))) })
    await fc.assert(fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), async flips => {
      const damaged = bytes.slice()
      for (const { at, to } of flips) damaged[at] = to
      await survives(damaged)
    }), { numRuns: 60, seed: 6 })
  })
}

const document = (fields: string, model: string, before = ''): Uint8Array => new TextEncoder().encode(`<PMML version="4.4"><DataDictionary><DataField name="y" optype="continuous" dataType="double"/>${fields}</DataDictionary>${before}${model}</PMML>`)
const X = '<DataField name="x" optype="continuous" dataType="double"/>'
const schema = '<MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>'
const regression = (inside: string, term = '<NumericPredictor name="d" coefficient="1"/>'): string => `<RegressionModel functionName="regression">${schema}${inside}<RegressionTable intercept="0">${term}</RegressionTable></RegressionModel>`
const local = (expression: string): string => `<LocalTransformations>${expression}</LocalTransformations>`
const derived = (name: string, expression: string, type = 'double'): string => `<DerivedField name="${name}" optype="continuous" dataType="${type}">${expression}</DerivedField>`

const HOSTILE: { readonly [name: string]: readonly [bytes: Uint8Array, code: string, message: RegExp] } = {
  'a field that is derived from itself': [document(X, regression(local(derived('d', '<FieldRef field="d"/>')))), 'BROKEN', /derived from itself/],
  'fields that are derived from each other': [document(X, regression(local(derived('d', '<FieldRef field="e"/>') + derived('e', '<FieldRef field="d"/>')))), 'BROKEN', /derived from itself/],
  'a function that calls itself': [document(X, regression(local(derived('d', '<Apply function="f"><FieldRef field="x"/></Apply>'))), '<TransformationDictionary><DefineFunction name="f" optype="continuous"><ParameterField name="a"/><Apply function="f"><FieldRef field="a"/></Apply></DefineFunction></TransformationDictionary>'), 'BROKEN', /calls itself/],
  'functions that double each other': [document(X, regression(local(derived('d', '<Apply function="f30"><FieldRef field="x"/></Apply>'))), `<TransformationDictionary>${Array.from({ length: 31 }, (_, i) => `<DefineFunction name="f${i}" optype="continuous"><ParameterField name="a"/>${i === 0 ? '<FieldRef field="a"/>' : `<Apply function="+"><Apply function="f${i - 1}"><FieldRef field="a"/></Apply><Apply function="f${i - 1}"><FieldRef field="a"/></Apply></Apply>`}</DefineFunction>`).join('')}</TransformationDictionary>`), 'UNSUPPORTED', /functions/],
  'a function that nobody knows': [document(X, regression(local(derived('d', '<Apply function="system"><FieldRef field="x"/></Apply>')))), 'UNSUPPORTED', /the function 'system'/],
  'an attribute that nobody knows': [document(X, regression('', '<NumericPredictor name="x" coefficient="1" twice="true"/>')), 'UNSUPPORTED', /attribute 'twice'/],
  'an element that nobody knows': [document(X, `<RegressionModel functionName="regression">${schema}<Secret/><RegressionTable intercept="0"/></RegressionModel>`), 'UNSUPPORTED', /<Secret>/],
  'a model that nobody knows': [document(X, `<GaussianProcessModel functionName="regression">${schema}</GaussianProcessModel>`), 'UNSUPPORTED', /<GaussianProcessModel>/],
  'a date': [document('<DataField name="x" optype="continuous" dataType="date"/>', regression('', '<NumericPredictor name="x" coefficient="1"/>')), 'UNSUPPORTED', /dataType = 'date'/],
  'a field that is not there': [document(X, regression('', '<NumericPredictor name="z" coefficient="1"/>')), 'BROKEN', /no field 'z'/],
  'entities': [new TextEncoder().encode('<!DOCTYPE lolz [<!ENTITY lol "lol">]><PMML version="4.4"><Header description="&lol;"/></PMML>'), 'UNSUPPORTED', /document type/],
  'version 2': [new TextEncoder().encode('<PMML version="2.1"><DataDictionary/></PMML>'), 'UNSUPPORTED', /version 2.1/],
}
for (const [name, [bytes, code, message]] of Object.entries(HOSTILE)) {
  test(`refused, with its place: ${name}`, async () => {
    await assert.rejects(pmml.read(oneFile('model.pmml', bytes), {}), (error: unknown) => error instanceof SluiceError && error.code === `SLUICE_MODEL_${code}` && message.test(error.message) && /line \d+|<\w+>/.test(error.at ?? '') || (assert.fail(String(error)), false))
  })
}
