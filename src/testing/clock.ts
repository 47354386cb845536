import type { Clock } from '../core/index.ts'

/** A clock that a test moves. Sleepers wake one at a time, in order of time; those of the same time in the order of `draw`, or of their
    coming, so that a seed decides every race.
    ```ts
    const clock = new FakeClock()
    const ended = run(pipeline, clock)
    await clock.advance(60_000)        // a minute passes
    await clock.run(ended)             // as much time as it takes
    ``` */
export class FakeClock implements Clock {
  #nowMs: number
  #sleepers: { readonly atMs: number; readonly tie: number; wake(): void }[] = []
  readonly #draw: () => number
  constructor({ startMs = 0, draw = () => 0 }: { startMs?: number; draw?: () => number } = {}) {
    this.#nowMs = startMs
    this.#draw = draw
  }

  nowMs(): number { return this.#nowMs }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const sleeper = { atMs: this.#nowMs + Math.max(ms, 0), tie: this.#draw(), wake: () => { signal?.removeEventListener('abort', early); resolve() } }
      const early = () => { const i = this.#sleepers.indexOf(sleeper); if (i >= 0) this.#sleepers.splice(i, 1); resolve() }
      signal?.addEventListener('abort', early, { once: true })
      this.#sleepers.push(sleeper)
    })
  }

  /** Moves it, waking whoever sleeps until then. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await allMicrotasks()
      const next = this.#next()
      if (next === undefined || next.atMs > untilMs) break
      this.#wake(next)
    }
    this.#nowMs = untilMs
  }

  /** Until `work` settles; throws when everybody sleeps on nothing (a deadlock) or it takes longer than `maxMs` (a livelock). */
  async run<T>(work: Promise<T>, maxMs = 3_600_000): Promise<T> {
    const untilMs = this.#nowMs + maxMs
    let settled = false
    work.then(() => { settled = true }, () => { settled = true })
    for (;;) {
      await allMicrotasks()
      if (settled) return work
      const next = this.#next()
      if (next === undefined) throw new Error(`deadlock at ${this.#nowMs} ms`)
      if (next.atMs > untilMs) throw new Error(`no end after ${maxMs} ms`)
      this.#wake(next)
    }
  }

  #next() {
    let first = this.#sleepers[0]
    for (const sleeper of this.#sleepers) if (sleeper.atMs < first!.atMs || (sleeper.atMs === first!.atMs && sleeper.tie < first!.tie)) first = sleeper
    return first
  }
  #wake(sleeper: { readonly atMs: number; wake(): void }): void {
    this.#sleepers = this.#sleepers.filter(other => other !== sleeper)
    this.#nowMs = Math.max(this.#nowMs, sleeper.atMs)
    sleeper.wake()
  }
}

const allMicrotasks = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })
