import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dayOfWeek, epochMsOf, hourOfDay, monthOf, wallMsOf } from './time.ts'
import { instantOf, zoneOf } from './zone.ts'

// the same cases each time; others with SEED=n
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })

const ZONES = ['America/Chicago', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Casablanca', 'Pacific/Apia', 'UTC']
const utc = zoneOf('UTC')

/** Intl asked in another way than the code does: by the name of the offset. */
const formats = new Map<string, Intl.DateTimeFormat>()
function offsetByName(zone: string, epochMs: number): number {
  let format = formats.get(zone)
  if (format === undefined) formats.set(zone, format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }))
  const text = format.formatToParts(epochMs).find(part => part.type === 'timeZoneName')!.value
  const [, sign, hours, minutes, seconds] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? assert.fail(text)
  return (sign === '-' ? -1 : 1) * ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)) * 1000
}

test('offset-of-any-instant as Intl has it', () => {
  fc.assert(fc.property(fc.constantFrom(...ZONES), fc.integer({ min: Date.UTC(1840, 0), max: Date.UTC(2090, 0) }), (name, epochMs) => {
    assert.equal(zoneOf(name).offsetMs(epochMs), offsetByName(name, epochMs), `${name} ${new Date(epochMs).toISOString()}`)
  }), { numRuns: 3000 })
})

test('dst-edge: to the millisecond, on every change of 40 years', () => {
  for (const name of ZONES) {
    const zone = zoneOf(name)
    let changes = 0
    for (let day = Date.UTC(1995, 0); day < Date.UTC(2035, 0); day += 86_400_000) {
      if (offsetByName(name, day) === offsetByName(name, day + 86_400_000)) continue
      let from = day, to = day + 86_400_000
      while (to - from > 1) {
        const middle = Math.floor((from + to) / 2)
        if (offsetByName(name, middle) === offsetByName(name, day)) from = middle; else to = middle
      }
      changes++
      for (const near of [to - 1, to, to + 1, to - 3_600_000, to + 3_600_000]) assert.equal(zone.offsetMs(near), offsetByName(name, near), `${name} ${new Date(near).toISOString()}`)
    }
    assert.ok(changes > 0 || name === 'UTC' || name === 'Asia/Kolkata', name)
  }
})

test('years-without-end: no instant breaks the memory of days', () => {
  const zone = zoneOf('Europe/Berlin')
  assert.equal(zone.offsetMs(8.64e15), 7_200_000)
  assert.equal(zone.offsetMs(-8.64e15), zone.offsetMs(Date.UTC(1800, 0)))
  for (let year = 1; year < 300; year++) zone.offsetMs(Date.UTC(2000 + year * 7, 6))
  assert.equal(zone.offsetMs(Date.UTC(2001, 6)), 7_200_000)
  assert.throws(() => zoneOf('Mars/Olympus'), RangeError)
})

test('wall-clock-to-instant-and-back; the earlier of two; over the gap', () => {
  fc.assert(fc.property(fc.constantFrom(...ZONES), fc.integer({ min: Date.UTC(1960, 0), max: Date.UTC(2035, 0) }), (name, epochMs) => {
    const zone = zoneOf(name)
    const back = instantOf(zone, epochMs + zone.offsetMs(epochMs))
    assert.ok(back === epochMs || (back < epochMs && back + zone.offsetMs(back) === epochMs + zone.offsetMs(epochMs)))
  }), { numRuns: 2000 })
  const chicago = zoneOf('America/Chicago')
  assert.equal(epochMsOf('2001-10-28T01:30', chicago), Date.UTC(2001, 9, 28, 6, 30))          // twice: the first, still daylight time
  assert.equal(epochMsOf('2001-04-01T02:30', chicago), Date.UTC(2001, 3, 1, 8, 30))           // never: 03:30 daylight time
  assert.equal(epochMsOf('2001-04-01T03:30', chicago), Date.UTC(2001, 3, 1, 8, 30))
  assert.equal(epochMsOf('2021-10-03T02:15', zoneOf('Australia/Lord_Howe')), Date.UTC(2021, 9, 2, 15, 45))   // half an hour forward
})

test('iso-text as Date has it, whatever the offset', () => {
  const pad = (value: number, size = 2): string => String(value).padStart(size, '0')
  fc.assert(fc.property(fc.integer({ min: -62_135_510_400_000, max: Date.UTC(9999, 11, 30) }), fc.integer({ min: -1439, max: 1439 }), fc.nat(3), (epochMs, minutes, form) => {
    const shown = new Date(epochMs + minutes * 60_000).toISOString()
    const size = Math.abs(minutes), sign = minutes < 0 ? '-' : '+'
    const offset = `${sign}${pad(Math.floor(size / 60))}${form === 0 ? '' : ':'}${pad(size % 60)}`
    assert.equal(epochMsOf(shown.slice(0, 23) + offset, zoneOf('Asia/Kolkata')), epochMs)
    assert.equal(epochMsOf(new Date(epochMs).toISOString(), utc), epochMs)
  }), { numRuns: 1000 })
})

test('broken-time is none', () => {
  for (const text of ['', '2001', '2001-05', '2001/05/03', '2001-13-01', '2001-00-01', '2001-02-29', '1900-02-29', '2001-04-31', '2001-05-03T', '2001-05-03T17', '2001-05-03T24:00',
    '2001-05-03T17:60', '2001-05-03T17:45:60', '2001-05-03T17:45:10.', '2001-05-03T17:45:10.x', '2001-05-03T17:45+25:00', '2001-05-03T17:45+02:60', '2001-05-03x17:45', '2001-05-03T1:45',
    '20010503T174500Z', 'yesterday', '2001-05-03T17:45:10ZZ', '2001-05-03Z', '2001-05-03T17:45:10+2', '٢٠٠١-٠٥-٠٣', '2001-05-03T17:45:10 +02:00', '-001-05-03']) {
    assert.ok(Number.isNaN(wallMsOf(text, utc)), text)
    assert.ok(Number.isNaN(epochMsOf(text, zoneOf('America/Chicago'))), text)
  }
  for (const number of [NaN, Infinity, 8.64e15 + 1, -1e300]) assert.ok(Number.isNaN(wallMsOf(number, utc)))
})

test('every-accepted-form', () => {
  const at = Date.UTC(2001, 4, 3, 17, 45)
  for (const text of ['2001-05-03T17:45Z', '2001-05-03 17:45:00', '2001-05-03t17:45:00z', '2001-05-03T17:45:00.000000', '2001-05-03T19:45+02', '2001-05-03T19:45+0200', '2001-05-03T15:15:00,0-02:30']) {
    assert.equal(epochMsOf(text, utc), at, text)
  }
  assert.equal(epochMsOf('2001-05-03', utc), Date.UTC(2001, 4, 3))
  assert.equal(epochMsOf('2001-05-03T17:45:00.1239', utc), at + 123)
  assert.equal(epochMsOf('2000-02-29', utc), Date.UTC(2000, 1, 29))
})

test('hour, day of the week and month as Intl shows them', () => {
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
  const shows = new Map(ZONES.map(name => [name, new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', hour: 'numeric', weekday: 'short', month: 'numeric' })]))
  fc.assert(fc.property(fc.constantFrom(...ZONES), fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2060, 0) }), (name, epochMs) => {
    const parts = new Map(shows.get(name)!.formatToParts(epochMs).map(({ type, value }) => [type, value]))
    const wallMs = wallMsOf(epochMs, zoneOf(name))
    assert.deepEqual([hourOfDay(wallMs), dayOfWeek(wallMs), monthOf(wallMs)], [Number(parts.get('hour')), days.indexOf(parts.get('weekday')!) + 1, Number(parts.get('month'))])
  }), { numRuns: 2000 })
})
