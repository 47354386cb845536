import type { Clock } from '../core/index.ts'

const originMs = performance.timeOrigin

export const systemClock: Clock = {
  nowMs: () => originMs + performance.now(),                               // Date.now goes backwards when the machine's clock is set
  sleep: (ms, signal) => new Promise<void>(resolve => {
    if (signal?.aborted) return resolve()
    if (ms <= 0) return void setImmediate(resolve)
    const done = () => { clearTimeout(timer); signal?.removeEventListener('abort', done); resolve() }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  }),
}
