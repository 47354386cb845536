import { SluiceError } from '../../core/errors.ts'

/* The wire format of protocol buffers (protobuf.dev/programming-guides/encoding). A message is fields, a field is a number, a wire type and a
   value:
     varint   seven bits a byte, the lowest first      length  a varint and as many bytes: texts, messages, packed numbers
     fixed64  8 bytes, fixed32  4 bytes: little-endian
   Groups (wire types 3 and 4) are of proto2 before 2008 and refused. */

export type Wire = 'varint' | 'fixed64' | 'length' | 'fixed32'

/** One field of a message: valid until the next one is read. Each method checks that the wire type fits.
    @throws SLUICE_MODEL_BROKEN */
export interface Field {
  readonly number: number
  readonly wire: Wire
  /** int32, int64, enum or bool. Beyond 2^53 the nearest double. */
  int(): number
  float(): number
  double(): number
  /** Not copied. */
  bytes(): Uint8Array
  text(): string
  /** `at`: what it is, for errors. */
  message(at: string, take: (field: Field) => void): void
  // repeated numbers: one more, or all of a packed field
  ints(into: number[]): void
  floats(into: number[]): void
  doubles(into: number[]): void
}

const WIRES: readonly (Wire | undefined)[] = ['varint', 'fixed64', 'length', undefined, undefined, 'fixed32']
const DEPTH_MAX = 64

/** Calls `take` for each field of a message, in order; what it does not look at is passed over. Takes no memory of its own but what the methods
    of `Field` give: at most 8 bytes for each of the file. @throws SLUICE_MODEL_BROKEN */
export function eachField(file: string, bytes: Uint8Array, at: string, take: (field: Field) => void): void {
  eachOf(file, bytes, at, take, 0)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function eachOf(file: string, bytes: Uint8Array, at: string, take: (field: Field) => void, depth: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const broken = (what: string): SluiceError => new SluiceError('SLUICE_MODEL_BROKEN', `${file}: ${what}`, { at })
  if (depth > DEPTH_MAX) throw broken(`messages in messages, more than ${DEPTH_MAX} deep`)

  let next = 0, low = 0, high = 0, from = 0, to = 0, number = 0
  let wire: Wire = 'varint'
  /** Its lower and its upper 32 bits. */
  const varint = (end: number): void => {
    low = high = 0
    for (let shift = 0; ; shift += 7) {
      if (next >= end || shift > 63) throw broken(`a number ${shift > 63 ? 'is longer than ten bytes' : 'is cut off'} (byte ${next})`)
      const byte = bytes[next++]!, bits = byte & 127
      if (shift < 32) low |= bits << shift
      if (shift > 25) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32)
      if (byte < 128) return
    }
  }
  const signed = (): number => (high | 0) * 2 ** 32 + (low >>> 0)
  const skip = (count: number): void => {
    if (count > bytes.length - next) throw broken(`field ${number} is longer than what it lies in (byte ${next})`)
    from = next
    to = next += count
  }
  const expect = (wanted: Wire): void => {
    if (wire !== wanted) throw broken(`field ${number} is of wire type ${wire} where ${wanted} belongs`)
  }
  const repeated = (into: number[], alone: Wire, size: number, one: (at: number) => number): void => {
    if (wire !== 'length') {
      expect(alone)
      into.push(one(from))
      return
    }
    if ((to - from) % size !== 0) throw broken(`field ${number} has ${to - from} bytes for numbers of ${size}`)
    for (let i = from; i < to; i += size) into.push(one(i))
  }

  const field = {
    get number() { return number }, get wire() { return wire },
    int() {
      expect('varint')
      return signed()
    },
    float() {
      expect('fixed32')
      return view.getFloat32(from, true)
    },
    double() {
      expect('fixed64')
      return view.getFloat64(from, true)
    },
    bytes() {
      expect('length')
      return bytes.subarray(from, to)
    },
    text() {
      expect('length')
      try {
        return utf8.decode(bytes.subarray(from, to))
      } catch {
        throw broken(`field ${number} is a text that is not UTF-8`)
      }
    },
    message(inner: string, each: (field: Field) => void) {
      expect('length')
      eachOf(file, bytes.subarray(from, to), inner, each, depth + 1)
    },
    ints(into: number[]) {
      if (wire !== 'length') {
        into.push(field.int())
        return
      }
      const end = to, after = next
      for (next = from; next < end;) {
        varint(end)
        into.push(signed())
      }
      next = after
    },
    floats(into: number[]) { repeated(into, 'fixed32', 4, i => view.getFloat32(i, true)) },
    doubles(into: number[]) { repeated(into, 'fixed64', 8, i => view.getFloat64(i, true)) },
  }

  while (next < bytes.length) {
    varint(bytes.length)
    number = (low >>> 3) + high * 2 ** 29
    const type = WIRES[low & 7]
    if (type === undefined || number < 1 || number >= 2 ** 29) throw broken(`no field begins at byte ${next}`)
    wire = type
    if (type === 'varint') varint(bytes.length)
    else if (type === 'fixed64') skip(8)
    else if (type === 'fixed32') skip(4)
    else {
      varint(bytes.length)
      if (high !== 0) throw broken(`field ${number} has a length that no file has`)
      skip(low >>> 0)
    }
    take(field)
  }
}
