/** The offset of a time zone from UTC at an instant, fast: what Intl says is asked once a day of event time and remembered. */
export interface Zone {
  readonly name: string
  /** ms to add to an instant (ms since the epoch) to get the wall clock there. */
  offsetMs(epochMs: number): number
}

const DAY_MS = 86_400_000
/** Days remembered: some 40 years of events in any order. */
const DAYS_MAX = 16_384
/** Before this no place had changed its clock, and Intl's years before 1 would need eras. */
const OLDEST_MS = Date.UTC(1800, 0, 1)

/** Date's last instant but one day. */
const YOUNGEST_MS = 8.64e15 - DAY_MS

const opened = new Map<string, Zone>()

/** By IANA name, as `Europe/Berlin`. @throws RangeError for a name that is unknown */
export function zoneOf(name: string): Zone {
  const known = opened.get(name)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23',
    year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
  const zone = format.resolvedOptions().timeZone === 'UTC' ? { name, offsetMs: () => 0 } : remembering(name, epochMs => asked(format, epochMs))
  opened.set(name, zone)
  return zone
}

/** The instant at which clocks in the zone show this (ms as if it were UTC). Of two, the earlier; of none (clocks are put forward over it),
    as if they had not been yet: what Temporal calls compatible. */
export function instantOf(zone: Zone, wallMs: number): number {
  const before = zone.offsetMs(wallMs - DAY_MS), after = zone.offsetMs(wallMs + DAY_MS)
  if (before === after || zone.offsetMs(wallMs - before) === before) return wallMs - before
  return zone.offsetMs(wallMs - after) === after ? wallMs - after : wallMs - before
}

/** No zone has ever changed twice within four days (tzdata: Freetown, September 1939), so two ends of a day say whether there is a change in
    it, and halving finds it. */
function remembering(name: string, ask: (epochMs: number) => number): Zone {
  interface Day { readonly number: number; readonly before: number; readonly after: number; readonly changesMs: number }
  const days = new Map<number, Day>()
  let last: Day = { number: NaN, before: 0, after: 0, changesMs: 0 }
  const look = (number: number): Day => {
    let from = number * DAY_MS, to = from + DAY_MS
    const before = days.get(number - 1)?.after ?? ask(from), after = days.get(number + 1)?.before ?? ask(to)
    while (before !== after && to - from > 1) {
      const middle = Math.floor((from + to) / 2)
      if (ask(middle) === before) from = middle; else to = middle
    }
    return { number, before, after, changesMs: to }
  }
  return {
    name,
    offsetMs(epochMs) {
      const number = Math.floor(epochMs / DAY_MS)
      if (last.number !== number) {
        let day = days.get(number)
        if (day === undefined) {
          if (days.size >= DAYS_MAX) days.clear()
          days.set(number, day = look(number))
        }
        last = day
      }
      return epochMs < last.changesMs ? last.before : last.after
    },
  }
}

function asked(format: Intl.DateTimeFormat, epochMs: number): number {
  const whole = Math.floor(Math.min(Math.max(epochMs, OLDEST_MS), YOUNGEST_MS) / 1000) * 1000
  const part: { [type: string]: number } = {}
  for (const { type, value } of format.formatToParts(whole)) part[type] = Number(value)
  return Date.UTC(part['year']!, part['month']! - 1, part['day']!, part['hour']!, part['minute']!, part['second']!) - whole
}
