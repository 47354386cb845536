// A network of 8 x 8 pixels, asked by pipelines whose records are lists, or hold them: the labels are those of ONNX Runtime.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Definition } from '../../src/pipeline/schema.ts'
import { runInMemory } from '../../src/testing/index.ts'
import { folder, readCsv } from './golden.ts'

const images = readCsv('onnx/mlp-clf-digits/inputs.csv').rows.map(row => row.map(Number)), truth = readCsv('onnx/mlp-clf-digits/expected_ort.csv')
const labels = truth.rows.map(row => Number(row[truth.columns.indexOf('label')]))
const square = (image: readonly number[]): number[][] => Array.from({ length: 8 }, (_, i) => image.slice(i * 8, i * 8 + 8))
const half = ({ image }: { readonly [name: string]: unknown }): number[] => (image as number[]).map(pixel => pixel / 2)

interface Case { readonly title: string; readonly features?: Definition['features']; record(image: readonly number[]): unknown }
const CASES: readonly Case[] = [
  { title: 'records that are lists', record: image => image },
  { title: 'lists in lists, as Python writes them', features: { X: '$' }, record: image => JSON.stringify(square(image)).replaceAll(',', ', ') },
  { title: 'a list in an object', features: { X: 'photo.pixels' }, record: image => ({ id: 1, photo: { pixels: image, taken: '2026-01-01' } }) },
  { title: 'a list that a function makes', features: { X: half }, record: image => ({ image: image.map(pixel => pixel * 2) }) },
  { title: 'pixel by pixel', features: Object.fromEntries(images[0]!.map((_, i) => [`X_${i}`, `[${i >> 3}][${i & 7}]`])), record: square },
]
for (const { title, features, record } of CASES) {
  test(`whole-lists, ${title}: every label is the library's`, async () => {
    const definition: Definition = {
      name: 'digits', source: { stdin: {} }, ...features === undefined ? {} : { features }, sink: { stdout: {} }, reject: { stdout: {} }, result: { object: { label: 'label' }, origin: false },
      strategy: { embedded: { model: fileURLToPath(new URL('onnx/mlp-clf-digits/model.onnx', folder)) } },
    }
    const values = images.map(record), broken = typeof values[0] === 'string' ? '[[1, 2], [3]]' : Array.isArray(values[0]) ? [1, 2, 3] : {}
    const { results, rejects } = await runInMemory(definition, [...values, broken].map(value => ({ value: typeof value === 'string' ? value : JSON.stringify(value) })))
    assert.deepEqual(results.map(result => (result.json() as { readonly label: number }).label), labels)
    assert.equal(rejects.length, 1)
  })
}
