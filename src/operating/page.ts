import type { Labels } from '../core/index.ts'
import { FAMILIES } from './families.ts'
import { LIMITS, type Histogram } from './histogram.ts'
import type { Snapshot } from './snapshot.ts'

/** Prometheus' text format, version 0.0.4:
    ```
    page   = { family }
    family = [ "# HELP " name " " help LF ] "# TYPE " name " " kind LF { sample }
    sample = name [ "{" label "=" DQUOTE value DQUOTE { "," ... } "}" ] " " number LF
    ```
    help escapes \ and LF; label values escape \, LF and ". A histogram's samples are name_bucket with `le` (each includes the ones below,
    the last is +Inf), name_sum and name_count. */
export const PAGE_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** `labels` are added to every sample and win over its own. */
export function writePage(snapshot: Snapshot, labels: Labels): string {
  let page = ''
  for (const { name, kind, cells } of [...snapshot].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const help = FAMILIES[name]?.help
    if (help !== undefined) page += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`
    page += `# TYPE ${name} ${kind}\n`
    for (const cell of cells) {
      const all = { ...cell.labels, ...labels }
      if (cell.histogram === undefined) page += sample(name, all, cell.value)
      else page += histogramSamples(name, all, cell.histogram)
    }
  }
  return page
}

function histogramSamples(name: string, labels: Labels, { within, count, sum }: Histogram): string {
  let page = ''
  let below = 0
  LIMITS.forEach((limit, i) => {
    below += within[i]!
    page += sample(`${name}_bucket`, { ...labels, le: String(limit) }, below)
  })
  return page + sample(`${name}_bucket`, { ...labels, le: '+Inf' }, count) + sample(`${name}_sum`, labels, sum) + sample(`${name}_count`, labels, count)
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.keys(labels).map((label) => `${label}="${escapeLabel(labels[label]!)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}\n`
}

// A lone surrogate is no UTF-8, and one broken byte makes a scraper refuse the whole page.
const escapeLabel = (value: string): string =>
  value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

const number = (value: number): string => (value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value))
