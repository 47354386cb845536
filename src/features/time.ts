import { instantOf } from './zone.ts'
import type { Zone } from './zone.ts'

/** Points in time as records have them: a number is ms since the Unix epoch; a text is ISO 8601, `2001-05-03`, `2001-05-03T17:45`,
    `2001-05-03 17:45:10.25+02:00`, `...Z`. Without an offset it is what the clocks of the zone show. Digits after the ms are cut off. */

/** As ms since the epoch; NaN: it is none. */
export function epochMsOf(time: string | number, zone: Zone): number {
  if (typeof time === 'number') return inRange(time)
  const wallMs = fieldsMs(time), offsetMs = offsetMsOf(time)
  if (Number.isNaN(wallMs) || offsetMs === BROKEN) return NaN
  return Number.isNaN(offsetMs) ? instantOf(zone, wallMs) : wallMs - offsetMs
}

/** What the clocks of the zone show at that time, as ms as if it were UTC; NaN: it is none. A time without an offset is taken as it is
    written, also in the hour that clocks pass over. */
export function wallMsOf(time: string | number, zone: Zone): number {
  let epochMs: number
  if (typeof time === 'number') epochMs = inRange(time)
  else {
    const wallMs = fieldsMs(time), offsetMs = offsetMsOf(time)
    if (Number.isNaN(wallMs) || offsetMs === BROKEN) return NaN
    if (Number.isNaN(offsetMs)) return wallMs
    epochMs = wallMs - offsetMs
  }
  return Number.isNaN(epochMs) ? NaN : epochMs + zone.offsetMs(epochMs)
}

export const hourOfDay = (wallMs: number): number => Math.floor(wallMs / 3_600_000) - Math.floor(wallMs / 86_400_000) * 24
/** ISO 8601: Monday is 1, Sunday 7. The epoch began on a Thursday. */
export function dayOfWeek(wallMs: number): number {
  const day = (Math.floor(wallMs / 86_400_000) + 3) % 7
  return (day < 0 ? day + 7 : day) + 1
}
/** January is 1. */
export const monthOf = (wallMs: number): number => new Date(wallMs).getUTCMonth() + 1

/** Date's own range. */
const inRange = (epochMs: number): number => Math.abs(epochMs) <= 8.64e15 ? epochMs : NaN

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const BROKEN = Infinity
const ZERO = 48, DASH = 45, COLON = 58, DOT = 46, COMMA = 44, PLUS = 43

/** year-month-day and time as if they were UTC, whatever offset is written behind them; NaN if any of it is broken. */
function fieldsMs(text: string): number {
  const { length } = text
  if (length < 10 || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return NaN
  const year = two(text, 0) * 100 + two(text, 2), month = two(text, 5), day = two(text, 8)
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= MONTH_DAYS[month - 1]! + leap)) return NaN
  const date = daysFromCivil(year, month, day) * 86_400_000
  if (length === 10) return date
  const between = text[10]
  if (between !== 'T' && between !== ' ' && between !== 't') return NaN
  const end = length - tailOf(text)
  const hour = two(text, 11), minute = two(text, 14)
  if (!(hour <= 23 && minute <= 59) || text.charCodeAt(13) !== COLON || end < 16) return NaN
  let second = 0, ms = 0
  if (end > 16) {
    second = two(text, 17)
    if (text.charCodeAt(16) !== COLON || !(second <= 59) || end < 19) return NaN
    if (end > 19) {
      const point = text.charCodeAt(19)
      if ((point !== DOT && point !== COMMA) || end === 20) return NaN
      for (let i = 20, unit = 100; i < end; i++, unit = unit > 1 ? unit / 10 : 0) {
        const digit = text.charCodeAt(i) - ZERO
        if (digit < 0 || digit > 9) return NaN
        ms += digit * unit
      }
    }
  }
  return date + hour * 3_600_000 + minute * 60_000 + second * 1000 + ms
}

/** NaN: none is written. */
function offsetMsOf(text: string): number {
  const tail = tailOf(text)
  if (tail === 0) return NaN
  if (tail === 1) return 0
  const at = text.length - tail, hours = two(text, at + 1), minutes = tail === 3 ? 0 : two(text, text.length - 2)
  if (!(hours <= 23 && minutes <= 59)) return BROKEN
  const size = hours * 3_600_000 + minutes * 60_000
  return text.charCodeAt(at) === DASH ? -size : size
}

/** How many signs at the end are an offset: `Z`, `+02`, `+0200`, `+02:00`. */
function tailOf(text: string): number {
  const { length } = text
  if (length < 17) return 0
  const last = text[length - 1]
  if (last === 'Z' || last === 'z') return 1
  for (const size of [6, 5, 3]) {
    const sign = text.charCodeAt(length - size)
    if (length - size >= 16 && (sign === PLUS || sign === DASH) && (size !== 6 || text.charCodeAt(length - 3) === COLON)) return size
  }
  return 0
}

function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO, ones = text.charCodeAt(at + 1) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN
}

/** Days since 1970-01-01 of the proleptic Gregorian calendar: years begin in March, so that the leap day is the last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const yearsBefore = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return y * 365 + yearsBefore + Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1 - 719_468
}
