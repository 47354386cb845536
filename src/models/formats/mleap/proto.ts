import { SluiceError } from '../../../core/errors.ts'
import { eachField } from '../protobuf.ts'
import type { Field } from '../protobuf.ts'
import { fits } from './values.ts'
import type { Element, Operation, Ports, Shape, Socket, Tensor, Type, Value } from './values.ts'

/* node.pb and model.pb: the messages of bundle/bundle.proto. A field that is not set stands for zero. */

/** BasicType, and the bytes of one of a tensor's numbers, which are big-endian (ArraySerializer.scala). */
const BASIC: { readonly [number: number]: readonly [Type, number] } = { 1: ['boolean', 1], 2: ['byte', 1], 3: ['short', 2], 4: ['int', 4], 5: ['long', 8], 6: ['float', 4], 7: ['double', 8] }
const BASES = ['scalar', 'list', 'tensor'] as const
/** Fields of Scalar and of List. */
const FIELDS: { readonly [number: number]: Type } = { 1: 'boolean', 2: 'string', 3: 'int', 4: 'long', 5: 'float', 6: 'double', 7: 'byte_string', 8: 'tensor', 9: 'basic_type', 10: 'data_shape', 11: 'model' }

type Refuse = (what: string) => SluiceError

/** Model { op = 1; attributes = 2 { map list = 1 } } @throws SLUICE_MODEL_BROKEN, SLUICE_MODEL_UNSUPPORTED */
export function operationOfProto(file: string, at: string, bytes: Uint8Array): Operation {
  const refuse = unknownAt(file, at), broken = brokenAt(file, at)
  let op = ''
  const attributes = new Map<string, Value>()
  eachField(file, bytes, at, field => {
    if (field.number === 1) op = field.text()
    else if (field.number === 2) {
      field.message(at, entry => {
        if (entry.number !== 1) throw refuse(`field ${entry.number} of attributes`)
        let key = '', value: Value | undefined
        entry.message(at, part => {
          if (part.number === 1) key = part.text()
          else if (part.number === 2) value = valueOf(part, at, key, broken, refuse)
          else throw refuse(`field ${part.number} of an attribute`)
        })
        if (value === undefined) throw broken(`the attribute '${key}' has no value`)
        attributes.set(key, value)
      })
    } else throw refuse(`field ${field.number} of a model`)
  })
  return { op, attributes }
}

/** Node { name = 1; shape = 2 { inputs = 1, outputs = 2 { port = 1; name = 2 } } } */
export function portsOfProto(file: string, at: string, bytes: Uint8Array): Ports {
  const refuse = unknownAt(file, at), inputs: Socket[] = [], outputs: Socket[] = []
  let name = ''
  eachField(file, bytes, at, field => {
    if (field.number === 1) name = field.text()
    else if (field.number === 2) {
      field.message(at, side => {
        if (side.number !== 1 && side.number !== 2) throw refuse(`field ${side.number} of a shape`)
        const sockets = side.number === 1 ? inputs : outputs
        let socket: Socket = { port: '', name: '' }
        side.message(at, part => {
          if (part.number === 1) socket = { ...socket, port: part.text() }
          else if (part.number === 2) socket = { ...socket, name: part.text() }
          else throw refuse(`field ${part.number} of a socket`)
        })
        sockets.push(socket)
      })
    } else throw refuse(`field ${field.number} of a node`)
  })
  return { name, inputs, outputs }
}

/** Value { oneof s = 1, l = 2, t = 3 } */
function valueOf(field: Field, at: string, name: string, broken: Refuse, refuse: Refuse): Value {
  let value: Value | undefined
  field.message(at, form => {
    if (value !== undefined) throw broken(`the attribute '${name}' has two values`)
    if (form.number === 3) value = { form: 'tensor', tensor: tensorOf(form, at, name, broken) }
    else if (form.number === 1 || form.number === 2) {
      let type: Type | undefined
      const values: Element[] = []
      form.message(at, part => {
        const of = FIELDS[part.number]
        if (of === undefined) throw refuse(`the attribute '${name}' has a type that is not known: field ${part.number}`)
        if (type !== undefined && type !== of) throw broken(`the attribute '${name}' has ${type} and ${of} where one type belongs`)
        type = of
        elementsOf(part, of, values, at, name, broken)
      })
      value = form.number === 2 ? { form: 'list', type, values } : { form: 'scalar', type, value: values.at(-1) }
    } else throw refuse(`the attribute '${name}' is neither scalar, list nor tensor`)
  })
  // a oneof of which nothing is set
  return value ?? { form: 'scalar', type: undefined, value: undefined }
}

function elementsOf(field: Field, type: Type, into: Element[], at: string, name: string, broken: Refuse): void {
  const numbers: number[] = []
  switch (type) {
    case 'boolean': case 'int': case 'long': case 'basic_type': field.ints(numbers); break
    case 'float': field.floats(numbers); break
    case 'double': field.doubles(numbers); break
    case 'string': into.push(field.text()); return
    case 'tensor': into.push(tensorOf(field, at, name, broken)); return
    case 'data_shape': into.push(shapeOf(field, at, broken)); return
    default: into.push(type)
  }
  for (const number of numbers) into.push(type === 'boolean' ? number !== 0 : number)
}

/** Tensor { base = 1; shape = 2; value = 3 } */
function tensorOf(field: Field, at: string, name: string, broken: Refuse): Tensor {
  let base = 0, dims: readonly number[] = [], bytes = new Uint8Array(0)
  field.message(at, part => {
    if (part.number === 1) base = part.int()
    else if (part.number === 2) dims = dimsOf(part, at, broken)
    else if (part.number === 3) bytes = part.bytes() as Uint8Array<ArrayBuffer>
    else throw broken(`the tensor '${name}' has a field ${part.number}`)
  })
  const [type, size] = BASIC[base] ?? []
  if (type === undefined || size === undefined) throw broken(`the tensor '${name}' is of the basic type ${base}: it holds no numbers`)
  if (bytes.length % size !== 0) throw broken(`the tensor '${name}' has ${bytes.length} bytes for numbers of ${size}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), values: number[] = []
  for (let i = 0; i < bytes.length; i += size) values.push(numberAt(view, i, type))
  const tensor = { type, dims, values }
  if (!fits(tensor)) throw broken(`the tensor '${name}' has ${values.length} elements for the dimensions ${dims.slice(0, 8).join(', ')}`)
  return tensor
}
function numberAt(view: DataView, at: number, type: Type): number {
  switch (type) {
    case 'short': return view.getInt16(at)
    case 'int': return view.getInt32(at)
    case 'long': return Number(view.getBigInt64(at))
    case 'float': return view.getFloat32(at)
    case 'double': return view.getFloat64(at)
    default: return view.getInt8(at)
  }
}

/** DataShape { base = 1; is_nullable = 2; tensor_shape = 3 } */
function shapeOf(field: Field, at: string, broken: Refuse): Shape {
  let base = 0, dims: readonly number[] | undefined
  field.message(at, part => {
    if (part.number === 1) base = part.int()
    else if (part.number === 3) dims = dimsOf(part, at, broken)
    else if (part.number !== 2) throw broken(`a shape has a field ${part.number}`)
  })
  const name = BASES[base]
  if (name === undefined) throw broken('a shape is neither scalar, list nor tensor')
  return { base: name, dims }
}

/** TensorShape { dimensions = 1 { size = 1; name = 2 } } */
function dimsOf(field: Field, at: string, broken: Refuse): number[] {
  const dims: number[] = []
  field.message(at, dimension => {
    if (dimension.number !== 1) throw broken(`a tensor's shape has a field ${dimension.number}`)
    let size = 0
    dimension.message(at, part => { if (part.number === 1) size = part.int() })
    if (size < -1) throw broken('a dimension has no size')
    dims.push(size)
  })
  return dims
}

const brokenAt = (file: string, at: string): Refuse => what => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${at}: ${what}`, { at })
const unknownAt = (file: string, at: string): Refuse => what => new SluiceError('SLUICE_MODEL_UNSUPPORTED', `${file}: ${at}: ${what} is not known`, { at })
