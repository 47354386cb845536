import type { MemoryEntry, MemoryRecord } from '../connect/memory/options.ts'
import type { Clock } from '../core/index.ts'
import { isPart } from '../pipeline/connectors.ts'
import { runPipeline } from '../pipeline/run.ts'
import type { RunReport } from '../pipeline/run.ts'
import { pipeline } from '../pipeline/schema.ts'
import type { Definition } from '../pipeline/schema.ts'

/** A record that came out. */
export interface Out {
  readonly key: string | null
  /** The bytes as text; null: a tombstone. */
  readonly text: string | null
  /** The text as JSON. */
  json(): unknown
  /** By name; of several of one name the last. */
  readonly headers: Readonly<{ [name: string]: string | null }>
  readonly timeMs: number
}
export interface Outcome {
  readonly results: readonly Out[]
  /** With the original bytes; the cause stands in headers such as `__sluice.errors.code`. */
  readonly rejects: readonly Out[]
  readonly report: RunReport
}

/** Runs a pipeline on records in memory, in the place of its source and sinks, to their end. Everything between is the pipeline's own: its
    bytes, its model, its delivery.
    ```ts
    const { results, rejects } = await runInMemory(definition, [{ value: { distance: 300 } }, { value: 'not JSON' }])
    ```
    `clock`: a FakeClock, for pipelines that wait.
    @throws what the pipeline throws */
export async function runInMemory(definition: Definition, records: readonly MemoryRecord[], { clock }: { readonly clock?: Clock } = {}): Promise<Outcome> {
  const results: MemoryEntry[] = [], rejects: MemoryEntry[] = []
  const { reject } = definition
  const stopAbove = reject !== undefined && !isPart(reject) && 'stopAbove' in reject ? { stopAbove: reject.stopAbove } : {}
  const report = await runPipeline(pipeline({
    ...definition, executors: 1, operating: {}, source: { memory: { records } }, sink: { memory: { records: results } },
    ...reject === undefined ? {} : { reject: { memory: { records: rejects }, ...stopAbove } },
  }), clock === undefined ? {} : { clock })
  return { results: results.map(out), rejects: rejects.map(out), report }
}

const decoder = new TextDecoder()
const textOf = (bytes: Uint8Array | null): string | null => bytes === null ? null : decoder.decode(bytes)
function out({ key, value, headers, timeMs }: MemoryEntry): Out {
  const text = textOf(value)
  return {
    key: textOf(key), text, timeMs, json: () => text === null ? null : JSON.parse(text) as unknown,
    headers: Object.fromEntries(headers.map(({ name, value: of }) => [name, textOf(of)])),
  }
}
