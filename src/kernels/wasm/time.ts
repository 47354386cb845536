import { storeAs } from './digits'

// Points in time as src/features/time.ts reads them, in ISO 8601: `2001-05-03`, `2001-05-03T17:45`, `2001-05-03 17:45:10.25+02:00`, `...Z`.

const DASH: u32 = 45
const COLON: u32 = 58
const PLUS: u32 = 43
const BROKEN: i32 = -1

/** The ms since the epoch of a text with an offset, and 0; of one without, what clocks show, as ms as if it were UTC, and 1. False: it is none. */
export function time<T>(p: usize, length: i32, dst: usize): bool {
  if (length < 10 || at(p, 4) != DASH || at(p, 7) != DASH) return false
  const century = two(p), decade = two(p + 2), month = two(p + 5), day = two(p + 8)
  if ((century | decade | month | day) < 0) return false
  const year = century * 100 + decade
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return false
  let ms = <i64>daysFromCivil(year, month, day) * 86400000
  let isLocal = 1
  if (length > 10) {
    const tail = tailOf(p, length), end = length - tail
    const between = at(p, 10)
    if (end < 16 || (between != 32 && (between | 32) != 116) || at(p, 13) != COLON) return false
    const hour = two(p + 11), minute = two(p + 14)
    if ((hour | minute) < 0 || hour > 23 || minute > 59) return false
    ms += hour * 3600000 + minute * 60000
    if (end > 16) {
      const within = millis(p, end)
      if (within < 0) return false
      ms += within
    }
    if (tail) {
      const minutes = tail == 1 ? 0 : minutesOf(p + end, tail)
      if (minutes == BROKEN) return false
      ms -= (at(p, end) == DASH ? -minutes : minutes) * 60000
      isLocal = 0
    }
  }
  storeAs<T>(dst, <f64>ms)
  storeAs<T>(dst + sizeof<T>(), isLocal)
  return true
}

/** `:10` or `:10.25`, from 16 to the end. */
function millis(p: usize, end: i32): i32 {
  const second = end < 19 || at(p, 16) != COLON ? BROKEN : two(p + 17)
  if (second < 0 || second > 59) return BROKEN
  if (end == 19) return second * 1000
  const point = at(p, 19)
  if ((point != 46 && point != 44) || end == 20) return BROKEN
  let ms = 0, unit = 100
  for (let i = 20; i < end; i++) {
    const digit = at(p, i) - 48
    if (digit > 9) return BROKEN
    ms += digit * unit
    unit /= 10
  }
  return second * 1000 + ms
}

/** How many signs at the end are an offset: `Z`, `+02`, `+0200`, `+02:00`. */
function tailOf(p: usize, length: i32): i32 {
  if (length < 17) return 0
  if ((at(p, length - 1) | 32) == 122) return 1
  if (length >= 22 && isSign(at(p, length - 6)) && at(p, length - 3) == COLON) return 6
  if (length >= 21 && isSign(at(p, length - 5))) return 5
  return length >= 19 && isSign(at(p, length - 3)) ? 3 : 0
}

function minutesOf(p: usize, tail: i32): i32 {
  const hours = two(p + 1), minutes = tail == 3 ? 0 : two(p + tail - 2)
  return (hours | minutes) < 0 || hours > 23 || minutes > 59 ? BROKEN : hours * 60 + minutes
}

function isSign(c: u32): bool {
  return c == PLUS || c == DASH
}

function at(p: usize, i: i32): u32 {
  return load<u8>(p + i)
}

/** Two digits, or a negative number. */
function two(p: usize): i32 {
  const tens = u32(load<u8>(p)) - 48, ones = u32(load<u8>(p, 1)) - 48
  return tens < 10 && ones < 10 ? tens * 10 + ones : BROKEN
}

function daysOf(year: i32, month: i32): i32 {
  if (month == 2) return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/** Days since 1970-01-01; years begin in March, so that the leap day is the last. */
function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year
  // from the year -400 on, so that nothing is negative
  const z = y + 400
  return z * 365 + z / 4 - z / 100 + z / 400 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468 - 146097
}
