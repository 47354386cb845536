// CRC-32 of zip, gzip and PNG (ISO-HDLC), sixteen bytes a step by tables ("slicing").
const POLYNOMIAL = 0xedb88320                        // reflected
const T = new Int32Array(16 * 256)
for (let i = 0; i < 256; i++) {
  let crc = i
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  T[i] = crc
}
for (let i = 256; i < T.length; i++) T[i] = (T[i - 256]! >>> 8) ^ T[T[i - 256]! & 255]!

/** Of bytes from `start` on, as an unsigned number. */
export function crc32(bytes: Uint8Array, start: number): number {
  let crc = -1, at = start
  while (at < bytes.length && (bytes.byteOffset + at & 3) !== 0) crc = T[(crc ^ bytes[at++]!) & 255]! ^ crc >>> 8
  const steps = LITTLE_ENDIAN ? bytes.length - at >> 4 : 0
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
  while (at < bytes.length) crc = T[(crc ^ bytes[at++]!) & 255]! ^ crc >>> 8
  return ~crc >>> 0
}

export const LITTLE_ENDIAN = new Uint8Array(new Int32Array([1]).buffer)[0] === 1
