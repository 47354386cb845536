/** What files cost: user and system CPU of the process, all threads, per record. `node bench/file.ts [RUNS]` */
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testContext } from '../src/conformance/index.ts'
import { openFileSink, openFileSource } from '../src/connect/file/index.ts'
import type { RecordBatch, Sink } from '../src/core/index.ts'
import { createArena } from '../src/kernels/arena.ts'

const runs = Number(process.argv[2] ?? 5)
const FLIGHTS = fileURLToPath(new URL('../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url))
const OWNER = { assigned() {}, async revoked() {}, lost() {} }
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
const context = () => testContext({ arena: createArena(64 * 1024 * 1024) })

/** Reads all of a file and hands every batch to `each`. */
async function read(path: string, each: (batch: RecordBatch) => Promise<void> | void = () => {}): Promise<number> {
  const source = await openFileSource({ path }, context())
  let rows = 0
  for await (const batch of source.read(OWNER, new AbortController().signal)) {
    rows += batch.rows
    await each(batch)
    batch.release()
  }
  await source.close()
  return rows
}

async function measure(name: string, work: () => Promise<number>): Promise<void> {
  const cpu: number[] = [], wall: number[] = []
  let rows = 0
  for (let run = 0; run <= runs; run++) {
    const before = process.cpuUsage(), started = performance.now()
    rows = await work()
    const { user, system } = process.cpuUsage(before)
    if (run === 0) continue                                    // warm-up
    wall.push((performance.now() - started) * 1e6 / rows)
    cpu.push((user + system) * 1000 / rows)
  }
  const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
  console.log(`${name.padEnd(46)} ${String(rows).padStart(8)} records  ${middle(cpu).toFixed(0).padStart(5)} ns CPU (${Math.min(...cpu).toFixed(0)}-${Math.max(...cpu).toFixed(0)})  ${(1e9 / middle(wall)).toFixed(0).padStart(9)} records/s`)
}

console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores; median of ${runs} runs after a warm-up, CPU of all threads per record (least to most)`)
try {
  const flights = join(folder, 'flights.ndjson')
  const sink = await openFileSink({ path: flights }, context())
  await read(FLIGHTS, async batch => { await sink.write(batch) })
  await sink.close()
  console.log(`flights-3m as JSON: ${((await stat(flights)).size / 3e6).toFixed(1)} bytes a record`)

  await measure('parquet: read as JSON bytes', () => read(FLIGHTS))
  await measure('ndjson: read', () => read(flights))

  // batches that stay, so that only the writing is measured
  const kept: RecordBatch[] = []
  await read(flights, batch => { if (kept.length < 100) kept.push({ ...batch, bytes: batch.bytes.slice() }) })
  const dense = kept.map(packed)
  const write = (batches: readonly RecordBatch[], to: () => Promise<Sink>) => async () => {
    const target = await to()
    let rows = 0
    for (let i = 0; i < 1000; i++) {
      const batch = batches[i % batches.length]!
      await target.write(batch)
      rows += batch.rows
    }
    await target.close()
    return rows
  }
  const device = () => openFileSink({ path: '/dev/null', format: 'ndjson' }, context())
  await measure('ndjson: encode, values with a line break behind', write(kept, device))
  await measure('ndjson: encode, values one after the other', write(dense, device))
  let n = 0
  const source = await openFileSource({ path: flights }, context())
  await measure('ndjson: write in a delivery, commit every 50', async () => {
    const target = await openFileSink({ path: join(folder, `out${n++}.ndjson`) }, context())
    const delivery = (await target.delivery!(source, [target]))!
    let rows = 0
    for (let i = 0; i < 1000; i++) {
      const batch = kept[i % kept.length]!
      await delivery.write(target, batch)
      rows += batch.rows
      if (i % 50 === 49) await delivery.commit([{ partition: batch.partition, offset: batch.next }])
    }
    await delivery.close()
    await target.close()
    await rm(target.name)
    return rows
  })
  await measure('ndjson: write at least once, each batch synced', async () => {
    const path = join(folder, `out${n++}.ndjson`)
    const rows = await write(kept, () => openFileSink({ path }, context()))()
    await rm(path)
    return rows
  })

  const path = join(folder, 'sync'), file = await open(path, 'w'), block = Buffer.alloc(1024 * 1024), times: number[] = []
  for (let i = 0; i < 50; i++) {
    await file.write(block)
    const started = performance.now()
    await file.datasync()
    times.push(performance.now() - started)
  }
  await file.close()
  times.sort((a, b) => a - b)
  console.log(`fdatasync of 1 MiB in ${tmpdir()}: p50 ${times[25]!.toFixed(2)} ms, p98 ${times[48]!.toFixed(2)} ms`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

function packed(batch: RecordBatch): RecordBatch {
  const { rows, values } = batch
  const start = new Int32Array(rows), end = new Int32Array(rows), bytes = new Uint8Array(batch.bytes.length)
  let at = 0
  for (let row = 0; row < rows; row++) {
    start[row] = at
    bytes.set(batch.bytes.subarray(values.start[row]!, values.end[row]!), at)
    end[row] = at += values.end[row]! - values.start[row]!
  }
  return { ...batch, bytes, values: { start, end } }
}
