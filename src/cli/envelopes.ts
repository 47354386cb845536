import { SluiceError } from '../core/index.ts'
import { linesOf } from './lines.ts'

/** A rejected record as it lies in a file of format records. */
export interface Rejected {
  /** From 1. */
  readonly number: number
  readonly timeMs: number | undefined
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** The record's own. */
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
  /** Where and why it was rejected: what stands behind `__sluice.errors.` in the names of headers. */
  readonly errors: ReadonlyMap<string, string>
}

const OURS = '__sluice.errors.'

/** @throws SLUICE_FILE_FORMAT naming the line */
export async function* rejectedIn(path: string): AsyncGenerator<Rejected> {
  let line = 0, number = 0
  for await (const bytes of linesOf(path)) {
    line++
    if (bytes.length === 0) continue
    try {
      yield read(JSON.parse(bytes.toString()), ++number)
    } catch (cause) {
      throw new SluiceError('SLUICE_FILE_FORMAT', `line ${line} of ${path} is no rejected record: ${(cause as Error).message}`, {
        at: `${path}:${line}`, why: 'a file of rejects holds one JSON envelope a line', fix: 'correct the path', cause,
      })
    }
  }
}

function read(envelope: unknown, number: number): Rejected {
  if (typeof envelope !== 'object' || envelope === null || !('value' in envelope)) throw new TypeError('it has no value')
  const { timeMs, key, value, headers } = envelope as { readonly [name: string]: unknown }
  const all = (Array.isArray(headers) ? headers as unknown[] : []).map((header): [string, Buffer | null] => {
    const [name, held] = header as [unknown, unknown]
    return [String(name), bytesOf(held)]
  })
  return {
    number, timeMs: typeof timeMs === 'number' ? timeMs : undefined, key: bytesOf(key), value: bytesOf(value),
    headers: all.filter(([name]) => !name.startsWith(OURS)),
    errors: new Map(all.filter(([name]) => name.startsWith(OURS)).map(([name, held]) => [name.slice(OURS.length), held?.toString() ?? ''])),
  }
}

function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return Buffer.from(value)
  if (typeof value === 'object' && 'base64' in value) return Buffer.from(String(value.base64), 'base64')
  throw new TypeError('bytes are text, {"base64": text} or null')
}
