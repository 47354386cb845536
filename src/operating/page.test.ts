import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMetrics } from './metrics.ts'

test('page-exact: help, type, labels and buckets as the format says', () => {
  const metrics = createMetrics({ pipeline: 'eta' })
  metrics.count('sluice_records_total', 3, { outcome: 'scored' })
  metrics.count('sluice_records_total', 1, { outcome: 'rejected' })
  metrics.gauge('sluice_inflight_bytes', 12.5)
  assert.equal(metrics.page(), [
    '# HELP sluice_inflight_bytes Bytes of the batches that are read and not written.',
    '# TYPE sluice_inflight_bytes gauge',
    'sluice_inflight_bytes{pipeline="eta"} 12.5',
    '# HELP sluice_records_total Records by what became of them: scored, rejected, filtered, skipped or tombstone; counted when they are committed.',
    '# TYPE sluice_records_total counter',
    'sluice_records_total{outcome="scored",pipeline="eta"} 3',
    'sluice_records_total{outcome="rejected",pipeline="eta"} 1',
    '',
  ].join('\n'))
})

test('histogram-on-the-page: buckets rise, the last is all, sum and count follow', () => {
  const metrics = createMetrics()
  metrics.observe('sluice_latency_seconds', 0.003, 7)
  metrics.observe('sluice_latency_seconds', 100, 1)
  const { samples, types } = parsePage(metrics.page())
  assert.equal(types.get('sluice_latency_seconds'), 'histogram')
  const buckets = samples.filter(({ name }) => name === 'sluice_latency_seconds_bucket')
  assert.deepEqual(buckets.filter(({ labels }) => ['0.0025', '0.005', '60', '+Inf'].includes(labels['le']!)).map(({ value }) => value), [0, 7, 7, 8])
  assert.equal(buckets.at(-1)!.labels['le'], '+Inf')
  const limits = buckets.map(({ labels }) => Number(labels['le']!.replace('+Inf', 'Infinity')))
  assert.deepEqual(limits, [...limits].sort((a, b) => a - b))
  assert.equal(samples.find(({ name }) => name === 'sluice_latency_seconds_count')!.value, 8)
  assert.equal(samples.find(({ name }) => name === 'sluice_latency_seconds_sum')!.value, 0.003 * 7 + 100)
})

test('label-escapes: any value of a label and any number come back from the page as they were', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.double(), (city, pipeline, value) => {
    const metrics = createMetrics({ pipeline })
    metrics.gauge('own_gauge', value, { city })
    const { samples } = parsePage(metrics.page())
    assert.deepEqual(samples, [{ name: 'own_gauge', labels: { city, pipeline }, value: value === 0 ? 0 : value }])
  }))
  const metrics = createMetrics()
  metrics.count('a_total', 1, { text: 'a\\nb\n"c"' })
  assert.match(metrics.page(), /a_total\{text="a\\\\nb\\n\\"c\\""\} 1\n$/)
})

test('lone-surrogate: the page stays valid UTF-8', () => {
  const metrics = createMetrics()
  metrics.count('a_total', 1, { text: 'x\ud800y' })
  assert.ok(metrics.page().isWellFormed())
})

test('reader-of-the-tests: refuses what Prometheus refuses', () => {
  for (const broken of ['a 1', 'a{x="1" } 1\n', 'a{x="1",} 1\n', 'a{x="\\t"} 1\n', 'a{x="\n"} 1\n', 'a one\n', '# TYPE a gauge\nb 1\n', 'a{x="1"} 1\n',
    '# TYPE a gauge\na 1\na 1\n', '# TYPE a gauge\n# TYPE a gauge\n', '# TYPE a number\n', '# TYPE a gauge\na{0="1"} 1\n', '# TYPE a gauge\na infinity\n', '\n']) {
    assert.throws(() => parsePage(broken), Error, JSON.stringify(broken))
  }
  assert.equal(parsePage('# TYPE a gauge\na{x="}"} -1e+21\n').samples[0]!.value, -1e21)
})

/** A strict reader of Prometheus' text format, for the tests: what it does not know it refuses. */
interface Sample { readonly name: string; readonly labels: { readonly [label: string]: string }; readonly value: number }
interface Page { readonly samples: readonly Sample[]; readonly types: ReadonlyMap<string, string>; readonly helps: ReadonlyMap<string, string> }

function parsePage(page: string): Page {
  const samples: Sample[] = []
  const types = new Map<string, string>()
  const helps = new Map<string, string>()
  if (page !== '' && !page.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of page.split('\n').slice(0, -1)) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\\\|\\n)*)$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (help !== null) {
      once(helps, help[1]!, help[2]!)
      if (types.has(help[1]!)) throw new Error(`HELP after TYPE: ${line}`)
    } else if (type !== null) {
      once(types, type[1]!, type[2]!)
    } else {
      const sample = parseSample(line)
      const family = types.has(sample.name) ? sample.name : sample.name.replace(/_(bucket|sum|count)$/, '')
      if ([...types.keys()].at(-1) !== family) throw new Error(`not under its TYPE: ${line}`)
      if (samples.some((other) => identity(other) === identity(sample))) throw new Error(`twice: ${line}`)
      samples.push(sample)
    }
  }
  return { samples, types, helps }
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\+Inf|-Inf|NaN|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?)$/s.exec(line)
  if (match === null) throw new Error(`no sample: ${line}`)
  const labels: { [label: string]: string } = {}
  let rest = match[3] ?? ''
  while (rest !== '') {
    const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\\\|\\n|\\")*)"(,(?=.)|$)/s.exec(rest)
    if (pair === null) throw new Error(`no label: ${rest}`)
    labels[pair[1]!] = pair[2]!.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    rest = rest.slice(pair[0].length)
  }
  return { name: match[1]!, labels, value: Number(match[4]!.replace('Inf', 'Infinity')) }
}

function once(into: Map<string, string>, name: string, text: string): void {
  if (into.has(name)) throw new Error(`${name} is described twice`)
  into.set(name, text)
}
const identity = ({ name, labels }: Sample): string => `${name}${JSON.stringify(Object.entries(labels).sort())}`
