import { codecSuite } from '../conformance/index.ts'
import type { CodecValue } from '../conformance/index.ts'
import type { Records } from '../core/index.ts'
import { csvValues, encodeCsvLine } from './csv.ts'
import { jsonValues } from './json.ts'
import { Packer } from './pack.ts'
import { valuesOf } from './values.ts'

function packed(texts: readonly string[], columns?: readonly string[]): Records {
  const packer = new Packer(texts.length, 1024)
  for (const text of texts) {
    packer.row(0)
    const at = packer.length
    packer.text(text)
    packer.setValue(at)
  }
  return packer.finish(columns)
}
const bytesOf = (texts: readonly string[]): Uint8Array[] => texts.map(text => new TextEncoder().encode(text))
const noUtf8 = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)
const brokenJson = [...bytesOf(['', '{', '{"a":1', '{"a":1}x', '[1]', 'null', '{"a":tru}', '{"a":"\n"}']), noUtf8]
const brokenCsv = [...bytesOf(['', '1,2', '1,2,3,4,5,6', '"1,2,3,4,5', '"1"x,2,3,4,5', '1,a"b,3,4,5']), noUtf8]

const toJson = (values: readonly CodecValue[]): Records => packed(values.map(value => JSON.stringify(value)))
const toCsv = (values: readonly CodecValue[], names: readonly string[]): Records =>
  packed(values.map(value => encodeCsvLine(names.map(name => value[name] === null ? null : String(value[name])))), names)

codecSuite('json', async () => ({ encode: toJson, decode: jsonValues, broken: brokenJson }))
codecSuite('json with spaces', async () => ({ encode: values => packed(values.map(value => ` ${JSON.stringify(value, undefined, 2)}\n`)), decode: jsonValues, broken: brokenJson }))
codecSuite('csv', async () => ({ encode: toCsv, decode: (records, paths, wanted) => csvValues(records, records.columns!, paths, wanted), broken: brokenCsv }))
codecSuite('the codec that records ask for: json', async () => ({ encode: toJson, decode: valuesOf, broken: brokenJson }))
codecSuite('the codec that records ask for: csv', async () => ({ encode: toCsv, decode: valuesOf, broken: brokenCsv }))
