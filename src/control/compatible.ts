import type { Signature, TensorSpec } from '../core/index.ts'

/** Whether a new version can take the place of one that a pipeline was checked against: the same inputs and outputs by name and type. The order
    of an input's columns and the categories of a column may differ: features are extracted for each signature. undefined: it can; else the
    first thing that differs. */
export function difference(serving: Signature, next: Signature): string | undefined {
  return between('input', serving.inputs, next.inputs) ?? between('output', serving.outputs, next.outputs)
}

function between(what: string, serving: readonly TensorSpec[], next: readonly TensorSpec[]): string | undefined {
  for (const spec of next) if (!serving.some(({ name }) => name === spec.name)) return `${what} '${spec.name}' is new`
  for (const spec of serving) {
    const other = next.find(({ name }) => name === spec.name)
    if (other === undefined) return `${what} '${spec.name}' is gone`
    if (other.dtype !== spec.dtype) return `${what} '${spec.name}' is ${other.dtype}, not ${spec.dtype}`
    const columns = betweenColumns(spec, other)
    if (columns !== undefined) return columns
    if (other.shape.join() !== spec.shape.join()) return `${what} '${spec.name}' has the shape [${other.shape.join(', ')}], not [${spec.shape.join(', ')}]`
  }
  return undefined
}

function betweenColumns(serving: TensorSpec, next: TensorSpec): string | undefined {
  const before = new Map((serving.columns ?? []).map(column => [column.name, column]))
  for (const column of next.columns ?? []) {
    const same = before.get(column.name)
    if (same === undefined) return `feature '${column.name}' is new`
    if ((same.categories === undefined) !== (column.categories === undefined)) {
      return `feature '${column.name}' is ${column.categories === undefined ? 'a number, not a category' : 'a category, not a number'}`
    }
    before.delete(column.name)
  }
  for (const name of before.keys()) return `feature '${name}' is gone`
  return undefined
}
