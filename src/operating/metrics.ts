import type { Labels, Metrics } from '../core/index.ts'
import { FAMILIES, type Kind } from './families.ts'
import { copy, createHistogram, record, type Histogram } from './histogram.ts'
import { writePage } from './page.ts'
import { keyOf, mergeSnapshots, type Snapshot } from './snapshot.ts'

export interface Registry extends Metrics {
  /** Its own recordings together with the newest snapshot of every other executor. A copy: later recordings do not change it. */
  snapshot(): Snapshot
  /** The newest snapshot of the executor of that name; it takes the place of the one before it. A restarted executor counts from 0 again, so
      it needs a new name. */
  merge(executor: string, snapshot: Snapshot): void
  /** Prometheus' text format; every sample carries the registry's labels. */
  page(): string
}

/** Different labels of one metric. A label taken from records (a key, a city) must not grow the memory without end. */
export const CELLS_MAX = 1000

const DROPPED = 'sluice_series_dropped_total'

interface MutableCell { readonly labels: Labels; value: number; readonly histogram?: Histogram }
interface MutableFamily { readonly kind: Kind; readonly cells: Map<string, MutableCell> }

/** A name, its labels and one kind: recorded in a few hundred ns, so once per batch, never per record.
    @throws TypeError for a name or label that Prometheus does not allow, a counter that falls, a name used with two kinds. */
export function createMetrics(labels: Labels = {}): Registry {
  const families = new Map<string, MutableFamily>()
  const others = new Map<string, Snapshot>()
  checkLabels(labels)

  function cellOf(name: string, kind: Kind, of: Labels): MutableCell | undefined {
    let family = families.get(name)
    if (family === undefined) {
      checkFamily(name, kind)
      families.set(name, family = { kind, cells: new Map() })
    }
    if (family.kind !== kind) throw new TypeError(`metric ${name} is a ${family.kind}, here it is used as a ${kind}`)
    const key = keyOf(of)
    const cell = family.cells.get(key)
    return cell ?? addCell(name, family, key, of)
  }

  function addCell(name: string, family: MutableFamily, key: string, of: Labels): MutableCell | undefined {
    checkLabels(of)
    if (family.cells.size >= CELLS_MAX) {
      if (name !== DROPPED) metrics.count(DROPPED, 1, { metric: name })
      return undefined
    }
    const cell = family.kind === 'histogram' ? { labels: { ...of }, value: 0, histogram: createHistogram() } : { labels: { ...of }, value: 0 }
    family.cells.set(key, cell)
    return cell
  }

  const own = (): Snapshot => [...families].map(([name, { kind, cells }]) => ({
    name, kind, cells: [...cells.values()].map((cell) => (cell.histogram === undefined ? { ...cell } : { ...cell, histogram: copy(cell.histogram) })),
  }))

  const metrics: Registry = {
    count(name, by, of = {}) {
      if (!(by >= 0)) throw new TypeError(`counter ${name} cannot be raised by ${by}`)
      const cell = cellOf(name, 'counter', of)
      if (cell !== undefined) cell.value += by
    },
    gauge(name, value, of = {}) {
      if (value === undefined) {
        families.get(name)?.cells.delete(keyOf(of))
        return
      }
      const cell = cellOf(name, 'gauge', of)
      if (cell !== undefined) cell.value = value
    },
    observe(name, value, times, of = {}) {
      const histogram = cellOf(name, 'histogram', of)?.histogram
      if (histogram !== undefined) record(histogram, value, times)
    },
    snapshot: () => (others.size === 0 ? own() : mergeSnapshots([own(), ...others.values()])),
    merge(executor, snapshot) { others.set(executor, snapshot) },
    page: () => writePage(metrics.snapshot(), labels),
  }
  return metrics
}

function checkFamily(name: string, kind: Kind): void {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new TypeError(`'${name}' is no name of a metric: letters, digits, _ and :`)
  const known = FAMILIES[name]?.kind
  if (known !== undefined && known !== kind) throw new TypeError(`metric ${name} is a ${known}, here it is used as a ${kind}`)
}

function checkLabels(labels: Labels): void {
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith('__') || name === 'le') throw new TypeError(`'${name}' is no name of a label`)
    if (typeof value !== 'string') throw new TypeError(`label ${name} must be a string, not ${String(value)}`)
  }
}
