import { axisOf } from '../call.ts'
import type { Call, Operators } from '../call.ts'
import type { Graph, Node } from '../model.ts'
import { constantOf, sizeOf } from '../values.ts'
import type { Rows, Value } from '../values.ts'

/** What a body may do of the difference between a row and a point, so that all points can be taken at once. */
const STEPS = ['Identity', 'Sub', 'Abs', 'Pow', 'Mul', 'ReduceSum', 'ReduceSumSquare', 'ReduceL1', 'ReduceMax', 'Sqrt']

/** Scan as skl2onnx writes distances to stored points: a row that stays as it is, points that are taken one by one, a distance for each.
    Of n points the result is [n, rows]. */
function scan(call: Call): readonly (Rows | undefined)[] {
  const { attributes } = call, body = attributes.graph('body'), why = 'of loops only distances of a row to stored points are understood'
  if (attributes.int('num_scan_inputs') !== 1 || call.inputs !== 2 || body.outputs.length !== 2 || body.inputs.length !== 2 || call.version < 9) throw call.refuse('Scan', { why })
  for (const name of ['scan_input_axes', 'scan_input_directions', 'scan_output_axes', 'scan_output_directions']) if (attributes.ints(name, [0]).some(number => number !== 0)) throw call.refuse(`Scan with ${name}`, { why })
  const row = call.rows(0), points = call.constant(1), [state, point] = body.inputs.map(input => input.name) as [string, string]
  if (row.dims.length !== 2 || row.dims[0] !== 1 || points.dims.length !== 2 || points.dims[1] !== row.dims[1] || points.dims[0] === 0) throw call.refuse(`Scan of [${row.dims.join(', ')}] over [${points.dims.join(', ')}]`, { why })
  const given = new Map<string, Node>()
  for (const node of body.nodes) for (const name of node.outputs) given.set(name, node)
  const origin = (name: string): string => {
    let at = name
    for (let i = 0; i <= body.nodes.length && given.get(at)?.op === 'Identity'; i++) at = given.get(at)!.inputs[0] ?? ''
    return at
  }
  if (origin(body.outputs[0]!) !== state || call.wants(0)) throw call.refuse('Scan whose state changes', { why })
  const unknown = body.nodes.find(node => node.domain !== '' || !STEPS.includes(node.op))
  if (unknown !== undefined) throw call.refuse(`Scan with ${unknown.op.slice(0, 60)}`, { why })
  const metric = metricOf(body, given, origin, state, point), dims = [points.dims[0]!, 1], batch = row.batch < 0 ? -1 : 1
  for (const node of body.nodes) if (node.op.startsWith('Reduce')) alongColumns(call, body, node)
  if (metric !== undefined) {
    return [undefined, { kind: 'rows', type: row.type, dims, batch, value: call.add({ op: 'distance', of: row.value, metric, points: points.data, float32: row.type === 'float32' }) }]
  }
  // every step of the body treats points apart: all of them may stand where one would
  const [, distances] = call.inner(body, new Map<string, Value>([[state, { ...row, batch: -1 }], [point, points]]))
  if (distances === undefined || sizeOf(distances.dims) !== points.dims[0]) throw call.refuse('Scan that makes no distances', { why })
  return [undefined, { ...call.asRows(distances), dims, batch }]
}

/** A reduction of the columns and nothing else. */
function alongColumns(call: Call, body: Graph, node: Node): void {
  const attribute = node.attributes.get('axes'), tensor = body.initializers.get(node.inputs[1] ?? '')
  const axes = attribute?.type === 'ints' ? attribute.value : tensor === undefined ? [] : [...constantOf(tensor, call.budget, call).data]
  if (axes.length !== 1 || axisOf(call, axes[0]!, 2) !== 1) throw call.refuse(`Scan with ${node.op} of other axes than the columns`)
}

type Given = ReadonlyMap<string, Node>

function metricOf(body: Graph, given: Given, origin: (name: string) => string, state: string, point: string): 'squared' | 'manhattan' | 'chebyshev' | undefined {
  const reduce = given.get(origin(body.outputs[1]!)), isDifference = (name: string): boolean => {
    const node = given.get(origin(name))
    return node?.op === 'Sub' && [state, point].every(side => node.inputs.some(input => origin(input) === side))
  }
  const inner = given.get(origin(reduce?.inputs[0] ?? '')), ofAbsolute = inner?.op === 'Abs' && isDifference(inner.inputs[0] ?? '')
  switch (reduce?.op) {
    case 'ReduceSumSquare': return isDifference(reduce.inputs[0] ?? '') ? 'squared' : undefined
    case 'ReduceL1': return isDifference(reduce.inputs[0] ?? '') ? 'manhattan' : undefined
    case 'ReduceSum': return ofAbsolute ? 'manhattan' : undefined
    case 'ReduceMax': return ofAbsolute ? 'chebyshev' : undefined
    default: return undefined
  }
}

export const scans: Operators = { Scan: scan }
