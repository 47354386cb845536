import type { Numbers, Value } from '../place.ts'

/* UBJSON as XGBoost writes it, all numbers big-endian:
     value  = Z | T | F | number | S text | C byte | H text | [ array | { object
     number = i int8 | U uint8 | I int16 | u uint16 | l int32 | m uint32 | L int64 | M uint64 | d float32 | D float64
     text   = length bytes                       length = number
     array  = value* ]  |  # length value{length}  |  $ type # length payload{length}
     object = (text value)* }  |  # length (text value){length}
   An array with a type of numbers becomes a typed array. */

// the trees of XGBoost lie seven levels deep
const DEPTH_MAX = 64

/** @throws RangeError, saying what is wrong at which byte. Takes no more memory than a small multiple of the bytes, whatever they say. */
export function readUbjson(bytes: Uint8Array): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let at = 0

  const wrong = (what: string): RangeError => new RangeError(`${what} at byte ${at}`)
  const take = (length: number): number => {
    if (length > bytes.length - at) throw wrong(`it ends where ${length} more bytes belong`)
    const from = at
    at += length
    return from
  }
  const safe = (value: bigint): number => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) throw wrong('an integer is too large')
    return Number(value)
  }
  const number = (type: string): number => {
    switch (type) {
      case 'i': return view.getInt8(take(1))
      case 'U': return view.getUint8(take(1))
      case 'I': return view.getInt16(take(2))
      case 'u': return view.getUint16(take(2))
      case 'l': return view.getInt32(take(4))
      case 'm': return view.getUint32(take(4))
      case 'L': return safe(view.getBigInt64(take(8)))
      case 'M': return safe(view.getBigUint64(take(8)))
      case 'd': return view.getFloat32(take(4))
      case 'D': return view.getFloat64(take(8))
      default: throw wrong(`'${type}' where a number belongs`)
    }
  }
  const mark = (): string => String.fromCharCode(bytes[take(1)]!)
  const next = (): string => at < bytes.length ? String.fromCharCode(bytes[at]!) : ''
  const length = (): number => {
    const type = mark()
    if (type === 'd' || type === 'D') throw wrong('a length is not an integer')
    const value = number(type)
    if (value < 0) throw wrong(`a length is negative (${value})`)
    return value
  }
  const text = (): string => {
    const size = length(), from = take(size)
    try {
      return utf8.decode(bytes.subarray(from, from + size))
    } catch {
      throw wrong('a text is not UTF-8')
    }
  }

  const typed = (type: string, count: number): Value => {
    const size = SIZES[type]
    if (size === undefined) throw wrong(`arrays of type '${type}' are not known`)
    if (count * size > bytes.length - at) throw wrong(`an array of ${count} elements is longer than the file`)
    const from = take(count * size)
    switch (type) {
      case 'i': return new Int8Array(bytes.subarray(from, at))
      case 'U': return new Uint8Array(bytes.subarray(from, at))
      case 'I': return fill(new Int16Array(count), i => view.getInt16(from + 2 * i))
      case 'u': return fill(new Uint16Array(count), i => view.getUint16(from + 2 * i))
      case 'l': return fill(new Int32Array(count), i => view.getInt32(from + 4 * i))
      case 'm': return fill(new Uint32Array(count), i => view.getUint32(from + 4 * i))
      case 'L': return fill(new Float64Array(count), i => safe(view.getBigInt64(from + 8 * i)))
      case 'M': return fill(new Float64Array(count), i => safe(view.getBigUint64(from + 8 * i)))
      case 'd': return fill(new Float32Array(count), i => view.getFloat32(from + 4 * i))
      default: return fill(new Float64Array(count), i => view.getFloat64(from + 8 * i))
    }
  }

  const array = (depth: number): Value => {
    if (next() === '$') {
      at++
      const type = mark()
      if (mark() !== '#') throw wrong('an array has a type but no length')
      return typed(type, length())
    }
    const values: Value[] = []
    if (next() === '#') {
      at++
      const count = length()
      if (count > bytes.length - at) throw wrong(`an array of ${count} elements is longer than the file`)
      for (let i = 0; i < count; i++) values.push(value(depth))
      return values
    }
    while (next() !== ']') values.push(value(depth))
    at++
    return values
  }
  const object = (depth: number): Value => {
    const fields: { [key: string]: Value } = Object.create(null)
    if (next() === '#') {
      at++
      for (let left = length(); left > 0; left--) fields[text()] = value(depth)
      return fields
    }
    while (next() !== '}') fields[text()] = value(depth)
    at++
    return fields
  }
  const value = (depth: number): Value => {
    if (depth > DEPTH_MAX) throw wrong(`more than ${DEPTH_MAX} levels of nesting`)
    const type = mark()
    switch (type) {
      case '{': return object(depth + 1)
      case '[': return array(depth + 1)
      case 'S': case 'H': return text()
      case 'C': return mark()
      case 'Z': return null
      case 'T': return true
      case 'F': return false
      default: return number(type)
    }
  }
  return value(0)
}

const SIZES: { readonly [type: string]: number | undefined } = { i: 1, U: 1, I: 2, u: 2, l: 4, m: 4, L: 8, M: 8, d: 4, D: 8 }

function fill<T extends Numbers>(array: T, of: (i: number) => number): T {
  for (let i = 0; i < array.length; i++) array[i] = of(i)
  return array
}
