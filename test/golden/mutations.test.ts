import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/core/errors.ts'
import { openModel, readModel } from '../../src/models/index.ts'
import { bytesOf, featuresOf, oneFile, readCsv, score } from './golden.ts'
import type { Table } from './golden.ts'

const MODELS: [string, string, string][] = [
  ['xgboost', 'cat-partition-orders', 'model.json'], ['xgboost', 'cat-onehot-orders', 'model.ubj'], ['xgboost', 'multitree-vector-leaf-trump', 'model.ubj'],
  ['xgboost', 'dart-cancer', 'model.json'], ['xgboost', 'gblinear-diabetes', 'model.ubj'], ['lightgbm', 'cat-str-orders', 'model.txt'],
  ['lightgbm', 'linear-tree-diabetes', 'model.txt'], ['lightgbm', 'rf-cancer', 'model.txt'],
]

/** A damaged file is refused with a name, or is a model that answers; never anything else. */
async function survives(file: string, bytes: Uint8Array, rows: Table): Promise<'answers' | 'refused'> {
  try {
    const model = await readModel(oneFile(file, bytes))
    const { predictor } = await openModel(model, { name: 'damaged', version: '1' })
    const width = model.signature.inputs[0]!.shape[1]!
    // names and categories may have changed with the file: numbers from anywhere do
    const features = { ...featuresOf({ ...model, signature: { ...model.signature, inputs: [{ ...model.signature.inputs[0]!, columns: Array.from({ length: width }, (_, i) => ({ name: String(i % rows.columns.length) })) }] } }, rows) }
    for (const spec of model.signature.outputs) assert.equal(score(predictor, features).get(spec.name)!.shape[0], rows.rows.length)
    return 'answers'
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED|UNKNOWN)$/)
    return 'refused'
  }
}

for (const [format, name, file] of MODELS) {
  const bytes = bytesOf(`${format}/${name}/${file}`)
  const table = readCsv(`${format}/${name}/inputs.csv`)
  const rows = { columns: table.columns.map((_, i) => String(i)), rows: table.rows.slice(0, 20) }

  test(`cut anywhere: ${format}/${name}/${file}`, async () => {
    // what follows the trees of LightGBM is not needed to score: a cut there is found only where it leaves something open
    const end = format === 'lightgbm' ? new TextDecoder().decode(bytes).indexOf('end of trees') : bytes.length
    const step = Math.max(1, Math.floor(end / 100))
    for (let length = 0; length < end; length += step) assert.equal(await survives(file, bytes.subarray(0, length), rows), 'refused', `cut at ${length}`)
    for (let length = end; length < bytes.length; length += step) await survives(file, bytes.subarray(0, length), rows)
  })

  test(`bytes flipped anywhere: ${format}/${name}/${file}`, async () => {
    let answers = 0
    const flip = fc.record({ at: fc.nat(bytes.length - 1), to: fc.oneof(fc.nat(255), fc.constantFrom(...'0123456789-+.eE,[]{}" \n=:'.split('').map(c => c.charCodeAt(0)))) })
    await fc.assert(fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 4 }), async flips => {
      const damaged = bytes.slice()
      for (const { at, to } of flips) damaged[at] = to
      if (await survives(file, damaged, rows) === 'answers') answers++
    }), { numRuns: 100, seed: 11 })
    assert.ok(answers > 0, 'no damaged file was read at all: the readers were not tested behind their first check')
  })

  test(`pieces moved, doubled and left out: ${format}/${name}/${file}`, async () => {
    const piece = fc.record({ from: fc.nat(bytes.length), length: fc.nat(400), to: fc.nat(bytes.length), replace: fc.boolean() })
    await fc.assert(fc.asyncProperty(piece, async ({ from, length, to, replace }) => {
      const damaged = [...bytes.subarray(0, to), ...bytes.subarray(from, from + length), ...bytes.subarray(replace ? to + length : to)]
      await survives(file, Uint8Array.from(damaged), rows)
    }), { numRuns: 40, seed: 12 })
  })
}
