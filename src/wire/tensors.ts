/** Tensors as the protocols of model servers have them, before and after they mean something to a model. */
export type Datatype = 'BOOL' | 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64' | 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'FP16' | 'FP32' | 'FP64' | 'BYTES'

export type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array | readonly Uint8Array[]

/** Row-major. FP16 is held as numbers, rounded already. */
export interface WireTensor { readonly name: string; readonly datatype: Datatype; readonly shape: readonly number[]; readonly data: Elements }

/** What a caller gets instead of an answer; each protocol has its own code and body for it. */
export type WireStatus = 'invalid' | 'unauthenticated' | 'not-found' | 'too-large' | 'exhausted' | 'unavailable' | 'deadline' | 'unsupported' | 'internal'

export class WireError extends Error {
  readonly status: WireStatus
  /** When it may go better. */
  readonly retryAfterMs: number | undefined
  constructor(status: WireStatus, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Bytes an element; BYTES: none that is fixed. */
const ELEMENT_BYTES: Readonly<{ [type in Datatype]: number }> = {
  BOOL: 1, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8, INT8: 1, INT16: 2, INT32: 4, INT64: 8, FP16: 2, FP32: 4, FP64: 8, BYTES: 0,
}
export const isDatatype = (text: unknown): text is Datatype => typeof text === 'string' && Object.hasOwn(ELEMENT_BYTES, text)

/** How many elements a shape has. @throws WireError invalid */
export function countOf(name: string, shape: readonly number[]): number {
  let count = 1
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new WireError('invalid', `tensor '${name}': its shape holds ${size}; sizes are whole numbers from 0 on`)
    count *= size
  }
  if (count > 2 ** 31) throw new WireError('too-large', `tensor '${name}': a shape of ${count} elements`)
  return count
}

const MAKERS: Readonly<{ [type in Exclude<Datatype, 'BYTES' | 'FP16'>]: new (buffer: ArrayBuffer) => Exclude<Elements, readonly Uint8Array[]> }> = {
  BOOL: Uint8Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array,
  FP32: Float32Array, FP64: Float64Array,
}

/** Elements as they lie in a message: little-endian, one after the other; BYTES with their length before each, u32. @throws WireError invalid: more or fewer than the shape says */
export function elementsFrom(name: string, datatype: Datatype, count: number, bytes: Uint8Array): Elements {
  if (datatype === 'BYTES') return textsFrom(name, count, bytes)
  const wanted = count * ELEMENT_BYTES[datatype]
  if (bytes.length !== wanted) throw new WireError('invalid', `tensor '${name}': ${bytes.length} bytes where ${count} elements of ${datatype} take ${wanted}`)
  // an own copy: it must be aligned, and the message goes
  const own = bytes.slice().buffer
  if (datatype !== 'FP16') return new MAKERS[datatype](own)
  return Float32Array.from(new Uint16Array(own), half)
}

export function bytesFrom({ datatype, data }: WireTensor): Uint8Array {
  if ('BYTES_PER_ELEMENT' in data && datatype !== 'FP16') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if ('BYTES_PER_ELEMENT' in data) throw new WireError('unsupported', 'no model here answers with FP16')
  const out = new Uint8Array(data.reduce((sum, text) => sum + 4 + text.length, 0)), view = new DataView(out.buffer)
  let at = 0
  for (const text of data) {
    view.setUint32(at, text.length, true)
    out.set(text, at + 4)
    at += 4 + text.length
  }
  return out
}

function textsFrom(name: string, count: number, bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), texts: Uint8Array[] = []
  let at = 0
  // the bytes are counted before the elements are believed
  while (at < bytes.length) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Infinity
    if (at + 4 + length > bytes.length) throw new WireError('invalid', `tensor '${name}': element ${texts.length} of BYTES ends behind the ${bytes.length} bytes of the tensor`)
    texts.push(bytes.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  if (texts.length !== count) throw new WireError('invalid', `tensor '${name}': ${texts.length} elements of BYTES where its shape has ${count}`)
  return texts
}

/** A float16, of its bits. */
function half(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1, exponent = bits >> 10 & 31, fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
