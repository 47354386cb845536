import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inferAnswerBody, inferRequestOf } from './oip.ts'
import { bytesFrom, WireError } from './tensors.ts'
import type { WireTensor } from './tensors.ts'

const encoder = new TextEncoder(), decoder = new TextDecoder()
const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))
const input = (more: object): object => ({ name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4], ...more })
const dataOf = (more: object): unknown => inferRequestOf(json({ inputs: [input(more)] }), undefined).inputs[0]!.data

test('data flat or nested, of every type; whole numbers of 64 bits as they are written', () => {
  assert.deepEqual(dataOf({}), Float32Array.of(1, 2, 3, 4))
  assert.deepEqual(dataOf({ data: [[1, 2], [3, 4]] }), Float32Array.of(1, 2, 3, 4))
  assert.deepEqual(dataOf({ datatype: 'BOOL', data: [true, false, 1, 0] }), Uint8Array.of(1, 0, 1, 0))
  assert.deepEqual(dataOf({ datatype: 'INT8', data: [-128, 127, 0, 1] }), Int8Array.of(-128, 127, 0, 1))
  assert.deepEqual(dataOf({ datatype: 'BYTES', shape: [1], data: ['é'] }), [encoder.encode('é')])
  const large = encoder.encode('{"inputs":[{"name":"x","datatype":"INT64","shape":[2],"data":[9007199254740993,-9223372036854775808]}]}')
  assert.deepEqual(inferRequestOf(large, undefined).inputs[0]!.data, BigInt64Array.of(9007199254740993n, -(2n ** 63n)))
})

test('tensors behind the JSON, and answers the same way', () => {
  const numbers = Float32Array.of(1.5, -2), texts: WireTensor = { name: 't', datatype: 'BYTES', shape: [2], data: [encoder.encode('a'), encoder.encode('longer')] }, tail = [new Uint8Array(numbers.buffer), bytesFrom(texts)]
  const head = json({ id: '7', parameters: { binary_data_output: true, timeout: 5000 }, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }, { name: 't', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: tail[1]!.length } }], outputs: [{ name: 'y' }, { name: 'z', parameters: { binary_data: false } }] })
  const body = Uint8Array.from([...head, ...tail[0]!, ...tail[1]!]), request = inferRequestOf(body, head.length)
  assert.deepEqual(request.inputs.map(({ data }) => data), [numbers, texts.data])
  assert.deepEqual([request.id, request.timeoutMs, request.outputs], ['7', 5, [{ name: 'y', binary: true }, { name: 'z', binary: false }]])
  const { body: answer, jsonLength } = inferAnswerBody({ model: 'm', version: '3', id: '7', outputs: [{ ...texts, name: 'y' }, { name: 'z', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 60n) }] }, name => name === 'y')
  assert.equal(decoder.decode(answer.subarray(0, jsonLength)), `{"model_name":"m","model_version":"3","id":"7","outputs":[{"name":"y","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":${tail[1]!.length}}},{"name":"z","datatype":"INT64","shape":[1],"data":[1152921504606846976]}]}`)
  assert.deepEqual(answer.subarray(jsonLength), tail[1])
  assert.equal(inferAnswerBody({ model: 'm', version: '1', id: undefined, outputs: [] }, () => true).jsonLength, undefined)
})

test('what is wrong is said: counts, types, sizes, depths, bytes that are missing or left', () => {
  const refused = (body: Uint8Array, message: RegExp, length?: number): void => assert.throws(() => inferRequestOf(body, length), (error: unknown) => error instanceof WireError && error.status === 'invalid' && message.test(error.message) || (assert.fail(String(error)), false))
  refused(encoder.encode('{'), /not valid JSON/)
  refused(Uint8Array.of(255), /not valid UTF-8/)
  refused(json([]), /the body must be an object/)
  refused(json({}), /'inputs' must be a list/)
  for (const [more, message] of [[{ data: [1] }, /1 elements where its shape has 4/], [{ datatype: 'FP128' }, /"FP128" is none/], [{ data: [1, 'a', 3, 4] }, /element 1: "a" is no FP32/], [{ datatype: 'UINT8', data: [1, 256, 3, 4] }, /256 is no UINT8/], [{ datatype: 'INT32', data: [1.5, 2, 3, 4] }, /1.5 is no INT32/],
    [{ shape: [-1] }, /whole numbers from 0/], [{ data: [[[1]], [2], [3], [4]] }, /more deeply/], [{ data: 'x' }, /must be a list/], [{ name: 3 }, /must be a text/], [{ data: [[1, 2], [3, 4], [5, 6]] }, /more elements than the 4/]] as const) refused(json({ inputs: [input(more)] }), message)
  const head = json({ inputs: [{ name: 'x', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }] })
  refused(Uint8Array.from([...head, 0, 0, 0]), /binary_data_size 8, and 3 bytes are left/, head.length)
  refused(Uint8Array.from([...head, ...new Uint8Array(9)]), /1 bytes are left behind/, head.length)
  refused(head, /Content-Length is 999/, 999)
  const texts = json({ inputs: [{ name: 'x', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } }] })
  refused(Uint8Array.from([...texts, 255, 255, 255, 255, 1]), /ends behind the 5 bytes/, texts.length)
})
