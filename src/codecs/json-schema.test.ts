import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SluiceError } from '../core/index.ts'
import { openJsonSchema } from './json-schema.ts'

const ride = { type: 'object', properties: { km: { type: 'number', minimum: 0 }, at: { type: 'string', format: 'date-time' } }, required: ['km'], additionalProperties: false }

test('dialects: each means what its draft says', async () => {
  for (const $schema of [undefined, 'http://json-schema.org/draft-06/schema#', 'http://json-schema.org/draft-07/schema', 'http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2019-09/schema', 'https://json-schema.org/draft/2020-12/schema']) {
    const check = await openJsonSchema(JSON.stringify({ $schema, ...ride }))
    check({ km: 1, at: 'no time' })
    assert.throws(() => check({ km: -1 }), { code: 'SLUICE_SCHEMA_MISMATCH', severity: 'record', message: /'\/km' must be >= 0/ }, $schema)
  }
  // items as a list is a tuple before 2020-12, prefixItems from then on
  const old = await openJsonSchema('{"items":[{"type":"string"}]}'), young = await openJsonSchema('{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{"type":"string"}]}')
  for (const check of [old, young]) { check(['x', 1]); assert.throws(() => check([1])) }
  await assert.rejects(openJsonSchema('{"$schema":"http://json-schema.org/draft-04/schema#"}'), /draft-04.*not understood/)
})

test('mismatch: says where, and never what the value is', async () => {
  const check = await openJsonSchema(JSON.stringify(ride))
  for (const [value, about] of [[{}, /the value must have required property 'km'/], [{ km: 'secret' }, /'\/km' must be number/], [{ km: 1, more: 'secret' }, /additional properties \('more'\)/], ['secret', /the value must be object/]] as const) {
    assert.throws(() => { check(value) }, (error: unknown) => error instanceof SluiceError && about.test(error.message) && !error.message.includes('secret'), String(about))
  }
})

test('references: found under the names that the registry gives them, recursion included', async () => {
  const check = await openJsonSchema('{"type":"object","properties":{"place":{"$ref":"place.json"},"next":{"$ref":"#"}}}', [{ name: 'place.json', text: '{"type":"object","properties":{"lat":{"$ref":"number.json"}}}' }, { name: 'number.json', text: '{"type":"number"}' }])
  check({ place: { lat: 1 }, next: { next: {} } })
  assert.throws(() => { check({ next: { place: { lat: 'x' } } }) }, /'\/next\/place\/lat'/)
  await assert.rejects(openJsonSchema('{"$ref":"nowhere.json"}'), /nowhere/)
  await assert.rejects(openJsonSchema('[]'), /object/)
  await assert.rejects(openJsonSchema('nonsense'), /JSON/)
  await assert.rejects(openJsonSchema('{"type":"nothing"}'), /type/)
})
