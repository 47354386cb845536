/* Writes the wire format of protocol buffers (protobuf.dev/programming-guides/encoding): fields of a number, a wire type and a value. */

const VARINT = 0, LENGTH = 2, FIXED32 = 5

/** A message that grows by its fields, in the order they are added. */
export class Message {
  #bytes = new Uint8Array(64)
  #length = 0

  /** int32, int64, enum, bool. A negative number takes ten bytes. */
  int(field: number, value: number): this {
    this.#varint(field << 3 | VARINT)
    this.#varint(value)
    return this
  }
  float(field: number, value: number): this {
    this.#varint(field << 3 | FIXED32)
    return this.#put(bytesOf(Float32Array.of(value)))
  }
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field << 3 | LENGTH)
    this.#varint(value.length)
    return this.#put(value)
  }
  message(field: number, value: Message): this {
    return this.bytes(field, value.done())
  }
  /** Packed, as readers take it whatever the schema says. */
  ints(field: number, values: Iterable<number>): this {
    const packed = new Message()
    for (const value of values) packed.#varint(value)
    return this.message(field, packed)
  }
  floats(field: number, values: Iterable<number>): this {
    return this.bytes(field, bytesOf(Float32Array.from(values)))
  }

  /** Valid until the next field is added. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #varint(value: number): void {
    this.#reserve(10)
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 127n; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 127n) | 128
      this.#bytes[this.#length++] = Number(rest)
      return
    }
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = rest % 128 | 128
    this.#bytes[this.#length++] = rest
  }
  #put(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }
  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    larger.set(this.done())
    this.#bytes = larger
  }
}

/** Little-endian, whatever the machine. */
export function bytesOf(numbers: Float32Array | Float64Array | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(numbers.byteLength), view = new DataView(bytes.buffer)
  for (let i = 0; i < numbers.length; i++) {
    if (numbers instanceof Float32Array) view.setFloat32(i * 4, numbers[i]!, true)
    else if (numbers instanceof Float64Array) view.setFloat64(i * 8, numbers[i]!, true)
    else view.setBigInt64(i * 8, numbers[i]!, true)
  }
  return bytes
}
