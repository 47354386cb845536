import { SluiceError } from '../../../core/errors.ts'
import { fits } from './values.ts'
import type { Element, Operation, Ports, Shape, Socket, Tensor, Type, Value } from './values.ts'

/* bundle.json, node.json and model.json as MLeap's JsonSupport.scala writes and reads them: {"double": 1.5}, {"type": "list", "long": [1, 2]},
   {"type": "tensor", "double": [...], "shape": {"dimensions": [{"size": 3, "name": ""}]}}. NaN is null. */

interface Object { readonly [name: string]: unknown }
type Broken = (what: string) => SluiceError

/** @throws SLUICE_MODEL_BROKEN */
export function parseJson(file: string, at: string, bytes: Uint8Array): Object {
  const broken = brokenAt(file, at)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${at} is no JSON: it is damaged or cut off`, { at, cause })
  }
  return objectOf(json, 'the file', broken)
}

export function operationOfJson(file: string, at: string, bytes: Uint8Array): Operation {
  const broken = brokenAt(file, at), json = parseJson(file, at, bytes)
  onlyKnown(json, ['op', 'attributes'], file, at)
  const attributes = new Map<string, Value>()
  // a writer of operations without attributes leaves them out
  for (const [name, value] of Object.entries(objectOf(json['attributes'] ?? {}, 'attributes', broken))) attributes.set(name, valueOf(objectOf(value, `the attribute '${name}'`, broken), name, broken))
  return { op: textOf(json['op'], 'op', broken), attributes }
}

export function portsOfJson(file: string, at: string, bytes: Uint8Array): Ports {
  const broken = brokenAt(file, at), json = parseJson(file, at, bytes)
  onlyKnown(json, ['name', 'shape'], file, at)
  const shape = objectOf(json['shape'], 'shape', broken)
  onlyKnown(shape, ['inputs', 'outputs'], file, at)
  const sockets = (name: string): Socket[] => listOf(shape[name] ?? [], name, broken).map(socket => {
    const of = objectOf(socket, name, broken)
    onlyKnown(of, ['port', 'name'], file, at)
    return { port: textOf(of['port'], `port of ${name}`, broken), name: textOf(of['name'], `name of ${name}`, broken) }
  })
  return { name: textOf(json['name'], 'name', broken), inputs: sockets('inputs'), outputs: sockets('outputs') }
}

const TYPES: readonly Type[] = ['boolean', 'byte', 'short', 'int', 'long', 'float', 'double', 'string', 'byte_string', 'tensor', 'basic_type', 'data_shape', 'model']

function valueOf(json: Object, name: string, broken: Broken): Value {
  const form = json['type'] ?? 'scalar'
  if (form === 'tensor') return { form, tensor: tensorOf(json, name, broken) }
  if (form !== 'scalar' && form !== 'list') throw broken(`the attribute '${name}' is of the type ${JSON.stringify(form).slice(0, 40)}`)
  const keys = Object.keys(json).filter(key => key !== 'type'), type = TYPES.find(of => of === keys[0])
  if (keys.length > 1 || (keys.length === 1 && type === undefined)) throw broken(`the attribute '${name}' has ${keys.slice(0, 5).join(', ')} where one type belongs`)
  if (form === 'scalar') return { form, type, value: type === undefined ? undefined : elementOf(json[type], type, name, broken) }
  return { form, type, values: type === undefined ? [] : listOf(json[type], name, broken).map(element => elementOf(element, type, name, broken)) }
}

function elementOf(json: unknown, type: Type, name: string, broken: Broken): Element {
  const wrong = (): SluiceError => broken(`the attribute '${name}' holds what is no ${type}`)
  switch (type) {
    case 'boolean':
      if (typeof json !== 'boolean') throw wrong()
      return json
    case 'byte': case 'short': case 'int': case 'long':
      if (!Number.isInteger(json)) throw wrong()
      return json as number
    case 'float': case 'double':
      if (json === null) return NaN
      if (typeof json !== 'number') throw wrong()
      return type === 'float' ? Math.fround(json) : json
    case 'string': case 'byte_string': case 'basic_type':
      if (typeof json !== 'string') throw wrong()
      return json
    case 'tensor': return tensorOf(objectOf(json, name, broken), name, broken)
    case 'data_shape': return shapeOf(objectOf(json, name, broken), name, broken)
    // models within attributes are the bundle's own idea of extension; no operation of MLeap has one
    case 'model': return 'a model'
  }
}

function tensorOf(json: Object, name: string, broken: Broken): Tensor {
  const type = TYPES.find(of => of !== 'tensor' && json[of] !== undefined)
  if (type === undefined) throw broken(`the tensor '${name}' has no numbers`)
  const values = listOf(json[type], name, broken).map(element => elementOf(element, type, name, broken)) as number[]
  const tensor = { type, dims: dimsOf(json['shape'], name, broken), values }
  if (!fits(tensor)) throw broken(`the tensor '${name}' has ${values.length} elements for the dimensions ${tensor.dims.slice(0, 8).join(', ')}`)
  return tensor
}

function shapeOf(json: Object, name: string, broken: Broken): Shape {
  const base = json['base']
  if (base !== 'scalar' && base !== 'list' && base !== 'tensor') throw broken(`'${name}' has a shape that is neither scalar, list nor tensor`)
  return { base, dims: json['tensorShape'] === undefined || json['tensorShape'] === null ? undefined : dimsOf(json['tensorShape'], name, broken) }
}

function dimsOf(json: unknown, name: string, broken: Broken): number[] {
  return listOf(objectOf(json, `the shape of '${name}'`, broken)['dimensions'], `the dimensions of '${name}'`, broken).map(dimension => {
    const size = objectOf(dimension, `a dimension of '${name}'`, broken)['size']
    if (!Number.isInteger(size) || size as number < -1) throw broken(`a dimension of '${name}' has no size`)
    return size as number
  })
}

const brokenAt = (file: string, at: string): Broken => what => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${at}: ${what}`, { at })
function objectOf(json: unknown, what: string, broken: Broken): Object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw broken(`${what} is no object`)
  return json as Object
}
function listOf(json: unknown, what: string, broken: Broken): readonly unknown[] {
  if (!Array.isArray(json)) throw broken(`${what} is no list`)
  return json
}
function textOf(json: unknown, what: string, broken: Broken): string {
  if (typeof json !== 'string') throw broken(`${what} is no text`)
  return json
}
function onlyKnown(json: Object, known: readonly string[], file: string, at: string): void {
  const other = Object.keys(json).find(key => !known.includes(key))
  if (other !== undefined) throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${at} has '${other.slice(0, 60)}', which is not known`, { at })
}
