/** Values that JSON has no kind for, as texts and numbers and back. */

const DIGITS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function base64Of(bytes: Uint8Array, start: number, end: number): string {
  let text = '', at = start
  for (; at + 2 < end; at += 3) {
    const three = bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!
    text += DIGITS[three >> 18]! + DIGITS[three >> 12 & 63]! + DIGITS[three >> 6 & 63]! + DIGITS[three & 63]!
  }
  if (at + 1 === end) return `${text}${DIGITS[bytes[at]! >> 2]}${DIGITS[(bytes[at]! & 3) << 4]}==`
  if (at + 2 === end) return `${text}${DIGITS[bytes[at]! >> 2]}${DIGITS[(bytes[at]! & 3) << 4 | bytes[at + 1]! >> 4]}${DIGITS[(bytes[at + 1]! & 15) << 2]}=`
  return text
}
/** undefined: it is none. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Uint8Array.from(atob(text), sign => sign.charCodeAt(0))
}
export function hexOf(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += HEX[bytes[i]!]!
  return text
}

/** An unscaled number in two's complement, the highest byte first: a number where a double holds it exactly, else its digits. */
export function decimalOf(bytes: Uint8Array, start: number, end: number, scale: number): number | string {
  if (end === start) return 0
  let unscaled = BigInt.asIntN(8, BigInt(bytes[start]!))
  for (let i = start + 1; i < end; i++) unscaled = unscaled << 8n | BigInt(bytes[i]!)
  const negative = unscaled < 0n, digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, '0')
  const text = `${negative ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`}`
  // 15 digits survive the way through a double and back
  return digits.replace(/^0+/, '').length <= 15 ? Number(text) : text
}
/** The other way; undefined: it is no decimal number of that scale. */
export function unscaledOf(value: number | string, scale: number): bigint | undefined {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d{1,3}))?$/.exec(String(value))
  if (found === null) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = found
  const shift = scale + Number(exponent) - fraction.length, digits = whole! + fraction
  if (shift < 0 && !/^0*$/.test(digits.slice(shift))) return undefined
  const unscaled = BigInt(shift >= 0 ? digits + '0'.repeat(shift) : digits.slice(0, shift) || '0')
  return sign === '-' ? -unscaled : unscaled
}

const DAY_MS = 86_400_000
/** Years 0 to 9999: ISO 8601 has others only by agreement. */
const inIso = (ms: number): boolean => ms >= -62_167_219_200_000 && ms < 253_402_300_800_000

/** `2001-05-03`; undefined: outside of the years that can be written so. */
export const isoDateOf = (days: number): string | undefined => inIso(days * DAY_MS) ? new Date(days * DAY_MS).toISOString().slice(0, 10) : undefined
/** `2001-05-03T17:45:10.250` and as many micros behind it, without an offset. */
export function isoTimeOf(ms: number, micros: number): string | undefined {
  if (!inIso(ms)) return undefined
  const text = new Date(ms).toISOString().slice(0, -1)
  return micros === 0 ? text : text + String(micros).padStart(3, '0')
}
/** Micros since the epoch of `2001-05-03`, `2001-05-03T17:45:10.250123`, and with an offset (`Z`, `+02:00`); without one it is taken as UTC. */
export function isoMicrosOf(text: string): bigint | undefined {
  const found = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (found === null) return undefined
  const [, date, time = '00:00', second = '00', fraction = '', offset = 'Z'] = found
  const ms = Date.parse(`${date}T${time}:${second}${offset}`)
  // the engine takes the 31st of a short month for the next one's first
  if (Number.isNaN(ms) || new Date(Date.parse(`${date}T00:00Z`)).toISOString().slice(0, 10) !== date) return undefined
  return BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'))
}
