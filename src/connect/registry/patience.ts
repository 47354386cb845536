import { SluiceError } from '../../core/index.ts'
import type { Context } from '../../core/index.ts'

const FIRST_MS = 250, MOST_MS = 15_000, TICK_MS = 1000
const REASON = { reason: 'registry' }

/** Does what asks the registry until it answers, however long that takes; undefined: the signal came first. Waiting is told once in the log,
    and in `sluice_paused{reason="registry"}` while it lasts. Other errors are thrown. */
export async function patiently<T>(ask: () => Promise<T>, { clock, log, metrics }: Pick<Context, 'clock' | 'log' | 'metrics'>, signal: AbortSignal): Promise<T | undefined> {
  let waiting = false
  try {
    for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, MOST_MS)) {
      if (signal.aborted) return undefined
      const began = clock.nowMs()
      try { return await ask() } catch (error) {
        if (signal.aborted) return undefined
        if (!(error instanceof SluiceError) || error.code !== 'SLUICE_REGISTRY_AWAY') throw error
        if (!waiting) {
          waiting = true
          metrics.gauge('sluice_paused', 1, REASON)
          log.write('warn', `${error.message}; nothing is read until it answers`, { code: error.code, at: error.at, fix: error.fix })
        }
      }
      // those who were paused together do not come back together
      const untilMs = clock.nowMs() + pauseMs * (0.5 + Math.random() / 2)
      let told = began
      for (let now = clock.nowMs(); now < untilMs && !signal.aborted; now = clock.nowMs()) {
        await clock.sleep(Math.min(untilMs - now, TICK_MS), signal)
        metrics.count('sluice_paused_seconds_total', (clock.nowMs() - told) / 1000, REASON)
        told = clock.nowMs()
      }
    }
  } finally {
    if (waiting) {
      metrics.gauge('sluice_paused', 0, REASON)
      if (!signal.aborted) log.write('info', 'the schema registry answers again')
    }
  }
}
