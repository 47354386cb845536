import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments, parse } from 'yaml'
import { FAMILIES } from '../src/operating/families.ts'
import { mistakesIn } from '../src/pipeline/schema.ts'
import type { Definition } from '../src/pipeline/schema.ts'

const folder = join(import.meta.dirname, '../deploy'), read = (name: string): string => readFileSync(join(folder, name), 'utf8')
interface Manifest { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string }; readonly spec: any; readonly data: { readonly [file: string]: string }; readonly stringData: object } // eslint-disable-line
const manifests = readdirSync(join(folder, 'kubernetes')).flatMap(name => parseAllDocuments(read(`kubernetes/${name}`)).map(document => {
  assert.deepEqual(document.errors, [], name)
  return document.toJS() as Manifest
}))
const one = (kind: string): Manifest => {
  const [found, ...more] = manifests.filter(manifest => manifest.kind === kind)
  assert.equal(more.length, 0)
  return found!
}
const definition = parse(one('ConfigMap').data['pipeline.yaml']!) as Definition & { source: { kafka: { topics: string[]; group: string; brokers: string } } }

test('the pipeline of the ConfigMap fits the schema', () => assert.deepEqual(mistakesIn(definition), []))

test('container, probes, ports and volumes fit the pipeline', () => {
  const { spec: { template: { spec } } } = one('StatefulSet'), [container] = spec.containers
  const [, port] = definition.operating!.http!.split(':')
  assert.deepEqual(container.ports, [{ name: 'http', containerPort: Number(port) }])
  assert.deepEqual(['startupProbe', 'readinessProbe', 'livenessProbe'].map(probe => container[probe].httpGet.path), ['/readyz', '/readyz', '/livez'])
  assert.equal(one('PodMonitor').spec.podMetricsEndpoints[0].path, '/metrics')
  assert.ok(spec.terminationGracePeriodSeconds > 20, 'flow.drainMs is 20 s')
  assert.deepEqual(container.args[0], 'run')
  const mounts: { readonly [path: string]: string } = Object.fromEntries(container.volumeMounts.map(({ name, mountPath }: { name: string; mountPath: string }) => [mountPath, name]))
  assert.deepEqual(Object.values(mounts).sort(), spec.volumes.map(({ name }: { name: string }) => name).sort())
  assert.equal(join(mounts['/pipelines'] === undefined ? '' : '/pipelines', Object.keys(one('ConfigMap').data)[0]!), container.args[1])
  // every path that the pipeline names is mounted, and what lies there is in the Secret
  const named = [...JSON.stringify(definition).matchAll(/(?:"|file:)(\/[\w./-]+)/g)].map(([, path]) => path!)
  assert.ok(named.length >= 3)
  for (const path of named) assert.ok(Object.keys(mounts).some(mount => path.startsWith(`${mount}/`)), path)
  for (const path of named.filter(each => each.startsWith('/kafka/'))) assert.ok(path.slice(7) in one('Secret').stringData, path)
})

test('everything is selected by the same labels, and scaled by the topic and the group that are read', () => {
  for (const { kind, spec } of manifests) {
    if (spec?.selector === undefined) continue
    assert.deepEqual(kind === 'Service' ? spec.selector : spec.selector.matchLabels, { app: 'eta' }, kind)
  }
  const { spec: { scaleTargetRef, triggers: [{ metadata, authenticationRef }] } } = one('ScaledObject'), { kafka } = definition.source
  assert.deepEqual(scaleTargetRef, { kind: 'StatefulSet', name: one('StatefulSet').metadata.name })
  assert.deepEqual([metadata.topic, metadata.consumerGroup, metadata.bootstrapServers], [kafka.topics[0], kafka.group, kafka.brokers])
  assert.equal(authenticationRef.name, one('TriggerAuthentication').metadata.name)
})

test('alerts ask for metrics and labels that there are', () => {
  const { groups } = parse(read('alerts.yaml')) as { groups: { rules: { alert: string; expr: string; annotations: { [name: string]: string } }[] }[] }
  const rules = groups.flatMap(group => group.rules), labels = new Set(['pipeline', 'le', 'outcome', 'model', 'code'])
  assert.ok(rules.length >= 6)
  for (const { alert, expr, annotations } of rules) {
    const names = [...expr.matchAll(/\b(sluice|process)_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''))
    assert.ok(names.length > 0, alert)
    for (const name of names) assert.ok(name in FAMILIES || name === 'process_start_time_seconds', `${alert}: ${name}`)
    for (const [, list] of expr.matchAll(/by \(([^)]*)\)/g)) for (const label of list!.split(', ')) assert.ok(labels.has(label), `${alert}: ${label}`)
    for (const [, label] of JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)) assert.match(expr, new RegExp(`\\b${label}\\b`), `${alert}: ${label} is in the text, and lost in the expression`)
    assert.deepEqual(Object.keys(annotations), ['summary', 'action'], alert)
  }
})

test('the image starts what the package calls sluice', () => {
  const { bin, workspaces } = JSON.parse(readFileSync(join(folder, '../package.json'), 'utf8')) as { bin: { sluice: string }; workspaces: string[] }
  assert.match(read('Dockerfile'), new RegExp(`ENTRYPOINT \\["node", "/app/${bin.sluice}"\\]`))
  for (const workspace of workspaces) assert.match(read('Dockerfile'), new RegExp(`COPY ${workspace}/package.json`))
  assert.match(read('Dockerfile'), /^USER node$/m)
})
