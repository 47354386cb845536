import type { Header } from '../../codecs/headers.ts'

/** A record as a program writes it. Texts are UTF-8; an object becomes JSON. */
export interface MemoryRecord {
  readonly key?: string | Uint8Array | null
  readonly value: string | Uint8Array | object | null
  readonly headers?: readonly (readonly [name: string, value: string | Uint8Array | null])[]
  /** Default 0. */
  readonly timeMs?: number
  /** Default: one more than the record before it. */
  readonly offset?: number
}
/** A record as it came out. */
export interface MemoryEntry {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
  readonly timeMs: number
}

/** For programs and tests only: `source: { memory: { records: [{ value: { distance: 300 } }] } }`. */
export interface MemorySourceOptions {
  /** Of one partition, `memory`, or by the name of the partition. */
  readonly records: readonly MemoryRecord[] | { readonly [partition: string]: readonly MemoryRecord[] }
  /** Default 500. */
  readonly batchRows?: number
  /** Default 262144; at least the largest record. */
  readonly batchBytes?: number
}
/** `const out: MemoryEntry[] = []` and `sink: { memory: { records: out } }`: what is written is added to it. */
export interface MemorySinkOptions {
  readonly records: MemoryEntry[]
  /** Larger ones (value, in bytes) are refused. */
  readonly recordBytesMax?: number
}
