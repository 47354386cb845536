import { bytesOf, Message } from './protobuf.ts'

/* What is needed of onnx.proto (github.com/onnx/onnx). Numbers are those of its fields. */

export type Real = 'float' | 'double'
export type Kind = Real | 'int64' | 'int32' | 'bool' | 'string' | 'uint8'
/** TensorProto.DataType */
export const TYPES: { readonly [K in Kind]: number } = { float: 1, uint8: 2, int32: 6, int64: 7, string: 8, bool: 9, double: 11 }

/** A column of numbers for each of `width`, [rows, width]. */
export interface Value { readonly name: string; readonly type: Real; readonly width: number }

export interface TensorOf { readonly kind: Kind; readonly dims: readonly number[]; readonly data: ArrayLike<number> | readonly string[] }
type Attribute = { readonly int: number } | { readonly ints: ArrayLike<number> } | { readonly floats: ArrayLike<number> } | { readonly text: string } | { readonly texts: readonly string[] } | { readonly tensor: TensorOf } | { readonly float: number }
export type Attributes = { readonly [name: string]: Attribute }

// ai.onnx 17: the last one in which every reduction has its axes in the same place
const OPSET = 17

/** A graph of one input, in the making. */
export class Graph {
  readonly #nodes: Message[] = []
  readonly #initializers: Message[] = []
  readonly #outputs: Message[] = []
  readonly #reserved: ReadonlySet<string>
  #made = 0
  /** Of the operators of ai.onnx.ml; 0: none is used. */
  #ml = 0

  /** `reserved`: names of inputs and outputs. */
  constructor(reserved: Iterable<string>) {
    this.#reserved = new Set(reserved)
  }

  /** The name of the node's one output, `output` where that is to have a certain one. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}, output = this.#name()): string {
    return this.#node(op, '', inputs, attributes, output)
  }
  /** An operator of ai.onnx.ml that is there since `version`. */
  ml(version: number, op: string, inputs: readonly string[], attributes: Attributes): string {
    this.#ml = Math.max(this.#ml, version)
    return this.#node(op, 'ai.onnx.ml', inputs, attributes, this.#name())
  }
  constant(kind: Kind, dims: readonly number[], data: TensorOf['data']): string {
    const name = this.#name()
    this.#initializers.push(tensorOf({ kind, dims, data }, name))
    return name
  }
  /** dims: behind the rows. */
  output(name: string, kind: Kind, dims: readonly number[]): void {
    this.#outputs.push(valueInfoOf(name, kind, dims))
  }

  /** The file. */
  model(input: { readonly name: string; readonly kind: Kind; readonly width: number }, metadata: { readonly [name: string]: string }): Uint8Array {
    const graph = new Message()
    for (const node of this.#nodes) graph.message(1, node)
    graph.text(2, 'model')
    for (const initializer of this.#initializers) graph.message(5, initializer)
    graph.message(11, valueInfoOf(input.name, input.kind, [input.width]))
    for (const output of this.#outputs) graph.message(12, output)

    const opset = (domain: string, version: number): Message => new Message().text(1, domain).int(2, version)
    // what runtimes of that time know: IR 8 came with ai.onnx 15 to 18, IR 10 with ai.onnx.ml 5
    const model = new Message().int(1, this.#ml === 5 ? 10 : 8).text(2, 'sluice').message(7, graph).message(8, opset('', OPSET))
    if (this.#ml > 0) model.message(8, opset('ai.onnx.ml', this.#ml))
    for (const [name, value] of Object.entries(metadata)) model.message(14, new Message().text(1, name).text(2, value))
    return model.done()
  }

  #node(op: string, domain: string, inputs: readonly string[], attributes: Attributes, output: string): string {
    const node = new Message()
    for (const input of inputs) node.text(1, input)
    node.text(2, output).text(4, op)
    for (const [name, attribute] of Object.entries(attributes)) node.message(5, attributeOf(name, attribute))
    if (domain !== '') node.text(7, domain)
    this.#nodes.push(node)
    return output
  }
  #name(): string {
    let name
    do name = `v${++this.#made}`
    while (this.#reserved.has(name))
    return name
  }
}

/** AttributeProto; 20 is its type. */
function attributeOf(name: string, attribute: Attribute): Message {
  const message = new Message().text(1, name)
  if ('float' in attribute) return message.float(2, attribute.float).int(20, 1)
  if ('int' in attribute) return message.int(3, attribute.int).int(20, 2)
  if ('text' in attribute) return message.text(4, attribute.text).int(20, 3)
  if ('tensor' in attribute) return message.message(5, tensorOf(attribute.tensor, '')).int(20, 4)
  if ('floats' in attribute) return message.floats(7, Array.from(attribute.floats)).int(20, 6)
  if ('ints' in attribute) return message.ints(8, Array.from(attribute.ints)).int(20, 7)
  for (const text of attribute.texts) message.text(9, text)
  return message.int(20, 8)
}

function tensorOf({ kind, dims, data }: TensorOf, name: string): Message {
  const message = new Message().ints(1, dims).int(2, TYPES[kind])
  if (kind === 'string') for (const text of data as readonly string[]) message.text(6, text)
  if (name !== '') message.text(8, name)
  if (kind === 'string') return message
  const numbers = data as ArrayLike<number>
  switch (kind) {
    case 'float': return message.bytes(9, bytesOf(Float32Array.from(numbers)))
    case 'double': return message.bytes(9, bytesOf(Float64Array.from(numbers)))
    case 'int64': return message.bytes(9, bytesOf(BigInt64Array.from(Array.from(numbers, BigInt))))
    case 'uint8': case 'bool': return message.bytes(9, Uint8Array.from(numbers))
    case 'int32': return message.ints(5, Array.from(numbers))
  }
}

/** ValueInfoProto: a tensor whose first dimension is called N. */
function valueInfoOf(name: string, kind: Kind, dims: readonly number[]): Message {
  const shape = new Message().message(1, new Message().text(2, 'N'))
  for (const size of dims) shape.message(1, new Message().int(1, size))
  return new Message().text(1, name).message(2, new Message().message(1, new Message().int(1, TYPES[kind]).message(2, shape)))
}
