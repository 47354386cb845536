import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/core/errors.ts'
import { plain } from '../../src/models/evaluators/plain/index.ts'
import { spark } from '../../src/models/formats/spark/index.ts'
import { filesIn, filesOf } from './folders.ts'
import type { Contents } from './folders.ts'
import { goldenNames } from './golden.ts'

/** A damaged model is refused with a name, or answers; never anything else. */
async function survives(contents: Contents): Promise<'answers' | 'refused'> {
  try {
    const model = await spark.read(filesOf(contents), {}), predictor = await plain.open(model, { name: 'damaged', version: '1' }), width = model.signature.inputs[0]!.shape[1]!
    const features = { dtype: 'float64' as const, shape: [3, width], data: Float64Array.from({ length: 3 * width }, (_, i) => i % 3) }
    const { outputs } = await predictor.predict({ rows: 3, tensors: new Map([['features', features]]), release() {} }, undefined, new AbortController().signal)
    for (const { name } of model.signature.outputs) assert.equal(outputs.tensors.get(name)!.shape[0], 3)
    return 'answers'
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED|UNKNOWN)$/)
    return 'refused'
  }
}

const NUMBERS = ['0', '-1', '2147483647', '1e300', '0.5', 'null', '[]', '"x"', '{}', 'true']
const random = <T>(list: readonly T[], at: number): T => list[at % list.length]!

for (const name of goldenNames('spark')) {
  test(`damaged: ${name}`, async () => {
    const files = filesIn(`spark/${name}/model`), contents = new Map<string, Uint8Array>()
    for (const file of files.names) contents.set(file, await files.read(file))
    let answers = 0
    const damage = fc.record({ file: fc.nat(), kind: fc.constantFrom('flip', 'cut', 'leave out', 'number', 'swap'), at: fc.nat(), to: fc.nat(255) })
    await fc.assert(fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async damages => {
      const damaged = new Map(contents)
      for (const { file, kind, at, to } of damages) {
        const path = random(files.names, file), bytes = contents.get(path)!
        if (kind === 'leave out') damaged.delete(path)
        else if (kind === 'cut') damaged.set(path, bytes.subarray(0, at % bytes.length))
        else if (kind === 'swap') damaged.set(path, contents.get(random(files.names, at))!)
        else if (kind === 'flip') damaged.set(path, bytes.map((byte, i) => i === at % bytes.length ? to : byte))
        else {
          const texts = new TextDecoder('latin1').decode(bytes).split(/(?<=[:[,])(-?\d[\d.eE+-]*)/)
          texts[1 + at % Math.max(1, texts.length - 1)] = random(NUMBERS, to)
          damaged.set(path, Uint8Array.from(texts.join(''), letter => letter.charCodeAt(0) & 255))
        }
      }
      if (await survives(damaged) === 'answers') answers++
    }), { numRuns: 100, seed: 21 })
    assert.ok(answers > 0, 'no damaged model was read at all')
  })
}
