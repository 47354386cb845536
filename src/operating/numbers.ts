/** 1234567.8 -> '1,234,568' */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

/** Three digits that matter: '850 us', '1.25 ms', '12.5 ms', '3.2 s', '2 min 05 s'. NaN: '-'. */
export function duration(seconds: number): string {
  if (Number.isNaN(seconds)) return '-'
  if (seconds < 0.0009995) return `${three(seconds * 1e6)} us`
  if (seconds < 0.9995) return `${three(seconds * 1e3)} ms`
  if (seconds < 99.95) return `${three(seconds)} s`
  const all = Math.round(seconds)
  const minutes = Math.floor(all / 60)
  if (minutes < 60) return `${minutes} min ${pad(all % 60)} s`
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
}

export const percent = (share: number): string => `${three(share * 100)} %`

const pad = (value: number): string => String(value).padStart(2, '0')
const three = (value: number): string => String(Number(value.toPrecision(3)))

/** One character a value, the largest the highest. */
export function sparkline(values: readonly number[]): string {
  const top = Math.max(...values)
  return values.map((value) => (top > 0 ? BARS[Math.round((Math.max(0, value) / top) * (BARS.length - 1))] : BARS[0])).join('')
}
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
