import { SluiceError } from '../../../core/errors.ts'
import { eachField } from '../protobuf.ts'
import type { Field } from '../protobuf.ts'

/* What is needed of onnx.proto (github.com/onnx/onnx, IR versions 3 to 13). Tensors stay bytes until they are used. */

interface OnnxModel { readonly producer: string; readonly opsets: ReadonlyMap<string, number>; readonly graph: Graph }

export interface Graph {
  readonly nodes: readonly Node[]
  readonly initializers: ReadonlyMap<string, TensorProto>
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly string[]
}

export interface Node {
  readonly op: string
  readonly domain: string
  /** An empty name: absent. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  /** For errors. */
  readonly at: string
}

export type Attribute =
  | { readonly type: 'float'; readonly value: number } | { readonly type: 'int'; readonly value: number } | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats'; readonly value: readonly number[] } | { readonly type: 'ints'; readonly value: readonly number[] } | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: TensorProto } | { readonly type: 'graph'; readonly value: Graph }

export interface TensorProto {
  readonly at: string
  readonly dims: readonly number[]
  readonly type: number
  /** The bytes of raw_data, else one of the lists. */
  readonly raw: Uint8Array | undefined
  readonly floats: readonly number[]
  readonly ints: readonly number[]
  readonly doubles: readonly number[]
  readonly strings: readonly string[]
}

/** dims: undefined where a dimension may be anything; absent: the file does not say even how many there are. */
export interface ValueInfo { readonly name: string; readonly type: number; readonly kind: 'tensor' | 'sequence' | 'map' | 'other'; readonly dims: readonly (number | undefined)[] | undefined }

const ATTRIBUTES: { readonly [type: number]: Attribute['type'] | undefined } = { 1: 'float', 2: 'int', 3: 'string', 4: 'tensor', 5: 'graph', 6: 'floats', 7: 'ints', 8: 'strings' }
// a Scan in a Scan in a ...: no exporter goes further
const GRAPHS_MAX = 4

/** @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export function parseModel(file: string, bytes: Uint8Array): OnnxModel {
  const opsets = new Map<string, number>(), graphs: Graph[] = []
  let producer = ''
  const refused = (what: string, fix: string): SluiceError => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${what}`, { at: 'model', fix })
  eachField(file, bytes, 'model', field => {
    switch (field.number) {
      case 1: field.int(); break
      case 2: producer = field.text() + producer; break
      case 3: producer += ` ${field.text()}`; break
      case 7: graphs.push(graphOf(file, field, 'graph', 0)); break
      case 8: {
        let domain = '', version = 0
        field.message('opset_import', each => {
          if (each.number === 1) domain = each.text()
          else if (each.number === 2) version = each.int()
        })
        opsets.set(domain === 'ai.onnx' ? '' : domain, version)
        break
      }
      case 20: throw refused('it holds training_info', 'export it for inference')
      case 25: throw refused('it defines functions of its own', 'inline them: onnx.inliner.inline_local_functions(model)')
    }
  })
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: 'model' })
  if (graphs.length !== 1) throw broken(`it has ${graphs.length} graphs`)
  if (opsets.size === 0) throw broken('it does not say which versions of operators it uses')
  return { producer: producer.slice(0, 100), opsets, graph: graphs[0]! }
}

function graphOf(file: string, message: Field, at: string, depth: number): Graph {
  if (depth > GRAPHS_MAX) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: graphs in graphs, more than ${GRAPHS_MAX} deep`, { at })
  const nodes: Node[] = [], initializers = new Map<string, TensorProto>(), inputs: ValueInfo[] = [], outputs: string[] = []
  message.message(at, field => {
    switch (field.number) {
      case 1: nodes.push(nodeOf(file, field, at === 'graph' ? `node ${nodes.length}` : `${at}, node ${nodes.length}`, depth)); break
      case 5: {
        const { name, tensor } = tensorOf(file, field, `${at}, initializer ${initializers.size}`)
        initializers.set(name, tensor)
        break
      }
      case 11: inputs.push(valueInfoOf(field, at)); break
      case 12: outputs.push(valueInfoOf(field, at).name); break
      case 14: throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: it is quantized`, { at: `${at}, quantization_annotation`, fix: 'export it without quantization' })
      case 15: throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: it has sparse initializers`, { at: `${at}, sparse_initializer`, fix: 'export it with dense weights' })
    }
  })
  return { nodes, initializers, inputs, outputs }
}

function nodeOf(file: string, message: Field, at: string, depth: number): Node {
  const inputs: string[] = [], outputs: string[] = [], attributes = new Map<string, Attribute>()
  let op = '', name = '', domain = '', overload = ''
  message.message(at, field => {
    switch (field.number) {
      case 1: inputs.push(field.text()); break
      case 2: outputs.push(field.text()); break
      case 3: name = field.text(); break
      case 4: op = field.text(); break
      case 5: {
        const attribute = attributeOf(file, field, at, depth)
        if (attributes.has(attribute.name)) throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: the attribute ${attribute.name} is there twice`, { at })
        attributes.set(attribute.name, attribute.value)
        break
      }
      case 7: domain = field.text(); break
      case 8: overload = field.text(); break
    }
  })
  if (overload !== '') throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: an overloaded function`, { at })
  return { op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes, at: `${at}${name === '' || name === op ? '' : ` '${name.slice(0, 100)}'`} (${op.slice(0, 60)})` }
}

function attributeOf(file: string, message: Field, at: string, depth: number): { name: string; value: Attribute } {
  let name = '', type = 0, float = 0, int = 0, text: Uint8Array | undefined, tensor: TensorProto | undefined, graph: Graph | undefined
  const floats: number[] = [], ints: number[] = [], strings: string[] = []
  message.message(`${at}, attribute`, field => {
    switch (field.number) {
      case 1: name = field.text(); break
      case 2: float = field.float(); break
      case 3: int = field.int(); break
      case 4: text = field.bytes(); break
      case 5: tensor = tensorOf(file, field, `${at}, attribute ${name}`).tensor; break
      case 6: graph = graphOf(file, field, `${at}, ${name}`, depth + 1); break
      case 7: field.floats(floats); break
      case 8: field.ints(ints); break
      case 9: strings.push(field.text()); break
      case 20: type = field.int(); break
    }
  })
  const kind = ATTRIBUTES[type]
  if (kind === undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: the attribute ${name} is of type ${type}`, { at, why: 'numbers, texts, lists of them, tensors and graphs are understood' })
  const broken = (): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: the attribute ${name} says that it is a ${kind}, and has none`, { at })
  const value = (): Attribute => {
    switch (kind) {
      case 'float': return { type: kind, value: float }
      case 'int': return { type: kind, value: int }
      case 'string': return { type: kind, value: textOf(file, text ?? new Uint8Array(), at) }
      case 'floats': return { type: kind, value: floats }
      case 'ints': return { type: kind, value: ints }
      case 'strings': return { type: kind, value: strings }
      case 'tensor': {
        if (tensor === undefined) throw broken()
        return { type: kind, value: tensor }
      }
      case 'graph': {
        if (graph === undefined) throw broken()
        return { type: kind, value: graph }
      }
    }
  }
  return { name, value: value() }
}

function textOf(file: string, bytes: Uint8Array, at: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: a text is not UTF-8`, { at })
  }
}

function tensorOf(file: string, message: Field, at: string): { name: string; tensor: TensorProto } {
  const dims: number[] = [], floats: number[] = [], ints: number[] = [], doubles: number[] = [], strings: string[] = []
  let type = 0, name = '', raw: Uint8Array | undefined
  const external = (): SluiceError => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: its weights lie in another file (external data)`, { at, fix: 'save it as one file: onnx.save(model, path, save_as_external_data=False)' })
  message.message(at, field => {
    switch (field.number) {
      case 1: field.ints(dims); break
      case 2: type = field.int(); break
      case 3: throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: a tensor in segments`, { at })
      case 4: field.floats(floats); break
      case 5: case 7: case 11: field.ints(ints); break
      case 6: strings.push(field.text()); break
      case 8: name = field.text(); break
      case 9: raw = field.bytes(); break
      case 10: field.doubles(doubles); break
      case 13: throw external()
      case 14: if (field.int() !== 0) throw external()
    }
  })
  return { name, tensor: { at: name === '' ? at : `${at} '${name.slice(0, 100)}'`, dims, type, raw, floats, ints, doubles, strings } }
}

export function valueInfoOf(message: Field, at: string): ValueInfo {
  let name = '', type = 0, kind: ValueInfo['kind'] = 'other', dims: (number | undefined)[] | undefined
  message.message(`${at}, input or output`, field => {
    if (field.number === 1) name = field.text()
    else if (field.number === 2) {
      field.message('type', one => {
        if (one.number === 4) kind = 'sequence'
        else if (one.number === 5) kind = 'map'
        else if (one.number === 1) {
          kind = 'tensor'
          one.message('tensor type', part => {
            if (part.number === 1) type = part.int()
            else if (part.number === 2) {
              const found: (number | undefined)[] = []
              part.message('shape', dim => {
                if (dim.number !== 1) return
                let size: number | undefined
                dim.message('dimension', value => { if (value.number === 1) size = value.int() })
                found.push(size)
              })
              dims = found
            }
          })
        }
      })
    }
  })
  return { name, type, kind, dims }
}
