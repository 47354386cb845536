/** Log buckets of fixed memory: 8 a doubling from 1 us to over 1000 s, so a quantile is off by at most a factor of 2^(1/16), 4.5 %.
    Beside them the exact counts of the few limits that Prometheus is shown. Plain data: it can be sent to another thread. */
export interface Histogram {
  /** counts[0]: at most LOWEST. counts[i]: over LOWEST * 2^((i-1)/8), at most LOWEST * 2^(i/8). The last one: everything above. */
  readonly counts: Float64Array
  /** [LIMITS] observations at most that limit and above the one before it. */
  readonly within: Float64Array
  count: number
  sum: number
  min: number
  max: number
}

const LOWEST = 1e-6
const STEPS = 8
const BUCKETS = 2 + STEPS * 30     // 1 us * 2^30 = 1074 s

/** Upper limits in seconds, inclusive, as the `le` of Prometheus. */
export const LIMITS: readonly number[] =
  [0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createHistogram(): Histogram {
  return { counts: new Float64Array(BUCKETS), within: new Float64Array(LIMITS.length), count: 0, sum: 0, min: Infinity, max: 0 }
}

/** `times` equal observations. Negative and NaN count as 0: a clock that was set back must not make the sum fall. */
export function record(into: Histogram, value: number, times: number): void {
  if (!(times > 0)) return
  const seconds = value > 0 ? value : 0
  const bucket = seconds <= LOWEST ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log2(seconds / LOWEST) * STEPS))
  into.counts[bucket]! += times
  let limit = 0
  while (limit < LIMITS.length && seconds > LIMITS[limit]!) limit++
  if (limit < LIMITS.length) into.within[limit]! += times
  into.count += times
  into.sum += seconds * times
  if (seconds < into.min) into.min = seconds
  if (seconds > into.max) into.max = seconds
}

/** The value that a share `q` of the observations does not exceed, within 4.5 %; never outside of what was observed. NaN: none were. */
export function quantile(of: Histogram, q: number): number {
  if (of.count <= 0) return NaN
  const wanted = Math.max(1, Math.ceil(q * of.count))
  let seen = 0
  let bucket = 0
  for (; bucket < BUCKETS - 1; bucket++) {
    seen += of.counts[bucket]!
    if (seen >= wanted) break
  }
  if (bucket === BUCKETS - 1) return of.max
  const middle = bucket === 0 ? LOWEST : LOWEST * 2 ** ((bucket - 0.5) / STEPS)
  return Math.min(of.max, Math.max(of.min, middle))
}

export function add(into: Histogram, more: Histogram): void {
  for (let i = 0; i < BUCKETS; i++) into.counts[i]! += more.counts[i]!
  for (let i = 0; i < LIMITS.length; i++) into.within[i]! += more.within[i]!
  into.count += more.count
  into.sum += more.sum
  into.min = Math.min(into.min, more.min)
  into.max = Math.max(into.max, more.max)
}

/** What was observed between two snapshots of one histogram. Its min and max are those of the whole. */
export function difference(later: Histogram, earlier: Histogram | undefined): Histogram {
  const result = copy(later)
  if (earlier === undefined) return result
  for (let i = 0; i < BUCKETS; i++) result.counts[i]! -= earlier.counts[i]!
  for (let i = 0; i < LIMITS.length; i++) result.within[i]! -= earlier.within[i]!
  result.count -= earlier.count
  result.sum -= earlier.sum
  return result
}

export function copy(of: Histogram): Histogram {
  return { ...of, counts: of.counts.slice(), within: of.within.slice() }
}
