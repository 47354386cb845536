import { didYouMean, nameAsPath, parsePath, WHOLE } from '../codecs/paths.ts'
import type { Path } from '../codecs/paths.ts'
import type { Value, Values } from '../codecs/values.ts'
import { SluiceError } from '../core/index.ts'
import type { Column } from '../core/index.ts'
import { cellOf } from './cells.ts'
import { checkList, listOf, partsOf } from './list.ts'
import type { ListSpec, Part } from './list.ts'
import { DERIVED } from './options.ts'
import type { FeatureOptions, FeaturesFunction, FeatureSpec, FeatureSpecs, PathFeature } from './options.ts'
import type { Needs } from './quick.ts'
import { testOf } from './when.ts'
import type { Test } from './when.ts'
import { zoneOf } from './zone.ts'
import type { Zone } from './zone.ts'

/** One matrix that the model takes. */
export interface Input {
  readonly name: string
  readonly dtype: 'float32' | 'float64'
  readonly columns: readonly Column[]
  /** The names of its columns are made up. */
  readonly unnamed: boolean
  /** The model has no other. */
  readonly lone: boolean
  shapeOf(rows: number): number[]
}

/** The numbers of one input out of the current record, from `at` on; `read` is what `open` answered for it. */
type Fill = (values: Values, read: Value | undefined, row: Float32Array | Float64Array, at: number) => void
export interface Getter {
  /** @throws SLUICE_FEATURE_UNKNOWN, SLUICE_FEATURE_UNUSED */
  check(inputs: readonly Input[]): void
  fill(input: Input, textual: boolean): Fill
  /** The same for kernels. undefined: only the plain path can do it. */
  needs(input: Input): Needs | undefined
  /** Of records that are lists, where these are read otherwise. */
  needsOfLists?(input: Input): Needs | undefined
  /** Once a record, before its columns. */
  open(values: Values): Value | undefined
}

type IndexOf = (path: Path) => number
/** The number of one column. */
type Take = (values: Values, read: Value | undefined) => number

/** Columns one by one, and some from lists. */
function filledBy(parts: readonly Part[], take: (column: Column) => Take, list: (name: string, columns: readonly Column[]) => Fill): Fill {
  const takes = parts.flatMap(part => 'column' in part ? [{ first: part.first, take: take(part.column) }] : [])
  const lists = parts.flatMap(part => 'column' in part ? [] : [{ first: part.first, fill: list(part.name, part.columns) }])
  return (values, read, row, at) => {
    for (let i = 0; i < takes.length; i++) row[at + takes[i]!.first] = takes[i]!.take(values, read)
    for (let i = 0; i < lists.length; i++) lists[i]!.fill(values, read, row, at + lists[i]!.first)
  }
}
const single = (columns: readonly Column[]): readonly Part[] => columns.map((column, first) => ({ first, column }))
const noList = (): never => { throw new TypeError('no list was asked for') }

export function fromNames(indexOf: IndexOf, options: FeatureOptions): Getter {
  const zone = zoneNamed(options.zone)
  const named = ({ columns }: Input, textual: boolean): Fill => filledBy(single(columns), column => {
    const index = indexOf(nameAsPath(column.name)), cell = cellOf({ title: `feature '${column.name}'`, column, zone, textual })
    return values => cell.encode(values.at(index))
  }, noList)
  const maybeList = ({ unnamed, lone }: Input): boolean => unnamed && lone
  const listSpec = ({ name, columns }: Input): ListSpec => ({ title: titleOf(name, WHOLE.text), columns })
  return {
    check() {},
    fill(input, textual) {
      if (textual || !maybeList(input)) return named(input, textual)
      const fill = listOf(listSpec(input)), index = indexOf(WHOLE)
      let other: Fill | undefined
      return (values, read, row, at) => {
        const record = values.at(index)
        if (Array.isArray(record)) fill(record, row, at)
        else (other ??= named(input, false))(values, read, row, at)
      }
    },
    needs: ({ columns }) => columns.map(column => ({ path: nameAsPath(column.name), spec: { title: column.name, column, zone } })),
    needsOfLists: input => maybeList(input) ? [{ path: WHOLE, list: listSpec(input) }] : undefined,
    open: () => undefined,
  }
}

export function fromFunction(all: FeaturesFunction, indexOf: IndexOf): Getter {
  indexOf(WHOLE)
  const takeOf = (column: Column): Take => {
    const cell = cellOf({ title: `feature '${column.name}'`, column, zone: zoneOf('UTC'), textual: false })
    return (_, read) => cell.encode(Object.hasOwn(read!, column.name) ? read![column.name] : undefined)
  }
  return {
    check() {},
    fill: ({ columns }) => filledBy(partsOf(columns, () => true), takeOf, (name, list) => {
      const fill = listOf({ title: `feature '${name}'`, columns: list }), others = filledBy(single(list), takeOf, noList)
      return (values, read, row, at) => {
        if (Object.hasOwn(read!, name)) fill(read![name], row, at)
        else others(values, read, row, at)
      }
    }),
    needs: () => undefined,
    open(values) {
      const read = called('the features function', all, values.value())
      if (typeof read !== 'object' || read === null || read instanceof Promise) throw new SluiceError('SLUICE_FEATURE_FAILED', 'the features function gave no object', { fix: 'return an object of features; it may not be async' })
      return read
    },
  }
}

export function fromSpecs(specs: FeatureSpecs, indexOf: IndexOf, options: FeatureOptions): Getter {
  const features = new Map(Object.entries(specs).map(([name, spec]) => [name, opened(name, spec, indexOf, options)]))
  // of columns without names of their own a list is expected
  const partsGiven = ({ columns, unnamed }: Input): readonly Part[] => partsOf(columns, (name, list) => unnamed ? features.has(name) || !list.some(column => features.has(column.name)) : features.has(name) && list.length > 1)
  return {
    check(inputs) {
      const wanted = new Map(inputs.flatMap(partsGiven).map(part => 'column' in part ? [part.column.name, ''] : [part.name, ` (a list of ${part.columns.length} numbers)`]))
      const all = [...wanted.keys()], names = [...features.keys()]
      const unknown = all.filter(name => !features.has(name)), unused = names.filter(name => !wanted.has(name))
      const meant = (name: string, among: readonly string[]): string => {
        const found = didYouMean(name, among)
        return found === undefined ? '' : ` (did you mean '${found}'?)`
      }
      if (unknown.length > 0) {
        throw new SluiceError('SLUICE_FEATURE_UNKNOWN', `the model wants ${unknown.map(name => `'${name}'${wanted.get(name)!}${meantBy(name, unused)}`).join(', ')}, which features do not name`)
      }
      if (unused.length > 0) {
        throw new SluiceError('SLUICE_FEATURE_UNUSED', `features name ${unused.map(name => `'${name}'${meant(name, all)}`).join(', ')}, which the model does not have; it wants ${all.slice(0, 20).join(', ')}${all.length > 20 ? ', ...' : ''}`)
      }
    },
    fill: (input, textual) => filledBy(partsGiven(input), column => features.get(column.name)!.column(column, textual), (name, columns) => features.get(name)!.list(columns)),
    needs(input) {
      const needs = partsGiven(input).map(part => {
        const spec = specs['column' in part ? part.column.name : part.name]!
        if (typeof spec === 'function') return undefined
        const { path, as, type, zone, when, default: fallback } = featureOf(spec)
        if ('columns' in part) return { path: pathOf(path), list: { title: titleOf(part.name, path), columns: part.columns } }
        return { path: parsePath(path), spec: { title: part.column.name, column: part.column, as, type, default: fallback, zone: zoneNamed(zone ?? options.zone) }, when }
      })
      return needs.includes(undefined) ? undefined : needs as Exclude<typeof needs[number], undefined>[]
    },
    open: () => undefined,
  }
}
const featureOf = (spec: string | PathFeature): PathFeature => typeof spec === 'string' ? { path: spec } : spec
const pathOf = (path: string): Path => path === WHOLE.text ? WHOLE : parsePath(path)
const titleOf = (name: string, path: string): string => path === name ? `feature '${name}'` : `feature '${name}' (${path})`
const meantBy = (name: string, unused: readonly string[]): string => {
  const found = didYouMean(name, unused)
  return found === undefined ? '' : ` (features name '${found}')`
}

/** What a spec is for one column, and for those that a list fills. */
interface Opened {
  column(column: Column, textual: boolean): Take
  list(columns: readonly Column[]): Fill
}

function opened(name: string, spec: FeatureSpec, indexOf: IndexOf, options: FeatureOptions): Opened {
  if (typeof spec === 'function') {
    const title = `feature '${name}' (a function)`
    indexOf(WHOLE)
    return {
      column(column) {
        const cell = cellOf({ title, column, zone: zoneOf('UTC'), textual: false })
        return values => cell.encode(called(title, spec, values.value()))
      },
      list(columns) {
        const fill = listOf({ title, columns })
        return (values, _, row, at) => fill(called(title, spec, values.value()), row, at)
      },
    }
  }
  const feature = featureOf(spec), { path, as } = feature
  const index = within(name, () => indexOf(pathOf(path)))
  const title = titleOf(name, path)
  if (as !== undefined && !DERIVED.includes(as)) {
    throw new SluiceError('SLUICE_CONFIG_INVALID', `${title}: there is no derived feature '${as}'; there are ${DERIVED.join(', ')}`, { why: 'derived features are a closed list', fix: 'anything else is a function of the decoded value, in TypeScript' })
  }
  const zone = zoneNamed(feature.zone ?? options.zone), when: Test | undefined = feature.when === undefined ? undefined : within(name, () => testOf(feature.when!, indexOf))
  return {
    column(column, textual) {
      if (path === WHOLE.text) throw new SluiceError('SLUICE_CONFIG_INVALID', `${title}: \`$\` is the whole record, and this is one number of it`, { fix: 'write which: `[0]` is the first element of a record that is a list' })
      const cell = cellOf({ title, column, as, type: feature.type, default: feature.default, zone, textual })
      return when === undefined ? values => cell.encode(values.at(index)) : values => when(values) ? cell.encode(values.at(index)) : cell.passed()
    },
    list(columns) {
      checkList(title, feature)
      const fill = listOf({ title, columns })
      return (values, _, row, at) => fill(values.at(index), row, at)
    },
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
