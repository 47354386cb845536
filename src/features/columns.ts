import { didYouMean, nameAsPath, parsePath } from '../codecs/paths.ts'
import type { Path } from '../codecs/paths.ts'
import { valuesOf } from '../codecs/values.ts'
import type { Value, Values } from '../codecs/values.ts'
import { SluiceError } from '../core/index.ts'
import type { Arena, Column, Extracted, Features, RecordBatch, Rejection, Signature, Tensor, TensorSpec } from '../core/index.ts'
import { kernelsOf } from '../kernels/host.ts'
import { cellOf } from './cells.ts'
import { DERIVED } from './options.ts'
import type { FeatureOptions, FeaturesFunction, FeatureSpec, FeatureSpecs, PathFeature } from './options.ts'
import { quickOf } from './quick.ts'
import type { Need, Quick } from './quick.ts'
import { DONE, PASSED, PLAIN } from './scan.ts'
import { testOf } from './when.ts'
import type { Test } from './when.ts'
import { zoneOf } from './zone.ts'
import type { Zone } from './zone.ts'

/** Features by the model's names of its inputs, each a path into the record, a path with more to it, or a function; or one function for the
    whole record; or nothing: what the model calls its inputs, at the top level of the record.
    ```ts
    columns({ km: 'trip.km', hour: { path: 'at', as: 'hourOfDay', zone: 'America/New_York' } })
    ```
    Null values (tombstones) and records for which `options.when` does not hold are passed by. Functions must answer the same for the same
    record. @throws SLUICE_CONFIG_INVALID */
export function columns(specs?: FeatureSpecs | FeaturesFunction, options: FeatureOptions = {}): Features {
  const paths: Path[] = []
  const indexOf = (path: Path): number => {
    const known = paths.findIndex(({ steps }) => JSON.stringify(steps) === JSON.stringify(path.steps))
    return known >= 0 ? known : paths.push(path) - 1
  }
  const filter = options.when === undefined ? undefined : testOf(options.when, indexOf)
  const getter = typeof specs === 'function' ? fromFunction(specs) : specs === undefined ? fromNames(indexOf, options) : fromSpecs(specs, indexOf, options)

  return {
    for(signature: Signature) {
      const inputs = signature.inputs.map(spec => inputOf(spec))
      getter.check(inputs.flatMap(({ columns }) => columns.map(({ name }) => name)))
      const plans = [false, true].map(textual => inputs.map(({ columns }) => columns.map(column => getter.take(column, textual))))
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
                const takes = plan[input]!, { data } = memories[input]!, width = takes.length
                for (let column = 0; column < width; column++) data[rows * width + column] = takes[column]!(values, read)
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
  const filled = inputs.map(({ dtype, columns }) => ({ dtype, needs: columns.flatMap(column => getter.need(column) ?? []) }))
  if (kernelsOf(arena) === undefined || filled.some(({ needs }, input) => needs.length < inputs[input]!.columns.length)) return []
  return [false, true].map(textual => quickOf(filled, when, arena, textual))
}

interface Input { readonly name: string; readonly dtype: 'float32' | 'float64'; readonly columns: readonly Column[]; shapeOf(rows: number): number[] }

/** A matrix with named columns, or one number a row under the tensor's own name. */
function inputOf({ name, dtype, shape, columns }: TensorSpec): Input {
  const fail = (what: string): never => { throw new SluiceError('SLUICE_MODEL_UNSUPPORTED', `the input '${name}' of the model ${what}`, { fix: 'name the columns of the matrix in the model file' }) }
  if (dtype !== 'float32' && dtype !== 'float64') return fail(`is of type ${dtype}; features are float32 or float64`)
  if (columns !== undefined) return { name, dtype, columns, shapeOf: rows => [rows, columns.length] }
  if (shape.length > 2 || (shape[1] ?? 1) !== 1) return fail(`has the shape [${shape.join(', ')}] and no names of columns`)
  return { name, dtype, columns: [{ name }], shapeOf: shape.length === 1 ? rows => [rows] : rows => [rows, 1] }
}

interface Memory { readonly data: Float32Array | Float64Array; release(): void }
function numbers(dtype: 'float32' | 'float64', length: number, arena: Arena | undefined): Memory {
  const region = arena?.reserve(length * (dtype === 'float32' ? 4 : 8))
  if (region === undefined) return { data: dtype === 'float32' ? new Float32Array(length) : new Float64Array(length), release() {} }
  const { bytes: { buffer, byteOffset } } = region
  return { data: dtype === 'float32' ? new Float32Array(buffer, byteOffset, length) : new Float64Array(buffer, byteOffset, length), release: () => region.release() }
}

/** The number of one column out of the current record; `read` is what `open` answered for it. */
type Take = (values: Values, read: Value | undefined) => number
interface Getter {
  /** @throws SLUICE_FEATURE_UNKNOWN, SLUICE_FEATURE_UNUSED */
  check(wanted: readonly string[]): void
  take(column: Column, textual: boolean): Take
  /** The same for kernels. undefined: only the plain path can do it. */
  need(column: Column): Need | undefined
  /** Once a record, before its columns. */
  open(values: Values): Value | undefined
}

function fromNames(indexOf: (path: Path) => number, options: FeatureOptions): Getter {
  const zone = zoneNamed(options.zone)
  return {
    check() {},
    take(column, textual) {
      const index = indexOf(nameAsPath(column.name))
      const cell = cellOf({ title: `feature '${column.name}'`, column, zone, textual })
      return values => cell.encode(values.at(index))
    },
    need: column => ({ path: nameAsPath(column.name), spec: { title: column.name, column, zone } }),
    open: () => undefined,
  }
}

function fromFunction(all: FeaturesFunction): Getter {
  return {
    check() {},
    take(column) {
      const cell = cellOf({ title: `feature '${column.name}'`, column, zone: zoneOf('UTC'), textual: false })
      return (_, read) => cell.encode(Object.hasOwn(read!, column.name) ? read![column.name] : undefined)
    },
    need: () => undefined,
    open(values) {
      const read = called('the features function', all, values.value())
      if (typeof read !== 'object' || read === null || read instanceof Promise) throw new SluiceError('SLUICE_FEATURE_FAILED', 'the features function gave no object', { fix: 'return an object of features; it may not be async' })
      return read
    },
  }
}

function fromSpecs(specs: FeatureSpecs, indexOf: (path: Path) => number, options: FeatureOptions): Getter {
  const features = new Map(Object.entries(specs).map(([name, spec]) => [name, opened(name, spec, indexOf, options)]))
  return {
    check(wanted) {
      const names = [...features.keys()]
      const unknown = wanted.filter(name => !features.has(name)), unused = names.filter(name => !wanted.includes(name))
      const meant = (name: string, among: readonly string[]): string => {
        const found = didYouMean(name, among)
        return found === undefined ? '' : ` (did you mean '${found}'?)`
      }
      if (unknown.length > 0) {
        throw new SluiceError('SLUICE_FEATURE_UNKNOWN', `the model wants ${unknown.map(name => `'${name}'${meantBy(name, unused)}`).join(', ')}, which features do not name`)
      }
      if (unused.length > 0) {
        throw new SluiceError('SLUICE_FEATURE_UNUSED', `features name ${unused.map(name => `'${name}'${meant(name, wanted)}`).join(', ')}, which the model does not have; it wants ${wanted.slice(0, 20).join(', ')}${wanted.length > 20 ? ', ...' : ''}`)
      }
    },
    take: (column, textual) => features.get(column.name)!(column, textual),
    need(column) {
      const spec = specs[column.name]!
      if (typeof spec === 'function') return undefined
      const { path, as, type, zone, when, default: fallback }: PathFeature = typeof spec === 'string' ? { path: spec } : spec
      return { path: parsePath(path), spec: { title: column.name, column, as, type, default: fallback, zone: zoneNamed(zone ?? options.zone) }, when }
    },
    open: () => undefined,
  }
}
const meantBy = (name: string, unused: readonly string[]): string => {
  const found = didYouMean(name, unused)
  return found === undefined ? '' : ` (features name '${found}')`
}

function opened(name: string, spec: FeatureSpec, indexOf: (path: Path) => number, options: FeatureOptions): (column: Column, textual: boolean) => Take {
  if (typeof spec === 'function') {
    const title = `feature '${name}' (a function)`
    return column => {
      const cell = cellOf({ title, column, zone: zoneOf('UTC'), textual: false })
      return values => cell.encode(called(title, spec, values.value()))
    }
  }
  const feature: PathFeature = typeof spec === 'string' ? { path: spec } : spec
  const index = within(name, () => indexOf(parsePath(feature.path)))
  const title = feature.path === name ? `feature '${name}'` : `feature '${name}' (${feature.path})`
  if (feature.as !== undefined && !DERIVED.includes(feature.as)) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${title}: there is no derived feature '${feature.as}'; there are ${DERIVED.join(', ')}`, { why: 'derived features are a closed list', fix: 'anything else is a function of the decoded value, in TypeScript' })
  }
  const zone = zoneNamed(feature.zone ?? options.zone), when: Test | undefined = feature.when === undefined ? undefined : within(name, () => testOf(feature.when!, indexOf))
  return (column, textual) => {
    const cell = cellOf({ title, column, as: feature.as, type: feature.type, default: feature.default, zone, textual })
    return when === undefined ? values => cell.encode(values.at(index)) : values => when(values) ? cell.encode(values.at(index)) : cell.passed()
  }
}

/** What a user's function throws is this record's failure, except an error that says itself how grave it is. */
function called<T>(title: string, run: (value: Value) => T, value: Value): T {
  try { return run(value) } catch (error) {
    if (error instanceof SluiceError) throw error
    throw new SluiceError('SLUICE_FEATURE_FAILED', `${title} threw: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
function within<T>(name: string, run: () => T): T {
  try { return run() } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    const { at, why, fix } = error
    throw new SluiceError(error.code, `feature '${name}': ${error.message}`, { ...(at === undefined ? {} : { at }), why, fix })
  }
}
function zoneNamed(name: string | undefined): Zone {
  try { return zoneOf(name ?? 'UTC') } catch (cause) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `there is no time zone '${name}'`, { fix: 'use an IANA name, such as Europe/Berlin', cause })
  }
}
