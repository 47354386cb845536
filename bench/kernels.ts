// Cost of each kernel beside what JavaScript alone does, in ns a record and MB/s: node bench/kernels.ts [rounds, default 5] [title]
// CPU time of this thread, rounds interleaved over all lines, medians. Batches of 512 records (64 lists), 8 different ones in turn.
import { cpus, loadavg } from 'node:os'
import { Random } from '../test/support/mutations.ts'
import { Packer, batchOf } from '../src/codecs/pack.ts'
import type { Column, Predicted, RecordBatch, Result, Scored, Signature, Tensor } from '../src/core/index.ts'
import { columns } from '../src/features/index.ts'
import type { FeatureSpecs } from '../src/features/index.ts'
import { createArena } from '../src/kernels/arena.ts'
import { kernelsOf } from '../src/kernels/host.ts'
import { kernelModule } from '../src/strategies/kernels.ts'
import { merge, object } from '../src/results/index.ts'
import type { ResultOptions } from '../src/results/index.ts'

const ROWS = 512, LISTS = 64, BATCHES = 8
const rounds = Number(process.argv[2] ?? 5), only = process.argv[3] ?? ''
const arena = createArena(2 ** 26, await kernelModule()), { run } = kernelsOf(arena)!
const random = new Random(1)

const F30 = Array.from({ length: 30 }, (_, i) => `f${i}`)
const LONG = F30.map(name => `a_feature_name_${name}_`)
const six = (): number => Number((random.bits() / 2 ** 29 - 4).toFixed(6))
const wide = (): number => random.bits() / 2 ** 30 - 2 + random.bits() / 2 ** 63
const numbersOf = (names: readonly string[], number = six): { [name: string]: unknown } => Object.fromEntries(names.map(name => [name, number()]))
const shuffled = (of: { [name: string]: unknown }): object => Object.fromEntries(Object.entries(of).map(entry => [random.bits(), entry] as const).sort(([a], [b]) => a - b).map(([, entry]) => entry))
const head = (): { [name: string]: unknown } => ({ id: random.below(1e7), user: `user-${random.below(1e5)}` })
const WORDS = Array.from({ length: 200 }, (_, i) => `word-${i * 7919 % 1000}`), FEW = ['red', 'green', 'blue', 'a longer colour']

const PORTS = Array.from({ length: 300 }, (_, i) => `P${(i * 7919 % 1000).toString(36).toUpperCase()}`)
const flight = (): object => ({ id: random.below(1e7), date: new Date(Date.UTC(2001, 4, 1) + random.below(1e6) * 61_000).toISOString(), distance: 200 + random.below(2400), delay: random.below(90), origin: random.one(PORTS), destination: random.one(PORTS),
  carrier: random.one(FEW), seats: 100 + random.below(80), price: random.below(100_000) / 100, load: random.below(100) / 100, tail: `N${random.below(9000)}`, note: 'on time' })

const PIXELS = Array.from({ length: 784 }, (_, i) => `pixels_${i}`)
const pixels = (number: () => number): number[] => PIXELS.map(number)
/** As images are: a fifth of the pixels is not 0. */
const grey = (): number => random.chance(0.8) ? 0 : random.below(256)

interface Line { readonly title: string; /** Of a list: they have no names. */ readonly list?: boolean; readonly columns: readonly (string | Column)[]; readonly specs?: FeatureSpecs; readonly header?: readonly string[]; record(): string }
const rule = (name: string): Column => ({ name, missing: true })
const LINES: readonly Line[] = [
  { title: 'flat, 30 numbers of 6 decimals', columns: F30, record: () => JSON.stringify({ ...head(), ...numbersOf(F30) }) },
  { title: '  the same, 17 digits', columns: F30, record: () => JSON.stringify({ ...head(), ...numbersOf(F30, wide) }) },
  { title: '  the same, keys shuffled', columns: F30, record: () => JSON.stringify(shuffled({ ...head(), ...numbersOf(F30) })) },
  { title: '  the same, long keys', columns: LONG, record: () => JSON.stringify({ ...head(), ...numbersOf(LONG) }) },
  { title: '  the same, a fifth of the keys missing, a tenth null', columns: F30.map(rule), specs: Object.fromEntries(F30.map(name => [name, { path: name, default: null }])),
    record: () => JSON.stringify({ ...head(), ...Object.fromEntries(F30.filter(() => !random.chance(0.2)).map(name => [name, random.chance(0.1) ? null : six()])) }) },
  { title: '  the same, 10 unknown keys between', columns: F30,
    record: () => JSON.stringify({ ...head(), ...Object.fromEntries(F30.flatMap((name, i) => [[name, six()], ...i % 3 === 0 ? [[`x${i}`, i % 2 === 0 ? 'some text' : { a: 1, b: [true, 'x'] }]] : []])) }) },
  { title: '  the same, with blanks', columns: F30, record: () => JSON.stringify({ ...head(), ...numbersOf(F30) }, null, 1) },
  { title: '  the same, a text beyond ASCII', columns: F30, record: () => JSON.stringify({ ...head(), city: 'K\u00f6ln', ...numbersOf(F30) }) },
  { title: '  the same, 3 wanted', columns: ['f3', 'f14', 'f25'], record: () => JSON.stringify({ ...head(), ...numbersOf(F30) }) },
  { title: '20 numbers, 5 categories, 5 booleans', columns: [...F30.slice(0, 20), ...F30.slice(20, 25).map((name, i) => ({ name, categories: i % 2 === 0 ? WORDS : FEW })), ...F30.slice(25)],
    record: () => JSON.stringify({ ...head(), ...numbersOf(F30.slice(0, 20)), ...Object.fromEntries(F30.slice(20).map((name, i) => [name, i >= 5 ? random.chance(0.5) : random.one(i % 2 === 0 ? WORDS : FEW)])) }) },
  { title: 'flights: 2 categories, an hour of day and 2 numbers of 12 fields', columns: ['distance', 'seats', 'hour', { name: 'origin', categories: PORTS }, { name: 'carrier', categories: FEW }],
    specs: { distance: 'distance', seats: 'seats', hour: { path: 'date', as: 'hourOfDay', zone: 'America/Chicago' }, origin: 'origin', carrier: 'carrier' }, record: () => JSON.stringify(flight()) },
  { title: '  the same, CSV', columns: ['distance', 'seats', 'hour', { name: 'origin', categories: PORTS }, { name: 'carrier', categories: FEW }], header: Object.keys(flight()),
    specs: { distance: 'distance', seats: 'seats', hour: { path: 'date', as: 'hourOfDay', zone: 'America/Chicago' }, origin: 'origin', carrier: 'carrier' }, record: () => Object.values(flight()).join() },
  { title: 'list of 784 numbers of 6 decimals', list: true, columns: PIXELS, record: () => JSON.stringify(pixels(() => random.below(1e6) / 1e6)) },
  { title: '  the same, floats as Java prints them', list: true, columns: PIXELS, record: () => JSON.stringify(pixels(() => Number(String(Math.fround(random.bits() / 2 ** 32).toPrecision(8))))) },
  { title: '  the same, 17 digits', list: true, columns: PIXELS, record: () => JSON.stringify(pixels(() => random.bits() / 2 ** 32 + random.bits() / 2 ** 63)) },
  { title: '  the same, 28 lists, blanks between, in an object', list: true, columns: PIXELS, specs: { pixels: 'image' }, record: () => JSON.stringify({ ...head(), image: Array.from({ length: 28 }, () => pixels(() => random.below(1e6) / 1e6).slice(0, 28)) }).replaceAll(',', ', ') },
  { title: 'list of 784 grey values', list: true, columns: PIXELS, record: () => JSON.stringify(pixels(grey)) },
  { title: '  the same, divided by 255', list: true, columns: PIXELS, record: () => JSON.stringify(pixels(() => Math.fround(grey() / 255))) },
  { title: 'CSV, 30 numbers of 6 decimals', columns: F30, header: ['id', 'user', ...F30], record: () => Object.values({ ...head(), ...numbersOf(F30) }).join() },
]

interface Sample { readonly title: string; readonly bytes: number; readonly rows?: number; run(batch: number): unknown }
interface Stage { readonly title: string; readonly samples: readonly Sample[] }

function batchFrom(texts: readonly string[], header: readonly string[] | undefined): RecordBatch {
  const packer = new Packer(texts.length, 65536)
  for (const text of texts) {
    packer.row(0)
    const start = packer.length
    packer.text(text)
    packer.setValue(start)
    packer.byte(10)
  }
  return batchOf(packer.finish(header), { partition: 'p', offsets: new Float64Array(texts.length), from: 0n, next: 1n })
}
function inArena(batch: RecordBatch): RecordBatch {
  const region = arena.reserve(batch.bytes.length)!
  region.bytes.set(batch.bytes)
  return { ...batch, bytes: region.bytes }
}

const all = Int32Array.from({ length: ROWS }, (_, i) => i)
function stageOf({ title, list = false, columns: of, specs, header, record }: Line): Stage {
  const rows = list ? LISTS : ROWS, wanted = all.subarray(0, rows)
  const texts = Array.from({ length: BATCHES }, () => Array.from({ length: rows }, record)), batches = texts.map(text => batchFrom(text, header)), insideOnes = batches.map(inArena)
  const named = of.map(column => typeof column === 'string' ? { name: column } : column)
  const signature: Signature = { inputs: [{ name: list ? 'pixels' : 'features', dtype: 'float32', shape: [-1, named.length], columns: named, unnamed: list }], outputs: [] }
  const plain = columns(specs).for(signature), quick = columns(specs, { arena }).for(signature), bytes = batches.reduce((sum, { bytes }) => sum + bytes.length, 0) / BATCHES / rows
  const buffers = batches.map(({ bytes }) => Buffer.from(bytes)), names = named.map(({ name }) => name), row = new Float32Array(rows * names.length)
  const codes = named.map(({ categories }) => categories === undefined ? undefined : new Map(categories.map((word, i) => [word, i])))
  return { title: `${title}: ${Math.round(bytes)} bytes`, samples: [
    { title: 'kernel, records in the arena', bytes, rows, run: i => quick.extract(insideOnes[i]!, wanted).features.release() },
    { title: 'kernel, records copied in', bytes, rows, run: i => quick.extract(batches[i]!, wanted).features.release() },
    ...header !== undefined ? [] : [{ title: 'JSON.parse, and the fields of it', bytes, rows, run: (i: number) => {
      const buffer = buffers[i]!, { values: { start, end } } = batches[i]!
      for (let r = 0, at = 0; r < rows; r++) {
        const value = JSON.parse(buffer.toString('latin1', start[r], end[r])) as { readonly [name: string]: number }
        if (list) row.set(Array.isArray(value) ? value : (value['image'] as unknown as number[][]).flat(), r * names.length)
        else for (let c = 0; c < names.length; c++) row[at++] = codes[c]?.get(value[names[c]!]!) ?? value[names[c]!]!
      }
      return row
    } }],
    { title: 'plain path', bytes, rows, run: i => plain.extract(batches[i]!, wanted).features.release() },
  ] }
}

const rowsOf = (data: Float32Array | Float64Array, width?: number): Tensor => ({ dtype: data instanceof Float32Array ? 'float32' : 'float64', shape: width === undefined ? [ROWS] : [ROWS, width], data })
const probability = (): number => 1 / (1 + Math.exp(random.bits() / 2 ** 29 - 4))
const OUTPUTS = { float: () => rowsOf(Float32Array.from(all, probability)), double: () => rowsOf(Float64Array.from(all, probability)), list: () => rowsOf(Float64Array.from({ length: ROWS * 16 }, probability), 16), short: () => rowsOf(Float64Array.from({ length: ROWS * 16 }, () => random.below(10_000) / 100), 16) }
interface ResultLine { readonly title: string; readonly output: keyof typeof OUTPUTS; make(options: ResultOptions): Result; record?(): string }
const RESULTS: readonly ResultLine[] = [
  { title: 'result: an object of a float', output: 'float', make: options => object({ p: 'out' }, { ...options, origin: false }) },
  { title: '  the same, of a double', output: 'double', make: options => object({ p: 'out' }, { ...options, origin: false }) },
  { title: '  the same, with its origin', output: 'double', make: options => object({ p: 'out' }, options) },
  { title: '  the same, of a list of 16 doubles', output: 'list', make: options => object({ p: 'out' }, { ...options, origin: false }) },
  { title: '  the same, of a list of 16 numbers of 4 digits', output: 'short', make: options => object({ p: 'out' }, { ...options, origin: false }) },
  { title: 'result: two fields of a record of 30 numbers, a double, its origin', output: 'double', make: options => object({ id: 'id', user: '$.user', p: 'out' }, options) },
  { title: 'result: a double and its origin into a record of 30 numbers', output: 'double', make: options => merge({ p: 'out' }, options), record: () => JSON.stringify({ ...head(), ...numbersOf(F30) }) },
  { title: '  the same, into a flight', output: 'double', make: options => merge({ p: 'out' }, options), record: () => JSON.stringify(flight()) },
]
function resultStageOf({ title, output, make, record = () => JSON.stringify({ ...head(), ...numbersOf(F30) }) }: ResultLine): Stage {
  const tensors = Array.from({ length: BATCHES }, OUTPUTS[output]), batches = tensors.map(() => inArena(batchFrom(Array.from({ length: ROWS }, record), undefined)))
  const scored = tensors.map((tensor): Scored => ({ parts: [{ outputs: { rows: ROWS, tensors: new Map([['out', tensor]]), release() {} }, models: [{ name: 'm', version: '1' }], rejected: [] } satisfies Predicted], part: new Int32Array(ROWS), at: all }))
  const [plain, quick] = [make({}), make({ arena })], written = batches.map((batch, i) => { plain.check({ inputs: [], outputs: [{ name: 'out', dtype: tensors[i]!.dtype, shape: [-1, ...tensors[i]!.shape.slice(1)] }] }); return plain.write(batch, scored[i]!).records.bytes.length })
  quick.check({ inputs: [], outputs: [{ name: 'out', dtype: tensors[0]!.dtype, shape: [-1, ...tensors[0]!.shape.slice(1)] }] })
  const bytes = written.reduce((sum, length) => sum + length, 0) / BATCHES / ROWS
  return { title: `${title}: ${Math.round(bytes)} bytes written`, samples: [
    { title: 'kernel', bytes, run: i => quick.write(batches[i]!, scored[i]!).records.release() },
    { title: 'plain path', bytes, run: i => plain.write(batches[i]!, scored[i]!).records.release() },
  ] }
}

const block = kernelsOf(arena)!.block(ROWS * 512)!.bytes
for (let i = 0; i < block.length; i++) block[i] = 32 + random.below(95)
const STAGES: readonly Stage[] = [
  ...LINES.filter(({ title }) => title.includes(only)).map(stageOf),
  ...RESULTS.filter(({ title }) => `result ${title}`.includes(only)).map(resultStageOf),
  ...'UTF-8 and CRC-32C'.includes(only) ? [{ title: 'UTF-8 and CRC-32C, 512 bytes', samples: [
    { title: 'UTF-8 check, ASCII', bytes: 512, run: () => { for (let r = 0; r < ROWS; r++) run.utf8(block.byteOffset + r * 512, 512) } },
    { title: 'CRC-32C, 64 KiB at once', bytes: 512, run: () => { for (let r = 0; r < ROWS; r += 128) run.crc32c(block.byteOffset + r * 512, 65536) } },
    { title: 'CRC-32C', bytes: 512, run: () => { for (let r = 0; r < ROWS; r++) run.crc32c(block.byteOffset + r * 512, 512) } },
  ] }] : [],
]

/** threadCpuUsage moves with the ticks of the scheduler: a window has to be long. */
const WINDOW_US = 200_000
function nsPerRecord(sample: Sample): number {
  const before = process.threadCpuUsage()
  let records = 0, used = 0
  do {
    for (let i = 0; i < BATCHES; i++) sample.run(i)
    records += BATCHES * (sample.rows ?? ROWS)
    const { user, system } = process.threadCpuUsage(before)
    used = user + system
  } while (used < WINDOW_US)
  return used * 1000 / records
}

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}; CPU of the thread, medians of ${rounds} interleaved rounds`)
const samples = STAGES.flatMap(({ samples }) => samples), costs = new Map(samples.map(sample => [sample, [] as number[]]))
for (const sample of samples) nsPerRecord(sample)
await new Promise(resolve => { setTimeout(resolve, 50) })
for (let round = 0; round < rounds; round++) for (const sample of samples) costs.get(sample)!.push(nsPerRecord(sample))
for (const { title, samples } of STAGES) {
  console.log(title)
  for (const sample of samples) {
    const ns = costs.get(sample)!.sort((a, b) => a - b)[rounds >> 1]!
    console.log(`${ns.toFixed(0).padStart(8)} ns ${(sample.bytes * 1000 / ns).toFixed(0).padStart(6)} MB/s  ${sample.title}`)
  }
}
