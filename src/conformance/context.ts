import type { Arena, Context } from '../core/index.ts'

/** An arena that overwrites what is released, so that a late reader computes nonsense, and counts what is held. */
export interface CountingArena extends Arena {
  readonly held: number
  readonly errors: readonly string[]
}

export function countingArena(bytes = Infinity): CountingArena {
  const errors: string[] = []
  let held = 0, used = 0
  return {
    get held() { return held },
    errors,
    reserve(size) {
      if (used + size > bytes) return undefined
      held++
      used += size
      const region = new Uint8Array(size)
      let released = false
      return {
        bytes: region,
        release() {
          if (released) errors.push('a region was released twice')
          else { held--; used -= size }
          released = true
          region.fill(0x3f)
        },
      }
    },
  }
}

/** What a part is opened with in a test: the real clock, a log that says nothing, an arena that finds who reads too late.
    ```ts
    const context = testContext({ log: { write: (level, text) => console.error(level, text) } })
    ``` */
export function testContext<T extends Partial<Context>>(parts?: T): Context & { readonly arena: CountingArena } & T {
  const started = performance.timeOrigin
  return {
    executor: 0,
    executors: 1,
    clock: {
      nowMs: () => started + performance.now(),
      sleep: (ms: number, signal?: AbortSignal) => new Promise<void>(resolve => {
        if (signal?.aborted) { resolve(); return }
        const done = () => { clearTimeout(timer); signal?.removeEventListener('abort', done); resolve() }
        const timer = setTimeout(done, ms)
        signal?.addEventListener('abort', done, { once: true })
      }),
    },
    log: { write() {} },
    metrics: { count() {}, gauge() {}, observe() {} },
    arena: countingArena(),
    signal: new AbortController().signal,
    ...parts,
  } as Context & { readonly arena: CountingArena } & T
}
