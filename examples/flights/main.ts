// The main job, `npm start`: scores the US flights of May and June 2001 as they departed, each exactly once, and compares the scores with
// what really happened.
//
//   npm start                            begins anew
//   npm start -- --resume                continues where it was stopped or killed
//   npm start -- --limit 20000           only so many
//   npm start -- --set path=value        changes flights.yaml for this run
import { readFile, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { stopSignal } from '../../src/cli/signals.ts'
import { lock } from '../../src/connect/file/lock.ts'
import { explain } from '../../src/core/index.ts'
import { systemClock as clock } from '../../src/flow/index.ts'
import { createLog, createScreen, report, showLive } from '../../src/operating/index.ts'
import { duration, percent, whole } from '../../src/operating/numbers.ts'
import { loadDefinition } from '../../src/pipeline/load.ts'
import { runPipeline } from '../../src/pipeline/run.ts'
import { auc, logLoss, logLossOfConstant } from './quality.ts'
import { judgedIn } from './truth.ts'

const NEXT = [
  'head -n 3 out/flights.ndjson',
  'npx sluice inspect examples/flights/delay.txt',
  'npx sluice run examples/flights/flights.yaml --set sink.file.path=out/slow.ndjson --set source.file.ratePerSecond=20000 --http 127.0.0.1:9100',
]

async function main({ resume = false, limit, sets = [] }: { resume?: boolean | undefined; limit?: number | undefined; sets?: readonly string[] | undefined }): Promise<void> {
  const { definition } = await loadDefinition('examples/flights/flights.yaml', sets)
  const output = fileOf(definition.sink), rejects = fileOf(definition.reject)
  if (!resume) for (const path of [output, rejects]) await removeWithPosition(path)

  const screen = createScreen(process.stderr)
  const { signal, stop } = stopSignal((text) => { screen.write(`${text}\n`) })
  const over = new AbortController()
  let live: Promise<void> | undefined
  const ended = await runPipeline(definition, {
    signal, clock, log: createLog({ stream: screen, clock, level: 'warn', format: 'text' }),
    ...(limit === undefined ? {} : { limit }),
    started({ snapshot }) { live = showLive({ screen, clock, name: definition.name, snapshot, signal: over.signal }) },
  }).finally(async () => {
    over.abort()
    await live
  })
  stop()
  if (!ended.stopped) screen.live('flights  comparing the scores with what really happened')
  const quality = ended.stopped ? [] : await qualityOf(output)
  screen.live(undefined)
  process.stdout.write(report({
    pipeline: definition.name, snapshot: ended.snapshot, seconds: ended.seconds, cpuSeconds: ended.cpuSeconds,
    guarantee: ended.guarantee.replace('-', ' '),
    ended: !ended.drained ? 'stopped; what was not yet committed is read again by the next run' : ended.stopped ? 'stopped; what was read is written'
      : ended.records === limit ? 'the limit is reached' : 'the source has ended',
    outputs: [{ name: 'output', place: output }, { name: 'rejects', place: rejects }],
    more: [...quality, { name: 'in all', text: `${duration(process.uptime())} since the process was started` }],
    next: ended.stopped ? ['npm start -- --resume'] : NEXT,
  }))
}

async function qualityOf(output: string): Promise<{ name: string; text: string }[]> {
  const { training: { baseRate } } = JSON.parse(await readFile('examples/flights/delay.json', 'utf8')) as { training: { baseRate: number } }
  const judged = await judgedIn(output)
  return [
    { name: 'quality', text: `${whole(judged.scores.length)} scores against what really happened:` },
    { name: '', text: `AUC ${auc(judged).toFixed(4)}; without a model 0.5` },
    { name: '', text: `log loss ${logLoss(judged).toFixed(4)}; without a model ${logLossOfConstant(baseRate, judged.labels).toFixed(4)}: who says ${percent(baseRate)} each time, the share of January to April` },
  ]
}

function fileOf(sink: object | undefined): string {
  if (sink !== undefined && 'file' in sink) return (sink.file as { readonly path: string }).path
  throw new TypeError('this job compares its output with the truth: sink and reject are files')
}

/** Exactly once means that a finished job has nothing left to do. To do it again its output goes, and the position kept beside it; not while
    another process writes them. */
async function removeWithPosition(path: string): Promise<void> {
  const names = (await readdir(dirname(path)).catch(() => [])).filter((name) => name === basename(path) || name === `${basename(path)}.position`)
  if (names.length === 0) return
  const held = await lock(path)
  for (const name of names) await rm(join(dirname(path), name))
  await held.release()
}

function argumentsOf(): Parameters<typeof main>[0] {
  try {
    const { values: { limit, resume, set } } = parseArgs({ options: { resume: { type: 'boolean' }, limit: { type: 'string' }, set: { type: 'string', multiple: true } } })
    if (limit !== undefined && !/^[1-9]\d*$/.test(limit)) throw new TypeError(`--limit ${limit} is not a whole number from 1`)
    return { resume, limit: limit === undefined ? undefined : Number(limit), sets: set }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return process.exit(2)
  }
}

process.chdir(join(import.meta.dirname, '../..'))      // where the paths in flights.yaml begin
try {
  await main(argumentsOf())
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
