import type { Labels } from '../core/index.ts'
import { combineOf, type Kind } from './families.ts'
import { add, copy, createHistogram, type Histogram } from './histogram.ts'

/** The metrics of a moment as plain data: what executors send to the main thread, what the page, the live line and the report are made of. */
export type Snapshot = readonly Family[]
export interface Family { readonly name: string; readonly kind: Kind; readonly cells: readonly Cell[] }
export interface Cell { readonly labels: Labels; readonly value: number; readonly histogram?: Histogram }

export const keyOf = (labels: Labels): string => {
  const names = Object.keys(labels)
  if (names.length === 0) return ''
  return JSON.stringify(names.sort().map((name) => [name, labels[name]]))
}

/** One snapshot of several executors' snapshots. */
export function mergeSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const families = new Map<string, { kind: Kind; cells: Map<string, { labels: Labels; value: number; histogram?: Histogram }> }>()
  for (const { name, kind, cells } of snapshots.flat()) {
    const family = families.get(name) ?? { kind, cells: new Map() }
    families.set(name, family)
    if (family.kind !== kind) continue      // two executors run the same code; a page with two kinds of one name would be refused whole
    for (const cell of cells) {
      const key = keyOf(cell.labels)
      const before = family.cells.get(key)
      if (before === undefined) {
        family.cells.set(key, cell.histogram === undefined ? { ...cell } : { ...cell, histogram: copy(cell.histogram) })
      } else if (before.histogram !== undefined && cell.histogram !== undefined) {
        add(before.histogram, cell.histogram)
      } else {
        before.value = kind === 'gauge' && combineOf(name) === 'max' ? Math.max(before.value, cell.value) : before.value + cell.value
      }
    }
  }
  return [...families].map(([name, { kind, cells }]) => ({ name, kind, cells: [...cells.values()] }))
}

const matching = (snapshot: Snapshot, name: string, labels: Labels): readonly Cell[] =>
  (snapshot.find((family) => family.name === name)?.cells ?? [])
    .filter((cell) => Object.keys(labels).every((label) => cell.labels[label] === labels[label]))

/** The sum of all cells of a counter or gauge that have these labels. */
export const totalOf = (snapshot: Snapshot, name: string, labels: Labels = {}): number =>
  matching(snapshot, name, labels).reduce((sum, cell) => sum + cell.value, 0)

/** All cells of a histogram that have these labels, as one. */
export function histogramOf(snapshot: Snapshot, name: string, labels: Labels = {}): Histogram {
  const result = createHistogram()
  for (const { histogram } of matching(snapshot, name, labels)) if (histogram !== undefined) add(result, histogram)
  return result
}

export const cellsOf = (snapshot: Snapshot, name: string): readonly Cell[] => matching(snapshot, name, {})
