import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAvro } from '../../codecs/avro-schema.ts'
import { avroWriter } from '../../codecs/avro-write.ts'
import { frameBytes, readFrame, SCHEMA_HEADER } from '../../codecs/framing.ts'
import type { Frame } from '../../codecs/framing.ts'
import { writeHeaders } from '../../codecs/headers.ts'
import { Packer } from '../../codecs/pack.ts'
import { openProtobuf } from '../../codecs/protobuf.ts'
import type { Records } from '../../core/index.ts'
import type { SchemaType } from './client.ts'
import { payloadOf } from './schemas.ts'

interface Case {
  readonly name: string
  readonly type: SchemaType
  readonly schema: string
  readonly references: readonly { readonly name: string; readonly text: string }[]
  readonly id: number
  readonly guid: string
  readonly headers: readonly (readonly [string, string])[]
  readonly value: string
  readonly expected: { readonly [name: string]: unknown }
}
const { cases } = JSON.parse(readFileSync(new URL('../../../test/golden/registry/payloads.json', import.meta.url), 'utf8')) as { cases: readonly Case[] }

function recordsOf({ headers, value }: Pick<Case, 'headers' | 'value'>): Records {
  const packer = new Packer(1, 1000)
  packer.row(0)
  packer.append(Uint8Array.of(9, 9, 9))
  if (headers.length > 0) {
    const at = packer.length
    writeHeaders(packer, [{ name: 'before', value: null }, ...headers.map(([name, text]) => ({ name, value: Buffer.from(text, 'base64') })), { name: 'x'.repeat(SCHEMA_HEADER.length), value: Buffer.from('y') }])
    packer.setHeaders(at)
  }
  const at = packer.length
  packer.append(Buffer.from(value, 'base64'))
  packer.setValue(at)
  packer.append(Uint8Array.of(9, 9, 9))
  return packer.finish()
}

test('golden: what the serializers of confluent-kafka wrote is read as it was meant', async () => {
  assert.ok(cases.length > 20)
  for (const each of cases) {
    const records = recordsOf(each), frame: Frame = { schema: 0, after: 0, inHeader: false, end: 0 }
    readFrame(records, 0, frame)
    assert.equal(frame.schema, each.headers.length > 0 ? each.guid : each.id, each.name)
    const payload = await payloadOf({ type: each.type, text: each.schema, references: [] }, each.references, undefined)
    const value = payload.decode(records.bytes, frame, frame.inHeader ? records.values.start[0]! : frame.after, records.values.end[0]!)
    assert.deepEqual(JSON.parse(JSON.stringify(value)), each.expected, each.name)
  }
})

test('golden: what is read is written to the same bytes again; of Protobuf, which leaves the order open, to the same message', async () => {
  for (const { name, type, schema, references, id, guid, headers, value, expected } of cases) {
    const written = Buffer.from(value, 'base64'), inHeader = headers.length > 0, packer = new Packer(1, 10)
    if (type === 'AVRO') {
      avroWriter(parseAvro(schema, references.map(({ text }) => text)))(expected, packer)
      const framed = Buffer.concat([inHeader ? Buffer.alloc(0) : frameBytes(id), packer.bytes.subarray(0, packer.length)])
      assert.equal(framed.toString('hex'), written.toString('hex'), name)
      if (inHeader) assert.equal(Buffer.from(frameBytes(guid)).toString('base64'), headers[0]![1])
    }
    if (type === 'PROTOBUF') {
      const file = await openProtobuf(schema, references), front = Buffer.from(inHeader ? headers[0]![1] : value, 'base64')
      const message = ['Ride', 'Second', 'rides.v1.Ride.Stop', 'Innermost', 'Other', 'rides.v1.Ride.Stop.Deep'].map(each => file.named(each)!)
        .find(({ indexes }) => front.subarray(0, frameBytes(inHeader ? guid : id, indexes).length).equals(frameBytes(inHeader ? guid : id, indexes)) && (indexes.length > 1 || front[inHeader ? 17 : 5] === indexes[0]! * 2))
      assert.ok(message !== undefined, name)
      message.encode(expected, packer)
      assert.deepEqual(JSON.parse(JSON.stringify(message.decode(packer.bytes, 0, packer.length))), expected, name)
      assert.ok(packer.length <= written.length, `${name}: defaults are not written`)
    }
  }
})
