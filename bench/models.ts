// Reading models and scoring rows on one core: by kernels, and by the plain evaluator. Usage: node bench/models.ts [seconds per line, default 1]
// Without arguments of its own: a made-up XGBoost model of 100 full trees of depth 6 over 30 features, and real ones from the golden tests.
import { cpus } from 'node:os'
import { openModel, readModel } from '../src/models/index.ts'
import { kernelModule } from '../src/strategies/kernels.ts'
import { forestOf } from './models-of.ts'
import { bytesOf, featuresOf, oneFile, readCsv, score } from '../test/golden/golden.ts'
import type { Tensor } from '../src/core/index.ts'

const seconds = Number(process.argv[2] ?? 1)

function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

function rowsOf(rows: number, width: number, dtype: 'float32' | 'float64', missing: number): Tensor {
  const next = random(2), data = dtype === 'float32' ? new Float32Array(rows * width) : new Float64Array(rows * width)
  for (let i = 0; i < data.length; i++) data[i] = next() < missing ? NaN : next()
  return { dtype, shape: [rows, width], data }
}

/** Repeats the rows of a golden model until there are enough. */
function golden(name: string, model: Parameters<typeof featuresOf>[0], rows: number): Tensor {
  const table = readCsv(`${name}/inputs.csv`)
  return featuresOf(model, { columns: table.columns, rows: Array.from({ length: rows }, (_, i) => table.rows[i % table.rows.length]!) })
}

async function line(title: string, name: string, bytes: Uint8Array, features: (model: Parameters<typeof featuresOf>[0], rows: number) => Tensor, rows: number): Promise<void> {
  const started = performance.now()
  const model = await readModel(oneFile(name, bytes))
  const readMs = performance.now() - started
  const tensor = features(model, rows), spent: string[] = []
  for (const kernels of [module, undefined]) {
    const { predictor, evaluator } = await openModel(model, { name: title, version: '1' }, kernels)
    const end = performance.now() + seconds * 1000
    score(predictor, tensor)
    let scored = 0
    const before = process.cpuUsage()
    do {
      score(predictor, tensor)
      scored += rows
    } while (performance.now() < end)
    const { user, system } = process.cpuUsage(before), us = user + system
    spent.push(`${evaluator} ${Math.round(scored / us * 1e6).toLocaleString('en').padStart(10)}`)
    if (evaluator === 'plain') break
  }
  console.log(`${title.padEnd(56)} ${String(model.facts['trees'] ?? '-').padStart(5)} trees, deepest ${String(model.facts['deepest'] ?? '-').padStart(2)}, read ${readMs.toFixed(0).padStart(4)} ms, ${(model.bytes / 1024).toFixed(0).padStart(5)} KiB; rows per CPU second: ${spent.join(', ')}`)
}

const module = await kernelModule()
console.log(`${cpus()[0]?.model}, Node ${process.version}`)
const made = new TextEncoder().encode(forestOf(Array.from({ length: 30 }, (_, i) => `f${i}`), 100, 6, random(1)))
await line('100 x depth 6, 30 features, 4096 rows at once', 'model.json', made, (_, rows) => rowsOf(rows, 30, 'float32', 0), 4096)
await line('100 x depth 6, 30 features, 10% NaN, 4096 rows at once', 'model.json', made, (_, rows) => rowsOf(rows, 30, 'float32', 0.1), 4096)
await line('100 x depth 6, 30 features, 1 row at once', 'model.json', made, (_, rows) => rowsOf(rows, 30, 'float32', 0), 1)
for (const name of ['xgboost/reg-diabetes', 'xgboost/cat-partition-orders', 'xgboost/gblinear-diabetes', 'lightgbm/reg-diabetes', 'lightgbm/cat-str-orders', 'lightgbm/linear-tree-diabetes', 'lightgbm/multi-iris']) {
  const file = name.startsWith('xgboost') ? 'model.json' : 'model.txt'
  await line(`${name}, 4096 rows at once`, file, bytesOf(`${name}/${file}`), (model, rows) => golden(name, model, rows), 4096)
}
