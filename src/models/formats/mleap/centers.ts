import { SluiceError } from '../../../core/errors.ts'
import type { BisectingNode } from '../../stages/stages.ts'
import { eachField } from '../protobuf.ts'
import type { Bundle, Part } from './bundle.ts'
import { eachMessage, jsonLines } from './trees.ts'

/* The tree of a bisecting k-means: a node, then all of its children, each with its own. In JSON one object a line,
     {"index":-1,"norm":9.2,"values":[5.8,3.0],"numChildren":2}
   in protocol buffers an int32 of bytes and a message Node (ctree.proto): index = 1, norm = 2, values = 3, num_children = 4. Inner nodes have an
   index below 0, leaves that of their cluster. */

interface Center { readonly index: number; readonly values: readonly number[]; readonly children: number }

/** The root first. @throws SLUICE_MODEL_BROKEN */
export async function readCenters({ file, format, beside }: Bundle, part: Pick<Part, 'folder'>): Promise<readonly BisectingNode[]> {
  const { name, bytes } = await beside(part, ['tree', 'nodes'])
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at: name })
  const centers = format === 'json' ? jsonLines(file, name, bytes).map(node => centerOfJson(node, broken)) : eachMessage(file, name, bytes).map(message => centerOfProto(file, name, message, broken))
  const children = centers.map((): number[] => []), waiting: { readonly node: number; left: number }[] = []
  for (const [i, { index, values, children: count }] of centers.entries()) {
    if (values.length === 0 || values.length !== centers[0]!.values.length) throw broken(`node ${i} is a point of ${values.length} numbers`)
    if ((count === 0) !== (index >= 0) || index >= centers.length || ![0, 2].includes(count)) throw broken(`node ${i} has the index ${index} and ${count} children`)
    const parent = waiting.at(-1)
    if (parent !== undefined) {
      children[parent.node]!.push(i)
      if (--parent.left === 0) waiting.pop()
    } else if (i > 0) throw broken(`${centers.length - i} nodes after the end of the tree`)
    if (count > 0) waiting.push({ node: i, left: count })
  }
  if (centers.length === 0 || waiting.length > 0) throw broken('the tree is cut off')
  return centers.map(({ index, values }, i) => ({ index, center: Float64Array.from(values), children: children[i]! }))
}

function centerOfJson(node: { readonly [name: string]: unknown }, broken: (what: string) => SluiceError): Center {
  const { index, values, numChildren } = node
  if (!Number.isInteger(index) || !Array.isArray(values) || !values.every(value => typeof value === 'number') || !Number.isInteger(numChildren)) throw broken('a node has no index, no numbers or no count of children')
  return { index: index as number, values, children: numChildren as number }
}

function centerOfProto(file: string, at: string, bytes: Uint8Array, broken: (what: string) => SluiceError): Center {
  let index = 0, children = 0
  const values: number[] = []
  eachField(file, bytes, at, field => {
    if (field.number === 1) index = field.int() | 0          // an int32 that is called a uint32
    else if (field.number === 3) field.doubles(values)
    else if (field.number === 4) children = field.int()
    else if (field.number !== 2) throw broken(`a node has a field ${field.number}`)
  })
  return { index, values, children }
}
