/* Thrift's compact protocol (thrift-compact-protocol.md), as far as the metadata of Parquet uses it. A struct is fields, each one byte of what its number is
   more than the last one's (4 bits, 0: the number follows) and its type:
     1 true, 2 false   3 byte   4 i16, 5 i32, 6 i64: zigzag varints   7 double   8 bytes: a length, then they   9 list, 10 set: size and type, then elements
     12 struct, which ends with a byte 0 */

export type Value = number | boolean | Uint8Array | Struct | readonly Value[]
export type Struct = ReadonlyMap<number, Value>

const DEPTH_MAX = 12

/** One struct and the place behind it. Takes memory for what lies there: an element of a list takes a byte at least. Throws Error at what is none. */
export function structAt(bytes: Uint8Array, from: number): { readonly struct: Struct; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = from
  const byte = (): number => {
    if (at >= bytes.length) throw new Error(`it ends within its metadata, at byte ${at}`)
    return bytes[at++]!
  }
  const varint = (): number => {
    let value = 0, scale = 1
    for (let i = 0; i < 10; i++) {
      const next = byte()
      value += (next & 127) * scale
      if (next < 128) return value
      scale *= 128
    }
    throw new Error(`a number is longer than ten bytes, at byte ${at}`)
  }
  // beyond 2^53 the nearest double: no count in a file is as large
  const zigzag = (): number => {
    const value = varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  const skip = (count: number): number => {
    if (count > bytes.length - at) throw new Error(`${count} bytes are announced at byte ${at}, and ${bytes.length - at} follow`)
    at += count
    return at - count
  }
  const valueOf = (type: number, depth: number, isElement: boolean): Value => {
    switch (type) {
      case 1: case 2: return isElement ? byte() === 1 : type === 1
      case 3: return byte()
      case 4: case 5: case 6: return zigzag()
      case 7: return view.getFloat64(skip(8), true)
      case 8: {
        const length = varint(), first = skip(length)
        return bytes.subarray(first, first + length)
      }
      case 9: case 10: {
        const head = byte(), size = head >> 4 === 15 ? varint() : head >> 4
        if (size > bytes.length - at) throw new Error(`a list of ${size} elements is announced at byte ${at}, and ${bytes.length - at} bytes follow`)
        return Array.from({ length: size }, () => valueOf(head & 15, depth + 1, true))
      }
      case 12: return struct(depth + 1)
      default: throw new Error(`there is no type ${type}, at byte ${at}`)
    }
  }
  const struct = (depth: number): Struct => {
    if (depth > DEPTH_MAX) throw new Error(`structs in structs, more than ${DEPTH_MAX} deep`)
    const fields = new Map<number, Value>()
    for (let number = 0; ;) {
      const head = byte()
      if (head === 0) return fields
      number = head >> 4 === 0 ? zigzag() : number + (head >> 4)
      fields.set(number, valueOf(head & 15, depth, false))
    }
  }
  return { struct: struct(0), end: at }
}

export const numberIn = (struct: Struct, field: number): number | undefined => {
  const value = struct.get(field)
  return typeof value === 'number' ? value : undefined
}
export const structIn = (struct: Struct, field: number): Struct | undefined => {
  const value = struct.get(field)
  return value instanceof Map ? value : undefined
}
export const listIn = (struct: Struct, field: number): readonly Value[] => {
  const value = struct.get(field)
  return Array.isArray(value) ? value : []
}
