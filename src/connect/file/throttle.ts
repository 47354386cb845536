import type { Clock } from '../../core/index.ts'

/** Records at a steady rate: in slices of some 20 ms, without catching up in a burst what a slow reader missed. */
export interface Throttle {
  /** How many may be read now. */
  readonly rowsMax: number
  /** Waits until the next ones are due. Abort ends it early. */
  due(signal: AbortSignal): Promise<void>
  took(rows: number): void
}

const SLICE_MS = 20

export function throttle(ratePerSecond: number | undefined, clock: Clock): Throttle {
  if (ratePerSecond === undefined) return { rowsMax: Number.MAX_SAFE_INTEGER, due: async () => {}, took() {} }
  let dueMs = clock.nowMs()
  return {
    rowsMax: Math.max(1, Math.floor(ratePerSecond * SLICE_MS / 1000)),
    async due(signal) {
      for (;;) {
        const waitMs = dueMs - clock.nowMs()
        if (waitMs <= 0 || signal.aborted) break
        await clock.sleep(waitMs, signal)
      }
      dueMs = Math.max(dueMs, clock.nowMs() - SLICE_MS)
    },
    took(rows) { dueMs += rows * 1000 / ratePerSecond },
  }
}
