// The main file of an executor's thread.
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../flow/index.ts'
import { createMetrics, plain } from '../operating/index.ts'
import { runExecutor } from './executor.ts'
import { loadDefinition } from './load.ts'
import { reportHealth } from './run.ts'
import { errorOf, failureOf } from './threads.ts'
import type { Said, Start, Told } from './threads.ts'
import type { Images, Read } from '../strategies/embedded/index.ts'

const say = (said: Said): void => parentPort!.postMessage(said)
const { origin, executor, executors, skips } = workerData as Start
const stop = new AbortController(), over = new AbortController()
const asked = new Map<number, (told: Exclude<Told, 'stop'>) => void>()
parentPort!.on('message', (told: Told) => {
  if (told === 'stop') return stop.abort()
  asked.get(told.id)?.(told)
  asked.delete(told.id)
})
/** The main thread reads for all. */
const images: Images = (path, options) => new Promise<Read>((resolve, reject) => {
  const id = asked.size === 0 ? 0 : Math.max(...asked.keys()) + 1
  asked.set(id, told => { if ('read' in told) resolve(told.read); else reject(errorOf(told.error)) })
  say({ kind: 'read', id, path, options: { ...(options.trees === undefined ? {} : { trees: options.trees }), ...(options.categories === undefined ? {} : { categories: options.categories }) } })
})

try {
  const definition = 'definition' in origin ? origin.definition : (await loadDefinition(origin.path, origin.sets)).definition
  const metrics = createMetrics({ pipeline: definition.name })
  void reportHealth(metrics, systemClock, over.signal, news => say({ kind: 'news', news }))
  const telling = setInterval(() => say({ kind: 'metrics', snapshot: metrics.snapshot() }), 250)
  try {
    const ended = await runExecutor(definition, {
      executor, executors, skips, clock: systemClock, metrics, signal: stop.signal, images,
      log: { write: (level, text, fields) => say({ kind: 'log', level, text, ...(fields === undefined ? {} : { fields: plain(fields) as object }) }) },
      news: news => say({ kind: 'news', news }),
    })
    say({ kind: 'metrics', snapshot: metrics.snapshot() })
    say({ kind: 'ended', ended })
  } finally {
    clearInterval(telling)
  }
} catch (error) {
  say({ kind: 'failed', error: failureOf(error) })
} finally {
  over.abort()
}
