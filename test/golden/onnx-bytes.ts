/* Just enough of a writer of ONNX files to make hostile ones. */

const utf8 = new TextEncoder()

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}
type Bytes = Uint8Array | readonly number[]
/** A field whose value is bytes, as long as it says or as long as they are. */
export const field = (number: number, value: Bytes | string | number, length?: number): Uint8Array => {
  if (typeof value === 'number') return Uint8Array.from([...varint(number * 8), ...varint(value)])
  const bytes = typeof value === 'string' ? utf8.encode(value) : value
  return joined(varint(number * 8 + 2), varint(length ?? bytes.length), bytes)
}
export function joined(...parts: readonly Bytes[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
const each = (number: number, values: readonly (Bytes | string | number)[]): Uint8Array[] => values.map(value => field(number, value))

export const FLOAT = 1, INT64 = 7, STRING = 8
/** dims: 'N' is the rows, a number a size. */
const valueInfo = (name: string, dims: readonly (number | 'N')[], type: number): Uint8Array =>
  joined(field(1, name), field(2, field(1, joined(field(1, type), field(2, joined(...each(1, dims.map(dim => dim === 'N' ? field(2, 'N') : field(1, dim)))))))))

export const tensor = (name: string, type: number, dims: readonly number[], raw: Bytes): Uint8Array => joined(...each(1, dims), field(2, type), field(8, name), field(9, raw))
export const ints = (name: string, values: readonly number[]): Uint8Array => tensor(name, INT64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer))
export const floats = (name: string, dims: readonly number[], values: readonly number[]): Uint8Array => tensor(name, FLOAT, dims, new Uint8Array(Float32Array.from(values).buffer))

type Attribute = number | string | readonly number[] | { readonly floats: readonly number[] } | { readonly texts: readonly string[] } | { readonly graph: Bytes } | { readonly tensor: Bytes }
function attribute(name: string, value: Attribute): Uint8Array {
  const typed = (type: number, ...parts: readonly Uint8Array[]): Uint8Array => joined(field(1, name), ...parts, field(20, type))
  if (typeof value === 'number') return typed(2, field(3, value))
  if (typeof value === 'string') return typed(3, field(4, value))
  if ('graph' in value) return typed(5, field(6, value.graph))
  if ('tensor' in value) return typed(4, field(5, value.tensor))
  if ('floats' in value) return typed(6, field(7, new Uint8Array(Float32Array.from(value.floats).buffer)))
  if ('texts' in value) return typed(8, ...each(9, value.texts))
  return typed(7, field(8, value.flatMap(varint)))
}
/** `inputs` and `outputs` with blanks between. */
export const node = (op: string, inputs: string, outputs: string, attributes: { readonly [name: string]: Attribute } = {}, domain = ''): Uint8Array =>
  joined(...each(1, inputs === '' ? [] : inputs.split(' ')), ...each(2, outputs.split(' ')), field(4, op), ...each(5, Object.entries(attributes).map(([name, value]) => attribute(name, value))), field(7, domain))
export const ml = (op: string, inputs: string, outputs: string, attributes: { readonly [name: string]: Attribute } = {}): Uint8Array => node(op, inputs, outputs, attributes, 'ai.onnx.ml')

interface GraphParts { readonly nodes: readonly Bytes[]; readonly inputs?: { readonly [name: string]: readonly (number | 'N')[] }; readonly type?: number; readonly constants?: readonly Bytes[]; readonly outputs?: readonly string[] }
export const graph = ({ nodes, inputs = { x: ['N', 4] }, type = FLOAT, constants = [], outputs = ['y'] }: GraphParts): Uint8Array =>
  joined(...each(1, nodes), field(2, 'g'), ...each(5, constants), ...each(11, Object.entries(inputs).map(([name, dims]) => valueInfo(name, dims, type))), ...each(12, outputs.map(name => valueInfo(name, ['N', 1], FLOAT))))
const opset = (domain: string, version: number): Uint8Array => field(8, joined(field(1, domain), field(2, version)))
export const modelOf = (bytes: Bytes, length?: number): Uint8Array => joined(field(1, 8), field(2, 'a test'), field(7, bytes, length), opset('', 18), opset('ai.onnx.ml', 3))
export const model = (parts: GraphParts): Uint8Array => modelOf(graph(parts))
