import type { Path } from '../codecs/paths.ts'
import { valuesOf } from '../codecs/values.ts'
import { SluiceError } from '../core/index.ts'
import type { Arena, Extracted, Features, RecordBatch, Rejection, Signature, Tensor, TensorSpec } from '../core/index.ts'
import { kernelsOf } from '../kernels/host.ts'
import { fromFunction, fromNames, fromSpecs } from './getters.ts'
import type { Getter, Input } from './getters.ts'
import type { FeatureOptions, FeaturesFunction, FeatureSpecs } from './options.ts'
import { byKind, quickOf } from './quick.ts'
import type { Needs, Quick } from './quick.ts'
import { DONE, PASSED, PLAIN } from './scan.ts'
import { testOf } from './when.ts'

/** Features by the model's names of its inputs, each a path into the record, a path with more to it, or a function; or one function for the
    whole record; or nothing: what the model calls its inputs, at the top level of the record. An input whose columns have no names of their own
    (`unnamed`) may be named itself: then it is a list of all of them, `$` if the record is one; of nothing, too.
    ```ts
    columns({ km: 'trip.km', hour: { path: 'at', as: 'hourOfDay', zone: 'America/New_York' } })
    ```
    Null values (tombstones) and records for which `options.when` does not hold are passed by. Functions must answer the same for the same
    record. @throws SLUICE_CONFIG_INVALID */
export function columns(specs?: FeatureSpecs | FeaturesFunction, options: FeatureOptions = {}): Features {
  const paths: Path[] = []
  const indices = new Map<string, number>()
  const indexOf = (path: Path): number => {
    const key = JSON.stringify(path.steps), known = indices.get(key) ?? paths.push(path) - 1
    indices.set(key, known)
    return known
  }
  const filter = options.when === undefined ? undefined : testOf(options.when, indexOf)
  const getter = typeof specs === 'function' ? fromFunction(specs, indexOf) : specs === undefined ? fromNames(indexOf, options) : fromSpecs(specs, indexOf, options)

  return {
    for(signature: Signature) {
      const inputs = signature.inputs.map(spec => ({ ...inputOf(spec), lone: signature.inputs.length === 1 }))
      getter.check(inputs)
      const plans = [false, true].map(textual => inputs.map(input => getter.fill(input, textual)))
      const quick = quickOnes(inputs, getter, options)
      return {
        extract(batch, wanted): Extracted {
          const present = presentOf(batch, wanted)
          const memories = inputs.map(({ dtype, columns }) => numbers(dtype, present.length * columns.length, options.arena))
          const state = new Uint8Array(present.length).fill(PLAIN)
          if (batch.decoder === undefined) quick[batch.columns === undefined ? 0 : 1]?.fill(batch, present, memories.map(({ data }) => data), state)
          const unsure = state.includes(PLAIN) ? present.filter((_, i) => state[i] === PLAIN) : NONE
          const values = valuesOf(batch, paths, unsure)
          const plan = plans[values.textual ? 1 : 0]!
          const kept = new Int32Array(present.length), rejected: Rejection[] = []
          let rows = 0
          if (unsure.length === 0 && !state.includes(PASSED)) { kept.set(present); rows = present.length }
          else for (let i = 0; i < present.length; i++) {
            const row = present[i]!
            if (state[i] === PASSED) continue
            if (state[i] === DONE) {
              if (rows < i) for (let input = 0; input < memories.length; input++) {
                const { data } = memories[input]!, width = inputs[input]!.columns.length
                data.copyWithin(rows * width, i * width, (i + 1) * width)
              }
              kept[rows++] = row
              continue
            }
            try {
              values.open(row)
              if (filter !== undefined && !filter(values)) continue
              const read = getter.open(values)
              for (let input = 0; input < plan.length; input++) {
                plan[input]!(values, read, memories[input]!.data, rows * inputs[input]!.columns.length)
              }
              kept[rows++] = row
            } catch (error) {
              if (!(error instanceof SluiceError) || error.severity !== 'record') {
                for (const { release } of memories) release()
                throw error
              }
              rejected.push({ row, stage: 'features', error })
            }
          }
          const tensors = new Map(inputs.map(({ name, dtype, shapeOf, columns }, input): [string, Tensor] =>
            [name, { dtype, shape: shapeOf(rows), data: memories[input]!.data.subarray(0, rows * columns.length) }]))
          return { features: { rows, tensors, release() { for (const { release } of memories) release() } }, rows: kept.subarray(0, rows), rejected }
        },
      }
    },
  }
}

const NONE = new Int32Array(0)

/** The rows that have a value, and a whole one. */
function presentOf({ values: { start }, rejected }: RecordBatch, wanted: Int32Array): Int32Array {
  let nulls = 0
  for (let i = 0; i < wanted.length; i++) nulls |= start[wanted[i]!]!
  if (nulls >= 0 && (rejected === undefined || rejected.length === 0)) return wanted
  const halves = new Set(rejected?.map(({ row }) => row))
  return wanted.filter(row => start[row]! >= 0 && !halves.has(row))
}

/** Of JSON and of CSV. undefined: there are no kernels, or they cannot do what is asked for. */
function quickOnes(inputs: readonly Input[], getter: Getter, { when, arena }: FeatureOptions): readonly (Quick | undefined)[] {
  if (kernelsOf(arena) === undefined) return []
  const quick = (needsOf: (input: Input) => Needs | undefined, textual: boolean): Quick | undefined => {
    const filled = inputs.map(input => ({ dtype: input.dtype, width: input.columns.length, needs: needsOf(input) }))
    return filled.every(isKnown) ? quickOf(filled, when, arena, textual) : undefined
  }
  const named = (textual: boolean) => (): Quick | undefined => quick(input => getter.needs(input), textual), list = inputs[0] === undefined ? undefined : getter.needsOfLists?.(inputs[0])
  // columns without names may be many, and records by such names are few: what reads them is made when it is needed
  return list === undefined ? [named(false)(), named(true)()] : [byKind(named(false), () => quick(() => list, false)), byKind(named(true))]
}
const isKnown = <T extends { readonly needs: Needs | undefined }>(filled: T): filled is T & { readonly needs: Needs } => filled.needs !== undefined

/** A matrix with named columns, or one number a row under the tensor's own name. */
function inputOf({ name, dtype, shape, columns, unnamed = false }: TensorSpec): Omit<Input, 'lone'> {
  const fail = (what: string): never => { throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `the input '${name}' of the model ${what}`, { fix: 'name the columns of the matrix in the model file' }) }
  if (dtype !== 'float32' && dtype !== 'float64') return fail(`is of type ${dtype}; features are float32 or float64`)
  if (columns !== undefined) return { name, dtype, columns, unnamed, shapeOf: rows => [rows, columns.length] }
  if (shape.length > 2 || (shape[1] ?? 1) !== 1) return fail(`has the shape [${shape.join(', ')}] and no names of columns`)
  return { name, dtype, columns: [{ name }], unnamed: false, shapeOf: shape.length === 1 ? rows => [rows] : rows => [rows, 1] }
}

interface Memory { readonly data: Float32Array | Float64Array; release(): void }
function numbers(dtype: 'float32' | 'float64', length: number, arena: Arena | undefined): Memory {
  const region = arena?.reserve(length * (dtype === 'float32' ? 4 : 8))
  if (region === undefined) return { data: dtype === 'float32' ? new Float32Array(length) : new Float64Array(length), release() {} }
  const { bytes: { buffer, byteOffset } } = region
  return { data: dtype === 'float32' ? new Float32Array(buffer, byteOffset, length) : new Float64Array(buffer, byteOffset, length), release: () => region.release() }
}
