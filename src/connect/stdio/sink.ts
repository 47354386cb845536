import type { Writable } from 'node:stream'
import { SluiceError } from '../../core/index.ts'
import type { Context, Records, Rejection, Sink } from '../../core/index.ts'
import { encode } from '../encode.ts'
import { headerLine } from '../framing.ts'
import type { StdoutOptions } from './options.ts'

/** Writes records to the standard output, or to another stream. A write settles when the stream has passed it on, so that a slow reader
    holds the pipeline back. */
export async function openStdoutSink(options: StdoutOptions, _context: Context, stream: Writable = process.stdout): Promise<Sink> {
  const name = 'stdout', format = options.format ?? 'ndjson'
  let failed: SluiceError | undefined
  let header: string | undefined
  // without a listener a broken pipe would end the process with a stack trace
  stream.on('error', (cause: Error) => { failed ??= outputError(cause) })

  function headerFor({ columns }: Records): Buffer | undefined {
    if (columns === undefined) throw new SluiceError('SLUICE_FILE_FORMAT', 'the output is to be CSV, and the records do not name their columns', { at: name, fix: 'use format ndjson, or a result that is an object' })
    const line = headerLine(columns)
    if (header !== undefined && header !== line) throw new SluiceError('SLUICE_FILE_FORMAT', `the header of the output is ${header.trim()}, and the records have ${line.trim()}`, { at: name, why: 'a CSV stream has one header' })
    if (header === line) return undefined
    header = line
    return Buffer.from(line)
  }

  return {
    name,
    async write(records: Records): Promise<readonly Rejection[]> {
      if (failed !== undefined) throw failed
      try {
        const { bytes, refused } = encode(records, format, name)
        const first = format === 'csv' && records.rows > 0 ? headerFor(records) : undefined
        const whole = first === undefined ? bytes : Buffer.concat([first, bytes])
        if (whole.length > 0) await passOn(stream, whole)
        return refused
      } catch (cause) {
        throw failed ??= cause instanceof SluiceError ? cause : outputError(cause)
      }
    },
    // the listener stays: an error of what was written last may come later
    async close() {},
  }
}

function passOn(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => { stream.write(bytes, error => { if (error) reject(error); else resolve() }) })
}

function outputError(cause: unknown): SluiceError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'ERR_STREAM_WRITE_AFTER_END') return new SluiceError('SLUICE_OUTPUT_CLOSED', 'the standard output was closed by its reader', { at: 'stdout', cause })
  if (code === 'ENOSPC' || code === 'EDQUOT') return new SluiceError('SLUICE_DISK_FULL', 'the standard output cannot be written: the disk is full', { at: 'stdout', cause })
  return new SluiceError('SLUICE_WRITE_FAILED', `the standard output cannot be written: ${message}`, { at: 'stdout', cause })
}
