/** The model alone, without Kafka: rows per CPU second of Sluice beside JPMML, MLeap and ONNX Runtime in Java, the same models and rows, one thread each. Needs what `npm run bench:peers` makes.
    node bench/peers/library.ts [--models "lr rf ffnn"] [--engines "onnx jpmml mleap"] */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { openModel, readModel } from '../../src/models/index.ts'
import { kernelModule } from '../../src/strategies/kernels.ts'
import { oneFile } from '../../test/golden/golden.ts'

const here = import.meta.dirname, folder = join(here, 'work/models'), options = new Map<string, string>([['models', 'lr rf ffnn'], ['engines', 'onnx jpmml mleap']])
for (let i = 2; i < process.argv.length; i += 2) options.set(process.argv[i]!.replace(/^--/, ''), process.argv[i + 1]!)
const names = options.get('models')!.split(' '), WINDOW_US = 1_000_000, ROUNDS = 3

interface Line { readonly engine: string; readonly model: string; readonly batch: number; readonly rows_per_cpu_s: number; readonly load_s: number }
/** The files that peers read, and those of XGBoost and LightGBM that bench/peers/sluice-models.ts makes of the same models. */
const FILES: { readonly [model: string]: readonly string[] } = { lr: ['lr.pmml', 'lr.onnx', 'lr.model'], rf: ['rf.pmml', 'rf.onnx', 'rf.model'], ffnn: ['ffnn.onnx'] }
const { signal } = new AbortController(), lines: Line[] = []
for (const model of names) {
  const width = model === 'ffnn' ? 784 : 30, texts = readFileSync(join(folder, model === 'ffnn' ? 'array784.jsonl' : 'flat30.jsonl'), 'utf8').trim().split('\n')
  const rows = texts.map(text => Object.values(JSON.parse(text) as { readonly [name: string]: number }))
  for (const file of FILES[model]!) {
    const before = process.cpuUsage(), read = await readModel(oneFile(file, new Uint8Array(readFileSync(join(folder, file))))), { predictor } = await openModel(read, { name: file, version: '1' }, await kernelModule()), opening = process.cpuUsage(before)
    const { name, dtype, columns = [] } = read.signature.inputs[0]!, at = columns.map((column, i) => /^f\d+$/.test(column.name) ? Number(column.name.slice(1)) : i), flat = rows.flatMap(row => at.map(i => row[i]!))
    const numbers = dtype === 'float32' ? Float32Array.from(flat) : Float64Array.from(flat)
    for (const batch of [1, 256]) {
      const rates: number[] = []
      for (let round = -1; round < ROUNDS; round++) {
        const from = process.cpuUsage()
        let scored = 0, row = 0
        for (let us = 0; us < WINDOW_US;) {
          for (let call = 0; call < 64; call++) {
            if (row + batch > rows.length) row = 0
            const data = numbers.subarray(row * width, (row + batch) * width) as Float32Array
            await predictor.predict({ rows: batch, tensors: new Map([[name, { dtype, shape: [batch, width], data }]]), release() {} }, undefined, signal)
            row += batch
          }
          scored += 64 * batch
          const { user, system } = process.cpuUsage(from)
          us = user + system
          if (us >= WINDOW_US && round >= 0) rates.push(scored / us * 1e6)
        }
      }
      lines.push({ engine: `sluice, ${file}`, model, batch, rows_per_cpu_s: rates.sort((a, b) => a - b)[ROUNDS >> 1]!, load_s: (opening.user + opening.system) / 1e6 })
    }
  }
}
const { stdout } = spawnSync('bash', [join(here, 'run-peers.sh'), 'library', '--models', names.join(' '), '--engines', options.get('engines')!], { env: { ...process.env, MODELS_DIR: folder }, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
for (const line of stdout.trim().split('\n')) if (line.startsWith('{')) lines.push(JSON.parse(line) as Line)
console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}; rows already in memory as numbers, one thread, CPU of the whole process, medians\n| model | engine | rows a call | rows per CPU second | of the best peer | s to load |\n|---|---|---|---|---|---|`)
for (const model of names) {
  const all = lines.filter(line => line.model === model).sort((a, b) => b.rows_per_cpu_s - a.rows_per_cpu_s), best = Math.max(...all.filter(({ engine }) => !engine.startsWith('sluice')).map(line => line.rows_per_cpu_s))
  for (const { engine, batch, rows_per_cpu_s: rate, load_s: load } of all) console.log(`| ${model} | ${engine} | ${batch} | ${Math.round(rate).toLocaleString('en-US')} | ${engine.startsWith('sluice') ? `${(rate / best).toFixed(1)}x` : ''} | ${load.toFixed(2)} |`)
}
