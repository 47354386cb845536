import { explain, SluiceError } from '../core/index.ts'

let redact = (text: string): string => text
/** From now on no error shows what this takes out. */
export function hide(by: (text: string) => string): void {
  const before = redact
  redact = (text) => by(before(text))
}

export function printError(error: unknown): void {
  const lines = [error instanceof SluiceError ? explain(error) : `${String(error)}\n  This is a mistake in Sluice or in a program that it calls. SLUICE_DEBUG=1 shows where.`]
  if (debug) for (let at: unknown = error; at instanceof Error; at = at.cause) lines.push(at.stack ?? String(at))
  process.stderr.write(`${redact(lines.join('\n'))}\n`)
}
const debug = (process.env['SLUICE_DEBUG'] ?? '') !== ''

/** Columns side by side; the last one is not filled up. */
export function table(rows: readonly (readonly string[])[], indent = ''): string {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, i) => Math.max(widest[i] ?? 0, cell.length)), [])
  return rows.map((row) => `${indent}${row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i]!)).join('  ')}`.trimEnd()).join('\n')
}

/** Waits as long as nobody reads. */
export function out(text: string | Uint8Array): Promise<void> | undefined {
  return process.stdout.write(text) ? undefined : new Promise((resolve) => process.stdout.once('drain', resolve))
}
