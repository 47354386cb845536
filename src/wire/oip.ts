import { jsonOf, isObject, listOf, objectOf, textOf } from './json.ts'
import type { JsonObject } from './json.ts'
import { bytesFrom, countOf, elementsFrom, isDatatype, WireError } from './tensors.ts'
import type { Datatype, Elements, WireTensor } from './tensors.ts'

// Open Inference Protocol, version 2, over REST: bodies of `infer`. https://github.com/kserve/open-inference-protocol (predict-api-v2), with Triton's extension for tensors as bytes behind
// the JSON (protocol/extension_binary_data.md of triton-inference-server/server).

export interface InferRequest {
  readonly id: string | undefined
  readonly inputs: readonly WireTensor[]
  /** Absent: all. */
  readonly outputs: readonly { readonly name: string; readonly binary: boolean }[] | undefined
  /** Outputs that say nothing else, as bytes. */
  readonly binary: boolean
  readonly timeoutMs: number | undefined
}
export interface InferAnswer { readonly model: string; readonly version: string; readonly id: string | undefined; readonly outputs: readonly WireTensor[] }

/** `jsonLength`: what the header Inference-Header-Content-Length says, absent: all of it is JSON. @throws WireError invalid */
export function inferRequestOf(body: Uint8Array, jsonLength: number | undefined): InferRequest {
  if (jsonLength !== undefined && !(Number.isSafeInteger(jsonLength) && jsonLength > 0 && jsonLength <= body.length)) {
    throw new WireError('invalid', `Inference-Header-Content-Length is ${jsonLength}, and the body has ${body.length} bytes`)
  }
  const json = body.subarray(0, jsonLength ?? body.length), root = objectOf(jsonOf(json), 'the body')
  let at = jsonLength ?? body.length
  const takeBytes = (name: string, size: number): Uint8Array => {
    if (!Number.isSafeInteger(size) || size < 0 || at + size > body.length) throw new WireError('invalid', `tensor '${name}': binary_data_size ${size}, and ${body.length - at} bytes are left behind the JSON`)
    return body.subarray(at, at += size)
  }
  const inputs = listOf(root['inputs'], "'inputs'").map((given, i) => inputOf(objectOf(given, `inputs[${i}]`), i, json, takeBytes))
  if (at !== body.length) throw new WireError('invalid', `${body.length - at} bytes are left behind the tensors`)
  const parameters = isObject(root['parameters']) ? root['parameters'] : {}, timeout = Number(parameters['timeout'])
  const outputs = root['outputs'] === undefined || root['outputs'] === null ? undefined : listOf(root['outputs'], "'outputs'").map((given, i) => {
    const output = objectOf(given, `outputs[${i}]`), wanted = isObject(output['parameters']) ? output['parameters'] : {}
    return { name: textOf(output['name'], `outputs[${i}].name`), binary: wanted['binary_data'] === undefined ? parameters['binary_data_output'] === true : wanted['binary_data'] === true }
  })
  return {
    id: root['id'] === undefined || root['id'] === '' ? undefined : textOf(root['id'], "'id'"), inputs, outputs: outputs?.length === 0 ? undefined : outputs, binary: parameters['binary_data_output'] === true,
    timeoutMs: timeout > 0 ? timeout / 1000 : undefined,
  }
}

function inputOf(given: JsonObject, i: number, json: Uint8Array, takeBytes: (name: string, size: number) => Uint8Array): WireTensor {
  const name = textOf(given['name'], `inputs[${i}].name`), datatype = given['datatype']
  if (!isDatatype(datatype)) throw new WireError('invalid', `tensor '${name}': datatype ${JSON.stringify(datatype)} is none of the protocol`)
  const shape = listOf(given['shape'], `tensor '${name}': shape`).map(Number), count = countOf(name, shape)
  const size = isObject(given['parameters']) ? given['parameters']['binary_data_size'] : undefined
  if (size !== undefined) return { name, datatype, shape, data: elementsFrom(name, datatype, count, takeBytes(name, Number(size))) }
  return { name, datatype, shape, data: elementsOf(name, datatype, count, shape.length, listOf(given['data'], `tensor '${name}': data`), json) }
}

const encoder = new TextEncoder()
const LARGE = 2 ** 53

/** Of nested lists, or flat ones. */
function elementsOf(name: string, datatype: Datatype, count: number, depth: number, data: readonly unknown[], json?: Uint8Array): Elements {
  const flat = flatOf(name, data, count, depth)
  if (flat.length !== count) throw new WireError('invalid', `tensor '${name}': ${flat.length} elements where its shape has ${count}`)
  const wrong = (at: number): never => { throw new WireError('invalid', `tensor '${name}', element ${at}: ${JSON.stringify(flat[at])} is no ${datatype}`) }
  const range = RANGES[datatype]
  if (datatype === 'BYTES') return flat.map((value, at) => typeof value === 'string' ? encoder.encode(value) : typeof value === 'number' || typeof value === 'boolean' ? encoder.encode(String(value)) : wrong(at))
  if (datatype === 'BOOL') return Uint8Array.from(flat, (value, at) => value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : wrong(at))
  if (range === undefined) {
    const numbers = datatype === 'FP64' ? new Float64Array(count) : new Float32Array(count)
    for (let at = 0; at < count; at++) numbers[at] = typeof flat[at] === 'number' ? flat[at] as number : wrong(at)
    return numbers
  }
  if (datatype === 'INT64' || datatype === 'UINT64') {
    // numbers of JSON are doubles: what they cannot hold is read again, from the text
    const exact = flat.some(value => typeof value === 'number' && Math.abs(value) >= LARGE) && json !== undefined ? flatOf(name, largeIntegersOf(json, name), count, depth) : flat
    const [least, most] = range as readonly [bigint, bigint]
    const integers = exact.map((value, at) => {
      const integer = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : wrong(at)
      return integer >= least && integer <= most ? integer : wrong(at)
    })
    return datatype === 'INT64' ? BigInt64Array.from(integers) : BigUint64Array.from(integers)
  }
  const [least, most] = range as readonly [number, number], integers = new INTEGERS[datatype as keyof typeof INTEGERS](count)
  for (let at = 0; at < count; at++) {
    const value = flat[at]
    integers[at] = Number.isInteger(value) && (value as number) >= least && (value as number) <= most ? value as number : wrong(at)
  }
  return integers
}
const INTEGERS = { INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array }
const RANGES: { readonly [type in Datatype]?: readonly [number, number] | readonly [bigint, bigint] } = {
  INT8: [-128, 127], INT16: [-32768, 32767], INT32: [-(2 ** 31), 2 ** 31 - 1], UINT8: [0, 255], UINT16: [0, 65535], UINT32: [0, 2 ** 32 - 1], INT64: [-(2n ** 63n), 2n ** 63n - 1n], UINT64: [0n, 2n ** 64n - 1n],
}

function flatOf(name: string, data: readonly unknown[], count: number, depth: number): readonly unknown[] {
  if (!data.some(Array.isArray)) return data
  const flat: unknown[] = []
  const walk = (list: readonly unknown[], level: number): void => {
    if (level > depth) throw new WireError('invalid', `tensor '${name}': data is nested more deeply than its shape of ${depth}`)
    for (const value of list) {
      if (Array.isArray(value)) walk(value, level + 1)
      else flat.push(value)
    }
    if (flat.length > count) throw new WireError('invalid', `tensor '${name}': more elements than the ${count} of its shape`)
  }
  walk(data, 1)
  return flat
}

/** The data of an input with whole numbers as they are written. */
function largeIntegersOf(json: Uint8Array, name: string): readonly unknown[] {
  const exact = (_: string, value: unknown, context?: { readonly source?: string }): unknown => typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value
  const root = JSON.parse(new TextDecoder().decode(json), exact) as { readonly inputs: readonly { readonly name: string; readonly data: readonly unknown[] }[] }
  return root.inputs.find(input => input.name === name)!.data
}

/** The body, and of how many bytes its JSON is, where tensors follow it. Data are flat: Flink's client reads elements, never lists. */
export function inferAnswerBody({ model, version, id, outputs }: InferAnswer, binary: (output: string) => boolean): { readonly body: Uint8Array; readonly jsonLength: number | undefined } {
  const behind: Uint8Array[] = []
  const described = outputs.map(tensor => {
    const { name, datatype, shape } = tensor
    if (!binary(name)) return { name, datatype, shape, data: jsonElements(tensor) }
    const bytes = bytesFrom(tensor)
    behind.push(bytes)
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } }
  })
  const json = encoder.encode(jsonText({ model_name: model, model_version: version, ...id === undefined ? {} : { id }, outputs: described }))
  if (behind.length === 0) return { body: json, jsonLength: undefined }
  const body = new Uint8Array(json.length + behind.reduce((sum, { length }) => sum + length, 0))
  body.set(json)
  let at = json.length
  for (const bytes of behind) {
    body.set(bytes, at)
    at += bytes.length
  }
  return { body, jsonLength: json.length }
}

const lenient = new TextDecoder()
function jsonElements({ datatype, data }: WireTensor): readonly unknown[] {
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, value => value !== 0)
  return Array.from<unknown, unknown>(data as ArrayLike<unknown>, value => typeof value === 'object' ? lenient.decode(value as Uint8Array) : value)
}

/** Whole numbers of 64 bits as they are. What is no number has no place in JSON, and clients read null as 0: it is a text, which they refuse. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`
  if (isObject(value)) return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${jsonText(part)}`).join()}}`
  return JSON.stringify(value)
}
