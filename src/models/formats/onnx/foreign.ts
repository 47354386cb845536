import type { SluiceError } from '../../../core/errors.ts'
import type { RawOutput } from '../../../core/models.ts'
import type { Column, DType, TensorSpec } from '../../../core/tensors.ts'
import type { Feed, Graph } from '../../graph.ts'
import { eachField } from '../protobuf.ts'
import { valueInfoOf } from './model.ts'
import type { ValueInfo } from './model.ts'
import { typeOf } from './values.ts'

const COLUMNS_MAX = 2 ** 20

/** A graph that is left to ONNX Runtime, if its inputs are numbers of known shapes and its outputs tensors with a row for each record. undefined: it is not even that. */
export function foreignGraph(file: string, bytes: Uint8Array, refused: SluiceError): Graph | undefined {
  const inputs: ValueInfo[] = [], outputs: ValueInfo[] = [], initializers = new Set<string>()
  let producer = ''
  eachField(file, bytes, 'model', field => {
    if (field.number === 2) producer = field.text().slice(0, 100)
    if (field.number !== 7) return
    field.message('graph', part => {
      if (part.number === 11) inputs.push(valueInfoOf(part, 'graph'))
      else if (part.number === 12) outputs.push(valueInfoOf(part, 'graph'))
      else if (part.number === 5) part.message('initializer', each => { if (each.number === 8) initializers.add(each.text()) })
    })
  })
  const feeds: Feed[] = [], columns: Column[] = [], open: boolean[] = []
  for (const { name, kind, type: code, dims } of inputs) {
    if (initializers.has(name)) continue
    const type = typeOf(code), [rows, ...rest] = dims ?? []
    if (kind !== 'tensor' || type === undefined || type === 'string' || dims === undefined || dims.length === 0 || rest.some(dim => dim === undefined || !(dim > 0)) || rows !== undefined && rows > 1 && dims.length > 1) return undefined
    const isOpen = rows === undefined || rows === 0, shape = isOpen || rows === 1 && dims.length > 1 ? rest as number[] : [rows]
    const size = shape.reduce((product, dim) => product * dim, 1)
    if (columns.length + size > COLUMNS_MAX) return undefined
    feeds.push({ name, type, shape, first: columns.length, size })
    open.push(isOpen)
    for (let i = 0; i < size; i++) columns.push({ name: size === 1 ? name : `${name}_${i}`, missing: type === 'float32' || type === 'float64' })
  }
  if (feeds.length === 0 || outputs.length === 0) return undefined
  const specs: TensorSpec[] = [], fetches: { name: string; type: DType }[] = [], raw: { [column: string]: string | RawOutput } = {}
  for (const { name, kind, type: code, dims } of outputs) {
    const type = typeOf(code), rest = (dims ?? []).slice(1)
    if (kind !== 'tensor' || type === undefined || dims === undefined || rest.some(dim => dim === undefined || !(dim > 0))) return undefined
    const width = (rest as number[]).reduce((product, dim) => product * dim, 1), own = outputs.length === 1 ? 'prediction' : name
    specs.push({ name: own, dtype: type, shape: width === 1 ? [-1] : [-1, width] })
    fetches.push({ name, type })
    raw[name] = width === 1 ? own : { output: own, columns: Array.from({ length: width }, (_, i) => `${name}.${i}`) }
  }
  const dtype = feeds.some(({ type }) => type === 'float64' || type === 'int64' || type === 'int32') ? 'float64' : 'float32'
  return {
    kind: 'graph', format: 'onnx', file: bytes, feeds, fetches, single: !open.every(Boolean), reason: refused.message, bytes: bytes.length, raw,
    facts: { library: producer === '' ? 'unknown' : producer, features: columns.length, 'not our own because': refused.message },
    signature: { inputs: [{ name: 'features', dtype, shape: [-1, columns.length], columns, ...feeds.length === 1 && columns.length > 1 ? { unnamed: true } : {} }], outputs: specs },
  }
}
