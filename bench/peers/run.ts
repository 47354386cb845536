/** Kafka to Kafka with a model: Kafka Streams, Flink and Sluice on the same topics in one run, CPU seconds per million records. Starts a broker, builds the JVM peers (Maven), makes
    the models (Python packages, in a folder of their own), all in bench/peers/work.
    npm run bench:peers -- [--models "lr rf ffnn"] [--engines "onnx jpmml mleap"] [--reps 1] [--guarantee exactly_once_v2] [--parallel 1] [--flat 5000000] [--array 300000] */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { startKafka } from '../../test/services/kafka.ts'

const here = import.meta.dirname, work = join(here, 'work'), python = join(work, 'venv/bin/python'), models = join(work, 'models')
const options = new Map<string, string>([['models', 'lr rf ffnn'], ['engines', 'onnx jpmml mleap'], ['reps', '1'], ['flat', '5000000'], ['array', '300000']])
for (let i = 2; i < process.argv.length; i += 2) options.set(process.argv[i]!.replace(/^--/, ''), process.argv[i + 1]!)
const flat = options.get('flat')!, array = options.get('array')!
options.delete('flat')
options.delete('array')

mkdirSync(work, { recursive: true })
const say = (text: string): void => console.error(text)
if (!existsSync(python)) {
  say('Python packages ...')
  execFileSync('python3', ['-m', 'venv', join(work, 'venv')], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--requirement', join(here, 'requirements.txt')], { stdio: 'inherit' })
}
const env = { ...process.env, PYTHON: python, MODELS_DIR: models, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` }
const peers = (...args: readonly string[]): string => {
  const { stdout, status } = spawnSync('bash', [join(here, 'run-peers.sh'), ...args], { env, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  if (status !== 0) throw new Error(`run-peers.sh ${args[0]} ended with ${status}`)
  return stdout
}
say('JVM peers ...')
peers('build')
if (!existsSync(join(models, 'ffnn.model'))) { say('models ...'); peers('models') }
const kafka = await startKafka()
if (typeof kafka === 'string') throw new Error(kafka)
say('records ...')
peers('load', '--bootstrap', kafka.brokers, '--flat', flat, '--array', array)
say('running ...')
const lines = peers('drain', '--bootstrap', kafka.brokers, ...[...options].flatMap(([name, value]) => [`--${name}`, value])).trim().split('\n')
interface Line { readonly name: string; readonly cpu_s_per_million: number; readonly records_per_s: number; readonly peak_rss_mib: number; readonly cpu_s_to_first_output: number }
const results = lines.map(line => JSON.parse(line) as Line), byName = Map.groupBy(results, ({ name }) => name)
const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
const rows = Array.from(byName, ([name, all]) => {
  const [system, engine, model, ...rest] = name.split('/')
  return { system: system === 'sluice' ? 'sluice' : `${system} + ${engine}`, model: [model, ...rest].join(' '), cpu: middle(all.map(line => line.cpu_s_per_million)), rate: middle(all.map(line => line.records_per_s)),
    mib: middle(all.map(line => line.peak_rss_mib)), start: middle(all.map(line => line.cpu_s_to_first_output)) }
}).sort((a, b) => a.model.localeCompare(b.model) || a.cpu - b.cpu)
console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores; user and system CPU of the whole process, warm; ${options.get('reps')} run(s) in turn, medians`)
console.log('| model | system | CPU s per million | of Sluice | records/s | MiB | CPU s to the first output |\n|---|---|---|---|---|---|---|')
for (const { model, system, cpu, rate, mib, start } of rows) {
  const ours = rows.find(row => row.system === 'sluice' && row.model === model)
  console.log(`| ${model} | ${system} | ${cpu.toFixed(2)} | ${ours === undefined ? '' : `${(cpu / ours.cpu).toFixed(1)}x`} | ${Math.round(rate).toLocaleString('en-US')} | ${mib} | ${start.toFixed(1)} |`)
}
process.exit(0)
