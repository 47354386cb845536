import type { Model, TensorSpec } from '../core/index.ts'
import { columnsOfField, widthOf } from '../results/outputs.ts'

/** One output as it is written: the key of an object, or the columns of a table. */
export interface Field { readonly name: string; readonly output: TensorSpec; readonly columns: readonly string[] }

/** Every output under its own name; of probabilities each column is called by its class. */
export function fieldsOf({ signature }: Model): Field[] {
  return signature.outputs.map((output) => {
    const { name, columns } = output
    return { name, output, columns: columns === undefined ? numbered(name, output) : columns.map((column) => `${name === 'probabilities' ? 'probability' : name}(${column.name})`) }
  })
}

/** What the origin library's own table has. */
export function rawFieldsOf({ raw, signature }: Model): Field[] {
  return Object.entries(raw).map(([name, of]) => {
    const output = signature.outputs.find((spec) => spec.name === (typeof of === 'string' ? of : of.output))!
    return { name, output, columns: typeof of === 'string' ? numbered(name, output) : of.columns }
  })
}

/** `probabilities_0` also where the classes have names. */
export const numbered = (name: string, output: TensorSpec): readonly string[] => columnsOfField(name, widthOf(output))
