import { Command, InvalidArgumentError, Option } from 'commander'
import type { Log, LogLevel } from '../core/index.ts'
import type { RunReport } from '../pipeline/run.ts'
import type { Loaded } from '../pipeline/load.ts'
import { collect, wholeNumber } from './options.ts'
import { hide, out, printError } from './print.ts'
import { stopSignal } from './signals.ts'

export interface RunFlags {
  readonly set: readonly string[]
  readonly skip: readonly string[]
  readonly executors?: number | 'auto'
  readonly limit?: number
  readonly dryRun?: boolean
  readonly http?: string
  readonly logLevel?: LogLevel
  readonly logFormat?: 'text' | 'json'
}

export function command(): Command {
  return new Command('run')
    .description('Runs pipelines until their sources end. The first Ctrl-C (or SIGTERM) finishes and commits what is in flight and exits with 0; a second one stops at once.')
    .argument('<file...>', 'pipelines: .yaml, or .ts and .js with a default export')
    .option('--set <path=value>', 'change the pipeline: any key by its path; may be repeated', collect, [])
    .option('--executors <n>', 'threads that run it side by side, or auto', executors)
    .option('--limit <n>', 'end after so many records', wholeNumber)
    .option('--dry-run', 'print results and rejects instead of writing them; nothing is committed')
    .option('--http <host:port>', 'serve /metrics, /livez and /readyz there')
    .option('--skip <partition@offset>', 'pass this record by; may be repeated', collect, [])
    .addOption(new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']))
    .addOption(new Option('--log-format <format>', 'how: text on a terminal, else json').choices(['text', 'json']))
    .addHelpText('after', `
Examples:
  sluice run flights.yaml
  sluice run flights.yaml --limit 10 --dry-run
  sluice run flights.ts --set source.file.path=may.ndjson --executors auto
  sluice run flights.yaml --skip flights.ndjson@12345`)
    .action(async (files: readonly string[], flags: RunFlags, self: Command) => {
      if (files.length > 1 && flags.http !== undefined) self.error("error: --http serves one pipeline; of several, give each its own 'operating.http'")
      const { loadDefinition } = await import('../pipeline/load.ts')
      await runAll(await Promise.all(files.map(async (file) => ({ file, sets: flags.set, ...await loadDefinition(file, flags.set) }))), flags)
    })
}

function executors(text: string): number | 'auto' {
  if (text !== 'auto' && !/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1, or auto.')
  return text === 'auto' ? text : Number(text)
}

export interface ToRun extends Loaded { readonly file: string; readonly sets: readonly string[] }

/** Runs them side by side. When one fails, the others finish what is in flight. */
export async function runAll(pipelines: readonly ToRun[], flags: Omit<RunFlags, 'set'>): Promise<void> {
  const [{ runPipeline, openImages }, { systemClock: clock }, { createLog, createScreen, redactor, showLive }] =
    await Promise.all([import('../pipeline/run.ts'), import('../flow/index.ts'), import('../operating/index.ts')])
  const secrets = pipelines.flatMap((pipeline) => pipeline.secrets), images = openImages()
  hide(redactor(secrets))
  const screen = createScreen(process.stderr)
  const { signal, stop } = stopSignal((text) => screen.write(`${text}\n`))

  async function runOne({ definition: written, file, sets }: ToRun): Promise<RunReport> {
    const definition = flags.dryRun === true ? (await import('./dry.ts')).dry(written) : written
    const { level = 'info', format } = { ...definition.operating?.log, ...given({ level: flags.logLevel, format: flags.logFormat }) }
    const log: Log = createLog({ stream: screen, clock, level, ...given({ format }), pipeline: definition.name, secrets })
    const over = new AbortController()
    let live: Promise<void> | undefined
    try {
      return await runPipeline(definition, {
        signal, clock, log, images, skips: flags.skip, ...given({ executors: flags.executors, limit: flags.limit, http: flags.http }), module: { path: file, sets },
        started({ url, executors: threads, snapshot }) {
          log.write('info', 'starting', given({ file, executors: threads, http: url }))
          // several would write over one another's line
          const shown = pipelines.length === 1 ? screen : { ...screen, isTTY: false, write: (text: string) => screen.write(text) }
          live = showLive({ screen: shown, clock, name: definition.name, snapshot, signal: over.signal, ...format === 'json' || (format === undefined && screen.isTTY !== true) ? { log } : {} })
        },
      })
    } catch (error) {
      stop()
      throw error
    } finally {
      over.abort()
      await live
    }
  }

  const ends = await Promise.allSettled(pipelines.map(runOne))
  const failed = ends.flatMap((end) => end.status === 'rejected' ? [end.reason as unknown] : [])
  const { reportText } = await import('./report.ts')
  for (const [i, end] of ends.entries()) {
    if (end.status !== 'fulfilled') continue
    const { definition } = pipelines[i]!
    const text = redactor(secrets)(reportText(end.value, flags.dryRun === true))
    // the report goes where no results go
    if (flags.dryRun === true || 'stdout' in definition.sink) screen.write(text)
    else await out(text)
  }
  stop()
  for (const error of failed.slice(1)) printError(error)
  if (failed.length > 0) throw failed[0]
  if (ends.some((end) => end.status === 'fulfilled' && !end.value.drained)) process.exitCode = 1
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
