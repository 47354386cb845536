import { createReadStream } from 'node:fs'
import type { Judged } from './quality.ts'

const LATE_MINUTES = 15

/** Scores and what really happened, read from the job's output. The delay of the arrival is in the data; the model has not seen it. */
export async function judgedIn(path: string): Promise<Judged> {
  const scores: number[] = [], labels: number[] = []
  for await (const line of linesOf(path)) {
    const { late, delay } = JSON.parse(line) as { readonly late: number; readonly delay: number }
    scores.push(late)
    labels.push(delay >= LATE_MINUTES ? 1 : 0)
  }
  return { scores: Float64Array.from(scores), labels: Uint8Array.from(labels) }
}

/** Without what stands behind the last line break: a line that is not whole. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const text of createReadStream(path, { encoding: 'utf8', highWaterMark: 1_048_576 }) as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    yield* lines
  }
}
