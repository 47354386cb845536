import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { zipOf } from '../../../test/zip.ts'
import type { Packed } from '../../../test/zip.ts'
import { SluiceError } from '../../core/errors.ts'
import { isZip, zipFiles } from './zip.ts'

const text = (of: string): Uint8Array => new TextEncoder().encode(of)
const a: Packed = { name: 'a', content: text('aaaaaaaaaaaaaaaaaaaaaaaaaaaa') }, b: Packed = { name: 'b', content: text('b') }
const BROKEN = { code: 'SLUICE_MODEL_BROKEN' }, UNSUPPORTED = { code: 'SLUICE_MODEL_UNSUPPORTED' }

async function readAll(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = zipFiles('model.zip', bytes), contents = new Map<string, Uint8Array>()
  for (const name of files.names) contents.set(name, await files.read(name))
  return contents
}

test('stored, deflated, empty and large files, folders left out', async () => {
  const large = new Uint8Array(300_000).map((_, i) => (i * i) >>> 3)
  const bytes = zipOf([{ name: 'root/', content: text(''), stored: true }, { ...a, name: 'root/ä' }, { ...b, stored: true }, { name: 'empty', content: text('') }, { name: 'large', content: large }], 'a comment')
  assert.equal(isZip(bytes), true)
  assert.deepEqual(await readAll(bytes), new Map([['root/ä', a.content], ['b', b.content], ['empty', text('')], ['large', large]]))
  // bytes that lie anywhere in a buffer
  const shifted = new Uint8Array(bytes.length + 13)
  shifted.set(bytes, 13)
  assert.deepEqual((await readAll(shifted.subarray(13))).get('large'), large)
})

test('an empty archive, and what is none', async () => {
  assert.deepEqual(zipFiles('model.zip', zipOf([])).names, [])
  assert.equal(isZip(zipOf([])), true)
  assert.equal(isZip(text('PK is the beginning of this text')), false)
  assert.throws(() => zipFiles('model.zip', text('PK')), BROKEN)
  await assert.rejects(zipFiles('model.zip', zipOf([a])).read('b'), BROKEN)
})

for (const name of ['', '/etc/passwd', '../up', 'root/../../up', 'root/..', './a', 'a//b', 'a\\b', '..\\up', 'C:/a', 'c:a', 'a\0b', '/', '//']) {
  test(`names that lead elsewhere are refused: ${JSON.stringify(name)}`, () => {
    assert.throws(() => zipFiles('model.zip', zipOf([{ name, content: text('') }])), UNSUPPORTED)
  })
}

const lies: { readonly [what: string]: [readonly Packed[], typeof BROKEN] } = {
  'a name twice': [[a, b, a], BROKEN],
  'a folder twice': [[{ name: 'f/', content: text('') }, { name: 'f/', content: text('') }], BROKEN],
  'a folder with content': [[{ ...a, name: 'f/' }], BROKEN],
  'files that share bytes': [[a, { ...a, name: 'b', localName: 'a', offset: 0 }], BROKEN],
  'another name in front of the data': [[{ ...a, localName: 'b' }], BROKEN],
  'data that is not there': [[a, { ...b, offset: 1 }], BROKEN],
  'data in the directory': [[{ ...a, offset: 60 }], BROKEN],
  'a wrong checksum': [[{ ...a, crc: 1 }], BROKEN],
  'less than is said': [[{ ...a, size: 29 }], BROKEN],
  'more than is said': [[{ ...a, size: 27 }], BROKEN],
  'stored, of another size': [[{ ...a, stored: true, size: 27 }], BROKEN],
  'deflated in name only': [[{ ...a, stored: true, method: 8 }], BROKEN],
  'encryption': [[{ ...a, flags: 1 }], UNSUPPORTED],
  'strong encryption': [[{ ...a, flags: 0x41 }], UNSUPPORTED],
  'an encrypted directory': [[{ ...a, flags: 0x2000 }], UNSUPPORTED],
  'bzip2': [[{ ...a, method: 12 }], UNSUPPORTED],
  'a link': [[{ ...a, mode: 0o120777 }], UNSUPPORTED],
  'zip64': [[{ ...a, size: 0xffffffff }], UNSUPPORTED],
  'a size of 3 GiB': [[{ ...a, size: 3 * 2 ** 30 }], UNSUPPORTED],
  'sizes that add up to too much': [Array.from({ length: 40 }, (_, i) => ({ ...a, name: String(i), size: 2 ** 20 })), UNSUPPORTED],
  'zeros without end': [[{ name: 'zeros', content: new Uint8Array(2 ** 25) }], UNSUPPORTED],
}
for (const [what, [files, error]] of Object.entries(lies)) test(`refused: ${what}`, () => assert.rejects(readAll(zipOf(files)), error))

test('a bomb that hides its size comes to nothing more than the size it says', async () => {
  const bytes = zipOf([{ name: 'zeros', content: new Uint8Array(2 ** 26), size: 10, crc: 0 }])
  const before = process.memoryUsage().arrayBuffers
  await assert.rejects(readAll(bytes), BROKEN)
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 24)
})

test('cut anywhere, or with bytes flipped: refused by name, or the same content', async () => {
  const bytes = zipOf([a, { ...b, stored: true }, { name: 'c/d', content: new Uint8Array(5000).map((_, i) => i % 251) }])
  const whole = await readAll(bytes)
  for (let length = 0; length < bytes.length; length++) await assert.rejects(async () => readAll(bytes.subarray(0, length)), BROKEN, `cut at ${length}`)
  let refused = 0
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) }), { minLength: 1, maxLength: 3 }), async flips => {
    const damaged = bytes.slice()
    for (const { at, to } of flips) damaged[at] = to
    try {
      const contents = await readAll(damaged)
      // a name and its copy may both have changed; a content never without its checksum
      for (const content of contents.values()) assert.ok([...whole.values()].some(of => Buffer.from(of).equals(content)))
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      assert.match(error.code, /^SLUICE_MODEL_(BROKEN|UNSUPPORTED)$/)
      refused++
    }
  }), { numRuns: 200, seed: 21 })
  assert.ok(refused > 100)
})
