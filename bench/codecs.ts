// Cost of decoding, extracting and writing, in ns a record. Usage: node bench/codecs.ts [seconds per line, default 1]
import { cpus } from 'node:os'
import { Packer, batchOf } from '../src/codecs/pack.ts'
import { valuesOf } from '../src/codecs/values.ts'
import type { Predicted, RecordBatch, Scored, Signature } from '../src/core/index.ts'
import { columns } from '../src/features/index.ts'
import type { FeatureSpecs } from '../src/features/index.ts'
import { merge, object, rejects } from '../src/results/index.ts'
import { SluiceError } from '../src/core/index.ts'

const ROWS = 1000
const seconds = Number(process.argv[2] ?? 1)

const carriers = ['AA', 'UA', 'DL', 'WN'], ports = ['ORD', 'LAX', 'JFK', 'SFO', 'DEN']
const NAMES = ['id', 'date', 'distance', 'delay', 'origin', 'destination', 'carrier', 'seats', 'price', 'load', 'tail', 'note']
const flights = (note: string): unknown[][] => Array.from({ length: ROWS }, (_, i) => [
  10_000_000 + i * 7, new Date(Date.UTC(2001, 4, 1) + i * 61_000).toISOString(), 200 + i * 37 % 2400, i % 90, ports[i % 5], ports[(i + 2) % 5], carriers[i % 4],
  100 + i % 80, Math.round(i * 7919 % 100_000) / 100, i % 100 / 100, `N${i * 31 % 9000}`, note])
const recordsOf = (rows: readonly string[], header?: readonly string[]): RecordBatch => {
  const packer = new Packer(rows.length, 65536)
  for (const value of rows) {
    packer.row(0)
    const start = packer.length
    packer.text(String(packer.rows % 97))
    packer.setKey(start)
    const at = packer.length
    packer.text(value)
    packer.setValue(at)
  }
  return batchOf(packer.finish(header), { partition: 'flights/0', offsets: Float64Array.from(rows, (_, i) => 1e6 + i), from: 0n, next: 1n })
}
const json = (note: string): RecordBatch => recordsOf(flights(note).map(row => JSON.stringify(Object.fromEntries(NAMES.map((name, i) => [name, row[i]])))))
const csv = recordsOf(flights('on time').map(row => row.join(',')), NAMES)
const quoted = recordsOf(flights('"on time"').map(row => row.join(',')), NAMES)
const ascii = json('on time'), accents = json('p\u00fcnktlich'), escapes = json('on "time"\n'), again = recordsOf(flights('x').map((row, i) => JSON.stringify({ ...Object.fromEntries(NAMES.map((name, j) => [name, row[j]])), __sluice: { model: 'a', version: '1', source: `p@${i}` } })))

const specs: FeatureSpecs = { distance: 'distance', seats: 'seats', price: 'price', load: 'load', carrier: 'carrier' }
const withTime: FeatureSpecs = { ...specs, load: { path: 'date', as: 'hourOfDay', zone: 'America/Chicago' } }
const signature: Signature = {
  inputs: [{ name: 'features', dtype: 'float32', shape: [-1, 5], columns: Object.keys(specs).map(name => name === 'carrier' ? { name, categories: carriers } : { name }) }],
  outputs: [{ name: 'probability', dtype: 'float64', shape: [-1] }, { name: 'rounded', dtype: 'float64', shape: [-1] }],
}
const all = Int32Array.from({ length: ROWS }, (_, i) => i)
const answer: Predicted = { models: [{ name: 'delay', version: '3' }], rejected: [], outputs: { rows: ROWS, release() {}, tensors: new Map([
  ['probability', { dtype: 'float64', shape: [ROWS], data: Float64Array.from(all, i => 1 / (1 + Math.exp(i / 500 - 1))) }], ['rounded', { dtype: 'float64', shape: [ROWS], data: Float64Array.from(all, i => i % 10) }]]) } }
const scored: Scored = { parts: [answer], part: new Int32Array(ROWS), at: all }
const extractor = (of: FeatureSpecs | undefined) => columns(of).for(signature)
const result = (made: ReturnType<typeof merge>): typeof made => { made.check(signature); return made }
const five = extractor(specs), time = extractor(withTime)
const late = result(merge({ late: 'probability' })), lateRounded = result(merge({ late: 'rounded' })), bare = result(merge({ late: 'probability' }, { origin: false })), asJson = result(merge({ late: 'probability' }, { codec: 'json' }))
const chosen = result(object({ id: 'id', tail: 'tail', late: 'probability' }))
const rejected = Array.from({ length: ROWS }, (_, row) => ({ row, stage: 'features' as const, error: new SluiceError('SLUICE_FEATURE_MISSING', 'x') }))

const lines: readonly [string, () => unknown][] = [
  ['JSON: decode only (TextDecoder, JSON.parse)', () => { const values = valuesOf(ascii, []); for (let row = 0; row < ROWS; row++) values.open(row) }],
  ['JSON: decode and extract 5 of 12 fields', () => five.extract(ascii, all)],
  ['  the same, a field beyond ASCII', () => five.extract(accents, all)],
  ['  the same, a field with escapes', () => five.extract(escapes, all)],
  ['  the same, one of the five an hour of day in America/Chicago', () => time.extract(ascii, all)],
  ['CSV: decode and extract 5 of 12 cells', () => five.extract(csv, all)],
  ['  the same, one cell quoted', () => five.extract(quoted, all)],
  ['JSON: merge a double, with origin', () => late.write(ascii, scored)],
  ['  the same, of one digit', () => lateRounded.write(ascii, scored)],
  ['  the same, a double, without origin', () => bare.write(ascii, scored)],
  ['  with origin, a field beyond ASCII', () => late.write(accents, scored)],
  ['  with origin, a field with escapes', () => late.write(escapes, scored)],
  ['  with origin, over an older origin', () => late.write(again, scored)],
  ['JSON: an object of 2 fields and a double, with origin', () => chosen.write(ascii, scored)],
  ['CSV: merge a double into CSV, with origin', () => late.write(csv, scored)],
  ['CSV: merge a double into JSON, with origin', () => asJson.write(csv, scored)],
  ['rejects', () => rejects('delay').write(ascii, rejected)],
]

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, batches of ${ROWS} records, JSON of ${Math.round(ascii.bytes.length / ROWS)} bytes, CSV of ${Math.round(csv.bytes.length / ROWS)}; user + system CPU, median (least)`)
for (const [title, run] of lines) {
  const end = performance.now() + seconds * 200
  while (performance.now() < end) run()
  const costs: number[] = []
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    const before = process.cpuUsage()
    for (let i = 0; i < 5; i++) run()
    const { user, system } = process.cpuUsage(before)
    costs.push((user + system) * 1000 / ROWS / 5)
  }
  costs.sort((a, b) => a - b)
  console.log(`${String(Math.round(costs[costs.length >> 1]!)).padStart(6)} (${Math.round(costs[0]!)}) ns  ${title}`)
}
