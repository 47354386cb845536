import { styleText } from 'node:util'
import type { Clock, Log, LogLevel } from '../core/index.ts'
import { plain, type Plain } from './plain.ts'
import { redactor } from './redact.ts'

/** As much of a writable stream as is needed: process.stderr, or the Screen that keeps the live line apart. */
export interface LogStream {
  readonly isTTY?: boolean
  readonly writableLength?: number
  write(text: string): boolean
  once?(event: 'drain', then: () => void): unknown
  on?(event: 'error', then: (error: Error) => void): unknown
}

export interface LogOptions {
  readonly stream: LogStream
  readonly clock: Clock
  /** What is less important is left out. Default info. */
  readonly level?: LogLevel | undefined
  /** Default: text in a terminal, else json. */
  readonly format?: 'text' | 'json' | undefined
  /** Default: in a terminal, unless NO_COLOR is set. */
  readonly colour?: boolean | undefined
  readonly pipeline?: string | undefined
  /** Values that appear in no line, whatever is logged. */
  readonly secrets?: readonly string[] | undefined
}

/** Bytes that wait for somebody to read them. Above it lines are left out and counted: nobody's memory grows because a pipe is blocked. */
export const PENDING_MAX = 1_048_576

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** One line an event. JSON: `{ time, level, msg, pipeline, ...fields }`, an error as `{ code, message, at, why, fix, cause }`. Text: for people,
    errors on lines of their own. Never throws. (stderr as a file, a terminal or a pipe is written at once by Node, except on Windows: there
    is nothing to wait for, and a blocked reader blocks the process, as with every program.) */
export function createLog(options: LogOptions): Log {
  const { stream, clock, level = 'info', pipeline } = options
  const format = options.format ?? (stream.isTTY === true ? 'text' : 'json')
  const colour = options.colour ?? (format === 'text' && stream.isTTY === true && !noColour())
  const redact = redactor(options.secrets ?? [])
  const least = LEVELS.indexOf(level)
  let missed = 0
  let isBroken = false
  stream.on?.('error', () => { isBroken = true })      // its reader has gone: no reason to stop the work

  function put(line: string): void {
    if (isBroken) return
    if ((stream.writableLength ?? 0) < PENDING_MAX) {
      stream.write(line)
      return
    }
    if (missed === 0) stream.once?.('drain', caughtUp)
    missed++
  }

  function caughtUp(): void {
    const lines = missed
    missed = 0
    log.write('warn', `${lines} log lines were left out: nobody read them in time`)
  }

  const log: Log = {
    write(at, text, fields) {
      if (LEVELS.indexOf(at) < least) return
      const time = new Date(clock.nowMs()).toISOString()
      const shown = plain(fields ?? {}, redact) as { readonly [name: string]: Plain }
      const message = plain(text, redact) as string
      put(format === 'json' ? jsonLine(time, at, message, pipeline, shown) : textLine(time, at, message, shown, colour))
    },
  }
  return log
}

/** https://no-color.org: set and not empty. */
const noColour = (): boolean => (process.env['NO_COLOR'] ?? '') !== ''

function jsonLine(time: string, level: LogLevel, msg: string, pipeline: string | undefined, fields: { readonly [name: string]: Plain }): string {
  const head = pipeline === undefined ? { time, level, msg } : { time, level, msg, pipeline }
  const rest = Object.entries(fields).map(([name, value]) => [name in head ? `_${name}` : name, value] as const)
  return `${JSON.stringify({ ...head, ...Object.fromEntries(rest) }).toWellFormed()}\n`
}

const STYLES = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const

function textLine(time: string, level: LogLevel, msg: string, fields: { readonly [name: string]: Plain }, colour: boolean): string {
  const style = (as: 'dim' | 'green' | 'yellow' | 'red' | 'bold', text: string): string => (colour ? styleText(as, text, { validateStream: false }) : text)
  let line = `${style('dim', time.slice(11, 23))} ${style(STYLES[level], level.toUpperCase().padEnd(5))} ${printable(msg)}`
  let below = ''
  for (const [name, value] of Object.entries(fields)) {
    if (isError(value)) below += errorLines(name, value, '  ', style)
    else line += ` ${style('dim', `${printable(name)}=`)}${textValue(value)}`
  }
  return `${line}\n${below}`
}

const isError = (value: Plain | undefined): value is { readonly [name: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && 'message' in value && ('code' in value || 'stack' in value)

function errorLines(name: string, error: { readonly [name: string]: Plain }, indent: string, style: (as: 'dim' | 'red', text: string) => string): string {
  const { message, cause, stack, ...rest } = error
  let lines = `${indent}${style('red', `${printable(name)}:`)} ${textValue(message!).replaceAll(/^"|"$/g, '')}\n`
  for (const [part, value] of Object.entries(rest)) {
    if (part !== 'name') lines += `${indent}  ${style('dim', `${printable(part)}:`.padEnd(5))} ${typeof value === 'string' ? printable(value) : textValue(value)}\n`
  }
  if (typeof stack === 'string') {
    for (const frame of stack.split('\n').filter((at) => at.trimStart().startsWith('at '))) lines += `${indent}  ${style('dim', printable(frame.trim()))}\n`
  }
  if (cause === undefined) return lines
  return lines + (isError(cause) ? errorLines('cause', cause, `${indent}  `, style) : `${indent}  ${style('dim', 'cause:')} ${textValue(cause)}\n`)
}

const textValue = (value: Plain): string => {
  if (typeof value !== 'string') return printable(JSON.stringify(value))
  return value === '' || /[\s"=]/.test(value) ? printable(JSON.stringify(value)) : printable(value)
}

/** Values come from records: they must not move the cursor, change colours or forge lines. */
// oxlint-disable-next-line no-control-regex
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
