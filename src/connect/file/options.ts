import { basename, dirname, join } from 'node:path'
import type { Context } from '../../core/index.ts'
import type { SinkFormat } from '../encode.ts'

export type FileFormat = 'ndjson' | 'csv' | 'parquet' | 'records'

/** Records from files. Each file is a partition, named as the path says; several are read one after the other. */
export interface FileSourceOptions {
  /** A file, or several; `*` in the last part of a path stands for any characters. */
  readonly path: string | readonly string[]
  /** Left out: by the extension. */
  readonly format?: FileFormat
  /** Where reading begins when no position is kept: a byte position, in Parquet a row number. In the middle of a record: with the next one. */
  readonly from?: number
  /** A file that keeps the position, for sinks that do not keep it beside their output. Left out: it is kept in memory only. */
  readonly position?: string
  /** Bytes read at once. Default 262144. */
  readonly batchBytes?: number
  /** Rows of a batch, at most. Default 4096. */
  readonly batchRows?: number
  /** A larger record is rejected. Default 16777216. */
  readonly recordBytesMax?: number
  readonly ratePerSecond?: number
}

/** Records into a file. */
export interface FileSinkOptions {
  readonly path: string
  /** Left out: by the extension. */
  readonly format?: SinkFormat
  /** The file that keeps the position together with the output. Default: the path with `.position` behind it. */
  readonly position?: string
}

const EXTENSIONS: readonly (readonly [ending: string, format: FileFormat])[] = [
  ['.records.ndjson', 'records'], ['.records', 'records'], ['.ndjson', 'ndjson'], ['.jsonl', 'ndjson'], ['.json', 'ndjson'], ['.csv', 'csv'], ['.parquet', 'parquet'],
]
export const formatOf = (path: string): FileFormat | undefined => EXTENSIONS.find(([ending]) => path.toLowerCase().endsWith(ending))?.[1]

/** The file of one of several executors: its number stands before the extension. */
export function ownPath(path: string, { executor, executors }: Pick<Context, 'executor' | 'executors'>): string {
  if (executors === 1 || path.startsWith('/dev/')) return path
  const name = basename(path), dot = name.indexOf('.', 1)
  const own = dot < 0 ? `${name}.${executor}` : `${name.slice(0, dot)}.${executor}${name.slice(dot)}`
  return dirname(path) === '.' && !path.startsWith('.') ? own : join(dirname(path), own)
}
