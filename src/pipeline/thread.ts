// The main file of an executor's thread.
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../flow/index.ts'
import { createMetrics, plain } from '../operating/index.ts'
import { runExecutor } from './executor.ts'
import { loadDefinition } from './load.ts'
import { reportHealth } from './run.ts'
import { failureOf } from './threads.ts'
import type { Said, Start } from './threads.ts'

const say = (said: Said): void => parentPort!.postMessage(said)
const { origin, executor, executors, skips } = workerData as Start
const stop = new AbortController(), over = new AbortController()
parentPort!.on('message', () => stop.abort())

try {
  const definition = 'definition' in origin ? origin.definition : (await loadDefinition(origin.path, origin.sets)).definition
  const metrics = createMetrics({ pipeline: definition.name })
  void reportHealth(metrics, systemClock, over.signal, news => say({ kind: 'news', news }))
  const telling = setInterval(() => say({ kind: 'metrics', snapshot: metrics.snapshot() }), 250)
  try {
    const ended = await runExecutor(definition, {
      executor, executors, skips, clock: systemClock, metrics, signal: stop.signal,
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
