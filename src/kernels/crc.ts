// Checksums where no kernel runs, sixteen bytes a step by tables ("slicing"): quicker than the Kafka library's up to some kilobytes. For a whole batch its native
// one can be up to twice as fast, but may be missing; what then takes its place is slower.

/** CRC-32 of zip, gzip and PNG (ISO-HDLC), of bytes[start, end), as an unsigned number. */
export const crc32 = (bytes: Uint8Array, start: number, end: number): number => checksum(CRC32, bytes, start, end)
/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of bytes[start, end), as an unsigned number. */
export const crc32c = (bytes: Uint8Array, start: number, end: number): number => checksum(CRC32C, bytes, start, end)

export const LITTLE_ENDIAN = new Uint8Array(new Int32Array([1]).buffer)[0] === 1

const CRC32 = tablesOf(0xedb88320), CRC32C = tablesOf(0x82f63b78)

/** polynomial: reflected. */
function tablesOf(polynomial: number): Int32Array {
  const T = new Int32Array(16 * 256)
  for (let i = 0; i < 256; i++) {
    let crc = i
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    T[i] = crc
  }
  for (let i = 256; i < T.length; i++) T[i] = (T[i - 256]! >>> 8) ^ T[T[i - 256]! & 255]!
  return T
}

function checksum(T: Int32Array, bytes: Uint8Array, start: number, end: number): number {
  let crc = -1, at = start
  while (at < end && (bytes.byteOffset + at & 3) !== 0) crc = T[(crc ^ bytes[at++]!) & 255]! ^ crc >>> 8
  const steps = LITTLE_ENDIAN ? end - at >> 4 : 0
  if (steps > 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, steps * 4)
    for (let i = 0; i < words.length; i += 4) {
      const a = crc ^ words[i]!, b = words[i + 1]!, c = words[i + 2]!, d = words[i + 3]!
      crc = T[3840 + (a & 255)]! ^ T[3584 + (a >>> 8 & 255)]! ^ T[3328 + (a >>> 16 & 255)]! ^ T[3072 + (a >>> 24)]!
        ^ T[2816 + (b & 255)]! ^ T[2560 + (b >>> 8 & 255)]! ^ T[2304 + (b >>> 16 & 255)]! ^ T[2048 + (b >>> 24)]!
        ^ T[1792 + (c & 255)]! ^ T[1536 + (c >>> 8 & 255)]! ^ T[1280 + (c >>> 16 & 255)]! ^ T[1024 + (c >>> 24)]!
        ^ T[768 + (d & 255)]! ^ T[512 + (d >>> 8 & 255)]! ^ T[256 + (d >>> 16 & 255)]! ^ T[d >>> 24]!
    }
    at += steps * 16
  }
  while (at < end) crc = T[(crc ^ bytes[at++]!) & 255]! ^ crc >>> 8
  return ~crc >>> 0
}
