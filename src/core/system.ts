/** What every part is opened with. */
export interface Context {
  /** Which executor this is, from 0, and of how many. */
  readonly executor: number
  readonly executors: number
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly arena: Arena
  /** Aborted when the pipeline is to stop. */
  readonly signal: AbortSignal
}

export interface Clock {
  /** ms since the Unix epoch, with fractions; never goes backwards. */
  nowMs(): number
  /** 0: lets timers and sockets run. Abort ends it early, without an error. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export interface Log { write(level: LogLevel, text: string, fields?: object): void }

export type Labels = Readonly<{ [label: string]: string }>
export interface Metrics {
  count(name: string, by: number, labels?: Labels): void
  /** undefined: there is no such thing any more. */
  gauge(name: string, value: number | undefined, labels?: Labels): void
  /** `times` equal observations: a batch is observed once with its rows. */
  observe(name: string, value: number, times: number, labels?: Labels): void
}

/** A fixed memory of which batches own regions. */
export interface Arena {
  /** undefined: no region of that size is free now; the caller takes memory from the heap instead. */
  reserve(bytes: number): Region | undefined
}
export interface Region {
  readonly bytes: Uint8Array
  /** Once; in any order. */
  release(): void
}
