import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Tensor } from '../../src/core/tensors.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { onnx } from '../../src/models/formats/onnx/index.ts'
import { oneFile, score } from './golden.ts'

type Cell = number | string
/** One graph made by make-onnx.py or make-onnx-exports.py. Without outputs: it is to be refused. */
interface Case { readonly name: string; readonly model: string; readonly rows: readonly (readonly Cell[])[]; readonly outputs?: { readonly [name: string]: readonly (readonly Cell[])[] } }

const casesOf = (file: string): readonly Case[] => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as readonly Case[]
/** Sums of products differ in their last digits by the order that they are added in, of whole models more than of single operators: against the
    largest number of the row. */
const FILES = [['onnx-operators.json', 2e-6], ['onnx-exports.json', 2e-5]] as const

function assertNear(name: string, got: Cell, want: Cell, allowed: number): boolean {
  if (typeof got === 'string') {
    assert.equal(got, want, name)
    return true
  }
  const wanted = Number(want), isSame = Object.is(got, wanted) || got === wanted || got === Math.fround(wanted)
  assert.ok(isSame || Math.abs(got - wanted) <= allowed, `${name}: ${got} where ${want} belongs`)
  return isSame
}

let same = 0, all = 0
for (const [file, tolerance] of FILES) for (const { name, model: base64, rows, outputs } of casesOf(file)) {
  const files = oneFile('model.onnx', Uint8Array.from(atob(base64), c => c.charCodeAt(0)))
  if (outputs === undefined) {
    test(`refused: ${name}`, async () => { await assert.rejects(onnx.read(files, {}), { code: 'SLUICE_MODEL_UNSUPPORTED' }) })
    continue
  }
  test(`as ONNX Runtime: ${name}`, async () => {
    const model = await onnx.read(files, {}), { dtype, columns } = model.signature.inputs[0]!
    const cells = rows.flatMap(row => row.map((cell, i) => columns![i]!.categories?.indexOf(cell) ?? Number(cell)))
    assert.equal(cells.length, rows.length * columns!.length)
    const features: Tensor = { dtype, shape: [rows.length, columns!.length], data: dtype === 'float32' ? Float32Array.from(cells) : Float64Array.from(cells) }
    const answers = score(await plain.open(model, { name, version: '1' }), features)
    for (const [output, expected] of Object.entries(outputs)) {
      const raw = model.raw[output]!, { data, shape } = answers.get(typeof raw === 'string' ? raw : raw.output)!, width = shape[1] ?? 1
      for (const [r, row] of expected.entries()) {
        assert.equal(row.length, width, `numbers of ${output}`)
        const allowed = tolerance * Math.max(0.1, ...row.map(cell => Math.abs(Number(cell))).filter(Number.isFinite))
        for (const [k, want] of row.entries()) {
          const got = 'words' in data ? data.words[data.codes[r * width + k]!] ?? '' : Number(data[r * width + k])
          all++
          if (assertNear(`${output}, row ${r}, number ${k}`, got, want, allowed)) same++
        }
      }
    }
  })
}

test('most numbers are those of ONNX Runtime to the last bit', t => {
  t.diagnostic(`${same} of ${all}`)
  assert.ok(all > 5000 && same > all * 0.7)
})
